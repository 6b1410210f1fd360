"""Each runner, in a process of its own, on a small suite: tidy tests pass, a leak is named, no other is blamed."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
# Not -m twisted.trial: that of old versions needs pkg_resources.
TRIAL = "from twisted.scripts.trial import run; run()"
NAMED = r"not over 0\.3 s after the test: the connection of .*Protocol.*, opened at .*\.py:\d+\. It was aborted"
# Where txtidy is installed, pytest finds its plugin, and would refuse to have it twice.
INSTALLED = any(dist.metadata["Name"] == "txtidy" for dist in importlib.metadata.distributions())
PLUGIN = ["-p", "no:cacheprovider", *([] if INSTALLED else ["-p", "txtidy.pytest_plugin"])]


def run(folder: Path, *words: str) -> str:
    """Run Python on the suites. Returns what it prints; it must fail, since a test leaks."""
    for suite in (HERE / "suites").glob("*.py"):
        shutil.copy(suite, folder)
    path = [str(folder), str(HERE.parent / "src"), *filter(None, sys.path)]
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1, done.stdout
    assert re.search(NAMED, done.stdout), done.stdout
    return done.stdout


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    "words", [[], ["-j2"], pytest.param(["--reactor=asyncio"], marks=SLOW)], ids=str
)
def test_trial(tmp_path: Path, words: list[str]) -> None:
    """trial, and trial -j, report the test that leaks, once."""
    said = run(tmp_path, "-c", TRIAL, *words, "test_cases")
    assert re.search(r"FAILED \(errors=1, successes=4\)", said), said
    assert "test_cases.Tests.test_leaks" in said


def test_unittest(tmp_path: Path) -> None:
    """python -m unittest runs trial's test cases, and reports the test that leaks, once."""
    said = run(tmp_path, "-m", "unittest", "test_cases")
    assert "FAILED (errors=1)" in said, said
    assert "ERROR: test_leaks" in said


def counts(said: str) -> dict[str, int]:
    """What pytest counts on its last line."""
    last = said.strip().splitlines()[-1]
    return {name.rstrip("s"): int(number) for number, name in re.findall(r"(\d+) ([a-z]+)", last)}


@SLOW
@pytest.mark.parametrize("words", [["-p", "no:twisted"], []], ids=["alone", "with pytest-twisted"])
def test_pytest(tmp_path: Path, words: list[str]) -> None:
    """pytest runs trial's test cases, and reports the test that leaks, once."""
    said = run(tmp_path, "-m", "pytest", "-q", *PLUGIN, *words, "test_cases.py")
    found = counts(said)
    assert (found["passed"], found["failed"]) == (4, 1), said
    assert "FAILED test_cases.py::Tests::test_leaks" in said


def test_fixture(tmp_path: Path) -> None:
    """Without pytest-twisted, the fixture runs the reactor; it names what was opened past it, too."""
    said = run(tmp_path, "-m", "pytest", "-q", *PLUGIN, "-p", "no:twisted", "test_fixture.py")
    found = counts(said)
    assert (found["passed"], found["error"]) == (4, 2) and "failed" not in found, said
    assert "ERROR test_fixture.py::test_leaks" in said
    assert "ERROR test_fixture.py::test_past_the_fixture" in said
    assert re.search(r"left in the reactor, opened past the fixture: <.*Factory.* on \d+>", said), (
        said
    )


@pytest.mark.skipif(not importlib.util.find_spec("pytest_twisted"), reason="no pytest-twisted")
def test_fixture_with_pytest_twisted(tmp_path: Path) -> None:
    """With pytest-twisted, tests await, and the fixture waits in its reactor."""
    said = run(tmp_path, "-m", "pytest", "-q", *PLUGIN, "test_greenlets.py")
    found = counts(said)
    assert (found["passed"], found["error"]) == (4, 1) and "failed" not in found, said
    assert "ERROR test_greenlets.py::test_leaks" in said
