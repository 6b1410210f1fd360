"""Twisted's own transports and ports, which make simulated sockets in place of real ones; and a pool without threads."""

from __future__ import annotations

import socket
from typing import Any

from twisted.internet import tcp
from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.python import log, threadable
from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool

from .errors import NotSimulated
from .network import JOB, Socket

NAMES = {"localhost": ("127.0.0.1", "::1")}


class Simulated:
    """What a transport or a port of Twisted's needs to be simulated."""

    def createInternetSocket(self) -> Any:
        me: Any = self
        reactor = me.reactor if hasattr(me, "reactor") else me.connector.reactor
        return Socket(reactor.network, me.addressFamily)


class Client(Simulated, tcp.Client):
    """A TCP client's transport."""


class Connector(tcp.Connector):
    """Makes such transports."""

    def _makeTransport(self) -> Any:
        make: Any = Client
        return make(self.host, self.port, self.bindAddress, self, self.reactor)


class Port(Simulated, tcp.Port):
    """A TCP port."""

    def createInternetSocket(self) -> Any:
        me: Any = self
        one = super().createInternetSocket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(me._reuseAddress))
        one.setsockopt(socket.SOL_SOCKET, getattr(socket, "SO_REUSEPORT", -1), int(me._reusePort))
        return one


def tls(context: Any, client: bool, factory: Any) -> Any:
    """A factory that adds TLS. pyOpenSSL is needed only here."""
    try:
        from twisted.protocols.tls import TLSMemoryBIOFactory
    except ImportError:
        raise NotSimulated("TLS without pyOpenSSL") from None
    return TLSMemoryBIOFactory(context, client, factory)


def look_up(host: Any, port: Any, family: int = 0, type: int = 0, *_: int) -> list[Any]:
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


class Pool(ThreadPool):
    """A thread pool whose jobs run in virtual time, when they are due, in the reactor's own thread."""

    def __init__(self, reactor: Any) -> None:
        super().__init__(0, 10)
        self._network = reactor.network

    def callInThreadWithCallback(self, onResult: Any, func: Any, *args: Any, **kw: Any) -> None:
        """Run a function soon, and pass on what it returns or raises."""
        late = self._network.history.draw("thread", "a thread's job")
        # Not before the next turn: the caller goes on first.
        self._network.at(self._network.now + late + JOB, self._run, onResult, func, args, kw)

    def _run(self, done: Any, func: Any, args: Any, named: Any) -> None:
        kept, threadable.ioThread = threadable.ioThread, None  # so isInIOThread() is false
        try:
            result, well = func(*args, **named), True
        except BaseException:
            result, well = Failure(), False
        finally:
            threadable.ioThread = kept
        if done is not None:
            done(well, result)
        elif not well:
            log.err(result)
