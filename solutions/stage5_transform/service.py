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
        ### BEGIN SOLUTION Step 7: accept no more than the factory allows
        ### STARTER # Step 7: MAX_LENGTH is 99999 here, whatever the factory says.
        self.MAX_LENGTH = self.factory.longest
        ### END SOLUTION
        ### BEGIN SOLUTION Step 10: give up at the deadline
        ### STARTER # Step 10: who looks at the clock?
        self.deadline = self.factory.clock.callLater(self.factory.patience, self.give_up)
        ### END SOLUTION
        ### BEGIN SOLUTION Step 1: remember the transform at work, if any
        ### STARTER # Step 12: what does a connection have to remember?
        self.over = False
        self.working: Deferred[None] | None = None
        ### END SOLUTION
        ### BEGIN SOLUTION Step 8: ignore everything after the request
        ### STARTER # Step 8: when has it received enough? dataReceived is NetstringReceiver's.
        self.deaf = False

    def dataReceived(self, data: bytes) -> None:
        """Receive a chunk."""
        if not self.deaf:
            NetstringReceiver.dataReceived(self, data)
        ### END SOLUTION

    def stringReceived(self, string: bytes) -> None:
        """A netstring is complete; ``string`` is its content."""
        ### BEGIN SOLUTION Step 8: drop the rest of the chunk
        ### STARTER # Step 8: for a second netstring, this is called again.
        self.deaf = True
        # NetstringReceiver would parse the rest of the chunk, and close if that is not a netstring. It has no public way
        # to prevent that.
        self._remainingData = b""
        ### END SOLUTION
        ### BEGIN SOLUTION Step 12: set the transform no deadline
        ### STARTER # Step 12: from here on, who waits for whom?
        self.deadline.cancel()
        ### END SOLUTION
        ### BEGIN SOLUTION Step 1: call the transform, send its result, close
        try:
            name, dot, poem = string.decode("utf-8").partition(".")
        except UnicodeDecodeError:
            self.transport.loseConnection()
            return
        transform = self.factory.transforms.get(name)
        if not dot or transform is None:
            self.transport.loseConnection()
            return
        self.working = maybeDeferred(transform, poem).addCallback(self.answer)
        self.working.addErrback(self.failed)

    def answer(self, text: str) -> None:
        """Send the transform's result."""
        if not self.over:
            self.sendString(text.encode("utf-8"))
            self.transport.loseConnection()

    def failed(self, reason: Failure) -> None:
        """The transform raised, or was cancelled because the client has left."""
        if not self.over:
            log.failure("A transform failed.", reason)
            self.transport.loseConnection()

    def give_up(self) -> None:
        """Close at the deadline, as the request is not complete."""
        self.deaf = True
        self.transport.abortConnection()
        ### END SOLUTION

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection is over, whoever ended it."""
        ### BEGIN SOLUTION Step 11: leave nothing on the clock
        ### STARTER # Step 11: what is left on the clock?
        if self.deadline.active():
            self.deadline.cancel()
        ### END SOLUTION
        ### BEGIN SOLUTION Step 12: cancel the work for a client that has left
        ### STARTER # Step 12: what still works for this client?
        self.over = True
        if self.working is not None:
            self.working.cancel()
        ### END SOLUTION


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
