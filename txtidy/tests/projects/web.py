"""klein and treq: an application, and a client whose pool keeps its connections."""

from __future__ import annotations

from typing import Any

import treq
from inner import Innocent, waited
from klein import Klein
from treq.client import HTTPClient
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP4ServerEndpoint
from twisted.web.client import Agent, HTTPConnectionPool
from twisted.web.iweb import IAgentEndpointFactory
from twisted.web.server import Site
from zope.interface import implementer

from txtidy import Tidy


def site() -> Any:
    app = Klein()

    @app.route("/hello")
    def hello(request: Any) -> bytes:
        return b"hello"

    @app.route("/slow")
    def slow(request: Any) -> Any:
        return Deferred()

    made = Site(app.resource())
    made.noisy = False
    return made


class Tests(Innocent):
    @waited
    async def test_hello(self) -> None:
        answer = await self.client.get(f"{self.url}/hello")
        self.assertEqual(await treq.content(answer), b"hello")

    @waited
    async def test_not_read(self) -> None:
        await self.client.get(f"{self.url}/hello")

    def test_no_answer(self) -> None:
        self.client.get(f"{self.url}/slow").addErrback(lambda failure: None)


class WithTidy(Tidy, Tests):
    @waited
    async def setUp(self) -> None:
        from twisted.internet import reactor

        port = await self.listen(TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1"), site())
        self.url = f"http://127.0.0.1:{port.getHost().port}"
        pool = self.tidied(HTTPConnectionPool(reactor))
        self.client = HTTPClient(Agent(self.reactor, pool=pool))


@implementer(IAgentEndpointFactory)
class ByHand(Tests):
    """Both sides of each connection are watched; the agent gets its endpoints from here."""

    @waited
    async def setUp(self) -> None:
        from twisted.internet import reactor

        self.lines: list[Any] = []
        self.attempts: list[Deferred[Any]] = []
        endpoint = TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")
        self.port = await endpoint.listen(self.watch(site()))
        self.addCleanup(self.close)
        self.url = f"http://127.0.0.1:{self.port.getHost().port}"
        self.pool = HTTPConnectionPool(reactor)
        self.client = HTTPClient(Agent.usingEndpointFactory(reactor, self, self.pool))

    def endpointForURI(self, uri: Any) -> Any:
        from twisted.internet import reactor

        endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", uri.port)
        connect = endpoint.connect

        def connect_and_watch(factory: Any) -> Any:
            self.attempts.append(connect(self.watch(factory)))
            return self.attempts[-1]

        endpoint.connect = connect_and_watch
        return endpoint

    def watch(self, factory: Any) -> Any:
        build = factory.buildProtocol

        def build_and_watch(address: Any) -> Any:
            protocol = build(address)
            make = protocol.makeConnection

            def make_connection(transport: Any) -> None:
                lost, ended = transport.connectionLost, Deferred()
                self.lines.append((transport, ended))

                def connection_lost(reason: Any) -> None:
                    lost(reason)
                    ended.callback(None)

                transport.connectionLost = connection_lost
                make(transport)

            protocol.makeConnection = make_connection
            return protocol

        factory.buildProtocol = build_and_watch
        return factory

    @waited
    async def close(self) -> None:
        for attempt in self.attempts:
            attempt.cancel()
        await self.port.stopListening()
        for transport, _ in self.lines:
            transport.abortConnection()
        await DeferredList([ended for _, ended in self.lines])
        await self.pool.closeCachedConnections()


class Naive(Tests):
    @waited
    async def setUp(self) -> None:
        from twisted.internet import reactor

        endpoint = TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")
        self.port = await endpoint.listen(site())
        self.url = f"http://127.0.0.1:{self.port.getHost().port}"
        self.client = HTTPClient(Agent(reactor, pool=HTTPConnectionPool(reactor)))

    def tearDown(self) -> Any:
        return self.port.stopListening()
