"""Things other than ports and connections: how each kind of them ends, and is watched."""

from __future__ import annotations

import functools
import threading
from typing import Any, List

from twisted.application.service import IService
from twisted.internet.defer import maybeDeferred
from twisted.internet.interfaces import IConnector, IDelayedCall, IProcessTransport, IProtocol
from twisted.internet.task import LoopingCall
from twisted.python.threadpool import ThreadPool

from ._opened import Opened, abort, lose, the_reactor
from ._things import Replaced, Thing


def add(opened: Opened, thing: Any, site: str) -> None:
    """Let a thing of any kind that is known here end with the test."""
    if IService.providedBy(thing):
        running = functools.partial(getattr, thing, "running", True)
        opened.stops("the service", thing, "stopService", site, running)
    elif hasattr(thing, "stopListening"):
        opened.port(thing, site)
    elif IProcessTransport.providedBy(thing):
        process(opened, thing, thing.proto, site)
    elif isinstance(thing, LoopingCall):
        loop(opened, thing, site)
    elif IDelayedCall.providedBy(thing):
        opened.calls.append(thing)
    elif isinstance(thing, ThreadPool):
        threads(opened, thing, site)
    elif hasattr(thing, "closeCachedConnections"):
        pool(opened, thing, site)
    elif IConnector.providedBy(thing):
        connector(opened, thing, site)
    elif IProtocol.providedBy(thing) and getattr(thing, "transport", None) is not None:
        opened.line(thing, thing.transport, site)
    else:
        raise TypeError(
            f"txtidy does not know how {thing!r} ends. Give addCleanup a function that ends it and "
            "returns a Deferred, or see the list of what tidied() takes in txtidy's README."
        )


def process(opened: Opened, transport: Any, protocol: Any, site: str) -> None:
    """Note a process: over after processEnded, which its protocol gets once its pipes are closed."""

    def check(how: Any) -> None:
        hook: Any = thing.hook
        if not hook.intact():  # the test has put its own in place; the end may be missed by now
            thing.ends_with(protocol, "processEnded")
            if transport.pid is None:
                thing.ended()
                return
        how(transport)

    thing = Thing(
        lambda: f"the process {transport.pid} of {protocol}",
        site,
        lambda: check(lose),
        lambda: check(abort),
        "It was killed; does a child of its own hold a pipe open?",
    )
    thing.ends_with(protocol, "processEnded")
    opened.add(thing)


def connector(opened: Opened, connector: Any, site: str) -> None:
    """Note a connector: each attempt is over when it has failed, or its connection is lost."""
    attempts: List[Thing] = []

    def begin() -> None:
        thing = Thing(name, site, connector.disconnect, force, "It was asked to disconnect().")
        attempts.append(thing)
        opened.add(thing)

    def name() -> Any:
        if opened.has_line(getattr(connector, "transport", None)):
            return None  # which says it itself
        return f"connecting to {connector.getDestination()}"

    def force() -> None:
        connector.disconnect()
        if hasattr(connector.transport, "abortConnection"):
            connector.transport.abortConnection()

    def over(method: Replaced, reason: Any) -> Any:
        ending, attempts[:] = attempts[:], []  # the factory may connect again meanwhile
        try:
            return method.before(reason)
        finally:
            for thing in ending:
                thing.ended()

    def connect() -> Any:
        begin()
        return again.before()

    again = Replaced(connector, "connect", connect)
    lost = Replaced(connector, "connectionLost", lambda reason: over(lost, reason))
    failed = Replaced(connector, "connectionFailed", lambda reason: over(failed, reason))
    opened.undo += [again.put_back, lost.put_back, failed.put_back]
    if connector.state != "disconnected":
        begin()


def loop(opened: Opened, loop: Any, site: str) -> None:
    """Note a LoopingCall: it is stopped, and what its function has begun is waited for."""

    def stop() -> None:
        if loop.running:
            loop.stop()

    def start(*args: Any, **more: Any) -> Any:
        thing = Thing(lambda: f"{loop}", site, stop, advice=_LOOP, order=0)
        looping = method.before(*args, **more)
        looping.addBoth(thing.ended)
        opened.add(thing)
        return looping

    method = Replaced(loop, "start", start)
    opened.undo.append(method.put_back)
    if loop.running:
        opened.step(f"{loop}", site, stop, 0)


_LOOP = "It was stopped; the Deferred that its function returned has not fired."


def threads(opened: Opened, pool: Any, site: str) -> None:
    """Note a thread pool: it is stopped, and its threads are waited for.

    Its threads are daemons, so that one that never ends does not keep the process from ending.
    """
    if "threadFactory" not in vars(pool):
        pool.threadFactory = functools.partial(threading.Thread, daemon=True)

    def stop() -> None:
        if not pool.started:
            thing.ended()
            return
        clock = the_reactor()

        def join() -> None:
            pool.stop()
            clock.callFromThread(thing.ended)

        threading.Thread(target=join, daemon=True).start()

    def name() -> str:
        alive = [thread.name for thread in pool.threads if thread.is_alive()]
        return f"the thread pool with the threads {', '.join(alive)}"

    thing = Thing(name, site, stop, advice="A thread's function has not returned.")
    opened.add(thing)


def pool(opened: Opened, pool: Any, site: str) -> None:
    """Note an HTTP pool: its connections go through the test's, and its timeouts are cancelled."""

    def get(key: Any, endpoint: Any) -> Any:
        return method.before(key, opened.endpoint(endpoint, site))

    method = Replaced(pool, "getConnection", get)
    opened.undo.append(method.put_back)
    # After the connections: one that is still in use would go back to the pool.
    opened.step(f"{pool}", site, lambda: maybeDeferred(pool.closeCachedConnections), 2)
