"""Examples of what trial does: run one class at a time, as README.md says. Several of these tests are wrong on purpose.

trial does not run this file with the stage's tests, since its name does not begin with test_.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, inlineCallbacks, succeed
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase, TestCase


def later(text: str) -> Deferred[str]:
    """Return a text in a hundredth of a second, by the real clock."""
    from twisted.internet import reactor

    clock: Any = reactor
    return deferLater(clock, 0.01, lambda: text)


class Ways(TestCase):
    """Four ways to make trial wait."""

    def test_returned(self) -> Deferred[Any]:
        return later("A yew.").addCallback(self.assertEqual, "A yew.")

    async def test_awaited(self) -> None:
        self.assertEqual(await later("A yew."), "A yew.")

    @inlineCallbacks
    def test_yielded(self):  # type: ignore[no-untyped-def]
        text = yield later("A yew.")
        self.assertEqual(text, "A yew.")

    def test_failure(self) -> Deferred[Any]:
        return self.assertFailure(later("A yew.").addCallback(int), ValueError)


class Forgotten(TestCase):
    """A Deferred that fails while nobody waits for it."""

    def test_forgotten(self) -> None:
        succeed(3).addCallback(self.assertEqual, 5)


class Marked(TestCase):
    """Tests marked by an attribute."""

    def test_slow(self) -> Deferred[Any]:
        return Deferred()

    test_slow.timeout = 0.1  # type: ignore[attr-defined]

    def test_elsewhere(self) -> None:
        self.fail("This is not run.")

    test_elsewhere.skip = "needs a garden"  # type: ignore[attr-defined]

    def test_unfinished(self) -> None:
        self.assertEqual("a field", "a garden")

    test_unfinished.todo = "roses are not planted yet"  # type: ignore[attr-defined]


class Order(TestCase):
    """The order in which things are taken down."""

    def setUp(self) -> None:
        print("setUp")
        self.addCleanup(print, "first cleanup")
        self.addCleanup(print, "second cleanup")

    def test_order(self) -> None:
        print("test")

    def tearDown(self) -> None:
        print("tearDown")


class Logged(SynchronousTestCase):
    """An error in the log, which makes its test fail."""

    def test_logged(self) -> None:
        Logger().failure("No {flower} today.", Failure(OSError("it rains")), flower="rose")


class Red(SynchronousTestCase):
    """Two tests that fail."""

    def test_2_earlier_in_the_file(self) -> None:
        roses = 3
        self.assertEqual(roses, 5)

    def test_1_earlier_by_name(self) -> None:
        yews = 2
        self.assertEqual(yews, 7)
