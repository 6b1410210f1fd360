"""The rows of a board, in memory only: the last message of each pair, the most stuck pair first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from workshop.board.message import Message

LONG = 10 * 60
"""Seconds at one step after which a helper should go there, as the instructor's guide says."""
QUIET = 30 * 60
"""Seconds without a message after which a pair may have gone: it no longer comes first."""
GONE = 4 * 3600
"""Seconds without a message after which its row goes."""
MOST_ROWS = 400


class Refused(Exception):
    """A message that the board does not take, with the HTTP status that says so."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code


@dataclass(frozen=True)
class Row:
    """A pair's last message, ``silent`` seconds ago."""

    message: Message
    silent: float

    @property
    def seconds(self) -> float:
        """For how long the pair has been where it is."""
        return self.message.status.seconds + self.silent

    @property
    def quiet(self) -> bool:
        """Whether nothing has come for long."""
        return self.silent >= QUIET

    @property
    def stuck(self) -> bool:
        """Whether somebody should go there."""
        return not self.message.status.done and not self.quiet and self.seconds >= LONG


def most_stuck_first(rows: Iterable[Row]) -> list[Row]:
    """Sort rows: by the time at the step; after them those that are quiet, and last those that are done."""

    def key(row: Row) -> tuple[bool, bool, float, str]:
        return row.message.status.done, row.quiet, -row.seconds, row.message.name

    return sorted((row for row in rows if row.silent < GONE), key=key)


class Rows:
    """The rows, by the messages' ids.

    Args:
        seconds: The clock.
    """

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._heard: dict[str, tuple[Message, float]] = {}

    def put(self, message: Message) -> None:
        """Let the message replace the pair's last one.

        Raises:
            Refused: Another pair has the name, or there are too many rows.
        """
        others = [one for one in self.rows() if one.message.id != message.id]
        if message.name.casefold() in (one.message.name.casefold() for one in others):
            raise Refused(409, "another pair has this name")
        if len(others) >= MOST_ROWS:
            raise Refused(503, f"the board has {MOST_ROWS} rows")
        self._heard[message.id] = message, self._seconds()

    def remove(self, id_: str) -> None:
        """Forget a pair."""
        self._heard.pop(id_, None)

    def rows(self) -> list[Row]:
        """Return the rows in order, and forget those that were silent for too long."""
        now = self._seconds()
        self._heard = {k: one for k, one in self._heard.items() if now - one[1] < GONE}
        return most_stuck_first(Row(one, max(0, now - at)) for one, at in self._heard.values())
