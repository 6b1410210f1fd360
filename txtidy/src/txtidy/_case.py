"""The mixin for trial's TestCase."""

from __future__ import annotations

from typing import Any, Type, TypeVar

from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from . import _kinds
from ._opened import Opened
from ._reactor import TidyEndpoint, TidyReactor
from ._things import opened_at

T = TypeVar("T")


class Everything(Opened):
    """What a test opens, of every kind."""

    def __init__(self) -> None:
        super().__init__()
        self.reactor: Any = TidyReactor(self)

    def endpoint(self, endpoint: Any, site: str = "") -> Any:
        """Return an endpoint like this one, whose ports and connections end with the test."""
        return TidyEndpoint(self, endpoint, opened_at(site))

    def tidied(self, thing: T) -> T:
        """Let a thing of a known kind end with the test. Returns it."""
        _kinds.add(self, thing, opened_at())
        return thing


class _Reactor:
    """Tidy.reactor: made at the first use. A test may set an attribute of this name instead."""

    def __get__(self, test: Any, owner: Any = None) -> Any:
        return self if test is None else test._opened().reactor


class Tidy:
    """A mixin for trial's TestCase: what a test opens through it ends with the test.

    What is not over after `grace` seconds is aborted; what is not over after `limit` is named in a
    failure. Both are shorter in a test whose timeout is shorter.
    """

    grace: float = 1.0
    limit: float = 3.0
    reactor: Any = _Reactor()

    def listen(self, endpoint: Any, factory: Any) -> Deferred[Any]:
        """Listen on a server endpoint. Returns a Deferred that fires with the port."""
        return self._opened().listen(endpoint, factory)

    def connect(self, endpoint: Any, factory: Any) -> Deferred[Any]:
        """Connect to a client endpoint. Returns a Deferred that fires with the protocol."""
        return self._opened().connect(endpoint, factory)

    def watched(self, factory: T) -> T:
        """Watch a factory that something else opens, so that its connections end. Returns it."""
        self._opened().watched(factory)
        return factory

    def endpoint(self, endpoint: Any) -> Any:
        """Return an endpoint like this one, for a program that listens or connects itself."""
        return self._opened().endpoint(endpoint)

    def tidied(self, thing: T) -> T:
        """Let a port, service, process, loop, pool or the like end with the test. Returns it."""
        return self._opened().tidied(thing)

    def _opened(self) -> Everything:
        opened = self.__dict__.get("_txtidy_opened")
        if opened is None:
            if not isinstance(self, TestCase):
                raise TypeError(refusal(type(self)))
            self._txtidy_opened = opened = Everything()
            self.addCleanup(self._end)
        return opened

    def _end(self) -> Deferred[None]:
        case: Any = self
        limit = min(self.limit, 0.8 * case.getTimeout())  # trial's own failure would name nothing

        def forget(result: Any) -> Any:
            del self._txtidy_opened  # trial --until-failure uses the test case again
            return result

        ending = self._txtidy_opened.end(min(self.grace, limit / 3), limit)
        return ending.addBoth(forget)


def refusal(kind: Type[object]) -> str:
    """Say why a class cannot have the mixin."""
    return (
        f"txtidy.Tidy needs twisted.trial.unittest.TestCase, which waits for a cleanup's Deferred; "
        f"{kind.__name__} is none, so nothing that it opens would be closed."
    )
