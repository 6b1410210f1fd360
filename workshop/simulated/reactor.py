"""The reactor: Twisted's own base, over the sockets of network.py, with a clock that it moves on itself."""

from __future__ import annotations

import math
import re
import sys
import time
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

from twisted.internet import base, interfaces, task
from twisted.internet._resolver import GAIResolver
from twisted.internet.defer import Deferred
from twisted.internet.posixbase import _DisconnectSelectableMixin
from twisted.internet.threads import blockingCallFromThread
from twisted.python import log
from twisted.python.failure import Failure
from twisted.python.threadable import isInIOThread
from zope.interface import classImplements, implementer

from .errors import Deadlock, Endless, NotSimulated, Stuck
from .network import LOOK, TURN, UNIX, Network, Socket
from .transports import Connector, Port, give_job, look_up
from .waiting import is_limit_of_trial, waits
from .weather import History

MOST_TURNS, MOST_SECONDS = 1_000_000, 60.0  # what one test may take; the seconds are real ones
LACKS = re.compile("(spawn|adopt).*|(listen|connect)(UDP|Multicast|UNIXDatagram|With)")
RUN = "This calls reactor.run(); in a test, trial runs the reactor: return a Deferred, or await it."


def started(kind: Any, *args: Any) -> Any:
    """A port that listens now, or a connector that connects."""
    one = kind(*args)
    (one.startListening if hasattr(one, "startListening") else one.connect)()
    return one


def over_tls(*args: Any) -> Any:
    """A factory that adds TLS; pyOpenSSL need not be there before."""
    from twisted.protocols.tls import TLSMemoryBIOFactory

    return TLSMemoryBIOFactory(*args)


@implementer(interfaces.IReactorFDSet, interfaces.IReactorTCP, interfaces.IReactorSSL)
class SimulatedReactor(_DisconnectSelectableMixin, base.ReactorBase):
    """Runs Twisted code on a simulated network, in virtual time. network.history: what its weather decides."""

    test: Any = None  # of trial, that runs
    _woken = False
    _stuck: Stuck | None = None

    def __init__(self) -> None:
        self.network = Network()
        self._reads: dict[Any, None] = {}
        self._writes: dict[Any, None] = {}
        self._start_counting()
        super().__init__()

    def __getattr__(self, name: str) -> Any:
        if LACKS.fullmatch(name):
            raise NotSimulated(f"reactor.{name}")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def begin(self, history: History) -> None:
        """Begin a history. If nothing is left of the last one, time and numbers start over: it is the same each time."""
        self.network.history = history
        self._start_counting()
        if not (self._reads or self._writes or self.getDelayedCalls()):
            self.network.clear()

    def seconds(self) -> float:
        """Virtual time. A look at it takes some."""
        self.network.now += LOOK
        return self.network.now

    # IReactorFDSet

    def _add(self, them: dict[Any, None], one: Any) -> None:
        if not isinstance(getattr(one, "socket", None), Socket):
            raise NotSimulated(f"real file descriptors ({one!r})")
        them[one] = None
        one.socket.owner = one
        one.socket.touch()

    def addReader(self, reader: Any) -> None:
        self._add(self._reads, reader)

    def addWriter(self, writer: Any) -> None:
        self._add(self._writes, writer)

    def removeReader(self, reader: Any) -> None:
        self._reads.pop(reader, None)

    def removeWriter(self, writer: Any) -> None:
        self._writes.pop(writer, None)

    def getReaders(self) -> list[Any]:
        return list(self._reads)

    def getWriters(self) -> list[Any]:
        return list(self._writes)

    def removeAll(self) -> list[Any]:
        them = list(self._reads | self._writes)
        self._reads, self._writes = {}, {}
        return them

    def installWaker(self) -> None:
        """Nothing sleeps for real."""

    def wakeUp(self) -> None:
        self._woken = True

    def mainLoop(self) -> None:
        """Run, until somebody ends that. Raises Stuck if nothing can happen any more."""
        self._stuck = None
        self._start_counting()
        # Twisted's cooperator works for 0.01 s at a time by the real clock.
        task.time = SimpleNamespace(time=self.seconds)  # type: ignore[attr-defined, assignment]
        try:
            super().mainLoop()
        finally:
            task.time = time  # type: ignore[attr-defined]
        if self._stuck is not None:
            if self.test is not None:
                self._stuck.args = (f"{self._stuck}\n{RUN}",)
            raise self._stuck

    def doIteration(self, delay: float | None) -> None:
        """One turn: see who is ready; if nobody is, move time on to what is due next; let those who are ready go."""
        network = self.network
        self._turns += 1
        if not self._turns & 1023:
            self._see_limits()
        network.deliver()
        ready = self._ready()
        if ready or self._woken or (delay is not None and delay <= 0):
            network.now += TURN
        else:
            ready = self._wait(math.inf if delay is None else network.now + delay)
        self._woken = False
        while ready:
            one = ready.pop(int(network.history.draw("order", ready[0].label, len(ready))))
            if any(self._wants(one)):
                log.callWithLogger(one.owner, self._go, one, one.owner)

    def _ready(self) -> list[Socket]:
        """The sockets that can read or write, and whose transports want to, in the order in which they became so."""
        ready = [one for one in self.network.hot if any(self._wants(one))]
        self.network.hot = dict.fromkeys(ready)
        return ready

    def _wants(self, one: Socket) -> tuple[bool, bool]:
        """Whether its transport wants to read, and can; and to write."""
        reads, writes = one.owner in self._reads, one.owner in self._writes
        return reads and one.readable, writes and one.writable

    def _wait(self, until: float) -> list[Socket]:
        """Move time on until somebody is ready, but no further than that."""
        network = self.network
        while not self._woken:
            event = network.events[0][0] if network.events else math.inf
            if event == math.inf and self._give_up(until):
                break
            network.now = max(network.now, min(event, until))
            network.deliver()
            ready = self._ready()
            if ready or until < event:
                return ready
        return []

    def _go(self, one: Socket, owner: Any) -> None:
        """Let a transport read, then write; end it if either says that the connection is over."""
        reading, why = True, None
        try:
            if self._wants(one)[0]:
                why = owner.doRead()
            if not why and one.owner is owner and self._wants(one)[1]:
                reading, why = False, owner.doWrite()
        except BaseException as raised:
            why = raised
            log.err()
        if why:
            self._disconnectSelectable(owner, why, reading)  # type: ignore[no-untyped-call]

    # A test that cannot end

    def _start_counting(self) -> None:
        self._turns, self._since = 0, time.monotonic()

    def _give_up(self, until: float) -> bool:
        """Nothing is on its way. If only trial's own timeout is due, or nothing, end the wait: nothing can happen."""
        calls = self.getDelayedCalls()
        if not (calls or until == math.inf) or not all(map(is_limit_of_trial, calls)):
            return False
        self._end(Deadlock(f"Nothing is due any more, and {waits(self)}"))
        return True

    def _see_limits(self) -> None:
        """End a test that takes too long."""
        spent = time.monotonic() - self._since
        if self._turns > MOST_TURNS or spent > MOST_SECONDS:
            took = f"{self._turns} turns of the reactor and {spent:.0f} s of real time"
            self._end(Endless(f"This took {took}. Does a call repeat itself without any delay?"))
            self._start_counting()

    def _end(self, stuck: Stuck) -> None:
        """Fail the test that trial waits for, or else end the run."""
        limit: Any = next(filter(is_limit_of_trial, self.getDelayedCalls()), None)
        if limit is None:
            self._stuck = stuck
            return self.crash()
        waited = inner = limit.args[0]
        limit.cancel()
        while inner.called and isinstance(inner.result, Deferred):
            inner = inner.result
        if inner.called:
            limit.func(waited)
        else:
            inner.errback(Failure(stuck))

    # IReactorTCP, IReactorSSL, IReactorUNIX

    def listenTCP(self, port: Any, factory: Any, backlog: int = 50, interface: str = "") -> Any:
        return started(Port, port, factory, backlog, interface, self)

    def connectTCP(
        self, host: str, port: Any, factory: Any, timeout: float = 30, bindAddress: Any = None
    ) -> Any:
        return started(Connector, host, port, factory, timeout, bindAddress, self)

    def listenSSL(self, port: Any, factory: Any, contextFactory: Any, *more: Any, **kw: Any) -> Any:
        one = self.listenTCP(port, over_tls(contextFactory, False, factory), *more, **kw)
        one._type = "TLS"
        return one

    def connectSSL(
        self, host: str, port: Any, factory: Any, contextFactory: Any, *more: Any, **kw: Any
    ) -> Any:
        return self.connectTCP(host, port, over_tls(contextFactory, True, factory), *more, **kw)

    def listenUNIX(
        self, address: Any, factory: Any, backlog: int = 50, mode: int = 0o666, wantPID: int = 0
    ) -> Any:
        from .unix import Port

        return started(Port, address, factory, backlog, mode, self, wantPID)

    def connectUNIX(self, address: Any, factory: Any, timeout: Any = 30, checkPID: int = 0) -> Any:
        from .unix import Connector

        return started(Connector, address, factory, timeout, self, checkPID)

    def _initThreads(self) -> None:
        """Names are looked up in a job of the pool, as in Twisted, but in a table."""
        self.installNameResolver(GAIResolver(self, self.getThreadPool, look_up))

    def _initThreadPool(self) -> None:
        super()._initThreadPool()
        vars(self.threadpool)["callInThreadWithCallback"] = partial(give_job, self.network)

    def callFromThread(self, f: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        if not isInIOThread() and sys._getframe(1).f_code is blockingCallFromThread.__code__:
            raise NotSimulated("thread that blocks (blockingCallFromThread)")
        super().callFromThread(f, *args, **kwargs)


if UNIX:
    classImplements(SimulatedReactor, interfaces.IReactorUNIX)
