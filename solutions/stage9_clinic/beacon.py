"""A ship asks a beacon for its position. A beacon that does not answer in time is asked again, on a new connection."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.endpoints import connectProtocol
from twisted.internet.error import ConnectingCancelledError
from twisted.internet.interfaces import IStreamClientEndpoint, ITCPTransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

PATIENCE = 0.05  # seconds


class Ship(Protocol):
    """One attempt. position: fires with the answer, once the beacon has disconnected."""

    transport: ITCPTransport

    def __init__(self) -> None:
        ### BEGIN SOLUTION Step 8: whoever gives up ends the connection
        ### STARTER self.position: Deferred[bytes] = Deferred()
        self.position: Deferred[bytes] = Deferred(self.give_up)
        ### END SOLUTION
        self._answer = b""

    ### BEGIN SOLUTION Step 8: how to give up
    ### STARTER def dataReceived(self, data: bytes) -> None:
    ### STARTER     self._answer += data
    ### STARTER
    ### STARTER def connectionLost(self, reason: Failure = connectionDone) -> None:
    ### STARTER     self.position.callback(self._answer)
    def give_up(self, _: object) -> None:
        """Nobody waits for the answer any more."""
        self.transport.abortConnection()

    def dataReceived(self, data: bytes) -> None:
        self._answer += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if not self.position.called:
            self.position.callback(self._answer)

    ### END SOLUTION


async def locate(beacon: IStreamClientEndpoint, reactor: Any) -> bytes:
    """Ask until there is an answer. It waits for PATIENCE seconds each time."""
    while True:
        attempt = connectProtocol(beacon, Ship()).addCallback(lambda ship: ship.position)
        try:
            position: bytes = await attempt.addTimeout(PATIENCE, reactor)
            return position
        except (TimeoutError, ConnectingCancelledError):
            continue
