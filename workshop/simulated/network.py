"""A network in memory: sockets that behave as Linux's do, and the events that are on their way.

Twisted's own transports run on these sockets, so what a protocol sees is Twisted's work. Here is only what is below it: a
close with unread bytes is a reset, as are bytes for a closed socket; a peer that does not read stops the writer.
"""

from __future__ import annotations

import errno
import os
import socket
from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count, cycle
from typing import Any

from .errors import NotSimulated
from .weather import History

EPOCH = 2.0**20  # when time begins: a float that is true, and precise to less than a nanosecond
TURN, LOOK, BYTE = 2.0**-17, 2.0**-20, 2.0**-30
"""Seconds that these take: a turn of the reactor, a look at its clock, a byte that is sent. So a wait for a time ends,
however busy the reactor is, and of two calls with the same delay the first is due first."""
ROOM = 2_500_000  # bytes that one direction holds for a reader that does not read, as on a Linux loopback
PORTS = range(32768, 65536)
UNIX = getattr(socket, "AF_UNIX", None)


def fault(number: int) -> OSError:
    """The error that a system call raises."""
    return OSError(number, os.strerror(number))


def local(host: str) -> bool:
    """Whether an address is one of this machine's."""
    return host in ("0.0.0.0", "::", "::1") or host.startswith(("127.", "fe80:"))


def meets(bound: Any, name: Any) -> bool:
    """Whether what comes for an address, or a path, comes to a bound one. As on Linux, :: takes IPv4 too."""
    if isinstance(bound, bytes) or isinstance(name, bytes):
        return bool(bound == name)
    (here, at), (host, port) = bound[:2], name[:2]
    return at == port and (here in (host, "::") or (here == "0.0.0.0" and ":" not in host))


class Network:
    """The time, the events on their way, and all sockets. hot: those that may be ready, in the order they became so."""

    def __init__(self) -> None:
        self.history = History()
        self.clear()

    def clear(self) -> None:
        """Start over: no sockets, no events, time at its beginning."""
        self.now = EPOCH
        self.sockets: dict[Socket, None] = {}
        self.hot: dict[Socket, None] = {}
        self.events: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self.orders, self.ports = count(), cycle(PORTS)
        self.connections, self.paths = count(1), count(1)

    def at(self, time: float, do: Callable[..., None], *args: Any) -> None:
        """Have something done by the network at a time: at once, if that is not in the future, and nothing else is due."""
        if time <= self.now and not (self.events and self.events[0][0] <= self.now):
            do(*args)
        else:
            heappush(self.events, (time, next(self.orders), do, args))

    def deliver(self) -> None:
        """Do what is due by now."""
        while self.events and self.events[0][0] <= self.now:
            _, _, do, args = heappop(self.events)
            do(*args)

    def free_port(self) -> int:
        """A port that nobody has: one after the other, so that each history has the same."""
        used = {one.name[1] for one in self.sockets if one.family != UNIX and one.name}
        return next(port for port in self.ports if port not in used)

    def listener(self, name: Any) -> Socket | None:
        """The socket that listens at an address, or at a path."""
        there = (one for one in self.sockets if one.waiting is not None and meets(one.bound, name))
        return next(there, None)


class Socket:
    """One end of a connection, or a listening socket, with the methods of socket.socket that Twisted's transports call."""

    error = 0  # pending, as for SO_ERROR
    connecting = connected = closed = False
    ended = dead = False  # the peer's end has arrived; a reset has
    shut_write = False
    room, on_the_way = ROOM, 0  # bytes
    label = ""  # whose bytes leave here: "1.client"
    owner: Any = None  # the reactor's selectable
    peer, name, peer_name = None, None, None  # type: Any, Any, Any
    bound: Any = None  # to an address, or to a path, by bind
    waiting: deque[Socket] | None = None  # if it listens: who has come
    _arrival = _back = 0.0  # when the last event arrives at the peer; when a slow reader is back

    def __init__(self, network: Network, family: int) -> None:
        self.network, self.family = network, family
        self.inbox = bytearray()
        self._options: dict[tuple[int, int], Any] = {}
        network.sockets[self] = None

    def __getattr__(self, name: str) -> Any:
        raise NotSimulated(f"socket.{name}")

    def touch(self) -> None:
        """Something changed: the reactor looks at this socket in its next turn."""
        if not self.closed:
            self.network.hot[self] = None

    @property
    def readable(self) -> bool:
        """Whether a read, or an accept, would not block."""
        if self.waiting is not None:
            return bool(self.waiting)
        ready = self.inbox or self.ended or self.dead or self.error
        return bool(ready) and self._back <= self.network.now

    @property
    def writable(self) -> bool:
        """Whether a write would not block. As on Linux, a third of the room must be free."""
        if self.dead or self.error or self.shut_write:
            return True
        return self.connected and self._used() * 3 <= self.room * 2

    def _used(self) -> int:
        """Bytes that are on their way to the peer, or wait there."""
        return self.on_the_way + (len(self.peer.inbox) if self.peer else 0)

    @property
    def _over(self) -> bool:
        """Whether both directions have ended, so that nothing more is sent; TCP only."""
        return self.shut_write and self.ended and self.family != UNIX

    def _pending(self) -> int:
        """The pending error, once."""
        error, self.error = self.error, 0
        return error

    def setblocking(self, flag: bool) -> None:
        """It never blocks."""

    def fileno(self) -> int:
        return -1 if self.closed else id(self)

    def getsockopt(self, level: int, option: int, size: int = 0) -> Any:
        if (level, option) == (socket.SOL_SOCKET, socket.SO_ERROR):
            return self._pending()
        return self._options.get((level, option), 0)

    def setsockopt(self, level: int, option: int, value: Any) -> None:
        self._options[level, option] = value

    def getsockname(self) -> Any:
        return self.name or ("" if self.family == UNIX else ("0.0.0.0", 0))

    def getpeername(self) -> Any:
        return self.peer_name

    def _address(self, call: str, name: Any) -> Any:
        """An address of this machine's for an empty one; elsewhere, as it is. A scope may be in the host's name too."""
        host, port, *rest = name
        if not 0 <= port <= PORTS[-1]:
            raise OverflowError(f"{call}(): port must be 0-65535.")
        all_hosts, loopback = ("::", "::1") if rest else ("0.0.0.0", "127.0.0.1")
        host = host.partition("%")[0] or all_hosts
        if host == "localhost" or (host == all_hosts and call != "bind"):
            host = loopback
        return (host, port, *rest)

    def bind(self, name: Any) -> None:
        if self.family == UNIX:
            return self._bind_path(os.fsencode(name))
        host, port, *rest = self._address("bind", name)
        if not local(host):
            raise fault(errno.EADDRNOTAVAIL)
        name = (host, port or self.network.free_port(), *rest)
        others = [one.bound for one in self.network.sockets if one.bound]
        if any(meets(one, name) or meets(name, one) for one in others):
            raise fault(errno.EADDRINUSE)
        self.name = self.bound = name

    def _bind_path(self, path: bytes) -> None:
        """Take a path. The system makes a file there, so that programs find, chmod and unlink it."""
        if path[:1] == b"\0":
            if self.network.listener(path):
                raise fault(errno.EADDRINUSE)
            self.name = self.bound = path
        else:
            with socket.socket(socket.AF_UNIX) as real:
                real.bind(path)
            self.name, self.bound = os.fsdecode(path), os.path.realpath(path)

    def listen(self, backlog: int = 0) -> None:
        self.waiting = deque()
        # Not by its path, which may be a temporary one: the weather's keys are the same in each run.
        path = isinstance(self.bound, bytes)
        self.label = f"path {next(self.network.paths)}" if path else f"port {self.name[1]}"

    def accept(self) -> tuple[Socket, Any]:
        if not self.waiting:
            raise fault(errno.EAGAIN)
        one = self.waiting.popleft()
        return one, one.peer_name

    def connect_ex(self, name: Any) -> int:
        if self.connecting or self.connected:
            return errno.EALREADY if self.connecting else errno.EISCONN
        network = self.network
        self.label = f"{next(network.connections)}.client"
        refused = bool(network.history.draw("refuse", self.label))
        if self.family == UNIX:  # the kernel connects at once
            path = os.fsencode(name)
            abstract = path[:1] == b"\0"
            listener = network.listener(path if abstract else os.path.realpath(path))
            if listener is None or refused:
                return errno.ECONNREFUSED if abstract or os.path.lexists(path) else errno.ENOENT
            self._join(listener, listener.name)
            return 0
        name = self._address("connect_ex", name)
        self.name = self.name or (name[0], network.free_port(), *name[2:])
        self.connecting = True
        # Nobody else is in this network: an attempt elsewhere is never answered, and ends by its timeout.
        if refused or local(name[0]):
            self._later("connect", self._arrive, name, refused)
        return errno.EINPROGRESS

    def _later(self, row: str, do: Callable[..., None], *args: Any) -> None:
        """Have something arrive at the other end, after all that is on its way there, and after what the weather adds."""
        delay = self.network.history.draw(row, self.label)
        self._arrival = max(self.network.now + delay, self._arrival)
        self.network.at(self._arrival, do, *args)

    def _arrive(self, name: Any, refused: bool) -> None:
        """The attempt has arrived where somebody listens, or not."""
        listener = None if refused else self.network.listener(name)
        if self.closed:
            return
        if listener is not None:
            return self._join(listener, name)
        self.connecting, self.error = False, errno.ECONNREFUSED
        self.touch()

    def _join(self, listener: Socket, name: Any) -> None:
        """Make the other end, and have it accepted."""
        network, history = self.network, self.network.history
        self.peer = server = Socket(network, listener.family)
        server.label = self.label.replace("client", "server")
        server.peer, self.peer_name, names = self, name, [name, self.getsockname()]
        if server.family != self.family:
            names = [(f"::ffff:{host}", port, 0, 0) for host, port in names]
        server.name, server.peer_name = names
        server._options = dict(listener._options)
        for end in (self, server):
            end.connecting, end.connected = False, True
            end.room = int(history.draw("room", end.label)) or end.room
        network.at(network.now + history.draw("accept", server.label), listener._come, server)
        # After the listener: it was there first, so on every real reactor a quiet line accepts first.
        self.touch()

    def _come(self, server: Socket) -> None:
        """A connection can be accepted, unless nobody listens any more."""
        if self.closed or self.waiting is None:
            server.close(reset=True)
        else:
            self.waiting.append(server)
            self.touch()

    def send(self, data: Any) -> int:
        if self.closed or (self.family == UNIX and self.peer and self.peer.closed):
            raise fault(errno.EBADF if self.closed else errno.EPIPE)
        if error := self._pending():
            raise fault(error)
        if not self.connected or self.shut_write or self.dead:
            raise fault(errno.EPIPE)
        length = min(len(data), self.room - self._used())
        if length <= 0:
            raise fault(errno.EAGAIN)
        self.network.now += length * BYTE
        self.on_the_way += length
        lost = self.network.history.draw("lose", self.label)
        self._later("latency", self._bytes, b"" if lost else bytes(data[:length]), length)
        return length

    def _bytes(self, data: bytes, length: int) -> None:
        """Bytes have arrived at the other end, or are lost, and the connection with them."""
        self.on_the_way -= length
        if not data:
            self._reset()
            self.peer._reset()
        elif self.peer.closed:
            self.peer._later("end", self._reset)
        elif not self.peer.dead:
            self.peer.inbox += data
            self.peer.touch()

    def _reset(self) -> None:
        """A reset has arrived. An end that has seen its peer's end learns of it only when it writes."""
        if self.connected and not self.closed and not self.dead and not self._over:
            self.dead = True
            self.error = errno.EPIPE if self.ended and self.family != UNIX else errno.ECONNRESET
            self.touch()

    def recv(self, size: int) -> bytes:
        if self.inbox:
            history, whose = self.network.history, self.peer.label
            there = min(size, len(self.inbox))
            there = int(history.draw("cut", whose, there)) or there
            data = bytes(self.inbox[:there])
            del self.inbox[:there]
            self.peer.touch()
            self._back = self.network.now + history.draw("slow", whose)
            self.network.at(self._back, self.touch)
            return data
        if self.ended and self.family != UNIX:
            return b""
        if error := self._pending():
            raise fault(error)
        if self.ended or self.dead:
            return b""
        raise fault(errno.EAGAIN)

    def shutdown(self, how: int) -> None:
        if how == socket.SHUT_RD:
            raise NotSimulated("socket.shutdown(SHUT_RD)")
        if not self.connected or self._over or (self.dead and self.family != UNIX):
            raise fault(errno.ENOTCONN)
        if not self.shut_write:  # after SHUT_RDWR, Twisted's transports close at once
            self.shut_write = True
            self._later("end", self._end)

    def _end(self) -> None:
        """The end of this direction has arrived at the other end."""
        if not self.peer.dead:
            self.peer.ended = True
            self.peer.touch()

    def close(self, reset: bool = False) -> None:
        if self.closed:
            return
        self.closed, self.owner = True, None
        self.network.sockets.pop(self, None)
        self.network.hot.pop(self, None)
        for one in self.waiting or ():
            one.close(reset=True)
        linger = self.family != UNIX and self._options.get((socket.SOL_SOCKET, socket.SO_LINGER))
        if self.connected and not self.dead and not self._over:
            if self.inbox or linger or reset:
                self._later("end", self.peer._reset)
            elif not self.shut_write:
                self.shutdown(socket.SHUT_WR)
