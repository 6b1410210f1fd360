"""An answer, received by a LineReceiver: lines for head and chunk sizes, raw data for content.

It is as strict and as early as the README allows: it fails at the first byte that is not HTTP, and bounds trailers and 1xx.
"""

# LineReceiver has no types.
# mypy: allow-untyped-calls

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import ITCPTransport
from twisted.internet.protocol import connectionDone
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure

from .messages import LONGEST_HEAD, TOKEN, BadAnswer, BrokenOff, Response, TooLong

VERSION = b"HTTP/1."
MOST_1XX = 10


class NotHTTP(BadAnswer):
    """The first byte cannot begin an answer."""


class AnswerReceiver(LineReceiver):
    """Sends a request as soon as it is connected, and receives the answer.

    done: fires with the Response; cancelled, it aborts the connection.
    """

    transport: ITCPTransport
    delimiter = b"\r\n"

    def __init__(self, method: str, head: bytes, content: bytes, longest: int) -> None:
        self.done: Deferred[Response] = Deferred(lambda _: self.transport.abortConnection())
        self.method, self.sent, self.longest = method, (head, content), longest
        self.content: list[bytes] = []
        self.length = self.trailers = self.skipped = 0
        self.begun = b""
        self.left: int | None = None
        self.after_data = False
        self.read: Callable[[str], None]
        self._begin_head()

    def connectionMade(self) -> None:
        for part in self.sent:
            self.transport.write(part)

    def dataReceived(self, data: bytes) -> None:
        if not self.done.called:
            try:
                if len(self.begun) < len(VERSION):
                    self.begun += data[: len(VERSION) - len(self.begun)]
                    if not VERSION.startswith(self.begun):
                        raise NotHTTP(f"it begins with {self.begun!r}")
                super().dataReceived(data)
            except (BadAnswer, TooLong) as error:
                self.transport.abortConnection()
                self.done.errback(error)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self.done.called:
            return
        until_close = not self.line_mode and self.left is None
        if until_close and reason.check(ConnectionDone):
            self.done.callback(self._response())
        else:
            self.done.errback(BrokenOff(reason.getErrorMessage()))

    # The head.

    def _begin_head(self) -> None:
        self.status_line: re.Match[str] | None = None
        self.fields: list[tuple[str, str]] = []
        self.read = self._read_head
        self._allow(LONGEST_HEAD)

    def _allow(self, size: int) -> None:
        # The CRLF makes two bytes; so a line without an end is noticed at its first byte too many.
        self.allowed, self.MAX_LENGTH = size, size - 1

    def lineLengthExceeded(self, line: bytes) -> None:
        raise TooLong("a line does not end")

    def lineReceived(self, line: bytes) -> None:
        if self.done.called:
            self.clearLineBuffer()
            return
        if len(line) + 2 > self.allowed:
            raise TooLong("one line too many")
        self._allow(self.allowed - len(line) - 2)
        self.read(line.decode("latin-1"))

    def _read_head(self, line: str) -> None:
        if self.status_line is None:
            self.status_line = re.fullmatch(r"HTTP/1\.\d ([1-5]\d\d)( [^\r\n\0]*)?", line, re.A)
            if self.status_line is None:
                raise BadAnswer("this is not HTTP")
        elif line:
            name, colon, value = line.partition(":")
            if not (TOKEN.fullmatch(name) and colon) or set(value) & set("\r\n\0"):
                raise BadAnswer("this is no field")
            self.fields.append((name, value.strip(" \t")))
        elif self.status_line[1].startswith("1"):
            self.skipped += 1
            if self.skipped > MOST_1XX:
                raise TooLong("an answer that is announced for ever")
            self._begin_head()
        else:
            self._begin_content(int(self.status_line[1]))

    # The content.

    def _begin_content(self, status: int) -> None:
        lengths = all_of(self.fields, "content-length")
        codings = all_of(self.fields, "transfer-encoding")
        if len(lengths) + len(codings) > 1:
            raise BadAnswer("more than one word on the length")
        if codings and codings[0].lower() != "chunked":
            raise BadAnswer(f"coded as {codings[0]}")
        if lengths and not re.fullmatch("[0-9]+", lengths[0]):
            raise BadAnswer(f"a length of {lengths[0]}")
        if self.method == "HEAD" or status in (204, 304):
            self._finish()
        elif codings:
            self.read = self._read_size
            self._allow(LONGEST_HEAD)
        elif lengths:
            digits = lengths[0].lstrip("0") or "0"
            if len(digits) > 18:
                raise TooLong("content of astronomical length")
            self._expect(int(digits))
            if not self.left:
                self._finish()
        else:
            self.setRawMode()

    def _expect(self, size: int) -> None:
        if self.length + size > self.longest:
            raise TooLong(f"more than {self.longest} bytes")
        self.left = size
        if size:
            self.setRawMode()

    def rawDataReceived(self, data: bytes) -> None:
        piece = data if self.left is None else data[: self.left]
        self.content.append(piece)
        self.length += len(piece)
        if self.length > self.longest:
            raise TooLong(f"more than {self.longest} bytes")
        if self.left is None:
            return
        self.left -= len(piece)
        if self.left:
            return
        if self.read == self._read_size:
            self.after_data = True
            self._allow(LONGEST_HEAD)
            self.setLineMode(data[len(piece) :])
        else:
            self._finish()

    def _read_size(self, line: str) -> None:
        self._allow(LONGEST_HEAD)
        if self.after_data:
            if line:
                raise BadAnswer("more data than was announced")
            self.after_data = False
            return
        size = re.fullmatch(r"([0-9A-Fa-f]+)[ \t]*(;[^\r\n\0]*)?", line)
        if size is None:
            raise BadAnswer("this is no size")
        self._expect(int(size[1], 16))
        if not self.left:
            self.read = self._read_trailer

    def _read_trailer(self, line: str) -> None:
        self._allow(LONGEST_HEAD)
        self.trailers += len(line)
        if self.trailers > LONGEST_HEAD:
            raise TooLong("more trailers than a head has fields")
        if not line:
            self._finish()

    def _response(self) -> Response:
        assert self.status_line is not None
        reason = (self.status_line[2] or "").removeprefix(" ")
        content = b"".join(self.content)
        return Response(int(self.status_line[1]), reason, self.fields, content)

    def _finish(self) -> None:
        self.transport.loseConnection()
        self.done.callback(self._response())


def all_of(fields: Iterable[tuple[str, str]], wanted: str) -> list[str]:
    """Return the values of all fields of this name, which is in lower case."""
    return [value for name, value in fields if name.lower() == wanted]
