"""The cause of a failure that nothing raised to the test: it was logged, left in a Deferred, never awaited, waited for.

It is reported where tests are given, and where the learner writes them, in words and as JSON.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from driving import ECHO, SOLVED, Learner
from test_assess import add, names, solved, unruly

from workshop.course import Stage
from workshop.judge.findings import Assessment
from workshop.judge.suite import assess
from workshop.report.explain import besides, failure_text
from workshop.report.suite_text import advice, as_data, describe_fault, steady_failure_text
from workshop.runner.result import Frame, Problem
from workshop.runner.result import TestResult as Said

SENDS = "        self.transport.write(data)\n"
TOP = "from twisted.internet.defer import Deferred\nfrom twisted.python import log\n"
# A cycle keeps what failed from being logged within the test; and so does a name in the module.
HELD = {
    "in a callback": "        self.d = Deferred()\n        self.d.addCallback({0})\n        self.d.callback(data)\n",
    "in a Deferred that nobody holds": "        Deferred().addCallback({0}).callback(data)\n",
    "in a Deferred of the module's": "        KEPT.append(Deferred().addCallback({0}))\n"
    "        KEPT[-1].callback(data)\n",
}
TYPE = "lambda data: self.transport.write(str(data))"


def told_twice(mini: Learner) -> tuple[str, str]:
    """What the tool says, as one line; and the message of --json."""
    outcome = mini.here("run", "1")
    assert [line for line in outcome.out.splitlines() if len(line) > 80] == []
    text = " ".join(outcome.all.split())
    fact: dict[str, Any] = json.loads(mini.here("run", "1", "--json").out)
    return text, " ".join(fact["message"].split())


@pytest.mark.parametrize("how", HELD)
def test_an_error_in_a_callback(mini: Learner, how: str) -> None:
    """A TypeError that no errback took is reported with the assertion that failed by it, and its line is the one to edit."""
    mini.write(TOP + "KEPT = []\n" + SOLVED.replace(SENDS, HELD[how].format(TYPE)))
    line = 1 + mini.path(ECHO).read_text().splitlines().index(
        next(x for x in mini.path(ECHO).read_text().splitlines() if TYPE in x)
    )
    for text in told_twice(mini):
        assert "back, came b''. And, at echo.py, line" in text, text
        assert f"line {line}, in a Deferred that ha" in text, text
        assert text.count("str and bytes were mixed (TypeError: Data must be bytes)") == 1, text
    assert f"Edit {ECHO}, line {line} " in told_twice(mini)[0]


@pytest.mark.parametrize(
    ("old", "new", "name", "line"),
    [
        (
            "    def dataReceived",
            "    async def dataReceived",
            "Echo.dataReceived",
            "async def data",
        ),
        (
            SENDS,
            "        self.send(data)\n\n    async def send(self, data):\n" + SENDS,
            "Echo.send",
            "        self.send(data)",
        ),
        (
            SENDS,
            "        self.held = self.send(data)\n\n    async def send(self, data):\n" + SENDS,
            "Echo.send",
            "async def send",
        ),
    ],
)
def test_what_is_never_awaited(mini: Learner, old: str, new: str, name: str, line: str) -> None:
    """An async def where a plain method is called, or that its caller does not await, is named, and where it
    stands, or is called, is the place to edit."""
    mini.write(SOLVED.replace(old, new, 1))
    lines = mini.path(ECHO).read_text().splitlines()
    here = next(n for n, text in enumerate(lines, 1) if line in text)
    for text in told_twice(mini):
        assert "back, came b''. And:" in text, text
        assert text.count(f"{name} never ran: it is async, and what calls it does not") == 1, text
    assert f"Edit {ECHO}, line {here} " in told_twice(mini)[0]


@pytest.mark.parametrize("logs", ["log.err()", "Logger().failure('no')"])
def test_an_error_that_was_logged(mini: Learner, logs: str) -> None:
    """An error that only the log has is reported as such: nothing raised it."""
    logged = f"        try:\n            1 / 0\n        except Exception:\n            {logs}\n"
    top = f"from twisted.logger import Logger\n{TOP}"
    mini.write(top + SOLVED.replace(SENDS, SENDS + logged))
    for text in told_twice(mini):
        assert "ZeroDivisionError: division by zero It was logged; nothing raised it" in text, text
        assert "flushLoggedErrors" not in text, "The test is given: nobody may edit it."


def test_a_call_on_the_real_reactors_clock(mini: Learner) -> None:
    """A call of the real reactor, which waits in vain for a test that does not run it, is named; so is the import."""
    waits = "        reactor.callLater(60, self.transport.write, data)\n"
    mini.write(f"from twisted.internet import reactor\n{SOLVED.replace(SENDS, waits)}")
    for text in told_twice(mini):
        assert "back, came b''. And: the call of" in text, text
        assert "Transport.write is on the real reactor's clock, not on the clock" in text, text
    assert f"Edit {ECHO}, line 1 " in told_twice(mini)[0]


def test_the_real_reactors_clock_in_twisted(mini: Learner) -> None:
    """A LoopingCall that was given no clock, and a timeout, are named by what they are; another test's call is not."""
    top = "from twisted.internet.defer import Deferred\nfrom twisted.internet.task import LoopingCall\n"
    for made, name in (
        ("LoopingCall(print).start(60)", "LoopingCall"),
        (
            "Deferred().addTimeout(60, __import__('twisted.internet.reactor').internet.reactor)",
            "Deferred.addTimeout",
        ),
    ):
        mini.write(top + SOLVED.replace(SENDS, f"        self.held = {made}\n"))
        for text in told_twice(mini):
            assert f"And: the call of {name} is on the real reactor's clock" in text, text
    mini.write(
        top
        + SOLVED.replace(
            "        if data.ends", "        LoopingCall(print).start(60)\n        if data.ends"
        ).replace("self.transport.lose", "self.lose")
    )
    assert mini.here("run", "1").out.count("real reactor") == 1


def test_nothing_besides_where_it_is_handled(mini: Learner) -> None:
    """Of an error that an errback took, and of what an earlier test left, nothing is said."""
    handled = (
        "        Deferred().addCallback(lambda _: 1 / 0).addErrback(lambda _: None).callback(0)\n"
    )
    mini.write(TOP + SOLVED.replace(SENDS, handled))
    for text in told_twice(mini):
        assert "back, came b''." in text and "And" not in text, text


def test_where_the_learners_code_waits(mini: Learner) -> None:
    """Of a test that never ended, the await that never did is the line to edit."""
    later = (
        "    return Deferred.fromCoroutine(wait())\n\n\nasync def wait():\n    await Deferred()\n"
    )
    start = SOLVED.index("    return deferLater")
    mini.write(TOP + SOLVED[:start] + later)
    line = mini.path(ECHO).read_text().splitlines().index("    await Deferred()") + 1
    text = " ".join(mini.here("run", "1", limit=1).all.split())
    assert f"{ECHO}, line {line}: nothing came for 1 s in test_later: a Deferred that" in text, text
    text = " ".join(mini.here("run", "1").all.split())
    assert f"never fired. It waits in echo.py, line {line}. Edit {ECHO}, line {line} " in text, text


def test_the_reactor_run_by_a_learners_code(mini: Learner) -> None:
    """reactor.run and reactor.stop in a callback's reach: that is reported, and not what came of it."""
    runs = "    reactor.callLater(0, reactor.stop)\n    reactor.run()\n"
    mini.write(SOLVED.replace("    return deferLater", f"{runs}    return deferLater"))
    line = mini.path(ECHO).read_text().splitlines().index("    reactor.run()") + 1
    for text in told_twice(mini):
        assert f"{ECHO}, line {line}: the reactor was run in test_later: trial runs it" in text


# Where the learner writes the tests


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A stage whose tests the learner writes, solved."""
    return solved(tmp_path)


USE = "        t = tally.Tally(); t.makeConnection(StringTransport()); t.dataReceived(b'')\n"
SYNC = "class BadTests(SynchronousTestCase):\n"
ASYNC = (
    "from twisted.internet.defer import Deferred, inlineCallbacks\n"
    "from twisted.trial.unittest import TestCase\nclass BadTests(TestCase):\n"
)


def line_of(stage: Stage, text: str) -> int:
    """The line of the tests that has this text."""
    lines = (stage.folder / "test_tally.py").read_text().splitlines()
    return next(n for n, line in enumerate(lines, 1) if text in line)


def failing(found: Assessment) -> str:
    """What is said of the one test that fails; and that --json says the same."""
    assert names(found.failing) == ["BadTests.test_bad"], found
    reported = steady_failure_text(found.failing[0])
    data = as_data(found, {}, 10)
    assert reported in [test["message"] for test in data["tests"]]
    assert reported in data["message"]
    return reported


CASES = {
    "an error in a callback": (
        ASYNC,
        "        self.d = Deferred().addCallback(lambda _: 'a' + b'a')\n        self.d.callback(0)\n",
        "And, at test_tally.py, line {line}, in a Deferred that has no errback for it: TypeError: ",
        "addCallback",
    ),
    "assertFailure that is not waited for": (
        ASYNC,
        "        self.d = Deferred()\n        self.assertFailure(self.d, ValueError)\n"
        "        self.d.callback(1)\n",
        "in a Deferred that the test does not wait for: did not catch an error, instead got 1",
        "self.d",
    ),
    "a helper that is never awaited": (
        SYNC + "    async def helper(self): pass\n",
        "        self.helper()\n",
        "And: BadTests.helper never ran: it is async, and what calls it does not await it.",
        "helper",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_causes_in_ones_own_tests(stage: Stage, case: str) -> None:
    """The assertion, and after it the cause, with its line."""
    top, body, expected, at = CASES[case]
    head = "    def test_bad(self):\n"
    add(stage, f"{top}{head}{USE}{body}        self.assertEqual(t.transport.value(), b'x')\n")
    reported = failing(assess(stage))
    assert reported.startswith("b'' != b'x'\nAnd"), reported
    assert expected.format(line=line_of(stage, at)) in reported, reported
    assert reported.count("\n") == 1, reported


def test_a_logged_error_may_be_expected(stage: Stage) -> None:
    """If the learner writes the test, it is reported how the test takes a logged error."""
    logs = "        from twisted.python import log; log.err(ValueError('x'))\n"
    add(stage, f"{SYNC}    def test_bad(self):\n{USE}{logs}")
    assert failing(assess(stage)) == (
        "ValueError: x\nIt was logged; nothing raised it to the test.\n"
        "If the test expects it: self.flushLoggedErrors(ValueError)."
    )
    path = stage.folder / "test_tally.py"
    path.write_text(
        path.read_text().replace(logs, f"{logs}        self.flushLoggedErrors(ValueError)\n")
    )
    assert assess(stage).failing == []


def test_a_generator_is_no_test(stage: Stage) -> None:
    """A yield without inlineCallbacks is reported in plain words."""
    add(stage, f"{ASYNC}    def test_bad(self):\n{USE}        yield t\n")
    assert failing(assess(stage)).startswith("test_bad has a yield, so it is a generator, and none")


@pytest.mark.parametrize(
    ("body", "kind", "says", "at", "mend"),
    [
        (
            "    async def test_bad(self):\n{use}        await Deferred()\n",
            "silent",
            "did not",
            "await",
            "Clock",
        ),
        (
            "    async def test_bad(self):\n{use}        await self.helper()\n"
            "    async def helper(self):\n        return await Deferred()\n",
            "silent",
            "did not end in 1 s",
            "await self.helper",
            "Clock",
        ),
        (
            "    @inlineCallbacks\n    def test_bad(self):\n{use}        yield Deferred()\n",
            "silent",
            "did not end in 1 s",
            "yield Deferred",
            "Clock",
        ),
        (
            "    def test_bad(self):\n{use}        time.sleep(9)\n",
            "silent",
            "did not",
            "sleep",
            "time.sleep",
        ),
        (
            "    def test_bad(self):\n{use}        from twisted.internet import reactor\n"
            "        reactor.callLater(0, reactor.stop)\n        reactor.run()\n",
            "ran",
            "runs the reactor itself, which is trial's to run",
            "reactor.run()",
            "await",
        ),
    ],
)
def test_where_it_waits(stage: Stage, body: str, kind: str, says: str, at: str, mend: str) -> None:
    """Of a test that does not end, and of one that runs the reactor, the line is reported, and what to do."""
    add(stage, ASYNC + body.format(use=USE))
    found = assess(stage, limit=1)
    assert unruly(found) == {"BadTests.test_bad": kind}, found
    reported = describe_fault(found.unruly[0], 1)
    assert reported.startswith(says), reported
    assert f"test_tally.py, line {line_of(stage, at)})" in reported, reported
    assert mend in advice(found.unruly[0])


def test_a_reactor_of_ones_own(stage: Stage) -> None:
    """A test may make a reactor and run it, and use it instead of the one that trial runs until it is over."""
    own = (
        "        from twisted.internet import reactor\n"
        "        from twisted.internet.selectreactor import SelectReactor\n"
        "        mine = SelectReactor()\n        sys.modules['twisted.internet.reactor'] = mine\n"
        "        mine.callWhenRunning(mine.stop)\n        mine.run()\n"
        "        sys.modules['twisted.internet.reactor'] = reactor\n"
    )
    check = "        self.assertEqual(t.lines, 0)\n"
    for head in (SYNC, ASYNC):
        before = (stage.folder / "test_tally.py").read_text()
        add(stage, f"{head}    def test_bad(self):\n{USE}{own}{check}")
        found = assess(stage)
        assert (unruly(found), found.failing) == ({}, []), found
        (stage.folder / "test_tally.py").write_text(before)


def test_what_was_logged_while_it_waited(stage: Stage) -> None:
    """A sys.exit in a callback is logged by the reactor, and the test waits on: both are reported."""
    waits = "        from twisted.internet import reactor\n        reactor.callLater(0, sys.exit)\n"
    add(stage, f"{ASYNC}    def test_bad(self):\n{USE}{waits}        return Deferred()\n")
    (one,) = assess(stage, limit=1).unruly
    assert "And, logged: The code calls sys.exit or exit" in describe_fault(one, 1)


def test_the_cause_in_a_right_answers_refusal(stage: Stage) -> None:
    """A test that asks too much is reported with what was logged meanwhile too."""
    body = (
        f"{SYNC}    def test_bad(self):\n{USE}        from twisted.protocols.basic import LineReceiver\n"
        "        from twisted.python import log\n"
        "        if isinstance(t, LineReceiver): log.err(ValueError('x'))\n"
    )
    add(stage, body)
    (one,) = assess(stage).strict
    assert "It was logged" in steady_failure_text(one.result)


# What is reported for several things


def test_a_few_lines_at_most() -> None:
    """Of many things that happened besides, two; what is of the course's files first; none twice, none without end."""
    here = (Frame("/elsewhere/x.py", 1, "f"), Frame(ECHO, 7, "f"))
    main = Problem("FailTest", "no")
    others = [Problem("ValueError", "a" * 1000, (), "pending")] * 3
    others += [Problem("KeyError", "'b'", here, "logged"), main]
    told_ = failure_text(
        Said("a.B.c", "failed", 0, (main, *others[3:]), tuple(others[:3]))
    ).splitlines()
    assert told_[:2] == ["no", "And, at echo.py, line 7, logged: KeyError: 'b'"]
    assert told_[2].startswith("And, in a Deferred that has no errback for it: ValueError: aaa")
    assert len(told_) == 3 and len(told_[2]) < 400
    earlier = Problem("ValueError", "x", here, "earlier")
    assert besides([earlier]) == [
        "And, at echo.py, line 7, logged for an earlier test: ValueError: x"
    ]
    assert "an earlier test's Deferred failed" in failure_text(
        Said("a.B.c", "failed", 0, (earlier,))
    )
