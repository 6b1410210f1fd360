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

    ### BEGIN SOLUTION Step 4: test any chunks of one poem, and two connections at once
    ### STARTER # Step 4: your tests of chunks
    def test_every_chunking(self) -> None:
        """The text is the same whole, cut in two at any byte, and byte by byte."""
        for chunks in every_chunking(TEXT.encode("utf-8")):
            protocol = self.connected()
            for chunk in chunks:
                protocol.dataReceived(chunk)
            self.assertEqual(self.text(protocol), TEXT, f"from {chunks!r}")

    def test_two_connections(self) -> None:
        """Two clients that receive in turns do not mix their poems."""
        one, other = self.connected(), self.connected()
        for protocol, data in [(one, b"A "), (other, b"B "), (one, b"poem"), (other, b"song")]:
            protocol.dataReceived(data)
        self.assertEqual([self.text(one), self.text(other)], ["A poem", "B song"])

    ### END SOLUTION


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

    ### BEGIN SOLUTION Step 11: test ports that are closed already, close later, and fail to close
    ### STARTER # Step 11: your tests of stop_serving
    def test_closed_at_once(self) -> None:
        """If stopListening() returns None, the Deferred has fired already."""
        port = Port(None)
        self.assertIsNone(self.successResultOf(stop_serving(port)))
        self.assertEqual(port.calls, 1)

    def test_closed_later(self) -> None:
        """If stopListening() returns a Deferred, ours fires with None when that one fires, not before."""
        closed: Deferred[Any] = Deferred()
        stopping = stop_serving(Port(closed))
        self.assertNoResult(stopping)
        closed.callback("the port's own result")
        self.assertIsNone(self.successResultOf(stopping))
        self.assertIsNone(self.successResultOf(stop_serving(Port(succeed("closed")))))

    def test_fails(self) -> None:
        """If the port fails to close, the Deferred fails with the same exception."""
        error = OSError("it will not close")
        stopping = stop_serving(Port(fail(error)))
        self.assertIs(self.failureResultOf(stopping).value, error)

    ### END SOLUTION
