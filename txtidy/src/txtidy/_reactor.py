"""A reactor and endpoints that pass on what they open to a test's Opened."""

from __future__ import annotations

from typing import Any, Callable

from zope.interface import directlyProvides, providedBy

from . import _kinds
from ._opened import Opened, the_reactor
from ._things import opened_at

_PORTS = ("listenTCP", "listenSSL", "listenUNIX", "adoptStreamPort")
_DATAGRAMS = ("listenUDP", "listenMulticast", "listenUNIXDatagram", "connectUNIXDatagram")
_CLIENTS = ("connectTCP", "connectSSL", "connectUNIX")


class TidyReactor:
    """The reactor, as a program sees it. What it opens and spawns, and its delayed calls, end with the test."""

    def __init__(self, opened: Opened) -> None:
        self._opened, self._reactor = opened, the_reactor()
        directlyProvides(self, providedBy(self._reactor))

    def __repr__(self) -> str:
        return f"<txtidy: {self._reactor!r}>"

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._reactor, name)
        if name in _PORTS + _DATAGRAMS + _CLIENTS:
            return lambda *args, **more: self._open(name, method, args, more)
        return method

    def _open(self, name: str, method: Callable[..., Any], args: Any, more: Any) -> Any:
        site = opened_at()
        self._opened.must_be_open(name, site)
        if name not in _DATAGRAMS:
            place = 1 if name in ("listenTCP", "listenSSL", "listenUNIX", "connectUNIX") else 2
            self._opened.watched(more["factory"] if "factory" in more else args[place], site)
        made = method(*args, **more)
        if name in _CLIENTS:
            _kinds.connector(self._opened, made, site)
            return made
        return self._opened.port(made, site)

    def spawnProcess(self, processProtocol: Any, *args: Any, **more: Any) -> Any:
        """Start a process, which is asked to end, then killed, and waited for."""
        site = opened_at()
        self._opened.must_be_open("spawnProcess", site)
        transport = self._reactor.spawnProcess(processProtocol, *args, **more)
        _kinds.process(self._opened, transport, processProtocol, site)
        return transport

    def callLater(
        self, delay: float, function: Callable[..., object], *args: Any, **more: Any
    ) -> Any:
        """Call later, unless the test has ended by then."""
        call = self._reactor.callLater(delay, function, *args, **more)
        self._opened.calls.append(call)
        return call


class TidyEndpoint:
    """An endpoint that listens and connects through a test's Opened."""

    def __init__(self, opened: Opened, endpoint: Any, site: str) -> None:
        self._opened, self._endpoint, self._site = opened, endpoint, site
        directlyProvides(self, providedBy(endpoint))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._endpoint, name)

    def __repr__(self) -> str:
        return f"{self._endpoint!r}"

    def listen(self, protocolFactory: Any) -> Any:
        """Listen, and let the port end with the test."""
        return self._opened.listen(self._endpoint, protocolFactory, self._site)

    def connect(self, protocolFactory: Any) -> Any:
        """Connect, and let the connection end with the test."""
        return self._opened.connect(self._endpoint, protocolFactory, self._site)
