"""What happened in one history, in order: what the sockets did, when trial looked, and what the weather decided."""

from __future__ import annotations

import errno
import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

from twisted.internet import tcp

from workshop.simulated.network import Socket
from workshop.simulated.weather import History

LOOK = "trial looks"
WEATHER = "~"
"""Marks an event that the weather decided."""
MOST, FIRST = 48, 12
"""Rows that are shown of a long history, and how many of them are its first."""


class Event(NamedTuple):
    """An event. who: the end of a connection that it belongs to, "~" for the weather, or "". seconds: since the first."""

    who: str
    what: str
    seconds: float


class Recorder:
    """Notes the events of one history. noted() is called after each."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._began = reactor.seconds()
        self.events: list[Event] = []
        self.noted: Callable[[], None] = lambda: None
        self._held: list[str] | None = None

    def note(self, who: str, what: str) -> None:
        """Add an event that happens now."""
        self.events.append(Event(who, what, self._reactor.seconds() - self._began))
        self.noted()

    def _watch(self, done: Callable[[Any, Any], tuple[str, str] | None], plain: Any) -> Any:
        """Wrap a method, so that what it did is noted: the words for its object and its result."""

        @functools.wraps(plain)
        def watched(one: Any, *words: Any) -> Any:
            self._held = []
            try:
                result = plain(one, *words)
                if said := done(one, result):
                    self.note(*said)
                return result
            finally:
                # What the weather decided about a call comes after the call.
                for what in self._held:
                    self.note(WEATHER, what)
                self._held = None

        return watched

    def _begins(self, plain: Any, what: str) -> Any:
        """Wrap a method of the test, so that its beginning is noted."""

        @functools.wraps(plain)
        def watched(*words: Any) -> Any:
            self.note("", f"{what} begins")
            return plain(*words)

        return watched

    def _over(self, plain: Any) -> Any:
        """Wrap the end of a port or of a connection, of which the socket is gone afterwards."""

        @functools.wraps(plain)
        def watched(one: Any, reason: Any) -> Any:
            label = getattr(getattr(one, "socket", None), "label", "")
            try:
                return plain(one, reason)
            finally:
                if label:
                    self.note(label, "over")

        return watched

    def _look(self) -> Any:
        """As trial looks for what is left in the reactor."""
        them = [one.socket.label for one in self._reactor.getReaders() + self._reactor.getWriters()]
        left = ", ".join(dict.fromkeys(them))
        self.note("", f"{LOOK}; not over: {left}" if left else f"{LOOK}; nothing is left")
        return type(self._reactor).removeAll(self._reactor)

    def _draw(self, plain: Any) -> Any:
        """Wrap History.draw, so that what is not the default is noted when it is decided."""

        @functools.wraps(plain)
        def watched(history: History, *words: Any) -> Any:
            before = len(history.decisions)
            drawn = plain(history, *words)
            for one in history.decisions[before:]:
                if not one.drawn:
                    continue
                if self._held is None:
                    self.note(WEATHER, str(one))
                else:
                    self._held.append(str(one))
            return drawn

        return watched

    @contextmanager
    def recording(self, test: Any) -> Iterator[None]:
        """Note what happens during the block."""
        name = test._testMethodName
        with ExitStack() as stack:

            def put(on: Any, method: str, instead: Any) -> None:
                stack.callback(_put_back, on, method, vars(on).get(method))
                setattr(on, method, instead)

            for method, done in CALLS.items():
                put(Socket, method, self._watch(done, getattr(Socket, method)))
            put(History, "draw", self._draw(History.draw))
            for kind in (tcp.Port, tcp.Server, tcp.Client):
                put(kind, "connectionLost", self._over(kind.connectionLost))
            put(self._reactor, "removeAll", self._look)
            for method in ("setUp", name, "tearDown"):
                put(test, method, self._begins(getattr(test, method), method))
            yield


def _put_back(on: Any, method: str, plain: Any) -> None:
    """Undo a replacement; the test may have undone it already, or have replaced it itself."""
    if plain is not None:
        setattr(on, method, plain)
    elif method in vars(on):
        delattr(on, method)


def _bytes(number: int) -> str:
    return "1 byte" if number == 1 else f"{number} bytes"


def _received(one: Any, data: bytes) -> tuple[str, str]:
    return one.label, f"reads {_bytes(len(data))}" if data else "reads the end"


def _asked(one: Any, result: int) -> tuple[str, str] | None:
    # Twisted calls it again, to see how the attempt went.
    return (one.label, "asks to connect") if result in (0, errno.EINPROGRESS) else None


CALLS: dict[str, Callable[[Any, Any], tuple[str, str] | None]] = {
    "listen": lambda one, _: (one.label, "listens"),
    "connect_ex": _asked,
    "accept": lambda _, pair: (pair[0].label, "is accepted"),
    "send": lambda one, length: (one.label, f"sends {_bytes(length)}"),
    "recv": _received,
    "shutdown": lambda one, _: (one.label, "ends its half"),
}
"""Calls of a socket, and what to say about each."""


def drawn(events: Sequence[Event]) -> list[str]:
    """The timeline as text: a row for each event; of a long history, the beginning and the end."""
    rows = list(events)
    left_out = len(rows) - MOST
    if left_out > 0:
        kept = rows[-(MOST - FIRST) :]
        weather = [one for one in rows[FIRST : -len(kept)] if one.who == WEATHER][:MOST]
        rows = [*rows[:FIRST], *weather, *kept]
        left_out = len(events) - len(rows)
    wide = max((len(one.who) for one in rows), default=0)
    lines = [
        f"{1000 * one.seconds:9.2f} ms  {one.who:<{wide}}  {one.what}".rstrip() for one in rows
    ]
    if left_out > 0:
        lines.insert(FIRST, f"{'':9}     and {left_out} more events, which are not shown")
    return lines
