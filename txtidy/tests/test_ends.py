"""When and how things are asked to end, and how they are named."""

from __future__ import annotations

import socket
import sys
import time
from typing import Any

import kinds
import pytest
from cases import OK, case, named, tidy
from inner import Quiet, factory, lines, message
from twisted.application.service import Service
from twisted.internet.defer import Deferred, fail, maybeDeferred
from twisted.internet.endpoints import HostnameEndpoint, TCP4ClientEndpoint
from twisted.internet.protocol import ClientFactory, ProcessProtocol
from twisted.internet.task import LoopingCall, deferLater
from twisted.internet.testing import StringTransport, StringTransportWithDisconnection
from twisted.web.client import Agent, HTTPConnectionPool, readBody
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site

from txtidy._things import opened_at

stubborn_service = next(
    test for title, _, test in kinds.KINDS if title == "a service that does not stop"
)


async def connected(t: Any, client: Any = None) -> Any:
    """Connect through the test's reactor. Returns the client's protocol."""
    port = t.reactor.listenTCP(0, factory(), interface="127.0.0.1")
    endpoint = TCP4ClientEndpoint(t.reactor, "127.0.0.1", port.getHost().port)
    return await t.connect(endpoint, client or factory())


def test_no_delay() -> None:
    """What ends at once is not waited for any longer."""

    async def test(t: Any) -> None:
        t.tidied(LoopingCall(lambda: None)).start(30)  # stops while it is asked to
        await connected(t)

    begun = time.monotonic()
    tidy(test, grace=1.5, limit=4.0, timeout=9)
    assert time.monotonic() - begun < 1.0


def test_services_first() -> None:
    """A service stops while its connections are still open, so that it can say goodbye."""
    said: list[Any] = []

    async def test(t: Any) -> None:
        client = await connected(t)

        class Polite(Service):
            def stopService(self) -> Any:
                from twisted.internet import reactor

                super().stopService()
                return deferLater(reactor, 0.03, lambda: said.append(client.transport.connected))

        t.tidied(Polite()).startService()

    tidy(test)
    assert said == [1]


def test_grace_of_its_own() -> None:
    """What is asked late, since a service keeps it waiting, is not aborted at the same time."""
    times: list[float] = []

    class Timed(StringTransport):
        def loseConnection(self) -> None:
            times.append(time.monotonic())

        abortConnection = loseConnection

    async def test(t: Any) -> None:
        await stubborn_service(t)
        made = t.watched(factory())
        made.buildProtocol(None).makeConnection(Timed())
        other, transport = made.buildProtocol(None), StringTransportWithDisconnection()
        transport.protocol = other
        other.makeConnection(transport)  # its end is noticed at once

    assert len(named(test)) == 2
    first, second = times
    assert second - first > 0.08


def test_restarted_service() -> None:
    """A service that has stopped and started again is stopped."""
    services = []

    class Slow(Service):
        def stopService(self) -> Any:
            from twisted.internet import reactor

            super().stopService()
            return deferLater(reactor, 0.01)

    async def test(t: Any) -> None:
        services.append(t.tidied(Slow()))
        services[0].startService()
        await services[0].stopService()
        services[0].startService()

    tidy(test)
    assert not services[0].running


def test_back_to_the_pool() -> None:
    """A connection that becomes idle during the teardown leaves no timeout of its pool."""

    class Waits(Resource):
        isLeaf = True

        def render_GET(self, request: Any) -> int:
            asked.callback(request)
            return NOT_DONE_YET

    class Answers(Service):
        def stopService(self) -> Any:
            self.request.finish()
            return answered

    asked: Deferred[Any] = Deferred()
    answered: Deferred[Any] = Deferred()

    async def test(t: Any) -> None:
        from twisted.internet import reactor

        pool = t.tidied(HTTPConnectionPool(reactor))
        service = t.tidied(Answers())
        service.startService()
        made = Site(Waits())
        made.noisy = False
        port = await t.listen(kinds.server(), made)
        url = b"http://127.0.0.1:%d/" % port.getHost().port
        answer = Agent(reactor, pool=pool).request(b"GET", url).addCallback(readBody)
        answer.addBoth(lambda _: answered.callback(None))
        service.request = await asked

    tidy(test)


def test_one_line_for_each() -> None:
    """A connection that is known in several ways is named once, by its own protocol, with its opener."""

    async def test(t: Any) -> None:
        silent = socket.socket()
        t.addCleanup(silent.close)
        silent.bind(("127.0.0.1", 0))
        silent.listen(1)
        endpoint = TCP4ClientEndpoint(t.reactor, *silent.getsockname())
        client = await t.connect(endpoint, factory())
        client.transport.loseConnection = client.transport.abortConnection = lambda: None

    said = case(test)
    assert said["test_z_innocent"] == OK
    (told,) = (message(text) for _, text in said["test_it"] if message(text))
    both = lines(told)
    assert [line.split(", opened")[0] for line in both] == [
        "not over 0.4 s after the test: the connection of <Quiet> from 127.0.0.1:N to 127.0.0.1:N"
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="fills a queue as Linux has it")
def test_connects_again() -> None:
    """An attempt that a factory makes after a failed one is ended, too, while it goes on."""

    async def test(t: Any) -> None:
        full = socket.socket()
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        sockets = [full, socket.socket(), socket.socket()]
        for one in sockets:
            t.addCleanup(one.close)
        for one in sockets[1:]:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        again: Deferred[None] = Deferred()

        class Stays(ClientFactory):
            noisy = False

            def clientConnectionFailed(self, connector: Any, reason: Any) -> None:
                if not again.called:
                    connector.port = full.getsockname()[1]
                    connector.connect()
                    again.callback(None)

        t.reactor.connectTCP("127.0.0.1", kinds.nobody(), Stays())
        await again

    tidy(test)


def test_process_that_ended_unheard() -> None:
    """A process is over although the test has replaced processEnded, and it came."""

    async def test(t: Any) -> None:
        ended: Deferred[Any] = Deferred()
        protocol = ProcessProtocol()
        t.reactor.spawnProcess(protocol, sys.executable, [sys.executable, "-S", "-c", ""], None)
        protocol.processEnded = lambda reason: ended.callback(None)  # type: ignore[method-assign]
        await ended

    tidy(test)


def test_string_transport() -> None:
    """Twisted's own fake transport tells its protocol nothing, so its connection is named."""

    async def test(t: Any) -> None:
        t.watched(factory()).buildProtocol(None).makeConnection(StringTransport())

    (line,) = named(test)
    assert line.startswith("not over 0.4 s after the test: the connection of <Quiet> from 10.0.0.1")


def test_unhandled_failure() -> None:
    """An attempt that fails, and that nobody handles, is reported by its own test."""

    class Fails:
        def connect(self, made: Any) -> Any:
            return fail(LookupError("nobody there"))

    async def test(t: Any) -> None:
        t.connect(Fails(), factory())

    said = case(test)
    assert said["test_z_innocent"] == OK
    assert [("LookupError" in text) for kind, text in said["test_it"] if kind == "ERROR"] == [True]


def test_place() -> None:
    """The place is the nearest call outside of Twisted."""
    found: Any = maybeDeferred(opened_at)
    file, _, number = found.result.rpartition(":")
    assert file == __file__ and int(number) == sys._getframe().f_lineno - 2


def test_hostname() -> None:
    """A HostnameEndpoint, which makes attempts of its own, is tidied: connected, and while it resolves."""
    from twisted.internet import reactor

    async def test(t: Any) -> None:
        port = await t.listen(kinds.server(), factory())
        endpoint = HostnameEndpoint(reactor, "127.0.0.1", port.getHost().port)
        await t.connect(endpoint, factory())
        t.connect(endpoint, factory()).addErrback(lambda failure: None)

    tidy(test)


def certificate() -> Any:
    """Make a self-signed certificate, for a server."""
    pytest.importorskip("OpenSSL")
    from datetime import datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from twisted.internet.ssl import PrivateCertificate

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    made = made.public_key(key.public_key()).serial_number(1)
    made = made.not_valid_before(datetime(2020, 1, 1))
    made = made.not_valid_after(datetime.now() + timedelta(days=9)).sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    text = made.public_bytes(pem) + key.private_bytes(pem, *plain)
    return PrivateCertificate.loadPEM(text)


@pytest.mark.parametrize("deaf", [False, True])
def test_tls(deaf: bool) -> None:
    """Over TLS, both sides end, also if one of them reads nothing and so never answers."""
    mine = certificate()
    from twisted.internet import reactor, ssl
    from twisted.internet.endpoints import SSL4ServerEndpoint, wrapClientTLS

    async def test(t: Any) -> None:
        accepted = kinds.Greeted()
        made = factory()
        made.buildProtocol = lambda address: accepted
        endpoint = SSL4ServerEndpoint(reactor, 0, mine.options(), interface="127.0.0.1")
        port = await t.listen(endpoint, made)
        trusting = ssl.CertificateOptions(verify=False)
        client = await t.connect(
            wrapClientTLS(Trusting(trusting), kinds.client(port)), factory(kinds.Greeted)
        )
        received: Deferred[bytes] = Deferred()
        client.dataReceived = received.callback
        (await accepted.connected_at).transport.write(b"hello")
        await received
        if deaf:
            accepted.transport.pauseProducing()  # type: ignore[union-attr]
            client.transport.write(b"x" * 5_000_000)

    tidy(test)


class Trusting:
    """Makes TLS connections that trust any certificate."""

    def __new__(cls, options: Any) -> Any:
        from OpenSSL.SSL import Connection
        from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
        from zope.interface import implementer

        @implementer(IOpenSSLClientConnectionCreator)
        class Creator:
            def clientConnectionForTLS(self, protocol: Any) -> Connection:
                return Connection(options.getContext(), None)

        return Creator()


def test_two_hundred() -> None:
    """Two hundred connections end quickly."""

    async def test(t: Any) -> None:
        port = await t.listen(kinds.server(), factory())
        for _ in range(200):
            await t.connect(kinds.client(port), factory(Quiet))

    begun = time.monotonic()
    tidy(test, timeout=30)
    assert time.monotonic() - begun < 10


class Wrapped:
    """A transport that passes on all attributes of another one, by __getattr__."""

    def __init__(self, transport: Any) -> None:
        self.wrapped = transport

    def __getattr__(self, name: str) -> Any:
        return getattr(self.wrapped, name)


def test_wrapped_transport() -> None:
    """A connection whose transport is wrapped by a delegating object is over when its protocol hears of it."""
    lost: list[Any] = []

    async def test(t: Any) -> None:
        class Inside(Quiet):
            def connectionLost(self, reason: Any = None) -> None:
                lost.append(reason)

        inside = t.watched(factory(Inside))

        class Outside(kinds.Greeted):
            def connectionMade(self) -> None:
                self.inside = inside.buildProtocol(None)
                self.inside.makeConnection(Wrapped(self.transport))
                super().connectionMade()

            def connectionLost(self, reason: Any = None) -> None:
                self.inside.connectionLost(reason)

        # Past the mixin, which would know the real transport otherwise.
        await kinds.client(await t.listen(kinds.server(), factory())).connect(factory(Outside))

    tidy(test)
    assert len(lost) == 1
