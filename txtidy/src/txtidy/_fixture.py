"""What the pytest fixture `tidy` is."""

from __future__ import annotations

import inspect
from typing import Any

from twisted.internet.defer import ensureDeferred
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from ._case import Tidy
from ._opened import Opened, the_reactor
from ._things import NotTidy


class Tidying(Tidy):
    """Tidy for a test that is a function. `run` waits for a coroutine or a Deferred."""

    def __init__(self, wait: Any) -> None:
        self._opened = Opened()
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
        """End everything; remove and name what else is in the reactor, as trial does."""
        said = []
        try:
            self._wait(self._opened.end(min(self.grace, self.limit / 3), self.limit))
        except NotTidy as error:
            said.append(str(error))
        self._wait(deferLater(the_reactor(), 0))
        for one in left():
            if one not in self._before:
                said.append(f"left in the reactor, opened past the fixture: {one}")
                if hasattr(one, "cancel"):
                    one.cancel()
                else:
                    the_reactor().removeReader(one)
                    the_reactor().removeWriter(one)
        if said:
            raise NotTidy("\n".join(said))


def left() -> list[Any]:
    """Return what is in the reactor."""
    reactor = the_reactor()
    both = [one for name in ("getReaders", "getWriters") for one in getattr(reactor, name, list)()]
    return [*dict.fromkeys(both), *reactor.getDelayedCalls()]
