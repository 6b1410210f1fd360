"""The reactor: Twisted's own base, transports and ports, over the sockets of network.py and a clock that is moved on."""

from __future__ import annotations

import functools
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from twisted.internet import base, error, task, tcp
from twisted.internet._resolver import GAIResolver
from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IHalfCloseableDescriptor,
    IReactorFDSet,
    IReactorSSL,
    IReactorTCP,
    IReactorUNIX,
)
from twisted.internet.threads import blockingCallFromThread
from twisted.python import log
from twisted.python.failure import Failure
from twisted.python.runtime import platformType
from zope.interface import classImplements, implementer

from .errors import Deadlock, Endless, NotSimulated, Stuck
from .network import TURN, Network, Socket
from .waiting import is_limit_of_trial, waits
from .weather import History

MOST_TURNS = 1_000_000
MOST_SECONDS = 60.0
"""What one test may take: turns of the reactor, and real seconds."""
RUN = "This calls reactor.run(); in a test, trial runs the reactor: return a Deferred, or await it."
STEP = 2.0**-17
"""Seconds that a step of a cooperative task takes."""
NAMES = {"localhost": ("127.0.0.1", "::1")}
LACKS = {
    "spawnProcess": "processes",
    "listenUDP": "UDP",
    "listenMulticast": "multicast",
    "listenUNIXDatagram": "UNIX datagrams",
    "connectUNIXDatagram": "UNIX datagrams",
    "adoptStreamPort": "adopted sockets",
    "adoptStreamConnection": "adopted sockets",
    "adoptDatagramPort": "adopted sockets",
}
"""By a reactor's method: what the simulation has not."""


class Client(tcp.Client):
    """A TCP client's transport, on a simulated socket."""

    def createInternetSocket(self) -> Any:
        """The socket, before it connects."""
        return Socket(self.connector.reactor.network, self.addressFamily)


class Connector(tcp.Connector):
    """Makes such transports."""

    def _makeTransport(self) -> Any:
        return Client(self.host, self.port, self.bindAddress, self, self.reactor)


class Port(tcp.Port):
    """A TCP port, on a simulated socket."""

    def createInternetSocket(self) -> Any:
        """The socket, before it listens."""
        one = Socket(self.reactor.network, self.addressFamily)
        for name, asked in (("ADDR", self._reuseAddress), ("PORT", self._reusePort)):
            if asked and hasattr(socket, f"SO_REUSE{name}") and platformType == "posix":
                one.setsockopt(socket.SOL_SOCKET, getattr(socket, f"SO_REUSE{name}"), 1)
        return one


@functools.cache
def unix_classes() -> tuple[Any, Any]:
    """The port and the connector for UNIX streams. Made when needed: not every platform can import Twisted's."""
    from twisted.internet import unix

    class Stream:
        """What passes descriptors in Twisted's transports, left out."""

        doRead = tcp.Connection.doRead

        def sendFileDescriptor(self, fileno: int) -> None:
            """Descriptors belong to real sockets."""
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

        def createInternetSocket(self) -> Any:
            return Socket(self.reactor.network, socket.AF_UNIX)

    class UNIXConnector(unix.Connector):
        """Makes such clients."""

        def _makeTransport(self) -> Any:
            return UNIXClient(self.address, self, self.reactor, self.checkPID)

    return UNIXPort, UNIXConnector


class Call(base.DelayedCall):
    """A delayed call. Of two that are due at once, the one that was made first is first: virtual time does not move between them."""

    order = 0

    def __lt__(self, other: Any) -> bool:
        return (self.time, self.order) < (other.time, other.order)

    def __le__(self, other: Any) -> bool:
        return (self.time, self.order) <= (other.time, other.order)


class Pool:
    """A thread pool whose jobs run in virtual time, when they are due, in the reactor's own thread."""

    def __init__(self, reactor: SimulatedReactor) -> None:
        self._reactor = reactor
        self.min, self.max = 0, 10
        self.jobs = 0

    def callInThread(self, func: Callable[..., Any], *args: Any, **named: Any) -> None:
        """Run a function soon."""
        self.callInThreadWithCallback(None, func, *args, **named)

    def callInThreadWithCallback(
        self, done: Callable[[bool, Any], Any] | None, func: Callable[..., Any], *args: Any, **named: Any
    ) -> None:
        """Run a function soon, and pass on what it returns or raises."""
        self.jobs += 1
        network = self._reactor.network
        late = network.history.draw("thread", f"job {self.jobs}")
        network.at(network.now + late, self._run, done, func, args, named)

    def _run(self, done: Callable[[bool, Any], Any] | None, func: Any, args: Any, named: Any) -> None:
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
        self._reactor.wakeUp()

    def start(self) -> None:
        """There is nothing to start."""

    stop = start

    def adjustPoolsize(self, minthreads: int | None = None, maxthreads: int | None = None) -> None:
        """Remember the numbers. There are no threads to count."""
        self.min = self.min if minthreads is None else minthreads
        self.max = self.max if maxthreads is None else maxthreads


@implementer(IReactorFDSet, IReactorTCP, IReactorSSL)
class SimulatedReactor(base.ReactorBase):
    """Runs Twisted code on a simulated network, in virtual time. history: what its weather decides."""

    in_job = False
    test: Any = None
    """The test that runs, of trial."""
    _stuck: Stuck | None = None
    _woken = False

    def __init__(self) -> None:
        self.network = Network()
        self._reads: dict[Any, None] = {}
        self._writes: dict[Any, None] = {}
        self._orders = 0
        self.limits()
        super().__init__()
        self._initThreads()

    def __getattr__(self, name: str) -> Any:
        if name in LACKS:
            raise NotSimulated(f"{LACKS[name]} (reactor.{name})")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def limits(self) -> None:
        """Count turns and seconds from here."""
        self._turns, self._since = 0, time.monotonic()

    # Time

    def seconds(self) -> float:
        """Virtual time."""
        return self.network.now

    def callLater(self, delay: float, callable: Callable[..., Any], *args: Any, **named: Any) -> Any:
        """See IReactorTime."""
        assert delay >= 0, f"{delay} is not greater than or equal to 0 seconds"
        call = Call(
            self.seconds() + delay,
            callable,
            args,
            named,
            self._cancelCallLater,
            self._moveCallLaterSooner,
            self.seconds,
        )
        self._orders += 1
        call.order = self._orders
        self._newTimedCalls.append(call)
        return call

    # Descriptors

    def _add(self, them: dict[Any, None], one: Any) -> None:
        """Look at a transport or a port, from now on."""
        its = getattr(one, "socket", None)
        if not isinstance(its, Socket):
            raise NotSimulated(f"real file descriptors ({one!r})")
        its.owner = one
        them[one] = None
        its.touch()

    def addReader(self, reader: Any) -> None:
        """See IReactorFDSet."""
        self._add(self._reads, reader)

    def addWriter(self, writer: Any) -> None:
        """See IReactorFDSet."""
        self._add(self._writes, writer)

    def removeReader(self, reader: Any) -> None:
        """See IReactorFDSet."""
        self._reads.pop(reader, None)

    def removeWriter(self, writer: Any) -> None:
        """See IReactorFDSet."""
        self._writes.pop(writer, None)

    def getReaders(self) -> list[Any]:
        """See IReactorFDSet."""
        return list(self._reads)

    def getWriters(self) -> list[Any]:
        """See IReactorFDSet."""
        return list(self._writes)

    def removeAll(self) -> list[Any]:
        """See IReactorFDSet."""
        them = list(self._reads | self._writes)
        self._reads.clear()
        self._writes.clear()
        return them

    # The loop

    def installWaker(self) -> None:
        """Nothing sleeps for real."""

    def wakeUp(self) -> None:
        """Have the next turn not wait."""
        self._woken = True

    def run(self, installSignalHandlers: bool = True) -> None:
        """See IReactorCore. Raises Stuck if nothing can happen any more."""
        if self._started:
            raise error.ReactorAlreadyRunning(f"The reactor runs already. {RUN}")
        self._stuck = None
        self.limits()
        with self._slices():
            super().run(installSignalHandlers)
        if self._stuck is not None:
            if self.test is not None:
                self._stuck.args = (f"{self._stuck}\n{RUN}",)
            raise self._stuck

    @contextmanager
    def _slices(self) -> Iterator[None]:
        """Twisted's cooperator works for 0.01 s at a time by the real clock. Here a step of it takes virtual time."""

        def over(timer: Any) -> bool:
            self.network.now += STEP
            return self.network.now >= timer.end

        timer = task._Timer
        kept = timer.__init__, timer.__call__
        setattr(timer, "__init__", lambda it: setattr(it, "end", self.network.now + timer.MAX_SLICE))
        setattr(timer, "__call__", over)
        try:
            yield
        finally:
            for name, method in zip(("__init__", "__call__"), kept, strict=True):
                setattr(timer, name, method)

    def doIteration(self, delay: float | None) -> None:
        """One turn: see who is ready; if nobody is, move time on to what is due next; let those who are ready go."""
        network = self.network
        self._turns += 1
        if not self._turns & 1023 or self._turns > MOST_TURNS:
            self._see_limits()
        network.deliver()
        ready = self._ready()
        woken, self._woken = self._woken, False
        if ready or woken or (delay is not None and delay <= 0):
            network.now += TURN
        else:
            ready = self._wait(delay)
        while ready:
            which = 0
            if len(ready) > 1:
                label = ready[0].label
                which = int(network.history.draw("order", label, len(ready)))
            one = ready.pop(which)
            owner = one.owner
            if owner is not None and (owner in self._reads or owner in self._writes):
                log.callWithLogger(owner, self._go, one, owner)

    def _ready(self) -> list[Socket]:
        """The sockets that can read or write, and whose transports want to, in the order in which they became so."""
        ready = []
        hot = self.network.hot
        for one in list(hot):
            owner = one.owner
            if (one.readable and owner in self._reads) or (one.writable and owner in self._writes):
                ready.append(one)
            else:
                del hot[one]
        return ready

    def _wait(self, delay: float | None) -> list[Socket]:
        """Move time on until somebody is ready, but no further than a delay."""
        network = self.network
        until = None if delay is None else network.now + delay
        head = self._pendingTimedCalls[0].time if self._pendingTimedCalls else None
        if until is not None and head is not None and abs(head - until) < 1e-9:
            until = head
        while not self._woken:
            event = network.next()
            if event is None and (until is None or until == head) and self._give_up():
                break
            if event is None or (until is not None and until < event):
                assert until is not None
                network.now = max(until, network.now)
                break
            network.now = max(event, network.now)
            network.deliver()
            ready = self._ready()
            if ready:
                return ready
        return []

    def _go(self, one: Socket, owner: Any) -> None:
        """Let a transport read, then write."""
        try:
            why, reading = None, True
            if one.readable and owner in self._reads:
                why = owner.doRead()
            if not why and one.owner is owner and one.writable and owner in self._writes:
                reading, why = False, owner.doWrite()
        except BaseException as raised:
            why = raised
            log.err()
        if why:
            self._disconnect(owner, why, reading)

    def _disconnect(self, owner: Any, why: BaseException, reading: bool) -> None:
        """A read or write has said that the connection is over, or, for a read, that the peer has ended its half."""
        self.removeReader(owner)
        done = type(why) is error.ConnectionDone
        reason = Failure(type(why)()) if done or type(why) is error.ConnectionLost else Failure(why)
        if done and reading and IHalfCloseableDescriptor.providedBy(owner):
            owner.readConnectionLost(reason)
        else:
            self.removeWriter(owner)
            owner.connectionLost(reason)

    # A test that cannot end

    def _limit_of_trial(self) -> Any:
        """Trial's own timeout, if that is the only call that is due."""
        calls = self.getDelayedCalls()
        return calls[0] if len(calls) == 1 and is_limit_of_trial(calls[0]) else None

    def _give_up(self) -> bool:
        """Nothing is on its way. If that means that nothing can happen any more, end the wait."""
        limit = self._limit_of_trial()
        if limit is None and self.getDelayedCalls():
            return False
        self._end(limit, Deadlock(f"Nothing is due any more, and {waits(self)}"))
        return True

    def _see_limits(self) -> None:
        """End a test that takes too long."""
        if self._turns > MOST_TURNS or time.monotonic() - self._since > MOST_SECONDS:
            spent = f"{self._turns} turns of the reactor and {time.monotonic() - self._since:.0f} s"
            limits = [call for call in self.getDelayedCalls() if is_limit_of_trial(call)]
            self._end(
                limits[0] if limits else None,
                Endless(f"This took {spent}: it would hardly end. Does a call repeat itself without any delay?"),
            )
            self.limits()

    def _end(self, limit: Any, stuck: Stuck) -> None:
        """Fail the test that waits, or else end the run."""
        if limit is None:
            self._stuck = stuck
            self.crash()
            return
        [waited] = limit.args
        limit.cancel()
        while waited.called and isinstance(waited.result, Deferred):
            waited = waited.result
        if waited.called:
            limit.func(*limit.args)
        else:
            waited.errback(Failure(stuck))

    def begin(self, history: History) -> None:
        """Begin a history. If nothing is left of the last one, time and all numbers begin anew, so that it is always the same."""
        self.network.history = history
        self.limits()
        if not (self._reads or self._writes or self.getDelayedCalls()):
            self.network.clear()

    # Connections

    def listenTCP(self, port: Any, factory: Any, backlog: int = 50, interface: str = "") -> Any:
        """See IReactorTCP."""
        one = Port(port, factory, backlog, interface, self)
        one.startListening()
        return one

    def connectTCP(
        self, host: str, port: Any, factory: Any, timeout: float = 30, bindAddress: Any = None
    ) -> Any:
        """See IReactorTCP."""
        one = Connector(host, port, factory, timeout, bindAddress, self)
        one.connect()
        return one

    def listenSSL(
        self, port: Any, factory: Any, contextFactory: Any, backlog: int = 50, interface: str = ""
    ) -> Any:
        """See IReactorSSL."""
        one = self.listenTCP(port, tls(contextFactory, False, factory), backlog, interface)
        one._type = "TLS"
        return one

    def connectSSL(
        self,
        host: str,
        port: Any,
        factory: Any,
        contextFactory: Any,
        timeout: float = 30,
        bindAddress: Any = None,
    ) -> Any:
        """See IReactorSSL."""
        return self.connectTCP(host, port, tls(contextFactory, True, factory), timeout, bindAddress)

    def listenUNIX(
        self, address: Any, factory: Any, backlog: int = 50, mode: int = 0o666, wantPID: int = 0
    ) -> Any:
        """See IReactorUNIX."""
        one = unix_classes()[0](address, factory, backlog, mode, self, wantPID)
        one.startListening()
        return one

    def connectUNIX(self, address: Any, factory: Any, timeout: float = 30, checkPID: int = 0) -> Any:
        """See IReactorUNIX."""
        one = unix_classes()[1](address, factory, timeout, self, checkPID)
        one.connect()
        return one

    # Threads and names

    def _initThreads(self) -> None:
        """Names are looked up in a job of the pool, as in Twisted, but in a table."""
        self.installNameResolver(GAIResolver(self, self.getThreadPool, look_up))

    def getThreadPool(self) -> Any:
        """See IReactorThreads."""
        if self.threadpool is None:
            self.threadpool = Pool(self)
            self._pool_end = self.addSystemEventTrigger("during", "shutdown", self._stopThreadPool)
        return self.threadpool

    def _stopThreadPool(self) -> None:
        """Forget the pool. Trial calls this after each test."""
        with suppress(ValueError):
            self.removeSystemEventTrigger(self._pool_end)
        self.threadpool = None

    def callInThread(self, _callable: Callable[..., Any], *args: Any, **named: Any) -> None:
        """See IReactorInThreads."""
        self.getThreadPool().callInThread(_callable, *args, **named)

    def suggestThreadPoolSize(self, size: int) -> None:
        """See IReactorThreads."""
        self.getThreadPool().adjustPoolsize(maxthreads=size)

    def callFromThread(self, f: Callable[..., Any], *args: Any, **named: Any) -> None:
        """See IReactorFromThreads."""
        assert callable(f), f"{f} is not callable"
        if self.in_job and sys._getframe(1).f_code is blockingCallFromThread.__code__:
            raise NotSimulated("thread that blocks (blockingCallFromThread)")
        self.threadCallQueue.append((f, args, named))
        self.wakeUp()


if platformType == "posix":
    classImplements(SimulatedReactor, IReactorUNIX)


def tls(context: Any, client: bool, factory: Any) -> Any:
    """A factory that adds TLS. pyOpenSSL is needed only here."""
    try:
        from twisted.protocols.tls import TLSMemoryBIOFactory
    except ImportError:
        raise NotSimulated("TLS without pyOpenSSL") from None
    return TLSMemoryBIOFactory(context, client, factory)


def look_up(host: Any, port: Any, family: int = 0, kind: int = 0, *_: Any) -> list[Any]:
    """As getaddrinfo: addresses are their own names, and localhost is here. No other host is."""
    host = host.decode("ascii") if isinstance(host, bytes) else host
    hosts = NAMES.get(host.rstrip(".").lower(), (host,))
    found: list[Any] = []
    for one in hosts:
        if isIPAddress(one) and family in (0, socket.AF_INET):
            found.append((socket.AF_INET, kind, 0, "", (one, port)))
        elif isIPv6Address(one) and family in (0, socket.AF_INET6):
            found.append((socket.AF_INET6, kind, 0, "", (one, port, 0, 0)))
    if not found:
        raise socket.gaierror(socket.EAI_NONAME, f"The simulated network has no host {host!r}.")
    return found
