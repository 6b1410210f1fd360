"""The lines of the gallery: a quiet one, and those that are slow on purpose.

On a quiet loopback a connection ends sooner than trial can look, so a teardown that waits for nothing passes there. On a
slow line one side ends late, every time, whatever the reactor does. Each line is two protocols, and who closes first.
"""

from dataclasses import dataclass

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import Protocol
from zope.interface import implementer

LATE = 0.1  # seconds; trial looks within 0.02 after a test's end, on the slowest of its reactors
MORE_THAN_FITS = b"x" * 2**24  # bytes; more than any system buffers for a peer that does not read


class Side(Protocol):
    """One side of a connection. over: a Deferred that fires with None when the connection is over."""

    def __init__(self):
        self.over = Deferred()

    def dataReceived(self, data):
        """Say the same."""
        self.transport.write(data)

    def later(self, do):
        """Do that a little later, if the connection is not over by then."""
        from twisted.internet import reactor

        call = reactor.callLater(LATE, do)
        self.over.addBoth(lambda _: call.active() and call.cancel())

    def connectionLost(self, reason):
        """The connection is over."""
        self.over.callback(None)


class Client(Side):
    """Says hello, and notes the answer. answer: a Deferred that fires with its first bytes."""

    def __init__(self):
        super().__init__()
        self.answer = Deferred()

    def connectionMade(self):
        """Begin."""
        self.transport.write(b"hello")

    def dataReceived(self, data):
        """The answer, or more of it."""
        if not self.answer.called:
            self.answer.callback(data)


@implementer(IHalfCloseableProtocol)
class LateServer(Side):
    """Hears that the client has closed, and says goodbye a little later."""

    def readConnectionLost(self):
        """The client will send no more."""
        self.later(self.goodbye)

    def goodbye(self):
        """Close, too."""
        self.transport.loseConnection()

    def writeConnectionLost(self):
        """Not used: we never close only our half."""


class LateClient(Client):
    """Reads nothing for a while after its answer, and so does not notice that the server has closed."""

    def dataReceived(self, data):
        """Stop reading, for a while."""
        self.transport.pauseProducing()
        self.later(self.read_on)
        super().dataReceived(data)

    def read_on(self):
        """Read again."""
        self.transport.resumeProducing()


class CloggedServer(Side):
    """Sends more than a connection holds, and reads nothing any more."""

    def dataReceived(self, data):
        """Clog the line."""
        self.transport.write(data + MORE_THAN_FITS)
        self.transport.pauseProducing()


class CloggedClient(Client):
    """Does the same."""

    def dataReceived(self, data):
        """Clog the line."""
        self.transport.write(MORE_THAN_FITS)
        self.transport.pauseProducing()
        super().dataReceived(data)


@dataclass(frozen=True)
class Line:
    """Two protocols, and which of them closes first: "client" or "server"."""

    client: type[Client]
    server: type[Side]
    first: str


QUIET = Line(Client, Side, "client")
LATE_SERVER = Line(Client, LateServer, "client")
LATE_CLIENT = Line(LateClient, Side, "server")
CLOGGED = Line(CloggedClient, CloggedServer, "client")
