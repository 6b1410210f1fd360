"""A reading room: it welcomes each guest, and announces something to all of them."""

from __future__ import annotations

from twisted.internet.protocol import Factory, connectionDone
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure


class Seat(LineReceiver):
    """The room's side of a guest's connection."""

    delimiter = b"\n"
    factory: Room  # type: ignore[assignment]

    def connectionMade(self) -> None:
        self.factory.seats.append(self)
        self.sendLine(b"welcome to " + self.factory.name)

    def lineReceived(self, line: bytes) -> None:
        """Guests whisper: this one's line goes to the others."""
        for seat in self.factory.seats:
            if seat is not self:
                seat.sendLine(b"psst: " + line)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.factory.seats.remove(self)


class Room(Factory):
    """A room. seats: the guests who are in."""

    protocol = Seat

    def __init__(self, name: bytes) -> None:
        self.name = name
        self.seats: list[Seat] = []

    def announce(self, text: bytes) -> None:
        """Announce something to all who are in. Those who come later do not hear it."""
        for seat in self.seats:
            seat.sendLine(text)
