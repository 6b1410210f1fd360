"""The command that brings a newer version of the course under a learner's work."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import click
from click import ClickException

from workshop.commands.group import Tool, cli
from workshop.commands.newer import Newer, from_git, from_path, staged_only
from workshop.course import TOOL
from workshop.course.files import new_folder
from workshop.course.newer import Copy, Plan, check_whole, make_plan, news, this_copy
from workshop.course.toml_fields import CourseError
from workshop.report.console import Console
from workshop.setup import pending
from workshop.setup.requirements import order

SHOWN = 5
"""The most entries of the changelog, and the most files of a kind, that are shown."""


@cli.command(short_help="Bring a newer version of the course under your work.")
@click.argument(
    "source", metavar="[FILE.zip|FOLDER]", required=False, type=click.Path(path_type=Path)
)
@click.pass_obj
def update(tool: Tool, source: Path | None) -> int:
    """Update the course: with git, or from a newer copy of it, a zip or a folder.

    Your files are kept. If the starter of one has changed, the change is merged into your file; if that cannot be
    done, the new starter is put beside it. All other files become those of the new version.
    Whatever is replaced is saved first.

    Exit code 1 if a file needs your attention.
    """
    root, console = tool.course.root, Console()
    with pending.alone(str(root), wait=False) as free:
        if not free:
            raise ClickException("Another update is running in this folder.")
        try:
            if pending.is_pending(str(root)):
                for line in pending.sentence(_finish(root)).splitlines():
                    console.paragraph(line, 0)
            return _update(tool, source, console)
        except pending.GitError as error:
            raise ClickException(f"{error}") from None
        finally:
            shutil.rmtree(root / pending.NEW, ignore_errors=True)


def _update(tool: Tool, source: Path | None, console: Console) -> int:
    root = tool.course.root
    old, staging = this_copy(root), root / pending.NEW
    shutil.rmtree(staging, ignore_errors=True)
    room = staging / "course"
    room.mkdir(parents=True)
    if source is not None and not source.exists():
        raise click.UsageError(f"There is no {source}.")
    with console.progress("Reading the newer version"):
        newer = from_path(old, source, room) if source else from_git(old, room)
        if newer is None:
            console.line("Nothing to do: git has no newer version.")
            return 0
        shown = str(source or "The newer version")
        _check(old, newer.copy, shown, by_git=newer.commits is not None)
        try:
            check_whole(newer.copy)
            plan = make_plan(old, newer.copy, newer.known, pending.BESIDE)
        except CourseError as error:
            raise ClickException(f"{shown} cannot be used: {error}.") from None
        if not plan.write and not plan.remove and not newer.commits:
            console.line("Nothing to do: this is the version that you have.")
            return 0
        log = _text(root / "CHANGELOG.md"), _text(newer.copy.root / "CHANGELOG.md")
        needs = _text(root / "requirements.txt"), _text(newer.copy.root / "requirements.txt")
        saved = _stage(root, staging, newer, plan)
    plan.beside.update({name: 0 for name in _finish(root) if name not in plan.beside})
    _report(console, old, newer.copy, plan, list(news(*log)), saved)
    if needs[0] != needs[1]:
        console.paragraph("The next command installs what the new version needs.", 0)
    console.advice(f"Next: {TOOL}")
    return 1 if plan.beside else 0


def _finish(root: Path) -> list[str]:
    """Put the files in place; return those of the learner's that have the new starter beside them."""
    try:
        try:
            return pending.finish(str(root))
        except KeyboardInterrupt:
            # It takes a moment, and half an update helps nobody. A second Ctrl-C is ignored.
            return pending.finish(str(root))
    except OSError as error:
        why = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        raise ClickException(
            f"{why}. The update is half done. Any next command completes it."
        ) from None


def _check(old: Copy, new: Copy, shown: str, by_git: bool) -> None:
    """Check that the newer copy is of the same course, not older, and runs with this Python."""
    if old.project and new.project != old.project:
        raise ClickException(
            f"{shown} is another project, {new.project or 'without a name'}, not {old.project}."
        )
    needs = re.search(r">=\s*3\.(\d+)", new.python)
    if needs and sys.version_info < (3, int(needs[1])):
        raise ClickException(
            f"{shown} needs Python 3.{needs[1]} or newer; this is {sys.version.split()[0]}."
        )
    if by_git or not old.version:
        return
    if order(new.version) < order(old.version):
        raise ClickException(
            f"{shown} is older, version {new.version}; you have {old.version}. Nothing was changed."
        )
    here, there = (_text(copy.root / "CHANGELOG.md") for copy in (old, new))
    if new.version == old.version and list(news(there, here)) and not list(news(here, there)):
        raise ClickException(
            f"{shown} is older: its CHANGELOG.md lacks what yours has. Nothing was changed."
        )


def _text(path: Path) -> str:
    return path.read_text("utf-8", "replace") if path.is_file() else ""


def _stage(root: Path, staging: Path, newer: Newer, plan: Plan) -> Path:
    """Write the whole update, and the copies of what it replaces, before anything is replaced.

    Returns:
        The folder with these copies; it is removed in the end if it is empty.
    """
    saved = new_folder(root / ".workshop" / "saved")
    try:
        _fill(root, staging, saved, newer, plan)
        pending.make_ready(
            str(root),
            write=plan.write,
            remove=plan.remove,
            yours=newer.copy.yours,
            beside=plan.beside,
            read=plan.read,
            saved=saved.relative_to(root).as_posix(),
            commits=newer.commits,
        )
    except BaseException:
        if not pending.is_pending(str(root)):
            shutil.rmtree(saved, ignore_errors=True)
        raise
    return saved


def _fill(root: Path, staging: Path, saved: Path, newer: Newer, plan: Plan) -> None:
    """Copy what will be replaced to ``saved``, and what will be written to the staging folder."""
    for name in plan.save:
        (saved / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / name, saved / name)
    for name, data in (staged_only(root) if newer.commits else {}).items():
        (saved / name).parent.mkdir(parents=True, exist_ok=True)
        (saved / f"{name}.staged").write_bytes(data)
    for name, content in plan.write.items():
        target = staging / pending.FILES / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            target.write_bytes(content)
        elif newer.unpacked:
            shutil.move(content, target)
        else:
            shutil.copyfile(content, target)
            shutil.copymode(content, target)
    shutil.rmtree(staging / "course")


def _report(
    console: Console, old: Copy, new: Copy, plan: Plan, entries: list[str], saved: Path
) -> None:
    """Report what came, what became of the learner's files, and where the old ones are."""
    if old.version == new.version:
        console.line(f"The course is updated. Its version is still {new.version}.")
    else:
        console.line(
            f"The course is updated from {old.version or 'an unknown version'} to {new.version}."
        )
    for entry in entries[:SHOWN]:
        console.row("  - ", re.split(r"(?<=[.:]) ", entry, maxsplit=1)[0])
    if len(entries) > SHOWN:
        console.line(f"  - and {len(entries) - SHOWN} more in CHANGELOG.md")
    now = {name for stage in plan.renamed.items() for name in stage}
    for was, name in plan.renamed.items():
        console.paragraph(f"Renamed: {was} is {name} now.", 0)
    for name in (name for name in new.edit if name not in {*old.edit, *now}):
        console.paragraph(f"New stage: {name}", 0)
    for name in (name for name in old.edit if name not in {*new.edit, *now}):
        console.paragraph(f"No longer part of the course: {name}", 0)
    _names(console, "Merged: the starter's changes are in your file", plan.merged)
    _names(console, "Kept as you left them", plan.kept)
    _names(console, "Kept, though no longer part of the course", plan.gone)
    _names(console, "Replaced, though you had changed it", plan.replaced)
    for name, line in plan.beside.items():
        place = f"{name}, line {line}" if line else name
        console.paragraph(f"To do: {place}", 0)
        console.paragraph(
            f"You and the new version have changed it. Yours is kept; the new starter is {name}{pending.BESIDE}.",
        )
    if saved.is_dir():
        console.line(f"What was replaced is saved in {saved.relative_to(old.root).as_posix()}")


def _names(console: Console, what: str, names: list[str]) -> None:
    for name in names[:SHOWN]:
        console.paragraph(f"{what}: {name}", 0)
    if len(names) > SHOWN:
        console.paragraph(f"{what}: {len(names) - SHOWN} more", 0)
