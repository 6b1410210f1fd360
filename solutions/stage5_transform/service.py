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
        ### BEGIN SOLUTION Step 7: take no more than the factory allows
        ### STARTER # Step 7: MAX_LENGTH is 99999 here, whatever the factory says.
        self.MAX_LENGTH = self.factory.longest
        ### END SOLUTION
        ### BEGIN SOLUTION Step 10: give up at the deadline
        ### STARTER # Step 10: who looks at the clock?
        self.deadline = self.factory.clock.callLater(self.factory.patience, self.give_up)
        ### END SOLUTION
        ### BEGIN SOLUTION Step 1: know what works for this client, if anything
        ### STARTER # Step 12: what has a connection to remember?
        self.over = False
        self.working: Deferred[None] | None = None
        ### END SOLUTION
        ### BEGIN SOLUTION Step 8: hear nothing after the request
        ### STARTER # Step 8: when has it heard enough? dataReceived is NetstringReceiver's own.
        self.deaf = False

    def dataReceived(self, data: bytes) -> None:
        """Some bytes came."""
        if not self.deaf:
            NetstringReceiver.dataReceived(self, data)
        ### END SOLUTION

    def stringReceived(self, string: bytes) -> None:
        """A netstring has come; ``string`` is its content."""
        ### BEGIN SOLUTION Step 8: be done with the rest of the chunk
        ### STARTER # Step 8: for a second netstring this is called again.
        self.deaf = True
        # NetstringReceiver would go on with the rest of the chunk, and close if that is no netstring. There is no public
        # way to tell it not to.
        self._remainingData = b""
        ### END SOLUTION
        ### BEGIN SOLUTION Step 12: let the transform take its time
        ### STARTER # Step 12: from here on, who waits for whom?
        self.deadline.cancel()
        ### END SOLUTION
        ### BEGIN SOLUTION Step 1: call the transform, send what it gives, close
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
        """The transform is done."""
        if not self.over:
            self.sendString(text.encode("utf-8"))
            self.transport.loseConnection()

    def failed(self, reason: Failure) -> None:
        """The transform raised, or was cancelled because the client is gone."""
        if not self.over:
            log.failure("A transform failed.", reason)
            self.transport.loseConnection()

    def give_up(self) -> None:
        """The deadline has come before the request."""
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
        ### BEGIN SOLUTION Step 12: stop what works for a client that is gone
        ### STARTER # Step 12: what still works for this client?
        self.over = True
        if self.working is not None:
            self.working.cancel()
        ### END SOLUTION


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
