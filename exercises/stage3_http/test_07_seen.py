"""What a client sees over real TCP, and no fake shows: your test of it."""

from ..yours import YourTests
from .frugal import FrugalProtocol
from .wrong import Aborts, InPieces, Late, SaysNothing


class Step15Seen(YourTests):
    """You test that a client sees the 408.

    Write the class Seen in test_yours.py. The server in frugal.py passes every test of steps 12 to
    14, yet no client ever sees its 408. This step runs your tests on your server, on two other
    right ones, and on three wrong ones.
    """

    program, cases = "server.HTTPProtocol", "Seen"

    def test_right(self):
        """Your tests pass with your server, with one that writes in pieces, and with one that reads slowly, in pieces."""
        self.assert_right(what="your server")
        self.assert_right(InPieces, "a server that writes each answer in three pieces")
        self.assert_right(Late, "a server that reads ten bytes at a time, with pauses")

    def test_frugal(self):
        """One of your tests fails with the server in frugal.py."""
        self.assert_noticed(FrugalProtocol, "the server in frugal.py")

    def test_says_nothing(self):
        """One of your tests fails with a server that closes without the 408."""
        self.assert_noticed(SaysNothing, "a server that closes without a 408")

    def test_aborts(self):
        """One of your tests fails with a server that aborts the connection after its 408."""
        self.assert_noticed(Aborts, "a server that aborts the connection after its 408")

    def test_each(self):
        """Each of your tests fails with one of these three at least."""
        self.assert_each(FrugalProtocol, SaysNothing, Aborts)
