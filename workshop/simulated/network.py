"""A network in memory: sockets that behave as a kernel's do, and the events that are on their way.

Twisted's own transports run on these sockets, so what a protocol sees is Twisted's work. Here is only what the kernel
does below it. As on Linux: a close with unread bytes is a reset; bytes that arrived before a reset can still be read;
bytes for a socket that was closed are answered by a reset; a peer that does not read stops the writer.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

from .errors import NotSimulated
from .weather import HALF, MOST, ONE, History

EPOCH = 2.0**20
"""Where time begins: a float that leaves room for less than a nanosecond, and is true."""
TURN = 2.0**-17
"""Seconds that a turn of the reactor takes: some 8 µs. A sum of them is exact."""
BYTE = 2.0**-30
"""Seconds that a byte takes to send: without them, a stream without an end would end before any timeout."""
ROOM, ROOM_OF_UNIX = 2_500_000, 200_000
"""Bytes that one direction holds for a reader that does not read, as on a Linux loopback."""
FIRST_PORT, LAST_PORT = 32768, 65535
ANY = ("", "0.0.0.0", "::")
UNIX = getattr(socket, "AF_UNIX", None)


def fault(number: int) -> OSError:
    """The error that a system call raises."""
    return OSError(number, os.strerror(number))


class Network:
    """All sockets, the events on their way, and the time. hot: the sockets that may be ready, in the order they became so."""

    def __init__(self) -> None:
        self.history = History()
        self.clear()

    def clear(self) -> None:
        """Begin anew: no sockets, no events, time at its beginning."""
        self.now = EPOCH
        self.sockets: dict[Socket, None] = {}
        self.hot: dict[Socket, None] = {}
        self._events: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._order = self._connections = self._descriptor = 0
        self._port = FIRST_PORT

    def at(self, time: float, do: Callable[..., None], *args: Any) -> None:
        """Have something done by the network at a time."""
        self._order += 1
        heappush(self._events, (time, self._order, do, args))

    def next(self) -> float | None:
        """When the next event is due."""
        return self._events[0][0] if self._events else None

    def deliver(self) -> None:
        """Do what is due by now."""
        events = self._events
        while events and events[0][0] <= self.now:
            _, _, do, args = heappop(events)
            do(*args)

    def number(self) -> int:
        """The number of a new connection."""
        self._connections += 1
        return self._connections

    def descriptor(self) -> int:
        """A number for fileno(), far above those of a real process."""
        self._descriptor += 1
        return 1_000_000 + self._descriptor

    def free_port(self) -> int:
        """A port that nobody has: one after the other, so that each history has the same."""
        used = {one.name[1] for one in self.sockets if one.family != UNIX and one.name}
        while self._port in used:
            self._port += 1
        self._port += 1
        if self._port > LAST_PORT:
            raise fault(errno.EADDRINUSE)
        return self._port - 1

    def listener(self, family: int, name: Any) -> Socket | None:
        """The socket that listens there."""
        for one in self.sockets:
            if one.waiting is not None and one.family == family:
                if family == UNIX:
                    if one.path == name:
                        return one
                elif one.name[1] == name[1] and one.name[0] in (name[0], *ANY):
                    return one
        return None


class Socket:
    """One end of a connection, or a listening socket. It has the methods of socket.socket that Twisted's transports call."""

    def __init__(self, network: Network, family: int) -> None:
        self.network = network
        self.family = family
        self.type = socket.SOCK_STREAM
        self.proto = 0
        self.owner: Any = None  # the reactor's selectable
        self.name: Any = None
        self.peer_name: Any = None
        self.path: bytes | None = None  # of a UNIX socket
        self.label = ""  # whose bytes leave here: "1.client"
        self.peer: Socket | None = None
        self.waiting: deque[Socket] | None = None  # of a listening socket: who has come
        self.inbox = bytearray()
        self.on_the_way = 0
        self.room = ROOM_OF_UNIX if family == UNIX else ROOM
        self.error = 0
        self.connecting = self.connected = self.closed = False
        self.ended = False  # the peer's end has arrived
        self.shut_read = self.shut_write = self.dead = False
        self._arrival = self._back = 0.0
        self._options: dict[tuple[int, int], Any] = {}
        self._descriptor = network.descriptor()
        network.sockets[self] = None

    def __getattr__(self, name: str) -> Any:
        raise NotSimulated(f"socket.{name}")

    def touch(self) -> None:
        """Something changed: the reactor looks at this socket in its next turn."""
        self.network.hot[self] = None

    @property
    def readable(self) -> bool:
        """Whether a read, or an accept, would not block."""
        if self.waiting is not None:
            return bool(self.waiting)
        if self._back > self.network.now:
            return False
        return bool(self.inbox or self.ended or self.dead or self.error or self.shut_read)

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

    def setblocking(self, flag: bool) -> None:
        """Only non-blocking sockets are there."""
        if flag:
            raise NotSimulated("blocking socket")

    def fileno(self) -> int:
        """A number that no real descriptor has; -1 after close."""
        return -1 if self.closed else self._descriptor

    def getsockopt(self, level: int, option: int, size: int = 0) -> Any:
        """An option, as it was set. SO_ERROR returns the pending error and clears it."""
        if (level, option) == (socket.SOL_SOCKET, socket.SO_ERROR):
            error, self.error = self.error, 0
            return error
        return self._options.get((level, option), 0)

    def setsockopt(self, level: int, option: int, value: Any) -> None:
        """Remember an option."""
        self._options[level, option] = value

    def getsockname(self) -> Any:
        """The address of this end."""
        if self.name is None:
            return "" if self.family == UNIX else self._address("0.0.0.0", 0)
        return self.name

    def getpeername(self) -> Any:
        """The address of the other end."""
        if self.peer_name is None:
            raise fault(errno.ENOTCONN)
        return self.peer_name

    def _parts(self, call: str, name: Any) -> tuple[str, int, list[int]]:
        """The host and the port of an address, and what else IPv6 has. A scope is in the host's name, or in the rest."""
        host, port, *rest = name
        if not 0 <= port <= LAST_PORT:
            raise OverflowError(f"{call}(): port must be 0-65535.")
        return host.partition("%")[0], port, rest

    def _address(self, host: str, port: int, scope: int = 0) -> Any:
        """An address of this family."""
        if self.family == socket.AF_INET6:
            return ("::" if host in ANY else host, port, 0, scope)
        return (host, port)

    def bind(self, name: Any) -> None:
        """Take an address of this machine: a loopback or link-local one, or any."""
        if self.family == UNIX:
            return self._bind_path(os.fsencode(name))
        host, port, rest = self._parts("bind", name)
        host = {"localhost": "127.0.0.1", "": "0.0.0.0"}.get(host, host)
        if not local(host):
            raise fault(errno.EADDRNOTAVAIL)
        if port and any(self._conflicts(one, host, port) for one in self.network.sockets):
            raise fault(errno.EADDRINUSE)
        self.name = self._address(host, port or self.network.free_port(), *rest[1:2])

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
            if any(one.path == path for one in self.network.sockets):
                raise fault(errno.EADDRINUSE)
            self.name, self.path = path, path
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
        """Wait for connections."""
        self.waiting = deque()
        self.label = f"port {self.name[1] if self.family != UNIX else self.name!r}"

    def accept(self) -> tuple[Socket, Any]:
        """The next connection that has come."""
        if not self.waiting:
            raise fault(errno.EAGAIN)
        one = self.waiting.popleft()
        return one, one.peer_name

    def connect_ex(self, name: Any) -> int:
        """Begin to connect, or say how far that is."""
        if self.connecting or self.connected:
            return errno.EALREADY if self.connecting else errno.EISCONN
        history = self.network.history
        if self.family == UNIX:
            return self._connect_path(os.fsencode(name))
        host, port, rest = self._parts("connect_ex", name)
        number = self.network.number()
        self.label = f"{number}.client"
        host = "127.0.0.1" if host in ("", "0.0.0.0") else "::1" if host == "::" else host
        if self.name is None:
            self.name = self._address(host, self.network.free_port(), *rest[1:2])
        self.connecting = True
        name = self._address(host, port, *rest[1:2])
        if history.draw("refuse", self.label):
            self._later("connect", self._refused)
        elif local(host):
            self._later("connect", self._arrive, name, number)
        # Nobody else is in this network: an attempt elsewhere is never answered, and ends by its timeout.
        return errno.EINPROGRESS

    def _connect_path(self, path: bytes) -> int:
        """Connect to a path: the kernel does that at once."""
        number = self.network.number()
        self.label = f"{number}.client"
        name = path if path[:1] == b"\0" else os.path.realpath(path)
        listener = self.network.listener(self.family, name)
        if listener is None or self.network.history.draw("refuse", self.label):
            there = path[:1] == b"\0" or os.path.lexists(path)
            return errno.ECONNREFUSED if there else errno.ENOENT
        self._join(listener, number, listener.name)
        return 0

    def _later(self, row: str, do: Callable[..., None], *args: Any) -> None:
        """Have something arrive at the other end, after all that is on its way there, and after what the weather adds."""
        network = self.network
        time = network.now + network.history.draw(row, self.label)
        self._arrival = max(time, self._arrival)
        if self._arrival <= network.now:
            do(*args)
        else:
            network.at(self._arrival, do, *args)

    def _refused(self) -> None:
        """Nobody listens there."""
        if not self.closed:
            self.connecting, self.error = False, errno.ECONNREFUSED
            self.touch()

    def _arrive(self, name: Any, number: int) -> None:
        """The attempt has arrived where somebody listens, or not."""
        listener = self.network.listener(self.family, name)
        if listener is None:
            self._refused()
        elif not self.closed:
            self._join(listener, number, name)

    def _join(self, listener: Socket, number: int, name: Any) -> None:
        """Make the other end, and have it accepted."""
        server = Socket(self.network, self.family)
        server.label = f"{number}.server"
        server.name, server.peer_name = name, self.getsockname()
        server._options = dict(listener._options)
        self.peer_name = name
        self.peer, server.peer = server, self
        for end in (self, server):
            end.connecting, end.connected = False, True
            end.room = int(self.network.history.draw("room", end.label)) or end.room
        late = self.network.history.draw("accept", server.label)
        if late:
            self.network.at(self.network.now + late, listener._come, server)
        else:
            listener._come(server)
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
        """Send what there is room for. Returns its length."""
        if self.closed:
            raise fault(errno.EBADF)
        peer = self.peer
        if self.family == UNIX and peer is not None and (peer.closed or peer.shut_read):
            raise fault(errno.EPIPE)
        if self.error:
            error, self.error = self.error, 0
            raise fault(error)
        if peer is None or self.shut_write or self.dead:
            raise fault(errno.EPIPE)
        length = min(len(data), self.room - self._used())
        if length <= 0:
            raise fault(errno.EAGAIN)
        self.network.now += length * BYTE
        if self.network.history.draw("lose", self.label):
            self._later("latency", self._lost)
        else:
            self.on_the_way += length
            self._later("latency", self._bytes, bytes(data[:length]))
        return length

    def _bytes(self, data: bytes) -> None:
        """Bytes have arrived at the other end."""
        peer = self.peer
        assert peer is not None
        self.on_the_way -= len(data)
        if peer.closed or (peer.shut_read and peer.shut_write):
            peer._reset()
            peer._reset_peer()
        elif not peer.dead:
            peer.inbox += data
            peer.touch()

    def _lost(self) -> None:
        """The connection breaks: both ends learn that."""
        assert self.peer is not None
        self._reset()
        self.peer._reset()

    def _reset_peer(self) -> None:
        """Have the other end reset."""
        if self.peer is not None:
            self._later("end", self.peer._reset)

    def _reset(self) -> None:
        """A reset has arrived. Who has had the end before is told of a broken pipe, and only if it writes."""
        if self.connected and not self.closed and not self.dead and not self._over:
            self.dead = True
            self.error = errno.EPIPE if self.ended and self.family != UNIX else errno.ECONNRESET
            self.touch()

    def recv(self, size: int) -> bytes:
        """Read what has arrived, or its beginning."""
        if self.closed:
            raise fault(errno.EBADF)
        if self.inbox:
            history, peer = self.network.history, self.peer
            assert peer is not None
            there = min(size, len(self.inbox))
            cut = history.draw("cut", peer.label) if there > 1 else 0
            if cut:
                there = {ONE: 1, HALF: there // 2, MOST: there - 1}[int(cut)]
            data = bytes(self.inbox[:there])
            del self.inbox[:there]
            peer.touch()
            slow = history.draw("slow", peer.label)
            if slow:
                self._back = self.network.now + slow
                self.network.at(self._back, self.touch)
            return data
        if self.ended and self.family != UNIX:
            return b""
        if self.error:
            error, self.error = self.error, 0
            raise fault(error)
        if self.ended or self.dead or self.shut_read:
            return b""
        raise fault(errno.EAGAIN)

    def shutdown(self, how: int) -> None:
        """End one direction, or both."""
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
        peer = self.peer
        assert peer is not None
        if not peer.closed and not peer.dead:
            peer.ended = True
            peer.touch()

    def _abort(self) -> None:
        """Close with a reset: nobody will accept this connection."""
        self.inbox += b"unread"
        self.close()

    def close(self) -> None:
        """Close. With unread bytes, or if asked not to linger, that is a reset."""
        if self.closed:
            return
        self.closed = True
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
        self.owner = None


def local(host: str) -> bool:
    """Whether an address is one of this machine's."""
    return host in (*ANY, "::1") or host.startswith(("127.", "fe80:"))
