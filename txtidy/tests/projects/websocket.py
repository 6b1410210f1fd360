"""autobahn: a WebSocket server in a web site, so that its connections change their protocol, and a client."""

from __future__ import annotations

from typing import Any

from autobahn.twisted.resource import WebSocketResource
from autobahn.twisted.websocket import (
    WebSocketClientFactory,
    WebSocketClientProtocol,
    WebSocketServerFactory,
    WebSocketServerProtocol,
)
from inner import Innocent, waited
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP4ServerEndpoint
from twisted.web.resource import Resource
from twisted.web.server import Site

from txtidy import Tidy


class Echo(WebSocketServerProtocol):  # type: ignore[misc]
    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        self.sendMessage(payload, isBinary)


class Asks(WebSocketClientProtocol):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.opened: Deferred[None] = Deferred()
        self.answer: Deferred[bytes] = Deferred()

    def onOpen(self) -> None:
        self.opened.callback(None)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        self.answer.callback(payload)


def site() -> Any:
    factory = WebSocketServerFactory()
    factory.protocol = Echo
    factory.startFactory()
    root = Resource()
    root.putChild(b"ws", WebSocketResource(factory))
    made = Site(root)
    made.noisy = False
    return made


def client(number: int) -> Any:
    factory = WebSocketClientFactory(f"ws://127.0.0.1:{number}/ws")
    factory.protocol = Asks
    factory.noisy = False
    return factory


class Tests(Innocent):
    @waited
    async def test_echo(self) -> None:
        self.client.sendMessage(b"hello")
        self.assertEqual(await self.client.answer, b"hello")

    @waited
    async def test_closed_by_the_client(self) -> None:
        self.client.sendClose()
        await self.client.is_closed

    def test_left_open(self) -> None:
        pass


class WithTidy(Tidy, Tests):
    @waited
    async def setUp(self) -> None:
        from twisted.internet import reactor

        port = await self.listen(TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1"), site())
        number = port.getHost().port
        endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", number)
        self.client = await self.connect(endpoint, client(number))
        await self.client.opened


class ByHand(Tests):
    """It counts the site's connections: the WebSocket's own protocol is not the one that was built."""

    @waited
    async def setUp(self) -> None:
        from twisted.internet import reactor

        self.lost: list[Deferred[None]] = []
        made = site()
        build = made.buildProtocol

        def build_and_watch(address: Any) -> Any:
            protocol = build(address)
            make = protocol.makeConnection

            def make_connection(transport: Any) -> None:
                lost, ended = transport.connectionLost, Deferred()
                self.lost.append(ended)

                def connection_lost(reason: Any) -> None:
                    lost(reason)
                    ended.callback(None)

                transport.connectionLost = connection_lost
                make(transport)

            protocol.makeConnection = make_connection
            return protocol

        made.buildProtocol = build_and_watch
        endpoint = TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")
        self.port = await endpoint.listen(made)
        self.addCleanup(self.port.stopListening)
        number = self.port.getHost().port
        endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", number)
        self.client = await endpoint.connect(client(number))
        self.addCleanup(self.close)
        await self.client.opened

    def close(self) -> Any:
        self.client.transport.abortConnection()
        return DeferredList([self.client.is_closed, *self.lost])


class Naive(Tests):
    @waited
    async def setUp(self) -> None:
        from twisted.internet import reactor

        endpoint = TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")
        self.port = await endpoint.listen(site())
        number = self.port.getHost().port
        endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", number)
        self.client = await endpoint.connect(client(number))
        await self.client.opened

    def tearDown(self) -> Any:
        self.client.sendClose()
        return self.port.stopListening()
