"""A journal collects records over the network: a line each. A sender connects, sends its records, and disconnects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import connectProtocol
from twisted.internet.interfaces import IStreamClientEndpoint, ITransport
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.protocols.basic import LineOnlyReceiver
from twisted.python.failure import Failure


class Clerk(LineOnlyReceiver):
    """The journal's side of a connection."""

    delimiter = b"\n"
    factory: Any  # the Journal

    def lineReceived(self, line: bytes) -> None:
        self.factory.keep(line.decode())


class Journal(Factory):
    """Calls keep with each record, in the order in which a sender sent them."""

    protocol = Clerk

    def __init__(self, keep: Callable[[str], object]) -> None:
        self.keep = keep


class Sender(Protocol):
    """Sends records, and disconnects."""

    transport: ITransport

    def __init__(self, records: Sequence[str]) -> None:
        self.records = records
        self.over: Deferred[None] = Deferred()

    def connectionMade(self) -> None:
        for record in self.records:
            self.transport.write(record.encode() + b"\n")
        self.transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.over.callback(None)


async def send(endpoint: IStreamClientEndpoint, records: Sequence[str]) -> None:
    """Send records to the journal. Returns once all are sent and the connection is over."""
    sender = await connectProtocol(endpoint, Sender(records))
    await sender.over
