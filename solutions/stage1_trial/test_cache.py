"""Tests of the cache. As provided they all pass, and none would notice the mistake it is meant to catch."""

from __future__ import annotations

### BEGIN SOLUTION Step 10: let the time pass on the Clock, which the sweeper reads
### STARTER import time
### END SOLUTION
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
    ### BEGIN SOLUTION Step 1: return the Deferred, so that trial waits for it and sees that it failed
    ### STARTER def test_gives(self) -> None:
    def test_gives(self) -> Deferred[None]:
        ### END SOLUTION
        """get returns the text that was fetched, with its whitespace unchanged."""
        self.got = self.cache.get("rose")
        self.source.answer("  A rose.\n")
        ### BEGIN SOLUTION Step 1: return the Deferred, so that trial waits for it and sees that it failed
        ### STARTER self.got.addCallback(self.assertEqual, "  A rose.\n")
        return self.got.addCallback(self.assertEqual, "  A rose.\n")
        ### END SOLUTION

    # Number 2
    async def test_shared(self) -> None:
        """A get of a name that is being fetched begins no other fetch; both get its result."""
        self.got = self.cache.get("rose")
        second = self.cache.get("rose")
        self.source.answer("A rose.")
        ### BEGIN SOLUTION Step 2: await the coroutine, or it never runs
        ### STARTER self.check_shared(self.got, second)
        await self.check_shared(self.got, second)
        ### END SOLUTION

    async def check_shared(self, *gots: Deferred[str]) -> None:
        texts = [await got for got in gots]
        self.assertEqual(texts, ["A rose."] * len(gots))
        self.assertEqual(self.source.asked, ["rose"])

    # Number 3
    async def test_too_slow(self) -> None:
        """If the fetch takes too long, get fails with twisted.internet.defer.TimeoutError."""
        self.got = self.cache.get("rose")
        self.clock.advance(10.0)
        ### BEGIN SOLUTION Step 3: await the result of assertFailure, which holds its verdict
        ### STARTER self.assertFailure(self.got, TimeoutError)
        await self.assertFailure(self.got, TimeoutError)
        ### END SOLUTION

    # Number 4
    def test_missing(self) -> Deferred[Any]:
        """If there is no such text, get fails with the fetch's own KeyError."""
        self.got = self.cache.get("rose")
        self.source.fail(KeyError("rose"))
        self.got.addCallback(lambda text: self.fail(f"Expected a failure; got {text!r}."))
        ### BEGIN SOLUTION Step 4: take the failure that is expected, and no other
        ### STARTER return self.got.addErrback(lambda reason: None)
        return self.got.addErrback(lambda reason: reason.trap(KeyError))
        ### END SOLUTION

    # Number 5
    def test_all_hear(self) -> Deferred[Any]:
        """If two wait for a fetch that fails, the second gets the failure too: nobody waits for ever."""
        self.got = self.cache.get("rose")
        second = self.cache.get("rose")
        self.source.fail(OSError("no roses"))
        ### BEGIN SOLUTION Step 5: take an OSError, not the TimeoutError by which trial ends a test that hangs
        ### STARTER return second.addErrback(lambda reason: "it failed, as it should")
        return self.assertFailure(second, OSError)
        ### END SOLUTION


class Immediately(Base):
    """Tests that are over when their method returns: trial waits for nothing here."""

    # Number 6
    ### BEGIN SOLUTION Step 6: a plain method, which is run; nothing awaits a coroutine here
    ### STARTER async def test_kept(self) -> None:
    def test_kept(self) -> None:
        ### END SOLUTION
        """A text that came less than keep seconds ago is returned again, with no other fetch."""
        self.got = self.cache.get("rose")
        self.source.answer("A rose.")
        self.clock.advance(59.75)
        ### BEGIN SOLUTION Step 6: a plain method, which is run; nothing awaits a coroutine here
        ### STARTER text = await self.cache.get("rose")
        text = self.successResultOf(self.cache.get("rose"))
        ### END SOLUTION
        self.assertEqual(text, "A rose.")
        self.assertEqual(self.source.asked, ["rose"])

    # Number 7
    def test_failure_not_kept(self) -> None:
        """A failure is not kept: the next get begins another fetch, and gives its result."""
        self.got = self.cache.get("rose")
        self.source.fail(OSError("no roses"))
        again = self.cache.get("rose")
        ### BEGIN SOLUTION Step 7: answer the fetch, and assert where the test certainly arrives
        ### STARTER again.addCallback(self.assertEqual, "A rose.")
        self.source.answer("A rose.")
        self.assertEqual(self.successResultOf(again), "A rose.")
        ### END SOLUTION

    # Number 8
    def test_too_old(self) -> None:
        """A text that came keep seconds ago is not returned again: get waits for another fetch."""
        self.got = self.cache.get("rose")
        self.source.answer("A rose.")
        self.clock.advance(60.0)
        ### BEGIN SOLUTION Step 8: ask about the Deferred's result, which itself equals no text; and about the fetch
        ### STARTER self.assertNotEqual(self.cache.get("rose"), "A rose.")
        self.assertNoResult(self.cache.get("rose"))
        self.assertEqual(self.source.asked, ["rose", "rose"])
        ### END SOLUTION

    # Number 9
    def test_logged(self) -> None:
        """A fetch that fails is logged, with its reason, once."""
        self.got = self.cache.get("rose")
        self.source.fail(OSError("no roses"))
        ### BEGIN SOLUTION Step 9: check what was taken out of the log
        ### STARTER self.flushLoggedErrors(OSError)
        logged = [failure.getErrorMessage() for failure in self.flushLoggedErrors(OSError)]
        self.assertEqual(logged, ["no roses"])
        ### END SOLUTION

    # Number 10
    def test_sweeper_leaves_the_young(self) -> None:
        """When the sweeper runs, a text that came less than keep seconds ago stays."""
        self.cache.start()
        self.addCleanup(self.cache.stop)
        self.clock.advance(1.0)
        self.got = self.cache.get("rose")
        self.source.answer("A rose.")
        ### BEGIN SOLUTION Step 10: let the time pass on the Clock, which the sweeper reads
        ### STARTER time.sleep(0.06)  # Let the sweeper run.
        self.clock.advance(59.0)
        ### END SOLUTION
        self.assertEqual(self.cache.held(), ["rose"])

    # Number 11
    def test_patience(self) -> None:
        """The fetch is cancelled when patience seconds are over, and not a moment before."""
        self.got = self.cache.get("rose")
        ### BEGIN SOLUTION Step 11: look a moment before the deadline too
        ### STARTER self.clock.advance(10.0)
        self.clock.advance(9.75)
        self.assertEqual(self.source.cancelled, [])
        self.clock.advance(0.25)
        ### END SOLUTION
        self.assertEqual(self.source.cancelled, ["rose"])

    # Number 12
    ### BEGIN SOLUTION Step 12: a name that trial recognises as a test
    ### STARTER def tset_stop(self) -> None:
    def test_stop(self) -> None:
        ### END SOLUTION
        """The sweeper drops what is too old; after stop() nothing is left on the clock."""
        self.got = self.cache.get("rose")
        self.source.answer("A rose.")
        self.cache.start()
        self.clock.advance(60.0)
        self.assertEqual(self.cache.held(), [])
        self.cache.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])
