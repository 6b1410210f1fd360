"""The commands that change the learner's files: solution and reset."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

import click

from workshop.commands.group import Tool, cli
from workshop.course import TOOL, Stage
from workshop.course.files import forget_passed, replace, restore
from workshop.course.solutions import ALL_STEPS, answer
from workshop.judge import last
from workshop.report.hints import forget

if TYPE_CHECKING:
    from workshop.report.console import Console


@cli.command(short_help="What differs between your files and the reference.")
@click.argument("stage_name", metavar="STAGE")
@click.option("--apply", "apply_", is_flag=True, help="Put it in place, after saving your files.")
@click.option(
    "--upto", metavar="STEP", help="Solved up to this step only; the rest as in the starter."
)
@click.pass_obj
def solution(tool: Tool, stage_name: str, apply_: bool, upto: str | None) -> None:
    """Show the difference between your files and the reference; --apply installs the reference."""
    from workshop.report.console import Console

    console = Console()
    stage = tool.course.stage(stage_name)
    last = stage.topic(upto).number if upto else ALL_STEPS
    files = answer(stage, last)
    if apply_:
        _put(tool, console, stage, files, "The reference is in place")
        return
    same = True
    for name, text in files.items():
        path, file = stage.folder / name, stage.path(name)
        mine = path.read_text("utf-8", "replace").splitlines() if path.is_file() else []
        heads = f"yours: {file}", f"reference: {file}"
        for line in difflib.unified_diff(mine, text.splitlines(), *heads, lineterm=""):
            same = False
            console.line(line, {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], ""))
    if same:
        console.line("Your files are the reference.")
    else:
        console.line()
        words = f"{stage.name} --upto {last}" if upto else stage.name
        console.advice(f"To put the reference in place: {TOOL} solution {words} --apply")


@cli.command(short_help="Back to the starter; your files are saved first.")
@click.argument("stage_name", metavar="STAGE")
@click.option(
    "--provided",
    is_flag=True,
    help="Keep your files; restore the tests and all other provided files.",
)
@click.pass_obj
def reset(tool: Tool, stage_name: str, provided: bool) -> int:
    """Go back to the starter, after saving your files under .workshop/saved/."""
    from workshop.report.console import Console

    console = Console()
    stage = tool.course.stage(stage_name)
    if not provided:
        _put(tool, console, stage, answer(stage, 0), "The starter is in place")
        forget(tool.course, stage)
        forget_passed(stage)
        return 0
    restored, lost, saved = restore(tool.course, stage)
    for name in restored:
        console.line(f"Restored: {name}")
    if saved:
        console.line(f"What was there is saved in {saved.relative_to(tool.course.root).as_posix()}")
    for name in lost:
        if (tool.course.root / ".git").exists():
            console.advice(f"No copy of {name} was kept. With git: git checkout -- {name}")
        else:
            console.paragraph(
                f"No copy of {name} was kept. Take it from the course as downloaded.", 0
            )
    if not restored and not lost:
        console.line("Nothing to do: all provided files are unchanged.")
    return 1 if lost else 0


def _put(tool: Tool, console: Console, stage: Stage, files: dict[str, str], what: str) -> None:
    """Replace the learner's files after saving them, and report both."""
    paths = {stage.path(name): text.encode() for name, text in files.items()}
    saved = replace(tool.course, paths)
    last.forget(tool.course, stage)
    console.paragraph(f"{what}: {', '.join(paths)}", 0)
    if saved:
        console.line(f"What was there is saved in {saved.relative_to(tool.course.root).as_posix()}")
    else:
        console.line("Nothing had to be saved.")
