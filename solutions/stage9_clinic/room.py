"""A reading room: it welcomes each guest, and announces something to all of them."""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import ITransport
from twisted.internet.protocol import Factory, connectionDone
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure


class Seat(LineReceiver):
    """The room's side of a guest's connection."""

    delimiter = b"\n"
    transport: ITransport
    factory: Any  # the Room

    def connectionMade(self) -> None:
        self.factory.seats.append(self)
        self.say(b"welcome to " + self.factory.name)

    def say(self, text: bytes) -> None:
        """Send the guest a line."""
        self.transport.write(text + b"\n")

    def lineReceived(self, line: bytes) -> None:
        """Guests whisper: this one's line goes to the others."""
        for seat in self.factory.seats:
            if seat is not self:
                seat.say(b"psst: " + line)

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
            seat.say(text)
