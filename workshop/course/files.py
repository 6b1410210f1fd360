"""Distinguish provided files from the learner's, and never lose either.

solutions/provided.sha256 has fingerprints of everything that a run depends on. An unchanged provided file is copied to
.workshop/provided/, so that it can be restored offline and without git; what a command replaces is first saved under
.workshop/saved/.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from workshop.course.model import Course, Stage, visible
from workshop.course.solutions import answer
from workshop.course.steps import TOOL, Step
from workshop.course.toml_fields import CourseError

MADE = (".", "_trial_temp", "__pycache__", "dropin.cache")
"""How the names of files that Python, trial and twist leave in a stage's folder begin."""


# What Git writes into a file that it cannot merge.
OURS = re.compile(rb"^<{7} ", re.M)
THEIRS = re.compile(rb"^>{7} ", re.M)


@dataclass
class Refusal(Exception):
    """A stage cannot be laid out as it is: which file, why, and the command that fixes it."""

    file: str
    cause: str
    advice: str


def fingerprint(data: bytes) -> str:
    """Return the SHA-256, in hex, of the bytes with CRLF as LF."""
    return hashlib.sha256(data.replace(b"\r\n", b"\n")).hexdigest()


def files_below(folder: Path) -> list[Path]:
    """Return the files in and below a folder, except those that Python, trial and twist leave there."""
    found: list[tuple[str, ...]] = []
    folders: list[tuple[str, ...]] = [()]
    while folders:
        parts = folders.pop()
        # Paths as objects would take most of the time, of which a browser's Python needs much.
        with contextlib.suppress(OSError), os.scandir(os.path.join(folder, *parts)) as entries:
            for entry in entries:
                if entry.name.startswith(MADE):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.append((*parts, entry.name))
                elif entry.is_file():
                    found.append((*parts, entry.name))
    return [folder.joinpath(*parts) for parts in sorted(found)]


def fingerprints(course: Course) -> dict[str, str]:
    """Return the fingerprint of each provided file that a run depends on, by its path with slashes."""
    path = course.root / "solutions" / "provided.sha256"
    lines = path.read_text("ascii").splitlines() if path.exists() else []
    return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}


def made_fingerprints(course: Course) -> str:
    """Return the text that solutions/provided.sha256 should have now: provided files as they are, starters as generated."""
    files = {path: path.read_bytes() for path in visible(course.root / "exercises", "*.py")}
    for stage in course.stages:
        given = (path for path in files_below(stage.folder) if path.suffix != ".md")
        files |= {path: path.read_bytes() for path in given}
        for name, text in answer(stage, 0).items():
            files[stage.folder / name] = text.encode()
    names = {path.relative_to(course.root).as_posix(): data for path, data in files.items()}
    return "".join(f"{fingerprint(data)}  {name}\n" for name, data in sorted(names.items()))


def begun(stage: Stage) -> bool:
    """Return whether one of the learner's files differs from its starter; true without solutions/."""
    try:
        starters = answer(stage, 0)
        return any(
            fingerprint((stage.folder / name).read_bytes()) != fingerprint(text.encode())
            for name, text in starters.items()
        )
    except (OSError, CourseError):
        return True


def provided(course: Course, stage: Stage) -> dict[str, str]:
    """Return the fingerprints of what a run of the stage depends on and the learner does not write."""
    mine = {stage.path(name) for name in stage.edit}
    shared = re.compile(rf"exercises/({re.escape(stage.name)}/.*|[^/]*)")
    return {
        name: digest
        for name, digest in fingerprints(course).items()
        if name not in mine and shared.fullmatch(name)
    }


def inspect(course: Course, stage: Stage) -> None:
    """Check that the stage's files can be run, and copy the provided ones, to restore them from without git.

    Raises:
        Refusal: A file is missing, is not UTF-8, or was provided and has been changed.
    """
    for name in stage.edit:
        path, shown = stage.folder / name, stage.path(name)
        require_file(path, shown, f"To get the starter back: {TOOL} reset {stage.name}")
        data = path.read_bytes()
        again = f"Save it as UTF-8 text in your editor, then: {TOOL} run {stage.name}"
        if b"\0" in data:
            raise Refusal(shown, f"has a NUL byte in line {_line(data, data.index(0))}", again)
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            byte = f"byte 0x{data[error.start]:02x} in line {_line(data, error.start)}"
            raise Refusal(shown, f"is not UTF-8: {byte}", again) from None
        begins, ends = OURS.search(data), THEIRS.search(data)
        if begins and ends:
            cause = f"has Git's conflict markers, from line {_line(data, begins.start())} on"
            both = "Keep what you want of the two parts, and delete the lines of <<<, === and >>>, then"
            raise Refusal(shown, cause, f"{both}: {TOOL} run {stage.name}")
    for name, digest in provided(course, stage).items():
        path, kept = course.root / name, _kept(course, digest)
        advice = f"To restore it: {TOOL} reset {stage.name} --provided"
        require_file(path, name, advice)
        data = path.read_bytes()
        if fingerprint(data) != digest:
            cause = "differs from the course's own, so a pass would prove nothing"
            raise Refusal(name, cause, advice)
        if not kept.exists():
            write(kept, data)


def require_file(path: Path, shown: str, advice: str) -> None:
    if path.is_dir():
        raise Refusal(shown, "is a folder, not a file", advice)
    if not path.exists():
        raise Refusal(shown, "is missing: was it deleted or renamed?", advice)


def _line(data: bytes, offset: int) -> int:
    return data.count(b"\n", 0, offset) + 1


def _kept(course: Course, digest: str) -> Path:
    return course.root / ".workshop" / "provided" / digest


def restore(course: Course, stage: Stage) -> tuple[list[str], list[str], Path | None]:
    """Restore provided files that are missing or changed.

    Returns:
        The names restored, those that could not be, and the folder that has what they replaced.
    """
    changed = {
        name: _kept(course, digest)
        for name, digest in provided(course, stage).items()
        if not (course.root / name).is_file()
        or fingerprint((course.root / name).read_bytes()) != digest
    }
    restored = {name: kept.read_bytes() for name, kept in changed.items() if kept.exists()}
    saved = replace(course, restored)
    return list(restored), [name for name in changed if name not in restored], saved


def replace(course: Course, files: Mapping[str, bytes]) -> Path | None:
    """Write these bytes to each file (by its path below root, with slashes), after saving what differs.

    Returns:
        The folder below ``.workshop/saved/`` with the replaced files; None if nothing was replaced.
    """
    changed = {
        name: data
        for name, data in files.items()
        if not (course.root / name).is_file() or (course.root / name).read_bytes() != data
    }
    lost = [name for name in changed if (course.root / name).exists()]
    folder = new_folder(course.root / ".workshop" / "saved") if lost else None
    for name in lost:
        assert folder is not None
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        keep = shutil.move if (course.root / name).is_dir() else shutil.copy2
        keep(course.root / name, folder / name)
    for name, data in changed.items():
        write(course.root / name, data)
    return folder


def new_folder(parent: Path) -> Path:
    stamp = time.strftime("%Y-%m-%d-%H%M%S")
    for n in range(1, 1000):
        folder = parent / (stamp if n == 1 else f"{stamp}-{n}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        return folder
    raise CourseError(f"{parent} is full of folders named {stamp}.")


def write(path: Path, data: bytes) -> None:
    """Write a file completely or not at all: to a file beside it first, then in its place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        beside.write_bytes(data)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def remember(stage: Stage, passed: Iterable[Step], failed: Iterable[Step]) -> None:
    """Remember that steps pass with the learner's files as they are, and forget it for those that fail.

    This is not a record of progress, which the tests are: it only distinguishes a broken step from one never written.
    """
    known = _remembered(stage.root)
    mine = known.get(stage.name, {})
    digest = _digest(stage)
    after = {**mine, **{step.key: digest for step in passed}}
    for step in failed:
        if after.get(step.key) == digest:
            # The result varies with the same files.
            del after[step.key]
    if after != mine:
        with contextlib.suppress(OSError):
            text = json.dumps({**known, stage.name: after}, indent=1)
            write(stage.root / ".workshop" / "passed.json", text.encode())


def passed_before(stage: Stage, step: Step) -> bool:
    """Return whether the step passed in an earlier run with other learner's files than now."""
    digest = _remembered(stage.root).get(stage.name, {}).get(step.key)
    return digest is not None and digest != _digest(stage)


def passed_now(stage: Stage, step: Step) -> bool:
    """Return whether the step passed in the last run of it, with the learner's files as they are."""
    return _remembered(stage.root).get(stage.name, {}).get(step.key) == _digest(stage)


def forget_passed(stage: Stage) -> None:
    """Forget which steps passed, since the learner begins again."""
    known = _remembered(stage.root)
    if known.pop(stage.name, None):
        write(stage.root / ".workshop" / "passed.json", json.dumps(known, indent=1).encode())


def _remembered(root: Path) -> dict[str, dict[str, str]]:
    try:
        known = json.loads((root / ".workshop" / "passed.json").read_text("utf-8"))
        return {name: dict(steps) for name, steps in known.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _digest(stage: Stage) -> str:
    data = [(stage.folder / n).read_bytes() for n in stage.edit if (stage.folder / n).is_file()]
    return fingerprint(b"\0".join(data))
