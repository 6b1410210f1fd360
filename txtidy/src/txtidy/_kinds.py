"""Things other than ports and connections by endpoints: how each kind of them ends."""

from __future__ import annotations

import threading
from functools import partial
from typing import Any

from twisted.application.service import IService
from twisted.internet.interfaces import IDelayedCall, IProcessTransport
from twisted.internet.task import LoopingCall
from twisted.python.threadpool import ThreadPool
from zope.interface import directlyProvides, providedBy

from ._opened import Opened, the_reactor
from ._things import Replaced, Thing, opened_at

_PROCESS = "It was killed: does a child of its own hold a pipe open?"
_FACTORY_AT = {"listenTCP": 1, "listenSSL": 1, "listenUNIX": 1, "adoptStreamPort": 2}
_CLIENTS = {"connectTCP": 2, "connectSSL": 2, "connectUNIX": 1}
_DATAGRAMS = ("listenUDP", "listenMulticast", "listenUNIXDatagram", "connectUNIXDatagram")


def add(opened: Opened, thing: Any, site: str) -> None:
    """Let a thing of any kind that is known here end with the test."""
    for known, note in KINDS:
        if known(thing):
            note(opened, thing, site)
            return
    raise TypeError(
        f"txtidy does not know how {thing!r} ends. Its README lists what tidied() takes; for the "
        "rest, give addCleanup a function that ends it and returns a Deferred."
    )


def process(opened: Opened, process: Any, site: str) -> None:
    """Note a process: over after processEnded, which comes once its pipes are closed, too."""
    name = partial("the process {} of {}".format, process.pid, process.proto)
    thing = Thing(name, site, None, None, _PROCESS)
    opened.ends_with(thing, process, process.proto, "processEnded")


def connector(opened: Opened, connector: Any, site: str) -> None:
    """Note a connector: each attempt is over when it has failed, or its connection is lost."""

    def name() -> str:
        noted = id(getattr(connector, "transport", None)) in opened.lines  # and describes itself
        return "" if noted else f"a connection to {connector.getDestination()}"

    def begin() -> None:
        disconnect, advice = connector.disconnect, "Its connector was asked to disconnect()."
        thing = Thing(name, site, disconnect, disconnect, advice)
        thing.ends_with(connector, "connectionLost")
        thing.ends_with(connector, "connectionFailed")
        opened.add(thing)

    def connect() -> Any:
        begin()
        return again.before()

    again = Replaced(connector, "connect")
    again.put(connect)
    opened.undo.append(again.put_back)
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

    method = Replaced(loop, "start")
    method.put(start)
    opened.undo.append(method.put_back)
    if loop.running:
        opened.step(loop, site, stop)


def threads(opened: Opened, pool: Any, site: str) -> None:
    """Note a thread pool. Its threads are daemons: one that never ends does not keep the process."""
    pool.threadFactory = partial(threading.Thread, daemon=True)

    def name() -> str:
        alive = [thread.name for thread in pool.threads if thread.is_alive()]
        return f"the thread pool with {', '.join(alive)}"

    def stop() -> None:
        if pool.started:
            threading.Thread(target=join, daemon=True).start()
        else:
            thing.ended()

    def join() -> None:
        pool.stop()
        the_reactor().callFromThread(thing.ended)

    thing = Thing(name, site, stop, None, "A function in a thread has not returned.")
    opened.add(thing)


def pool(opened: Opened, pool: Any, site: str) -> None:
    """Note an HTTP pool: its connections go through the test's, and its timeouts are cancelled."""

    def get(key: Any, endpoint: Any) -> Any:
        return method.before(key, opened.endpoint(endpoint))

    method = Replaced(pool, "getConnection")
    method.put(get)
    opened.undo.append(method.put_back)
    # After the connections: one that is in use goes back to the pool.
    opened.step(pool, site, pool.closeCachedConnections, 2)


KINDS: Any = [
    (IService.providedBy, lambda a, thing, at: a.stops("the service", thing, "stopService", at)),
    (lambda thing: hasattr(thing, "stopListening"), Opened.port),
    (IProcessTransport.providedBy, process),
    (lambda thing: isinstance(thing, LoopingCall), loop),
    (IDelayedCall.providedBy, lambda opened, call, _: opened.calls.append(call)),
    (lambda thing: isinstance(thing, ThreadPool), threads),
    (lambda thing: hasattr(thing, "closeCachedConnections"), pool),
    (lambda thing: getattr(thing, "transport", 0), lambda a, b, at: a.line(b, b.transport, at)),
]


class TidyReactor:
    """The reactor, for a program: what it opens and spawns, and its delayed calls, end with the test."""

    def __init__(self, opened: Opened) -> None:
        self._opened, self._reactor = opened, the_reactor()
        directlyProvides(self, providedBy(self._reactor))

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._reactor, name)
        at = _FACTORY_AT.get(name, _CLIENTS.get(name))
        if at is None and name not in _DATAGRAMS:
            return method

        def open_(*args: Any, **more: Any) -> Any:
            site = opened_at()
            if at is not None:
                self._opened.watched(more["factory"] if "factory" in more else args[at], site)
            made = method(*args, **more)
            note = connector if name in _CLIENTS else Opened.port
            note(self._opened, made, site)
            return made

        return open_

    def spawnProcess(self, processProtocol: Any, *args: Any, **more: Any) -> Any:
        """Start a process, which is asked to end, then killed, and waited for."""
        transport = self._reactor.spawnProcess(processProtocol, *args, **more)
        process(self._opened, transport, opened_at())
        return transport

    def callLater(self, delay: float, function: Any, *args: Any, **more: Any) -> Any:
        """Call later, unless the test has ended by then."""
        self._opened.calls.append(self._reactor.callLater(delay, function, *args, **more))
        return self._opened.calls[-1]
