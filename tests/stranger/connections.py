"""What a stranger's tests connect: see test_tidy_copy.py. The project has its mixin from tidy.py."""

from datetime import datetime, timedelta, timezone
from functools import cache, wraps
from inspect import iscoroutinefunction

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tidy import TidyConnections
from twisted import version
from twisted.internet.defer import Deferred, ensureDeferred, succeed
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP4ServerEndpoint
from twisted.internet.error import ConnectingCancelledError
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import TestCase
from zope.interface import implementer

UNSENT = b"x" * 2**24  # bytes; more than any system buffers for a peer that does not read


class Echo(Protocol):
    """Says the same. over: fires when the connection is over."""

    def __init__(self):
        self.over = Deferred()
        self.answer = Deferred()

    def dataReceived(self, data):
        if not self.answer.called:
            self.transport.write(data)
            self.answer.callback(data)

    def connectionLost(self, reason):
        self.over.callback(reason.value)


class Hello(Echo):
    """Begins."""

    def connectionMade(self):
        self.transport.write(b"hello")


class Deaf(Hello):
    """Says hello, and reads nothing."""

    def connectionMade(self):
        super().connectionMade()
        self.transport.pauseProducing()


class Pushing(Deaf):
    """Reads nothing, and has more to send than fits."""

    def connectionMade(self):
        super().connectionMade()
        self.transport.write(UNSENT)


@implementer(IHalfCloseableProtocol)
class Half(Echo):
    """Stays when the other side has closed its half. half: fires then."""

    def __init__(self):
        super().__init__()
        self.half = Deferred()

    def readConnectionLost(self):
        self.half.callback(None)

    def writeConnectionLost(self):
        pass


class Noting(Factory):
    """Notes its protocols. first: fires with the first, once connected."""

    def __init__(self, kind):
        self.made, self.first, self.kind = [], Deferred(), kind

    def buildProtocol(self, address):
        protocol = self.kind()
        connected = protocol.connectionMade

        def connection_made():
            connected()
            if not self.first.called:
                self.first.callback(protocol)

        protocol.connectionMade = connection_made
        self.made.append(protocol)
        return protocol


class Stubborn(Hello):
    """Its end never comes."""

    def __repr__(self):
        return "the stubborn client"


class StubbornEndpoint:
    """Connects to nothing at all."""

    def connect(self, factory):
        protocol = factory.buildProtocol(None)
        protocol.makeConnection(StringTransport())
        return succeed(protocol)


class StubbornPort:
    """It never stops."""

    def __repr__(self):
        return "the stubborn port"

    def listen(self, factory):
        return succeed(self)

    def stopListening(self):
        return Deferred()


@cache
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


def deferring(function):
    """Return a function that returns a Deferred in place of a coroutine."""

    @wraps(function)
    def returns_a_deferred(*args):
        return ensureDeferred(function(*args))

    return returns_a_deferred


class Case(TidyConnections, TestCase):
    """What the tests share. A test lists in self.then what must be true in tearDown, when the mixin has been at work."""

    timeout = 5
    grace, limit = 0.1, 2.0

    def __init_subclass__(cls):
        if (version.major, version.minor) < (22, 8):  # its trial does not wait for coroutines
            for name, method in list(vars(cls).items()):
                if iscoroutinefunction(method):
                    setattr(cls, name, deferring(method))

    def setUp(self):
        self.sides, self.then = [], []

    def tearDown(self):
        still = [type(side).__name__ for side in self.sides if not side.over.called]
        self.assertEqual(still, [], f"not over in tearDown: {still}")
        for check in self.then:
            check()

    def server(self):
        from twisted.internet import reactor

        return TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")

    def client(self, port):
        from twisted.internet import reactor

        return TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port)

    async def pair(self, client=Hello, server=Echo):
        """A client and a server that are connected."""
        servers = Noting(server)
        port = await self.listen(self.server(), servers)
        one = await self.connect(self.client(port), Factory.forProtocol(client))
        two = await servers.first
        self.sides += [one, two]
        return one, two

    def attempt(self, endpoint):
        """Begin to connect. The mixin is to give that up."""
        seen = []
        attempt = self.connect(endpoint, Factory.forProtocol(Hello))
        attempt.addErrback(lambda failure: seen.append(failure.type))
        self.then.append(lambda: self.assertEqual(seen, [ConnectingCancelledError]))
