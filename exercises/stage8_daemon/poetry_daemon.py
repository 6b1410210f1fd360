"""The poetry server as a daemon: its options, and a service that starts, tells what it does, and stops.

twist imports this file by its plain name, from the folder in which it stands; so it imports nothing of the course.
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
"""What ends the process in good order: a supervisor's signal, Ctrl-C, and that of a terminal that was closed."""


class Options(usage.Options):
    """What may stand after ``twist poetry``.

    self["port"]: an endpoint description. self["poem"]: the name of a file. self.poem: that file's bytes, once parsed.
    """

    optParameters: ClassVar[list[Any]] = []  # Step 1: no option is known yet.
    poem = b""

    def postOptions(self) -> None:
        """All options have been read.

        Raises:
            usage.UsageError: one of them is no good; its message is one line, which says which and why.
        """
        # Step 2: the poem is not read.
        # Not at the top of the file: importing it installs a reactor, before twist has seen which one is asked for.
        from twisted.internet import reactor

        # Step 3: any text passes for a port.


class PoetryProtocol(Protocol):
    """One connection: sends its factory's poem, all of it, and closes."""

    # Twisted sets it before it calls connectionMade.
    transport: ITCPTransport

    def connectionMade(self) -> None:
        """The client is there."""
        self.factory.open[self] = Deferred()
        # Step 7: the log does not tell of this client.
        self.transport.write(self.factory.poem)
        self.transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection is over, however it ended."""
        self.factory.open.pop(self).callback(None)


class PoetryFactory(Factory):
    """Makes a PoetryProtocol for each connection.

    poem: the bytes that every client gets. open: by protocol, for each connection that is not over, a Deferred that fires
    with None when it is.
    """

    protocol = PoetryProtocol
    noisy = False  # else Twisted logs "Starting factory" and "Stopping factory", too

    def __init__(self, poem: bytes) -> None:
        self.poem = poem
        self.open: dict[PoetryProtocol, Deferred[None]] = {}


def take_off(result: Any, call: IDelayedCall) -> Any:
    """A callback or errback that takes a call off its clock, if it is still to come, and passes the result on."""
    if call.active():
        call.cancel()
    return result


def hold_back(yes: bool) -> None:
    """Have SIGNALS wait from now on, or no longer. On Windows, nothing can."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK if yes else signal.SIG_UNBLOCK, SIGNALS)


class PoetryService(Service):
    """Serves a poem from startService() until stopService().

    reactor: has the time, and is stopped where listening fails. endpoint: where to listen. factory: what to serve.
    grace: seconds that connections may take to end once the service is told to stop.
    """

    grace = 5.0

    def __init__(self, reactor: Any, endpoint: IStreamServerEndpoint, factory: PoetryFactory):
        self.reactor = reactor
        self.endpoint = endpoint
        self.factory = factory
        self.failed = False
        # Fires with the port once it listens; with None where there is none.
        self.listening: Deferred[Any] = succeed(None)
        # The handlers that there were before, by number of the signal.
        self._before: dict[int, Any] = {}
        self._ending = False

    def startService(self) -> None:
        """Begin to listen. Where that fails at once, nothing runs yet: SystemExit ends twist, with exit code 1."""
        Service.startService(self)
        raise NotImplementedError("Step 4: let self.listening be the Deferred of an attempt to listen")
        self.listening.addCallbacks(self._is_listening, self._is_not_listening)
        if self.failed:
            raise SystemExit(1)
        from twisted.internet import reactor

        if self.reactor is reactor:
            # Until _take_signals; else one that comes in between ends the process in its own way.
            hold_back(True)
        self.reactor.callWhenRunning(self._take_signals)

    def _is_listening(self, port: IListeningPort) -> IListeningPort:
        """Clients may come."""
        # Step 7: nobody learns where it listens.
        return port

    def _is_not_listening(self, reason: Failure) -> None:
        """The attempt to listen has failed: at once, in startService, or later, while the reactor runs."""
        if reason.check(CancelledError):
            return  # stopService gave it up
        # Step 6: nobody is told, and the process runs on for nothing.

    def _take_signals(self) -> None:
        """The reactor runs, and has set handlers of its own: with these, twist ends by the signal, with no exit code."""
        # Step 11: the reactor's own handlers stay.
        hold_back(False)

    def _stop_reactor(self) -> None:
        """Stop the reactor, which begins the stop; a second signal, while that is under way, does nothing."""
        self._ending = True
        with contextlib.suppress(ReactorNotRunning):
            self.reactor.stop()

    def stopService(self) -> Deferred[Any]:
        """Stop listening, and let the connections end. The Deferred fires once the port and all connections are closed."""
        Service.stopService(self)
        closing: Deferred[Any] = succeed(None)  # Step 8: the port is left open.
        waiting: Deferred[Any] = DeferredList([closing])  # Step 9: connections are not waited for.
        # Step 10: a client that does not read keeps the service from stopping.
        stopped: Deferred[Any] = waiting.addBoth(self._stopped, closing)
        return stopped

    def _stopped(self, _: object, closing: Deferred[Any]) -> Deferred[Any]:
        """Everything is over. Gives closing: where the port could not be closed, whoever waits hears of that."""
        for number, handler in self._before.items():
            # The process ends now, and one that comes late changes nothing; or whoever used the service goes on.
            signal.signal(number, signal.SIG_IGN if self._ending else handler)
        self._before.clear()
        # Step 8: nobody hears of the end.
        return closing


def makeService(options: Options, reactor: Any = None) -> PoetryService:
    """What twist starts, made of its options. reactor: None for the process's own."""
    if reactor is None:
        from twisted.internet import reactor
    raise NotImplementedError("Step 4: a PoetryService, with the endpoint and a factory of the poem")
