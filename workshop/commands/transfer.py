"""The commands that move a learner's work between copies of the course: the page in a browser, and machines.

The zip has the files that a learner edits, as far as they differ from their starters, by their paths in the course; what
.workshop/ remembers of steps and hints; and .workshop/export.json: the course, its version, and the starters of these files,
so that another version can merge its own changes in.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import click
from click import ClickException

from workshop.commands.group import Tool, cli
from workshop.course import TOOL, Course
from workshop.course.files import fingerprint, replace, write
from workshop.course.newer import BESIDE, NEW, decide
from workshop.course.solutions import answer
from workshop.course.toml_fields import read
from workshop.report.console import Console

ABOUT = ".workshop/export.json"
PASSED, HINTS = ".workshop/passed.json", ".workshop/hints.json"
MOST = 20_000_000
"""The most bytes that a zip may unpack to: all files that learners edit have less than one million."""
SHOWN = 5
"""The most files of a kind that are named."""
# What macOS adds to a zip.
MACOS = ("__MACOSX", ".DS_Store")


@dataclass
class Zip:
    """What is in a zip for this course.

    Attributes:
        work: The learner's files, by their paths in the course.
        remembered: The tool's own: which steps passed, and which hints were shown.
        left: Files that are not taken, though they differ from those here.
        version: The version of the course that they are from; "" if the zip does not say.
        starters: The starters that its files began as, as far as it has them.
    """

    work: dict[str, bytes] = field(default_factory=dict)
    remembered: dict[str, dict[str, Any]] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    version: str = ""
    starters: dict[str, bytes] = field(default_factory=dict)


@cli.command("export", short_help="Your work as a zip, for the page or for another machine.")
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def export(tool: Tool, file: Path) -> None:
    """Write the files that you have edited into a zip.

    The page in a browser takes it, and so does the command import of another copy of the course.
    """
    course = tool.course
    starters = starters_of(course)
    found = {name: course.root / name for name in starters if (course.root / name).is_file()}
    mine = {name: path.read_bytes() for name, path in found.items()}
    edited = {n: data for n, data in mine.items() if fingerprint(data) != fingerprint(starters[n])}
    if not edited:
        raise ClickException("There is nothing to export: each of your files is its starter.")
    if file.exists():
        raise ClickException(f"{file} is there already. Name another file, or remove it.")
    about = {
        "course": course.title,
        "version": version(course),
        "starters": {name: starters[name].decode() for name in edited},
    }
    files = {**edited, ABOUT: json.dumps(about, indent=1).encode()}
    for name in (PASSED, HINTS):
        if (course.root / name).is_file():
            files[name] = (course.root / name).read_bytes()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in sorted(files.items()):
            made.writestr(name, data)
    write(file.absolute(), out.getvalue())
    console = Console()
    _name(console, "Exported", sorted(edited))
    console.advice(f"To take it in elsewhere: {TOOL} import {file.name}")


@cli.command("import", short_help="Take in the work of a zip; what it replaces is saved first.")
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def import_(tool: Tool, file: Path) -> None:
    """Take in work that the page or another copy of the course has exported.

    The zip's files take the place of yours, which are saved under .workshop/saved/ first. Only files that you edit are
    taken.
    """
    course, console = tool.course, Console()
    found = read_zip(course, file)
    work = merged(course, found, str(file))
    changed = {
        name: data
        for name, data in work.items()
        if not (course.root / name).is_file() or (course.root / name).read_bytes() != data
    }
    saved = replace(course, work)
    for name, known in found.remembered.items():
        _remember(course.root / name, known)
    _name(console, "Imported", sorted(changed))
    if not changed:
        console.line("Nothing to do: your files are those of the zip.")
    _name(console, "Merged with the changes of this version", sorted(_differing(work, found.work)))
    _name(console, "Left out, since it is not a file that you edit", found.left)
    if saved:
        console.line(f"What was there is saved in {saved.relative_to(course.root).as_posix()}")
    console.advice(f"Next: {TOOL}")


def starters_of(course: Course) -> dict[str, bytes]:
    """Return the starter of each file that learners edit, by its path in the course."""
    return {
        stage.path(name): text.encode()
        for stage in course.stages
        for name, text in answer(stage, 0).items()
    }


def version(course: Course) -> str:
    """Return the course's version; "" if this copy does not say."""
    path = course.root / "pyproject.toml"
    return str(read(path).get("project", {}).get("version", "")) if path.is_file() else ""


def merged(course: Course, found: Zip, shown: str) -> dict[str, bytes]:
    """Return the zip's files as this version has them: if a starter has changed since, with its changes.

    Raises:
        ClickException: They cannot be merged.
    """
    here = version(course)
    # A zip that was made by hand, or a copy, may not say.
    same = not here or found.version in ("", here)
    result = {}
    for name, starter in starters_of(course).items():
        if name not in found.work:
            continue
        mine = found.work[name]
        old = found.starters.get(name) or (starter if same else None)
        how, data, line = decide(old, mine, starter, name)
        if how == BESIDE:
            place = f"{name}, line {line}" if line else name
            raise ClickException(
                f"{shown} is of version {found.version}, this is version {here}, and both have changed {place}."
                " Nothing was changed. Update the copy that it is from, and export again."
            )
        if how != NEW or same:
            # Of another version's starter, there is nothing to take.
            result[name] = data
    return result


def read_zip(course: Course, path: Path) -> Zip:
    """Read a zip.

    Raises:
        ClickException: It is not one, or not one of this course.
    """
    try:
        with zipfile.ZipFile(path) as file:
            files = dict(_entries(path, file))
    except FileNotFoundError:
        raise click.UsageError(f"There is no {path}.") from None
    except IsADirectoryError:
        raise ClickException(f"{path} is a folder, not a zip file.") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError):
        what = "is damaged" if zipfile.is_zipfile(path) else "is not a zip file, or damaged"
        raise ClickException(f"{path} {what}. Export or copy it again.") from None
    except RuntimeError:
        raise ClickException(f"{path} has a password. Unpack it, and zip it without one.") from None
    return _sorted_out(course, path, files)


def _entries(path: Path, file: zipfile.ZipFile) -> Iterator[tuple[str, bytes]]:
    """Yield the files in a zip, by their paths below its only folder, if it has just one around everything."""
    entries = [one for one in file.infolist() if not one.is_dir() and not _added(one.filename)]
    names = [one.filename for one in entries]
    for entry in entries:
        parts = PurePosixPath(entry.filename).parts
        outside = not parts or parts[0] == "/" or ".." in parts or ":" in parts[0]
        if outside or "\0" in entry.orig_filename:
            raise ClickException(
                f"{path} has a name that leads out of the course: {entry.filename}."
            )
    if len({*names}) < len(names):
        raise ClickException(f"{path} is damaged: it has a name twice.")
    if sum(one.file_size for one in entries) > MOST:
        raise ClickException(f"{path} is too large for a learner's work.")
    tops = {name.partition("/")[0] for name in names}
    top = f"{tops.pop()}/" if len(tops) == 1 and "exercises" not in tops else ""
    if any(one.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for one in entries):
        raise zipfile.BadZipFile
    for entry in entries:
        with file.open(entry) as source:
            # A zip may say less than it has.
            data = source.read(entry.file_size + 1)
        yield entry.filename.removeprefix(top), data


def _added(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return any(part in MACOS or part.startswith("._") for part in parts)


def _sorted_out(course: Course, path: Path, files: Mapping[str, bytes]) -> Zip:
    """Return what of a zip's files is for this course.

    Raises:
        ClickException: It is of another course, or has nothing for this one.
    """
    about = _json(files.get(ABOUT, b"{}"))
    if about.get("course", course.title) != course.title:
        raise ClickException(f"{path} is from another course: {about['course']}.")
    found = Zip(version=str(about.get("version", "")))
    starters = about.get("starters")
    for name, text in starters.items() if isinstance(starters, dict) else ():
        if isinstance(text, str):
            found.starters[str(name)] = text.encode()
    mine = {stage.path(name) for stage in course.stages for name in stage.edit}
    for name, data in sorted(files.items()):
        here = course.root / name
        if name in mine:
            found.work[name] = data
        elif name in (PASSED, HINTS):
            found.remembered[name] = _json(data)
        elif not name.startswith(".workshop/") and not (
            here.is_file() and fingerprint(here.read_bytes()) == fingerprint(data)
        ):
            found.left.append(name)
    if not found.work:
        raise ClickException(f"{path} has no file that learners of this course edit.")
    return found


def _json(data: bytes) -> dict[str, Any]:
    """Return an object in JSON; an empty one for anything else."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _remember(path: Path, known: Mapping[str, Any]) -> None:
    """Add what another copy remembers to what this one does; of steps or hints in both, the other's counts."""
    before = _json(path.read_bytes()) if path.is_file() else {}
    kind = dict if path.name == "passed.json" else int
    after = {**before, **{key: value for key, value in known.items() if type(value) is kind}}
    if after != before:
        write(path, json.dumps(after, indent=1).encode())


def _differing(work: Mapping[str, bytes], zipped: Mapping[str, bytes]) -> list[str]:
    return [name for name, data in work.items() if data != zipped[name]]


def _name(console: Console, what: str, names: list[str]) -> None:
    for name in names[:SHOWN]:
        console.paragraph(f"{what}: {name}", 0)
    if len(names) > SHOWN:
        console.paragraph(f"{what}: {len(names) - SHOWN} more", 0)
