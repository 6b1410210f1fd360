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
        ### BEGIN SOLUTION Step 12: leave a response alone that has its result
        ### STARTER # Step 12: a response that was cancelled or answered has its result already.
        if self.response.called:
            return
        ### END SOLUTION
        try:
            whole = self._answer.take(data)
        except (BadAnswer, TooLong):
            ### BEGIN SOLUTION Step 8: fail the response, and close
            ### STARTER raise  # Step 8: nobody who waits for the response hears of this.
            self._close()
            self.response.errback(Failure())
            return
            ### END SOLUTION
        if whole is not None:
            self._close()
            self.response.callback(whole)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection is over."""
        ### BEGIN SOLUTION Step 12: leave a response alone that has its result
        ### STARTER # Step 12: a response that was cancelled or answered has its result already.
        if self.response.called:
            return
        ### END SOLUTION
        try:
            whole = self._answer.end(clean=reason.check(ConnectionDone) is not None)
        except BrokenOff:
            self.response.errback(Failure())
        else:
            self.response.callback(whole)

    def _close(self) -> None:
        """There is nothing more to come."""
        ### BEGIN SOLUTION Step 16: close the connection
        ### STARTER # Step 16: the connection stays open.
        # loseConnection would wait until the system has taken the request; a server may answer without reading it.
        self.transport.abortConnection()
        ### END SOLUTION

    def _cancel(self, response: Deferred[Response]) -> None:
        """Nobody waits any more. Once this returns, the Deferred fails with CancelledError by itself."""
        ### BEGIN SOLUTION Step 12: close, whether the request was sent or not
        self.transport.abortConnection()
        ### END SOLUTION


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
        ### BEGIN SOLUTION Step 12: turn ConnectingCancelledError into CancelledError
        ### STARTER # Step 12: a cancelled attempt to connect fails with ConnectingCancelledError.

        def as_cancelled(reason: Failure) -> Failure:
            return Failure(CancelledError()) if reason.check(ConnectingCancelledError) else reason

        asking.addErrback(as_cancelled)
        ### END SOLUTION
        ### BEGIN SOLUTION Step 11: connecting has its time, and the answer has its own
        ### STARTER # Step 11: both may take for ever.
        ### STARTER asking.addCallback(lambda protocol: protocol.response)
        # addTimeout knows a cancellation by its CancelledError, so it comes after what makes one.
        asking.addTimeout(self._connect_patience, self._clock)
        asking.addCallback(lambda _: protocol.response.addTimeout(self._patience, self._clock))
        ### END SOLUTION
        return asking.addCallback(self._follow, request, redirects)

    def _follow(
        self, response: Response, request: Request, redirects: int
    ) -> Response | Deferred[Response]:
        """The response, or where it is a redirect to follow, what that leads to."""
        ### BEGIN SOLUTION Step 14: a redirect is followed for GET and HEAD
        ### STARTER # Step 14: no redirect is followed.
        locations = values(response.fields, "Location")
        if request.method not in ("GET", "HEAD") or response.status not in REDIRECTS:
            return response
        if not locations:
            return response
        ### END SOLUTION
        ### BEGIN SOLUTION Step 15: not for ever
        ### STARTER # Step 15: this goes on for ever.
        if redirects == 0:
            raise TooManyRedirects(f"the last one led to {locations[0]!r}")
        ### END SOLUTION
        ### BEGIN SOLUTION Step 14: go where it points, without what is not meant for there
        ### STARTER return response
        try:
            there = replace(request, url=where(request.url, locations[0]))
            check_request(there)
        except ValueError as error:
            raise BadAnswer(f"a redirect to {locations[0]!r}") from error
        if (there.place.host, there.place.port) != (request.place.host, request.place.port):
            fields = [f for f in request.fields if f[0].lower() not in ("authorization", "cookie")]
            there = replace(there, fields=fields)
        return self._ask(there, redirects - 1)
        ### END SOLUTION


def where(url: str, location: str) -> str:
    """The URL that a Location leads to, from this one. A ValueError if it leads nowhere."""
    ### BEGIN SOLUTION Step 14: a URL with its scheme, one with only its host, or what is relative
    if not re.fullmatch("[!-~]*", location):
        # urljoin would drop a tab.
        raise ValueError(f"no Location: {location!r}")
    # Where one of these has no host, urljoin would take that of the other URL.
    if re.match("[A-Za-z][A-Za-z0-9+.-]*:", location):
        return location
    if location.startswith("//"):
        return f"http:{location}"
    return urljoin(url, location)
    ### END SOLUTION


def check_request(request: Request) -> None:
    """Refuse, with a ValueError, what a server would take for something other than this request."""
    place = request.place
    ### BEGIN SOLUTION Step 13: refuse what does not belong into a method, a host, a target or a field
    ### STARTER # Step 13: a line's end in any of these makes two requests of one.
    if not TOKEN.fullmatch(request.method):
        raise ValueError(f"no method: {request.method!r}")
    if not re.fullmatch(r"[0-9a-z._:-]+", place.host):
        raise ValueError(f"no host: {place.host!r}")
    if not re.fullmatch(r"[!-~]+", place.target):
        raise ValueError(f"no target: {place.target!r}")
    for name, value in request.fields:
        if not TOKEN.fullmatch(name) or name.lower() in OWN:
            raise ValueError(f"no name for a field of a request: {name!r}")
        if not re.fullmatch(r"[\t -~]*", value):
            raise ValueError(f"no value for a field: {value!r}")
    ### END SOLUTION
