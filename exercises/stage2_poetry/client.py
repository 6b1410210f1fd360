"""The poetry client: the bytes of a connection become one text, or one failure."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import connectProtocol
from twisted.internet.error import ConnectingCancelledError, ConnectionDone
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint, ITCPTransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure


class PoemProtocol(Protocol):
    """One connection to a poetry server: collects the poem that it sends.

    poem: a Deferred that fires once. With the text, when the connection has ended cleanly. With a failure, when it broke
    (the reason that Twisted gave), when the bytes are not UTF-8 (UnicodeDecodeError), or when it was cancelled
    (CancelledError).
    """

    # Twisted sets it before it calls connectionMade.
    transport: ITCPTransport

    def __init__(self) -> None:
        # The Deferred calls _cancel when someone cancels it before it has fired.
        self.poem: Deferred[str] = Deferred(self._cancel)
        self._chunks: list[bytes] = []

    def dataReceived(self, data: bytes) -> None:
        """Some bytes came, at least one: a line, the whole poem, or half a character."""
        self._chunks.append(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection is over; nothing more will come."""
        # Step 7: leave a cancelled poem alone
        # Step 5: fail the poem if the connection broke
        try:
            raise NotImplementedError("Step 3: fire the poem with the decoded text")
        except UnicodeDecodeError:
            raise  # Step 5: fail the poem if its bytes are not text

    def _cancel(self, poem: Deferred[str]) -> None:
        """Someone gave up waiting. When this returns, a poem that has no result yet fails with CancelledError."""
        raise NotImplementedError("Step 7: close the connection")


def get_poetry(
    endpoint: IStreamClientEndpoint, clock: IReactorTime, timeout: float = 30.0
) -> Deferred[str]:
    """Connect, and collect one poem.

    Args:
        clock: makes the deadline's delayed call: the reactor, or a test's Clock.
        timeout: seconds from now within which the whole poem must be here.

    Returns:
        A Deferred that fires with the text. It fails with the endpoint's reason, with that of PoemProtocol.poem,
        with twisted.internet.defer.TimeoutError at the deadline, and with CancelledError when cancelled.
    """
    # It fires with the protocol once that is connected; a callback's return value becomes its result.
    poem: Deferred[Any] = connectProtocol(endpoint, PoemProtocol())
    raise NotImplementedError("Step 6: go on with the poem of the protocol")
    # Step 7: turn ConnectingCancelledError into CancelledError
    # Step 8: give up at the deadline
    return poem
