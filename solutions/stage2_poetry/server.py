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
        ### BEGIN SOLUTION Step 1: write the factory's poem, then close
        self.transport.write(self.factory.poem)
        self.transport.loseConnection()
        ### END SOLUTION


class PoetryFactory(Factory):
    """Makes a PoetryProtocol for each connection.

    poem: the bytes that every client gets, unchanged.
    """

    def __init__(self, poem: bytes) -> None:
        self.poem = poem

    def buildProtocol(self, addr: IAddress | None) -> PoetryProtocol:
        """Called once for each connection, with the client's address."""
        ### BEGIN SOLUTION Step 2: make a protocol that knows its factory
        protocol = PoetryProtocol()
        protocol.factory = self
        return protocol
        ### END SOLUTION


class SlowPoetryProtocol(Protocol):
    """One connection: sends one line at once and one at each interval, and closes after the last."""

    # Twisted sets it before it calls connectionMade; self.factory is set by then too.
    transport: ITransport

    def connectionMade(self) -> None:
        """The client is there."""
        ### BEGIN SOLUTION Step 9: send a line now, and one at each interval
        self._lines = self.factory.poem.splitlines(keepends=True)
        self._send_line()

    def _send_line(self) -> None:
        self._next: IDelayedCall | None = None
        if self._lines:
            self.transport.write(self._lines.pop(0))
        if self._lines:
            self._next = self.factory.clock.callLater(self.factory.interval, self._send_line)
        else:
            self.transport.loseConnection()
        ### END SOLUTION

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection is over: the client left, or it has the whole poem."""
        ### BEGIN SOLUTION Step 10: stop working for a client that is gone
        ### STARTER # Step 10: stop working for a client that is gone
        self._lines.clear()  # in case the connection ends within write
        if self._next is not None:
            self._next.cancel()
        ### END SOLUTION


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
    ### BEGIN SOLUTION Step 12: listen on 127.0.0.1
    endpoint = TCP4ServerEndpoint(reactor, port, interface="127.0.0.1")
    listening: Deferred[IListeningPort] = endpoint.listen(factory)
    return listening
    ### END SOLUTION
