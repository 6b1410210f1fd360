"""The simulated sockets against the system's own: the same calls return the same, and the same ends become ready."""

from __future__ import annotations

import errno
import random
import select
import socket
import struct
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from workshop.simulated.network import Network, Socket

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="The simulation is of Linux.")
SECONDS = 2.0
"""How long the system may take to make ready what is ready in the simulation."""
PROGRAMS = 400
FAMILIES = ["TCP", "UNIX"]


def real_pair(family: str) -> list[socket.socket]:
    """Two connected ends of the system's."""
    if family == "UNIX":
        with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as port:
            path = str(Path(folder) / "s")
            port.bind(path)
            port.listen()
            client = socket.socket(socket.AF_UNIX)
            client.connect(path)
            server, _ = port.accept()
    else:
        with socket.socket() as port:
            port.bind(("127.0.0.1", 0))
            port.listen()
            client = socket.create_connection(port.getsockname())
            server, _ = port.accept()
    for end in (client, server):
        end.setblocking(False)
    return [client, server]


def simulated_pair(network: Network, family: str) -> list[Socket]:
    """Two connected ends of the simulation."""
    kind = socket.AF_UNIX if family == "UNIX" else socket.AF_INET
    port, client = Socket(network, kind), Socket(network, kind)
    name = b"\0here" if family == "UNIX" else ("127.0.0.1", 1234)
    port.bind(name)
    port.listen()
    assert client.connect_ex(name) in (0, errno.EINPROGRESS)
    server, _ = port.accept()
    port.close()
    return [client, server]


def perform(end: Any, call: str, number: int) -> object:
    """Make one call of a socket. Returns what it returned, or the name of its error."""
    try:
        if call == "send":
            return end.send(b"abcdefgh"[:number])
        if call == "recv":
            return end.recv(number)
        if call == "end":
            return end.shutdown(socket.SHUT_WR)
        if call == "leave":  # as Twisted's transports do
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        if call == "error":
            return end.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if call == "abort":
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return end.close()
    except OSError as problem:
        return errno.errorcode[problem.errno or 0]


def ready(end: socket.socket, expected: tuple[bool, bool]) -> tuple[bool, bool]:
    """Whether a real end can read and write: at once if that is expected to be no, soon if yes."""
    read, write = expected
    _, _, _ = select.select([end] * read, [], [], SECONDS if read else 0)
    _, _, _ = select.select([], [end] * write, [], SECONDS if write else 0)
    reads, writes, _ = select.select([end], [end], [], 0)
    return bool(reads), bool(writes)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_as_the_system(family: str) -> None:
    """Random programs of two connected ends have the same outcome on both, call by call."""
    for seed in range(PROGRAMS):
        draw = random.Random(seed)
        real, simulated = real_pair(family), simulated_pair(Network(), family)
        said = []
        try:
            for _ in range(draw.randint(3, 14)):
                which = draw.randrange(2)
                if simulated[which].closed:
                    continue
                call = draw.choice(
                    ["send", "send", "recv", "recv", "end", "close", "abort", "leave", "error"]
                )
                number = draw.randint(1, 8)
                said.append((which, call, number))
                outcome = perform(simulated[which], call, number)
                assert perform(real[which], call, number) == outcome, f"{seed} {said} {outcome}"
                for at, end in enumerate(simulated):
                    if not end.closed:
                        expected = (end.readable, end.writable)
                        found = ready(real[at], expected)
                        assert found == expected, f"{seed} {said} {at} {found} {expected}"
        finally:
            for one in real:
                one.close()
