"""A protocol for either side of a connection. Nothing here is to be edited."""

from typing import Any

from twisted.internet.protocol import Protocol, connectionDone

HELLO = b"hello"


class Side(Protocol):
    """Says hello when it is connected, and calls ready() when the other side's hello is here.

    Over TLS, connectionMade comes before the two sides have agreed on a key; whoever closes then breaks the connection off,
    where elsewhere it would end. So a test does what it is about in ready().

    ``data``: what came, the hello first. ``ends``: for each connectionLost, the type of its reason.
    """

    transport: Any
    data = b""
    ends: tuple[type[BaseException] | None, ...] = ()

    def connectionMade(self) -> None:
        self.transport.write(HELLO)

    def dataReceived(self, data: bytes) -> None:
        before, self.data = self.data, self.data + data
        if len(before) < len(HELLO) <= len(self.data):
            self.ready()

    def ready(self) -> None:
        """To be overridden; this one does nothing."""

    def connectionLost(self, reason: Any = connectionDone) -> None:
        self.ends += (reason.type,)


class ClosingSide(Side):
    """Closes as soon as it is ready."""

    def ready(self) -> None:
        self.transport.loseConnection()
