"""A client with one Deferred a request; the first event fires it: answer, timeout, connection's end or cancelling.

It writes a request line by line, the caller's fields first, and also sets a call for half of the time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urljoin

from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IReactorTime,
    IStreamClientEndpoint,
    ITCPTransport,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from .answers import Reader
from .messages import (
    TOKEN,
    WITH_LENGTH,
    BadAnswer,
    BrokenOff,
    Place,
    Response,
    TooLong,
    TooManyRedirects,
    split_url,
)
from .tcp import tcp_endpoint

OURS = re.compile("host|connection|content-length|transfer-encoding", re.I)
PRIVATE = re.compile("authorization|cookie", re.I)
# urljoin silently removes some of these from a URL.
DROPPED = {*map(chr, range(33)), "\x7f"}


class TooSlow(TimeoutError):
    """Connecting or answering took too long."""


class Client:
    """See the README for the interface. slow: how often a server took more than half of its time."""

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
        self.endpoint_for, self.clock = endpoint_for, clock
        self.connect_patience, self.patience = connect_patience, patience
        self.longest, self.most_redirects = longest, most_redirects
        self.slow = 0

    def get(self, url: str, fields: Iterable[tuple[str, str]] = ()) -> Deferred[Response]:
        """Send a GET request."""
        return self.request("GET", url, fields)

    def request(
        self, method: str, url: str, fields: Iterable[tuple[str, str]] = (), content: bytes = b""
    ) -> Deferred[Response]:
        """Send a request."""
        asking = Asking(self, method, url, list(fields), content)
        asking.begin()
        return asking.result


class Asking(Factory):
    """One request, with its redirects."""

    noisy = False

    def __init__(
        self, client: Client, method: str, url: str, fields: list[tuple[str, str]], content: bytes
    ) -> None:
        self.client, self.method, self.url = client, method, url
        self.fields, self.content = fields, content
        self.place = self.check(url)
        self.redirects = client.most_redirects
        self.result: Deferred[Response] = Deferred(lambda _: self.fail(Failure(CancelledError())))
        self.over = False
        self.connecting: Deferred[Any] | None = None
        self.exchange: Exchange | None = None
        self.calls: list[IDelayedCall] = []

    def check(self, url: str) -> Place:
        """Return the parts of a URL, if this request may be sent there; raise ValueError if not."""
        place = split_url(url)
        bad = [word for word in (self.method, *dict(self.fields)) if not TOKEN.fullmatch(word)]
        bad += [name for name, _ in self.fields if OURS.fullmatch(name)]
        bad += [value for _, value in self.fields if not re.fullmatch(r"[ -~\t]*", value)]
        bad += [place.host] * (re.fullmatch(r"[a-z0-9_.:-]+", place.host) is None)
        bad += [place.target] * (re.fullmatch(r"[\x21-\x7e]+", place.target) is None)
        if bad:
            raise ValueError(f"not to be sent: {bad[0]!r}")
        return place

    def begin(self) -> None:
        """Connect."""
        self.exchange = None
        self.wait(self.client.connect_patience)
        endpoint = self.client.endpoint_for(self.place.host, self.place.port)
        self.connecting = endpoint.connect(self)
        self.connecting.addCallbacks(lambda protocol: None, self.fail)

    def buildProtocol(self, addr: IAddress | None) -> Exchange:
        self.exchange = Exchange(self)
        return self.exchange

    def wait(self, seconds: float) -> None:
        """Set a new timeout instead of the old one."""
        self.rest()
        later = self.client.clock.callLater
        late = TooSlow(f"{self.url!r} took more than {seconds} s")
        self.calls = [later(seconds / 2, self.note), later(seconds, self.fail, Failure(late))]

    def note(self) -> None:
        """Half of the time is over."""
        self.client.slow += 1

    def rest(self) -> None:
        """Cancel the timeout."""
        for call in self.calls:
            if call.active():
                call.cancel()

    def stop(self) -> None:
        """Cancel the timeout, and abort the connection."""
        self.rest()
        if self.exchange:
            self.exchange.transport.abortConnection()
        elif self.connecting:
            self.connecting.cancel()

    def fail(self, reason: Failure) -> None:
        """Fail for this reason, unless it is over already."""
        if not self.over:
            self.over = True
            self.stop()
            self.result.errback(reason)

    def answered(self, response: Response) -> None:
        """Receive an answer, and follow it if it is a redirect."""
        self.stop()
        try:
            location = self.location(response)
            if location:
                there = self.check(location)
                if (there.host, there.port) != (self.place.host, self.place.port):
                    self.fields = [pair for pair in self.fields if not PRIVATE.fullmatch(pair[0])]
                self.url, self.place = location, there
        except ValueError as error:
            self.fail(Failure(BadAnswer(str(error))))
        except TooManyRedirects:
            self.fail(Failure())
        else:
            if location:
                self.begin()
            else:
                self.over = True
                self.result.callback(response)

    def location(self, response: Response) -> str | None:
        """Return the URL that a redirect leads to; None if the answer is not to be followed."""
        found = next((value for name, value in response.fields if name.lower() == "location"), None)
        if self.method not in ("GET", "HEAD") or found is None:
            return None
        if response.status not in (301, 302, 303, 307, 308):
            return None
        self.redirects -= 1
        if self.redirects < 0:
            raise TooManyRedirects(found)
        if set(found) & DROPPED or not found.isascii():
            raise ValueError(f"not to be followed: {found!r}")
        relative = re.match(r"(?!//|[a-z][a-z0-9+.-]*:)", found, re.I)
        return urljoin(self.url, found) if relative else re.sub("^//", "http://", found)


class Exchange(Protocol):
    """One connection."""

    transport: ITCPTransport

    def __init__(self, asking: Asking) -> None:
        self.asking = asking
        self.reader = Reader(asking.method, asking.client.longest)
        self.over = False

    def connectionMade(self) -> None:
        asking = self.asking
        asking.wait(asking.client.patience)
        place, content = asking.place, asking.content
        host = f"[{place.host}]" if ":" in place.host else place.host
        fields = [*asking.fields, ("Connection", "close")]
        if content or asking.method in WITH_LENGTH:
            fields.append(("Content-Length", f"{len(content)}"))
        fields.append(("Host", host if place.port == 80 else f"{host}:{place.port}"))
        self.transport.write(f"{asking.method} {place.target} HTTP/1.1\r\n".encode("ascii"))
        for field in fields:
            self.transport.write(": ".join(field).encode("ascii") + b"\r\n")
        self.transport.write(b"\r\n")
        if content:
            self.transport.write(content)

    def dataReceived(self, data: bytes) -> None:
        self.go_on(lambda: self.reader.more(data))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.go_on(lambda: self.reader.end(reason.check(ConnectionDone) is not None))

    def go_on(self, read: Callable[[], Response | None]) -> None:
        """Let the reader read, and report its result, once."""
        if self.over or self.asking.over:
            return
        try:
            response = read()
        except (BadAnswer, BrokenOff, TooLong):
            self.over = True
            self.asking.fail(Failure())
        else:
            if response is not None:
                self.over = True
                self.asking.answered(response)
