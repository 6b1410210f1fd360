"""What the pytest fixture `tidy` is."""

from __future__ import annotations

import inspect
from typing import Any, List

from twisted.internet.defer import Deferred, ensureDeferred, maybeDeferred
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from ._case import Everything
from ._opened import the_reactor
from ._things import NotTidy


class Tidying(Everything):
    """Everything that a test has opened. `run` runs a coroutine or waits for a Deferred."""

    grace = 1.0
    limit = 3.0

    def __init__(self, greenlets: bool) -> None:
        super().__init__()
        self._greenlets = greenlets  # pytest-twisted runs the reactor
        if not greenlets:  # the first run adds a reader of the reactor's own
            self.run(deferLater(the_reactor(), 0))
        self._before = leftovers()

    def run(self, awaitable: Any, timeout: float = 120.0) -> Any:
        """Run the reactor until the awaitable has a result. Returns it, or raises.

        For a test that is a plain function. With pytest-twisted, await in the test instead.
        """
        reactor = the_reactor()
        if reactor.running:
            raise RuntimeError("The reactor runs already, by pytest-twisted: await it in the test.")
        results: List[Any] = []
        waiting: Any = ensureDeferred(awaitable) if inspect.iscoroutine(awaitable) else awaitable
        giving_up = reactor.callLater(timeout, waiting.cancel)
        waiting.addBoth(results.append)
        if not results:
            waiting.addBoth(lambda _: reactor.crash())
            reactor.run()
        if giving_up.active():
            giving_up.cancel()
        if not results:
            raise KeyboardInterrupt  # something stopped the reactor
        if isinstance(results[0], Failure):
            results[0].raiseException()
        return results[0]

    def finish(self) -> None:
        """End everything, and look for what was opened otherwise."""
        ending = maybeDeferred(self.end, min(self.grace, self.limit / 3), self.limit)
        ending.addBoth(self._look)
        if self._greenlets:
            import pytest_twisted

            pytest_twisted.blockon(ending)
        else:
            self.run(ending)

    def _look(self, result: Any) -> Any:
        """Wait for a turn, then remove and name what is still in the reactor, as trial does."""
        waiting: Deferred[None] = deferLater(the_reactor(), 0)
        return waiting.addCallback(lambda _: self._name(result))

    def _name(self, result: Any) -> Any:
        told = [result.getErrorMessage()] if isinstance(result, Failure) else []
        reactor = the_reactor()
        for key, left in leftovers().items():
            if key in self._before:
                continue
            if hasattr(left, "cancel"):
                left.cancel()
            else:
                reactor.removeReader(left)
                reactor.removeWriter(left)
            told.append(f"left in the reactor, opened past the fixture: {left}")
        if told:
            raise NotTidy("\n".join(told))


def leftovers() -> Any:
    """Return what is in the reactor."""
    reactor = the_reactor()
    kinds = [getattr(reactor, name, list)() for name in ("getReaders", "getWriters")]
    return {id(left): left for left in [*kinds[0], *kinds[1], *reactor.getDelayedCalls()]}
