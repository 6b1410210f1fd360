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
        ### BEGIN SOLUTION Step 13: remember the port
        ### STARTER # Step 13: the mixin's ports
        listening.addCallback(lambda port: self._opened[0].append(port) or port)
        ### END SOLUTION
        return self._begun(listening, endpoint)

    def connect(self, endpoint: Any, factory: Any) -> Deferred[Any]:
        """Connect to a client endpoint. Returns a Deferred that fires with the protocol, or fails, as the endpoint's."""
        return self._begun(endpoint.connect(self._watched(factory)), endpoint)

    def _begun(self, attempt: Any, endpoint: Any) -> Deferred[Any]:
        """Remember an attempt to listen or connect. Returns a Deferred for the test, with the endpoint's result."""
        ### BEGIN SOLUTION Step 15: remember the attempt, and a Deferred for its end
        ### STARTER return attempt  # Step 15: the mixin's attempts
        over = Deferred[None]()
        self._opened[1].append((str(endpoint), attempt, over))
        return attempt.addBoth(lambda result: over.callback(None) or result)  # type: ignore
        ### END SOLUTION

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
        ### BEGIN SOLUTION Step 14: add to lines in makeConnection, and fire a Deferred after connectionLost
        ### STARTER return protocol  # Step 14: the mixin's connections
        if protocol is None:
            return None
        make, lost, over = protocol.makeConnection, protocol.connectionLost, Deferred[None]()

        def make_connection(transport: Any) -> None:
            where = f"from {transport.getHost()} to {transport.getPeer()}"  # lost when it is over
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
        """End everything that this test has opened, and wait until it is over."""
        from twisted.internet import reactor

        (ports, attempts, lines), ends = self._opened, list[tuple[str, Deferred[Any]]]()
        raised, late = list[Failure](), list[str]()  # from requests; names of what is not over
        del self._opened
        ### BEGIN SOLUTION Step 13: stop each port
        ### STARTER # Step 13: the mixin's ports
        ends += [(str(port), maybeDeferred(port.stopListening)) for port in ports]
        ### END SOLUTION
        ### BEGIN SOLUTION Step 15: cancel each attempt that still goes on
        ### STARTER # Step 15: the mixin's attempts
        for place, attempt, over in attempts:
            if not over.called:
                attempt.addErrback(lambda failure: None)  # the test is over, and will not handle it
                given_up: Any = maybeDeferred(attempt.cancel)
                ends.append((place, given_up.addCallback(lambda _, over=over: over)))
        ### END SOLUTION
        ### BEGIN SOLUTION Step 14: close each connection that is not over
        ### STARTER # Step 14: the mixin's connections
        for who, where, line, over in lines:
            if not over.called:
                ends.append((f"{who} {where}", over))
                maybeDeferred(line.loseConnection).addErrback(raised.append)
        ### END SOLUTION
        waiting: Any = DeferredList([end for _, end in ends], consumeErrors=True)
        ### BEGIN SOLUTION Step 16: abort each connection that is not over after the grace
        ### STARTER # Step 16: the mixin's grace

        def abort_all() -> None:
            for _, _, line, over in lines:
                if not over.called:
                    abort = getattr(line, "abortConnection", line.loseConnection)
                    maybeDeferred(abort).addErrback(raised.append)

        aborting: Any = reactor.callLater(self.grace, abort_all)
        waiting.addBoth(lambda results: (aborting.active() and aborting.cancel()) or results)
        ### END SOLUTION
        ### BEGIN SOLUTION Step 17: note what has not ended by the limit, and stop waiting
        ### STARTER # Step 17: the mixin's limit

        def give_up() -> None:
            results = zip(ends, waiting.resultList, strict=True)
            late.extend(name for (name, _), result in results if result is None)
            waiting.cancel()

        giving_up: Any = reactor.callLater(self.limit, give_up)
        waiting.addBoth(lambda results: (giving_up.active() and giving_up.cancel()) or results)
        ### END SOLUTION
        failures = [why for good, why in await waiting if not good]
        ### BEGIN SOLUTION Step 17: fail with the names of what has not ended
        ### STARTER # Step 17: the mixin's limit
        if late:
            raise AssertionError(f"not over {self.limit:g} s after the test: {'; '.join(late)}")
        ### END SOLUTION
        for why in failures + raised:
            why.raiseException()
