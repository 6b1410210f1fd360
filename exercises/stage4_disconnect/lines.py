"""The lines of the gallery: a quiet one, and others that are slow on purpose.

On a quiet loopback a connection ends before trial looks, so a teardown that waits for nothing passes. On a slow line one
side ends late, every time, on every reactor. Each line is two protocols, and which of them closes first.
"""

from dataclasses import dataclass

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import Protocol
from zope.interface import implementer

LATE = 0.1  # seconds; trial looks within 0.02 s of a test's end, even on its slowest reactor
HELLO = b"hello"
MORE_THAN_FITS = b"x" * 2**24  # bytes; more than any system buffers for a peer that does not read


class Side(Protocol):
    """One side of a connection. over: a Deferred that fires with None when the connection is over."""

    received = b""

    def __init__(self):
        self.over = Deferred()

    def dataReceived(self, data):
        """Wait for the whole hello: a chunk is not a message."""
        if len(self.received) < len(HELLO):
            self.received += data
            if len(self.received) >= len(HELLO):
                self.hello(self.received)

    def hello(self, data):
        """Send it back."""
        self.transport.write(data)

    def later(self, do):
        """Call do() after LATE seconds, if the connection is not over by then."""
        from twisted.internet import reactor

        call = reactor.callLater(LATE, do)
        self.over.addBoth(lambda _: call.active() and call.cancel())

    def connectionLost(self, reason):
        """The connection is over."""
        self.over.callback(None)


class Client(Side):
    """Sends hello. answer: a Deferred that fires with the bytes received, once the whole hello has come back."""

    def __init__(self):
        super().__init__()
        self.answer = Deferred()

    def connectionMade(self):
        """Send hello."""
        self.transport.write(HELLO)

    def hello(self, data):
        """Fire answer."""
        self.answer.callback(data)


@implementer(IHalfCloseableProtocol)
class LateServer(Side):
    """Learns that the client has closed, and closes its own side a little later."""

    def readConnectionLost(self):
        """The client will send no more."""
        self.later(self.goodbye)

    def goodbye(self):
        """Close, too."""
        self.transport.loseConnection()

    def writeConnectionLost(self):
        """Never called: this side does not close only its half."""


class LateClient(Client):
    """Reads nothing for a while after its answer, and so does not notice that the server has closed."""

    def hello(self, data):
        """Stop reading for a while."""
        self.transport.pauseProducing()
        self.later(self.read_on)
        super().hello(data)

    def read_on(self):
        """Read again."""
        self.transport.resumeProducing()


class CloggedServer(Side):
    """Sends more than a connection holds, and reads nothing any more."""

    def hello(self, data):
        """Clog the line."""
        self.transport.write(data + MORE_THAN_FITS)
        self.transport.pauseProducing()


class CloggedClient(Client):
    """Sends more than a connection holds, and stops reading."""

    def hello(self, data):
        """Clog the line."""
        self.transport.write(MORE_THAN_FITS)
        self.transport.pauseProducing()
        super().hello(data)


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
