"""A base class for tests over TCP. It ends every connection that a test has made through it, and waits for both sides."""

from __future__ import annotations

from typing import Any, TypeVar

from twisted.internet.defer import Deferred, gatherResults, maybeDeferred, succeed
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.interfaces import IProtocolFactory
from twisted.internet.protocol import Factory, Protocol
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.trial.unittest import TestCase

P = TypeVar("P", bound=Protocol)


class Tracked(WrappingFactory):
    """Knows which connections of a factory are open."""

    noisy = False

    def __init__(self, factory: Any) -> None:
        super().__init__(factory)
        self._waiting: list[Deferred[None]] = []

    def unregisterProtocol(self, p: ProtocolWrapper) -> None:
        super().unregisterProtocol(p)
        if not self.protocols:
            waiting, self._waiting = self._waiting, []
            for deferred in waiting:
                deferred.callback(None)

    def over(self) -> Deferred[None]:
        """The Deferred fires once all connections have ended."""
        if not self.protocols:
            return succeed(None)
        self._waiting.append(Deferred())
        return self._waiting[-1]

    def abort(self) -> None:
        """Abort all connections."""
        for wrapper in list(self.protocols):
            wrapper.transport.abortConnection()


class NetworkTestCase(TestCase):
    """After each test, all ports are closed and all connections aborted, on both sides."""

    timeout = 5

    def setUp(self) -> None:
        from twisted.internet import reactor

        self.reactor: Any = reactor
        self._ports: list[Any] = []
        self._servers: list[Tracked] = []
        self._clients: list[Tracked] = []
        self.addCleanup(self._end)

    def listen(self, factory: IProtocolFactory) -> TCP4ClientEndpoint:
        """Listen on a free port. Returns the endpoint that connects to it."""
        self._servers.append(Tracked(factory))
        port = self.reactor.listenTCP(0, self._servers[-1], interface="127.0.0.1")
        self._ports.append(port)
        return TCP4ClientEndpoint(self.reactor, "127.0.0.1", port.getHost().port)

    async def connect(self, endpoint: TCP4ClientEndpoint, protocol: P) -> P:
        """Connect a protocol, and return it."""
        factory: Any = Factory()
        factory.noisy = False
        factory.buildProtocol = lambda address: protocol
        self._clients.append(Tracked(factory))
        await endpoint.connect(self._clients[-1])
        return protocol

    def clients_gone(self) -> Deferred[Any]:
        """The Deferred fires once every connection to the ports has ended. It does not end them.

        A connection that is not accepted yet does not count.
        """
        return gatherResults([one.over() for one in self._servers])

    async def _end(self) -> None:
        # Ports first: then no more connections arrive.
        await gatherResults([maybeDeferred(port.stopListening) for port in self._ports])
        tracked = self._servers + self._clients
        for one in tracked:
            one.abort()
        await gatherResults([one.over() for one in tracked])
