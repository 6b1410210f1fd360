"""The package in txtidy/: its own tests, as they stand, with what is installed here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "txtidy"
BOUND = 300
"""Seconds. They take some twenty, mostly waiting."""


def test_its_own_tests() -> None:
    """They pass. Those marked slow run in the workflow, with old versions of Twisted and Python."""
    words = [
        "-q",
        "-m",
        "not slow",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "-p",
        "no:randomly",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words],
        cwd=FOLDER,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        timeout=BOUND,
    )
    assert done.returncode == 0, done.stdout
