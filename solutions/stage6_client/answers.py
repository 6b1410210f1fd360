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
        ### BEGIN SOLUTION Step 1: keep the earlier bytes
        ### STARTER self._buffer = bytearray(data)  # Step 1: this forgets the earlier bytes.
        self._buffer += data
        ### END SOLUTION
        while self._whole is None and self._next():
            pass
        return self._whole

    def end(self, clean: bool) -> Response:
        """The connection has ended; clean: with ConnectionDone. Returns the answer, if it ends there.

        Raises:
            BrokenOff: The answer is incomplete.
        """
        ### BEGIN SOLUTION Step 5: distinguish a complete answer from one that was cut short
        if clean and self._next == self._read_until_the_end:
            return self._finish(self._buffer)
        raise BrokenOff("the connection ended before the answer was whole")
        ### END SOLUTION

    def _finish(self, content: bytes | bytearray) -> Response:
        self._whole = Response(self._status, self._reason, self._fields, bytes(content))
        return self._whole

    def _take_up_to(self, mark: bytes) -> bytes | None:
        """Remove and return the bytes before the mark, and remove the mark; None if the mark has not arrived."""
        # Bytes are not searched twice; but the mark may have begun in those that were searched.
        end = self._buffer.find(mark, max(0, self._searched - len(mark) + 1))
        ### BEGIN SOLUTION Step 10: bound it
        ### STARTER # Step 10: a head or line without an end fills the memory.
        if (len(self._buffer) if end < 0 else end + len(mark)) > LONGEST_HEAD:
            raise TooLong(f"a head or line of more than {LONGEST_HEAD} bytes")
        ### END SOLUTION
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
        ### BEGIN SOLUTION Step 6: after a 1xx, the answer is still to come
        ### STARTER # Step 6: a 1xx passes for the answer.
        if self._status < 200:
            return True
        ### END SOLUTION
        self._next = self._content_reader()
        return True

    def _content_reader(self) -> Callable[[], bool]:
        """Return the method that reads the content: decide how it ends (RFC 9112 6.3)."""
        ### BEGIN SOLUTION Step 6: some answers have no content, whatever their fields say
        ### STARTER # Step 6: every answer has content.
        if self._method == "HEAD" or self._status in WITHOUT_CONTENT:
            self._size = 0
            return self._read_exactly
        ### END SOLUTION
        lengths = values(self._fields, "Content-Length")
        codings = values(self._fields, "Transfer-Encoding")
        ### BEGIN SOLUTION Step 9: refuse an invalid length, contradictory fields, and an unknown coding
        ### STARTER # Step 9: the first length wins, and any number that int() accepts.
        if len(lengths) > 1 or (lengths and codings):
            raise BadAnswer("two fields say where the content ends")
        if lengths and not re.fullmatch("[0-9]+", lengths[0]):
            raise BadAnswer(f"not a length: {lengths[0]!r}")
        if codings and [coding.lower() for coding in codings] != ["chunked"]:
            raise BadAnswer(f"a coding that this client does not know: {codings!r}")
        ### END SOLUTION
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
        ### BEGIN SOLUTION Step 10: refuse it
        ### STARTER # Step 10: any length passes.
        if length > self._longest:
            raise TooLong(f"content of more than {self._longest} bytes")
        ### END SOLUTION

    def _read_exactly(self) -> bool:
        ### BEGIN SOLUTION Step 2: finish when all the bytes have arrived
        if len(self._buffer) < self._size:
            return False
        self._finish(self._buffer[: self._size])
        return True
        ### END SOLUTION

    def _read_until_the_end(self) -> bool:
        ### BEGIN SOLUTION Step 4: leave the bytes in the buffer until the connection ends
        self._check_length(len(self._buffer))
        return False
        ### END SOLUTION

    def _read_chunk_size(self) -> bool:
        line = self._take_up_to(b"\r\n")
        if line is None:
            return False
        ### BEGIN SOLUTION Step 3: go on with the chunk, or after the last one with the trailers
        match = CHUNK_SIZE.fullmatch(line)
        if match is None:
            raise BadAnswer(f"not a chunk's size: {line[:40]!r}")
        self._size = int(match[1], 16)
        self._check_length(len(self._content) + self._size)
        self._next = self._read_chunk if self._size else self._read_trailer
        return True
        ### END SOLUTION

    def _read_chunk(self) -> bool:
        ### BEGIN SOLUTION Step 3: keep the chunk's data, drop the CRLF after it
        if len(self._buffer) < self._size + 2:
            return False
        if self._buffer[self._size : self._size + 2] != b"\r\n":
            raise BadAnswer("a chunk is longer than its size")
        self._content += self._buffer[: self._size]
        del self._buffer[: self._size + 2]
        self._next = self._read_chunk_size
        return True
        ### END SOLUTION

    def _read_trailer(self) -> bool:
        ### BEGIN SOLUTION Step 3: drop the trailers; the empty line ends the answer
        line = self._take_up_to(b"\r\n")
        if line == b"":
            self._finish(self._content)
        return line is not None
        ### END SOLUTION


def parse_status_line(line: bytes) -> tuple[int, str]:
    """Return the status and the reason phrase, which may be missing together with the space before it.

    Raises:
        BadAnswer: This is not a status line of HTTP/1.
    """
    ### BEGIN SOLUTION Step 8: parse the line; refuse anything that is not a status line
    match = STATUS_LINE.fullmatch(line)
    if match is None:
        raise BadAnswer(f"not a status line: {line[:40]!r}")
    return int(match[1]), (match[2] or b"").decode("latin-1")
    ### END SOLUTION


def parse_fields(lines: Iterable[bytes]) -> list[tuple[str, str]]:
    """Return field lines, given without their CRLFs, as pairs of name and value.

    Raises:
        BadAnswer: A line does not begin with a token and a colon, or contains a CR, LF or NUL.
    """
    fields = []
    for line in lines:
        ### BEGIN SOLUTION Step 7: split the line at its first colon
        name, colon, value = line.decode("latin-1").partition(":")
        fields.append((name, value.strip(" \t")))
        ### END SOLUTION
        ### BEGIN SOLUTION Step 8: refuse anything that is not a field line
        ### STARTER # Step 8: any line passes.
        if not colon or not TOKEN.fullmatch(name) or re.search(r"[\r\n\0]", value):
            raise BadAnswer(f"not a field line: {line[:40]!r}")
        ### END SOLUTION
    return fields


def values(fields: Iterable[tuple[str, str]], wanted: str) -> list[str]:
    """Return the values of all fields of this name, in order; case does not matter."""
    ### BEGIN SOLUTION Step 7: compare the names in lower case
    return [value for name, value in fields if name.lower() == wanted.lower()]
    ### END SOLUTION
