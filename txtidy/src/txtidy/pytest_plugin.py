"""The pytest fixture `tidy`, with and without pytest-twisted."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet.defer import ensureDeferred
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from ._case import Tidy
from ._opened import Opened, the_reactor
from ._things import NotTidy


@pytest.fixture
def tidy(request: pytest.FixtureRequest) -> Iterator[Any]:
    """What this test opens through it ends with the test."""
    twisted = request.config.pluginmanager.get_plugin("twisted")
    tidying = Tidying(getattr(twisted, "blockon", None))
    yield tidying
    tidying.finish()


class Tidying(Tidy):
    """Tidy for a test that is a function. `run` waits for a coroutine or a Deferred."""

    def __init__(self, wait: Any) -> None:
        self._tidy_opened = Opened()
        self._wait = wait or self.run
        self._wait(deferLater(the_reactor(), 0))  # the first run adds readers of the reactor's own
        self._before = left()

    def run(self, awaitable: Any, timeout: float = 120.0) -> Any:
        """Run the reactor until the awaitable has a result. Returns the result, or raises it."""
        reactor = the_reactor()
        if reactor.running:
            raise RuntimeError("The reactor is running, by pytest-twisted: await it in the test.")
        waiting = ensureDeferred(awaitable) if inspect.iscoroutine(awaitable) else awaitable
        results: list[Any] = []
        waiting.addTimeout(timeout, reactor).addBoth(results.append)
        if not results:
            waiting.addBoth(lambda _: reactor.crash())
            reactor.run()
        if not results:
            raise KeyboardInterrupt  # something else has stopped the reactor
        if isinstance(results[0], Failure):
            results[0].raiseException()
        return results[0]

    def finish(self) -> None:
        """End everything, and name what else is in the reactor, as trial does."""
        said: list[str] = []
        ending = self._tidy_opened.end(min(self.grace, self.limit / 3), self.limit)
        self._wait(ending.addErrback(lambda failure: said.append(failure.getErrorMessage())))
        self._wait(deferLater(the_reactor(), 0))
        new = [one for one in left() if one not in self._before]
        said += [f"left in the reactor, opened past the fixture: {one}" for one in new]
        if said:
            raise NotTidy("\n".join(said))


def left() -> list[Any]:
    """Return what is in the reactor."""
    reactor = the_reactor()
    both = [one for name in ("getReaders", "getWriters") for one in getattr(reactor, name, list)()]
    return [*dict.fromkeys(both), *reactor.getDelayedCalls()]
