"""The client: connections, time, redirects. What an answer is made of, answers.py knows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urljoin

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import connectProtocol
from twisted.internet.error import ConnectingCancelledError, ConnectionDone
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint, ITCPTransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from .answers import Answer, values
from .messages import (
    TOKEN,
    BadAnswer,
    BrokenOff,
    Place,
    Response,
    TooLong,
    TooManyRedirects,
    request_bytes,
    split_url,
)
from .tcp import tcp_endpoint

Fields = Iterable[tuple[str, str]]
EndpointFor = Callable[[str, int], IStreamClientEndpoint]

REDIRECTS = (301, 302, 303, 307, 308)
# request_bytes writes these: a second one would say something else about where the request goes, or where it ends.
OWN = ("host", "connection", "content-length", "transfer-encoding")


@dataclass(frozen=True)
class Request:
    """What to ask for."""

    method: str
    url: str
    fields: list[tuple[str, str]]
    content: bytes

    @property
    def place(self) -> Place:
        """Where the URL leads."""
        return split_url(self.url)


class AnswerProtocol(Protocol):
    """One connection: sends a request, and gathers its answer.

    response: a Deferred that fires once, with the Response, or fails. Cancelled, it closes the connection.
    """

    # Twisted sets it before it calls connectionMade.
    transport: ITCPTransport

    def __init__(self, request: bytes, answer: Answer) -> None:
        # The Deferred calls _cancel when someone cancels it before it has fired.
        self.response: Deferred[Response] = Deferred(self._cancel)
        self._request, self._answer = request, answer

    def connectionMade(self) -> None:
        """The connection is there."""
        self.transport.write(self._request)

    def dataReceived(self, data: bytes) -> None:
        """Some bytes came."""
        # Step 12: a response that was cancelled or answered has its result already.
        try:
            whole = self._answer.take(data)
        except (BadAnswer, TooLong):
            raise  # Step 8: nobody who waits for the response hears of this.
        if whole is not None:
            self._close()
            self.response.callback(whole)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection is over."""
        # Step 12: a response that was cancelled or answered has its result already.
        try:
            whole = self._answer.end(clean=reason.check(ConnectionDone) is not None)
        except BrokenOff:
            self.response.errback(Failure())
        else:
            self.response.callback(whole)

    def _close(self) -> None:
        """There is nothing more to come."""
        # Step 16: the connection stays open.

    def _cancel(self, response: Deferred[Response]) -> None:
        """Nobody waits any more. Once this returns, the Deferred fails with CancelledError by itself."""
        raise NotImplementedError("Step 12: close, whether the request was sent or not")


class Client:
    """Asks servers, with a new connection for each request. The README says what it gives, and when it fails with what."""

    def __init__(
        self,
        endpoint_for: EndpointFor = tcp_endpoint,
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
        self._endpoint_for, self._clock = endpoint_for, clock
        self._connect_patience, self._patience = connect_patience, patience
        self._longest, self._most_redirects = longest, most_redirects

    def get(self, url: str, fields: Fields = ()) -> Deferred[Response]:
        """Ask for what is at this URL."""
        return self.request("GET", url, fields)

    def request(
        self, method: str, url: str, fields: Fields = (), content: bytes = b""
    ) -> Deferred[Response]:
        """Ask; follow redirects.

        Raises:
            ValueError: it may not be sent. Nothing was connected.
        """
        request = Request(method, url, list(fields), content)
        check_request(request)
        return self._ask(request, self._most_redirects)

    def _ask(self, request: Request, redirects: int) -> Deferred[Response]:
        """Ask once, and again where a redirect leads; so many times at most."""
        place = request.place
        message = request_bytes(request.method, place, request.fields, request.content)
        protocol = AnswerProtocol(message, Answer(request.method, self._longest))
        endpoint = self._endpoint_for(place.host, place.port)
        # It fires with the protocol, once that is connected; what a callback returns is its result from then on.
        asking: Deferred[Any] = connectProtocol(endpoint, protocol)
        # Step 12: a cancelled attempt to connect fails with ConnectingCancelledError.
        # Step 11: both may take for ever.
        asking.addCallback(lambda protocol: protocol.response)
        return asking.addCallback(self._follow, request, redirects)

    def _follow(
        self, response: Response, request: Request, redirects: int
    ) -> Response | Deferred[Response]:
        """The response, or where it is a redirect to follow, what that leads to."""
        # Step 14: no redirect is followed.
        # Step 15: this goes on for ever.
        return response


def where(url: str, location: str) -> str:
    """The URL that a Location leads to, from this one. A ValueError if it leads nowhere."""
    raise NotImplementedError("Step 14: a URL with its scheme, one with only its host, or what is relative")


def check_request(request: Request) -> None:
    """Refuse, with a ValueError, what a server would take for something other than this request."""
    place = request.place
    # Step 13: a line's end in any of these makes two requests of one.
