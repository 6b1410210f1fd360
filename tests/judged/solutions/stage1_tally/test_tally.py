"""Tests of the count."""

from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from .tally import Tally


class TallyTests(SynchronousTestCase):
    """What a client gets for what it sends."""

    def answers(self, *pieces):
        """What a new connection answers."""
        tally, transport = Tally(), StringTransport()
        tally.makeConnection(transport)
        for piece in pieces:
            tally.dataReceived(piece)
        return transport.value()

    ### BEGIN SOLUTION Step 1: test
    ### STARTER # Step 1: tests of pieces.
    def test_pieces(self):
        """A line in pieces is one line."""
        self.assertEqual(self.answers(b"a", b"b\nc", b"\n"), b"1\n2\n")

    ### END SOLUTION

    ### BEGIN SOLUTION Step 2: test
    ### STARTER # Step 2: tests of connections.
    def test_connections(self):
        """Each connection begins with 1."""
        self.assertEqual([self.answers(b"a\n"), self.answers(b"b\n")], [b"1\n", b"1\n"])

    ### END SOLUTION

    ### BEGIN SOLUTION Step 3: test
    ### STARTER # Step 3: tests of empty lines.
    def test_empty(self):
        """An empty line counts."""
        self.assertEqual(self.answers(b"\n\n"), b"1\n2\n")

    ### END SOLUTION
