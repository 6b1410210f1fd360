"""The gallery of teardowns on the simulated network: as on real reactors in calm weather; the wrong ones found in wind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from test_gallery import ALWAYS, NAMES, NEVER

ROOT = Path(__file__).resolve().parent.parent
SOON, MANY = 50, 400
RIGHT = NAMES[-1]
Found = dict[str, dict[str, list[int]]]


def run(weather: str, histories: int) -> Found:
    """The seeds in which something was left, by line and teardown."""
    words = [sys.executable, str(ROOT / "tests" / "simulated_gallery.py"), weather, str(histories)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(words, env=env, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found: Found = json.loads(done.stdout)
    return found


def test_calm_is_as_on_every_real_reactor() -> None:
    """What always fails fails, what never fails does not; on the quiet line, the lucky ones are lucky here too."""
    found = run("calm", 3)
    for line, by_name in found.items():
        failing = [name for name, seeds in by_name.items() if seeds]
        assert all(len(seeds) in (0, 3) for seeds in by_name.values()), line
        assert failing == ALWAYS[line], line
    assert set(found) == set(NEVER)


@pytest.fixture(scope="module")
def windy() -> Found:
    """Many histories of each."""
    return run("windy", MANY)


@pytest.mark.parametrize("name", NAMES[:-1])
def test_a_wrong_teardown_is_found_soon(windy: Found, name: str) -> None:
    """On a line on which it can fail, in the first few histories. One that waits for the side that ends last cannot."""
    first = {line: (by_name[name] or [MANY])[0] for line, by_name in windy.items()}
    assert min(first.values()) < SOON
    assert all(first[line] < SOON for line in ALWAYS if name in ALWAYS[line])


def test_luck_on_the_quiet_line_ends(windy: Found) -> None:
    """Those that pass on the quiet line only if the server is quick fail there."""
    lucky = ["Teardown3Unwaited", "Teardown4Port", "Teardown5Client", "Teardown7PortAndClient"]
    assert all(windy["quiet"][name] for name in lucky)


def test_the_right_one_never_fails(windy: Found) -> None:
    """On no line, in no history."""
    assert not [line for line, by_name in windy.items() if by_name[RIGHT]]
