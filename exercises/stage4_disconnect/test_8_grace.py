"""The mixin's grace: what does not close by then is aborted, over TCP, TLS and UNIX sockets."""

from datetime import datetime, timedelta, timezone
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from twisted.internet.endpoints import (
    SSL4ServerEndpoint,
    UNIXClientEndpoint,
    UNIXServerEndpoint,
    wrapClientTLS,
)
from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.internet.interfaces import IReactorUNIX
from twisted.internet.protocol import Factory
from twisted.internet.ssl import Certificate, PrivateCertificate, optionsForClientTLS
from twisted.trial.unittest import SkipTest

from .cases import Halfway, Inner, Sides, SlowGoodbye, silent_port, unread
from .inner import Outer
from .lines import CLOGGED, LATE_CLIENT, LATE_SERVER, MORE_THAN_FITS, QUIET, Client, Side


class Pushing(Client):
    """A client that sends more than a connection holds. lost: why it ended."""

    def connectionMade(self):
        self.transport.write(MORE_THAN_FITS)

    def connectionLost(self, reason):
        self.lost = reason.value
        super().connectionLost(reason)


class Silent(Client):
    """A client that sends nothing."""

    def connectionMade(self):
        """Nothing."""


@lru_cache
def certificate():
    """A certificate for localhost, signed by itself, with its key, in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    today = datetime.now(timezone.utc)
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return built.public_bytes(pem) + key.private_bytes(pem, *plain)


class InnerTLS(Inner):
    """Its endpoints speak TLS."""

    def server(self, number=0):
        from twisted.internet import reactor

        options = PrivateCertificate.loadPEM(certificate()).options()
        return SSL4ServerEndpoint(reactor, number, options, interface="127.0.0.1")

    def client(self, number):
        trusted = Certificate.loadPEM(certificate())
        return wrapClientTLS(
            optionsForClientTLS("localhost", trustRoot=trusted), super().client(number)
        )


class Step16MixinGrace(Outer):
    """What has not closed after the grace is aborted, whatever its state.

    Write the lines of _end() after `waiting`, in tidy.py; TLS and UNIX sockets need no more.
    loseConnection first delivers what is unsent, and a peer that does not read keeps that from
    ever being done; over TLS it may wait for the peer's answer. abortConnection waits for nobody,
    and delivers nothing: so only self.grace seconds later. When all has ended before, that call
    is not needed any more: take it off the reactor.
    """

    def test_unread(self):
        """A connection with unsent bytes, which nobody reads, is aborted after self.grace seconds."""
        number, clients = silent_port(self), Sides(Pushing)

        class Pushes(Inner):
            limit = 0.5

            async def runTest(self):
                await self.connect(self.client(number), clients)

        when = "of a client whose peer reads nothing, with a grace of 0.05 s"
        self.assert_clean(Pushes, when)
        self.assert_over(clients.sides, when)
        lost = clients.sides[0].lost
        self.assertIsInstance(
            lost,
            ConnectionAborted,
            f"Expected the end {when} to be ConnectionAborted; got {lost!r}.",
        )

    def test_not_sooner(self):
        """A connection that closes within the grace is not aborted, and leaves nothing in the reactor."""
        servers = []

        class Slow(Inner):
            grace, limit = 2.0, 2.5

            async def runTest(self):
                servers.append((await self.pair(Client, SlowGoodbye))[1])

        when = "where a close takes 0.05 s of a grace of 2 s"
        self.assert_clean(Slow, when)
        lost = servers[0].lost
        self.assertIsInstance(
            lost, ConnectionDone, f"Expected ConnectionDone {when}; got {lost!r}."
        )

    def test_clogged(self):
        """A connection that both sides have filled, and neither reads, ends on both sides."""
        sides = []

        class Clogs(Inner):
            async def runTest(self):
                sides.extend(await self.pair(CLOGGED.client, CLOGGED.server))
                await sides[0].answer

        self.assert_clean(Clogs, "on a clogged line")
        self.assert_over(sides, "on a clogged line")

    def test_setup_fails(self):
        """It is aborted where setUp fails, too."""
        number, error = silent_port(self), Halfway("on purpose")

        class Fails(Inner):
            async def setUp(self):
                await self.connect(self.client(number), Factory.forProtocol(Pushing))
                raise error

        self.assert_reported(Fails, [error], "where setUp fails with that after connecting")

    def test_tls(self):
        """TLS connections end on both sides: quiet ones, unheard ones, clogged ones."""
        sides = []

        class Talks(InnerTLS):
            async def runTest(self):
                for pair in ((Client, Side), (unread(Client), Side), (Client, unread(Side))):
                    sides.extend(await self.pair(*pair))
                await sides[0].answer
                sides.extend(await self.pair(CLOGGED.client, CLOGGED.server))
                await sides[-2].answer

        self.assert_clean(Talks, "of TLS connections")
        self.assert_over(sides, "of TLS connections")

    def test_tls_handshake(self):
        """A TLS connection whose server never answers ends, with and without bytes that are unsent."""
        number, clients = silent_port(self), []

        class Waits(InnerTLS):
            async def runTest(self):
                for kind in (Client, Silent):
                    factory = Factory.forProtocol(kind)
                    clients.append(await self.connect(self.client(number), factory))

        self.assert_clean(Waits, "of a TLS handshake that is never answered")
        self.assert_over(clients, "of a TLS handshake that is never answered")

    def test_unix(self):
        """Connections over UNIX sockets end on both sides: on the quiet line, the late ones, the clogged one."""
        from twisted.internet import reactor

        if not IReactorUNIX.providedBy(reactor):
            raise SkipTest("This platform has no UNIX sockets.")
        sides = []
        path = Path(self.mktemp())

        class Talks(Inner):
            async def runTest(self):
                for number, line in enumerate((QUIET, LATE_SERVER, LATE_CLIENT, CLOGGED)):
                    servers, place = Sides(line.server), str(path.with_suffix(f".{number}"))
                    await self.listen(UNIXServerEndpoint(reactor, place), servers)
                    client = await self.connect(
                        UNIXClientEndpoint(reactor, place), Factory.forProtocol(line.client)
                    )
                    await client.answer
                    sides.extend([client, await servers.first])

        self.assert_clean(Talks, "of connections over UNIX sockets")
        self.assert_over(sides, "of connections over UNIX sockets")
