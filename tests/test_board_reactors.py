"""The board over connections: on this machine's reactor, and in a hunt through histories of windy weather."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from driving import posix

ROOT = Path(__file__).resolve().parent.parent
BOUND = 120


def run(place: Path, *words: str) -> str:
    """Run the tests; they must pass."""
    paths = [ROOT, ROOT / "tests", ROOT / "txtidy" / "src"]
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=place,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=BOUND,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_on_this_machine_s_reactor(tmp_path: Path) -> None:
    """Over real TCP, each test passes and leaves nothing behind."""
    assert re.search(r"PASSED \(successes=4\)", run(tmp_path, "twisted.trial", "board_connections"))


@posix
def test_in_windy_weather(tmp_path: Path) -> None:
    """Whatever is cut, late or in another order, the same tests pass."""
    said = run(tmp_path, "workshop", "hunt", "board_connections", "--seeds", "50")
    assert "Passes in 200 histories of windy weather." in said
