"""What is given: a URL's parts, a request's bytes, what an answer is, what may go wrong. There is nothing to write here.

It takes apart and puts together, and checks nothing of what the parts hold: whether a request may be sent is for client.py
to say, whether bytes are an answer for answers.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv6Address

# What methods and names of fields are made of (RFC 9110 5.6.2); use it with fullmatch.
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
LONGEST_HEAD = 65_536
"""The most bytes that an answer's head may have, from its status line to its empty line; a chunk's size line likewise."""

URL = re.compile(
    r"http://(\[[0-9A-F.]*:[0-9A-F:.]*\]|[^:/?#\[\]]+)(?::([0-9]{1,5}))?([/?][^#]*)?(?:#.*)?",
    re.I | re.S,
)
WITH_LENGTH = ("POST", "PUT", "PATCH")


class BadAnswer(Exception):
    """What came is no answer in HTTP/1, or contradicts itself, or redirects to where this client cannot go."""


class BrokenOff(Exception):
    """The connection ended before the answer was whole."""


class TooLong(Exception):
    """The answer has more content than the client takes, or a head of more than LONGEST_HEAD bytes."""


class TooManyRedirects(Exception):
    """One redirect led to the next, more often than the client follows."""


@dataclass(frozen=True)
class Response:
    """A whole answer.

    reason: the phrase after the status; may be empty. fields: pairs of name and value, in the order in which they came,
    names as they were written. Text is ISO 8859-1, in which each byte is a character.
    """

    status: int
    reason: str
    fields: list[tuple[str, str]]
    content: bytes


@dataclass(frozen=True)
class Place:
    """What a URL leads to. host: in lower case, an IPv6 address without its brackets. target: path and query."""

    host: str
    port: int
    target: str


def split_url(url: str) -> Place:
    """The parts of an http: URL. What they are made of is not looked at; a fragment is dropped.

    Raises:
        ValueError: it does not begin with http:// and a host, or what stands in brackets is no IPv6 address, or the port
            is no number from 1 to 65535.
    """
    match = URL.fullmatch(url)
    if match is None or not 0 < int(match[2] or 80) < 65_536:
        raise ValueError(f"not an http: URL: {url!r}")
    host = match[1].strip("[]")
    if ":" in host:
        IPv6Address(host)
    target = match[3] or "/"
    return Place(
        # The Kelvin sign in lower case is a k: who looks at the host later would not see what it was.
        host=host.lower() if host.isascii() else host,
        port=int(match[2] or 80),
        target=target if target.startswith("/") else f"/{target}",
    )


def request_bytes(
    method: str, place: Place, fields: Iterable[tuple[str, str]], content: bytes
) -> bytes:
    """A request as it goes over the wire: with Host, Connection: close, and Content-Length where it may have content."""
    host = f"[{place.host}]" if ":" in place.host else place.host
    own = [("Host", host if place.port == 80 else f"{host}:{place.port}"), ("Connection", "close")]
    if content or method in WITH_LENGTH:
        own.append(("Content-Length", str(len(content))))
    lines = [f"{method} {place.target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in [*own, *fields]]
    return "\r\n".join([*lines, "", ""]).encode("utf-8") + content
