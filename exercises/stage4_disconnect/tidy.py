"""Connections that end with the test: a mixin for trial's TestCase. One file to copy into any project; needs only Twisted.

    class MyTests(TidyConnections, TestCase):
        async def test_hello(self):
            port = await self.listen(TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1"), MyServerFactory())
            client = await self.connect(TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port), factory)

When the test ends, passed or failed, trial closes ports, attempts and both sides of connections, and waits: after cleanups
that you add later, before tearDown. Needs Twisted 21.7, Python 3.9 or newer. The course's txtidy/ is for what this leaves to
you: an Agent, services, threads, stubborn processes, reactor.connectTCP, protocols without a __dict__.
"""

from typing import Any

from twisted.internet.defer import Deferred, DeferredList, inlineCallbacks, maybeDeferred, succeed
from twisted.python import failure, log
from twisted.trial.unittest import TestCase


class TidyConnections:
    """Connections not over after ``grace`` seconds are aborted; anything not over after ``limit`` is named in a failure."""

    grace, limit = 1.0, 3.0

    def listen(self, endpoint: Any, factory: Any) -> Any:
        """Listen on a server endpoint. Returns a Deferred that fires with the port, or fails, as the endpoint's."""
        listening = endpoint.listen(self.watched(factory))
        # Step 13: the mixin's ports
        return self._begun(listening, endpoint)

    def connect(self, endpoint: Any, factory: Any) -> Any:
        """Connect to a client endpoint. Returns a Deferred that fires with the protocol, or fails, as the endpoint's."""
        return self._begun(endpoint.connect(self.watched(factory)), endpoint)

    def watched(self, factory: Any) -> Any:
        """Let the connections of a factory, which something else may open, end with the test. Returns the factory."""
        if not isinstance(self, TestCase):
            raise TypeError("Not a twisted.trial.unittest.TestCase: nobody would wait for the end.")
        if not hasattr(self, "_opened"):
            self._ports, self._opened = [], []  # type: Any, Any
            self.addCleanup(self._end)
        build = vars(factory.buildProtocol).get("before", factory.buildProtocol)
        factory.buildProtocol = lambda address, opened=self._opened: _noted(build(address), opened)
        factory.buildProtocol.before = build  # so that a factory used again is not watched twice
        return factory

    def _begun(self, going: Any, endpoint: Any) -> Any:
        """Remember an attempt to listen or connect, a Deferred. Returns it, with the endpoint's result for the test."""
        return going  # Step 15: the mixin's attempts

    @inlineCallbacks
    def _end(self: Any) -> Any:
        """End everything that this test has opened, and wait until it is over."""
        from twisted.internet import reactor

        limit = min(self.limit, 0.9 * self.getTimeout())  # trial's own timeout would name nothing
        ports, opened, raised = self._ports, vars(self).pop("_opened"), []  # type: Any, Any, Any
        ends = [*opened]  # Step 13: the mixin's ports
        waiting: Any = DeferredList([over.addErrback(raised.append) for _, _, over, _ in ends])
        for _, _, over, end in opened:  # thing, transport or a word, its end, asks for that
            over.called or maybeDeferred(end).addErrback(raised.append)

        def within(seconds: float, done: Any) -> Any:  # done fires then, or when all is over
            waiting.addBoth(lambda _: reactor.callLater(0, done.callback, None))
            return done.addTimeout(seconds, reactor, lambda *_: None)

        # Step 17: the mixin's limit
        # Step 16: the mixin's grace
        yield waiting  # Step 17: the mixin's limit
        for why in raised[1:]:
            log.err(why)  # trial reports each
        return next(iter(raised), None)


def _noted(protocol: Any, opened: Any) -> Any:
    """Add a protocol's connection to opened when it is made. Returns the protocol."""
    # Step 14: the mixin's connections
    return protocol


def _over(thing: Any) -> Any:
    """Return a Deferred that fires with None after this object's connectionLost is called, even if that raises."""
    lost, over = thing.connectionLost, Deferred()  # type: Any, Any

    def both(*args: Any, **more: Any) -> Any:
        try:
            return lost(*args, **more)
        finally:
            over.called or over.callback(None)

    thing.connectionLost = both
    return over


def _once(one: Any, name: str) -> Any:
    """Let further calls of this object's method return what the first did, until that has fired. Returns the object."""
    method, got = getattr(one, name), [succeed(None)]  # type: Any, Any
    setattr(one, name, lambda: (getattr(got[0], "called", 0) and got.insert(0, method())) or got[0])
    return one
