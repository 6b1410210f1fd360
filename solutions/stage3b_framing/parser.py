"""Where one request ends in the bytes of a connection, and the next begins (RFC 9112 6 and 7).

TCP delivers bytes in any chunks; RequestParser keeps them, and returns whole requests. It does not search the same bytes
again and again, and keeps no more than its limits allow.
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

# The line feed of a head's last line, and the empty line after it. Lines should end with CRLF; a head with bare line feeds
# must be found as well, so that it can be refused.
HEAD_END = re.compile(rb"\n\r?\n")
# After a chunk's size: ";" and a name, perhaps "=" and a token or a quoted string, any number of times (RFC 9112 7.1.1).
EXTENSIONS = re.compile(
    rb'(?:[ \t]*;[ \t]*%b(?:[ \t]*=[ \t]*(?:%b|"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"))?)*'
    % (TOKEN.pattern, TOKEN.pattern)
)
BLOCK = 64 * 1024


class Pieces:
    """Collects bytes that come in pieces.

    They are kept in blocks: one buffer that grows to megabytes would be moved in memory again and again, and a list of
    pieces would take fifty bytes for each piece, even of one byte.

    size: how many bytes there are.
    """

    def __init__(self) -> None:
        self.size = 0
        self._blocks = [bytearray()]

    def add(self, data: bytes | bytearray) -> None:
        """Add some bytes."""
        if len(self._blocks[-1]) >= BLOCK:
            self._blocks.append(bytearray())
        self._blocks[-1] += data
        self.size += len(data)

    def take(self) -> bytes:
        """Return all bytes, and keep none."""
        blocks, self._blocks, self.size = self._blocks, [bytearray()], 0
        return b"".join(blocks)


class RequestParser:
    """Takes a connection's bytes, returns requests one at a time. After a BadRequest it cannot be used any more.

    head: the request whose content has not come yet; None if there is none.
    begun: whether there are bytes that have not been returned as a request yet.
    """

    def __init__(self, limits: Limits) -> None:
        self.head: Request | None = None
        self.begun = False
        self._limits = limits
        self._buffer = bytearray()
        self._scanned = 0  # where the next search for the head's end begins
        self._length: int | None = 0  # of the head's content; None if it comes in chunks
        self._content = Pieces()  # the part of that content which has come
        self._chunks: Chunks | None = None

    def feed(self, data: bytes) -> None:
        """Add received bytes. Then call next_request until it returns None."""
        self.begun = True
        self._buffer += data

    def next_request(self) -> Request | None:
        """Return the next request, once all of it is here; None until then.

        Raises:
            BadRequest: the bytes are not a request, or too long a one, or one that this server does not serve.
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
        """Remove the next head from the buffer, and return its lines; None while its empty line is not here."""
        ### BEGIN SOLUTION Step 6: skip empty lines before a request
        ### STARTER # Step 6: skip empty lines before a request
        while self._buffer.startswith(b"\r\n"):
            del self._buffer[:2]
        ### END SOLUTION
        match = HEAD_END.search(self._buffer, self._scanned)
        if match is None:
            self._scanned = max(0, len(self._buffer) - 2)
            ### BEGIN SOLUTION Step 3: check the limits before the end is here
            ### STARTER # Step 3: check the limits before the end is here
            self._check_limits(len(self._buffer) - 1)
            ### END SOLUTION
            return None
        end = match.end()
        self._scanned = 0
        self._check_limits(end - 2)
        head = bytes(self._buffer[:end])
        del self._buffer[:end]
        bare = head.replace(b"\r\n", b"")
        if b"\r" in bare or b"\n" in bare or b"\0" in bare:
            raise BadRequest("a bare CR, LF or NUL")
        return head[:-4].split(b"\r\n")

    def _check_limits(self, size: int) -> None:
        """Refuse a head that is too long, even before its end is here.

        size: how many bytes of the buffer belong to the request line and the fields, with their CRLFs. The empty line does
        not count. While its end is not here, nor does the last byte: it may be the CR of a CRLF that does not count.
        """
        ### BEGIN SOLUTION Step 3: 414 or 501 for the line, 431 for the fields
        ### STARTER # Step 3: 414 or 501 for the line, 431 for the fields
        line = self._buffer.find(b"\n", 0, self._limits.line + 2)
        if line < 0 and size > self._limits.line:
            method_ends = b" " in self._buffer[: self._limits.line + 1]
            raise BadRequest("too long a request line", 414 if method_ends else 501)
        if line >= 0 and size - (line + 1) > self._limits.fields:
            raise BadRequest("too long fields", 431)
        ### END SOLUTION

    def _read_head(self, lines: list[bytes]) -> Request:
        """Make a request of a head's lines, and note the length of its content in _length."""
        method, target, version = parse_request_line(lines[0])
        request = Request(method, target, parse_fields(lines[1:]), version=version)
        check_request(request)
        self._length = content_length(request.fields, version, self._limits.content)
        return request

    def _take_content(self) -> bytes | None:
        """Remove the head's content from the buffer, and return it once all of it is here; None until then."""
        if self._length == 0:
            return b""
        if self._length is None:
            self._chunks = self._chunks or Chunks(self._limits)
            content = self._chunks.take(self._buffer)
            if content is not None:
                self._chunks = None
            return content
        ### BEGIN SOLUTION Step 1: wait for all of the content
        ### STARTER return b""  # Step 1: wait for all of the content
        missing = self._length - self._content.size
        self._content.add(self._buffer[:missing])
        del self._buffer[:missing]
        return self._content.take() if self._content.size == self._length else None
        ### END SOLUTION


def content_length(fields: Fields, version: bytes, limit: int) -> int | None:
    """How many bytes of content follow a request's head (RFC 9112 6.3); None if it comes in chunks."""
    lengths, codings = fields.all(b"Content-Length"), fields.get(b"Transfer-Encoding")
    if not lengths and codings is None:  # as in nearly all requests
        return 0
    ### BEGIN SOLUTION Step 2: refuse whatever can be read in two ways
    ### STARTER # Step 2: refuse whatever can be read in two ways
    if codings is not None and (lengths or version == b"HTTP/1.0"):
        raise BadRequest("two ways to say where the content ends")  # RFC 9112 6.1
    if codings is not None and codings.lower() != b"chunked":
        raise BadRequest(
            "not chunked alone"
        )  # RFC 9112 6.3; for codings before it, 501 is right too.
    if len(lengths) > 1 or not all(re.fullmatch(rb"[0-9]+", length) for length in lengths):
        raise BadRequest("not one number in Content-Length")
    ### END SOLUTION
    if codings is not None:
        ### BEGIN SOLUTION Step 8: it comes in chunks
        ### STARTER raise BadRequest("Step 8: chunks are not read yet", 501)
        return None
        ### END SOLUTION
    ### BEGIN SOLUTION Step 3: refuse content beyond the limit before it comes
    ### STARTER # Step 3: refuse content beyond the limit before it comes
    # Python refuses to make an int of thousands of digits, even if all are zeros.
    lengths = [length.lstrip(b"0") or b"0" for length in lengths]
    if any(len(length) > 18 or int(length) > limit for length in lengths):
        raise BadRequest("too much content", 413)
    ### END SOLUTION
    ### BEGIN SOLUTION Step 1: the number in Content-Length, if there is one
    ### STARTER return 0  # Step 1: the number in Content-Length, if there is one
    return int(lengths[0]) if lengths else 0
    ### END SOLUTION


class Chunks:
    """Parses content that comes in chunks (RFC 9112 7.1).

    take() is called with the received bytes that are not used yet, and removes the ones that it uses.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._content = Pieces()
        # How many bytes of a chunk's data have not come yet; None if a line comes next, of a size or a trailer.
        self._missing: int | None = None
        self._scanned = 0  # where the next search for that line's end begins
        # Bytes of trailers so far; -1 before the last chunk.
        self._trailers = -1

    def take(self, buffer: bytearray) -> bytes | None:
        """Return the content, once all of it has come; None until then.

        Raises:
            BadRequest: 400 if the bytes are not chunks, 413 for too much content, 431 for too long trailers.
        """
        ### BEGIN SOLUTION Step 8: sizes and data in turn, until the empty line
        while True:
            if self._missing is not None:
                part = buffer[: self._missing]
                del buffer[: self._missing]
                self._content.add(part)
                self._missing -= len(part)
                if self._missing or len(buffer) < 2:
                    return None
                if buffer[:2] != b"\r\n":
                    raise BadRequest("a chunk longer than its size")
                del buffer[:2]
                self._missing = None
            line = self._take_line(buffer)
            if line is None:
                return None
            if self._trailers < 0:
                self._begin_chunk(line)
            elif line:
                self._drop_trailer(line)
            else:
                return self._content.take()
        ### END SOLUTION

    def _begin_chunk(self, line: bytes) -> None:
        """Parse the line of a chunk's size. Its data comes next, or, after the size 0, trailers."""
        ### BEGIN SOLUTION Step 9: drop extensions
        ### STARTER # Step 9: drop extensions
        before, semicolon, after = line.partition(b";")
        if semicolon:
            if not EXTENSIONS.fullmatch(semicolon + after):
                raise BadRequest("not an extension")
            line = before.rstrip(b" \t")
        ### END SOLUTION
        ### BEGIN SOLUTION Step 8: parse the hexadecimal number
        if not re.fullmatch(rb"[0-9A-Fa-f]+", line):
            raise BadRequest("not the size of a chunk")
        size = int(line, 16)
        if size:
            self._missing = size
        else:
            self._trailers = 0
        ### END SOLUTION
        ### BEGIN SOLUTION Step 9: refuse content beyond the limit before it comes
        ### STARTER # Step 9: refuse content beyond the limit before it comes
        if self._content.size + size > self._limits.content:
            raise BadRequest("too much content", 413)
        ### END SOLUTION

    def _drop_trailer(self, line: bytes) -> None:
        """Drop a trailer. It must be a field, and counts towards the limit, in _trailers."""
        ### BEGIN SOLUTION Step 9: refuse what is not a field, count the others
        ### STARTER raise BadRequest("Step 9: trailers are not read yet", 501)
        parse_fields([line])
        self._trailers += len(line) + 2
        ### END SOLUTION

    def _take_line(self, buffer: bytearray) -> bytes | None:
        """Remove the line of a size or a trailer, and return it without its CRLF; None while its end is not here."""
        end = buffer.find(b"\n", self._scanned)
        # Of the line without its CRLF; while its end is not here, the last byte may be the CR, and does not count.
        length = (len(buffer) if end < 0 else end) - 1
        ### BEGIN SOLUTION Step 9: 400 for too long a line of a size, 431 for too long trailers
        ### STARTER # Step 9: 400 for too long a line of a size, 431 for too long trailers
        if self._trailers < 0 and length > self._limits.line:
            raise BadRequest("too long a line before a chunk")
        if self._trailers >= 0 and length > 0 and self._trailers + length + 2 > self._limits.fields:
            raise BadRequest("too long trailers", 431)
        ### END SOLUTION
        ### BEGIN SOLUTION Step 8: wait for its end, refuse a bare CR, LF or NUL
        if end < 0:
            self._scanned = len(buffer)
            return None
        self._scanned = 0
        line = bytes(buffer[: end + 1])
        del buffer[: end + 1]
        if line[-2:] != b"\r\n" or b"\r" in line[:-2] or b"\0" in line:
            raise BadRequest("a line with a bare CR, LF or NUL")
        return line[:-2]
        ### END SOLUTION
