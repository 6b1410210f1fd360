"""HTTP/1.1 messages, each for itself: the parts of a request, the bytes of a response (RFC 9112).

Nothing here and in parser.py knows Twisted, waits, or writes to anybody: bytes go in, objects come out. So all of it can be
tested without a network, and server.py is only about connections and time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from ipaddress import IPv6Address

# What names and methods are made of (RFC 9110 5.6.2); use it with fullmatch.
TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# uri-host [ ":" port ], RFC 9110 7.2. The group is what should be an IPv6 address.
HOST = re.compile(
    rb"(?:[0-9A-Za-z._~!$&'()*+,;=-]*(?:%[0-9A-Fa-f]{2}[0-9A-Za-z._~!$&'()*+,;=-]*)*"
    rb"|\[(?:([0-9A-Fa-f:.]+)|[vV][0-9A-Fa-f]+\.[0-9A-Za-z._~!$&'()*+,;=:-]+)\])(?::[0-9]*)?"
)
# A path, or an address with a host, which is the group (RFC 9112 3.2, RFC 9110 4.2). Browsers send characters that RFC 3986
# does not have, but no "#", and two digits after "%".
TARGET = re.compile(rb"(?:/|(?i:https?)://([^/?#:][^/?#]*))[^#%]*(?:%[0-9A-Fa-f]{2}[^#%]*)*")
REASONS = {status.value: status.phrase.encode("ascii") for status in HTTPStatus}
# These responses are over with their fields (RFC 9110 6.4.1). The first two get no length here: a 204 may have none, and a
# 304's would be that of the content which a 200 would have (RFC 9110 8.6).
WITHOUT_CONTENT = (204, 304, 205)


class BadRequest(Exception):
    """The bytes are no request that this server answers.

    status: what it answers instead, before it closes. why: for whoever debugs; it is not sent.
    """

    def __init__(self, why: str, status: int = 400) -> None:
        super().__init__(why)
        self.status = status


class Fields:
    """The fields of a message: pairs of name and value, both bytes, in the order in which they came. Immutable."""

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
        """For each name in lower case, its values in order. Kept, since a server asks for half a dozen names."""
        ### BEGIN SOLUTION Step 3: gather the values of each name
        values: dict[bytes, list[bytes]] = {}
        for name, value in self._pairs:
            values.setdefault(name.lower(), []).append(value)
        return values
        ### END SOLUTION

    def all(self, name: bytes) -> list[bytes]:
        """The values of every field of that name, in order; names are compared without case."""
        ### BEGIN SOLUTION Step 3: look the name up, in lower case
        return list(self._values.get(name.lower(), ()))
        ### END SOLUTION

    def get(self, name: bytes) -> bytes | None:
        """The value of the field of that name, those of several joined with a comma and a space; None if there is none."""
        ### BEGIN SOLUTION Step 3: join the values, if there are any
        values = self._values.get(name.lower())
        return b", ".join(values) if values else None
        ### END SOLUTION

    def __contains__(self, name: bytes) -> bool:
        """Whether there is a field of that name."""
        return self.get(name) is not None


NO_FIELDS = Fields()


@dataclass(frozen=True)
class Request:
    """What a client asks for. version: b"HTTP/1.1" or b"HTTP/1.0"."""

    method: bytes
    target: bytes
    fields: Fields = NO_FIELDS
    content: bytes = b""
    version: bytes = b"HTTP/1.1"


@dataclass(frozen=True)
class Response:
    """What a handler answers. status: 200 to 599. The server adds Content-Length, Date and Connection by itself."""

    status: int
    content: bytes = b""
    fields: Fields = NO_FIELDS


@dataclass(frozen=True)
class Limits:
    """The most that a request may have, in bytes.

    line: its request line, or the line of a chunk's size, without the CRLF. fields: all its field lines, with their CRLFs.
    content: its content.
    """

    line: int = 8192
    fields: int = 65536
    content: int = 1024 * 1024


def response_bytes(
    response: Response, own: Iterable[tuple[bytes, bytes]] = (), content: bool = True
) -> bytes:
    """A response as it goes over the wire.

    Args:
        own: the server's own fields; they stand after the response's, before Content-Length.
        content: false for the answer to a HEAD request.

    Raises:
        TypeError: something is not bytes, or the status no int; the message says what.
        ValueError: a client would take the bytes for something other than this response.
    """
    fields = [*response.fields, *own]
    for name, value in fields:
        check_bytes(name)
        check_bytes(value)
    check_bytes(response.content)
    check_response(response)
    ### BEGIN SOLUTION Step 19: a 204 and a 304 have no length
    ### STARTER fields.append((b"Content-Length", b"%d" % len(response.content)))  # Step 19: not always.
    if response.status not in WITHOUT_CONTENT[:2]:
        fields.append((b"Content-Length", b"%d" % len(response.content)))
    ### END SOLUTION
    ### BEGIN SOLUTION Step 1: the status line, the fields, an empty line
    lines = [b"HTTP/1.1 %d %s\r\n" % (response.status, REASONS.get(response.status, b""))]
    lines += [b"%s: %s\r\n" % pair for pair in fields]
    head = b"".join(lines) + b"\r\n"
    ### END SOLUTION
    ### BEGIN SOLUTION Step 19: HEAD gets no content
    ### STARTER # Step 19: the answer to HEAD has content too.
    if not content:
        return head
    ### END SOLUTION
    return head + response.content


def check_bytes(value: object) -> None:
    """Refuse, with a TypeError, what cannot go over the wire."""
    if not isinstance(value, bytes):
        ### BEGIN SOLUTION Step 1: raise a TypeError that shows the value
        raise TypeError(f"bytes belong on the wire; this is {type(value).__name__}: {value!r}")
        ### END SOLUTION


def check_response(response: Response) -> None:
    """Refuse, with a ValueError, what would change where a response ends, or how many there are."""
    ### BEGIN SOLUTION Step 18: raise a ValueError that shows what is wrong
    ### STARTER # Step 18: a field with a line's end in it makes two fields, or two responses.
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
    """A request line, without its CRLF, as method, target and version (RFC 9112 3).

    Raises:
        BadRequest: it is not one token, one target of visible ASCII and one version, with one space between them.
    """
    ### BEGIN SOLUTION Step 2: take the line apart, refuse what is no request line
    match = re.fullmatch(rb"([^ ]+) ([!-~]+) (HTTP/[0-9]\.[0-9])", line)
    if match is None or not TOKEN.fullmatch(match[1]):
        raise BadRequest("not a request line")
    return match[1], match[2], match[3]
    ### END SOLUTION


def parse_fields(lines: Iterable[bytes]) -> Fields:
    """Field lines, without their CRLFs, as Fields (RFC 9112 5).

    Raises:
        BadRequest: a line is no token, directly followed by a colon.
    """
    pairs = []
    for line in lines:
        ### BEGIN SOLUTION Step 3: take the line apart at its first colon
        name, colon, value = line.partition(b":")
        pairs.append((name, value.strip(b" \t")))
        ### END SOLUTION
        ### BEGIN SOLUTION Step 8: refuse a line without a colon, or a name that is no token
        ### STARTER # Step 8: any line passes for a field.
        if not colon or not TOKEN.fullmatch(name):
            raise BadRequest("not a field line")
        ### END SOLUTION
    return Fields(pairs)


def is_host(value: bytes) -> bool:
    """Whether this is a name or an address, with a port or without; the name may be empty (RFC 9110 7.2, RFC 3986 3.2.2)."""
    match = HOST.fullmatch(value)
    if match is None or match[1] is None:
        return match is not None
    try:
        IPv6Address(match[1].decode("ascii"))
    except ValueError:
        return False
    return True


def is_target(target: bytes) -> bool:
    """Whether this is a path, or an http or https address in full, each with a query or without (RFC 9112 3.2.1, 3.2.2)."""
    match = TARGET.fullmatch(target)
    return match is not None and (match[1] is None or is_host(match[1]))


def check_request(request: Request) -> None:
    """Refuse a request whose head is well formed, but which this server may not, or does not, answer."""
    ### BEGIN SOLUTION Step 24: refuse what this server does not speak
    ### STARTER # Step 24: any version, Host, target and expectation passes.
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
        raise BadRequest("no form of target that this method has")
    expectation = request.fields.get(b"Expect")
    if expectation is not None and expectation.lower() != b"100-continue":
        raise BadRequest("an expectation that is not met", 417)
    ### END SOLUTION


def expects_continue(request: Request) -> bool:
    """Whether the client of a checked request waits for a 100 before it sends the content (RFC 9110 10.1.1)."""
    return request.version != b"HTTP/1.0" and b"Expect" in request.fields


def keeps_open(version: bytes, *both: Fields) -> bool:
    """Whether a connection goes on after this request and this response (RFC 9112 9.3)."""
    ### BEGIN SOLUTION Step 20: HTTP/1.1 goes on, unless one side says close
    ### STARTER return version != b"HTTP/1.0"  # Step 20: nobody's wish to close is heard.
    if version == b"HTTP/1.0":
        return False
    options = b",".join([value for fields in both for value in fields.all(b"Connection")])
    if not options:
        return True
    return b"close" not in [option.strip(b" \t") for option in options.lower().split(b",")]
    ### END SOLUTION
