"""A copy of a stage with an answer laid over it: the learner's files, a solution, a mutant or another right answer."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import marshal
import os
import re
import shutil
import signal
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Collection, Iterator
from importlib.util import MAGIC_NUMBER
from pathlib import Path

from workshop.course import Stage, visible
from workshop.course.solutions import Overlay

LEFT_OUT = shutil.ignore_patterns("__pycache__", "_trial_temp*", "dropin.cache", ".*", "*.md")

IMPORTS = re.compile(r"^[ \t]*(?:from|import)\b.*(?:\([^)]*\))?", re.M)
KEPT = 1000
"""How many files are remembered in compiled form."""
MEMORY = "/dev/shm"
ENOUGH = 512 << 20
"""Bytes that must be free in memory before a job's files go there: its tests may write files of their own."""
_seen: set[bytes] = set()
_compiling = threading.Lock()


def lay(stage: Stage, place: Path, overlay: Overlay | None = None) -> None:
    """Copy the stage into ``place`` as a package, with the overlay's files over it.

    Each other stage that its files mention is copied too, with the learner's own files, since they may import from there.
    """
    package = place / "exercises"
    package.mkdir(parents=True)
    for path in visible(stage.root / "exercises", "*.py"):
        _put(path.read_bytes(), f"{package / path.name}")
    there = f"{package / stage.name}"
    overlay = overlay or {}
    named = _copy(f"{stage.folder}", there, overlay)
    for name, text in overlay.items():
        _put(text.encode(), os.path.join(there, name))
        named |= _named(text.encode()) if name.endswith(".py") else set()
    _follow(stage, named, lambda folder: _copy(f"{folder}", f"{package / folder.name}"))


def other_stages(stage: Stage) -> list[Path]:
    """Return the folders of the other stages that lay() would copy for the learner's files as they are."""

    def names(folder: Path) -> set[str]:
        files = visible(folder, "**/*.py")
        return {name for path in files for name in _named(path.read_bytes())}

    return _follow(stage, names(stage.folder), names)


def _follow(stage: Stage, named: set[str], take: Callable[[Path], set[str]]) -> list[Path]:
    """Take the folder of each other stage that is named, and of those that they name in turn."""
    others = {p.name for p in stage.folder.parent.iterdir() if p.is_dir()} - {stage.name}
    taken = []
    while new := sorted(others & named):
        others -= set(new)
        for name in new:
            named |= take(stage.folder.parent / name)
            taken.append(stage.folder.parent / name)
    return taken


def _copy(folder: str, to: str, instead: Collection[str] = ()) -> set[str]:
    """Copy what a run needs from a stage's folder, without the files ``instead`` of which others come.

    Returns the names in its imports. Paths are strings here: pathlib would take as long as all reading and writing.
    """
    os.mkdir(to)
    named: set[str] = set()
    names = os.listdir(folder)
    for name in sorted(set(names) - LEFT_OUT(folder, names)):
        path = os.path.join(folder, name)
        if os.path.isdir(path):
            named |= _copy(path, os.path.join(to, name))
            continue
        with open(path, "rb") as file:
            source = file.read()
        if name not in instead:
            _put(source, os.path.join(to, name))
        named |= _named(source) if name.endswith(".py") else set()
    return named


@functools.lru_cache(KEPT)
def _named(source: bytes) -> frozenset[str]:
    """Return all names in the lines that import something."""
    lines = IMPORTS.findall(source.decode("utf-8", "replace"))
    return frozenset(re.findall(r"\w+", " ".join(lines)))


def _put(source: bytes, path: str) -> None:
    """Write a file and, if the same text was laid out before, its compiled form beside it, as Python would."""
    _write(source, path)
    if not path.endswith(".py"):
        return
    code = _code(source) if source in _seen else b""
    if len(_seen) < KEPT:
        _seen.add(source)
    if code:
        cached = importlib.util.cache_from_source(path)
        try:
            _write(code, cached)
        except FileNotFoundError:
            os.mkdir(os.path.dirname(cached))
            _write(code, cached)


def _write(data: bytes, path: str) -> None:
    with open(path, "wb") as file:
        file.write(data)


@functools.lru_cache(KEPT)
def _code(source: bytes) -> bytes:
    """Return the contents of a .pyc that Python accepts without checking the source; b"" if compiling warns or fails.

    The child must report that itself. Python fills in the file name when it loads the .pyc.
    """
    with _compiling, warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            code = compile(source, "", "exec", dont_inherit=True)
        except Exception:
            return b""
    flags = (1).to_bytes(4, "little")
    return MAGIC_NUMBER + flags + importlib.util.source_hash(source) + marshal.dumps(code)


@contextlib.contextmanager
def temporary_folder(quick: bool = False) -> Iterator[Path]:
    """Make a temporary folder, removed even if Ctrl-C arrives during set-up or clean-up.

    Args:
        quick: Keep it in memory if there is enough; for small files only.
    """
    with undisturbed():
        folder = tempfile.TemporaryDirectory(
            prefix="trial-by-wire-",
            dir=in_memory() if quick else None,
            ignore_cleanup_errors=True,
        )
    try:
        yield Path(folder.name).resolve()
    finally:
        with undisturbed():
            folder.cleanup()


def in_memory() -> str | None:
    """Return Linux's folder for files in memory; None if it is missing or short of room, or the user chose another folder.

    A job makes and removes some thirty files, and on a busy disk each removal takes a millisecond.
    """
    chosen = any(os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    with contextlib.suppress(OSError):
        if sys.platform == "linux" and not chosen and os.access(MEMORY, os.W_OK | os.X_OK):
            there = os.statvfs(MEMORY)
            return MEMORY if there.f_bavail * there.f_frsize >= ENOUGH else None
    return None


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Hold signals back during the block: for work that cannot be undone if it is interrupted halfway."""
    if threading.current_thread() is not threading.main_thread():
        # Python only ever interrupts the main thread.
        yield
        return
    came: list[int] = []
    held = [getattr(signal, name, None) for name in ("SIGINT", "SIGTERM", "SIGHUP")]
    before = {n: signal.signal(n, lambda number, _: came.append(number)) for n in held if n}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if came:
            signal.raise_signal(came[0])
