"""A ship finds its position."""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import ITransport
from twisted.internet.protocol import Factory, Protocol

from .beacon import locate
from .network import NetworkTestCase


class Lamp(Protocol):
    """The beacon's side of a connection."""

    transport: ITransport
    factory: Any  # the Beacon

    def connectionMade(self) -> None:
        self.factory.asked += 1
        if self.factory.asked > self.factory.silent:
            self.transport.write(b"54.2 N 7.9 E")
            self.transport.loseConnection()


class Beacon(Factory):
    """A beacon. silent: how many connections it leaves without an answer, at first."""

    protocol = Lamp

    def __init__(self, silent: int = 0) -> None:
        self.silent = silent
        self.asked = 0


class BeaconTests(NetworkTestCase):
    """Beacons that answer, at once or later."""

    async def test_answer(self) -> None:
        """A beacon's answer is the position."""
        position = await locate(self.listen(Beacon()), self.reactor)
        self.assertEqual(position, b"54.2 N 7.9 E")

    async def test_silence(self) -> None:
        """A beacon that is silent is asked again, until it answers."""
        beacon = Beacon(silent=1)
        position = await locate(self.listen(beacon), self.reactor)
        self.assertEqual(position, b"54.2 N 7.9 E")
        self.assertGreater(beacon.asked, 1)
