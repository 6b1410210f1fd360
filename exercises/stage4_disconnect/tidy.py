"""Connections that end with the test: a mixin for trial's TestCase. One file to copy into any project; needs only Twisted.

    class MyTests(TidyConnections, TestCase):
        async def test_hello(self):
            port = await self.listen(TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1"), MyServerFactory())
            client = await self.connect(TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port), factory)

When the test ends, passed or failed, trial closes all of it and waits: ports, attempts to listen or connect, and both sides
of each connection. Cleanups that you add later run before that, and tearDown runs after it.
"""

from typing import Any

from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.python.failure import Failure


class TidyConnections:
    """Connections not over after ``grace`` seconds are aborted; anything not over after ``limit`` is named in a failure."""

    grace = 1.0
    limit = 3.0
    addCleanup: Any  # TestCase has it

    def listen(self, endpoint: Any, factory: Any) -> Deferred[Any]:
        """Listen on a server endpoint. Returns a Deferred that fires with the port, or fails, as the endpoint's."""
        listening: Any = endpoint.listen(self._watched(factory))
        # Step 13: the mixin's ports
        return self._begun(listening, endpoint)

    def connect(self, endpoint: Any, factory: Any) -> Deferred[Any]:
        """Connect to a client endpoint. Returns a Deferred that fires with the protocol, or fails, as the endpoint's."""
        return self._begun(endpoint.connect(self._watched(factory)), endpoint)

    def _begun(self, attempt: Any, endpoint: Any) -> Deferred[Any]:
        """Remember an attempt to listen or connect. Returns a Deferred for the test, with the endpoint's result."""
        return attempt  # Step 15: the mixin's attempts

    def _watched(self, factory: Any) -> Any:
        """Watch the protocols that a factory builds. Returns the factory. Adds _end as a cleanup, once in each test."""
        if not hasattr(self, "_opened"):
            self._opened: Any = ([], [], [])
            self.addCleanup(self._end)
        build = getattr(factory.buildProtocol, "before", factory.buildProtocol)
        lines = self._opened[2]
        factory.buildProtocol = lambda address: self._noted(build(address), lines)
        factory.buildProtocol.before = build  # so that a factory used again is not watched twice
        return factory

    def _noted(self, protocol: Any, lines: list[Any]) -> Any:
        """Add a protocol's connection to lines when it is made. Returns the protocol."""
        return protocol  # Step 14: the mixin's connections

    async def _end(self) -> None:
        """End everything that this test has opened, and wait until it is over."""
        from twisted.internet import reactor

        (ports, attempts, lines), ends = self._opened, list[tuple[str, Deferred[Any]]]()
        raised, late = list[Failure](), list[str]()  # from requests; names of what is not over
        del self._opened
        # Step 13: the mixin's ports
        # Step 15: the mixin's attempts
        # Step 14: the mixin's connections
        waiting: Any = DeferredList([end for _, end in ends], consumeErrors=True)
        # Step 16: the mixin's grace
        # Step 17: the mixin's limit
        failures = [why for good, why in await waiting if not good]
        # Step 17: the mixin's limit
        for why in failures + raised:
            why.raiseException()
