"""News: writers publish, and readers get what is published while they are subscribed. Each message is a line."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import ITransport
from twisted.internet.protocol import Factory, connectionDone
from twisted.protocols.basic import LineOnlyReceiver
from twisted.python.failure import Failure


class Desk(LineOnlyReceiver):
    """The agency's side of a connection."""

    delimiter = b"\n"
    transport: ITransport
    factory: Any  # the Agency

    def lineReceived(self, line: bytes) -> None:
        command, _, text = line.partition(b" ")
        self.transport.write(b"ok\n")
        if command == b"subscribe":
            self.factory.readers.append(self)
        elif command == b"publish":
            for reader in self.factory.readers:
                reader.transport.write(b"news " + text + b"\n")

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self in self.factory.readers:
            self.factory.readers.remove(self)


class Agency(Factory):
    """The server. readers: the connections that have subscribed."""

    protocol = Desk

    def __init__(self) -> None:
        self.readers: list[Desk] = []


class Client(LineOnlyReceiver):
    """A writer or a reader. It sends one command at a time."""

    delimiter = b"\n"
    transport: ITransport

    def __init__(self) -> None:
        self._done: Deferred[None] = Deferred()
        self._news: list[Deferred[bytes]] = []

    def send(self, command: bytes) -> Deferred[None]:
        """Send a command. The Deferred fires when the agency has carried it out."""
        self._done = Deferred()
        self.transport.write(command + b"\n")
        return self._done

    def next_news(self) -> Deferred[bytes]:
        """The Deferred fires with the text that arrives next."""
        self._news.append(Deferred())
        return self._news[-1]

    def lineReceived(self, line: bytes) -> None:
        kind, _, text = line.partition(b" ")
        if kind == b"ok":
            self._done.callback(None)
        elif self._news:
            self._news.pop(0).callback(text)
