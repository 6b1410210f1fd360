"""The poetry server: it sends a poem to everyone who connects, and closes."""

from __future__ import annotations

from twisted.internet.defer import Deferred, succeed
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IListeningPort,
    IReactorTCP,
    IReactorTime,
    ITransport,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure


class PoetryProtocol(Protocol):
    """One connection: sends its factory's poem, all of it, and closes."""

    # Twisted sets it before it calls connectionMade; self.factory is set by then too.
    transport: ITransport

    def connectionMade(self) -> None:
        """The client is there."""
        raise NotImplementedError("Step 1: write the factory's poem, then close")


class PoetryFactory(Factory):
    """Makes a PoetryProtocol for each connection.

    poem: the bytes that every client gets, unchanged.
    """

    def __init__(self, poem: bytes) -> None:
        self.poem = poem

    def buildProtocol(self, addr: IAddress | None) -> PoetryProtocol:
        """Called once for each connection, with the client's address."""
        raise NotImplementedError("Step 2: make a protocol that knows its factory")


class SlowPoetryProtocol(Protocol):
    """One connection: sends one line at once and one at each interval, and closes after the last."""

    # Twisted sets it before it calls connectionMade; self.factory is set by then too.
    transport: ITransport

    def connectionMade(self) -> None:
        """The client is there."""
        raise NotImplementedError("Step 9: send a line now, and one at each interval")

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection is over: the client left, or it has the whole poem."""
        # Step 10: stop working for a client that is gone


class SlowPoetryFactory(Factory):
    """Makes a SlowPoetryProtocol for each connection.

    poem: the bytes that every client gets, line endings included.
    clock: makes delayed calls: the reactor, or a test's Clock.
    interval: seconds from one line to the next.
    """

    protocol = SlowPoetryProtocol

    def __init__(self, poem: bytes, clock: IReactorTime, interval: float = 1.0) -> None:
        self.poem = poem
        self.clock = clock
        self.interval = interval


def stop_serving(port: IListeningPort) -> Deferred[None]:
    """Stop listening on a port.

    Returns:
        A Deferred that fires once the port is closed, or fails as stopListening() failed.
    """
    stopping = port.stopListening()
    return succeed(None) if stopping is None else stopping.addCallback(lambda _: None)


def start_serving(
    reactor: IReactorTCP, factory: Factory, port: int = 0
) -> Deferred[IListeningPort]:
    """Listen on this machine only, 127.0.0.1.

    Args:
        port: the TCP port; with 0 the system picks one that is free.

    Returns:
        A Deferred that fires with the listening port, or fails with CannotListenError.
    """
    raise NotImplementedError("Step 12: listen on 127.0.0.1")
