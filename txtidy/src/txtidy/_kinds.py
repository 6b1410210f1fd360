"""Things other than ports and connections by endpoints: how each kind of them ends."""

from __future__ import annotations

import threading
from functools import partial
from typing import Any

from twisted.application.service import IService
from twisted.internet.interfaces import IConnector, IDelayedCall, IProcessTransport
from twisted.internet.task import LoopingCall
from twisted.python.threadpool import ThreadPool
from zope.interface import directlyProvides, providedBy

from ._opened import Opened, the_reactor
from ._things import Thing, opened_at

# What opens something, with the place of the factory among its arguments. A datagram port has none.
_OPENS = dict(listenTCP=1, listenSSL=1, listenUNIX=1, connectUNIX=1, connectTCP=2, connectSSL=2)
_OPENS.update(adoptStreamPort=2, adoptDatagramPort=0, listenUDP=0, listenMulticast=0)
_OPENS.update(listenUNIXDatagram=0, connectUNIXDatagram=0, spawnProcess=0)


def add(opened: Opened, thing: Any, site: str) -> None:
    """Let a thing of any kind that is known here end with the test."""
    for known, note in KINDS:
        if known(thing):
            note(opened, thing, site)
            return
    raise TypeError(f"txtidy does not know how {thing!r} ends (see its README): use addCleanup.")


def process(opened: Opened, process: Any, site: str) -> None:
    """Note a process: over after processEnded, which comes once its pipes are closed, too."""
    name = partial("the process {} of {}".format, process.pid, process.proto)
    thing = Thing(name, site, None, None, "It was killed: does its child hold a pipe open?")
    opened.ends_with(thing, process, process.proto, "processEnded")


def connector(opened: Opened, connector: Any, site: str) -> None:
    """Note a connector: each attempt is over when it has failed, or its connection is lost."""

    def name() -> str:
        noted = id(getattr(connector, "transport", None)) in opened.lines  # and describes itself
        return "" if noted else f"a connection to {connector.getDestination()}"

    def begin() -> None:
        disconnect, advice = connector.disconnect, "Its disconnect() does not end it."
        thing = Thing(name, site, disconnect, disconnect, advice)
        thing.ends_with(connector, "connectionLost")
        thing.ends_with(connector, "connectionFailed")
        opened.add(thing)

    def connect() -> Any:
        begin()
        return again.before()

    again = opened.replace(connector, "connect", connect)
    if getattr(connector, "state", "") != "disconnected":
        begin()


def loop(opened: Opened, loop: Any, site: str) -> None:
    """Note a LoopingCall: it is stopped, and what its function has begun is waited for."""

    def stop() -> None:
        if loop.running:
            loop.stop()

    def start(*args: Any, **more: Any) -> Any:
        looping = method.before(*args, **more)
        opened.step(loop, site, stop, until=looping)
        return looping

    method = opened.replace(loop, "start", start)
    if loop.running:
        opened.step(loop, site, stop)


def threads(opened: Opened, pool: Any, site: str) -> None:
    """Note a thread pool. Its threads are daemons: one that never ends does not keep the process."""
    if pool.threadFactory is threading.Thread:
        pool.threadFactory = partial(threading.Thread, daemon=True)

    def join() -> None:
        pool.stop()
        the_reactor().callFromThread(thing.ended)

    def stop() -> Any:
        waits = threading.Thread(target=join, daemon=True)
        return waits.start() if pool.started else thing.ended()

    advice = "A function in one of its threads has not returned: let the test end it."
    thing = Thing(lambda: f"the thread pool {pool.name or pool}", site, stop, None, advice)
    opened.add(thing)


def pool(opened: Opened, pool: Any, site: str) -> None:
    """Note an HTTP pool: its connections go through the test's, and its timeouts are cancelled."""

    def get(key: Any, endpoint: Any) -> Any:
        return method.before(key, opened.endpoint(endpoint))

    method = opened.replace(pool, "getConnection", get)
    opened.step(pool, site, pool.closeCachedConnections, 2)  # later: one in use goes back to it


KINDS: Any = [
    (IService.providedBy, lambda a, thing, at: a.stops("the service", thing, "stopService", at)),
    (lambda thing: hasattr(thing, "stopListening"), Opened.port),
    (IProcessTransport.providedBy, process),
    (lambda thing: isinstance(thing, LoopingCall), loop),
    (IDelayedCall.providedBy, lambda opened, call, _: opened.calls.append(call)),
    (lambda thing: isinstance(thing, ThreadPool), threads),
    (lambda thing: hasattr(thing, "closeCachedConnections"), pool),
    (IConnector.providedBy, connector),
    (lambda thing: getattr(thing, "transport", 0), lambda a, b, at: a.line(b, b.transport, at)),
]


class TidyReactor:
    """The reactor, for a program: what it opens and spawns, and its delayed calls, end with the test."""

    def __init__(self, opened: Opened) -> None:
        self._opened, self._reactor = opened, the_reactor()
        directlyProvides(self, providedBy(self._reactor))

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._reactor, name)
        return partial(self._open, name, method) if name in _OPENS else method

    def _open(self, name: str, method: Any, *args: Any, **more: Any) -> Any:
        at, site = _OPENS[name], opened_at()
        if at:
            self._opened.watched(more["factory"] if "factory" in more else args[at], site)
        made = method(*args, **more)
        stream: Any = connector if name.startswith("connect") else Opened.port
        note = process if name == "spawnProcess" else stream if at else Opened.port
        note(self._opened, made, site)
        return made

    def callLater(self, delay: float, function: Any, *args: Any, **more: Any) -> Any:
        """Call later, unless the test has ended by then."""
        self._opened.calls.append(self._reactor.callLater(delay, function, *args, **more))
        return self._opened.calls[-1]
