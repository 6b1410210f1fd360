"""The poetry server as a daemon: its options, and a service that starts, logs and stops.

twist imports this file by its plain name, from its own folder; so it imports nothing of the course.
"""

from __future__ import annotations

import contextlib
import signal
from pathlib import Path
from typing import Any, ClassVar

from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred, DeferredList, succeed
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import ReactorNotRunning
from twisted.internet.interfaces import (
    IDelayedCall,
    IListeningPort,
    IStreamServerEndpoint,
    ITCPTransport,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.logger import Logger
from twisted.python import usage
from twisted.python.failure import Failure

log = Logger()
SIGNALS = [
    getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name)
]
"""The signals for a clean shutdown: a supervisor's, Ctrl-C, and that of a closed terminal."""


class Options(usage.Options):
    """The options of ``twist poetry``.

    self["port"]: an endpoint description. self["poem"]: the name of a file. self.poem: that file's bytes, once parsed.
    """

    optParameters: ClassVar[list[Any]] = []  # Step 1:
    poem = b""

    def postOptions(self) -> None:
        """Twisted calls this after parsing.

        Raises:
            usage.UsageError: An option is invalid; the message is one line, which says which and why.
        """
        # Step 1:

        # Not at the top of the file: importing it installs a reactor, before twist knows which one the user wants.
        from twisted.internet import reactor

        # Step 1:


class PoetryProtocol(Protocol):
    """One connection: sends its factory's poem, and closes."""

    # Twisted sets it before it calls connectionMade.
    transport: ITCPTransport

    def connectionMade(self) -> None:
        """Send the poem, and close."""
        self.factory.open[self] = Deferred()
        # Step 4:
        self.transport.write(self.factory.poem)
        self.transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection is over, for whatever reason."""
        self.factory.open.pop(self).callback(None)


class PoetryFactory(Factory):
    """Makes a PoetryProtocol for each connection.

    poem: the bytes that every client gets. open: the protocol of each open connection, with a Deferred that fires with None
    when the connection is over.
    """

    protocol = PoetryProtocol
    noisy = False  # else Twisted logs "Starting factory" and "Stopping factory" too

    def __init__(self, poem: bytes) -> None:
        self.poem = poem
        self.open: dict[PoetryProtocol, Deferred[None]] = {}


def take_off(result: Any, call: IDelayedCall) -> Any:
    """A callback or errback that cancels a call, if it is pending, and passes the result on."""
    if call.active():
        call.cancel()
    return result


def hold_back(yes: bool) -> None:
    """Block SIGNALS, or unblock them. Windows cannot."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK if yes else signal.SIG_UNBLOCK, SIGNALS)


class PoetryService(Service):
    """Serves a poem from startService() until stopService().

    reactor: has the time, and is stopped if listening fails. endpoint: where to listen. factory: what to serve.
    grace: seconds that connections may take to end once the stop begins.
    """

    grace = 5.0

    def __init__(self, reactor: Any, endpoint: IStreamServerEndpoint, factory: PoetryFactory):
        self.reactor = reactor
        self.endpoint = endpoint
        self.factory = factory
        self.failed = False
        # Fires with the port once it listens; with None if there is no port.
        self.listening: Deferred[Any] = succeed(None)
        # The previous handlers, by the number of the signal.
        self._before: dict[int, Any] = {}
        self._ending = False

    def startService(self) -> None:
        """Begin to listen. If that fails at once, SystemExit ends twist, with exit code 1: no reactor runs yet."""
        Service.startService(self)
        raise NotImplementedError("Step 2: set self.listening to the Deferred of an attempt to listen")
        self.listening.addCallbacks(self._is_listening, self._is_not_listening)
        if self.failed:
            raise SystemExit(1)
        from twisted.internet import reactor

        if self.reactor is reactor:
            # Until _take_signals; else a signal in between would end the process by its default action.
            hold_back(True)
        self.reactor.callWhenRunning(self._take_signals)

    def _is_listening(self, port: IListeningPort) -> IListeningPort:
        """The port is open. Returns it."""
        # Step 4:
        return port

    def _is_not_listening(self, reason: Failure) -> None:
        """Listening failed: at once, in startService, or later, while the reactor runs."""
        if reason.check(CancelledError):
            return  # stopService cancelled it
        # Step 4:

    def _take_signals(self) -> None:
        """Replace the handlers that the reactor has set: with these, the signal would end twist, without an exit code."""
        # Step 7:
        hold_back(False)

    def _stop_reactor(self) -> None:
        """Stop the reactor, which begins the stop. Does nothing if a stop is under way."""
        self._ending = True
        with contextlib.suppress(ReactorNotRunning):
            self.reactor.stop()

    def stopService(self) -> Deferred[Any]:
        """Stop listening, and let the connections end. The Deferred fires once the port and all connections are closed."""
        Service.stopService(self)
        closing: Deferred[Any] = succeed(None)  # Step 5:
        waiting: Deferred[Any] = DeferredList([closing])  # Step 5:
        # Step 6:
        stopped: Deferred[Any] = waiting.addBoth(self._stopped, closing)
        return stopped

    def _stopped(self, _: object, closing: Deferred[Any]) -> Deferred[Any]:
        """Everything is over. Returns closing, so that the stop fails if the port could not be closed."""
        for number, handler in self._before.items():
            # Either the process ends now, and a late signal must not end it sooner; or the program goes on.
            signal.signal(number, signal.SIG_IGN if self._ending else handler)
        self._before.clear()
        # Step 5:
        return closing


def makeService(options: Options, reactor: Any = None) -> PoetryService:
    """Make the service that twist starts. reactor: None for the global one."""
    if reactor is None:
        from twisted.internet import reactor
    raise NotImplementedError("Step 2: a PoetryService, with the endpoint and a factory of the poem")
