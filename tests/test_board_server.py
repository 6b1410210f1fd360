"""The board's server on a transport in memory, with a test's clock: what it answers, and how long it waits."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_board import ANN, BAD, someone
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from workshop.board import folder
from workshop.board.limits import LIMIT, MOST_OPEN, Server
from workshop.board.message import MOST_BYTES, text_of
from workshop.board.rows import Rows
from workshop.board.server import Board


class Transport(StringTransport):
    """As TCP's, it ends a connection later, and not within the call that asks for it."""

    def abortConnection(self) -> None:
        self.disconnecting = True


class Talk:
    """One connection to a board."""

    def __init__(self, site: Server) -> None:
        self.protocol: Any = site.buildProtocol(None)
        self.over = False
        self.transport: Any = Transport()
        if self.protocol:
            self.protocol.makeConnection(self.transport)

    def send(self, data: bytes) -> Talk:
        """Send these bytes, unless the connection is over."""
        if not self.over:
            self.protocol.dataReceived(data)
        return self.turn()

    def turn(self) -> Talk:
        """Let the reactor do what it was asked for."""
        if self.transport.disconnecting and not self.over:
            self.over = True
            self.protocol.connectionLost(Failure(ConnectionDone()))
        return self

    @property
    def got(self) -> bytes:
        """All that was answered."""
        return bytes(self.transport.value())

    @property
    def code(self) -> int:
        """The status of the answer; 0 if there is none."""
        found = re.match(rb"HTTP/1\.1 (\d+) ", self.got)
        return int(found[1]) if found else 0


class Classroom:
    """A board with a clock, and the requests that it is sent."""

    def __init__(self) -> None:
        self.clock: Any = Clock()
        self.rows = Rows(self.clock.seconds)
        self.board = Board(self.rows)
        self.site = Server(self.board.root, self.clock)
        self.talks: list[Talk] = []

    def talk(self) -> Talk:
        """Connect."""
        self.talks.append(Talk(self.site))
        return self.talks[-1]

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.advance(seconds)
        for talk in self.talks:
            talk.turn()

    def ask(self, method: str, path: str, data: bytes = b"") -> Talk:
        """Make a request, in one piece."""
        return self.talk().send(request(method, path, data))

    def names(self) -> list[str]:
        """The names on the board."""
        return [row.message.name for row in self.rows.rows()]


def request(method: str, path: str, data: bytes = b"") -> bytes:
    """A request's bytes."""
    head = f"{method} /{path} HTTP/1.1\r\nHost: board\r\nContent-Length: {len(data)}\r\n\r\n"
    return head.encode() + data


@pytest.fixture
def room() -> Classroom:
    """A board."""
    return Classroom()


def test_post_and_page(room: Classroom) -> None:
    """What a pair posts is on the page; each connection is closed after its answer."""
    posted = room.ask("POST", room.board.post, text_of(ANN).encode())
    seen = room.ask("GET", room.board.view)
    assert (posted.code, seen.code) == (204, 200)
    assert b"Ann and Bo" in seen.got
    for talk in (posted, seen):
        assert talk.over
        assert b"Connection: close" in talk.got
    assert (room.site.open, room.clock.getDelayedCalls()) == (0, [])


def test_pieces(room: Classroom) -> None:
    """A message that comes byte by byte is a message."""
    talk = room.talk()
    for byte in request("POST", room.board.post, text_of(ANN).encode()):
        talk.send(bytes([byte]))
    assert (talk.code, room.names()) == (204, [ANN.name])


@pytest.mark.parametrize("data", BAD.values(), ids=BAD)
def test_bad_post(room: Classroom, data: bytes) -> None:
    """A bad message is answered by 400 or, if it is too long, by 413; the board stays as it was."""
    room.ask("POST", room.board.post, text_of(ANN).encode())
    talk = room.ask("POST", room.board.post, data)
    assert talk.code == (413 if len(data) > MOST_BYTES else 400)
    assert talk.over
    assert room.names() == [ANN.name]


def test_too_long(room: Classroom) -> None:
    """A request that says that it is long is refused before its content has come; in chunks, once it is too long."""
    talk = room.talk().send(request("POST", room.board.post, b"x" * 10**9)[:100])
    assert (talk.code, talk.over) == (413, True)
    talk = room.talk()
    head = request("POST", room.board.post).replace(
        b"Content-Length: 0", b"Transfer-Encoding: chunked"
    )
    talk.send(head)
    for _ in range(MOST_BYTES // 100 + 1):
        assert not talk.over
        talk.send(b"64\r\n" + b" " * 100 + b"\r\n")
    assert (talk.code, talk.over) == (0, True)
    assert room.site.open == 0


def test_headers_without_end(room: Classroom) -> None:
    """A request whose head has no end is refused."""
    talk = room.talk().send(b"GET / HTTP/1.1\r\n")
    for number in range(2000):
        talk.send(b"X-%d: %s\r\n" % (number, b"y" * 50))
    assert (talk.code, talk.over) == (400, True)


@pytest.mark.parametrize(
    "part", [b"", b"P", b"POST / HTTP/1.1\r\nContent-Le", request("POST", "x", b"y" * 9)[:-1]]
)
def test_slow_senders(room: Classroom, part: bytes) -> None:
    """A request that is not there after ten seconds ends the connection, although a byte comes now and then."""
    talk = room.talk()
    for number in range(len(part)):
        room.advance(LIMIT * 0.9 / len(part))
        talk.send(part[number : number + 1])
    assert not talk.over
    room.advance(LIMIT)
    assert talk.over
    assert (room.site.open, room.clock.getDelayedCalls()) == (0, [])


def test_a_reader_that_does_not_read(room: Classroom) -> None:
    """An answer that is not read ends after ten seconds, too."""
    talk = room.talk()
    # As TCP does it while its buffer is full.
    talk.transport.loseConnection = lambda: None
    talk.send(request("GET", room.board.view))
    assert not talk.over
    room.advance(LIMIT)
    assert talk.over


def test_too_many_connections(room: Classroom) -> None:
    """So many connections at once, and no more; once some are over, there is room again."""
    open_ = [room.talk() for _ in range(MOST_OPEN)]
    assert room.talk().protocol is None
    open_[0].send(b"nonsense\r\n\r\n")
    assert open_[0].code == 400
    assert room.ask("GET", room.board.view).code == 200
    room.advance(LIMIT)
    assert room.site.open == 0


def test_wrong_secrets(room: Classroom) -> None:
    """404 for all but the two secrets, which are not each other; nothing of them is in the answer."""
    view, post = room.board.view.rstrip("/"), room.board.post
    assert view != post
    for path in (
        "",
        "x",
        "*",
        post[:-1],
        post + "x",
        view[:-1],
        f"{view}/x",
        f"{view}/{post}",
        "%2e%2e/x",
    ):
        for method in ("GET", "POST", "DELETE"):
            talk = room.ask(method, path, text_of(ANN).encode())
            assert talk.code in (404, 405), (method, path, talk.got)
            assert talk.code == 404 or path == view
            assert post.encode() not in talk.got.replace(b"/" + path.encode(), b"")
    assert room.names() == []


def test_the_pairs_do_not_see_the_page(room: Classroom) -> None:
    """Who knows where to post sees nothing there, and cannot take another's row."""
    room.ask("POST", room.board.post, text_of(ANN).encode())
    for method, path in (("GET", room.board.post), ("GET", f"{room.board.post}/{ANN.id}")):
        talk = room.ask(method, path)
        assert talk.code in (404, 405)
        assert b"Ann" not in talk.got
    assert room.ask("DELETE", f"{room.board.post}/{'0' * 16}").code == 204
    assert room.ask("POST", room.board.post, text_of(someone(1, ANN.name)).encode()).code == 409
    assert room.names() == [ANN.name]


def test_delete(room: Classroom) -> None:
    """A pair's DELETE takes its row away."""
    room.ask("POST", room.board.post, text_of(ANN).encode())
    assert room.ask("DELETE", f"{room.board.post}/{ANN.id}").code == 204
    assert room.names() == []


def test_new_secrets() -> None:
    """Each board has its own."""
    boards = [Board(Rows(Clock().seconds)) for _ in range(20)]
    assert len({secret for board in boards for secret in (board.view, board.post)}) == 40
    assert all(re.fullmatch(r"[a-z2-9]{10}", board.post) for board in boards)
    assert all(len(board.view) > 20 for board in boards)


def test_what_is_sent_with_the_page(room: Classroom) -> None:
    """The page is not kept, runs only its own script, and does not give its address away."""
    got = room.ask("GET", room.board.view).got
    for field in (
        b"Cache-Control: no-store",
        b"Content-Security-Policy: default-src 'none';",
        b"Referrer-Policy: no-referrer",
    ):
        assert field in got
    for name in re.findall(rb'(?:href|src)="([^"]*)"', got):
        assert room.ask("GET", room.board.view + name.decode()).code == 200
    assert room.ask("GET", room.board.view.rstrip("/")).code == 302
    head = room.ask("HEAD", room.board.view)
    assert head.code == 200
    assert head.got.endswith(b"\r\n\r\n")


def test_a_folder_s_board(tmp_path: Path) -> None:
    """A board that reads a folder takes no posts."""
    clock: Any = Clock()
    board = Board(lambda: folder.rows(tmp_path, 0))
    (tmp_path / "Ann.json").write_text(text_of(ANN))
    site = Server(board.root, clock)
    assert board.post == ""
    assert b"Ann and Bo" in Talk(site).send(request("GET", board.view)).got
    for path in ("", board.view):
        assert Talk(site).send(request("POST", path, text_of(ANN).encode())).code in (404, 405)


def test_nothing_is_logged(room: Classroom, capsys: pytest.CaptureFixture[str]) -> None:
    """No line about a request is kept."""
    from twisted.logger import globalLogPublisher

    lines: list[str] = []
    watch: Callable[[Any], None] = lambda event: lines.append(str(event))  # noqa: E731
    room.site.noisy = False
    room.site.doStart()
    globalLogPublisher.addObserver(watch)
    try:
        room.ask("POST", room.board.post, text_of(ANN).encode())
        room.ask("GET", room.board.view)
    finally:
        globalLogPublisher.removeObserver(watch)
        room.site.doStop()
    assert lines == []
    assert capsys.readouterr().out == ""
