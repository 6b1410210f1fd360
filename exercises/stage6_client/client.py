"""The client: connections, time, redirects. answers.py parses the answers."""

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
# request_bytes writes these, or they would contradict it: about the request's host, or where the request ends.
OWN = ("host", "connection", "content-length", "transfer-encoding")


@dataclass(frozen=True)
class Request:
    """A request, before it is sent."""

    method: str
    url: str
    fields: list[tuple[str, str]]
    content: bytes

    @property
    def place(self) -> Place:
        """The URL's host, port and target."""
        return split_url(self.url)


class AnswerProtocol(Protocol):
    """One connection: sends a request, and receives its answer.

    response: a Deferred that fires once, with the Response, or fails. Cancelling it closes the connection.
    """

    # Twisted sets it before it calls connectionMade.
    transport: ITCPTransport

    def __init__(self, request: bytes, answer: Answer) -> None:
        # The Deferred calls _cancel if it is cancelled before it has fired.
        self.response: Deferred[Response] = Deferred(self._cancel)
        self._request, self._answer = request, answer

    def connectionMade(self) -> None:
        """Send the request."""
        self.transport.write(self._request)

    def dataReceived(self, data: bytes) -> None:
        """Receive a part of the answer."""
        # Step 12: a response that was cancelled or answered already has its result.
        try:
            whole = self._answer.take(data)
        except (BadAnswer, TooLong):
            raise  # Step 8: the response never fires.
        if whole is not None:
            self._close()
            self.response.callback(whole)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection is over."""
        # Step 12: a response that was cancelled or answered already has its result.
        try:
            whole = self._answer.end(clean=reason.check(ConnectionDone) is not None)
        except BrokenOff:
            self.response.errback(Failure())
        else:
            self.response.callback(whole)

    def _close(self) -> None:
        """End the connection: nothing more is expected."""
        # Step 16: the connection stays open.

    def _cancel(self, response: Deferred[Response]) -> None:
        """Called by Deferred.cancel; after it returns, the Deferred fails with CancelledError."""
        raise NotImplementedError("Step 12: close, whether the request was sent or not")


class Client:
    """Sends requests, each over a new connection. The README specifies the results and failures."""

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
        """Send a GET request for this URL, and follow redirects. Raises ValueError as request() does."""
        return self.request("GET", url, fields)

    def request(
        self, method: str, url: str, fields: Fields = (), content: bytes = b""
    ) -> Deferred[Response]:
        """Send a request, and follow redirects.

        Raises:
            ValueError: The request may not be sent; nothing was connected.
        """
        request = Request(method, url, list(fields), content)
        check_request(request)
        return self._ask(request, self._most_redirects)

    def _ask(self, request: Request, redirects: int) -> Deferred[Response]:
        """Send a request; redirects: how many more redirects may be followed."""
        place = request.place
        message = request_bytes(request.method, place, request.fields, request.content)
        protocol = AnswerProtocol(message, Answer(request.method, self._longest))
        endpoint = self._endpoint_for(place.host, place.port)
        # It fires with the protocol once that is connected; each callback's return value becomes its result.
        asking: Deferred[Any] = connectProtocol(endpoint, protocol)
        # Step 12: a cancelled attempt to connect fails with ConnectingCancelledError.
        # Step 11: both may take for ever.
        asking.addCallback(lambda protocol: protocol.response)
        return asking.addCallback(self._follow, request, redirects)

    def _follow(
        self, response: Response, request: Request, redirects: int
    ) -> Response | Deferred[Response]:
        """Return the response, or the result of following it if it is a redirect."""
        # Step 14: no redirect is followed.
        # Step 15: this goes on for ever.
        return response


def where(url: str, location: str) -> str:
    """Return the URL that a Location at this URL leads to.

    Raises:
        ValueError: The Location is invalid.
    """
    raise NotImplementedError("Step 14: a URL with a scheme, one without, or a relative one")


def check_request(request: Request) -> None:
    """Check that a request may be sent.

    Raises:
        ValueError: A server would read something else than this request.
    """
    place = request.place
    # Step 13: a line break in any of these makes one request two.
