"""exercises/yours.py, which runs a learner's tests on right and on wrong programs: what it makes of tests of every kind."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from workshop.course import load
from workshop.course.solutions import answer
from workshop.judge.steps import Verdict, by_step, targets
from workshop.report.explain import failure_text
from workshop.runner.worker import Case, Worker, imports_of

STAGE = load(Path(__file__).resolve().parent.parent).stage("stage2_poetry")
"""Its step 4 judges the class Chunks of test_yours.py."""

HEAD = """
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase, TestCase
from ..wire import every_chunking
from . import client

TEXT = "é, 𝄽"

class Traced(client.PoemProtocol):
    pass

def text(chunks):
    protocol = Traced()
    for chunk in chunks:
        protocol.dataReceived(chunk)
    protocol.connectionLost(Failure(ConnectionDone()))
    return protocol.poem
"""
GOOD = """
class Chunks(TestCase):
    async def test_any(self):
        for chunks in every_chunking(TEXT.encode()):
            self.assertEqual(await text(chunks), TEXT)
    def test_two(self):
        one, other = Traced(), Traced()
        for protocol in one, other:
            protocol.makeConnection(None)
        one.dataReceived(b"1")
        other.dataReceived(b"2")
        one.connectionLost(Failure(ConnectionDone()))
        other.connectionLost(Failure(ConnectionDone()))
        self.assertEqual((self.successResultOf(one.poem), self.successResultOf(other.poem)), ("1", "2"))
"""


def verdict(text: str, step: int = 4) -> Verdict:
    """What step 4 makes of these tests, or another step."""
    files = {**answer(STAGE), "test_yours.py": HEAD + text}
    steps = [one for one in STAGE.steps if one.number == step]
    with Worker(imports_of(STAGE), 10) as worker:
        case = Case("", files, tuple(targets(STAGE, steps)), stop=False)
        return by_step(STAGE, worker.run(STAGE, case), steps)


def messages(text: str, step: int = 4) -> dict[str, str]:
    """The failures of a step's tests, by name."""
    first = verdict(text, step).first_failure
    failed = first.failed if first else []
    return {test.target.rpartition(".")[2]: failure_text(test) for test in failed}


def test_any_style() -> None:
    """Coroutines, another kind of TestCase, and a subclass of the program that is made when the file is imported."""
    assert messages(GOOD) == {}


@pytest.mark.parametrize(
    "text",
    [
        "class Chunks(TestCase):\n    pass\n",
        "class Chunks(TestCase):\n    def check(self):\n        pass\n",
        "class Chunks(TestCase):\n    def test_a(self):\n        self.skipTest('later')\n",
    ],
)
def test_no_test(text: str) -> None:
    """Nothing that runs."""
    assert "to have a test that runs; it has none" in messages(text)["test_right"]


def test_another_name() -> None:
    """The class was renamed."""
    text = messages(GOOD.replace("class Chunks", "class Mine"))["test_right"]
    assert "has no attribute 'Chunks'" in text or "no class Chunks" in text, text


def test_asserts_nothing() -> None:
    """A test that cannot fail is noticed, though another test does all the work."""
    found = messages(GOOD + "    def test_three(self):\n        text([b'abc'])\n")
    assert [*found] == ["test_each"] and "your test_three" in found["test_each"], found


def test_too_strict() -> None:
    """A test that looks into the given code fails on a right answer; the message says which test, and why."""
    more = """
    def test_list(self):
        protocol = Traced()
        protocol.dataReceived(b"x")
        self.assertEqual(protocol._chunks, [b"x"])
"""
    found = messages(GOOD + more)["test_right"]
    assert "Your test_list fails with a client that keeps the bytes in a bytearray" in found, found


def test_never_ends() -> None:
    """A test that waits for ever costs two seconds for each program, and fails on the given code."""
    began = time.monotonic()
    found = messages("class Chunks(TestCase):\n    def test_a(self):\n        return Deferred()\n")
    assert "Your test_a fails with the given code" in found["test_right"], found
    assert time.monotonic() - began < 60


STOP = """
import gc
from twisted.internet.defer import fail
from . import server

class Port:
    def __init__(self, result):
        self.result, self.calls = result, 0
    def stopListening(self):
        self.calls += 1
        return self.result

class Stop(SynchronousTestCase):
    def setUp(self):
        gc.disable()
        if server.stop_serving.__module__ == server.__name__:  # the given code, which is right
            gc.collect()
    def test_failure(self):
        port = Port(fail(OSError("no")))
        self.failureResultOf(server.stop_serving(port), OSError)
        self.assertEqual(port.calls, 1)
    def test_none(self):
        self.assertIsNone(self.successResultOf(server.stop_serving(Port(None))))
    def test_waits(self):
        closing = Deferred()
        stopping = server.stop_serving(Port(closing))
        self.assertNoResult(stopping)
        closing.callback("closed")
        self.assertIsNone(self.successResultOf(stopping))
"""


def test_failures_left_by_wrong_programs() -> None:
    """A failure that a wrong program leaves in a Deferred is not logged in the learner's next test, which may be right."""
    assert messages(STOP, 11) == {}


def test_never_awaited() -> None:
    """An async test of a SynchronousTestCase would never run."""
    found = messages(GOOD.replace("class Chunks(TestCase)", "class Chunks(SynchronousTestCase)"))
    assert "Your test_any is async, and a SynchronousTestCase never runs it" in found["test_right"]


def test_mistake_left() -> None:
    """A mistake that was made on purpose in the given code, and left there, is asked for."""
    wrong = GOOD.replace("TEXT)", "TEXT + '!')")
    assert "Or is a mistake of yours left in that code?" in messages(wrong)["test_right"]
