"""Your tests of the given code: of the client's dataReceived in step 4, of stop_serving in step 11."""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IListeningPort
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from ..wire import ADDRESS, every_chunking
from .client import PoemProtocol
from .server import stop_serving

TEXT = "Half a café.\n"


class Chunks(SynchronousTestCase):
    """The poem's text is the same, in whatever chunks its bytes come."""

    def connected(self) -> PoemProtocol:
        """Return a client's protocol whose connection was just made."""
        protocol = PoemProtocol()
        protocol.makeConnection(StringTransport())
        return protocol

    def text(self, protocol: PoemProtocol) -> str:
        """End the connection cleanly. Returns the poem's text."""
        protocol.connectionLost(Failure(ConnectionDone()))
        return self.successResultOf(protocol.poem)

    # Step 4: your tests of chunks


@implementer(IListeningPort)
class Port:
    """A listening port whose stopListening() returns the given result, and counts its calls."""

    def __init__(self, result: Deferred[Any] | None) -> None:
        self.result = result
        self.calls = 0

    def startListening(self) -> None:
        """It listens already."""

    def stopListening(self) -> Deferred[Any] | None:
        """Return what the test wants."""
        self.calls += 1
        return self.result

    def getHost(self) -> IPv4Address:
        """Return where it would listen."""
        return ADDRESS


class Stop(SynchronousTestCase):
    """stop_serving returns a Deferred that reports when the port is closed."""

    # Step 11: your tests of stop_serving
