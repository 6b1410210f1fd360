"""A dictionary server: a client sends a word on a line, and gets its meanings, a line each, and a line with a dot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import ITransport
from twisted.internet.protocol import Factory, connectionDone
from twisted.protocols.basic import LineOnlyReceiver
from twisted.python.failure import Failure


class Entry(LineOnlyReceiver):
    """The dictionary's side of a connection."""

    delimiter = b"\n"
    transport: ITransport
    factory: Any  # the Dictionary

    def lineReceived(self, line: bytes) -> None:
        for meaning in self.factory.words.get(line.strip().lower(), ()):
            self.transport.write(meaning + b"\n")
        self.transport.write(b".\n")


class Dictionary(Factory):
    """Knows words, in lower case, and their meanings."""

    protocol = Entry

    def __init__(self, words: Mapping[bytes, Sequence[bytes]]) -> None:
        self.words = words


class Reader(LineOnlyReceiver):
    """A client. It looks up one word at a time. over: fires when its connection has ended."""

    delimiter = b"\n"
    transport: ITransport

    def __init__(self) -> None:
        self.over: Deferred[None] = Deferred()
        self._meanings: list[bytes] = []
        self._found: Deferred[list[bytes]] = Deferred()

    def look_up(self, word: bytes) -> Deferred[list[bytes]]:
        """Look a word up. The Deferred fires with its meanings."""
        self._meanings, self._found = [], Deferred()
        self.transport.write(word + b"\n")
        return self._found

    def lineReceived(self, line: bytes) -> None:
        if line == b".":
            self._found.callback(self._meanings)
        else:
            self._meanings.append(line)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.over.callback(None)
