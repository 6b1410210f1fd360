"""Tests of the cache. As provided they all pass, and none would notice the mistake it is meant to catch."""

from __future__ import annotations

import time
from typing import Any

from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase, TestCase

from .cache import Cache
from .source import Source


class Base(SynchronousTestCase):
    """A cache, its source and its clock, all controlled by the test.

    It keeps a text for 60 seconds, and gives up a fetch after 10, as it does by default.

    got: the result of the get that a test is about.
    """

    def setUp(self) -> None:
        self.source = Source()
        self.clock = Clock()
        self.cache = Cache(self.source.fetch, self.clock)
        self.got: Deferred[str] = Deferred()
        self.addCleanup(self.forgive)

    def forgive(self) -> None:
        """Remove the errors of a fetch that a test leaves in the log if it does not ask for them.

        trial fails a test if an error logged during it stays in the log. The failure of a Deferred that nobody handles
        is logged as well, when the Deferred is collected: perhaps during another test.
        """
        self.flushLoggedErrors(KeyError, OSError, TimeoutError)
        self.got.addErrback(lambda reason: reason.trap(KeyError, OSError, TimeoutError))


class Eventually(Base, TestCase):
    """Tests that return a Deferred for trial to wait for."""

    # Here everything happens at once: a result that is not there by then never comes.
    timeout = 0.2

    # Number 1
    def test_gives(self) -> None:
        """get returns the text that was fetched, with its whitespace unchanged."""
        self.got = self.cache.get("rose")
        self.source.answer("  A rose.\n")
        self.got.addCallback(self.assertEqual, "  A rose.\n")

    # Number 2
    async def test_shared(self) -> None:
        """A get of a name that is being fetched begins no other fetch; both get its result."""
        self.got = self.cache.get("rose")
        second = self.cache.get("rose")
        self.source.answer("A rose.")
        self.check_shared(self.got, second)

    async def check_shared(self, *gots: Deferred[str]) -> None:
        texts = [await got for got in gots]
        self.assertEqual(texts, ["A rose."] * len(gots))
        self.assertEqual(self.source.asked, ["rose"])

    # Number 3
    async def test_too_slow(self) -> None:
        """If the fetch takes too long, get fails with twisted.internet.defer.TimeoutError."""
        self.got = self.cache.get("rose")
        self.clock.advance(10.0)
        self.assertFailure(self.got, TimeoutError)

    # Number 4
    def test_missing(self) -> Deferred[Any]:
        """If there is no such text, get fails with the fetch's own KeyError."""
        self.got = self.cache.get("rose")
        self.source.fail(KeyError("rose"))
        self.got.addCallback(lambda text: self.fail(f"Expected a failure; got {text!r}."))
        return self.got.addErrback(lambda reason: None)

    # Number 5
    def test_all_hear(self) -> Deferred[Any]:
        """If two wait for a fetch that fails, the second gets the failure too: nobody waits for ever."""
        self.got = self.cache.get("rose")
        second = self.cache.get("rose")
        self.source.fail(OSError("no roses"))
        return second.addErrback(lambda reason: "it failed, as it should")


class Immediately(Base):
    """Tests that are over when their method returns: trial waits for nothing here."""

    # Number 6
    async def test_kept(self) -> None:
        """A text that came less than keep seconds ago is returned again, with no other fetch."""
        self.got = self.cache.get("rose")
        self.source.answer("A rose.")
        self.clock.advance(59.75)
        text = await self.cache.get("rose")
        self.assertEqual(text, "A rose.")
        self.assertEqual(self.source.asked, ["rose"])

    # Number 7
    def test_failure_not_kept(self) -> None:
        """A failure is not kept: the next get begins another fetch, and gives its result."""
        self.got = self.cache.get("rose")
        self.source.fail(OSError("no roses"))
        again = self.cache.get("rose")
        again.addCallback(self.assertEqual, "A rose.")

    # Number 8
    def test_too_old(self) -> None:
        """A text that came keep seconds ago is not returned again: get waits for another fetch."""
        self.got = self.cache.get("rose")
        self.source.answer("A rose.")
        self.clock.advance(60.0)
        self.assertNotEqual(self.cache.get("rose"), "A rose.")

    # Number 9
    def test_logged(self) -> None:
        """A fetch that fails is logged, with its reason, once."""
        self.got = self.cache.get("rose")
        self.source.fail(OSError("no roses"))
        self.flushLoggedErrors(OSError)

    # Number 10
    def test_sweeper_leaves_the_young(self) -> None:
        """When the sweeper runs, a text that came less than keep seconds ago stays."""
        self.cache.start()
        self.addCleanup(self.cache.stop)
        self.clock.advance(1.0)
        self.got = self.cache.get("rose")
        self.source.answer("A rose.")
        time.sleep(0.06)  # Let the sweeper run.
        self.assertEqual(self.cache.held(), ["rose"])

    # Number 11
    def test_patience(self) -> None:
        """The fetch is cancelled when patience seconds are over, and not a moment before."""
        self.got = self.cache.get("rose")
        self.clock.advance(10.0)
        self.assertEqual(self.source.cancelled, ["rose"])

    # Number 12
    def tset_stop(self) -> None:
        """The sweeper drops what is too old; after stop() nothing is left on the clock."""
        self.got = self.cache.get("rose")
        self.source.answer("A rose.")
        self.cache.start()
        self.clock.advance(60.0)
        self.assertEqual(self.cache.held(), [])
        self.cache.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])
