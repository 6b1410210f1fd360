"""Where one request ends in the bytes of a connection, and the next begins (RFC 9112 2.1).

TCP delivers bytes in any chunks; RequestParser keeps them, and returns whole requests. It does not search the same bytes
again and again.
"""

from __future__ import annotations

import re

from .messages import BadRequest, Request, parse_fields, parse_request_line

# The line feed of a head's last line, and the empty line after it. Lines should end with CRLF; a head with bare line feeds
# must be found as well, so that it can be refused.
HEAD_END = re.compile(rb"\n\r?\n")


class RequestParser:
    """Takes a connection's bytes, returns requests one at a time. After a BadRequest it cannot be used any more.

    begun: whether there are bytes that have not been returned as a request yet.
    """

    def __init__(self) -> None:
        self.begun = False
        self._buffer = bytearray()
        self._scanned = 0  # where the next search for the head's end begins

    def feed(self, data: bytes) -> None:
        """Add received bytes. Then call next_request until it returns None."""
        self.begun = True
        self._buffer += data

    def next_request(self) -> Request | None:
        """Return the next request, once all of it is here; None until then.

        Raises:
            BadRequest: the bytes are not a request.
        """
        lines = self._take_head() if self._buffer else None
        if lines is None:
            return None
        self.begun = bool(self._buffer)
        return self._read_head(lines)

    def _take_head(self) -> list[bytes] | None:
        """Remove the next head from the buffer, and return its lines; None while its empty line is not here."""
        ### BEGIN SOLUTION Step 5: wait for the empty line
        ### STARTER # Step 5: wait for the empty line
        ### STARTER here = bytes(self._buffer)
        ### STARTER end = here.index(b"\r\n\r\n") + 4 if b"\r\n\r\n" in here else len(here)
        match = HEAD_END.search(self._buffer, self._scanned)
        if match is None:
            self._scanned = max(0, len(self._buffer) - 2)
            return None
        end = match.end()
        self._scanned = 0
        ### END SOLUTION
        head = bytes(self._buffer[:end])
        del self._buffer[:end]
        ### BEGIN SOLUTION Step 8: refuse CR, LF and NUL anywhere but in a CRLF
        ### STARTER # Step 8: refuse CR, LF and NUL anywhere but in a CRLF
        bare = head.replace(b"\r\n", b"")
        if b"\r" in bare or b"\n" in bare or b"\0" in bare:
            raise BadRequest("a bare CR, LF or NUL")
        ### END SOLUTION
        return head[:-4].split(b"\r\n")

    def _read_head(self, lines: list[bytes]) -> Request:
        """Make a request of a head's lines."""
        ### BEGIN SOLUTION Step 4: make a Request of its line and fields
        method, target, version = parse_request_line(lines[0])
        return Request(method, target, parse_fields(lines[1:]), version=version)
        ### END SOLUTION
