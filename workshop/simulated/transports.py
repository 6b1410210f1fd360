"""Twisted's own transports and ports, which make simulated sockets in place of real ones; and jobs of the thread pool."""

from __future__ import annotations

import socket
from threading import Thread
from typing import Any

from twisted.internet import tcp
from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.python import log
from twisted.python.failure import Failure

from .network import LOOK, Network, Socket


class Simulated:
    """What a transport or a port of Twisted's needs to be simulated."""

    def createInternetSocket(self) -> Any:
        me: Any = self
        reactor = me.reactor if hasattr(me, "reactor") else me.connector.reactor
        return Socket(reactor.network, me.addressFamily)


class Client(Simulated, tcp.Client): ...


class Connector(tcp.Connector):
    def _makeTransport(self) -> Any:
        return Client(self.host, self.port, self.bindAddress, self, self.reactor)  # type: ignore


class Port(Simulated, tcp.Port):
    def createInternetSocket(self) -> Any:
        me: Any = self
        one, level = super().createInternetSocket(), socket.SOL_SOCKET
        one.setsockopt(level, socket.SO_REUSEADDR, int(me._reuseAddress))
        one.setsockopt(level, getattr(socket, "SO_REUSEPORT", -1), int(me._reusePort))
        return one


def look_up(host: Any, port: Any, family: int = 0, type: int = 0, *_: Any, **__: Any) -> list[Any]:
    """As getaddrinfo: an address is its own name, and localhost is known. No other host is."""
    found: list[Any] = []
    for one in {"localhost": ("127.0.0.1", "::1")}.get(host.rstrip(".").lower(), (host,)):
        if isIPAddress(one) and family in (0, socket.AF_INET):
            found.append((socket.AF_INET, type, 0, "", (one, port)))
        elif isIPv6Address(one) and family in (0, socket.AF_INET6):
            found.append((socket.AF_INET6, type, 0, "", (one, port, 0, 0)))
    if not found:
        raise socket.gaierror(socket.EAI_NONAME, f"The simulated network has no host {host!r}.")
    return found


def give_job(network: Network, done: Any, func: Any, *args: Any, **named: Any) -> None:
    """As ThreadPool.callInThreadWithCallback; the job runs when it is due in virtual time, not before the next turn."""
    late = network.history.draw("thread", "a thread's job")
    network.at(network.now + late + LOOK, run_job, done, func, args, named)


def run_job(done: Any, func: Any, args: Any, named: Any) -> None:
    """Run a job in a thread of its own, and wait for it, so that nothing else happens meanwhile."""

    def job() -> None:
        try:
            result, well = func(*args, **named), True
        except BaseException:
            result, well = Failure(), False
        if done is not None:
            done(well, result)
        elif not well:
            log.err(result)

    thread = Thread(target=job, name="PoolThread-simulated", daemon=True)
    try:
        thread.start()
    except RuntimeError:  # in a browser
        return job()
    thread.join()
