"""End what a test has opened, and wait until all of it is over.

A test that opened a port and a connection has three things to wait for: the port, the client's side, the server's side.
Each ends with an event of its own, which comes later than the call that asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.interfaces import (
    IConnector,
    IDelayedCall,
    IListeningPort,
    IProtocol,
    IReactorTime,
)
from twisted.internet.protocol import ClientFactory
from twisted.python.failure import Failure


def after(thing: Any, name: str, do: Callable[..., object]) -> None:
    """Call do() after each call of this one object's method of that name, even if the method raises.

    So a test can learn of an event in any protocol or factory without a change to the program that it tests.
    """
    method = getattr(thing, name)

    def both(*args: object, **named: object) -> object:
        try:
            return method(*args, **named)
        finally:
            do()

    setattr(thing, name, both)


def once(port: Any) -> None:
    """Let port.stopListening() be called again while the port closes, after which a real port would fail.

    The first call returns or raises what it did before. Further ones, until then, wait for the same end.
    """
    stop = port.stopListening
    waiting: list[Deferred[None]] | None = None  # Deferreds of further calls, while the port closes

    def ended(result: Any) -> Any:
        nonlocal waiting
        fired, waiting = waiting or [], None
        for again in fired:
            again.callback(None)
        return result

    def stop_once() -> Any:
        nonlocal waiting
        if waiting is not None:
            waiting.append(Deferred())
            return waiting[-1]
        stopping = stop()
        if isinstance(stopping, Deferred):
            waiting = []
            stopping.addBoth(ended)
        return stopping

    port.stopListening = stop_once


def stopped(port: IListeningPort) -> Deferred[None]:
    """Stop a port. Returns a Deferred that fires with None when the port has stopped, or fails as stopListening does."""
    once(port)
    raise NotImplementedError("Step 1: stop the port")


def over(protocol: IProtocol) -> Deferred[None]:
    """Return a Deferred that fires with None after the protocol's connection has ended, however it ended.

    Call this while the connection is there: connectionLost comes once.
    """
    raise NotImplementedError("Step 2: fire after connectionLost")


def client_over(factory: ClientFactory) -> Deferred[None]:
    """Return a Deferred that fires with None after a client factory's connection has ended, or its attempt has failed.

    For a test that has the factory and a connector, and no protocol.
    """
    raise NotImplementedError("Step 3: fire after clientConnectionLost or clientConnectionFailed")


def accepted(factory: Any) -> Deferred[Any]:
    """Return a Deferred that fires with the first protocol of a server's factory, as soon as that is connected.

    A client may be connected before its server has heard of it.
    """
    first: Deferred[Any] = Deferred()
    build = factory.buildProtocol

    def fire(protocol: Any) -> None:
        if not first.called:
            first.callback(protocol)

    def build_and_watch(address: Any) -> Any:
        protocol = build(address)
        if protocol is not None:
            after(protocol, "connectionMade", lambda: fire(protocol))
        return protocol

    factory.buildProtocol = build_and_watch
    return first


def all_of(ends: Iterable[Deferred[Any]]) -> Deferred[None]:
    """Return a Deferred that fires with None after the last of these, in whatever order they fire.

    If any of them fails, it fails with the first failure in the list, also after the last of them.
    """
    waiting = DeferredList(list(ends), consumeErrors=True)
    # Step 6: failures
    return waiting.addCallback(lambda results: None)


@dataclass
class Side:
    """One side of a connection: its name, when it is over, and how to end it.

    over: fires with None when the side is over. close: asks it to end once everything written has been sent.
    abort: asks it to end without waiting for the peer, if the side can do that.
    """

    name: str
    over: Deferred[None]
    close: Callable[[], object]
    abort: Callable[[], object]


def by_protocol(name: str, protocol: Any) -> Side:
    """Make a side from its protocol, which is connected already."""
    raise NotImplementedError("Step 7: over, loseConnection and abortConnection")


def by_connector(name: str, connector: IConnector, factory: ClientFactory) -> Side:
    """Make a client's side from its connector, connected or still connecting. IConnector has no abort."""
    raise NotImplementedError("Step 7: client_over and disconnect")


def take_off(result: Any, call: IDelayedCall) -> Any:
    """Cancel a delayed call that is still due, and pass the result on: a callback and errback."""
    if call.active():
        call.cancel()
    return result


class NotOver(Exception):
    """Something has not ended within the limit. The message has the names."""


def tear_down(
    port: IListeningPort | None,
    sides: Iterable[Side],
    clock: IReactorTime,
    grace: float = 1.0,
    limit: float = 3.0,
) -> Deferred[None]:
    """Stop the port, end each side that is not over, and wait for all of them.

    port: None if there is none. sides: any number of them.
    grace: after this many seconds on the clock, sides that are not over are aborted.
    limit: after this many, more than grace, the Deferred fails with NotOver, which names what has not ended.

    If a close raises, or the port fails, everything else is still ended, and then the Deferred fails with the first failure.
    """
    sides = list(sides)
    ends: list[tuple[str, Deferred[Any]]] = []  # a name and a Deferred for each thing to wait for
    raise NotImplementedError("Step 8: stop the port, close the sides, and let waiting fire after all of their ends")
    # Step 9: the grace
    return waiting  # Step 10: the limit
