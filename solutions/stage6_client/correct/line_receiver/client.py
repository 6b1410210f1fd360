"""A client that follows redirects in a coroutine, and receives answers with a LineReceiver."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urljoin

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import connectProtocol
from twisted.internet.error import ConnectingCancelledError
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint
from twisted.python.failure import Failure

from .answers import AnswerReceiver, all_of
from .messages import (
    TOKEN,
    BadAnswer,
    Place,
    Response,
    TooManyRedirects,
    request_bytes,
    split_url,
)
from .tcp import tcp_endpoint

Pairs = list[tuple[str, str]]


def checked(method: str, url: str, fields: Pairs) -> Place:
    """Return the URL's parts, if this request may be sent there; raise ValueError if not."""
    place = split_url(url)
    hosts = re.compile(r"[0-9a-z._-]+|[0-9a-f.]*:[0-9a-f:.]*")
    if not hosts.fullmatch(place.host) or re.search(r"[^!-~]", place.target):
        raise ValueError(f"{url!r} has characters that no request has")
    taken = {"host", "connection", "content-length", "transfer-encoding"}
    for word in [method, *[name for name, _ in fields]]:
        if not TOKEN.fullmatch(word):
            raise ValueError(f"{word!r} is no token")
    for name, value in fields:
        if name.lower() in taken or re.search(r"[^\t -~]", value):
            raise ValueError(f"{name!r} may not be {value!r}")
    return place


class Client:
    """See the README for the interface."""

    def __init__(
        self,
        endpoint_for: Callable[[str, int], IStreamClientEndpoint] = tcp_endpoint,
        clock: IReactorTime | None = None,
        *,
        connect_patience: float = 10.0,
        patience: float = 30.0,
        longest: int = 10_000_000,
        most_redirects: int = 5,
    ) -> None:
        if clock is None:
            from twisted.internet import reactor

            clock = reactor
        self.endpoint_for = endpoint_for
        self.clock = clock
        self.connect_patience = connect_patience
        self.patience = patience
        self.longest = longest
        self.most_redirects = most_redirects

    def get(self, url: str, fields: Iterable[tuple[str, str]] = ()) -> Deferred[Response]:
        """Send a GET request."""
        return self.request("GET", url, fields)

    def request(
        self,
        method: str,
        url: str,
        fields: Iterable[tuple[str, str]] = (),
        content: bytes = b"",
    ) -> Deferred[Response]:
        """Send a request."""
        pairs = list(fields)
        place = checked(method, url, pairs)
        return Deferred.fromCoroutine(self._hops(method, url, place, pairs, content))

    async def _hops(
        self, method: str, url: str, place: Place, pairs: Pairs, content: bytes
    ) -> Response:
        for _ in range(self.most_redirects + 1):
            response = await self._once(method, place, pairs, content)
            to = all_of(response.fields, "location")
            redirected = response.status in {301, 302, 303, 307, 308} and to
            if not redirected or method not in {"GET", "HEAD"}:
                return response
            try:
                url = joined(url, to[0])
                there = checked(method, url, pairs)
            except ValueError as error:
                raise BadAnswer(str(error)) from None
            if (there.host, there.port) != (place.host, place.port):
                pairs = [p for p in pairs if p[0].lower() not in {"cookie", "authorization"}]
            place = there
        raise TooManyRedirects(url)

    async def _once(self, method: str, place: Place, pairs: Pairs, content: bytes) -> Response:
        head = request_bytes(method, place, pairs, content).removesuffix(content)
        receiver = AnswerReceiver(method, head, content, self.longest)
        endpoint = self.endpoint_for(place.host, place.port)
        connecting: Deferred[Any] = connectProtocol(endpoint, receiver)
        connecting.addErrback(_renamed)
        await connecting.addTimeout(self.connect_patience, self.clock)
        return await receiver.done.addTimeout(self.patience, self.clock)


def joined(url: str, location: str) -> str:
    """Return the URL that a Location leads to. One with a scheme is absolute; urljoin would add a missing host."""
    if re.search("[^!-~]", location):
        raise ValueError(f"{location!r} has characters that no URL has")
    scheme = re.match("//|[a-z][a-z0-9+.-]*:", location, re.I)
    if scheme is None:
        return urljoin(url, location)
    return "http:" + location if scheme[0] == "//" else location


def _renamed(reason: Failure) -> Failure:
    return Failure(CancelledError()) if reason.check(ConnectingCancelledError) else reason
