"""Passengers ask the timetable."""

from __future__ import annotations

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.protocol import Protocol

from .network import NetworkTestCase
from .timetable import Timetable


class Passenger(Protocol):
    """Asks about one tram at a time, and keeps what it receives until the line is complete."""

    received = bytearray()

    def ask(self, tram: bytes) -> Deferred[bytes]:
        """Ask when a tram leaves."""
        self.answer: Deferred[bytes] = Deferred()
        self.transport.write(tram + b"\n")  # type: ignore[union-attr]
        return self.answer

    def dataReceived(self, data: bytes) -> None:
        self.received += data
        if self.received.endswith(b"\n"):
            line = bytes(self.received[:-1])
            self.received.clear()
            self.answer.callback(line)


class TimetableTests(NetworkTestCase):
    """A timetable of three trams, and passengers."""

    async def setUp(self) -> None:  # type: ignore[override]
        super().setUp()
        self.timetable = Timetable({b"4": b"08:15", b"11": b"08:22", b"17": b"09:40"})
        endpoint = self.listen(self.timetable)
        self.passengers = [await self.connect(endpoint, Passenger()) for _ in range(3)]

    async def test_rush_hour(self) -> None:
        """Passengers who ask at the same time get the answers to their own questions."""
        trams = (b"4", b"11", b"17")
        asked = [one.ask(tram) for one, tram in zip(self.passengers, trams, strict=True)]
        self.assertEqual(await gatherResults(asked), [b"08:15", b"08:22", b"09:40"])

    async def test_delay(self) -> None:
        """A delay is in the next answer; a tram that does not exist has an answer too."""
        first, second, _ = self.passengers
        self.assertEqual(await first.ask(b"11"), b"08:22")
        self.timetable.delay(b"11", b"08:31")
        self.assertEqual(await second.ask(b"11"), b"08:31")
        self.assertEqual(await first.ask(b"5"), b"no such tram")
