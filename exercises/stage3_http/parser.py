"""Where one request ends in the bytes of a connection, and the next begins (RFC 9112 6 and 7).

TCP gives bytes in any chunks; RequestParser keeps what has come, and gives whole requests. It looks at no byte again and
again, and keeps no more than its limits allow.
"""

from __future__ import annotations

import re
from dataclasses import replace

from .messages import (
    TOKEN,
    BadRequest,
    Fields,
    Limits,
    Request,
    check_request,
    parse_fields,
    parse_request_line,
)

# The line feed of a head's last line, and the empty line after it. A line should end with CRLF; a head with bare line
# feeds must be found as well, so that it can be refused.
HEAD_END = re.compile(rb"\n\r?\n")
# What may follow a chunk's size: ";" and a name, perhaps "=" and a token or a quoted string, and so on (RFC 9112 7.1.1).
EXTENSIONS = re.compile(
    rb'(?:[ \t]*;[ \t]*%b(?:[ \t]*=[ \t]*(?:%b|"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"))?)*'
    % (TOKEN.pattern, TOKEN.pattern)
)
BLOCK = 64 * 1024


class Pieces:
    """Bytes that come in pieces, and are wanted whole in the end.

    They are kept in blocks: one buffer that grows to megabytes is moved in memory again and again, and a list of pieces
    takes fifty bytes for each that is one byte long.

    size: how many bytes there are.
    """

    def __init__(self) -> None:
        self.size = 0
        self._blocks = [bytearray()]

    def add(self, data: bytes | bytearray) -> None:
        """Some more bytes."""
        if len(self._blocks[-1]) >= BLOCK:
            self._blocks.append(bytearray())
        self._blocks[-1] += data
        self.size += len(data)

    def take(self) -> bytes:
        """All of them; none are left."""
        blocks, self._blocks, self.size = self._blocks, [bytearray()], 0
        return b"".join(blocks)


class RequestParser:
    """Takes a connection's bytes, gives requests one at a time. After a BadRequest it is of no more use.

    head: the request whose content is still to come; None where no content is waited for.
    begun: whether anything has come that was not given as a request yet.
    """

    def __init__(self, limits: Limits) -> None:
        self.head: Request | None = None
        self.begun = False
        self._limits = limits
        self._buffer = bytearray()
        self._scanned = 0  # how much of the buffer was searched already for the head's end
        self._length: int | None = (
            0  # of the content that is waited for; None where it comes in chunks
        )
        self._content = Pieces()  # of the content that is waited for, as much as has come
        self._chunks: Chunks | None = None

    def feed(self, data: bytes) -> None:
        """Some bytes came. Ask for requests until there is none."""
        self.begun = True
        self._buffer += data

    def next_request(self) -> Request | None:
        """The next request, once all of it is here; None until then.

        Raises:
            BadRequest: what came is none, or is too long, or is one that this server does not answer.
        """
        if self.head is None:
            lines = self._take_head() if self._buffer else None
            if lines is None:
                return None
            self.head = self._read_head(lines)
        content = self._take_content()
        if content is None:
            return None
        request, self.head, self.begun = self.head, None, bool(self._buffer)
        return replace(request, content=content) if content else request

    def _take_head(self) -> list[bytes] | None:
        """Remove the next head from the buffer, and give its lines; None while its empty line is not here."""
        # Step 20: an empty line before a request is taken for a head.
        # Step 5: this takes what is here, however little, for a whole head.
        here = bytes(self._buffer)
        end = here.index(b"\r\n\r\n") + 4 if b"\r\n\r\n" in here else len(here)
        self._check_limits(end - 2)
        head = bytes(self._buffer[:end])
        del self._buffer[:end]
        # Step 8: a bare CR, LF or NUL passes.
        return head[:-4].split(b"\r\n")

    def _check_limits(self, size: int) -> None:
        """Refuse a head that is too long, perhaps before its end is here.

        size: how many bytes of the buffer belong to the request line and the fields, at least.
        """
        # Step 17: a head may be as long as it likes.

    def _read_head(self, lines: list[bytes]) -> Request:
        """A request without its content, whose length is noted."""
        raise NotImplementedError("Step 4: a request from its line and its fields")
        check_request(request)
        self._length = content_length(request.fields, version, self._limits.content)
        return request

    def _take_content(self) -> bytes | None:
        """Remove the head's content from the buffer, once all of it is here; None until then."""
        if self._length == 0:
            return b""
        if self._length is None:
            self._chunks = self._chunks or Chunks(self._limits)
            content = self._chunks.take(self._buffer)
            if content is not None:
                self._chunks = None
            return content
        return b""  # Step 15: content is taken for the next request.


def content_length(fields: Fields, version: bytes, limit: int) -> int | None:
    """How many bytes of content follow a request's head (RFC 9112 6.3); None where it comes in chunks."""
    lengths, codings = fields.all(b"Content-Length"), fields.get(b"Transfer-Encoding")
    if not lengths and codings is None:  # as nearly all requests are
        return 0
    # Step 16: of several lengths the first wins, and int() reads more than digits.
    if codings is not None:
        raise BadRequest("Step 22: chunks are not read yet", 501)
    # Step 17: any length passes.
    return 0  # Step 15: content is taken for the next request.


class Chunks:
    """Content that comes in chunks, on its way in (RFC 9112 7.1).

    take() is given what has come and is not used yet, and removes from it what it uses.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._content = Pieces()
        # How many bytes of a chunk's data are still to come; None where a line comes next, of a size or a trailer.
        self._missing: int | None = None
        self._scanned = 0  # how much of the buffer was searched already for that line's end
        # Bytes of trailers so far; -1 before the last chunk.
        self._trailers = -1

    def take(self, buffer: bytearray) -> bytes | None:
        """The content, once all of it has come.

        Raises:
            BadRequest: 400 for what is not chunked, 413 for too much content, 431 for too long trailers.
        """
        raise NotImplementedError("Step 22: sizes and data in turn, until the empty line")

    def _begin_chunk(self, line: bytes) -> None:
        """The line of a chunk's size is here: its data comes next, or, after the size 0, trailers."""
        # Step 23: a size with an extension is taken for none.
        raise NotImplementedError("Step 22: a number of hexadecimal digits")
        # Step 23: chunks may come without end.

    def _drop_trailer(self, line: bytes) -> None:
        """A trailer is here. It is none of the request's fields, but it must be one, and it counts."""
        raise BadRequest("Step 23: trailers are not read yet", 501)

    def _take_line(self, buffer: bytearray) -> bytes | None:
        """Remove the line of a size or a trailer, and give it without its CRLF; None while its end is not here."""
        end = buffer.find(b"\n", self._scanned)
        # Of the line without its CRLF, so far at least: a last byte may be the CR.
        length = (len(buffer) if end < 0 else end) - 1
        # Step 23: a line may be as long as it likes.
        raise NotImplementedError("Step 22: wait for its end; refuse CR, LF and NUL anywhere but in its CRLF")
