"""Tests for a hunt to find: each is in a way of its own not what a hunt hopes for. Copied into other projects' folders."""

from __future__ import annotations

import os
import threading
from typing import Any

from twisted.internet import defer, protocol
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.trial.unittest import SynchronousTestCase, TestCase


class Side(protocol.Protocol):
    """Knows its first bytes, and its end."""

    def __init__(self) -> None:
        self.first, self.over = defer.Deferred[bytes](), defer.Deferred[None]()

    def dataReceived(self, data: bytes) -> None:
        if not self.first.called:
            self.first.callback(data)

    def connectionLost(self, reason: object) -> None:
        self.over.callback(None)


class Server(Side):
    """Says hello."""

    def connectionMade(self) -> None:
        self.transport.write(b"hello")  # type: ignore[union-attr]


class Connected:
    """A client that is connected, and a teardown that waits for everything."""

    async def setUp(self: Any) -> None:
        from twisted.internet import reactor

        accepted = defer.Deferred[Any]()
        factory = protocol.ServerFactory()

        def build(address: object) -> Server:
            server = Server()
            accepted.callback(server)
            return server

        factory.buildProtocol = build  # type: ignore[assignment,method-assign]
        port: Any = reactor.listenTCP(0, factory, interface="127.0.0.1")  # type: ignore[attr-defined]
        self.addCleanup(port.stopListening)
        endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port)
        self.client = await endpoint.connect(protocol.Factory.forProtocol(Side))
        server = await accepted
        self.addCleanup(lambda: server.over)
        self.addCleanup(lambda: self.client.over)
        self.addCleanup(self.client.transport.abortConnection)

    async def whole(self: Any) -> bool:
        """Whether the first bytes are all bytes."""
        first: bytes = await self.client.first
        return first == b"hello"


class Passes(Connected, TestCase):
    """In each history."""

    async def test_it(self) -> None:
        await self.whole()


class Splits(Connected, TestCase):
    """Takes a chunk for a message."""

    async def test_it(self) -> None:
        self.assertTrue(await self.whole())


class Hangs(Connected, TestCase):
    """Never ends, if a message comes in pieces."""

    async def test_it(self) -> None:
        if not await self.whole():
            threading.Event().wait()


class Dies(Connected, TestCase):
    """Ends its process, if a message comes in pieces."""

    async def test_it(self) -> None:
        if not await self.whole():
            os._exit(3)


class Closes(Connected, TestCase):
    """Closes all files, if a message comes in pieces, and never ends."""

    async def test_it(self) -> None:
        if not await self.whole():
            os.closerange(0, 256)
            threading.Event().wait()


class Stops(Connected, TestCase):
    """Stops the reactor, if a message comes in pieces."""

    async def test_it(self) -> None:
        from twisted.internet import reactor

        if not await self.whole():
            reactor.stop()  # type: ignore[attr-defined]


class Lasts(Connected, TestCase):
    """Counts its runs."""

    runs: list[None] = []  # noqa: RUF012

    async def test_it(self) -> None:
        self.runs.append(None)
        await self.whole()
        self.assertLess(len(self.runs), 5)


class Fails(SynchronousTestCase):
    """In each history."""

    def test_it(self) -> None:
        self.fail("It never passes.")


class Lacks(SynchronousTestCase):
    """Needs a process."""

    def test_it(self) -> None:
        from twisted.internet import reactor

        reactor.spawnProcess(protocol.ProcessProtocol(), "true")  # type: ignore[attr-defined]


class Skips(SynchronousTestCase):
    """Is skipped."""

    def test_it(self) -> None:
        """Nothing."""

    test_it.skip = "not today"  # type: ignore[attr-defined]


class Idle(SynchronousTestCase):
    """Uses no network."""

    def test_it(self) -> None:
        """Nothing."""
