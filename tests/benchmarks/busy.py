"""Keeps every core busy beside a benchmark."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
from collections.abc import Iterator


@contextlib.contextmanager
def busy(wanted: bool = True) -> Iterator[int]:
    """As many busy loops as there are cores, ended at the end; none where it is not wanted. Returns their number."""
    count = (os.cpu_count() or 1) if wanted else 0
    loops = [multiprocessing.Process(target=_spin, daemon=True) for _ in range(count)]
    for loop in loops:
        loop.start()
    try:
        yield count
    finally:
        for loop in loops:
            loop.kill()


def _spin() -> None:
    while True:
        pass
