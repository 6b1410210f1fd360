"""A ship asks a beacon for its position. A beacon that does not answer in time is asked again, on a new connection."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.endpoints import connectProtocol
from twisted.internet.error import ConnectingCancelledError
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

PATIENCE = 0.05  # seconds


class Ship(Protocol):
    """One attempt. position: fires with the answer, once the beacon has disconnected."""

    def __init__(self) -> None:
        self.position: Deferred[bytes] = Deferred()
        self._answer = b""

    def dataReceived(self, data: bytes) -> None:
        self._answer += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.position.callback(self._answer)


async def locate(beacon: IStreamClientEndpoint, reactor: Any) -> bytes:
    """Ask until there is an answer. It waits for PATIENCE seconds each time."""
    while True:
        ship = Ship()
        attempt = connectProtocol(beacon, ship).addCallback(lambda made: made.position)
        try:
            return await attempt.addTimeout(PATIENCE, reactor)
        except (TimeoutError, ConnectingCancelledError):
            if ship.transport is not None:
                ship.transport.abortConnection()  # type: ignore[attr-defined]
