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
        ### BEGIN SOLUTION Step 13: remember the port
        ### STARTER # Step 13: the port is left open.
        listening.addCallback(lambda port: self._opened[0].append(port) or port)
        ### END SOLUTION
        return self._begun(listening, endpoint)

    def connect(self, endpoint: Any, factory: Any) -> Deferred[Any]:
        """Connect to a client endpoint. The Deferred fires with the protocol, or fails as the endpoint's does."""
        return self._begun(endpoint.connect(self._watched(factory)), endpoint)

    def _begun(self, attempt: Any, endpoint: Any) -> Deferred[Any]:
        """An attempt to listen or to connect: the Deferred for the test, which fires or fails as the endpoint's does."""
        ### BEGIN SOLUTION Step 15: remember the attempt, and a Deferred that fires when the endpoint is done with it
        ### STARTER return attempt  # Step 15: an attempt that still goes on when the test ends is left behind.
        over = Deferred[None]()
        self._opened[1].append((str(endpoint), attempt, over))
        return attempt.addBoth(lambda result: over.callback(None) or result)  # type: ignore
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
        raised, late = list[Failure](), list[str]()  # by requests; the names of what stays
        del self._opened
        ### BEGIN SOLUTION Step 13: stop each port
        ### STARTER # Step 13: the ports are left open.
        ends += [(str(port), maybeDeferred(port.stopListening)) for port in ports]
        ### END SOLUTION
        ### BEGIN SOLUTION Step 15: give up each attempt that still goes on
        ### STARTER # Step 15: attempts are left as they are.
        for place, attempt, over in attempts:
            if not over.called:
                attempt.addErrback(lambda failure: None)  # nobody may be left to see it
                given_up: Any = maybeDeferred(attempt.cancel)
                ends.append((place, given_up.addCallback(lambda _, over=over: over)))
        ### END SOLUTION
        ### BEGIN SOLUTION Step 14: close each connection that is not over
        ### STARTER # Step 14: connections are left as they are.
        for who, where, line, over in lines:
            if not over.called:
                ends.append((f"{who} {where}", over))
                maybeDeferred(line.loseConnection).addErrback(raised.append)
        ### END SOLUTION
        waiting: Any = DeferredList([end for _, end in ends], consumeErrors=True)
        ### BEGIN SOLUTION Step 16: abort after the grace what is not over
        ### STARTER # Step 16: a connection whose peer does not read never ends.

        def abort_all() -> None:
            for _, _, line, over in lines:
                if not over.called:
                    abort = getattr(line, "abortConnection", line.loseConnection)
                    maybeDeferred(abort).addErrback(raised.append)

        aborting: Any = reactor.callLater(self.grace, abort_all)
        waiting.addBoth(lambda results: (aborting.active() and aborting.cancel()) or results)
        ### END SOLUTION
        ### BEGIN SOLUTION Step 17: note what has not ended by the limit, and end the wait
        ### STARTER # Step 17: what never ends is waited for until trial's own timeout.

        def give_up() -> None:
            results = zip(ends, waiting.resultList, strict=True)
            late.extend(name for (name, _), result in results if result is None)
            waiting.cancel()

        giving_up: Any = reactor.callLater(self.limit, give_up)
        waiting.addBoth(lambda results: (giving_up.active() and giving_up.cancel()) or results)
        ### END SOLUTION
        failures = [why for good, why in await waiting if not good]
        ### BEGIN SOLUTION Step 17: fail by the names of what has not ended
        ### STARTER # Step 17: what never ends has no name.
        if late:
            raise AssertionError(f"not over {self.limit:g} s after the test: {'; '.join(late)}")
        ### END SOLUTION
        for why in failures + raised:
            why.raiseException()
