"""A URL's parts, a request's bytes, the Response, the exceptions. Given; there is nothing to write here.

Nothing here checks the contents of the parts: client.py decides whether a request may be sent, and answers.py whether
bytes are an answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv6Address

# The syntax of methods and field names (RFC 9110 5.6.2); use it with fullmatch.
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
LONGEST_HEAD = 65_536
"""The bound, in bytes, of a head, from its status line to its empty line; of a chunk's size line; and of a trailer."""

URL = re.compile(
    r"http://(\[[0-9A-F.]*:[0-9A-F:.]*\]|[^:/?#\[\]]+)(?::([0-9]{1,5}))?([/?][^#]*)?(?:#.*)?",
    re.I | re.S,
)
WITH_LENGTH = ("POST", "PUT", "PATCH")


class BadAnswer(Exception):
    """The bytes are not an answer in HTTP/1, or contradict themselves, or redirect to a URL that may not be sent."""


class BrokenOff(Exception):
    """The connection ended before the answer was complete."""


class TooLong(Exception):
    """The answer has more content than the client accepts, or a head or line of more than LONGEST_HEAD bytes."""


class TooManyRedirects(Exception):
    """There were more redirects in a row than the client follows."""


@dataclass(frozen=True)
class Response:
    """A complete answer.

    reason: the phrase after the status; may be empty. fields: pairs of name and value, in order, with names as received.
    Text is ISO 8859-1, in which each byte is a character.
    """

    status: int
    reason: str
    fields: list[tuple[str, str]]
    content: bytes


@dataclass(frozen=True)
class Place:
    """The parts of a URL. host: in lower case, an IPv6 address without its brackets. target: path and query."""

    host: str
    port: int
    target: str


def split_url(url: str) -> Place:
    """Split an http: URL into its parts, without checking their characters. A fragment is dropped.

    Raises:
        ValueError: The URL does not begin with http:// and a host, or an address in brackets is not an IPv6 address, or the
            port is not a number from 1 to 65535.
    """
    match = URL.fullmatch(url)
    if match is None or not 0 < int(match[2] or 80) < 65_536:
        raise ValueError(f"not an http: URL: {url!r}")
    host = match[1].strip("[]")
    if ":" in host:
        IPv6Address(host)
    target = match[3] or "/"
    return Place(
        # In lower case, the Kelvin sign becomes an ASCII k, and a later check of the host would accept it.
        host=host.lower() if host.isascii() else host,
        port=int(match[2] or 80),
        target=target if target.startswith("/") else f"/{target}",
    )


def request_bytes(
    method: str, place: Place, fields: Iterable[tuple[str, str]], content: bytes
) -> bytes:
    """Make a request's bytes: with Host, Connection: close, and Content-Length if it has or may have content."""
    host = f"[{place.host}]" if ":" in place.host else place.host
    own = [("Host", host if place.port == 80 else f"{host}:{place.port}"), ("Connection", "close")]
    if content or method in WITH_LENGTH:
        own.append(("Content-Length", str(len(content))))
    lines = [f"{method} {place.target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in [*own, *fields]]
    return "\r\n".join([*lines, "", ""]).encode("utf-8") + content
