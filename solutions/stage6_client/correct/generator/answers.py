"""A parser as a generator: it reads as if all bytes had arrived, and yields when they have not."""

from __future__ import annotations

import re
from collections.abc import Generator

from .messages import LONGEST_HEAD, TOKEN, BadAnswer, BrokenOff, Response, TooLong

Reading = Generator[None, None, bytes]


class Inbox:
    """Bytes that were received and not read yet. ``ended``: whether the connection has ended cleanly."""

    def __init__(self) -> None:
        self.bytes = b""
        self.ended = False

    def _cut(self, at: int, skip: int = 0) -> bytes:
        taken, self.bytes = self.bytes[:at], self.bytes[at + skip :]
        return taken

    def up_to(self, mark: bytes) -> Reading:
        """Read up to the mark, and drop the mark."""
        while mark not in self.bytes[:LONGEST_HEAD]:
            if len(self.bytes) > LONGEST_HEAD:
                raise TooLong(f"no {mark!r} within {LONGEST_HEAD} bytes")
            yield
        return self._cut(self.bytes.index(mark), len(mark))

    def exactly(self, count: int, longest: int) -> Reading:
        """Read this many bytes; if they exceed ``longest``, fail when they arrive."""
        pieces = []
        while count:
            pieces.append(self._cut(count))
            count -= len(pieces[-1])
            longest -= len(pieces[-1])
            if longest < 0:
                raise TooLong("content of more bytes than are wanted")
            if count:
                yield
        return b"".join(pieces)

    def until_the_end(self, longest: int) -> Reading:
        """Read until the connection ends, up to this many bytes."""
        pieces = []
        while True:
            pieces.append(self._cut(len(self.bytes)))
            longest -= len(pieces[-1])
            if longest < 0:
                raise TooLong("content without an end")
            if self.ended:
                return b"".join(pieces)
            yield


def answer(inbox: Inbox, method: str, longest: int) -> Generator[None, None, Response]:
    """Read one answer from the inbox; yield to wait for more bytes."""
    status = 100
    while status < 200:
        head = (yield from inbox.up_to(b"\r\n\r\n")).decode("latin-1")
        status, reason, fields = parse_head(head)
    content = b""
    if method != "HEAD" and status not in (204, 304):
        content = yield from read_content(inbox, fields, longest)
    return Response(status, reason, fields, content)


def parse_head(head: str) -> tuple[int, str, list[tuple[str, str]]]:
    """Status, reason and fields."""
    first, *rest = head.split("\r\n")
    match = re.fullmatch(r"HTTP/1\.[0-9] ([1-5][0-9][0-9])(?: (.*))?", first)
    if match is None or re.search(r"[\r\n\0]", "".join([first, *rest])):
        raise BadAnswer(f"{first!r}")
    fields = []
    for line in rest:
        name, colon, value = line.partition(":")
        if not (colon and TOKEN.fullmatch(name)):
            raise BadAnswer(f"{line!r}")
        fields.append((name, value.strip(" \t")))
    return int(match[1]), match[2] or "", fields


def read_content(inbox: Inbox, fields: list[tuple[str, str]], longest: int) -> Reading:
    """The content, however it ends."""
    ends = [
        (n.lower(), v) for n, v in fields if n.lower() in ("content-length", "transfer-encoding")
    ]
    match ends:
        case []:
            return (yield from inbox.until_the_end(longest))
        case [("content-length", value)] if re.fullmatch("[0-9]+", value):
            return (yield from inbox.exactly(number(value), longest))
        case [("transfer-encoding", value)] if value.lower() == "chunked":
            return (yield from read_chunks(inbox, longest))
    raise BadAnswer(f"{ends}")


def number(digits: str) -> int:
    """Return the number; of thousands of digits, which int() refuses, return another number that is too large."""
    return int((digits.lstrip("0") or "0")[:30])


def read_chunks(inbox: Inbox, longest: int) -> Reading:
    """Read the chunks up to the last one, and the trailers."""
    chunks = []
    while True:
        line = (yield from inbox.up_to(b"\r\n")).decode("latin-1")
        digits = line.partition(";")[0]
        if not re.fullmatch("[0-9a-fA-F]+", digits):
            raise BadAnswer(f"{line!r}")
        size = int(digits, 16)
        if not size:
            break
        chunks.append((yield from inbox.exactly(size, longest)))
        longest -= size
        if (yield from inbox.exactly(2, 2)) != b"\r\n":
            raise BadAnswer("a chunk without its end")
    while (yield from inbox.up_to(b"\r\n")):
        pass
    return b"".join(chunks)


class Reader:
    """Runs the generator as bytes arrive."""

    def __init__(self, method: str, longest: int) -> None:
        self.inbox = Inbox()
        self.reading = answer(self.inbox, method, longest)

    def go_on(self) -> Response | None:
        """Read what has arrived. Returns the answer, if it is complete."""
        try:
            next(self.reading)
        except StopIteration as stop:
            response: Response = stop.value
            return response
        return None

    def more(self, data: bytes) -> Response | None:
        """Receive bytes. Returns the answer, if it is complete."""
        self.inbox.bytes += data
        return self.go_on()

    def end(self, clean: bool) -> Response:
        """The connection has ended. Returns the answer, if it is complete."""
        self.inbox.ended = clean
        response = self.go_on()
        if response is None:
            raise BrokenOff("too early")
        return response
