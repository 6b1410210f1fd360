"""The reactor: Twisted's own base, over the sockets of network.py, with a clock that it moves on itself."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from twisted.internet import base, error, interfaces, task
from twisted.internet._resolver import GAIResolver
from twisted.internet.defer import Deferred
from twisted.internet.threads import blockingCallFromThread
from twisted.python import log, threadable
from twisted.python.failure import Failure
from twisted.python.runtime import platformType
from zope.interface import classImplements, implementer

from .errors import Deadlock, Endless, NotSimulated, Stuck
from .network import CALL, TURN, Network, Socket
from .transports import Connector, Pool, Port, look_up, tls
from .waiting import is_limit_of_trial, waits
from .weather import History

MOST_TURNS, MOST_SECONDS = 1_000_000, 60.0
"""What one test may take: turns of the reactor, and real seconds."""
LACKS = re.compile("(spawn|adopt).*|(listen|connect)(UDP|Multicast|UNIXDatagram|With)")
"""Methods of other reactors. The simulation has no processes, no datagrams and no sockets from elsewhere."""
RUN = "This calls reactor.run(); in a test, trial runs the reactor: return a Deferred, or await it."


@implementer(interfaces.IReactorFDSet, interfaces.IReactorTCP, interfaces.IReactorSSL)
class SimulatedReactor(base.ReactorBase):
    """Runs Twisted code on a simulated network, in virtual time. network.history: what its weather decides."""

    test: Any = None
    """The test of trial that runs."""
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
        """Virtual time."""
        return self.network.now

    def callLater(self, delay: float, callable: Callable[..., Any], *args: Any, **kw: Any) -> Any:
        self.network.now += CALL
        return super().callLater(delay, callable, *args, **kw)

    # IReactorFDSet

    def _add(self, them: dict[Any, None], one: Any) -> None:
        its = getattr(one, "socket", None)
        if not isinstance(its, Socket):
            raise NotSimulated(f"real file descriptors ({one!r})")
        its.owner = one
        them[one] = None
        its.touch()

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
        self._reads.clear()
        self._writes.clear()
        return them

    # The loop

    def installWaker(self) -> None:
        """Nothing sleeps for real."""

    def wakeUp(self) -> None:
        self._woken = True

    def mainLoop(self) -> None:
        """Run, until somebody ends that. Raises Stuck if nothing can happen any more."""
        self._stuck = None
        self._start_counting()
        with self._slices():
            super().mainLoop()
        if self._stuck is not None:
            if self.test is not None:
                self._stuck.args = (f"{self._stuck}\n{RUN}",)
            raise self._stuck

    @contextmanager
    def _slices(self) -> Iterator[None]:
        """Twisted's cooperator works for 0.01 s at a time by the real clock. Here a step of it takes virtual time."""

        def step() -> float:
            self.network.now += TURN
            return self.network.now

        task.time = SimpleNamespace(time=step)  # type: ignore[attr-defined]
        try:
            yield
        finally:
            task.time = time  # type: ignore[attr-defined]

    def doIteration(self, delay: float | None) -> None:
        """One turn: see who is ready; if nobody is, move time on to what is due next; let those who are ready go."""
        network = self.network
        self._turns += 1
        if not self._turns & 1023:
            self._see_limits()
        network.deliver()
        ready = self._ready()
        woken, self._woken = self._woken, False
        if ready or woken or (delay is not None and delay <= 0):
            network.now += TURN
        else:
            ready = self._wait(delay)
        while ready:
            many = len(ready)
            which = network.history.draw("order", ready[0].label, many) if many > 1 else 0
            one = ready.pop(int(which))
            owner = one.owner
            if owner in self._reads or owner in self._writes:
                log.callWithLogger(owner, self._go, one, owner)

    def _ready(self) -> list[Socket]:
        """The sockets that can read or write, and whose transports want to, in the order in which they became so."""
        ready = []
        for one in list(self.network.hot):
            owner = one.owner
            if (one.readable and owner in self._reads) or (one.writable and owner in self._writes):
                ready.append(one)
            else:
                del self.network.hot[one]
        return ready

    def _wait(self, delay: float | None) -> list[Socket]:
        """Move time on until somebody is ready, but no further than a delay."""
        network, pending = self.network, self._pendingTimedCalls
        until = None if delay is None else network.now + delay
        if until is not None and pending and abs(pending[0].time - until) < 1e-9:
            until = pending[0].time
        while not self._woken:
            event = network.events[0][0] if network.events else None
            if event is None and self._give_up(until):
                break
            if until is not None and (event is None or until < event):
                network.now = max(until, network.now)
                break
            assert event is not None
            network.now = max(event, network.now)
            network.deliver()
            ready = self._ready()
            if ready:
                return ready
        return []

    def _go(self, one: Socket, owner: Any) -> None:
        """Let a transport read, then write; end it if either says that the connection is over."""
        why, reading = None, True
        try:
            if one.readable and owner in self._reads:
                why = owner.doRead()
            if not why and one.owner is owner and one.writable and owner in self._writes:
                reading, why = False, owner.doWrite()
        except BaseException as raised:
            why = raised
            log.err()
        if why:
            self.removeReader(owner)
            if reading and type(why) is error.ConnectionDone:
                owner.readConnectionLost(Failure(why))
            else:
                self.removeWriter(owner)
                owner.connectionLost(Failure(why))

    # A test that cannot end

    def _start_counting(self) -> None:
        self._turns, self._since = 0, time.monotonic()

    def _give_up(self, until: float | None) -> bool:
        """Nothing is on its way. If only trial's own timeout is due, or nothing, end the wait: nothing can happen."""
        calls: list[Any] = list(self.getDelayedCalls())
        if not (calls or until is None) or len(calls) > 1 or not all(map(is_limit_of_trial, calls)):
            return False
        self._end(calls, Deadlock(f"Nothing is due any more, and {waits(self)}"))
        return True

    def _see_limits(self) -> None:
        """End a test that takes too long."""
        spent = time.monotonic() - self._since
        if self._turns > MOST_TURNS or spent > MOST_SECONDS:
            said = f"This took {self._turns} turns of the reactor and {spent:.0f} s of real time: it would hardly"
            limits = list(filter(is_limit_of_trial, self.getDelayedCalls()))
            self._end(limits, Endless(f"{said} end. Does a call repeat itself without any delay?"))
            self._start_counting()

    def _end(self, limits: list[Any], stuck: Stuck) -> None:
        """Fail the test that trial waits for, or else end the run."""
        if not limits:
            self._stuck = stuck
            return self.crash()
        [waited], late = limits[0].args, limits[0].func
        limits[0].cancel()
        inner = waited
        while inner.called and isinstance(inner.result, Deferred):
            inner = inner.result
        if inner.called:
            late(waited)
        else:
            inner.errback(Failure(stuck))

    # IReactorTCP, IReactorSSL, IReactorUNIX

    def listenTCP(self, port: Any, factory: Any, backlog: int = 50, interface: str = "") -> Any:
        one = Port(port, factory, backlog, interface, self)
        one.startListening()
        return one

    def connectTCP(
        self, host: str, port: Any, factory: Any, timeout: float = 30, bindAddress: Any = None
    ) -> Any:
        one = Connector(host, port, factory, timeout, bindAddress, self)
        one.connect()
        return one

    def listenSSL(
        self, port: Any, factory: Any, contextFactory: Any, *more: Any, **named: Any
    ) -> Any:
        one = self.listenTCP(port, tls(contextFactory, False, factory), *more, **named)
        one._type = "TLS"
        return one

    def connectSSL(
        self, host: str, port: Any, factory: Any, contextFactory: Any, *more: Any, **named: Any
    ) -> Any:
        return self.connectTCP(host, port, tls(contextFactory, True, factory), *more, **named)

    def listenUNIX(
        self, address: Any, factory: Any, backlog: int = 50, mode: int = 0o666, wantPID: int = 0
    ) -> Any:
        from . import unix

        one = unix.Port(address, factory, backlog, mode, self, wantPID)
        one.startListening()
        return one

    def connectUNIX(
        self, address: Any, factory: Any, timeout: float = 30, checkPID: int = 0
    ) -> Any:
        from . import unix

        one = unix.Connector(address, factory, timeout, self, checkPID)
        one.connect()
        return one

    # IReactorThreads

    def _initThreads(self) -> None:
        """Names are looked up in a job of the pool, as in Twisted, but in a table."""
        self.installNameResolver(GAIResolver(self, self.getThreadPool, look_up))

    def _initThreadPool(self) -> None:
        self.threadpool = Pool(self)
        self.threadpoolShutdownID = self.addSystemEventTrigger(
            "during", "shutdown", self._stopThreadPool
        )

    def callFromThread(self, f: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        in_job = threadable.ioThread is None
        if in_job and sys._getframe(1).f_code is blockingCallFromThread.__code__:
            raise NotSimulated("thread that blocks (blockingCallFromThread)")
        super().callFromThread(f, *args, **kwargs)


if platformType == "posix":
    classImplements(SimulatedReactor, interfaces.IReactorUNIX)
