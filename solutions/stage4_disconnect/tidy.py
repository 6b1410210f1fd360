"""Connections that end with the test: a mixin for trial's TestCase. One file to copy into any project; needs only Twisted.

    class MyTests(TidyConnections, TestCase):
        async def test_hello(self):
            port = await self.listen(TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1"), MyServerFactory())
            client = await self.connect(TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port), factory)

When the test ends, passed or failed, trial closes all of it and waits: ports, attempts to listen or connect, and both
sides of each connection. Cleanups that you add later run before that, and tearDown runs after it. It runs on Twisted
21.7, Python 3.9, and whatever is newer.

What it leaves to you: other things that a test opens, such as the connections of an Agent, services and thread pools;
attempts of reactor.connectTCP; processes that ignore the end of their input; protocols without a __dict__. The package in
the course's folder txtidy/ is for all of these.
"""

from typing import Any

from twisted.internet.defer import Deferred, DeferredList, inlineCallbacks, maybeDeferred
from twisted.python import log
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase


class TidyConnections:
    """Connections not over after ``grace`` seconds are aborted; anything not over after ``limit`` is named in a failure."""

    grace, limit = 1.0, 3.0

    def listen(self, endpoint: Any, factory: Any) -> Any:
        """Listen on a server endpoint. Returns a Deferred that fires with the port, or fails, as the endpoint's."""
        listening = endpoint.listen(self.watched(factory))
        ### BEGIN SOLUTION Step 13: remember the port
        ### STARTER # Step 13: the mixin's ports
        listening.addCallback(lambda port: self._opened[0].append(_once(port)) or port)
        ### END SOLUTION
        return self._begun(listening, endpoint)

    def connect(self, endpoint: Any, factory: Any) -> Any:
        """Connect to a client endpoint. Returns a Deferred that fires with the protocol, or fails, as the endpoint's."""
        return self._begun(endpoint.connect(self.watched(factory)), endpoint)

    def watched(self, factory: Any) -> Any:
        """Let the connections of a factory, which something else may open, end with the test. Returns the factory."""
        if not isinstance(self, TestCase):
            raise TypeError("Not a twisted.trial.unittest.TestCase: nobody would wait for the end.")
        if not hasattr(self, "_opened"):
            self._opened: Any = ([], [], [])  # ports, attempts, connections
            self.addCleanup(self._end)
        build = vars(factory.buildProtocol).get("before", factory.buildProtocol)
        lines = self._opened[2]
        factory.buildProtocol = lambda address: self._noted(build(address), lines)
        factory.buildProtocol.before = build  # so that a factory used again is not watched twice
        return factory

    def _begun(self, attempt: Any, endpoint: Any) -> Any:
        """Remember an attempt to listen or connect. Returns a Deferred for the test, with the endpoint's result."""
        ### BEGIN SOLUTION Step 15: remember the attempt, and a Deferred for its end
        ### STARTER return attempt  # Step 15: the mixin's attempts
        over: Any = Deferred()
        self._opened[1].append((endpoint, attempt, over))
        return attempt.addBoth(lambda result: over.callback(None) or result)
        ### END SOLUTION

    def _noted(self, protocol: Any, lines: Any) -> Any:
        """Add a protocol's connection to lines when it is made. Returns the protocol."""
        ### BEGIN SOLUTION Step 14: add to lines in makeConnection, and fire a Deferred after connectionLost
        ### STARTER return protocol  # Step 14: the mixin's connections
        if protocol is None:
            return None
        make, over = protocol.makeConnection, Deferred()  # type: Any, Any

        def make_connection(transport: Any) -> None:
            hears = transport if hasattr(type(transport), "connectionLost") else protocol
            _after(hears, "connectionLost", lambda: over.called or over.callback(None))
            lines.append((protocol, transport, over))
            make(transport)

        protocol.makeConnection = make_connection
        return protocol
        ### END SOLUTION

    @inlineCallbacks
    def _end(self) -> Any:
        """End everything that this test has opened, and wait until it is over."""
        from twisted.internet import reactor

        # trial's own timeout names nothing, and breaks the next test.
        limit = min(self.limit, 0.9 * self.getTimeout())  # type: ignore[attr-defined]
        ports, attempts, lines = vars(self).pop("_opened", ([], [], []))
        # What to wait for: a thing, its transport or None, a Deferred. What requests have raised.
        ends, raised = [], []  # type: Any, Any
        ### BEGIN SOLUTION Step 13: stop each port
        ### STARTER # Step 13: the mixin's ports
        ends += [(port, None, port.stopListening()) for port in ports]
        ### END SOLUTION
        ### BEGIN SOLUTION Step 15: cancel each attempt that still goes on
        ### STARTER # Step 15: the mixin's attempts
        for endpoint, attempt, over in attempts:
            if not over.called:
                attempt.addErrback(lambda failure: None)  # the test is over, and will not handle it
                given_up: Any = maybeDeferred(attempt.cancel)
                ends.append((endpoint, None, given_up.addCallback(lambda _, over=over: over)))
        ### END SOLUTION
        ### BEGIN SOLUTION Step 14: close each connection that is not over
        ### STARTER # Step 14: the mixin's connections
        for protocol, line, over in lines:
            if not over.called:
                ends.append((protocol, line, over))
                maybeDeferred(lambda line: [line.loseConnection()], line).addErrback(raised.append)
        ### END SOLUTION
        waiting: Any = DeferredList([over for _, _, over in ends], consumeErrors=True)
        ### BEGIN SOLUTION Step 16: abort each connection that is not over after the grace
        ### STARTER # Step 16: the mixin's grace

        def abort_all() -> None:
            for _, line, over in lines:
                if not over.called:
                    abort = getattr(line, "abortConnection", line.loseConnection)
                    maybeDeferred(lambda abort: [abort()], abort).addErrback(raised.append)

        aborting: Any = reactor.callLater(min(self.grace, limit / 2), abort_all)
        waiting.addBoth(lambda results: (aborting.active() and aborting.cancel()) or results)
        ### END SOLUTION
        ### BEGIN SOLUTION Step 17: stop waiting at the limit
        ### STARTER # Step 17: the mixin's limit
        giving_up: Any = reactor.callLater(limit, lambda: waiting.callback(waiting.resultList))
        waiting.addBoth(lambda results: (giving_up.active() and giving_up.cancel()) or results)
        ### END SOLUTION
        results = yield waiting  # for each of ends (succeeded, result), or None if it is not over
        failures = [one[1] for one in results if one and not one[0]] + raised
        ### BEGIN SOLUTION Step 17: fail with the names of what has not ended
        ### STARTER # Step 17: the mixin's limit
        late = "; ".join(_name(*ends[i]) for i, one in enumerate(results) if one is None)
        if late:
            error = AssertionError(f"not over {limit:g} s after the test: {late}")
            failures.insert(0, Failure(error))
        ### END SOLUTION
        for why in failures[1:]:
            log.err(why)  # trial reports each
        return next(iter(failures), None)


def _after(thing: Any, name: str, do: Any) -> None:
    """Call do() after each call of this object's method, even if the method raises."""
    method = getattr(thing, name)

    def both(*args: Any, **more: Any) -> Any:
        try:
            return method(*args, **more)
        finally:
            do()

    setattr(thing, name, both)


def _once(port: Any) -> Any:
    """Let a port's stopListening() be called only once while it closes: a real one would fail. Returns the port."""
    stop, closing = port.stopListening, []  # type: Any, Any

    def stop_once() -> Any:
        closing[:] = closing or [maybeDeferred(stop)]
        return closing[0].addBoth(lambda result: closing.clear() or result)

    port.stopListening = stop_once
    return port


def _name(thing: Any, line: Any, _: Any) -> str:
    """Name something that is not over: a connection with its addresses, if it has any."""
    try:
        return f"{thing} from {line.getHost()} to {line.getPeer()}"
    except Exception:
        return str(thing)
