"""From bytes to an answer: where its parts begin and end. Without Twisted, connections and time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from .messages import LONGEST_HEAD, TOKEN, BadAnswer, BrokenOff, Response, TooLong

STATUS_LINE = re.compile(rb"HTTP/1\.[0-9] ([1-5][0-9][0-9])(?: ([^\r\n\0]*))?")
CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]+)[ \t]*(?:;[^\r\n\0]*)?")
WITHOUT_CONTENT = (204, 304)


class Answer:
    """One answer, parsed as its bytes arrive.

    method: the request's. longest: the number of bytes that its content may have.

    ``_next`` is the method that reads the next part. It returns False if that needs more bytes.
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
        """Parse some bytes. Returns the answer if it is complete now; bytes after it are ignored.

        Raises:
            BadAnswer, TooLong: No answer can follow.
        """
        self._buffer = bytearray(data)  # Step 1: this forgets the earlier bytes.
        while self._whole is None and self._next():
            pass
        return self._whole

    def end(self, clean: bool) -> Response:
        """The connection has ended; clean: with ConnectionDone. Returns the answer, if it ends there.

        Raises:
            BrokenOff: The answer is incomplete.
        """
        raise NotImplementedError("Step 5: distinguish a complete answer from one that was cut short")

    def _finish(self, content: bytes | bytearray) -> Response:
        self._whole = Response(self._status, self._reason, self._fields, bytes(content))
        return self._whole

    def _take_up_to(self, mark: bytes) -> bytes | None:
        """Remove and return the bytes before the mark, and remove the mark; None if the mark has not arrived."""
        # Bytes are not searched twice; but the mark may have begun in those that were searched.
        end = self._buffer.find(mark, max(0, self._searched - len(mark) + 1))
        # Step 10: a head or line without an end fills the memory.
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
        """Return the method that reads the content: decide how it ends (RFC 9112 6.3)."""
        # Step 6: every answer has content.
        lengths = values(self._fields, "Content-Length")
        codings = values(self._fields, "Transfer-Encoding")
        # Step 9: the first length wins, and any number that int() accepts.
        if codings:
            return self._read_chunk_size
        if lengths:
            # int() raises ValueError for thousands of digits.
            digits = lengths[0].lstrip("0")
            short = len(digits) <= len(str(self._longest))
            self._size = int(digits or "0") if short else self._longest + 1
            self._check_length(self._size)
            return self._read_exactly
        return self._read_until_the_end

    def _check_length(self, length: int) -> None:
        """Refuse content that has, or will have, more bytes than the client accepts."""
        # Step 10: any length passes.

    def _read_exactly(self) -> bool:
        raise NotImplementedError("Step 2: finish when all the bytes have arrived")

    def _read_until_the_end(self) -> bool:
        raise NotImplementedError("Step 4: leave the bytes in the buffer until the connection ends")

    def _read_chunk_size(self) -> bool:
        line = self._take_up_to(b"\r\n")
        if line is None:
            return False
        raise NotImplementedError("Step 3: go on with the chunk, or after the last one with the trailers")

    def _read_chunk(self) -> bool:
        raise NotImplementedError("Step 3: keep the chunk's data, drop the CRLF after it")

    def _read_trailer(self) -> bool:
        raise NotImplementedError("Step 3: drop the trailers; the empty line ends the answer")


def parse_status_line(line: bytes) -> tuple[int, str]:
    """Return the status and the reason phrase, which may be missing together with the space before it.

    Raises:
        BadAnswer: This is not a status line of HTTP/1.
    """
    raise NotImplementedError("Step 8: parse the line; refuse anything that is not a status line")


def parse_fields(lines: Iterable[bytes]) -> list[tuple[str, str]]:
    """Return field lines, given without their CRLFs, as pairs of name and value.

    Raises:
        BadAnswer: A line does not begin with a token and a colon, or contains a CR, LF or NUL.
    """
    fields = []
    for line in lines:
        raise NotImplementedError("Step 7: split the line at its first colon")
        # Step 8: any line passes.
    return fields


def values(fields: Iterable[tuple[str, str]], wanted: str) -> list[str]:
    """Return the values of all fields of this name, in order; case does not matter."""
    raise NotImplementedError("Step 7: compare the names in lower case")
