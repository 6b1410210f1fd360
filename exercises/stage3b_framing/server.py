"""The server: connections and time. The meaning of the bytes is in messages.py and parser.py."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import formatdate
from functools import lru_cache, partial
from inspect import iscoroutine
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IAddress, IDelayedCall, IReactorTime
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure

from .messages import (
    BadRequest,
    Limits,
    Request,
    Response,
    expects_continue,
    keeps_open,
    response_bytes,
)
from .parser import RequestParser

log = Logger()

Handler = Callable[[Request], Any]
"""Called with each request. Returns a Response, or a Deferred or coroutine of one."""


class WrongAnswer(Exception):
    """For the log: a handler returned something that cannot be sent."""


class HTTPProtocol(Protocol):
    """One connection: reads requests, calls the factory's handler with each, writes the answers in order."""

    # Twisted sets it before it calls connectionMade; buildProtocol sets factory.
    transport: Any  # ITCPTransport and IPushProducer
    factory: Any  # HTTPFactory

    def connectionMade(self) -> None:
        """The client has connected."""
        self._parser = RequestParser(self.factory.limits)
        # The handler's Deferred, until it is answered.
        self._answering: Deferred[Any] | None = None
        self._closing = False
        self._lost = False
        self._continued: Request | None = None
        # In seconds on the factory's clock, and the call there that checks it.
        self._deadline: float
        self._call: IDelayedCall | None = None
        self._wait()

    def dataReceived(self, data: bytes) -> None:
        """Some bytes came, at least one: half a request, or three."""
        if self._closing:
            return
        if not self._parser.begun:
            self._wait()
        self._parser.feed(data)
        self._serve()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection has ended, whichever side ended it."""
        self._lost = self._closing = True
        if self._call is not None:
            self._call.cancel()
        if self._answering is not None:
            self._answering.cancel()

    def _serve(self) -> None:
        """Answer the requests that are here, until one is not complete, or its handler needs time."""
        while not self._closing:
            # Step 7: one request at a time; pause when the next one comes
            try:
                request = self._parser.next_request()
            except BadRequest as error:
                self._send(Response(error.status), None)
                return
            if request is None:
                self._continue()
                return
            self._answer(request)

    def _answer(self, request: Request) -> None:
        """Call the handler, and answer with its result, now or later."""
        try:
            result = self.factory.handler(request)
        except Exception:
            self._fail(request, Failure())
            return
        if iscoroutine(result):
            result = Deferred.fromCoroutine(result)
        if isinstance(result, Deferred):
            self._wait_for(result, request)
            return
        self._respond(request, result)

    def _wait_for(self, result: Deferred[Any], request: Request) -> None:
        """Answer when the Deferred fires."""
        self._answering = result
        result.addCallbacks(
            lambda response: self._respond(request, response),
            lambda failure: self._fail(request, failure),
        )
        # Step 7: go on after a late answer

    def _go_on(self) -> None:
        """A late answer is written: continue with the next request."""
        raise NotImplementedError("Step 7: read again, and serve requests that are here already")

    def _respond(self, request: Request, response: Any) -> None:
        """Answer with the handler's result. If that cannot be sent, it is the handler's mistake."""
        self._answering = None
        try:
            if not isinstance(response, Response):
                raise TypeError(f"a handler returns a Response, not {response!r}")
            self._send(response, request)
        except Exception as error:
            wrong = WrongAnswer(f"{place_of(self.factory.handler)}: {error}")
            self._fail(request, Failure(wrong))

    def _fail(self, request: Request, failure: Failure) -> None:
        """The handler failed: log the failure, and answer with a 500 that shows nothing of it."""
        self._answering = None
        if self._lost and failure.check(CancelledError):
            return
        log.failure(
            "No answer to {method} {target}", failure, method=request.method, target=request.target
        )
        self._send(Response(500, b"The server failed.\n"), request)

    def _send(self, response: Response, request: Request | None) -> None:
        """Write a response, in one write; then wait for the next request, or close.

        request: the one that it answers; None if there is none, only a bad one or half of one: then it closes.
        """
        if self._lost:
            return
        close = request is None or not keeps_open(request.version, request.fields, response.fields)
        own = [(b"Connection", b"close")] if close else []
        # Step 10: add a Date
        head_only = request is not None and request.method == b"HEAD"
        self.transport.write(response_bytes(response, own, content=not head_only))
        if close:
            self._close()
        else:
            self._wait()

    def _continue(self) -> None:
        """No request is complete. If a client waits for a 100 to send its content, write it, once for each request."""
        # Step 10: write a 100

    def _close(self) -> None:
        """Close once everything is sent. The client has the factory's timeout to read it."""
        self._closing = True
        self._wait()
        self.transport.loseConnection()

    def _wait(self) -> None:
        """Start the client's time again: the factory's timeout, from now."""
        self._deadline = self.factory.clock.seconds() + self.factory.timeout
        if self._call is None:
            self._call = self.factory.clock.callLater(self.factory.timeout, self._expire)

    def _expire(self) -> None:
        """The clock has made the call. The deadline may have moved since it was scheduled."""
        self._call = None
        if self._answering is not None:
            return
        left = self._deadline - self.factory.clock.seconds()
        if left > 0:
            self._call = self.factory.clock.callLater(left, self._expire)
            return
        if self._closing:
            self.transport.abortConnection()
            return
        if self._parser.begun:
            self._send(Response(408), None)
        else:
            self._close()


class HTTPFactory(Factory):
    """Makes an HTTPProtocol for each connection.

    handler: called with each Request; returns a Response, or a Deferred or a coroutine of one.
    clock: for delayed calls and the time: the reactor, or a test's Clock.
    timeout: how many seconds a client has to begin a request; to finish it; to read the last answer.
    limits: the greatest lengths that a request may have.
    """

    def __init__(
        self,
        handler: Handler,
        clock: IReactorTime,
        timeout: float = 60.0,
        limits: Limits | None = None,
    ) -> None:
        self.handler = handler
        self.clock = clock
        self.timeout = timeout
        self.limits = limits or Limits()

    def buildProtocol(self, addr: IAddress | None) -> HTTPProtocol:
        """Called once for each connection, with the client's address."""
        protocol = HTTPProtocol()
        protocol.factory = self
        return protocol

    def date(self) -> bytes:
        """The value of a Date field, now."""
        return date_of(int(self.clock.seconds()))


@lru_cache
def date_of(second: int) -> bytes:
    """A second as the value of a Date field. Cached, since each response needs it."""
    return formatdate(second, usegmt=True).encode()


def place_of(handler: Handler) -> str:
    """The file and line of a handler's code, for the log; its repr if it has none."""
    while isinstance(handler, partial):
        handler = handler.func
    code = getattr(handler, "__code__", None) or getattr(type(handler).__call__, "__code__", None)
    return f"{code.co_filename}, line {code.co_firstlineno}" if code else repr(handler)
