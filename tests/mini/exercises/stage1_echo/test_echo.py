"""Provided tests of the miniature echo."""

from twisted.internet.defer import Deferred
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase, TestCase

from ..wire import WORDS
from .echo import Echo, later


def echo(*data: bytes) -> StringTransport:
    transport = StringTransport()
    protocol = Echo()
    protocol.makeConnection(transport)
    for part in data:
        protocol.dataReceived(part)
    return transport


class Step01Echo(SynchronousTestCase):
    """What comes is sent back.

    Write it to the transport.
    """

    def test_sends_back(self) -> None:
        """What was received is written."""
        for word in WORDS:
            came = echo(word).value()
            self.assertEqual(came, word, f"Sent {word!r}: expected {word!r} back, came {came!r}.")


class Step02Close(SynchronousTestCase):
    """A full stop closes the connection."""

    def test_closes(self) -> None:
        """Data that ends with a full stop closes the connection."""
        closed = echo(b"end.").disconnecting
        self.assertTrue(closed, "Sent b'end.': expected loseConnection, it was not called.")

    def test_stays_open(self) -> None:
        """Other data leaves the connection open."""
        self.assertFalse(echo(b"on").disconnecting, "Sent b'on': the connection was closed.")


class Step03Later(TestCase):
    """The answer comes in the reactor's next turn."""

    timeout = 2

    def test_later(self) -> "Deferred[str]":
        """The Deferred has no result yet, then fires with "later"."""
        from twisted.internet import reactor

        answer = later(reactor)
        self.assertFalse(answer.called, "Expected no result yet: it had fired already.")
        return answer.addCallback(self.assertEqual, "later")
