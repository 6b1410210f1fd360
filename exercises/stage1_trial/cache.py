"""A cache in front of something slow: a text is kept for a while, and fetched once however many callers ask for it.

It works. Break it to see a test fail, and put it back.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure


class Cache:
    """Texts, by name.

    Args:
        fetch: called with a name; its Deferred fires with the text, or fails.
        clock: tells the time and makes delayed calls: the reactor, or a test's Clock.
        keep: seconds for which a text is returned again after it came.
        patience: seconds after which a fetch is given up.
    """

    _log = Logger()

    def __init__(
        self,
        fetch: Callable[[str], Deferred[str]],
        clock: IReactorTime,
        keep: float = 60.0,
        patience: float = 10.0,
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._keep = keep
        self._patience = patience
        # By name: a text and when it came.
        self._held: dict[str, tuple[str, float]] = {}
        # By name, for each fetch under way: those who wait for it.
        self._waiting: dict[str, list[Deferred[str]]] = {}
        self._sweeper = LoopingCall(self._sweep)
        self._sweeper.clock = clock

    def get(self, name: str) -> Deferred[str]:
        """The text of that name: the one held, if it is not too old, or else the result of a fetch."""
        if name in self._held:
            text, came = self._held[name]
            if self._is_fresh(came):
                return succeed(text)
        waiter: Deferred[str] = Deferred()
        if name in self._waiting:
            self._waiting[name].append(waiter)
            return waiter
        self._waiting[name] = [waiter]
        fetching = self._fetch(name)
        fetching.addTimeout(self._patience, self._clock)
        fetching.addCallbacks(self._came, self._failed, callbackArgs=(name,), errbackArgs=(name,))
        fetching.addBoth(self._tell, name)
        return waiter

    def held(self) -> list[str]:
        """The names of the texts that are now in memory, sorted."""
        return sorted(self._held)

    def start(self) -> None:
        """From now on, drop the texts that are too old every ``keep`` seconds: perhaps nobody asks for them again."""
        self._sweeper.start(self._keep, now=False)

    def stop(self) -> None:
        """Undo start()."""
        self._sweeper.stop()

    def _is_fresh(self, came: float) -> bool:
        return self._clock.seconds() - came < self._keep

    def _came(self, text: str, name: str) -> str:
        self._held[name] = (text, self._clock.seconds())
        return text

    def _failed(self, reason: Failure, name: str) -> Failure:
        self._log.failure("Could not fetch {name}.", reason, name=name)
        return reason

    def _tell(self, result: str | Failure, name: str) -> None:
        for waiter in self._waiting.pop(name):
            waiter.callback(result)

    def _sweep(self) -> None:
        self._held = {n: kept for n, kept in self._held.items() if self._is_fresh(kept[1])}
