"""The board over connections, for trial on any reactor: tests/test_board_reactors.py runs this.

There is no tearDown. txtidy's mixin ends the port and both sides of each connection, and waits for all of them.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP4ServerEndpoint
from twisted.internet.protocol import ClientFactory, Protocol
from twisted.trial.unittest import TestCase

from txtidy import Tidy
from workshop.board import limits
from workshop.board.limits import Server
from workshop.board.message import Message, Status, text_of
from workshop.board.rows import Rows
from workshop.board.server import Board

PAIRS = 5


def message(number: int, at: int = 1) -> bytes:
    """A pair's message."""
    status = Status("stage2_poetry", at - 1, 12, at, "step", 0, 3, 60 * number, False)
    return text_of(Message(f"{number:016x}", f"pair {number}", status)).encode()


class Asks(Protocol):
    """Sends its bytes; ``answer`` fires with all that comes, at the connection's end."""

    def __init__(self, data: bytes) -> None:
        self.data, self.got = data, b""
        self.answer: Deferred[bytes] = Deferred()

    def connectionMade(self) -> None:
        assert self.transport is not None
        self.transport.write(self.data)

    def dataReceived(self, data: bytes) -> None:
        self.got += data

    def connectionLost(self, reason: Any = None) -> None:
        self.answer.callback(self.got)


class Connections(Tidy, TestCase):
    """A board, and those who connect to it."""

    weather = "windy"
    timeout = 30

    async def serve(self) -> None:
        """Let a board listen."""
        from twisted.internet import reactor

        clock: Any = reactor
        self.rows = Rows(clock.seconds)
        self.board = Board(self.rows)
        self.site = Server(self.board.root, reactor)
        self.site.noisy = False
        endpoint = TCP4ServerEndpoint(clock, 0, interface="127.0.0.1")
        self.port = (await self.listen(endpoint, self.site)).getHost().port

    async def ask(self, data: bytes) -> bytes:
        """Send these bytes, and wait for all that is answered."""
        from twisted.internet import reactor

        endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", self.port)
        factory = ClientFactory()
        factory.noisy = False
        factory.buildProtocol = lambda address: Asks(data)  # type: ignore[method-assign,assignment]
        client = await self.connect(endpoint, factory)
        answer: bytes = await client.answer
        return answer

    async def post(self, number: int, at: int = 1) -> None:
        """Post a pair's message; check that the board takes it."""
        data = message(number, at)
        head = b"POST /%s HTTP/1.1\r\nHost: board\r\nContent-Length: %d\r\n\r\n"
        got = await self.ask(head % (self.board.post.encode(), len(data)) + data)
        self.assertTrue(got.startswith(b"HTTP/1.1 204 "), f"Expected 204; got {got!r}.")

    async def page(self) -> str:
        """Get the page."""
        got = await self.ask(f"GET /{self.board.view} HTTP/1.1\r\nHost: board\r\n\r\n".encode())
        return got.decode()

    async def test_pairs_at_once(self) -> None:
        """Pairs that post at once are all on the page, the most stuck first; a later message replaces the earlier."""
        await self.serve()
        for at in (1, 2):
            posts = (Deferred.fromCoroutine(self.post(n, at)) for n in range(PAIRS))
            await gatherResults(list(posts), consumeErrors=True)
        text = await self.page()
        found = [text.find(f"<th>pair {n}<") for n in reversed(range(PAIRS))]
        self.assertNotIn(-1, found)
        self.assertEqual(found, sorted(found))
        self.assertEqual(text.count("<td>step 2<"), PAIRS)

    async def test_no_request(self) -> None:
        """Whoever sends only a part of a request loses the connection, and others are served meanwhile."""
        self.patch(limits, "LIMIT", 2.0)
        await self.serve()
        slow = Deferred.fromCoroutine(self.ask(b"POST / HTTP/1.1\r\nHos"))
        await self.post(1)
        self.assertEqual(await slow, b"")
        self.assertEqual(self.site.open, 0)

    async def test_too_long(self) -> None:
        """A request that is too long ends its connection; the board goes on."""
        await self.serve()
        head = (
            f"POST /{self.board.post} HTTP/1.1\r\nHost: board\r\nContent-Length: 99999999\r\n\r\n"
        )
        got = await self.ask(head.encode() + b"x" * 99)
        # A close with unread bytes is a reset, which may arrive before the answer is read.
        self.assertIn(got[:13], (b"HTTP/1.1 413 ", b""))
        await self.post(1)
        self.assertEqual(len(self.rows.rows()), 1)

    async def test_nothing_is_left(self) -> None:
        """A test that fails in the middle leaves nothing: the mixin ends the port and both sides."""
        await self.serve()
        Deferred.fromCoroutine(self.ask(b"GET"))
        await self.post(1)
