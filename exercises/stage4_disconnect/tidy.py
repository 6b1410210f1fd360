"""Connections that end with the test: a mixin for trial's TestCase. One file to copy into any project; needs only Twisted.

    class MyTests(TidyConnections, TestCase):
        async def test_hello(self):
            port = await self.listen(TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1"), MyServerFactory())
            client = await self.connect(TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port), factory)

When the test ends, passed or failed, all that it opened so is closed, and trial waits until it is over: ports, attempts to
listen and to connect, and both sides of each connection. Cleanups that you add later run before that, and tearDown after it.
"""

from typing import Any

from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.python.failure import Failure


class TidyConnections:
    """What has not closed after ``grace`` seconds is aborted; what is not over after ``limit`` fails the test by name."""

    grace = 1.0
    limit = 3.0
    addCleanup: Any  # trial's

    def listen(self, endpoint: Any, factory: Any) -> Deferred[Any]:
        """Listen at a server endpoint. The Deferred fires with the port, or fails as the endpoint's does."""
        listening: Any = endpoint.listen(self._watched(factory))
        # Step 13: the port is left open.
        return self._begun(listening, endpoint)

    def connect(self, endpoint: Any, factory: Any) -> Deferred[Any]:
        """Connect to a client endpoint. The Deferred fires with the protocol, or fails as the endpoint's does."""
        return self._begun(endpoint.connect(self._watched(factory)), endpoint)

    def _begun(self, attempt: Any, endpoint: Any) -> Deferred[Any]:
        """An attempt to listen or to connect: the Deferred for the test, which fires or fails as the endpoint's does."""
        return attempt  # Step 15: an attempt that still goes on when the test ends is left behind.

    def _watched(self, factory: Any) -> Any:
        """The factory, which notes the connections of the protocols that it builds. Has trial call _end, once a test."""
        if not hasattr(self, "_opened"):
            self._opened: Any = ([], [], [])
            self.addCleanup(self._end)
        build = getattr(factory.buildProtocol, "before", factory.buildProtocol)
        lines = self._opened[2]
        factory.buildProtocol = lambda address: self._noted(build(address), lines)
        factory.buildProtocol.before = build  # never watched twice, however often it is used
        return factory

    def _noted(self, protocol: Any, lines: list[Any]) -> Any:
        """The protocol. Its connection, once made, is added to lines: with its transport, and a Deferred for its end."""
        return protocol  # Step 14: connections are left as they are.

    async def _end(self) -> None:
        """End what this test has opened, and wait for it."""
        from twisted.internet import reactor

        (ports, attempts, lines), ends = self._opened, list[tuple[str, Deferred[Any]]]()
        raised, late = list[Failure](), list[str]()  # by requests; the names of what stays
        del self._opened
        # Step 13: the ports are left open.
        # Step 15: attempts are left as they are.
        # Step 14: connections are left as they are.
        waiting: Any = DeferredList([end for _, end in ends], consumeErrors=True)
        # Step 16: a connection whose peer does not read never ends.
        # Step 17: what never ends is waited for until trial's own timeout.
        failures = [why for good, why in await waiting if not good]
        # Step 17: what never ends has no name.
        for why in failures + raised:
            why.raiseException()
