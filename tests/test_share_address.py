"""`share` with an address, and `board`: what answers, what a dead board costs a run, and a class from end to end."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from driving import HALF, MINI, SOLVED, Learner, assert_loopback_only, posix
from test_share import NAME, QUIET, TOOL, begin, shared  # noqa: F401

from workshop.board import share
from workshop.board.message import Message
from workshop.board.share import WITHIN

AT_ONCE = 2.0
"""Seconds, beside those of the limit, that a busy machine may add. The benchmark has the true figure."""


@contextlib.contextmanager
def listening(answer: bytes | None) -> Iterator[tuple[str, list[bytes]]]:
    """Something that is no board, on loopback: it gives everybody this answer; None: it never does. And what it was sent."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        heard: list[bytes] = []
        open_: list[socket.socket] = []

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    open_.append(connection)
                    if answer is not None:
                        heard.append(connection.recv(65536))
                        connection.sendall(answer)
                        connection.shutdown(socket.SHUT_WR)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/secret", heard
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)
        for connection in open_:
            connection.close()


def agreed(mini: Learner, to: str) -> None:
    """As if the pair shared with this address."""
    share.keep(mini.root, share.Share(to, NAME, "0123456789abcdef"))


OLD = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
PORTAL = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n"
ANSWERS = {
    "a page": (OLD, "the answer was 200 OK"),
    "a hotel's log-in": (PORTAL, "the answer was 302 Found"),
    "a new board": (b"HTTP/1.1 404 Not Found\r\n\r\n", "no board has this address now"),
    "another pair": (b"HTTP/1.1 409 Conflict\r\n\r\nanother pair has this name\n", "another pair has this name"),
    "no HTTP": (b"SSH-2.0-\x1b[31m\r\n", "SSH-2.0- [31m"),
    "nothing": (b"", "Remote end closed connection without response"),
}  # fmt: skip


@pytest.mark.parametrize(("answer", "why"), ANSWERS.values(), ids=ANSWERS)
def test_something_else_answers(mini: Learner, answer: bytes, why: str) -> None:
    """If the address is no board's, a run says so in one line; it goes nowhere else, and its result is the same."""
    before = mini.here("run", "1")
    with listening(answer) as (address, heard):
        agreed(mini, address)
        after = mini.here("run", "1")
    assert (after.code, after.out) == (before.code, before.out)
    assert after.err == QUIET.format(why=why, tool=TOOL)
    assert len(heard) == 1


@pytest.mark.parametrize("drip", [False, True], ids=["silent", "drips"])
def test_a_dead_board(mini: Learner, drip: bool) -> None:
    """A board that accepts and is silent, or answers byte by byte without an end, costs a run one second at most."""
    before = mini.here("run", "1")
    over = threading.Event()
    with listening(None) as (address, _):
        if drip:
            original = socket.socket.recv_into
            # Each read of the answer gets a byte, at once: no limit on single reads would ever end this.

            def one(self: Any, buffer: Any, *rest: Any) -> int:
                if over.wait(0.01):
                    return original(self, buffer, *rest)
                buffer[:1] = b"H"
                return 1

            socket.socket.recv_into = one  # type: ignore[method-assign]
        agreed(mini, address)
        try:
            began = time.monotonic()
            why = share.send(share.recall(mini.root), message())  # type: ignore[arg-type]
            assert time.monotonic() - began < WITHIN + AT_ONCE
            after = mini.here("run", "1")
        finally:
            over.set()
            if drip:
                socket.socket.recv_into = original  # type: ignore[method-assign]
    assert why == "no answer within 1 s"
    assert (after.code, after.out) == (before.code, before.out)
    assert after.err == QUIET.format(why=why, tool=TOOL)


def message() -> Message:
    """A message."""
    from workshop.board.message import Status

    return Message("0123456789abcdef", NAME, Status("stage1_echo", 0, 3, 1, "step", 0, 3, 0, False))


def test_a_name_that_is_looked_up_for_ever(mini: Learner, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look-up of a name takes what the system likes, without any limit: a run does not wait for it."""
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(60) and [])
    agreed(mini, "http://board.example/secret")
    began = time.monotonic()
    why = share.send(share.recall(mini.root), message())  # type: ignore[arg-type]
    took = time.monotonic() - began
    over.set()
    assert why == "no answer within 1 s"
    assert took < WITHIN + AT_ONCE


def test_nobody_listens(mini: Learner) -> None:
    """A board that has ended is no error of the run, and costs it nothing; `share` itself fails."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/secret"
    outcome = mini.here("share", address, "--as", NAME, "--yes")
    assert outcome.code == 1
    assert "Nothing is shared: Connection refused." in outcome.err or sys.platform == "win32"
    assert mini.here("share").code == 2
    agreed(mini, address)
    outcome = mini.here("run", "1", "--json")
    assert json.loads(outcome.out)["stage"] == "stage1_echo"
    assert outcome.err.startswith("Not shared: ")
    assert outcome.err.count("\n") == 1


@pytest.mark.parametrize(
    "to", ["http://", "http:///x", "http://a:port/x", "http://[/x", "https://\0/"]
)
def test_bad_addresses(mini: Learner, to: str) -> None:
    """What is no address is refused, without a traceback."""
    outcome = mini.here("share", to, "--as", NAME, "--yes")
    assert outcome.code == 1, outcome.all
    assert "Traceback" not in outcome.all


# A board


class Served:
    """A board in a process of its own, and what it printed."""

    def __init__(self, mini: Learner, *words: str) -> None:
        self.process = mini.start(
            "board", "--no-browser", *words, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
        )
        assert self.process.stdout is not None
        lines = [self.process.stdout.readline().decode() for _ in range(5)]
        assert lines[-1] == "Ctrl-C ends it, and forgets all rows.\n", lines
        self.page = lines[1].strip()
        self.to = lines[3].split(" share ")[1].rpartition(" --as")[0]

    def text(self) -> str:
        """The page."""
        with urllib.request.urlopen(self.page, timeout=10) as answer:
            return str(answer.read().decode())

    def end(self) -> str:
        """End it, as Ctrl-C does; what it printed after the addresses."""
        self.process.send_signal(signal.SIGINT)
        assert self.process.stdout is not None
        with self.process.stdout as out:
            rest = out.read().decode()
        assert self.process.wait(10) == 0
        return rest


@pytest.fixture
def board(mini: Learner) -> Iterator[Served]:
    """A board on loopback."""
    served = Served(mini)
    yield served
    if served.process.poll() is None:
        served.end()


@posix
def test_from_share_to_the_page(mini: Learner, board: Served) -> None:
    """A pair shares, works, asks for a hint, and stops: the page shows it each time, and then no more."""
    assert "No pair shares yet" in board.text()
    begin(mini, board.to, "<Ann>")
    assert "&lt;Ann&gt;<td>stage1" in board.text()
    mini.write(HALF)
    mini.tool("run", "1")
    mini.tool("hint", "1", "2")
    assert re.search(r"1/3<td>step 2<td>0 min<td>1 of 3<td><span class=\"red\">", board.text())
    mini.write(SOLVED)
    mini.here("run", "1")
    assert re.search(r"3/3<td>done<td>0 min<td><td><span class=\"green\">", board.text())
    mini.here("share", "--stop")
    assert "No pair shares yet" in board.text()
    # As people copy it from a projector.
    begin(mini, board.to.removeprefix("http://"))
    assert NAME in board.text()


@posix
def test_two_copies(mini: Learner, board: Served) -> None:
    """A second pair of the same name is refused by the board, and says so."""
    begin(mini, board.to)
    other = mini.root.parent / "other"
    shutil.copytree(MINI, other, ignore=shutil.ignore_patterns(".workshop", "__pycache__"))
    outcome = Learner(other, mini.temp).here("share", board.to, "--as", NAME.upper(), "--yes")
    assert (outcome.code, outcome.err) == (1, "Nothing is shared: another pair has this name.\n")
    assert board.text().count(NAME) == 1


@posix
def test_the_board_is_for_this_machine(mini: Learner, board: Served) -> None:
    """Unless it is asked for the network, it listens on loopback only; a wrong address is 404."""
    port = int(re.findall(r":(\d+)/", board.page)[0])
    assert_loopback_only(port)
    for path in ("", "x", "%00", "../../etc/passwd"):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=10)
        assert caught.value.code == 404


@posix
def test_it_ends(mini: Learner, board: Served) -> None:
    """Ctrl-C ends it, with exit code 0, also while somebody is connected; it has written no file."""
    before = sorted(mini.root.rglob("*"))
    begin(mini, board.to)
    host, port = re.findall(r"//([\d.]+):(\d+)/", board.page)[0]
    with socket.create_connection((host, int(port)), timeout=5):
        assert board.end() == ""
    new = set(mini.root.rglob("*")) - set(before)
    assert {path.name for path in new} <= {".workshop", "share.json"}


@posix
def test_a_port_that_is_taken(mini: Learner, board: Served) -> None:
    """Exit code 1, in one line."""
    port = re.findall(r":(\d+)/", board.page)[0]
    outcome = mini.tool("board", "--no-browser", "--port", port)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == f"Port {port} is not available: [Errno 98] Address already in use.\n"


@posix
def test_a_board_of_a_folder(mini: Learner, shared: Path) -> None:  # noqa: F811
    """With a folder, the page shows what is in it; at the end it names the command that deletes that."""
    served = Served(mini, str(shared))
    assert served.to == str(shared)
    begin(mini, shared)
    assert f"{NAME}<td>stage1" in served.text()
    assert served.end() == f"\nTo delete what pairs have shared: {TOOL} board {shared} --clear\n"
    assert mini.here("board", str(shared), "--clear").out == "Deleted: 1 file.\n"
    assert list(shared.iterdir()) == []
    assert mini.here("board", "--clear").code == 2
    assert mini.here("board", str(shared / "gone")).code == 2


def test_the_network_s_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """The address of this machine on its network, if it has one: not one that only itself can reach."""
    from workshop.commands import board as command

    class Probe:
        def __init__(self, *_: object) -> None: ...
        def __enter__(self) -> Probe:
            return self

        def __exit__(self, *_: object) -> None: ...
        def connect(self, address: object) -> None:
            if not online:
                raise OSError("Network is unreachable")

        def getsockname(self) -> tuple[str, int]:
            return "192.168.7.5", 1

    monkeypatch.setattr(socket, "socket", Probe)
    online = True
    assert command.own_address() == "192.168.7.5"
    online = False
    assert command.own_address() == socket.gethostname()
