"""What is said of tests that race, that fail and leave something behind, or that wait for ever."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from test_assess import DEEDS, HEAD, add, names, solved, unruly

from workshop.course import Stage
from workshop.judge.suite import assess
from workshop.report.suite_text import advice, describe_fault, in_test, steady_failure_text


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A stage whose tests the learner writes, solved."""
    return solved(tmp_path)


# The number of runs before this one, kept where the judge does not look; only some of them count.
RACE = """        n = int(os.stat({0}).st_mtime)
        if {1}: os.utime({0}, (0, n + 1))
"""
# As many others have run in this process as MANY has entries.
COUNTED = """made = TallyTests.answers
def answers(*what):
    MANY.append(1)
    return made(*what)
TallyTests.answers = answers
"""
USE = "        t = tally.Tally(); t.makeConnection(StringTransport()); t.dataReceived(b'')\n"


@pytest.mark.parametrize("where", ["alone", "on a right answer", "together with others"])
def test_race(stage: Stage, tmp_path: Path, where: str) -> None:
    """A test that passes or fails with nothing changed is reported so, with its line: no order is blamed, no strictness."""
    top = "from twisted.protocols.basic import LineReceiver\nMANY = []\n"
    fail, only, each = {
        # Not in its first run, nor in the one that is first in an order.
        "alone": ("self.assertFalse(not MANY and n in (1, 2))", "not MANY", COUNTED),
        "on a right answer": (
            "self.assertFalse(isinstance(t, LineReceiver) and n % 2 == 0)",
            "isinstance(t, LineReceiver)",
            "",
        ),
        "together with others": (
            "self.assertFalse(MANY and n % 2 == 0)",
            "MANY",
            COUNTED,
        ),
    }[where]
    counter = RACE.format(repr(str(tmp_path)), only)
    add(stage, f"{top}{each}{HEAD}{USE}{counter}        {fail}\n")
    os.utime(tmp_path, (0, 0))
    found = assess(stage)
    assert unruly(found) == {"BadTests.test_bad": "races"}, found
    text = (stage.folder / "test_tally.py").read_text()
    line = text.splitlines().index(f"        {fail}") + 1
    assert describe_fault(found.unruly[0], 10) == (
        "passes on some runs and fails on others: it depends on the order in which things happen"
        f" (exercises/stage1_tally/test_tally.py, line {line})"
    )
    assert (found.failing, found.empty, found.strict, found.survived) == ([], (), (), ())


def test_failing_and_leaving(stage: Stage) -> None:
    """If a test has failed, that is reported, and not what it has left."""
    if sys.platform == "win32":
        pytest.skip("not told on Windows")
    add(stage, DEEDS["sockets"] + "        self.fail('and more')\n")
    found = assess(stage)
    assert unruly(found) == {}
    assert names(found.failing) == ["BadTests.test_bad"]


def test_said_once(stage: Stage) -> None:
    """What a test says twice is reported once; and where that was not in the test itself, its line is known all the same."""
    add(
        stage,
        "from twisted.python import log\nclass Inner:\n    def inner(self, test):\n        try:\n"
        "            test.assertEqual(1, 2)\n        except Exception:\n            log.err()\n\n"
        f"{HEAD}        import twisted.internet.task as task\n        clock = task.Clock()\n"
        "        Inner().inner(self)\n        Inner().inner(self)\n",
    )
    (failing,) = assess(stage).failing
    assert steady_failure_text(failing) == "1 != 2"
    text = (stage.folder / "test_tally.py").read_text()
    line = text.splitlines().index("            test.assertEqual(1, 2)") + 1
    assert in_test(failing.target, failing.problems[0].frames).endswith(
        f"test_tally.py, line {line}"
    )


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (
            HEAD
            + "        threading.Lock().acquire(); k = threading.Lock(); k.acquire(); k.acquire()\n",
            "A lock",
        ),
        (
            "from twisted.internet.defer import Deferred\nfrom twisted.trial.unittest import TestCase\n"
            + HEAD.replace("SynchronousTestCase", "TestCase")
            + "        return Deferred()\n",
            "A Deferred",
        ),
    ],
)
def test_what_it_waits_for(stage: Stage, body: str, what: str) -> None:
    """Of a test that does not end, the remedy speaks of what it waits for: in the reactor, or elsewhere."""
    add(stage, body)
    (one,) = assess(stage, limit=1).unruly
    assert one.kind == "silent"
    assert what in advice(one)
