"""Guests hear what is announced."""

from __future__ import annotations

from twisted.internet.defer import DeferredQueue
from twisted.protocols.basic import LineOnlyReceiver

from .network import NetworkTestCase
from .room import Room


class Guest(LineOnlyReceiver):
    """Keeps the lines that it is sent."""

    delimiter = b"\n"

    def __init__(self) -> None:
        self.lines: DeferredQueue[bytes] = DeferredQueue()

    def lineReceived(self, line: bytes) -> None:
        self.lines.put(line)


class RoomTests(NetworkTestCase):
    """A room, and guests in it."""

    def setUp(self) -> None:
        super().setUp()
        self.room = Room(b"the library")
        self.endpoint = self.listen(self.room)

    async def test_announcement(self) -> None:
        """Each guest is welcomed, and hears an announcement."""
        guests = [await self.connect(self.endpoint, Guest()) for _ in range(2)]
        self.room.announce(b"we close at ten")
        for guest in guests:
            self.assertEqual(await guest.lines.get(), b"welcome to the library")
            self.assertEqual(await guest.lines.get(), b"we close at ten")

    async def test_whisper(self) -> None:
        """What a guest says, the others hear."""
        ann, bob = [await self.connect(self.endpoint, Guest()) for _ in range(2)]
        for guest in (ann, bob):
            await guest.lines.get()
        ann.sendLine(b"tea?")
        self.assertEqual(await bob.lines.get(), b"psst: tea?")
        bob.sendLine(b"yes")
        self.assertEqual(await ann.lines.get(), b"psst: yes")
