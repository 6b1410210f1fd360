"""The picture of what trial does around one test: recorded from a real run of it, and drawn as it was recorded."""

from __future__ import annotations

import unittest
from xml.etree import ElementTree

import pytest
from test_notebook import Execute, client, error, execute  # noqa: F401

from workshop.notebook import cell
from workshop.notebook.around import HEADS, drawn
from workshop.notebook.around_steps import GOES_ON, LOOKS, TURN, VERDICT, WAITS, YOURS, Step, record
from workshop.pictures.base import LATE

HEAD = """
from twisted.internet import reactor
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.protocol import Factory
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.trial.unittest import SkipTest, SynchronousTestCase, TestCase


"""
PARTS = """class Parts(TestCase):
    def setUp(self):
        self.addCleanup(self.first)
        self.addCleanup(self.second)

    async def test_parts(self):
        await deferLater(reactor, 0)

    def first(self):
        return deferLater(reactor, 0)

    def second(self):
        pass

    def tearDown(self):
        pass
"""
# What trial does after each test, where nothing is left: before its verdict, and after it.
TURNS = Step(TURN, "two short turns", [])
CALLS, ERRORS, PORTS = (
    Step(LOOKS, what, []) for what in ("delayed calls", "logged errors", "ports, connections")
)
WAIT, RESULT = Step(WAITS, "waits for its Deferred", []), Step(GOES_ON, "it has its result", [])
AFTER = [TURNS, CALLS, ERRORS]
OK = Step(VERDICT, "[OK]", [])
LAST = [PORTS, TURNS, CALLS]


def yours(what: str, *found: str) -> Step:
    """A step of the test's own code."""
    return Step(YOURS, what, list(found))


def one(line: str, kind: str = "TestCase", word: str = "def") -> list[Step]:
    """What happens around a test of one line."""
    return record(f"{HEAD}class One({kind}):\n    {word} test_one(self):\n        {line}\n")


def test_all_parts() -> None:
    """Cleanups come in reverse, before tearDown; the reactor runs where there is something to wait for; then trial looks."""
    assert record(HEAD + PARTS) == [
        yours("setUp"),
        *[yours("test_parts"), WAIT, RESULT],
        yours("cleanup 2: second"),
        *[yours("cleanup 1: first"), WAIT, RESULT],
        yours("tearDown"),
        *[*AFTER, OK, *LAST],
    ]


@pytest.mark.skipif(cell.WARM is None, reason="there is one way only")
def test_cold(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that begins from nothing, as on Windows, notes the same."""
    steps = record(HEAD + PARTS)
    run = cell.run
    monkeypatch.setattr(cell, "run", lambda source: run(source, warm=None))
    assert record(HEAD + PARTS) == steps


def test_notes_nothing_else() -> None:
    """What a test prints is no step, and what has a result at once is not waited for."""
    line = "print('x'); return succeed(3)"
    assert one(line) == [yours("test_one"), *AFTER, OK, *LAST]


def test_left() -> None:
    """What is left is named where trial finds it, also the second time; an [OK] may come before it."""
    steps = one("reactor.callLater(9, print); Logger().failure('x', Failure(OSError('y')))")
    found = [(step.what, step.found) for step in steps if step.kind in (LOOKS, VERDICT)]
    assert found == [
        ("delayed calls", ["print"]),
        ("[ERROR]", []),
        ("logged errors", ["OSError"]),
        ("[ERROR]", []),
        ("ports, connections", []),
        ("delayed calls", []),
    ]
    steps = one("reactor.listenTCP(0, Factory(), interface='127.0.0.1')")
    assert steps[-5:] == [
        OK,
        Step(LOOKS, "ports, connections", ["Port"]),
        TURNS,
        CALLS,
        Step(VERDICT, "[ERROR]", []),
    ]


def test_flushed() -> None:
    """An error that the test takes out of the log is not found there."""
    steps = one("Logger().failure('x', Failure(OSError('y'))); self.flushLoggedErrors(OSError)")
    assert steps == [yours("test_one"), yours("flushLoggedErrors", "takes 1"), *AFTER, OK, *LAST]


def test_failures() -> None:
    """A failure is named where trial hears of it: raised, in a Deferred that has failed, or in one that fails later."""
    fails = Step(VERDICT, "[FAIL]", [])
    raised = one("self.fail('x')")
    assert raised == [yours("test_one", "raises FailTest"), fails, *AFTER, *LAST]
    failed = one("return fail(KeyError('x'))")
    error_ = Step(VERDICT, "[ERROR]", [])
    assert failed == [yours("test_one", "fails: KeyError"), error_, *AFTER, *LAST]
    later = one("return deferLater(reactor, 0).addCallback(self.fail)")
    hears = Step(GOES_ON, "it fails: FailTest", [])
    assert later == [yours("test_one"), WAIT, hears, fails, *AFTER, *LAST]


def test_skipped() -> None:
    """A test that is skipped says so."""
    assert Step(VERDICT, "[SKIPPED]", []) in one("raise SkipTest('x')")


@pytest.mark.parametrize("word, kind", [("async def", "coroutine"), ("def", "Deferred")])
def test_synchronous(word: str, kind: str) -> None:
    """A SynchronousTestCase waits for nothing, and says nothing of what it throws away."""
    steps = one("return Deferred()", "SynchronousTestCase", word)
    assert steps == [yours("test_one", f"its {kind} is ignored"), ERRORS, OK]


def test_generator() -> None:
    """A test that is a generator is refused by trial, as it is without the notes."""
    assert one("yield 1")[0] == Step(VERDICT, "[ERROR]", [])


def test_one_test_only() -> None:
    """No test, and two of them, are refused in words."""
    with pytest.raises(cell.CellTrouble, match="found no test"):
        record("x = 1\n")
    two = PARTS + "\n    def test_more(self):\n        pass\n"
    with pytest.raises(ValueError, match="one test, and not 2"):
        record(HEAD + two)


def test_drawn() -> None:
    """The same steps give the same bytes, which are well-formed; the words say each step, and are in the picture too."""
    steps = record(HEAD + PARTS)
    picture = drawn(steps, "A <title>")
    assert drawn(steps, "A <title>").svg == picture.svg
    title, *lines = picture.text.splitlines()
    assert title == "A <title>" and len(lines) == len(steps)
    assert lines[:3] == [
        "1. The test's own code: setUp.",
        "2. The test's own code: test_parts.",
        "3. trial: waits for its Deferred.",
    ]
    assert lines[-1] == "16. trial looks for delayed calls: none."
    words = " ".join(text for text in ElementTree.fromstring(picture.svg).itertext())
    for step in steps:
        assert step.what in words
    assert " ".join(lines) in words


def test_drawn_changed() -> None:
    """Each change of a step changes the picture and its words; what is wrong is shown by more than a colour."""
    steps = [yours("test_one"), CALLS, OK]
    picture = drawn(steps, "x")
    left = drawn([steps[0], Step(LOOKS, "delayed calls", ["print"]), OK], "x")
    assert "trial looks for delayed calls: print." in left.text
    assert "left: print" in left.svg and "none" not in left.svg
    for sign in ("stroke-dasharray", f'stroke="{LATE}"'):
        assert sign in left.svg and sign not in picture.svg
    turned = drawn([steps[0], CALLS, Step(VERDICT, "[FAIL]", [])], "x")
    assert "stroke-dasharray" in turned.svg
    assert len({picture.svg, left.svg, turned.svg, drawn(steps[::-1], "x").svg}) == 4


def test_long_name() -> None:
    """A name that is too long for its box is cut in the drawing, and whole in the words."""
    name = "test_" + "x" * 40
    picture = drawn([yours(name)], "x")
    assert f">{name[:20]}...<" in picture.svg and f"{name}." in picture.text


def test_what_came_of_it() -> None:
    """What came of a step is in the column of that name, and no box or bar reaches into it."""
    steps = [
        yours("test_one", "its coroutine is ignored"),
        WAIT,
        RESULT,
        TURNS,
        Step(LOOKS, "delayed calls", ["print"]),
        PORTS,
    ]
    svg = ElementTree.fromstring(drawn(steps, "x").svg)
    begin, wide = HEADS["what came of it"]
    space = "{http://www.w3.org/2000/svg}"
    words = {one.text or "": float(one.get("x", 0)) for one in svg.iter(f"{space}text")}
    for found in ("what came of it", "its coroutine is ignored", "left: print", "none"):
        assert words[found] == begin
    for box in svg.iter(f"{space}rect"):
        if box.get("stroke") or box.get("rx") == "4":
            left = float(box.get("x", 0))
            assert left + float(box.get("width", 0)) <= begin or left >= begin + wide


def test_reactor_bar() -> None:
    """The reactor's bar goes from the row where trial begins to wait to that where it goes on."""
    short, long = (
        drawn([yours("a"), WAIT, *between, RESULT], "x").svg for between in ([], [yours("b")])
    )
    bars = [
        float(box.get("height", 0))
        for svg in (short, long)
        for box in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}rect")
        if box.get("stroke-width") == "3"
    ]
    assert bars == [52.0, 82.0]


def test_magic(execute: Execute) -> None:  # noqa: F811
    """%%around shows the picture with its title; of what is no test it says so, and the kernel goes on."""
    load = "%load_ext workshop.notebook.around"
    shown, plain, none = execute(
        load,
        f"%%around A title\n{HEAD}{PARTS}",
        f"%%around\n{HEAD}{PARTS}",
        "%%around\n1",
    )[1:]
    (output,) = shown.outputs
    assert output.data["image/svg+xml"].startswith("<svg")
    assert output.data["text/plain"].startswith("A title\n1. The test's own code: setUp.\n")
    assert plain.outputs[0].data["text/plain"].startswith("What trial does around one test\n")
    assert "trial found no test in this cell." in error(none)


def test_standard_library() -> None:
    """The lecture's claim: the standard library calls tearDown first, then the cleanups."""
    calls = []

    class Order(unittest.TestCase):
        def setUp(self) -> None:
            self.addCleanup(calls.append, "cleanup")

        def tearDown(self) -> None:
            calls.append("tearDown")

        def runTest(self) -> None:
            pass

    Order().run(unittest.TestResult())
    assert calls == ["tearDown", "cleanup"]
