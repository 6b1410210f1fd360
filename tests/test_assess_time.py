"""The judge and time: a test that is slow, or fails only now and then, catches nothing by that."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_assess import HEAD, add, names, solved

from workshop.course import Stage
from workshop.judge import runs
from workshop.judge.runs import Pace
from workshop.judge.suite import assess
from workshop.runner.result import TestResult as Said


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """A stage whose tests the learner writes, solved, but for its test of empty lines: one mistake is let through. Tests are
    slow here from half a second on."""
    monkeypatch.setattr(runs, "BUG_LIMIT", 0.4)
    monkeypatch.setattr(runs, "SLOW", 0.5)
    one = solved(tmp_path)
    path = one.folder / "test_tally.py"
    path.write_text(path.read_text().replace("def test_empty", "def later_empty"))
    yield one


USE = """        t = tally.Tally(); t.makeConnection(StringTransport()); t.dataReceived(b'\\n\\n')
"""


def test_slow_test_catches_nothing(stage: Stage) -> None:
    """A test that is slow on every program catches nothing by being slow on one with a bug; it is reported as slow."""
    add(stage, f"{HEAD}{USE}        time.sleep(0.6)\n")
    found = assess(stage)
    assert [kind.number for kind in found.survived] == [3]
    assert (found.empty, found.strict, found.unruly, found.failing) == ((), (), (), [])
    (slow,) = found.slow
    assert slow.test.endswith("test_bad")
    assert 0.6 <= slow.seconds < 2
    assert slow.runs == 1 + 2 + 1 + 2 + 4


def test_slow_test_that_checks_nothing(stage: Stage) -> None:
    """A test that takes long on code that was emptied out has not failed there."""
    add(stage, f"{HEAD}        time.sleep(0.6)\n")
    assert names(assess(stage).empty) == ["BadTests.test_bad"]


WAIT = USE + "        while t.transport.value() != b'1\\n2\\n': time.sleep(0.01)\n"


def test_out_of_time(stage: Stage) -> None:
    """A quick test that does not end on a program with a bug has noticed it."""
    add(stage, HEAD + WAIT)
    found = assess(stage)
    assert (found.survived, found.slow) == ((), ())


def test_out_of_time_though_it_is_slow(stage: Stage) -> None:
    """A slow one that does not end there has perhaps noticed nothing."""
    add(stage, f"{HEAD}        time.sleep(0.6)\n{WAIT}")
    found = assess(stage, limit=2)
    assert [kind.number for kind in found.survived] == [3]


def test_slow_test_that_fails(stage: Stage) -> None:
    """A slow test catches what it fails on."""
    add(
        stage,
        f"{HEAD}        time.sleep(0.6)\n{USE}        assert t.transport.value() == b'1\\n2\\n'\n",
    )
    found = assess(stage)
    assert (found.survived, len(found.slow)) == ((), 1)
    assert found.passed


def test_too_many_slow_tests(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slow tests for which no time is left are not run on mistakes, and that is reported; one is run in any case."""
    monkeypatch.setattr(runs, "SLOW", 0.2)
    monkeypatch.setattr("workshop.judge.mistakes.BUDGET", 0.01)
    slow = f"{USE}        time.sleep(0.25)\n"
    add(stage, f"{HEAD}{slow}\n    def test_worse(self):\n{slow}")
    found = assess(stage)
    assert [one.unrun for one in found.slow].count(True) == 1


@pytest.mark.parametrize(("when", "caught"), [("n == 0", False), ("n % 2 == 0", True)])
def test_that_fails_now_and_then(stage: Stage, tmp_path: Path, when: str, caught: bool) -> None:
    """A test that fails on a mistake once, and neither of two times after that, does not catch it, and is named."""
    body = f"""        n = int(os.stat({str(tmp_path)!r}).st_mtime)
        if not t.transport.value():
            os.utime({str(tmp_path)!r}, (0, n + 1))
            self.assertFalse({when})
"""
    # Only the mistake of kind 3 writes nothing: it alone counts on, whatever runs beside it.
    add(stage, HEAD + USE + body)
    os.utime(tmp_path, (0, 0))
    found = assess(stage)
    assert [kind.number for kind in found.survived] == ([] if caught else [3])
    assert names(found.wavering) == ([] if caught else ["BadTests.test_bad"])


def test_limits() -> None:
    """The limit grows with what a test takes, up to that of right answers; a timeout counts only for a quick one."""
    tests = Pace(10.0)
    for name, seconds in (("quick", 0.01), ("middle", 1.5), ("slow", 4.0)):
        tests.note([Said(name, "passed", seconds)])
        tests.note([Said(name, "passed", seconds / 2)])
    assert tests.limits(["quick", "middle", "slow"]) == {"quick": 3.0, "middle": 7.5, "slow": 10.0}
    assert [tests.notices(name) for name in ("quick", "middle", "slow")] == [True, True, False]
    assert [tests.is_slow(name) for name in ("quick", "middle", "slow")] == [False, False, True]
