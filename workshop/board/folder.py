"""A shared folder in place of a server: each pair writes a file of its own, and the board reads them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from workshop.board.message import MOST_BYTES, BadMessage, Message, parse
from workshop.board.rows import MOST_ROWS, Row, most_stuck_first


def read_file(path: Path) -> Message | None:
    """Return the message in a file; None if there is none that can be read. A pipe could keep a reader for ever."""
    if not path.is_file():
        return None
    try:
        with path.open("rb") as file:
            return parse(file.read(MOST_BYTES + 1))
    except (OSError, BadMessage):
        return None


def _files(folder: Path) -> Iterator[tuple[Path, Message]]:
    """Yield the files of messages, by name; at most as many as a board has rows."""
    found = 0
    for path in sorted(folder.glob("*.json")):
        message = None if path.name.startswith(".") else read_file(path)
        if message and found < MOST_ROWS:
            found += 1
            yield path, message


def rows(folder: Path, now: float) -> list[Row]:
    """Return the rows in order.

    Args:
        now: The time of day, which files' times are compared with.
    """
    found = []
    for path, message in _files(folder):
        # It may go at any moment.
        with contextlib.suppress(OSError):
            found.append(Row(message, max(0, now - path.stat().st_mtime)))
    return most_stuck_first(found)


def clear(folder: Path) -> int:
    """Delete the files of messages; return how many there were."""
    paths = [path for path, _ in _files(folder)]
    for path in paths:
        path.unlink(missing_ok=True)
    return len(paths)
