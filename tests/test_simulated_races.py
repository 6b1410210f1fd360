"""Races, most of which pass on a real reactor run after run: windy weather finds each of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOON = 50
RACES = 7


def failed(weather: str, histories: int) -> dict[str, list[int]]:
    """In which histories each race failed; those that never failed are left out."""
    words = [str(ROOT / "tests" / "simulated_races.py"), "simulated", str(histories), weather]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, *words], env=env, capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, list[int]] = json.loads(done.stdout)
    return found


def test_each_race_is_found_soon() -> None:
    """Within the first histories of windy weather."""
    assert len(failed("windy", SOON)) == RACES


def test_calm_finds_none() -> None:
    """In calm weather they pass, as on a quiet machine."""
    assert failed("calm", 2) == {}
