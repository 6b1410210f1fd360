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
        # Step 12: a request that begins late has only what the wait for it left.
        raise NotImplementedError("Step 4: feed the parser, then serve")

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection is over, whoever ended it."""
        self._lost = self._closing = True
        # Step 12: a call on the clock keeps all of this alive.
        # Step 14: the handler works on for nobody.

    def _serve(self) -> None:
        """Answer the requests that are here, until one is not whole, or its answer has to be waited for."""
        while not self._closing:
            # Step 21: the next request does not wait for the answer before it.
            try:
                request = self._parser.next_request()
            except BadRequest as error:
                raise  # Step 8: the client hears nothing of it.
                return
            if request is None:
                self._continue()
                return
            self._answer(request)

    def _answer(self, request: Request) -> None:
        """Ask the handler, and answer with what it gives, now or later."""
        try:
            raise NotImplementedError("Step 4: ask the factory's handler")
        except Exception:
            raise  # Step 9: the client hears nothing of it.
        # Step 10: a Deferred is taken for the response itself.
        self._respond(request, result)

    def _wait_for(self, result: Deferred[Any], request: Request) -> None:
        """Answer when the Deferred fires."""
        raise NotImplementedError("Step 10: respond with its result, or fail with its failure")
        # Step 21: what came meanwhile is never looked at.

    def _go_on(self) -> None:
        """An answer that was waited for is written: read on."""
        raise NotImplementedError("Step 21: read again, and serve what is here already")

    def _respond(self, request: Request, response: Any) -> None:
        """Answer with what the handler gave. If that cannot be sent, it is the handler's mistake."""
        self._answering = None
        try:
            # Step 11: None passes for a Response.
            self._send(response, request)
        except Exception as error:
            raise  # Step 11: the client hears nothing of it.

    def _fail(self, request: Request, failure: Failure) -> None:
        """The handler failed: the log has the failure, the client a 500 that tells nothing of it."""
        self._answering = None
        # Step 14: each client that leaves is a failure in the log.
        raise NotImplementedError("Step 9: log the failure, send a 500")

    def _send(self, response: Response, request: Request | None) -> None:
        """Write a response, in one write; then wait for the next request, or close.

        request: what it answers; None where what came was none, so that no more of it can be read.
        """
        # Step 14: a client that is gone is written to.
        close = request is None or not keeps_open(request.version, request.fields, response.fields)
        own = [(b"Connection", b"close")] if close else []
        # Step 24: a response does not say when it was made.
        head_only = request is not None and request.method == b"HEAD"
        raise NotImplementedError("Step 4: write the response's bytes, with the server's own fields")
        if close:
            self._close()
        else:
            self._wait()

    def _continue(self) -> None:
        """No request is whole. If a client waits for leave to send the content of one, give it, once."""
        # Step 24: a client that waits for a 100 waits in vain.

    def _close(self) -> None:
        """Close, once the client has what was written. It has the factory's timeout to read it."""
        self._closing = True
        self._wait()
        self.transport.loseConnection()

    def _wait(self) -> None:
        """Wait for the client, for the factory's timeout from now on."""
        # Step 12: a client is waited for for ever.

    def _expire(self) -> None:
        """The clock's call has come. The deadline may have moved on since it was made."""
        self._call = None
        # Step 13: the handler's time is counted as the client's.
        raise NotImplementedError("Step 12: at the deadline, answer 408 or close; before it, look again later")
        # Step 13: a client that does not read its last answer is waited for for ever.
        raise NotImplementedError("Step 12: answer half a request with a 408, close where there is none")


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
        raise NotImplementedError("Step 6: make a protocol that knows its factory")

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
