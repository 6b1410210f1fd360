"""A network in memory: sockets that behave as a kernel's do, and the events that are on their way.

Twisted's own transports run on these sockets, so what a protocol sees is Twisted's work. Here is only what Linux does below
it: a close with unread bytes is a reset; bytes that arrived before a reset can still be read; bytes for a closed socket are
answered by a reset; a peer that does not read stops the writer.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Any

from .errors import NotSimulated
from .weather import HALF, MOST, ONE, History

EPOCH = 2.0**20
"""Where time begins: a float that is true, and leaves room for less than a nanosecond."""
TURN, BYTE = 2.0**-17, 2.0**-30
"""Seconds that a turn of the reactor takes, and a byte that is sent: waits for a time end, however busy the reactor is."""
ROOM, ROOM_OF_UNIX = 2_500_000, 200_000
"""Bytes that one direction holds for a reader that does not read, as on a Linux loopback."""
FIRST_PORT, LAST_PORT = 32768, 65535
ANY = ("", "0.0.0.0", "::")
UNIX = getattr(socket, "AF_UNIX", None)


def fault(number: int) -> OSError:
    """The error that a system call raises."""
    return OSError(number, os.strerror(number))


def local(host: str) -> bool:
    """Whether an address is one of this machine's."""
    return host in (*ANY, "::1") or host.startswith(("127.", "fe80:"))


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
        self.orders, self.connections, self.ports = count(), count(1), count(FIRST_PORT)
        self.paths = count(1)
        self.descriptors = count(1_000_000)  # far above those of a real process

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
        port = next(port for port in self.ports if port not in used)
        if port > LAST_PORT:
            raise fault(errno.EADDRINUSE)
        return port

    def listener(self, family: int, name: Any) -> Socket | None:
        """The socket that listens there: at a path, or at an address."""
        for one in self.sockets:
            if one.waiting is not None and one.family == family:
                if family == UNIX and one.path == name:
                    return one
                if family != UNIX and one.name[1] == name[1] and one.name[0] in (name[0], *ANY):
                    return one
        return None


class Socket:
    """One end of a connection, or a listening socket, with the methods of socket.socket that Twisted's transports call."""

    type, proto = socket.SOCK_STREAM, 0
    error = 0  # pending, as for SO_ERROR
    connecting = connected = closed = False
    ended = dead = False  # the peer's end has arrived; a reset has
    shut_read = shut_write = False
    on_the_way = 0  # bytes
    label = ""  # whose bytes leave here: "1.client"
    owner: Any = None  # the reactor's selectable
    peer: Any = None
    name: Any = None
    peer_name: Any = None
    path: bytes | None = None
    waiting: deque[Socket] | None = None  # if it listens: who has come
    _arrival = _back = 0.0  # when the last event arrives at the peer; when a slow reader is back

    def __init__(self, network: Network, family: int) -> None:
        self.network, self.family = network, family
        self.inbox = bytearray()
        self.room = ROOM_OF_UNIX if family == UNIX else ROOM
        self._options: dict[tuple[int, int], Any] = {}
        self._descriptor = next(network.descriptors)
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
        ready = self.inbox or self.ended or self.dead or self.error or self.shut_read
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

    def _raise_pending(self) -> None:
        """Raise the pending error, once."""
        if self.error:
            error, self.error = self.error, 0
            raise fault(error)

    # Calls of socket.socket

    def setblocking(self, flag: bool) -> None:
        if flag:
            raise NotSimulated("blocking socket")

    def fileno(self) -> int:
        return -1 if self.closed else self._descriptor

    def getsockopt(self, level: int, option: int, size: int = 0) -> Any:
        if (level, option) == (socket.SOL_SOCKET, socket.SO_ERROR):
            error, self.error = self.error, 0
            return error
        return self._options.get((level, option), 0)

    def setsockopt(self, level: int, option: int, value: Any) -> None:
        self._options[level, option] = value

    def getsockname(self) -> Any:
        if self.name is None:
            return "" if self.family == UNIX else self._address("0.0.0.0", 0)
        return self.name

    def getpeername(self) -> Any:
        if self.peer_name is None:
            raise fault(errno.ENOTCONN)
        return self.peer_name

    def _parts(self, call: str, name: Any) -> tuple[str, int, list[int]]:
        """The host, the port and the scope of an address. A scope may be in the host's name too."""
        host, port, *rest = name
        if not 0 <= port <= LAST_PORT:
            raise OverflowError(f"{call}(): port must be 0-65535.")
        return host.partition("%")[0], port, rest[1:2]

    def _address(self, host: str, port: int, scope: int = 0) -> Any:
        """An address of this family."""
        if self.family == socket.AF_INET6:
            return ("::" if host in ANY else host, port, 0, scope)
        return (host, port)

    def bind(self, name: Any) -> None:
        if self.family == UNIX:
            return self._bind_path(os.fsencode(name))
        host, port, scope = self._parts("bind", name)
        host = {"localhost": "127.0.0.1", "": "0.0.0.0"}.get(host, host)
        if not local(host):
            raise fault(errno.EADDRNOTAVAIL)
        if port and any(self._conflicts(one, host, port) for one in self.network.sockets):
            raise fault(errno.EADDRINUSE)
        self.name = self._address(host, port or self.network.free_port(), *scope)

    def _conflicts(self, other: Socket, host: str, port: int) -> bool:
        """Whether another socket keeps this one from taking an address, as on Linux."""
        if other is self or other.family != self.family or not other.name or other.name[1] != port:
            return False
        if self._both(other, "SO_REUSEPORT"):
            return False
        if self._both(other, "SO_REUSEADDR") and other.waiting is None:
            return False
        return host == other.name[0] or host in ANY or other.name[0] in ANY

    def _both(self, other: Socket, name: str) -> bool:
        """Whether both sockets have an option."""
        option = (socket.SOL_SOCKET, getattr(socket, name, -1))
        return bool(self._options.get(option) and other._options.get(option))

    def _bind_path(self, path: bytes) -> None:
        """Take a path. A file is made there, as the kernel does, so that programs find, chmod and unlink it."""
        if path[:1] == b"\0":
            if self.network.listener(self.family, path):
                raise fault(errno.EADDRINUSE)
            self.name = self.path = path
            return
        if len(path) > 107:
            raise OSError("AF_UNIX path too long")
        try:
            os.mknod(path, stat.S_IFSOCK | 0o777)
        except FileExistsError:
            raise fault(errno.EADDRINUSE) from None
        except (AttributeError, PermissionError):  # not on Linux
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        self.name, self.path = os.fsdecode(path), os.path.realpath(path)

    def listen(self, backlog: int = 0) -> None:
        self.waiting = deque()
        # Not by its path, which may be a temporary one: the weather's keys are the same in each run.
        unix = self.family == UNIX
        self.label = f"path {next(self.network.paths)}" if unix else f"port {self.name[1]}"

    def accept(self) -> tuple[Socket, Any]:
        if not self.waiting:
            raise fault(errno.EAGAIN)
        one = self.waiting.popleft()
        return one, one.peer_name

    def connect_ex(self, name: Any) -> int:
        if self.connecting or self.connected:
            return errno.EALREADY if self.connecting else errno.EISCONN
        network, path, host, port = self.network, b"", "", 0
        if self.family == UNIX:
            path = os.fsencode(name)
            name = path if path[:1] == b"\0" else os.path.realpath(path)
        else:
            host, port, scope = self._parts("connect_ex", name)
            host = "127.0.0.1" if host in ("", "0.0.0.0") else "::1" if host == "::" else host
            name = self._address(host, port, *scope)
            self.name = self.name or self._address(host, network.free_port(), *scope)
        self.label = f"{next(network.connections)}.client"
        refused = bool(network.history.draw("refuse", self.label))
        if self.family == UNIX:  # the kernel connects at once
            listener = network.listener(self.family, name)
            if listener is None or refused:
                there = path[:1] == b"\0" or os.path.lexists(path)
                return errno.ECONNREFUSED if there else errno.ENOENT
            self._join(listener, listener.name)
            return 0
        self.connecting = True
        # Nobody else is in this network: an attempt elsewhere is never answered, and ends by its timeout.
        if refused or local(host):
            self._later("connect", self._arrive, name, refused)
        return errno.EINPROGRESS

    def _later(self, row: str, do: Callable[..., None], *args: Any) -> None:
        """Have something arrive at the other end, after all that is on its way there, and after what the weather adds."""
        delay = self.network.history.draw(row, self.label)
        self._arrival = max(self.network.now + delay, self._arrival)
        self.network.at(self._arrival, do, *args)

    def _arrive(self, name: Any, refused: bool) -> None:
        """The attempt has arrived where somebody listens, or not."""
        listener = None if refused else self.network.listener(self.family, name)
        if self.closed:
            return
        if listener is None:
            self.connecting, self.error = False, errno.ECONNREFUSED
            self.touch()
        else:
            self._join(listener, name)

    def _join(self, listener: Socket, name: Any) -> None:
        """Make the other end, and have it accepted."""
        network, history = self.network, self.network.history
        self.peer = server = Socket(network, self.family)
        server.label = self.label.replace("client", "server")
        server.name = self.peer_name = name
        server.peer, server.peer_name = self, self.getsockname()
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
            server._abort()
        else:
            self.waiting.append(server)
            self.touch()

    def send(self, data: Any) -> int:
        if self.closed:
            raise fault(errno.EBADF)
        if self.family == UNIX and self.peer and (self.peer.closed or self.peer.shut_read):
            raise fault(errno.EPIPE)
        self._raise_pending()
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
        elif self.peer.closed or (self.peer.shut_read and self.peer.shut_write):
            self.peer._reset()
            self.peer._reset_peer()
        elif not self.peer.dead:
            self.peer.inbox += data
            self.peer.touch()

    def _reset_peer(self) -> None:
        """Have the other end reset."""
        self._later("end", self.peer._reset)

    def _reset(self) -> None:
        """A reset has arrived. An end that has seen its peer's end learns of it only when it writes."""
        if self.connected and not self.closed and not self.dead and not self._over:
            self.dead = True
            self.error = errno.EPIPE if self.ended and self.family != UNIX else errno.ECONNRESET
            self.touch()

    def recv(self, size: int) -> bytes:
        if self.closed:
            raise fault(errno.EBADF)
        if self.inbox:
            history, now = self.network.history, self.network.now
            there = min(size, len(self.inbox))
            cut = int(history.draw("cut", self.peer.label)) if there > 1 else 0
            there = {ONE: 1, HALF: there // 2, MOST: there - 1}.get(cut, there)
            data = bytes(self.inbox[:there])
            del self.inbox[:there]
            self.peer.touch()
            self._back = now + history.draw("slow", self.peer.label)
            self.network.at(self._back, self.touch)
            return data
        if self.ended and self.family != UNIX:
            return b""
        self._raise_pending()
        if self.ended or self.dead or self.shut_read:
            return b""
        raise fault(errno.EAGAIN)

    def shutdown(self, how: int) -> None:
        if not self.connected or self._over or (self.dead and self.family != UNIX):
            raise fault(errno.ENOTCONN)
        if how != socket.SHUT_WR:
            self.shut_read = True
            self.touch()
        if how != socket.SHUT_RD and not self.shut_write:
            self.shut_write = True
            self._later("end", self._end)

    def _end(self) -> None:
        """The end of this direction has arrived at the other end."""
        if not self.peer.dead:
            self.peer.ended = True
            self.peer.touch()

    def _abort(self) -> None:
        """Close with a reset: nobody will accept this connection."""
        self.inbox += b"unread"
        self.close()

    def close(self) -> None:
        if self.closed:
            return
        self.closed, self.owner = True, None
        self.network.sockets.pop(self, None)
        self.network.hot.pop(self, None)
        for one in self.waiting or ():
            one._abort()
        linger = self.family != UNIX and self._options.get((socket.SOL_SOCKET, socket.SO_LINGER))
        if self.connected and not self.dead and not self._over:
            if self.inbox or linger:
                self._reset_peer()
            elif not self.shut_write:
                self.shut_write = True
                self._later("end", self._end)
