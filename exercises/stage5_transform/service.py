"""The transformation service: a poem comes in, with the name of a transform; what that makes of the poem goes out."""

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

# What it gives is a text, or a Deferred of one.
Transform = Callable[[str], Any]


class TransformProtocol(NetstringReceiver):
    """One connection: takes one request, answers it, and closes.

    NetstringReceiver calls stringReceived with the content of each netstring, and sendString(content) writes one. Where
    what comes is no netstring, or a longer one than MAX_LENGTH allows, it calls loseConnection by itself.
    """

    # Twisted sets it before it calls connectionMade; self.factory is set by then too.
    transport: ITCPTransport
    # NetstringReceiver's, which has no types.
    sendString: Callable[[bytes], None]

    def connectionMade(self) -> None:
        """The client is there."""
        # Step 7: MAX_LENGTH is 99999 here, whatever the factory says.
        # Step 10: who looks at the clock?
        # Step 12: what has a connection to remember?
        # Step 8: when has it heard enough? dataReceived is NetstringReceiver's own.

    def stringReceived(self, string: bytes) -> None:
        """A netstring has come; ``string`` is its content."""
        # Step 8: for a second netstring this is called again.
        # Step 12: from here on, who waits for whom?
        raise NotImplementedError("Step 1: call the transform, send what it gives, close")

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection is over, whoever ended it."""
        # Step 11: what is left on the clock?
        # Step 12: what still works for this client?


class TransformFactory(Factory):
    """Makes a TransformProtocol for each connection.

    transforms: what can be asked for, by name. A transform takes a poem, and gives a text, or a Deferred of one.
    clock: where delayed calls are made: the reactor, or a test's Clock.
    longest: how many bytes a request's content may have.
    patience: seconds within which a request must be whole, from when its connection was made.
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
        """Called once for each connection, with the client's address."""
        protocol = TransformProtocol()
        protocol.factory = self
        return protocol
