"""Promises of the programs' docstrings that their own tests do not check. Every right repair of a program keeps them."""

import importlib
from types import SimpleNamespace

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase


class Promises(SynchronousTestCase):
    """case: the program's name."""

    case = ""

    def setUp(self):
        self.program = importlib.import_module(f"{__package__}.{self.case}")


def connected(protocol):
    """Connect a protocol. Returns its transport."""
    transport = StringTransport()
    protocol.makeConnection(transport)
    return transport


class Scoreboard(Promises):
    case = "scoreboard"

    def test_two_at_once(self):
        """A board shows each score, also if two arrive in one read."""
        shown = []
        board = self.program.Scoreboard(shown.append)
        connected(board)
        board.dataReceived(b'{"Leeds": 0}\n{"Leeds": 1}\n')
        self.assertEqual(shown, [{"Leeds": 0}, {"Leeds": 1}])


class Room(Promises):
    case = "room"

    def test_late(self):
        """Those who come later do not hear an announcement."""
        room = self.program.Room(b"the library")
        room.announce(b"early")
        guest = connected(room.buildProtocol(None))
        room.announce(b"late")
        self.assertNotIn(b"early", guest.value())


class Survey(Promises):
    case = "survey"

    def test_at_once(self):
        """All stations are asked at once."""
        asked = []
        station = SimpleNamespace(connect=lambda factory: asked.append(factory) or Deferred())
        maybeDeferred(self.program.survey, [station, station, station])
        self.assertEqual(len(asked), 3)


class Visits(Promises):
    case = "visits"

    def test_delete(self):
        """The answer to DELETE has the status 202, and says which visit is next."""
        codes = []
        text = self.program.Page().render_DELETE(SimpleNamespace(setResponseCode=codes.append))
        self.assertEqual((codes, text), ([202], b"The next visit is number 1.\n"))


class Catalogue(Promises):
    case = "catalogue"

    def test_turns(self):
        """Questions are passed on one after the other, and the catalogue has LIMIT seconds for each answer."""
        clock = Clock()
        borrower = self.program.Borrower(clock)
        catalogue = connected(borrower)
        asked = [borrower.shelf(b"E"), borrower.shelf(b"D")]
        clock.advance(0.7)
        self.assertEqual(catalogue.value(), b"E\n")
        borrower.dataReceived(b"3\n")
        clock.advance(0.5)
        self.assertEqual(catalogue.value(), b"E\nD\n")
        borrower.dataReceived(b"8\n")
        self.assertEqual([self.successResultOf(one) for one in asked], [3, 8])
