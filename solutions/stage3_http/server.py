"""The server: connections and time. The meaning of the bytes is in messages.py and parser.py."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from inspect import iscoroutine
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IAddress, IDelayedCall, IReactorTime
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure

from .messages import BadRequest, Request, Response, response_bytes
from .parser import RequestParser

log = Logger()

Handler = Callable[[Request], Any]
"""Called with each request. Returns a Response, or a Deferred or coroutine of one."""


class WrongAnswer(Exception):
    """For the log: a handler returned something that cannot be sent."""


class HTTPProtocol(Protocol):
    """One connection: reads requests, calls the factory's handler with each, writes the answers."""

    # Twisted sets it before it calls connectionMade; buildProtocol sets factory.
    transport: Any  # ITCPTransport
    factory: Any  # HTTPFactory

    def connectionMade(self) -> None:
        """The client has connected."""
        self._parser = RequestParser()
        # The handler's Deferred, until it is answered.
        self._answering: Deferred[Any] | None = None
        self._closing = False
        self._lost = False
        # In seconds on the factory's clock, and the call there that checks it.
        self._deadline: float
        self._call: IDelayedCall | None = None
        self._wait()

    def dataReceived(self, data: bytes) -> None:
        """Some bytes came, at least one: half a request, or three."""
        if self._closing:
            return
        ### BEGIN SOLUTION Step 12: a request's time begins with its first byte
        ### STARTER # Step 12: a request's time begins with its first byte
        if not self._parser.begun:
            self._wait()
        ### END SOLUTION
        ### BEGIN SOLUTION Step 4: feed the parser, then serve
        self._parser.feed(data)
        self._serve()
        ### END SOLUTION

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection has ended, whichever side ended it."""
        self._lost = self._closing = True
        ### BEGIN SOLUTION Step 12: leave no call on the clock
        ### STARTER # Step 12: leave no call on the clock
        if self._call is not None:
            self._call.cancel()
        ### END SOLUTION
        ### BEGIN SOLUTION Step 14: cancel the handler's work
        ### STARTER # Step 14: cancel the handler's work
        if self._answering is not None:
            self._answering.cancel()
        ### END SOLUTION

    def _serve(self) -> None:
        """Answer the requests that are here, until one is not complete."""
        while not self._closing:
            try:
                request = self._parser.next_request()
            except BadRequest as error:
                ### BEGIN SOLUTION Step 8: answer with its status, and close
                ### STARTER raise  # Step 8: answer with its status, and close
                self._send(Response(error.status), None)
                ### END SOLUTION
                return
            if request is None:
                return
            self._answer(request)

    def _answer(self, request: Request) -> None:
        """Call the handler, and answer with its result, now or later."""
        try:
            ### BEGIN SOLUTION Step 4: call the factory's handler
            result = self.factory.handler(request)
            ### END SOLUTION
        except Exception:
            ### BEGIN SOLUTION Step 9: call _fail with a Failure
            ### STARTER raise  # Step 9: call _fail with a Failure
            self._fail(request, Failure())
            return
            ### END SOLUTION
        ### BEGIN SOLUTION Step 10: wait for a Deferred, or for a coroutine
        ### STARTER # Step 10: wait for a Deferred, or for a coroutine
        if iscoroutine(result):
            result = Deferred.fromCoroutine(result)
        if isinstance(result, Deferred):
            self._wait_for(result, request)
            return
        ### END SOLUTION
        self._respond(request, result)

    def _wait_for(self, result: Deferred[Any], request: Request) -> None:
        """Answer when the Deferred fires."""
        ### BEGIN SOLUTION Step 10: respond with its result, or fail with its failure
        self._answering = result
        result.addCallbacks(
            lambda response: self._respond(request, response),
            lambda failure: self._fail(request, failure),
        )
        ### END SOLUTION

    def _respond(self, request: Request, response: Any) -> None:
        """Answer with the handler's result. If that cannot be sent, it is the handler's mistake."""
        self._answering = None
        try:
            ### BEGIN SOLUTION Step 11: refuse whatever is not a Response
            ### STARTER # Step 11: refuse whatever is not a Response
            if not isinstance(response, Response):
                raise TypeError(f"a handler returns a Response, not {response!r}")
            ### END SOLUTION
            self._send(response, request)
        except Exception as error:
            ### BEGIN SOLUTION Step 11: call _fail with the handler's place
            ### STARTER raise  # Step 11: call _fail with the handler's place
            wrong = WrongAnswer(f"{place_of(self.factory.handler)}: {error}")
            self._fail(request, Failure(wrong))
            ### END SOLUTION

    def _fail(self, request: Request, failure: Failure) -> None:
        """The handler failed: log the failure, and answer with a 500 that shows nothing of it."""
        self._answering = None
        ### BEGIN SOLUTION Step 14: ignore the CancelledError of a client that left
        ### STARTER # Step 14: ignore the CancelledError of a client that left
        if self._lost and failure.check(CancelledError):
            return
        ### END SOLUTION
        ### BEGIN SOLUTION Step 9: log the failure, send a 500
        log.failure(
            "No answer to {method} {target}", failure, method=request.method, target=request.target
        )
        self._send(Response(500, b"The server failed.\n"), request)
        ### END SOLUTION

    def _send(self, response: Response, request: Request | None) -> None:
        """Write a response, in one write; then wait for the next request, or close.

        request: the one that it answers; None if there is none, only a bad one or half of one: then it closes.
        """
        ### BEGIN SOLUTION Step 14: write nothing to a client that left
        ### STARTER # Step 14: write nothing to a client that left
        if self._lost:
            return
        ### END SOLUTION
        close = request is None or request.version == b"HTTP/1.0"
        own = [(b"Connection", b"close")] if close else []
        ### BEGIN SOLUTION Step 4: write the response's bytes, with the server's own fields
        self.transport.write(response_bytes(response, own))
        ### END SOLUTION
        if close:
            self._close()
        else:
            self._wait()

    def _close(self) -> None:
        """Close once everything is sent. The client has the factory's timeout to read it."""
        self._closing = True
        self._wait()
        self.transport.loseConnection()

    def _wait(self) -> None:
        """Start the client's time again: the factory's timeout, from now."""
        ### BEGIN SOLUTION Step 12: set the deadline; schedule a call, if there is none
        ### STARTER # Step 12: set the deadline; schedule a call, if there is none
        self._deadline = self.factory.clock.seconds() + self.factory.timeout
        if self._call is None:
            self._call = self.factory.clock.callLater(self.factory.timeout, self._expire)
        ### END SOLUTION

    def _expire(self) -> None:
        """The clock has made the call. The deadline may have moved since it was scheduled."""
        self._call = None
        ### BEGIN SOLUTION Step 13: no deadline while the handler works
        ### STARTER # Step 13: no deadline while the handler works
        if self._answering is not None:
            return
        ### END SOLUTION
        ### BEGIN SOLUTION Step 12: before the deadline, schedule the call again
        left = self._deadline - self.factory.clock.seconds()
        if left > 0:
            self._call = self.factory.clock.callLater(left, self._expire)
            return
        ### END SOLUTION
        ### BEGIN SOLUTION Step 13: abort if the client does not read its last answer
        ### STARTER # Step 13: abort if the client does not read its last answer
        if self._closing:
            self.transport.abortConnection()
            return
        ### END SOLUTION
        ### BEGIN SOLUTION Step 12: answer half a request with a 408, or just close
        if self._parser.begun:
            self._send(Response(408), None)
        else:
            self._close()
        ### END SOLUTION


class HTTPFactory(Factory):
    """Makes an HTTPProtocol for each connection.

    handler: called with each Request; returns a Response, or a Deferred or a coroutine of one.
    clock: for delayed calls and the time: the reactor, or a test's Clock.
    timeout: how many seconds a client has to begin a request; to finish it; to read the last answer.
    """

    def __init__(self, handler: Handler, clock: IReactorTime, timeout: float = 60.0) -> None:
        self.handler = handler
        self.clock = clock
        self.timeout = timeout

    def buildProtocol(self, addr: IAddress | None) -> HTTPProtocol:
        """Called once for each connection, with the client's address."""
        protocol = HTTPProtocol()
        protocol.factory = self
        return protocol


def place_of(handler: Handler) -> str:
    """The file and line of a handler's code, for the log; its repr if it has none."""
    while isinstance(handler, partial):
        handler = handler.func
    code = getattr(handler, "__code__", None) or getattr(type(handler).__call__, "__code__", None)
    return f"{code.co_filename}, line {code.co_firstlineno}" if code else repr(handler)
