"""A stranger's tests, in a project that has tidy.py, Twisted, and nothing of the course: see test_tidy_copy.py.

Each leaves its connections in another state. What they leave, trial must not see.
"""

import socket
import sys
from importlib.util import find_spec

from connections import (
    Case,
    Deaf,
    Echo,
    Half,
    Hello,
    Noting,
    Pushing,
    Stubborn,
    StubbornEndpoint,
    StubbornPort,
    certificate,
)
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.endpoints import (
    SSL4ServerEndpoint,
    TCP4ClientEndpoint,
    UNIXClientEndpoint,
    UNIXServerEndpoint,
    wrapClientTLS,
)
from twisted.internet.error import ConnectingCancelledError, ConnectionDone, ConnectionRefusedError
from twisted.internet.interfaces import IReactorUNIX
from twisted.internet.protocol import Factory
from twisted.internet.ssl import Certificate, PrivateCertificate, optionsForClientTLS
from twisted.internet.task import deferLater
from twisted.trial.unittest import SkipTest, TestCase


class Alone(TestCase):
    """What the project has."""

    def test_alone(self):
        """No part of the course is within reach."""
        for name in ("exercises", "workshop", "solutions"):
            self.assertIsNone(find_spec(name), f"{name} can be imported here")


class TCP(Case):
    """Over TCP."""

    async def test_async(self):
        one, _ = await self.pair()
        self.assertEqual(await one.answer, b"hello")

    def test_deferred(self):
        servers = Noting(Echo)

        def connect(port):
            return self.connect(self.client(port), Factory.forProtocol(Hello))

        def wait(one):
            self.sides.append(one)
            return one.answer

        done = self.listen(self.server(), servers).addCallback(connect).addCallback(wait)
        done.addCallback(self.assertEqual, b"hello")
        return done.addCallback(lambda _: self.sides.extend(servers.made))

    @inlineCallbacks
    def test_inline_callbacks(self):
        servers = Noting(Echo)
        port = yield self.listen(self.server(), servers)
        one = yield self.connect(self.client(port), Factory.forProtocol(Hello))
        answer = yield one.answer
        self.assertEqual(answer, b"hello")
        self.sides += [one, *servers.made]

    async def test_deaf(self):
        await self.pair(Deaf, Deaf)

    async def test_unread(self):
        await self.pair(Pushing, Pushing)

    async def test_many(self):
        servers, clients = Noting(Echo), Factory.forProtocol(Hello)
        port = await self.listen(self.server(), servers)
        for _ in range(5):
            self.sides.append(await self.connect(self.client(port), clients))
            await self.sides[-1].answer
        self.sides += servers.made

    async def test_gone(self):
        for stroke in ("loseConnection", "abortConnection"):
            one, two = await self.pair()
            getattr(two.transport, stroke)()
            await one.over
            await two.over

    async def test_going(self):
        one, _ = await self.pair()
        one.transport.loseConnection()
        _, two = await self.pair()
        two.transport.abortConnection()

    async def test_port_stopped(self):
        port = await self.listen(self.server(), Noting(Echo))
        await port.stopListening()

    async def test_port_stopping(self):
        port = await self.listen(self.server(), Noting(Echo))
        port.stopListening()

    async def test_method_set_later(self):
        one, _ = await self.pair()
        await one.answer
        heard = []
        self.sides.remove(one)
        one.connectionLost = heard.append
        self.then.append(lambda: self.assertEqual(len(heard), 1))

    async def test_watched(self):
        servers = Noting(Echo)
        port = await self.server().listen(self.watched(servers))
        self.addCleanup(port.stopListening)
        self.sides.append(await self.connect(self.client(port), Factory.forProtocol(Hello)))
        self.sides.append(await servers.first)

    async def test_just_begun(self):
        port = await self.listen(self.server(), Noting(Echo))
        self.attempt(self.client(port))


class UNIX(TCP):
    """Over UNIX sockets."""

    def setUp(self):
        from twisted.internet import reactor

        if not IReactorUNIX.providedBy(reactor):
            raise SkipTest("This platform has no UNIX sockets.")
        super().setUp()

    def server(self):
        from twisted.internet import reactor

        return UNIXServerEndpoint(reactor, self.mktemp())

    def client(self, port):
        from twisted.internet import reactor

        return UNIXClientEndpoint(reactor, port.getHost().name)


class TLS(TCP):
    """Over TLS."""

    def server(self):
        from twisted.internet import reactor

        options = PrivateCertificate.loadPEM(certificate()).options()
        return SSL4ServerEndpoint(reactor, 0, options, interface="127.0.0.1")

    def client(self, port):
        trusted = Certificate.loadPEM(certificate())
        options = optionsForClientTLS("localhost", trustRoot=trusted)
        return wrapClientTLS(options, super().client(port))


class States(Case):
    """States that not each kind of connection has, or on each platform."""

    async def test_half_closed(self):
        for closes in (0, 1):
            pair = await self.pair(Half, Half)
            pair[closes].transport.loseWriteConnection()
            await pair[1 - closes].half

    async def test_closed_not_aborted(self):
        one, two = await self.pair()
        await one.answer
        for side in (one, two):
            self.then.append(
                lambda over=side.over: self.assertIsInstance(
                    self.successResultOf(over), ConnectionDone
                )
            )

    async def test_refused(self):
        port = await self.listen(self.server(), Noting(Echo))
        endpoint = self.client(port)
        await port.stopListening()
        attempt = self.connect(endpoint, Factory.forProtocol(Hello))
        await self.assertFailure(attempt, ConnectionRefusedError)

    async def test_still_connecting(self):
        """Nobody answers, since the queue of those who wait to be accepted is full."""
        if sys.platform != "linux":
            raise SkipTest("Only on Linux is a full queue silent.")
        from twisted.internet import reactor

        listener = socket.socket()
        self.addCleanup(listener.close)
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            waiting = socket.socket()
            self.addCleanup(waiting.close)
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        self.attempt(TCP4ClientEndpoint(reactor, *listener.getsockname()))

    async def test_never_answered(self):
        """An endpoint of the project's own."""

        class Silent:
            def connect(self, factory):
                return Deferred(lambda d: d.errback(ConnectingCancelledError(None)))

        self.attempt(Silent())

    async def test_cancelled(self):
        """The test gets the failure before its tearDown, even though the attempt takes a moment to end."""
        seen = []

        class Slow:
            def connect(self, factory):
                from twisted.internet import reactor

                going = Deferred(lambda d: d.errback(ConnectingCancelledError(None)))
                return going.addErrback(lambda why: deferLater(reactor, 0.02, lambda: why))

        for _ in range(2):
            attempt = self.connect(Slow(), Factory.forProtocol(Hello))
            attempt.addErrback(lambda failure: seen.append(failure.type))
        attempt.cancel()
        self.then.append(lambda: self.assertEqual(len(seen), 2))


class SetUpFails(Case):
    """trial calls no tearDown then."""

    async def setUp(self):
        super().setUp()
        await self.pair(Pushing, Pushing)
        raise RuntimeError("setUp stopped halfway")

    def test_never_run(self):
        raise AssertionError("it was run")


class Fails(Case):
    """Tests that trial must report: each once, with what it says itself or, where an end never comes, what that was."""

    limit = 0.3

    async def test_fails(self):
        await self.pair(Pushing, Pushing)
        self.fail("on purpose")

    async def test_raises(self):
        await self.pair()
        raise LookupError("on purpose, too")

    async def test_connection_would_not_end(self):
        await self.pair()
        await self.connect(StubbornEndpoint(), Factory.forProtocol(Stubborn))

    async def test_timeout_too_short(self):
        """Its limit is below trial's timeout, which would name nothing."""
        await self.listen(StubbornPort(), Factory())

    test_timeout_too_short.timeout = 0.2

    async def test_port_would_not_stop(self):
        await self.pair()
        await self.listen(StubbornPort(), Factory())
