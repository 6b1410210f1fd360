"""Test cases whose setUp opens what their tests need, and ends it, whatever happens."""

from __future__ import annotations

from typing import Any

from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.trial.unittest import TestCase
from twisted.web.client import Agent, HTTPConnectionPool, readBody

from .teardown import Side, accepted, by_protocol, tear_down
from .tidy import TidyConnections


class Connected(TestCase):
    """A test with a port, a client and a server, connected over real TCP, and gone when the test ends.

    A subclass says which protocols the two sides have: their classes, made without arguments. Its tests find the two
    as self.client and self.server. trial waits for setUp, since it is a coroutine.
    """

    timeout = 5
    grace = 1.0
    limit = 3.0
    client_class: type[Protocol] = Protocol
    server_class: type[Protocol] = Protocol
    client: Any
    server: Any

    async def setUp(self) -> None:  # type: ignore[override]
        """Listen, connect, wait for both sides. Whatever fails, what was opened before is ended."""
        from twisted.internet import reactor

        factory: Any = Factory.forProtocol(self.server_class)
        self.port: Any = None
        self.sides: list[Side] = []
        ### BEGIN SOLUTION Step 11: have trial call self.end at the end, come what may; then listen
        self.addCleanup(self.end)
        self.port = reactor.listenTCP(0, factory, interface="127.0.0.1")
        ### END SOLUTION
        await self.listening(self.port.getHost().port)
        ### BEGIN SOLUTION Step 12: have the server's side noted as soon as it is there, connect, wait for both
        server = accepted(factory)
        server.addCallback(self.note, "the server")
        self.client = await self.connect(self.port.getHost().port)
        self.server = await server
        ### END SOLUTION

    async def listening(self, number: int) -> None:
        """The port listens, under this number. For subclasses that have something to do then."""

    async def connect(self, number: int) -> Any:
        """The client's protocol, connected to the port of this number, and noted as soon as it is there."""
        from twisted.internet import reactor

        endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", number)
        client = await endpoint.connect(Factory.forProtocol(self.client_class))
        ### BEGIN SOLUTION Step 12: note the client
        self.note(client, "the client")
        ### END SOLUTION
        return client

    def note(self, protocol: Any, name: str) -> Any:
        """Remember a side for the end. Returns its protocol."""
        self.sides.append(by_protocol(name, protocol))
        return protocol

    def end(self) -> Any:
        """End all that was opened so far. The Deferred fires when it is over."""
        from twisted.internet import reactor

        return tear_down(self.port, self.sides, reactor, self.grace, self.limit)


class Asking(TidyConnections, TestCase):
    """A test that asks HTTP servers over connections which a pool makes, keeps open, and uses again.

    The mixin knows of what listen and connect made, and of nothing else: a pool ends its own connections.
    """

    timeout = 5

    def setUp(self) -> None:
        """Make the pool, and Twisted's own HTTP client on it."""
        from twisted.internet import reactor

        self.pool = HTTPConnectionPool(reactor)
        ### BEGIN SOLUTION Step 18: have trial close the pool's connections, and wait for that
        ### STARTER # Step 18: what the pool keeps is left open.
        self.addCleanup(self.pool.closeCachedConnections)
        ### END SOLUTION
        self.agent = Agent(reactor, pool=self.pool)

    async def get(self, url: str) -> bytes:
        """Ask for a page. Returns its content, once all of it is here."""
        response = await self.agent.request(b"GET", url.encode("ascii"))
        return await readBody(response)
