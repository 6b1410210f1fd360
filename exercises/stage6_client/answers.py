"""From bytes to an answer: where its parts begin and end. No Twisted, no connection, no time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from .messages import LONGEST_HEAD, TOKEN, BadAnswer, BrokenOff, Response, TooLong

STATUS_LINE = re.compile(rb"HTTP/1\.[0-9] ([1-5][0-9][0-9])(?: ([^\r\n\0]*))?")
CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]+)[ \t]*(?:;[^\r\n\0]*)?")
WITHOUT_CONTENT = (204, 304)


class Answer:
    """One answer, while it comes.

    method: what was asked for. longest: the most bytes that its content may have.

    ``_next`` is the method that reads the part which comes next. It gives False where that needs more bytes.
    """

    def __init__(self, method: str, longest: int) -> None:
        self._method, self._longest = method, longest
        self._buffer, self._searched = bytearray(), 0
        self._next: Callable[[], bool] = self._read_head
        self._status, self._reason = 0, ""
        self._fields: list[tuple[str, str]] = []
        self._size, self._content = 0, bytearray()
        self._whole: Response | None = None

    def take(self, data: bytes) -> Response | None:
        """Some bytes came. Returns the answer, if it is whole now; what comes after that is left alone.

        Raises:
            BadAnswer, TooLong: there is no answer to wait for.
        """
        self._buffer = bytearray(data)  # Step 1: this forgets what came before.
        while self._whole is None and self._next():
            pass
        return self._whole

    def end(self, clean: bool) -> Response:
        """The connection ended; clean: the other side closed it, nothing broke. Returns the answer, if that makes it whole.

        Raises:
            BrokenOff: it does not.
        """
        raise NotImplementedError("Step 5: tell a whole answer from one that was cut short")

    def _finish(self, content: bytes | bytearray) -> Response:
        self._whole = Response(self._status, self._reason, self._fields, bytes(content))
        return self._whole

    def _take_up_to(self, mark: bytes) -> bytes | None:
        """What stands before the mark, which is taken off too; None while the mark is not here."""
        # What was searched is not searched again; but the mark may have begun there.
        end = self._buffer.find(mark, max(0, self._searched - len(mark) + 1))
        # Step 10: what never ends fills the memory.
        if end < 0:
            self._searched = len(self._buffer)
            return None
        taken = bytes(self._buffer[:end])
        del self._buffer[: end + len(mark)]
        self._searched = 0
        return taken

    def _read_head(self) -> bool:
        head = self._take_up_to(b"\r\n\r\n")
        if head is None:
            return False
        first, *others = head.split(b"\r\n")
        self._status, self._reason = parse_status_line(first)
        self._fields = parse_fields(others)
        # Step 6: a 1xx passes for the answer.
        self._next = self._content_reader()
        return True

    def _content_reader(self) -> Callable[[], bool]:
        """The method that reads the content: how it ends is decided here (RFC 9112 6.3)."""
        # Step 6: every answer has content.
        lengths = values(self._fields, "Content-Length")
        codings = values(self._fields, "Transfer-Encoding")
        # Step 9: the first length wins, and any number that int() takes.
        if codings:
            return self._read_chunk_size
        if lengths:
            # int() refuses thousands of digits, and with them the reader of an answer would fail.
            digits = lengths[0].lstrip("0")
            short = len(digits) <= len(str(self._longest))
            self._size = int(digits or "0") if short else self._longest + 1
            self._check_length(self._size)
            return self._read_exactly
        return self._read_until_the_end

    def _check_length(self, length: int) -> None:
        """Refuse content that is, or will be, of more bytes than the client takes."""
        # Step 10: any length passes.

    def _read_exactly(self) -> bool:
        raise NotImplementedError("Step 2: finish with so many bytes, once they are here")

    def _read_until_the_end(self) -> bool:
        raise NotImplementedError("Step 4: leave the bytes in the buffer, for the connection's end")

    def _read_chunk_size(self) -> bool:
        line = self._take_up_to(b"\r\n")
        if line is None:
            return False
        raise NotImplementedError("Step 3: go on with the chunk, or with what follows the last")

    def _read_chunk(self) -> bool:
        raise NotImplementedError("Step 3: keep the chunk's data, take the CRLF after it")

    def _read_trailer(self) -> bool:
        raise NotImplementedError("Step 3: drop the trailers; the empty line ends the answer")


def parse_status_line(line: bytes) -> tuple[int, str]:
    """The status, and the reason phrase, which may be missing with the space before it.

    Raises:
        BadAnswer: it is no status line of HTTP/1.
    """
    raise NotImplementedError("Step 8: take the line apart, refuse what is no status line")


def parse_fields(lines: Iterable[bytes]) -> list[tuple[str, str]]:
    """Field lines, without their CRLFs, as pairs of name and value.

    Raises:
        BadAnswer: a line is no token, directly followed by a colon, or has a CR, LF or NUL in it.
    """
    fields = []
    for line in lines:
        raise NotImplementedError("Step 7: take the line apart at its first colon")
        # Step 8: any line passes.
    return fields


def values(fields: Iterable[tuple[str, str]], wanted: str) -> list[str]:
    """The values of every field of that name, in order; names have no case."""
    raise NotImplementedError("Step 7: compare the names in lower case")
