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
from ipaddress import IPv6Address

# A field's name or a method (RFC 9110 5.6.2); use it with fullmatch.
TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# uri-host [ ":" port ], RFC 9110 7.2. The group must be an IPv6 address.
HOST = re.compile(
    rb"(?:[0-9A-Za-z._~!$&'()*+,;=-]*(?:%[0-9A-Fa-f]{2}[0-9A-Za-z._~!$&'()*+,;=-]*)*"
    rb"|\[(?:([0-9A-Fa-f:.]+)|[vV][0-9A-Fa-f]+\.[0-9A-Za-z._~!$&'()*+,;=:-]+)\])(?::[0-9]*)?"
)
# A path, or an address with a host, which is the group (RFC 9112 3.2, RFC 9110 4.2). Browsers send characters that RFC 3986
# does not allow, but no "#", and always two digits after "%".
TARGET = re.compile(rb"(?:/|(?i:https?)://([^/?#:][^/?#]*))[^#%]*(?:%[0-9A-Fa-f]{2}[^#%]*)*")
REASONS = {status.value: status.phrase.encode("ascii") for status in HTTPStatus}
# These responses end with their fields (RFC 9110 6.4.1). The first two get no length here: a 204 must not have one, and a
# 304's would be that of a 200's content (RFC 9110 8.6).
WITHOUT_CONTENT = (204, 304, 205)


class BadRequest(Exception):
    """The bytes are not a request that this server serves.

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
        values: dict[bytes, list[bytes]] = {}
        for name, value in self._pairs:
            values.setdefault(name.lower(), []).append(value)
        return values

    def all(self, name: bytes) -> list[bytes]:
        """A new list of the values of every field with that name, in order; names are compared without case."""
        return list(self._values.get(name.lower(), ()))

    def get(self, name: bytes) -> bytes | None:
        """The value of the field with that name, several joined with a comma and a space; None if there is none."""
        values = self._values.get(name.lower())
        return b", ".join(values) if values else None

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
    content: bytes = b""
    version: bytes = b"HTTP/1.1"


@dataclass(frozen=True)
class Response:
    """A handler's answer. status: 200 to 599. The server adds Content-Length, Date and Connection."""

    status: int
    content: bytes = b""
    fields: Fields = NO_FIELDS


@dataclass(frozen=True)
class Limits:
    """The greatest lengths that a request may have, in bytes.

    line: of its request line, or of the line of a chunk's size, without the CRLF. fields: of all its field lines, or of all
    its trailers, with their CRLFs; the empty line does not count. content: of its content.
    """

    line: int = 8192
    fields: int = 65536
    content: int = 1024 * 1024


def response_bytes(
    response: Response, own: Iterable[tuple[bytes, bytes]] = (), content: bool = True
) -> bytes:
    """The bytes of a response.

    Args:
        own: the server's own fields, which come after the response's and before Content-Length.
        content: false for the answer to a HEAD request.

    Raises:
        TypeError: something is not bytes; the message shows it. Or the status is not a number.
        ValueError: a client would misread the bytes.
    """
    fields = [*response.fields, *own]
    for name, value in fields:
        check_bytes(name)
        check_bytes(value)
    check_bytes(response.content)
    check_response(response)
    ### BEGIN SOLUTION Step 5: not in a 204 or 304
    ### STARTER fields.append((b"Content-Length", b"%d" % len(response.content)))  # Step 5: not in a 204 or 304
    if response.status not in WITHOUT_CONTENT[:2]:
        fields.append((b"Content-Length", b"%d" % len(response.content)))
    ### END SOLUTION
    lines = [b"HTTP/1.1 %d %s\r\n" % (response.status, REASONS.get(response.status, b""))]
    lines += [b"%s: %s\r\n" % pair for pair in fields]
    head = b"".join(lines) + b"\r\n"
    ### BEGIN SOLUTION Step 5: no content if content is false
    ### STARTER # Step 5: no content if content is false
    if not content:
        return head
    ### END SOLUTION
    return head + response.content


def check_bytes(value: object) -> None:
    """Raise a TypeError if a value is not bytes."""
    if not isinstance(value, bytes):
        raise TypeError(f"expected bytes, not {type(value).__name__}: {value!r}")


def check_response(response: Response) -> None:
    """Raise a ValueError if a client could misread where the response ends, or how many there are."""
    ### BEGIN SOLUTION Step 4: raise a ValueError that shows what is wrong
    ### STARTER # Step 4: raise a ValueError that shows what is wrong
    if not 200 <= response.status <= 599:
        raise ValueError(f"a handler's status is 200 to 599, not {response.status!r}")
    if response.status in WITHOUT_CONTENT and response.content:
        raise ValueError(f"a response {response.status} has no content")
    for name, value in response.fields:
        if not TOKEN.fullmatch(name):
            raise ValueError(f"a field's name is a token, not {name!r}")
        if b"\r" in value or b"\n" in value or b"\0" in value:
            raise ValueError(f"a field's value is one line, not {value!r}")
        if name.lower() in (b"content-length", b"transfer-encoding"):
            raise ValueError(f"the server says where content ends, not the handler's {name!r}")
    ### END SOLUTION


def parse_request_line(line: bytes) -> tuple[bytes, bytes, bytes]:
    """Parse a request line, without its CRLF, into method, target and version (RFC 9112 3).

    Raises:
        BadRequest: it is not a token, a target of visible ASCII and a version, with one space between them.
    """
    match = re.fullmatch(rb"([^ ]+) ([!-~]+) (HTTP/[0-9]\.[0-9])", line)
    if match is None or not TOKEN.fullmatch(match[1]):
        raise BadRequest("not a request line")
    return match[1], match[2], match[3]


def parse_fields(lines: Iterable[bytes]) -> Fields:
    """Parse field lines, without their CRLFs (RFC 9112 5).

    Raises:
        BadRequest: a line does not begin with a token and a colon.
    """
    pairs = []
    for line in lines:
        name, colon, value = line.partition(b":")
        pairs.append((name, value.strip(b" \t")))
        if not colon or not TOKEN.fullmatch(name):
            raise BadRequest("not a field line")
    return Fields(pairs)


def is_host(value: bytes) -> bool:
    """Whether this is a name or address, with or without a port; the name may be empty (RFC 9110 7.2, RFC 3986 3.2.2)."""
    match = HOST.fullmatch(value)
    if match is None or match[1] is None:
        return match is not None
    try:
        IPv6Address(match[1].decode("ascii"))
    except ValueError:
        return False
    return True


def is_target(target: bytes) -> bool:
    """Whether this is a path or a full http or https address, with or without a query (RFC 9112 3.2.1, 3.2.2)."""
    match = TARGET.fullmatch(target)
    return match is not None and (match[1] is None or is_host(match[1]))


def check_request(request: Request) -> None:
    """Refuse a request whose head is well formed, but which this server must not, or does not, serve."""
    ### BEGIN SOLUTION Step 10: refuse whatever is in the README's table
    ### STARTER # Step 10: refuse whatever is in the README's table
    if request.version[:7] != b"HTTP/1.":
        raise BadRequest("another major version", 505)
    hosts = request.fields.all(b"Host")
    if len(hosts) != 1 and (hosts or request.version != b"HTTP/1.0"):
        raise BadRequest("not exactly one Host")  # RFC 9112 3.2
    if hosts and not is_host(hosts[0]):
        raise BadRequest("not a Host")
    if request.method == b"CONNECT":
        raise BadRequest("no tunnels here", 501)
    star = request.method == b"OPTIONS" and request.target == b"*"
    if not (is_target(request.target) or star):
        raise BadRequest("not a target for this method")
    expectation = request.fields.get(b"Expect")
    if expectation is not None and expectation.lower() != b"100-continue":
        raise BadRequest("an unknown expectation", 417)
    ### END SOLUTION


def expects_continue(request: Request) -> bool:
    """Whether the client waits for a 100 before it sends the content of a checked request (RFC 9110 10.1.1)."""
    return request.version != b"HTTP/1.0" and b"Expect" in request.fields


def keeps_open(version: bytes, *both: Fields) -> bool:
    """Whether a connection stays open after a request of this version, with these fields of both (RFC 9112 9.3)."""
    ### BEGIN SOLUTION Step 6: unless one side says close
    ### STARTER return version != b"HTTP/1.0"  # Step 6: unless one side says close
    if version == b"HTTP/1.0":
        return False
    options = b",".join([value for fields in both for value in fields.all(b"Connection")])
    if not options:
        return True
    return b"close" not in [option.strip(b" \t") for option in options.lower().split(b",")]
    ### END SOLUTION
