"""Earlier verdicts, kept under a fingerprint of everything that they depend on.

The tests decide about progress: if one byte differs, they run again. A verdict is kept in .workshop/verdicts/STAGE as the
fingerprint, a digest of the data, and the data: a pickle that may only create the classes of a verdict. A file that is
damaged, or was made by somebody else, is ignored.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import io
import pickle
import platform
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

from workshop.course import Course, Kind, Mutant, Stage, Step, Test, visible
from workshop.course.files import files_below, write
from workshop.judge.findings import Assessment, Slow, Strict, Wrong
from workshop.judge.learner import Item
from workshop.judge.lint import NeverRun
from workshop.judge.steps import StepResult, Verdict
from workshop.judge.verdict import Judged
from workshop.runner.layout import other_stages
from workshop.runner.result import Frame, Problem, Result, TestResult, Trouble

TOOL = Path(__file__).resolve().parent.parent
TOPS = ("exercises", "solutions")
CLASSES = (
    *(Assessment, Frame, Item, Kind, Mutant, NeverRun, Problem, Result, Slow, Step, StepResult),
    *(Strict, Test, TestResult, Trouble, Verdict, Wrong),
)
MAY_MAKE = {(one.__module__, one.__qualname__): one for one in (*CLASSES, frozenset)}
SIZE = hashlib.sha256().digest_size
version = functools.cache(metadata.version)  # reads a file of some hundred lines


class _Writer(pickle.Pickler):
    """A pickler for a verdict, with its stage only by name."""

    def persistent_id(self, obj: object) -> str | None:
        return obj.name if isinstance(obj, Stage) else None


class _Reader(pickle.Unpickler):
    """An unpickler for a verdict on the given stage, which creates nothing else."""

    def __init__(self, data: bytes, stage: Stage) -> None:
        super().__init__(io.BytesIO(data))
        self.stage = stage

    def persistent_load(self, pid: Any) -> Stage:
        if pid != self.stage.name:
            raise pickle.UnpicklingError(f"a verdict on {pid}")
        return self.stage

    def find_class(self, module: str, name: str) -> Any:
        try:
            return MAY_MAKE[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"{module}.{name} is not part of a verdict") from None


def fingerprint(course: Course, stage: Stage, limit: float) -> bytes:
    """Return the SHA-256 of everything that a verdict on the stage depends on.

    This covers the stage's files and those of stages that they import; what all stages share; the solutions; the tool;
    Python, Twisted and the machine; and the seconds that a test may take.
    """
    system = (sys.version, sys.executable, version("twisted"), platform.platform(), limit)
    found = hashlib.sha256(repr(system).encode() + _tool(TOOL))
    _add(found, course.root, _files(course, stage))
    return found.digest()


@functools.cache
def _tool(folder: Path) -> bytes:
    """Return the digest of the tool, read once: the code that this process runs does not change with the files."""
    found = hashlib.sha256()
    _add(found, folder.parent, [path for path in files_below(folder) if path.suffix == ".py"])
    return found.digest()


def _add(found: hashlib._Hash, root: Path, paths: Iterable[Path]) -> None:
    """Add each file, after its name below the root, to a digest."""
    for path in paths:
        data = path.read_bytes()
        name = "/".join(path.parts[len(root.parts) :])
        found.update(f"{name}\0{len(data)}\0".encode("utf-8", "surrogateescape"))
        found.update(data)


def _files(course: Course, stage: Stage) -> list[Path]:
    """Return the course's files that a verdict depends on, always in the same order."""
    shared = [file for top in TOPS for file in visible(course.root / top, "*.*")]
    folders = (*other_stages(stage), stage.folder, stage.answers)
    return [*shared, *(file for folder in folders for file in files_below(folder))]


def _path(course: Course, stage: Stage) -> Path:
    return course.root / ".workshop" / "verdicts" / stage.name


def recall(course: Course, stage: Stage, limit: float) -> Judged | None:
    """Return the verdict on the stage, if it was found before and nothing has changed since."""
    try:
        kept = _path(course, stage).read_bytes()
        key, digest, data = kept[:SIZE], kept[SIZE : 2 * SIZE], kept[2 * SIZE :]
        if key != fingerprint(course, stage, limit) or digest != hashlib.sha256(data).digest():
            return None
        found = _Reader(data, stage).load()
    except Exception:
        # Invalid data may raise any exception.
        return None
    return found if isinstance(found, (Verdict, Assessment)) else None


def keep(course: Course, verdict: Judged, key: bytes, limit: float) -> None:
    """Keep a verdict under the fingerprint taken before it was found, unless something has changed meanwhile."""
    with contextlib.suppress(OSError):
        if key != fingerprint(course, verdict.stage, limit):
            return
        data = io.BytesIO()
        _Writer(data).dump(verdict)
        digest = hashlib.sha256(data.getvalue()).digest()
        write(_path(course, verdict.stage), key + digest + data.getvalue())
