"""A timetable server: a client sends the number of a tram on a line, and gets the time of its next departure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twisted.internet.interfaces import ITransport
from twisted.internet.protocol import Factory
from twisted.protocols.basic import LineOnlyReceiver

UNKNOWN = b"no such tram"


class Clerk(LineOnlyReceiver):
    """The server's side of a connection."""

    delimiter = b"\n"
    transport: ITransport
    factory: Any  # the Timetable

    def lineReceived(self, line: bytes) -> None:
        departure = self.factory.departures.get(line.strip(), UNKNOWN)
        self.transport.write(departure + b"\n")


class Timetable(Factory):
    """departures: by the number of a tram, the time at which it leaves."""

    protocol = Clerk

    def __init__(self, departures: Mapping[bytes, bytes]) -> None:
        self.departures = dict(departures)

    def delay(self, tram: bytes, departure: bytes) -> None:
        """A tram will leave later."""
        self.departures[tram] = departure
