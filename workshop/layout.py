"""A copy of a stage with an answer laid over it: the learner's files, a solution, a mutant or another right answer."""

from __future__ import annotations

import contextlib
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from workshop.course import Stage, visible

LEFT_OUT = shutil.ignore_patterns("__pycache__", "_trial_temp*", "dropin.cache", ".*", "*.md")

Overlay = Mapping[str, str]
"""File names in a stage's folder, and the text that each is to have."""


def lay(stage: Stage, place: Path, overlay: Overlay | None = None) -> None:
    """Put a copy of the stage below ``place``, as the package that it is, with the overlay's files over it."""
    package = place / "exercises"
    package.mkdir(parents=True)
    for path in visible(stage.root / "exercises", "*.py"):
        shutil.copy(path, package)
    shutil.copytree(stage.folder, package / stage.name, ignore=LEFT_OUT)
    for name, text in (overlay or {}).items():
        (package / stage.name / name).write_text(text, "utf-8")


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder that is gone afterwards, whenever Ctrl-C comes."""
    with undisturbed():
        folder = tempfile.TemporaryDirectory(prefix="trial-by-wire-", ignore_cleanup_errors=True)
    try:
        yield Path(folder.name).resolve()
    finally:
        with undisturbed():
            folder.cleanup()


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Hold signals back while this lasts: for what cannot be undone when it is broken off halfway."""
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
