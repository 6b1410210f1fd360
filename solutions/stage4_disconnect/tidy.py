"""Connections that end with the test: a mixin for trial's TestCase. One file to copy into any project; needs only Twisted.

    class MyTests(TidyConnections, TestCase):
        async def test_hello(self):
            port = await self.listen(TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1"), MyServerFactory())
            client = await self.connect(TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port), factory)

When the test ends, passed or failed, all that it opened so is closed, and trial waits until it is over: ports, attempts to
connect, and both sides of each connection. Cleanups that you add later run before that, and tearDown after it.
"""

from typing import Any

from twisted.internet.defer import CancelledError, Deferred, DeferredList, maybeDeferred


class TidyConnections:
    """What has not closed after ``grace`` seconds is aborted; what is not over after ``limit`` fails the test by name."""

    grace = 1.0
    limit = 3.0
    addCleanup: Any  # trial's

    def listen(self, endpoint: Any, factory: Any) -> Deferred[Any]:
        """Listen at a server endpoint. The Deferred fires with the port, or fails as the endpoint's does."""
        listening: Deferred[Any] = endpoint.listen(self._watched(factory))
        ### BEGIN SOLUTION Step 13: remember the port
        ### STARTER return listening  # Step 13: the port is left open.
        return listening.addCallback(lambda port: self._opened[0].append(port) or port)
        ### END SOLUTION

    def connect(self, endpoint: Any, factory: Any) -> Deferred[Any]:
        """Connect to a client endpoint. The Deferred fires with the protocol, or fails as the endpoint's does."""
        attempt: Deferred[Any] = endpoint.connect(self._watched(factory))
        ### BEGIN SOLUTION Step 15: remember the attempt, and give the test a Deferred of its own
        ### STARTER return attempt  # Step 15: an attempt that still goes on when the test ends is left behind.
        mine: Deferred[Any] = Deferred(lambda _: attempt.cancel())
        attempt.chainDeferred(mine)
        self._opened[1].append(mine)
        return mine
        ### END SOLUTION

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
        ### BEGIN SOLUTION Step 14: add to lines in makeConnection, and fire the Deferred after connectionLost
        ### STARTER return protocol  # Step 14: connections are left as they are.
        if protocol is None:
            return None
        make, lost, over = protocol.makeConnection, protocol.connectionLost, Deferred[None]()

        def make_connection(transport: Any) -> None:
            where = f"from {transport.getHost()} to {transport.getPeer()}"  # gone once over
            lines.append((protocol, where, transport, over))
            make(transport)

        def connection_lost(*reason: Any) -> None:
            try:
                lost(*reason)
            finally:
                over.called or over.callback(None)  # type: ignore[func-returns-value]

        protocol.makeConnection, protocol.connectionLost = make_connection, connection_lost
        return protocol
        ### END SOLUTION

    async def _end(self) -> None:
        """End what this test has opened, and wait for it."""
        from twisted.internet import reactor

        (ports, attempts, lines), ends = self._opened, list[tuple[str, Deferred[Any]]]()
        del self._opened
        ### BEGIN SOLUTION Step 13: stop each port
        ### STARTER # Step 13: the ports are left open.
        ends += [(str(port), maybeDeferred(port.stopListening)) for port in ports]
        ### END SOLUTION
        ### BEGIN SOLUTION Step 15: give up each attempt that still goes on
        ### STARTER # Step 15: attempts are left as they are.
        for attempt in attempts:
            if not attempt.called:
                attempt.addErrback(lambda failure: None)  # nobody may be left to see it
                ends.append(("giving up an attempt to connect", maybeDeferred(attempt.cancel)))
        ### END SOLUTION
        ### BEGIN SOLUTION Step 14: close each connection that is not over
        ### STARTER # Step 14: connections are left as they are.
        for who, where, line, over in lines:
            if not over.called:
                ends += [(f"{who} {where}", over), ("closing", maybeDeferred(line.loseConnection))]
        ### END SOLUTION
        waiting: Any = DeferredList([end for _, end in ends], consumeErrors=True)
        ### BEGIN SOLUTION Step 16: abort after the grace what is not over
        ### STARTER # Step 16: a connection whose peer does not read never ends.

        def abort() -> None:
            for _, _, line, over in lines:
                if not over.called:
                    getattr(line, "abortConnection", line.loseConnection)()

        aborting: Any = reactor.callLater(self.grace, abort)
        waiting.addBoth(lambda results: (aborting.active() and aborting.cancel()) or results)
        ### END SOLUTION
        ### BEGIN SOLUTION Step 17: end the wait after the limit
        ### STARTER # Step 17: what never ends is waited for until trial's own timeout.
        waiting.addTimeout(self.limit, reactor)
        ### END SOLUTION
        found = zip(ends, await waiting, strict=True)
        failures = [(name, why) for (name, _), (good, why) in found if not good]
        ### BEGIN SOLUTION Step 17: name what the wait was cancelled for
        ### STARTER # Step 17: what never ends has no name.
        late = "; ".join(name for name, why in failures if why.check(CancelledError))
        if late:
            raise AssertionError(f"not over {self.limit:g} s after the test: {late}")
        ### END SOLUTION
        for _, why in failures:
            why.raiseException()
