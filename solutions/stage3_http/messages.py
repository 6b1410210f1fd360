"""HTTP/1.1 messages, one at a time: the parts of a request, the bytes of a response (RFC 9112).

Nothing here or in parser.py uses Twisted, waits, or writes to a connection: bytes go in, objects come out. So all of it can
be tested without a network, and server.py is only about connections and time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus

# A field's name or a method (RFC 9110 5.6.2); use it with fullmatch.
TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
REASONS = {status.value: status.phrase.encode("ascii") for status in HTTPStatus}


class BadRequest(Exception):
    """The bytes are not a request.

    status: that of the answer, after which the server closes. why: for debugging; it is not sent.
    """

    def __init__(self, why: str, status: int = 400) -> None:
        super().__init__(why)
        self.status = status


class Fields:
    """The fields of a message: pairs of name and value, both bytes, in the order received. Immutable."""

    def __init__(self, pairs: Iterable[tuple[bytes, bytes]] = ()) -> None:
        self._pairs = tuple(pairs)

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        return iter(self._pairs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Fields) and self._pairs == other._pairs

    def __hash__(self) -> int:
        return hash(self._pairs)

    def __repr__(self) -> str:
        return f"Fields({list(self._pairs)!r})"

    @cached_property
    def _values(self) -> dict[bytes, list[bytes]]:
        """For each name in lower case, its values in order. Cached, since a server looks up half a dozen names."""
        ### BEGIN SOLUTION Step 3: gather the values of each name
        values: dict[bytes, list[bytes]] = {}
        for name, value in self._pairs:
            values.setdefault(name.lower(), []).append(value)
        return values
        ### END SOLUTION

    def all(self, name: bytes) -> list[bytes]:
        """A new list of the values of every field with that name, in order; names are compared without case."""
        ### BEGIN SOLUTION Step 3: look the name up, in lower case
        return list(self._values.get(name.lower(), ()))
        ### END SOLUTION

    def get(self, name: bytes) -> bytes | None:
        """The value of the field with that name, several joined with a comma and a space; None if there is none."""
        ### BEGIN SOLUTION Step 3: join the values, if there are any
        values = self._values.get(name.lower())
        return b", ".join(values) if values else None
        ### END SOLUTION

    def __contains__(self, name: bytes) -> bool:
        """Whether there is a field with that name."""
        return self.get(name) is not None


NO_FIELDS = Fields()


@dataclass(frozen=True)
class Request:
    """A client's request. version: such as b"HTTP/1.1"."""

    method: bytes
    target: bytes
    fields: Fields = NO_FIELDS
    version: bytes = b"HTTP/1.1"


@dataclass(frozen=True)
class Response:
    """A handler's answer. status: 200 to 599. The server adds Content-Length and Connection."""

    status: int
    content: bytes = b""
    fields: Fields = NO_FIELDS


def response_bytes(response: Response, own: Iterable[tuple[bytes, bytes]] = ()) -> bytes:
    """The bytes of a response.

    Args:
        own: the server's own fields, which come after the response's and before Content-Length.

    Raises:
        TypeError: something is not bytes; the message shows it. Or the status is not a number.
    """
    fields = [*response.fields, *own]
    for name, value in fields:
        check_bytes(name)
        check_bytes(value)
    check_bytes(response.content)
    fields.append((b"Content-Length", b"%d" % len(response.content)))
    ### BEGIN SOLUTION Step 1: the status line, the fields, an empty line
    lines = [b"HTTP/1.1 %d %s\r\n" % (response.status, REASONS.get(response.status, b""))]
    lines += [b"%s: %s\r\n" % pair for pair in fields]
    head = b"".join(lines) + b"\r\n"
    ### END SOLUTION
    return head + response.content


def check_bytes(value: object) -> None:
    """Raise a TypeError if a value is not bytes."""
    if not isinstance(value, bytes):
        ### BEGIN SOLUTION Step 1: raise a TypeError that shows the value
        raise TypeError(f"expected bytes, not {type(value).__name__}: {value!r}")
        ### END SOLUTION


def parse_request_line(line: bytes) -> tuple[bytes, bytes, bytes]:
    """Parse a request line, without its CRLF, into method, target and version (RFC 9112 3).

    Raises:
        BadRequest: it is not a token, a target of visible ASCII and a version, with one space between them.
    """
    ### BEGIN SOLUTION Step 2: parse the line, or refuse it
    match = re.fullmatch(rb"([^ ]+) ([!-~]+) (HTTP/[0-9]\.[0-9])", line)
    if match is None or not TOKEN.fullmatch(match[1]):
        raise BadRequest("not a request line")
    return match[1], match[2], match[3]
    ### END SOLUTION


def parse_fields(lines: Iterable[bytes]) -> Fields:
    """Parse field lines, without their CRLFs (RFC 9112 5).

    Raises:
        BadRequest: a line does not begin with a token and a colon.
    """
    pairs = []
    for line in lines:
        ### BEGIN SOLUTION Step 3: split the line at its first colon
        name, colon, value = line.partition(b":")
        pairs.append((name, value.strip(b" \t")))
        ### END SOLUTION
        ### BEGIN SOLUTION Step 8: refuse a line that is not a field
        ### STARTER # Step 8: refuse a line that is not a field
        if not colon or not TOKEN.fullmatch(name):
            raise BadRequest("not a field line")
        ### END SOLUTION
    return Fields(pairs)
