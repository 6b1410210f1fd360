"""Your tests of the given code: of the factory in step 6, and over TCP, in step 15, of a 408."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase, TestCase

from .conversation import GET
from .loopback import serve
from .messages import Request, Response
from .server import HTTPFactory


def target(request: Request) -> Response:
    """Answer each request with its target: a handler."""
    return Response(200, request.target)


class Connections(SynchronousTestCase):
    """Each connection has a protocol of its own, and all share their factory."""

    def connected(self, factory: HTTPFactory) -> tuple[Any, StringTransport]:
        """Do what a reactor does with a new connection. Returns the server's protocol and its transport."""
        protocol, transport = factory.buildProtocol(None), StringTransport()
        protocol.makeConnection(transport)
        return protocol, transport

    # Step 6: your tests of the factory


class Client(Protocol):
    """Sends some bytes once it is connected.

    heard: fires when the server has received all of them. ended: fires, when the connection is over, with all bytes of
    the answers.
    """

    transport: Any

    def __init__(self, data: bytes) -> None:
        self.data, self.got = data, b""
        self.heard: Deferred[None] = Deferred()
        self.ended: Deferred[bytes] = Deferred()

    def connectionMade(self) -> None:
        """Send them."""
        self.transport.write(self.data)

    def dataReceived(self, data: bytes) -> None:
        """Keep what comes."""
        self.got += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection is over, however it ended."""
        self.ended.callback(self.got)


class Seen(TestCase):
    """A client that sends half a request sees a 408 before the connection ends."""

    async def connect(self, clock: Clock, client: Client) -> None:
        """Serve over real TCP, with time from this clock, and connect the client."""
        from twisted.internet import reactor

        left = [len(client.data)]

        def received(data: bytes) -> None:
            left[0] -= len(data)
            if not left[0]:
                client.heard.callback(None)

        port = await serve(self, target, clock, received)
        await connectProtocol(TCP4ClientEndpoint(reactor, "127.0.0.1", port), client)

    # Step 15: your test of the 408
