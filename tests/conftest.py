"""What several test modules share."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from driving import MINI, Learner

# A shell's background job ignores Ctrl-C, and hands that on: then what the tests interrupt would not hear of it.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def mini(tmp_path: Path) -> Iterator[Learner]:
    """A fresh copy of the miniature course. Whatever a test does with it, nothing of it may be left running."""
    root, temp = tmp_path / "course", tmp_path / "temp"
    shutil.copytree(MINI, root, ignore=shutil.ignore_patterns(".workshop", "__pycache__"))
    temp.mkdir()
    learner = Learner(root, temp)
    yield learner
    learner.nothing_left()


@pytest.fixture
def root(mini: Learner) -> Path:
    """The folder of that copy, for tests that call the tool's own functions on it."""
    return mini.root
