"""The server: connections and time. What the bytes mean is in messages.py and parser.py."""

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
"""Called with each request. Returns a Response, or a Deferred or coroutine that gives one."""


class WrongAnswer(Exception):
    """For the log: a handler gave what cannot be sent."""


class HTTPProtocol(Protocol):
    """One connection: reads requests, calls the factory's handler with each, writes what it answers, in order."""

    # Twisted sets it before it calls connectionMade; self.factory is set by then too.
    transport: Any  # ITCPTransport and IPushProducer
    factory: Any  # HTTPFactory

    def connectionMade(self) -> None:
        """The client is there."""
        self._parser = RequestParser(self.factory.limits)
        # The handler's Deferred, while its answer is waited for.
        self._answering: Deferred[Any] | None = None
        self._closing = False
        self._lost = False
        self._continued: Request | None = None
        # Seconds on the factory's clock, and the call there that looks at it.
        self._deadline: float
        self._call: IDelayedCall | None = None
        self._wait()

    def dataReceived(self, data: bytes) -> None:
        """Some bytes came, one at least: half a request, or three."""
        if self._closing:
            return
        ### BEGIN SOLUTION Step 12: a request has its own time from its first byte on
        ### STARTER # Step 12: a request that begins late has only what the wait for it left.
        if not self._parser.begun:
            self._wait()
        ### END SOLUTION
        ### BEGIN SOLUTION Step 4: feed the parser, then serve
        self._parser.feed(data)
        self._serve()
        ### END SOLUTION

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection is over, whoever ended it."""
        self._lost = self._closing = True
        ### BEGIN SOLUTION Step 12: leave no call on the clock
        ### STARTER # Step 12: a call on the clock keeps all of this alive.
        if self._call is not None:
            self._call.cancel()
        ### END SOLUTION
        ### BEGIN SOLUTION Step 14: tell the handler that nobody waits any more
        ### STARTER # Step 14: the handler works on for nobody.
        if self._answering is not None:
            self._answering.cancel()
        ### END SOLUTION

    def _serve(self) -> None:
        """Answer the requests that are here, until one is not whole, or its answer has to be waited for."""
        while not self._closing:
            ### BEGIN SOLUTION Step 21: one request at a time; stop reading when the next one comes
            ### STARTER # Step 21: the next request does not wait for the answer before it.
            if self._answering is not None:
                if self._parser.begun:
                    self.transport.pauseProducing()
                return
            ### END SOLUTION
            try:
                request = self._parser.next_request()
            except BadRequest as error:
                ### BEGIN SOLUTION Step 8: answer with its status, and close
                ### STARTER raise  # Step 8: the client hears nothing of it.
                self._send(Response(error.status), None)
                ### END SOLUTION
                return
            if request is None:
                self._continue()
                return
            self._answer(request)

    def _answer(self, request: Request) -> None:
        """Ask the handler, and answer with what it gives, now or later."""
        try:
            ### BEGIN SOLUTION Step 4: ask the factory's handler
            result = self.factory.handler(request)
            ### END SOLUTION
        except Exception:
            ### BEGIN SOLUTION Step 9: answer 500, and tell the log alone
            ### STARTER raise  # Step 9: the client hears nothing of it.
            self._fail(request, Failure())
            return
            ### END SOLUTION
        ### BEGIN SOLUTION Step 10: wait for a Deferred, or for a coroutine
        ### STARTER # Step 10: a Deferred is taken for the response itself.
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
        ### BEGIN SOLUTION Step 21: go on once it is answered, unless it was at once
        ### STARTER # Step 21: what came meanwhile is never looked at.
        if self._answering is not None:
            result.addCallback(lambda _: self._go_on())
        ### END SOLUTION

    def _go_on(self) -> None:
        """An answer that was waited for is written: read on."""
        ### BEGIN SOLUTION Step 21: read again, and serve what is here already
        if not self._closing:
            self.transport.resumeProducing()
            self._serve()
        ### END SOLUTION

    def _respond(self, request: Request, response: Any) -> None:
        """Answer with what the handler gave. If that cannot be sent, it is the handler's mistake."""
        self._answering = None
        try:
            ### BEGIN SOLUTION Step 11: refuse what is no Response
            ### STARTER # Step 11: None passes for a Response.
            if not isinstance(response, Response):
                raise TypeError(f"a handler gives a Response, not {response!r}")
            ### END SOLUTION
            self._send(response, request)
        except Exception as error:
            ### BEGIN SOLUTION Step 11: answer 500, and tell the log whose mistake it is
            ### STARTER raise  # Step 11: the client hears nothing of it.
            wrong = WrongAnswer(f"{place_of(self.factory.handler)}: {error}")
            self._fail(request, Failure(wrong))
            ### END SOLUTION

    def _fail(self, request: Request, failure: Failure) -> None:
        """The handler failed: the log has the failure, the client a 500 that tells nothing of it."""
        self._answering = None
        ### BEGIN SOLUTION Step 14: a handler that was cancelled did not fail
        ### STARTER # Step 14: each client that leaves is a failure in the log.
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

        request: what it answers; None where what came was none, so that no more of it can be read.
        """
        ### BEGIN SOLUTION Step 14: write nothing to a client that is gone
        ### STARTER # Step 14: a client that is gone is written to.
        if self._lost:
            return
        ### END SOLUTION
        close = request is None or not keeps_open(request.version, request.fields, response.fields)
        own = [(b"Connection", b"close")] if close else []
        ### BEGIN SOLUTION Step 24: say when
        ### STARTER # Step 24: a response does not say when it was made.
        if b"Date" not in response.fields:
            own.append((b"Date", self.factory.date()))
        ### END SOLUTION
        head_only = request is not None and request.method == b"HEAD"
        ### BEGIN SOLUTION Step 4: write the response's bytes, with the server's own fields
        self.transport.write(response_bytes(response, own, content=not head_only))
        ### END SOLUTION
        if close:
            self._close()
        else:
            self._wait()

    def _continue(self) -> None:
        """No request is whole. If a client waits for leave to send the content of one, give it, once."""
        ### BEGIN SOLUTION Step 24: write a 100
        ### STARTER # Step 24: a client that waits for a 100 waits in vain.
        head = self._parser.head
        if head is not None and head is not self._continued and expects_continue(head):
            self._continued = head
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        ### END SOLUTION

    def _close(self) -> None:
        """Close, once the client has what was written. It has the factory's timeout to read it."""
        self._closing = True
        self._wait()
        self.transport.loseConnection()

    def _wait(self) -> None:
        """Wait for the client, for the factory's timeout from now on."""
        ### BEGIN SOLUTION Step 12: note the deadline; one call on the clock serves for many
        ### STARTER # Step 12: a client is waited for for ever.
        self._deadline = self.factory.clock.seconds() + self.factory.timeout
        if self._call is None:
            self._call = self.factory.clock.callLater(self.factory.timeout, self._expire)
        ### END SOLUTION

    def _expire(self) -> None:
        """The clock's call has come. The deadline may have moved on since it was made."""
        self._call = None
        ### BEGIN SOLUTION Step 13: no deadline while the handler works
        ### STARTER # Step 13: the handler's time is counted as the client's.
        if self._answering is not None:
            return
        ### END SOLUTION
        ### BEGIN SOLUTION Step 12: at the deadline, answer 408 or close; before it, look again later
        left = self._deadline - self.factory.clock.seconds()
        if left > 0:
            self._call = self.factory.clock.callLater(left, self._expire)
            return
        ### END SOLUTION
        ### BEGIN SOLUTION Step 13: abort where the client does not read to the end
        ### STARTER # Step 13: a client that does not read its last answer is waited for for ever.
        if self._closing:
            self.transport.abortConnection()
            return
        ### END SOLUTION
        ### BEGIN SOLUTION Step 12: answer half a request with a 408, close where there is none
        if self._parser.begun:
            self._send(Response(408), None)
        else:
            self._close()
        ### END SOLUTION


class HTTPFactory(Factory):
    """Makes an HTTPProtocol for each connection.

    handler: called with each Request; gives a Response, or a Deferred or a coroutine of one.
    clock: where delayed calls are made, and what tells the time: the reactor, or a test's Clock.
    timeout: seconds that a client has for a request, from its first byte; for beginning one; for reading the last answer.
    limits: the most that a request may have.
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
        ### BEGIN SOLUTION Step 6: make a protocol that knows its factory
        protocol = HTTPProtocol()
        protocol.factory = self
        return protocol
        ### END SOLUTION

    def date(self) -> bytes:
        """The time of day for a Date field."""
        return date_of(int(self.clock.seconds()))


@lru_cache
def date_of(second: int) -> bytes:
    """A second as a Date field says it. Kept, since it is asked for with each response."""
    return formatdate(second, usegmt=True).encode()


def place_of(handler: Handler) -> str:
    """Where a handler was written, for a line in the log."""
    while isinstance(handler, partial):
        handler = handler.func
    code = getattr(handler, "__code__", None) or getattr(type(handler).__call__, "__code__", None)
    return f"{code.co_filename}, line {code.co_firstlineno}" if code else repr(handler)
