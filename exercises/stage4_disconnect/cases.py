"""Inner tests for steps 11 to 18: what they open, and in which kinds of test."""

import socket
from itertools import islice

from twisted.internet.defer import Deferred, ensureDeferred, fail, inlineCallbacks, succeed
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP4ServerEndpoint
from twisted.internet.interfaces import IPullProducer
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase
from zope.interface import implementer

from ..wire import ADDRESS
from .fakes import FakeConnection
from .fixture import Connected
from .inner import Outer
from .lines import Client, Side
from .tidy import TidyConnections

GOODBYE = 0.05  # seconds


class InnerFixture(Connected):
    """An inner test with the fixture, in which a wrong teardown takes no longer than a second."""

    timeout = 1.2
    grace = 0.05
    limit = 0.8

    async def runTest(self):
        """Do nothing more than setUp does."""


class Inner(TidyConnections, TestCase):
    """An inner test with the mixin, in which a wrong _end takes no longer than a second."""

    timeout = 1.2
    grace = 0.05
    limit = 0.8

    async def runTest(self):
        """Do nothing."""

    def server(self, number=0):
        """Return a server endpoint, with a free port or the port of this number."""
        from twisted.internet import reactor

        return TCP4ServerEndpoint(reactor, number, interface="127.0.0.1")

    def client(self, number):
        """Return a client endpoint for the port of this number."""
        from twisted.internet import reactor

        return TCP4ClientEndpoint(reactor, "127.0.0.1", number)

    def turn(self):
        """Return a Deferred that fires a moment later."""
        from twisted.internet import reactor

        return deferLater(reactor, 0.005)

    async def pair(self, client_class=Client, server_class=Side):
        """Connect a client and a server with the mixin. Returns both protocols, each with its Deferred `over`."""
        servers = Sides(server_class)
        port = await self.listen(self.server(), servers)
        client = await self.connect(
            self.client(port.getHost().port), Factory.forProtocol(client_class)
        )
        return client, await servers.first


class Sides(Factory):
    """A factory. sides: the protocols that it has built. first: a Deferred that fires with the first connected one."""

    def __init__(self, kind):
        self.sides, self.first = [], Deferred()
        factory = self

        class Noted(kind):
            def connectionMade(self):
                super().connectionMade()
                if not factory.first.called:
                    factory.first.callback(self)

        self.protocol = Noted

    def buildProtocol(self, address):
        side = super().buildProtocol(address)
        self.sides.append(side)
        return side


class FakeListening:
    """A server endpoint whose listen fires with this port, or fails with this exception."""

    def __init__(self, result):
        self.result = result

    def listen(self, factory):
        return fail(self.result) if isinstance(self.result, Exception) else succeed(self.result)


class FakeConnecting:
    """A client endpoint that connects at once, to a FakeConnection. made: the protocols.

    how: arguments for the FakeConnection. through: a function that makes the protocol's transport from it.
    """

    def __init__(self, through=lambda transport: transport, **how):
        self.through, self.how, self.made = through, how, []

    def connect(self, factory):
        protocol = factory.buildProtocol(ADDRESS)
        protocol.makeConnection(self.through(FakeConnection(protocol, **self.how)))
        self.made.append(protocol)
        return succeed(protocol)

    @property
    def asked(self):
        """The calls that asked each of its connections to end, in the order in which they were made."""
        return [protocol.transport.asked for protocol in self.made]


@implementer(IPullProducer)
class SlowGoodbye(Side):
    """A side with a producer, so that its close takes some time. lost: why the connection ended."""

    def connectionMade(self):
        super().connectionMade()
        self.asked = False
        self.transport.registerProducer(self, False)

    def resumeProducing(self):
        """Finish after GOODBYE seconds, without producing anything."""
        from twisted.internet import reactor

        if not self.asked:
            self.asked = True
            reactor.callLater(GOODBYE, self.done)

    def done(self):
        self.transport.unregisterProducer()

    def stopProducing(self):
        """Do nothing: the connection is over."""

    def connectionLost(self, reason):
        self.lost = reason.value
        super().connectionLost(reason)


def unread(kind):
    """Return a kind of side that stops reading when it is connected, so does not notice what the other side does."""

    class Unread(kind):
        def connectionMade(self):
            super().connectionMade()
            self.transport.pauseProducing()

    return Unread


class Deaf:
    """A transport whose loseConnection and abortConnection do nothing, or raise."""

    def __init__(self, transport, raises=None):
        self.transport, self.raises = transport, raises

    def __getattr__(self, name):
        return getattr(self.transport, name)

    def loseConnection(self):
        if self.raises is not None:
            raise self.raises

    def abortConnection(self):
        if self.raises is not None:
            self.transport.abortConnection()


class Nowhere:
    """A transport that has no addresses, like that of a process."""

    def __init__(self, transport):
        self.transport = transport

    def __getattr__(self, name):
        return getattr(self.transport, name)

    def getHost(self):
        raise NotImplementedError

    getPeer = getHost


def silent_port(test):
    """Return the number of a port that accepts connections, and on which nobody ever reads or answers."""
    listener = socket.socket()
    test.addCleanup(listener.close)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    return listener.getsockname()[1]


class Halfway(Exception):
    """Raised by an inner test, or its setUp, that must fail."""


def kinds(opening):
    """Inner tests that all open the same things: each with its name, class, expected failures and number of runs.

    opening: an async function, called with the inner test.
    """
    error = Halfway("on purpose")

    class Async(Inner):
        async def runTest(self):
            await opening(self)

    class Deferring(Inner):
        def runTest(self):
            return ensureDeferred(opening(self))

    class Inlining(Inner):
        @inlineCallbacks
        def runTest(self):
            yield ensureDeferred(opening(self))

    class Failing(Inner):
        async def runTest(self):
            await opening(self)
            raise error

    class SetUpFailing(Inner):
        async def setUp(self):
            await opening(self)
            raise error

    yield "in a setUp that fails halfway", SetUpFailing, [error], 1
    yield "in the same test, run twice", Async, [], 2
    yield "in a test that returns a Deferred", Deferring, [], 1
    yield "in an inlineCallbacks test", Inlining, [], 1
    yield "in a test that fails", Failing, [error], 1


def ending_as_one(endpoint):
    """Return a test that connects twice with this endpoint; when one of the two ends, the other does too."""

    class Connects(Inner):
        async def runTest(self):
            one, two = [
                await self.connect(endpoint, Factory.forProtocol(Protocol)) for _ in range(2)
            ]
            one.transport.peer, two.transport.peer = two, one

    return Connects


class Kinds(Outer):
    """A test of what trial reports of inner tests of each kind."""

    def assert_clean_in_each_kind(self, opening, what, most=5):
        """In each kind of test that opens this, trial reports only the test's own failure.

        most: how many of the kinds to run, from the first.
        """
        for kind, case, expected, times in islice(kinds(opening), most):
            self.assert_reported(case, expected, f"for {what} {kind}", times=times)
