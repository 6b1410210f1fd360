"""Clients for your tests: one without a network, and one over real TCP."""

from __future__ import annotations

from typing import Any, cast

from twisted.internet.defer import Deferred, TimeoutError, gatherResults
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP4ServerEndpoint, connectProtocol
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import ITCPTransport
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from ..wire import ADDRESS


def netstring(content: bytes) -> bytes:
    """Return the netstring of some bytes: b"5:hello," for b"hello"."""
    return b"%d:%b," % (len(content), content)


class _Transport(StringTransport):
    """A StringTransport whose abort discards the written bytes, as a real one does if the client has not read them."""

    def abortConnection(self) -> None:
        self.clear()
        super().abortConnection()


class Client:
    """A client that is connected to a factory without a network: what it sends arrives at once.

    Its connection ends when the test calls end(), even if the service has closed before: after a real close too, it takes
    a moment until connectionLost is called.
    """

    def __init__(self, factory: Factory) -> None:
        self._transport = _Transport()
        self._protocol = cast(Any, factory.buildProtocol(ADDRESS))
        self._protocol.makeConnection(self._transport)

    def send(self, data: bytes) -> None:
        """Send some bytes; the service gets them in one chunk."""
        self._protocol.dataReceived(data)

    def end(self, reason: Exception | None = None) -> None:
        """End the connection: call the service's connectionLost. Call this once.

        reason: ConnectionDone() by default, a clean end; another one, such as ConnectionLost(), is an unclean end.
        """
        self._protocol.connectionLost(Failure(reason or ConnectionDone()))

    @property
    def received(self) -> bytes:
        """Everything that the service has written; bytes written before an abort are lost."""
        written: bytes = self._transport.value()
        return written

    @property
    def closed(self) -> bool:
        """Whether the service has asked to end the connection, by loseConnection or abortConnection."""
        return self._transport.disconnecting


class _Asking(Protocol):
    transport: ITCPTransport

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.chunks: list[bytes] = []
        self.over: Deferred[None] = Deferred()

    def connectionMade(self) -> None:
        self.transport.write(self.data)

    def dataReceived(self, data: bytes) -> None:
        self.chunks.append(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.over.callback(None)


async def ask_over_tcp(case: TestCase, factory: Factory, data: bytes) -> bytes:
    """Send some bytes over real TCP on 127.0.0.1. Returns everything received until the service closes the connection.

    When it returns, the port is closed, and the connection has ended on both sides.
    """
    from twisted.internet import reactor

    # Code that is not written yet raises here; inside the reactor it would only be logged.
    build = factory.buildProtocol
    build(ADDRESS)
    gone: Deferred[None] = Deferred()

    def build_and_watch(address: Any) -> Any:
        protocol: Any = build(address)
        lost = protocol.connectionLost

        def connection_lost(reason: Failure) -> None:
            try:
                lost(reason)
            finally:
                gone.callback(None)

        protocol.connectionLost = connection_lost
        return protocol

    case.patch(factory, "buildProtocol", build_and_watch)
    port = await TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1").listen(factory)
    try:
        endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port)
        asking = await connectProtocol(endpoint, _Asking(data))
        # If the service does not close, the test must still end.
        late = reactor.callLater(2, asking.transport.abortConnection)
        await gatherResults([asking.over, gone])
    finally:
        await port.stopListening()
    if not late.active():
        raise TimeoutError("Expected the service to close the connection within 2 s.")
    late.cancel()
    return b"".join(asking.chunks)
