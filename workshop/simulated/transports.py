"""Twisted's own transports and ports, which make simulated sockets in place of real ones; and a pool without threads."""

from __future__ import annotations

import functools
import socket
from collections.abc import Callable
from typing import Any

from twisted.internet import tcp
from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.python import log
from twisted.python.failure import Failure
from twisted.python.runtime import platformType

from .errors import NotSimulated
from .network import Socket

NAMES = {"localhost": ("127.0.0.1", "::1")}


class Client(tcp.Client):
    """A TCP client's transport."""

    def createInternetSocket(self) -> Any:
        return Socket(self.connector.reactor.network, self.addressFamily)


class Connector(tcp.Connector):
    """Makes such transports."""

    def _makeTransport(self) -> Any:
        make: Any = Client
        return make(self.host, self.port, self.bindAddress, self, self.reactor)


class Port(tcp.Port):
    """A TCP port."""

    reactor: Any
    _reuseAddress: bool
    _reusePort: bool

    def createInternetSocket(self) -> Any:
        one = Socket(self.reactor.network, self.addressFamily)
        for name, asked in (
            ("SO_REUSEADDR", self._reuseAddress),
            ("SO_REUSEPORT", self._reusePort),
        ):
            if asked and platformType == "posix":
                one.setsockopt(socket.SOL_SOCKET, getattr(socket, name), 1)
        return one


@functools.cache
def unix_classes() -> tuple[Any, Any]:
    """The port and the connector for UNIX streams. Made when needed: not every platform can import Twisted's."""
    from twisted.internet import unix

    class Stream:
        """Leaves out what passes file descriptors."""

        doRead: Any = tcp.Connection.doRead

        def sendFileDescriptor(self, fileno: int) -> None:
            raise NotSimulated("sendFileDescriptor")

    class Server(Stream, unix.Server):
        """A server's transport."""

    class UNIXClient(Stream, unix.Client):
        """A client's transport."""

        def createInternetSocket(self) -> Any:
            return Socket(self.connector.reactor.network, socket.AF_UNIX)

    class UNIXPort(unix.Port):
        """A port."""

        transport = Server
        reactor: Any

        def createInternetSocket(self) -> Any:
            return Socket(self.reactor.network, socket.AF_UNIX)

    class UNIXConnector(unix.Connector):
        """Makes such clients."""

        def _makeTransport(self) -> Any:
            make: Any = UNIXClient
            return make(self.address, self, self.reactor, self.checkPID)

    return UNIXPort, UNIXConnector


def tls(context: Any, client: bool, factory: Any) -> Any:
    """A factory that adds TLS. pyOpenSSL is needed only here."""
    try:
        from twisted.protocols.tls import TLSMemoryBIOFactory
    except ImportError:
        raise NotSimulated("TLS without pyOpenSSL") from None
    return TLSMemoryBIOFactory(context, client, factory)


def look_up(
    host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0
) -> list[Any]:
    """As getaddrinfo: an address is its own name, and localhost is known. No other host is."""
    host = host.decode("ascii") if isinstance(host, bytes) else host
    found: list[Any] = []
    for one in NAMES.get(host.rstrip(".").lower(), (host,)):
        if isIPAddress(one) and family in (0, socket.AF_INET):
            found.append((socket.AF_INET, type, 0, "", (one, port)))
        elif isIPv6Address(one) and family in (0, socket.AF_INET6):
            found.append((socket.AF_INET6, type, 0, "", (one, port, 0, 0)))
    if not found:
        raise socket.gaierror(socket.EAI_NONAME, f"The simulated network has no host {host!r}.")
    return found


class Pool:
    """A thread pool whose jobs run in virtual time, when they are due, in the reactor's own thread."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self.min, self.max = 0, 10

    def callInThread(self, func: Callable[..., Any], *args: Any, **named: Any) -> None:
        """Run a function soon."""
        self.callInThreadWithCallback(None, func, *args, **named)

    def callInThreadWithCallback(self, done: Any, func: Any, *args: Any, **named: Any) -> None:
        """Run a function soon, and pass on what it returns or raises."""
        network = self._reactor.network
        late = network.history.draw("thread", "a thread's job")
        # Not before the next turn: the caller goes on first.
        network.at(network.now + late + 2.0**-20, self._run, done, func, args, named)

    def _run(self, done: Any, func: Any, args: Any, named: Any) -> None:
        self._reactor.in_job = True
        try:
            result, well = func(*args, **named), True
        except BaseException:
            result, well = Failure(), False
        finally:
            self._reactor.in_job = False
        if done is not None:
            done(well, result)
        elif not well:
            log.err(result)

    def start(self) -> None:
        """There is nothing to start."""

    stop = start

    def adjustPoolsize(self, minthreads: int | None = None, maxthreads: int | None = None) -> None:
        """Remember the numbers. There are no threads to count."""
        self.min = self.min if minthreads is None else minthreads
        self.max = self.max if maxthreads is None else maxthreads
