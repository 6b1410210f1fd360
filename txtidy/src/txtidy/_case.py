"""The mixin for trial's TestCase."""

from __future__ import annotations

from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from ._kinds import TidyReactor, add
from ._opened import Opened
from ._things import opened_at

T = TypeVar("T")


class _Reactor:
    """Makes Tidy.reactor at its first use. A test may set an attribute of this name instead."""

    def __get__(self, test: Any, owner: Any = None) -> Any:
        if test is None:
            return self
        opened = test._tidy_opening()
        opened.reactor = getattr(opened, "reactor", None) or TidyReactor(opened)
        return opened.reactor


class Tidy:
    """A mixin for trial's TestCase: what a test opens through it ends with the test."""

    grace: float = 1.0  # seconds after which what is not over is aborted
    limit: float = 3.0  # seconds after which it is named; at most 0.8 of the test's timeout
    reactor: Any = _Reactor()

    def listen(self, endpoint: Any, factory: Any) -> Deferred[Any]:
        """Listen on a server endpoint. Returns a Deferred that fires with the port."""
        return self._tidy_opening().listen(endpoint, factory)  # type: ignore[no-any-return]

    def connect(self, endpoint: Any, factory: Any) -> Deferred[Any]:
        """Connect to a client endpoint. Returns a Deferred that fires with the protocol."""
        return self._tidy_opening().connect(endpoint, factory)  # type: ignore[no-any-return]

    def watched(self, factory: T) -> T:
        """Watch a factory that something else opens, so that its connections end. Returns it."""
        return self._tidy_opening().watched(factory)  # type: ignore[no-any-return]

    def endpoint(self, endpoint: Any) -> Any:
        """Return an endpoint like this one, for a program that listens or connects itself."""
        return self._tidy_opening().endpoint(endpoint)

    def tidied(self, thing: T) -> T:
        """Let a port, service, process, loop, pool or the like end with the test. Returns it."""
        add(self._tidy_opening(), thing, opened_at())
        return thing

    def _tidy_opening(self) -> Opened:
        opened = self.__dict__.get("_tidy_opened")
        if opened is None:
            if not isinstance(self, TestCase):
                who = type(self).__name__
                raise TypeError(f"{who} waits for no cleanup: Tidy needs twisted.trial's TestCase.")
            self._tidy_opened = opened = Opened()
            self.addCleanup(self._tidy_end)
        return opened

    def _tidy_end(self) -> Any:
        opened = self.__dict__.get("_tidy_opened")
        if opened is None:  # Twisted 21.7 repeats a cleanup if the test case is run again
            return None
        limit = min(self.limit, 0.8 * self.getTimeout())  # type: ignore[attr-defined]
        ending = opened.end(min(self.grace, limit / 3), limit)
        return ending.addBoth(lambda result: self.__dict__.pop("_tidy_opened") and result)
