"""The transformation service: a client sends a poem and a transform's name, and gets the transformed poem."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IAddress, IReactorTime, ITCPTransport
from twisted.internet.protocol import Factory, connectionDone
from twisted.logger import Logger
from twisted.protocols.basic import NetstringReceiver
from twisted.python.failure import Failure

log = Logger()

# It returns a text, or a Deferred that fires with one.
Transform = Callable[[str], Any]


class TransformProtocol(NetstringReceiver):
    """One connection: receives one request, answers it, and closes.

    NetstringReceiver calls stringReceived with the content of each netstring, and sendString(content) writes one. If the
    data are not a netstring, or it is longer than MAX_LENGTH allows, NetstringReceiver calls loseConnection.
    """

    # Twisted sets it before it calls connectionMade; self.factory is set by then too.
    transport: ITCPTransport
    # NetstringReceiver's, which has no types.
    sendString: Callable[[bytes], None]

    def connectionMade(self) -> None:
        """The client has connected."""
        # Step 7: MAX_LENGTH is 99999 here, whatever the factory says.
        # Step 10: who looks at the clock?
        # Step 12: what does a connection have to remember?
        # Step 8: when has it received enough? dataReceived is NetstringReceiver's.

    def stringReceived(self, string: bytes) -> None:
        """A netstring is complete; ``string`` is its content."""
        # Step 8: for a second netstring, this is called again.
        # Step 12: from here on, who waits for whom?
        raise NotImplementedError("Step 1: call the transform, send its result, close")

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection is over, whoever ended it."""
        # Step 11: what is left on the clock?
        # Step 12: what still works for this client?


class TransformFactory(Factory):
    """Makes a TransformProtocol for each connection.

    transforms: functions by name. A transform takes a poem, and returns a text, or a Deferred that fires with one.
    clock: makes delayed calls: the reactor, or a test's Clock.
    longest: the number of bytes that a request's content may have.
    patience: seconds, from the making of the connection, within which a request must be complete.
    """

    def __init__(
        self,
        transforms: Mapping[str, Transform],
        clock: IReactorTime,
        longest: int = 10_000,
        patience: float = 30.0,
    ) -> None:
        self.transforms = transforms
        self.clock = clock
        self.longest = longest
        self.patience = patience

    def buildProtocol(self, addr: IAddress | None) -> TransformProtocol:
        """Make the protocol for a new connection. addr: the client's address."""
        protocol = TransformProtocol()
        protocol.factory = self
        return protocol
