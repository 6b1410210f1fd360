"""The commands for maintainers: dev starters, notebooks, check, new."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click

from workshop.commands.group import Commands, Tool, cli
from workshop.course import TOOL
from workshop.course.files import made_fingerprints, write
from workshop.course.solutions import answer

QUICK = [
    f"tests/test_{name}.py" for name in ("course", "docs", "guide", "mistakes", "rooms", "style")
]
"""The tests of how the course is written. The other tests prove what it does."""


@cli.group(cls=Commands)
def dev() -> None:
    """For maintainers: regenerate what is made from sources, check how it is written, begin a stage."""


@dev.command(short_help="Make the starters again from the solutions.")
@click.option("--write", "write_", is_flag=True, help="Write them; without it, only compare.")
@click.pass_obj
def starters(tool: Tool, write_: bool) -> int:
    """Make starters and fingerprints from solutions/ and the provided files."""
    wanted = {
        stage.path(name): text
        for stage in tool.course.stages
        for name, text in answer(stage, 0).items()
    }
    wanted["solutions/provided.sha256"] = made_fingerprints(tool.course)
    differ = []
    for name, text in wanted.items():
        path = tool.course.root / name
        if not path.is_file() or path.read_bytes().replace(b"\r\n", b"\n") != text.encode():
            differ.append(name)
    for name in differ:
        if write_:
            write(tool.course.root / name, wanted[name].encode())
        click.echo(f"{'written' if write_ else 'differs'}: {name}")
    if not differ:
        click.echo("All starters and fingerprints are up to date.")
    return 1 if differ and not write_ else 0


@dev.command(short_help="Make the notebooks again from their sources.")
@click.option("--write", "write_", is_flag=True, help="Write them; without it, only compare.")
@click.option(
    "--record", "record_", is_flag=True, help="Record again what pictures are drawn from."
)
@click.argument("stage_name", metavar="[STAGE]", required=False)
@click.pass_obj
def notebooks(tool: Tool, write_: bool, record_: bool, stage_name: str | None) -> int:
    """Make each notebooks/STAGE.ipynb from its STAGE.md, by running it."""
    try:
        from nbclient.exceptions import CellExecutionError

        from workshop.notebook.make import make, problems, record, sources
    except ModuleNotFoundError as error:
        raise click.ClickException(f"{error}. Needed: tests/requirements.txt.") from None
    folder = tool.course.root / "notebooks"
    chosen = tool.stage(stage_name)
    pages = [path for path in sources(folder) if chosen is None or path.stem == chosen.name]
    if not pages:
        raise click.ClickException("There is no such notebook.")
    bad = False
    wanted = {folder / name: text for name, text in record(folder).items()} if record_ else {}
    for path, text in wanted.items():
        bad |= _settle(path, text, write_)
    for page in pages:
        try:
            bad |= _settle(page.with_suffix(".ipynb"), make(page), write_)
        except CellExecutionError as error:
            click.echo(f"cannot be run: notebooks/{page.name}\n{error}")
            bad = True
            continue
        for problem in problems(page):
            click.echo(f"notebooks/{page.name}: {problem}")
            bad = True
    return int(bad)


def _settle(path: Path, text: str, write_: bool) -> bool:
    """Write a file that differs, or report it. Return whether a file that differs is left."""
    name = f"notebooks/{path.name}"
    if path.is_file() and path.read_text("utf-8") == text:
        click.echo(f"up to date: {name}")
        return False
    if write_:
        write(path, text.encode())
    click.echo(f"{'written' if write_ else 'differs'}: {name}")
    return not write_


@dev.command(short_help="Check how the course is written, in seconds.")
@click.pass_obj
def check(tool: Tool) -> int:
    """Check starters, format, types, links, rooms and lists: all that needs no run of the course's tests.

    Exit code 0: all is well; 1: something is wrong, and was printed.
    """
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", *QUICK]
    sys.stdout.flush()
    return int(subprocess.run(command, cwd=tool.course.root).returncode != 0)


@dev.command(short_help="Begin a stage: every file that the tests demand.")
@click.argument("name", metavar="STAGE")
@click.option("--title", required=True, help="At most 40 characters, for the map.")
@click.option("--minutes", type=click.IntRange(5, 90), required=True, help="Of a class.")
@click.pass_obj
def new(tool: Tool, name: str, title: str, minutes: int) -> None:
    """Begin a stage of one step, with provided tests: its files, its entry in course.toml, its row in README.md and its
    section in the instructor's guide. Whatever is left to write says TODO; until it is written, tests fail and name the
    place.
    """
    from workshop.commands.new_stage import begin

    for place in begin(tool.course, name, title, minutes):
        click.echo(f"TODO in {place}")
    click.echo(f"Then: {TOOL} dev starters --write, {TOOL} run {name}, and {TOOL} verify.")


# Their names before the group existed.
for one in (starters, notebooks):
    cli.add_command(
        click.Command(f"{one.name}", callback=one.callback, params=one.params, hidden=True)
    )
