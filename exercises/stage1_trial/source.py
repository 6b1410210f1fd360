"""The source from which a test's cache fetches."""

from __future__ import annotations

from twisted.internet.defer import Deferred


class Source:
    """Its fetches end when the test says so, first come, first served.

    asked: the names that were fetched, in order. cancelled: the names whose fetch was given up.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.cancelled: list[str] = []
        self._under_way: list[Deferred[str]] = []

    def fetch(self, name: str) -> Deferred[str]:
        """Begin a fetch. Its Deferred waits for answer(), fail() or its own cancel()."""

        def give_up(fetching: Deferred[str]) -> None:
            self.cancelled.append(name)
            self._under_way.remove(fetching)

        fetching: Deferred[str] = Deferred(give_up)
        self.asked.append(name)
        self._under_way.append(fetching)
        return fetching

    def answer(self, text: str) -> None:
        """Let the oldest fetch under way fire with this text."""
        self._oldest().callback(text)

    def fail(self, error: Exception) -> None:
        """Let the oldest fetch under way fail with this error."""
        self._oldest().errback(error)

    def _oldest(self) -> Deferred[str]:
        if not self._under_way:
            raise AssertionError("Expected a fetch to be under way; there is none.")
        return self._under_way.pop(0)
