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
        ### BEGIN SOLUTION Step 12: do nothing if the response has its result
        ### STARTER # Step 12: a response that was cancelled or answered already has its result.
        if self.response.called:
            return
        ### END SOLUTION
        try:
            whole = self._answer.take(data)
        except (BadAnswer, TooLong):
            ### BEGIN SOLUTION Step 8: fail the response, and close
            ### STARTER raise  # Step 8: the response never fires.
            self._close()
            self.response.errback(Failure())
            return
            ### END SOLUTION
        if whole is not None:
            self._close()
            self.response.callback(whole)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection is over."""
        ### BEGIN SOLUTION Step 12: do nothing if the response has its result
        ### STARTER # Step 12: a response that was cancelled or answered already has its result.
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
        """End the connection: nothing more is expected."""
        ### BEGIN SOLUTION Step 16: close the connection
        ### STARTER # Step 16: the connection stays open.
        # loseConnection would wait until the system has taken the request; a server may answer without reading it all.
        self.transport.abortConnection()
        ### END SOLUTION

    def _cancel(self, response: Deferred[Response]) -> None:
        """Called by Deferred.cancel; after it returns, the Deferred fails with CancelledError."""
        ### BEGIN SOLUTION Step 12: close, whether the request was sent or not
        self.transport.abortConnection()
        ### END SOLUTION


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
        ### BEGIN SOLUTION Step 12: turn ConnectingCancelledError into CancelledError
        ### STARTER # Step 12: a cancelled attempt to connect fails with ConnectingCancelledError.

        def as_cancelled(reason: Failure) -> Failure:
            return Failure(CancelledError()) if reason.check(ConnectingCancelledError) else reason

        asking.addErrback(as_cancelled)
        ### END SOLUTION
        ### BEGIN SOLUTION Step 11: a timeout for connecting, and another for the answer
        ### STARTER # Step 11: both may take for ever.
        ### STARTER asking.addCallback(lambda protocol: protocol.response)
        # addTimeout recognises its own cancelling by CancelledError, so it comes after as_cancelled.
        asking.addTimeout(self._connect_patience, self._clock)
        asking.addCallback(lambda _: protocol.response.addTimeout(self._patience, self._clock))
        ### END SOLUTION
        return asking.addCallback(self._follow, request, redirects)

    def _follow(
        self, response: Response, request: Request, redirects: int
    ) -> Response | Deferred[Response]:
        """Return the response, or the result of following it if it is a redirect."""
        ### BEGIN SOLUTION Step 14: follow redirects only for GET and HEAD
        ### STARTER # Step 14: no redirect is followed.
        locations = values(response.fields, "Location")
        if request.method not in ("GET", "HEAD") or response.status not in REDIRECTS:
            return response
        if not locations:
            return response
        ### END SOLUTION
        ### BEGIN SOLUTION Step 15: stop after the last redirect allowed
        ### STARTER # Step 15: this goes on for ever.
        if redirects == 0:
            raise TooManyRedirects(f"the last one led to {locations[0]!r}")
        ### END SOLUTION
        ### BEGIN SOLUTION Step 14: follow the Location, without fields that are not meant for that server
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
    """Return the URL that a Location at this URL leads to.

    Raises:
        ValueError: The Location is invalid.
    """
    ### BEGIN SOLUTION Step 14: a URL with a scheme, one without, or a relative one
    if not re.fullmatch("[!-~]*", location):
        # urljoin would drop a tab.
        raise ValueError(f"not a Location: {location!r}")
    # If one of these had no host, urljoin would use the host of the other URL.
    if re.match("[A-Za-z][A-Za-z0-9+.-]*:", location):
        return location
    if location.startswith("//"):
        return f"http:{location}"
    return urljoin(url, location)
    ### END SOLUTION


def check_request(request: Request) -> None:
    """Check that a request may be sent.

    Raises:
        ValueError: A server would read something else than this request.
    """
    place = request.place
    ### BEGIN SOLUTION Step 13: refuse invalid characters in method, host, target and fields
    ### STARTER # Step 13: a line break in any of these makes one request two.
    if not TOKEN.fullmatch(request.method):
        raise ValueError(f"not a method: {request.method!r}")
    if not re.fullmatch(r"[0-9a-z._:-]+", place.host):
        raise ValueError(f"not a host: {place.host!r}")
    if not re.fullmatch(r"[!-~]+", place.target):
        raise ValueError(f"not a target: {place.target!r}")
    for name, value in request.fields:
        if not TOKEN.fullmatch(name) or name.lower() in OWN:
            raise ValueError(f"not allowed as a field's name: {name!r}")
        if not re.fullmatch(r"[\t -~]*", value):
            raise ValueError(f"not allowed as a field's value: {value!r}")
    ### END SOLUTION
