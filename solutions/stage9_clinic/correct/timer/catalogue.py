"""A library's catalogue: a client sends the mark of a book on a line, and gets the number of its shelf."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.protocol import Factory
from twisted.protocols.basic import LineOnlyReceiver

LIMIT = 0.8  # seconds


class Librarian(LineOnlyReceiver):
    """The catalogue's side of a connection."""

    delimiter = b"\n"
    factory: Catalogue  # type: ignore[assignment]

    def lineReceived(self, line: bytes) -> None:
        self.sendLine(b"%d" % self.factory.shelves.get(line, 0))


class Catalogue(Factory):
    """shelves: by mark, the number of the shelf."""

    protocol = Librarian

    def __init__(self, shelves: Mapping[bytes, int]) -> None:
        self.shelves = shelves


class Borrower(LineOnlyReceiver):
    """A client. It may be asked many questions at once, and passes them on one after the other."""

    delimiter = b"\n"

    def __init__(self, reactor: Any) -> None:
        self.reactor = reactor
        self._turns = DeferredLock()
        self._answer: Deferred[int] = Deferred()

    def shelf(self, mark: bytes) -> Deferred[int]:
        """Ask where a book is. The catalogue has LIMIT seconds to answer; after that, a TimeoutError is the result."""
        return self._turns.run(self._limited, mark)

    def _limited(self, mark: bytes) -> Deferred[int]:
        return self._ask(mark).addTimeout(LIMIT, self.reactor)

    def _ask(self, mark: bytes) -> Deferred[int]:
        self._answer = Deferred()
        self.sendLine(mark)
        return self._answer

    def lineReceived(self, line: bytes) -> None:
        self._answer.callback(int(line))
