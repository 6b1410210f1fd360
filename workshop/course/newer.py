"""Compare this copy of the course with a newer one, and decide what becomes of each file.

The tool of the old version does this, and knows of the new version only what every version has: a project's name and
version in pyproject.toml; stages with ``name`` and ``edit`` in exercises/course.toml; starters in exercises/, as
solutions/provided.sha256 lists them; CHANGELOG.md. So new fields and new kinds of files do not stop an update.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from workshop.course.files import fingerprint
from workshop.course.merge import Conflict, merge
from workshop.course.solutions import render
from workshop.course.toml_fields import CourseError, read

TABLE = "exercises/course.toml"
PROVIDED = "solutions/provided.sha256"
MADE = ("wheels/", "decks/", "browser/")
"""Folders that `offline` makes: nobody writes there, and they are large, so no copy of them is kept."""
OWN = ("workshop/", "solutions/", "slides/", "tests/", "txtidy/")
"""Folders in which a copy without git is taken to have nothing but the course's own files."""


@dataclass(frozen=True)
class Copy:
    """A copy of the course, of any version.

    Attributes:
        names: The files that make it up, by their paths below its root, with slashes.
        edit: The learner's files of each stage.
    """

    root: Path
    names: frozenset[str]
    project: str
    version: str
    python: str
    edit: Mapping[str, tuple[str, ...]]

    @cached_property
    def yours(self) -> dict[str, str]:
        """The files that learners write, each with its stage."""
        return {
            f"exercises/{stage}/{n}": stage for stage, names in self.edit.items() for n in names
        }

    @cached_property
    def provided(self) -> dict[str, str]:
        """The fingerprints of provided files and starters; empty without solutions/."""
        path = self.root / PROVIDED
        lines = path.read_text("utf-8", "replace").splitlines() if path.is_file() else []
        pairs = (line.split("  ", 1) for line in lines if "  " in line)
        return {name: digest for digest, name in pairs}

    def bytes_of(self, name: str) -> bytes | None:
        """Return a file's content; None if there is no such file."""
        path = self.root / name
        return path.read_bytes() if path.is_file() else None

    def original(self, name: str) -> bytes | None:
        """Return a provided file or a starter as the course has it; None if this copy cannot say."""
        digest = self.provided.get(name)
        mine = self.bytes_of(name)
        if mine is not None and fingerprint(mine) == digest:
            return mine
        solved = self.bytes_of(name.replace("exercises/", "solutions/", 1))
        if solved is not None and name in self.yours:
            try:
                made = render(solved.decode("utf-8").replace("\r\n", "\n"), 0).encode()
            except (UnicodeDecodeError, CourseError):
                return None
            return made if fingerprint(made) == digest else None
        return None


def read_copy(root: Path, names: Collection[str]) -> Copy:
    """Read a copy as far as every version has it.

    Raises:
        CourseError: It is not one.
    """
    for name in (TABLE, "workshop/__main__.py", "pyproject.toml", PROVIDED):
        if name not in names:
            raise CourseError(f"it has no {name}")
    try:
        return _read(root, names)
    except CourseError as error:
        raise CourseError(str(error).replace(f"{root}{os.sep}", "")) from None


def this_copy(root: Path) -> Copy:
    """Read the copy that is to be updated; it may lack everything but its stages."""
    return _read(root, ())


def _read(root: Path, names: Collection[str]) -> Copy:
    stages = read(root / TABLE).get("stage", [])
    try:
        edit = {str(stage["name"]): tuple(map(str, stage["edit"])) for stage in stages}
    except (TypeError, KeyError):
        raise CourseError(f"{TABLE} has a stage without a name or its files") from None
    about = read(root / "pyproject.toml") if (root / "pyproject.toml").is_file() else {}
    project = about.get("project", {})
    name, version, python = (
        str(project.get(key, "")) for key in ("name", "version", "requires-python")
    )
    return Copy(root, frozenset(names), name, version, python, edit)


def check_whole(new: Copy) -> None:
    """Check that a newer copy has all of its files, as the course has them.

    Raises:
        CourseError: It does not, with the first such file.
    """
    for name in sorted({*new.provided, *new.yours}):
        if name not in new.names and name not in new.yours:
            raise CourseError(f"it has no {name}")
        if new.original(name) is None:
            raise CourseError(f"{name} in it is not as the course has it")


@dataclass(frozen=True)
class Known:
    """What is known about the files of the old version.

    Attributes:
        had: Its files.
        changed: Those that the learner has changed.
        safe: Those that need not be saved, since git has them.
        original: Returns a file of the old version as it was; None if that is not known.
    """

    had: Collection[str]
    changed: Collection[str]
    safe: Collection[str]
    original: Callable[[str], bytes | None]


def known_without_git(old: Copy, new: Copy, names: Collection[str]) -> Known:
    """Return what a copy without git knows about its old version.

    Args:
        names: The files in the copy.
    """
    pages = tuple(f"notebooks/{stage}." for stage in old.edit)
    texts = {
        f"exercises/{stage}/{name}" for stage in old.edit for name in ("README.md", "hints.md")
    }
    made = tuple(folder for folder in MADE if any(n.startswith(folder) for n in new.names))
    had = {
        *old.provided,
        *texts,
        *(name for name in names if name.startswith((*OWN, *pages, *made))),
    }
    changed = {
        name
        for name in old.provided
        if (data := old.bytes_of(name)) is not None and fingerprint(data) != old.provided[name]
    }
    return Known(had, changed, (), old.original)


@dataclass
class Plan:
    """What an update does.

    Attributes:
        write: The files to write, each as its content or as a file to copy.
        remove: The files to remove.
        save: Those of both that are saved first.
        merged: The learner's files into which a change of the starter is merged.
        beside: Those into which it cannot be merged, with the line of the conflict; the new starter is put beside.
        kept: Those whose starter has not changed.
        gone: Those that no longer belong to any stage.
        replaced: Other files that the learner had changed.
        renamed: The old and the new name of each renamed stage.
        read: The SHA-256 of each of the learner's files that was read.
    """

    write: dict[str, bytes | Path] = field(default_factory=dict)
    remove: list[str] = field(default_factory=list)
    save: list[str] = field(default_factory=list)
    merged: list[str] = field(default_factory=list)
    beside: dict[str, int] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    read: dict[str, str] = field(default_factory=dict)


NEW, SAME, KEPT, MERGED, BESIDE = "new", "same", "kept", "merged", "beside"


def decide(old: bytes | None, mine: bytes | None, new: bytes, name: str) -> tuple[str, bytes, int]:
    """Decide about one of the learner's files: what becomes of it, its content, and the line of a conflict.

    Args:
        old: The starter of the old version; None if it is not known.
        mine: The learner's file; None if there is none.
        new: The starter of the new version.
    """
    if mine is None or (old is not None and _same(mine, old)):
        return NEW, new, 0
    if _same(mine, new):
        return SAME, mine, 0
    if old is None:
        return BESIDE, mine, 0
    if _same(old, new):
        return KEPT, mine, 0
    result = merge(old, mine, new, name)
    return (BESIDE, mine, result.line) if isinstance(result, Conflict) else (MERGED, result, 0)


def _same(a: bytes, b: bytes) -> bool:
    return fingerprint(a) == fingerprint(b)


def make_plan(old: Copy, new: Copy, known: Known, beside: str) -> Plan:
    """Decide about every file.

    Args:
        beside: What is added to the name of a starter that is put beside the learner's file.

    Raises:
        CourseError: The newer copy has no starter for a learner's file.
    """
    plan = Plan(renamed=_renamed(old, new))
    moved = {
        f"exercises/{now}/{name}": f"exercises/{was}/{name}"
        for was, now in plan.renamed.items()
        for name in old.edit[was]
    }
    places = {name: moved.get(name, name) for name in new.yours}
    for name, place in places.items():
        starter = new.original(name)
        if starter is None:
            raise CourseError(f"{name} in it is not as the course has it")
        mine = old.bytes_of(place)
        if mine is not None:
            plan.read[place] = hashlib.sha256(mine).hexdigest()
        how, data, line = decide(_original(old, known, place), mine, starter, name)
        if how == MERGED:
            plan.merged.append(name)
        elif how == BESIDE:
            plan.beside[name] = line
            _write(plan, old, known, name + beside, starter)
        elif how in (KEPT, SAME) and mine is not None:
            plan.kept.append(name)
        _write(plan, old, known, name, data)
    for name in sorted(new.names - new.yours.keys()):
        if _differs(old.root / name, new.root / name):
            if name in known.changed:
                plan.replaced.append(name)
            _write(plan, old, known, name, new.root / name)
    for name in sorted({*known.had, *old.yours} - new.names - new.yours.keys()):
        path = old.root / name
        if not path.is_file():
            continue
        if name in old.yours and name not in places.values() and not _is_starter(old, known, name):
            plan.gone.append(name)
            continue
        if name in known.changed and name not in old.yours:
            plan.replaced.append(name)
        plan.remove.append(name)
        if _needs_saving(known, name):
            plan.save.append(name)
    return plan


def _original(old: Copy, known: Known, name: str) -> bytes | None:
    found = old.original(name)
    return found if found is not None else known.original(name)


def _is_starter(old: Copy, known: Known, name: str) -> bool:
    """Return whether one of the learner's files is the old version's starter still."""
    mine, starter = old.bytes_of(name), _original(old, known, name)
    return name in old.yours and mine is not None and starter is not None and _same(mine, starter)


def _write(plan: Plan, old: Copy, known: Known, name: str, data: bytes | Path) -> None:
    path = old.root / name
    if isinstance(data, bytes) and old.bytes_of(name) == data:
        return
    plan.write[name] = data
    if path.is_file() and _needs_saving(known, name):
        plan.save.append(name)


def _needs_saving(known: Known, name: str) -> bool:
    return name not in known.safe and not name.startswith(MADE)


def _differs(mine: Path, new: Path) -> bool:
    if not mine.is_file() or mine.stat().st_size != new.stat().st_size:
        return True
    return mine.read_bytes() != new.read_bytes()


def _renamed(old: Copy, new: Copy) -> dict[str, str]:
    """Return the stages that have another number now, but the same name after it: stage2_count is stage3_count."""

    def tails(names: Collection[str]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name in names:
            found.setdefault(name.partition("_")[2], []).append(name)
        return found

    gone, come = tails(old.edit.keys() - new.edit.keys()), tails(new.edit.keys() - old.edit.keys())
    return {
        gone[tail][0]: come[tail][0]
        for tail in gone
        if tail and len(gone[tail]) == len(come.get(tail, ())) == 1
    }


def news(old: str, new: str) -> Iterator[str]:
    """Yield the entries of a changelog that an older one does not have, each as one line."""
    before = set(_entries(old))
    yield from (entry for entry in _entries(new) if entry not in before)


def _entries(text: str) -> list[str]:
    found = re.findall(r"^[-*] (.*(?:\n[ \t]+\S.*)*)", text.replace("\r\n", "\n"), re.M)
    return [" ".join(entry.split()) for entry in found]
