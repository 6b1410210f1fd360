"""The connections of an HTTP client's pool, which the mixin does not open."""

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
    """A server that sends each request the same answer, and closes only after the client has."""

    request = b""

    def dataReceived(self, data):
        """Answer when a request is complete."""
        self.request += data
        if self.request.endswith(b"\r\n\r\n"):
            self.transport.write(ANSWER if self.request.startswith(b"GET /") else REFUSAL)
            self.request = b""

    def readConnectionLost(self):
        self.transport.loseConnection()

    def writeConnectionLost(self):
        """Never called: this side does not close only its half."""


class InnerAsking(Asking):
    """An inner test with its own server. Its last cleanup waits until the server's sides are over."""

    timeout = 1.5

    def setUp(self):
        from twisted.internet import reactor

        factory, self.sides = Factory(), []
        factory.buildProtocol = self.build
        self.port = reactor.listenTCP(0, factory, interface="127.0.0.1")
        self.url = f"http://127.0.0.1:{self.port.getHost().port}/"
        # trial calls cleanups in reverse order: the one that Asking adds comes before this.
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
                raise AssertionError("0.5 s later, the client's connection is open") from None


class Step18Pool(Outer):
    """A pool's connections are closed with the test, and waited for.

    Write one line of Asking.setUp, in fixture.py. When the test is over, passed or failed, or
    setUp has failed, trial must call the pool's closeCachedConnections() and wait for its
    Deferred, before it calls the cleanups that were added earlier. The pool must still keep its
    connections open between requests.
    """

    def test_two_pages(self):
        """Two pages, fetched with a pause between them, come over one connection, which is closed when the test ends."""
        seen, servers = [], []

        class Asks(InnerAsking):
            async def runTest(self):
                from twisted.internet import reactor

                seen.append(await self.get(self.url))
                await deferLater(reactor, 0.05)
                seen.append(await self.get(self.url))
                servers.extend(self.sides)

        self.assert_clean(Asks, "for a test that fetches two pages")
        self.assertEqual(seen, [b"hello"] * 2, f"Expected b'hello' twice; got {seen}.")
        self.assertEqual(len(servers), 1, f"Expected one connection; there were {len(servers)}.")

    def test_failing_test(self):
        """It is also closed if the test fails."""
        error = AssertionError("the test itself")

        class Fails(InnerAsking):
            async def runTest(self):
                await self.get(self.url)
                raise error

        self.assert_reported(Fails, [error], "when a test fails with that after a page")

    def test_setup_fails(self):
        """It is also closed if setUp fails."""
        error = OSError("halfway through setUp")

        class Fails(InnerAsking):
            async def setUp(self):
                super().setUp()
                await self.get(self.url)
                raise error

        self.assert_reported(Fails, [error], "when setUp fails with that after a page")

    def test_waits(self):
        """trial waits for closeCachedConnections()'s Deferred before it calls the next cleanup."""
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

        self.assert_clean(Asks, "when closing the connections takes 0.05 s")
        self.assertEqual(
            seen, [1], "Expected trial to wait for closeCachedConnections()'s Deferred; it did not."
        )

    def test_no_page(self):
        """The pool may be unused."""

        class Idle(InnerAsking):
            async def runTest(self):
                """Fetch nothing."""

        self.assert_clean(Idle, "for a test that fetches nothing")
