"""Test cases whose setUp opens connections, which end with the test whether it passes or fails."""

from __future__ import annotations

from typing import Any

from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.trial.unittest import TestCase
from twisted.web.client import Agent, HTTPConnectionPool, readBody

from .teardown import Side, accepted, by_protocol, once, tear_down
from .tidy import TidyConnections


class Connected(TestCase):
    """A test case with a port, a client and a server, connected over real TCP, which all end with the test.

    A subclass sets the classes of the two protocols, which are called without arguments. Its tests have the protocols
    as self.client and self.server. trial waits for setUp, since that is a coroutine.
    """

    timeout = 5
    grace = 1.0
    limit = 3.0
    client_class: type[Protocol] = Protocol
    server_class: type[Protocol] = Protocol
    client: Any
    server: Any

    async def setUp(self) -> None:  # type: ignore[override]
        """Listen, connect, and wait for both sides. If any of this fails, what was opened before is ended."""
        from twisted.internet import reactor

        factory: Any = Factory.forProtocol(self.server_class)
        self.port: Any = None
        self.sides: list[Side] = []
        raise NotImplementedError("Step 11: add self.end as a cleanup, then listen")
        once(self.port)  # a test may stop it, and not wait
        await self.listening(self.port.getHost().port)
        raise NotImplementedError("Step 12: note the server's side, connect, and wait for both sides")

    async def listening(self, number: int) -> None:
        """Called when the port listens, with its number. A subclass may do something here."""

    async def connect(self, number: int) -> Any:
        """Connect to the port of this number. Returns the client's protocol, which is noted as soon as it is connected."""
        from twisted.internet import reactor

        endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", number)
        client = await endpoint.connect(Factory.forProtocol(self.client_class))
        raise NotImplementedError("Step 12: note the client's side")
        return client

    def note(self, protocol: Any, name: str) -> Any:
        """Remember a side, for end. Returns its protocol."""
        self.sides.append(by_protocol(name, protocol))
        return protocol

    def end(self) -> Any:
        """End everything that was opened so far. Returns a Deferred that fires when all of it is over."""
        from twisted.internet import reactor

        return tear_down(self.port, self.sides, reactor, self.grace, self.limit)


class Asking(TidyConnections, TestCase):
    """A test case with an HTTP client, whose pool makes connections, keeps them open, and uses them again.

    The mixin ends only what listen and connect have opened; the pool's connections are closed by the pool.
    """

    timeout = 5

    def setUp(self) -> None:
        """Make the pool, and Twisted's HTTP client, which uses it."""
        from twisted.internet import reactor

        self.pool = HTTPConnectionPool(reactor)
        # Step 18: a pool
        self.agent = Agent(reactor, pool=self.pool)

    async def get(self, url: str) -> bytes:
        """Fetch a page, to its end. Returns its content."""
        response = await self.agent.request(b"GET", url.encode("ascii"))
        return await readBody(response)
