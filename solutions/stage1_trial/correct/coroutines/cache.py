"""The same cache with coroutines; each sweep schedules the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python import log
from twisted.python.failure import Failure


@dataclass(frozen=True)
class _Held:
    text: str
    until: float


class Cache:
    """Texts by name."""

    def __init__(
        self,
        fetch: Callable[[str], Deferred[str]],
        clock: IReactorTime,
        keep: float = 60.0,
        patience: float = 10.0,
    ) -> None:
        self.fetch, self.clock, self.keep, self.patience = fetch, clock, keep, patience
        self.texts: dict[str, _Held] = {}
        self.gots: dict[str, list[Deferred[str]]] = {}
        self.next_sweep: IDelayedCall | None = None

    def get(self, name: str) -> Deferred[str]:
        self.drop(name)
        if name in self.texts:
            return succeed(self.texts[name].text)
        got: Deferred[str] = Deferred()
        if name in self.gots:
            self.gots[name].append(got)
        else:
            self.gots[name] = [got]
            Deferred.fromCoroutine(self.run(name))
        return got

    async def run(self, name: str) -> None:
        """Fetch, and answer everyone who has asked by then."""
        result: str | Failure
        try:
            result = await self.fetch(name).addTimeout(self.patience, self.clock)
            self.texts[name] = _Held(result, self.clock.seconds() + self.keep)
        except Exception:
            result = Failure()
            log.err(result, f"fetching {name!r}")
        for got in self.gots.pop(name):
            got.callback(result)

    def held(self) -> list[str]:
        return sorted(self.texts)

    def start(self) -> None:
        self.next_sweep = self.clock.callLater(self.keep, self.sweep)

    def stop(self) -> None:
        if self.next_sweep:
            self.next_sweep.cancel()
            self.next_sweep = None

    def sweep(self) -> None:
        self.start()
        for name in self.held():
            self.drop(name)

    def drop(self, name: str) -> None:
        """Forget a text that is too old."""
        if name in self.texts and self.clock.seconds() >= self.texts[name].until:
            del self.texts[name]
