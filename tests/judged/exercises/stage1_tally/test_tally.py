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

    # Step 1: tests of pieces.

    # Step 2: tests of connections.

    # Step 3: tests of empty lines.
