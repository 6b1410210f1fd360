"""A pool's connections, which the mixin knows nothing of."""

from twisted.internet.defer import TimeoutError
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import Factory
from twisted.internet.task import deferLater
from twisted.web.client import HTTPConnectionPool
from zope.interface import implementer

from .fixture import Asking
from .inner import Outer
from .lines import Side

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
REFUSAL = b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n"


@implementer(IHalfCloseableProtocol)
class Patient(Side):
    """A server that answers each request in the same way, and closes only when the client has."""

    request = b""

    def dataReceived(self, data):
        """A request, or a part of one."""
        self.request += data
        if data.endswith(b"\r\n\r\n"):
            self.transport.write(ANSWER if self.request.startswith(b"GET /") else REFUSAL)
            self.request = b""

    def readConnectionLost(self):
        self.transport.loseConnection()

    def writeConnectionLost(self):
        """Not used: we never close only our half."""


class InnerAsking(Asking):
    """An inner test whose server is its own affair: the last of its cleanups waits until the server's sides are over."""

    timeout = 1.5

    def setUp(self):
        from twisted.internet import reactor

        factory, self.sides = Factory(), []
        factory.buildProtocol = self.build
        self.port = reactor.listenTCP(0, factory, interface="127.0.0.1")
        self.url = f"http://127.0.0.1:{self.port.getHost().port}/"
        # trial calls cleanups in the reverse order: what Asking adds comes before this.
        self.addCleanup(self.server_over)
        super().setUp()

    def build(self, address):
        self.sides.append(Patient())
        return self.sides[-1]

    async def server_over(self):
        """Stop the port, and wait for the connections, which only the client closes."""
        from twisted.internet import reactor

        await self.port.stopListening()
        for side in self.sides:
            try:
                await side.over.addTimeout(0.5, reactor)
            except TimeoutError:
                raise AssertionError("0.5 s later, the client keeps its connection") from None


class Step18Pool(Outer):
    """A pool of connections is closed with the test, and waited for.

    Write one line of Asking.setUp, in fixture.py. Twisted's HTTP client keeps a connection open
    when an answer has come, for the next request. Nothing that the mixin has seen made it, so the
    mixin cannot end it. HTTPConnectionPool.closeCachedConnections ends them all, and returns a
    Deferred.
    """

    def test_two_pages(self):
        """Two pages come over one connection, with a pause between them, which is closed when the test ends."""
        seen, servers = [], []

        class Asks(InnerAsking):
            async def runTest(self):
                from twisted.internet import reactor

                seen.append(await self.get(self.url))
                await deferLater(reactor, 0.05)
                seen.append(await self.get(self.url))
                servers.extend(self.sides)

        self.assert_clean(Asks, "of a test that fetches two pages")
        self.assertEqual(seen, [b"hello"] * 2, f"Expected b'hello' twice; got {seen}.")
        self.assertEqual(len(servers), 1, f"Expected one connection; there were {len(servers)}.")

    def test_failing_test(self):
        """It is closed where the test fails, too."""
        error = AssertionError("the test itself")

        class Fails(InnerAsking):
            async def runTest(self):
                await self.get(self.url)
                raise error

        self.assert_reported(Fails, [error], "where a test fails with that after a page")

    def test_setup_fails(self):
        """It is closed where setUp fails, too."""
        error = OSError("halfway through setUp")

        class Fails(InnerAsking):
            async def setUp(self):
                super().setUp()
                await self.get(self.url)
                raise error

        self.assert_reported(Fails, [error], "where setUp fails with that after a page")

    def test_waits(self):
        """trial waits for the Deferred that closeCachedConnections gives, before it calls the next cleanup."""
        close, closed, seen = HTTPConnectionPool.closeCachedConnections, [], []

        class Asks(InnerAsking):
            def setUp(self):
                from twisted.internet import reactor

                def close_late(pool):
                    return deferLater(reactor, 0.05, close, pool).addCallback(closed.append)

                self.patch(HTTPConnectionPool, "closeCachedConnections", close_late)
                super().setUp()

            async def runTest(self):
                await self.get(self.url)

            async def server_over(self):
                seen.append(len(closed))
                await super().server_over()

        self.assert_clean(Asks, "where closing the connections takes 0.05 s")
        self.assertEqual(
            seen, [1], "Expected trial to wait for closeCachedConnections()'s Deferred; it did not."
        )

    def test_no_page(self):
        """A pool that was not used does no harm."""

        class Idle(InnerAsking):
            async def runTest(self):
                """Nothing is fetched."""

        self.assert_clean(Idle, "of a test that fetches nothing")
