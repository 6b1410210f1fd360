"""The board without a network: its messages, rows, page and shared folder, and its server on a transport in memory."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from workshop.board import folder, server
from workshop.board.limits import LIMIT, MOST_OPEN, Server
from workshop.board.message import (
    LONGEST_NAME,
    MOST_BYTES,
    BadMessage,
    Message,
    Status,
    minutes,
    parse,
    text_of,
)
from workshop.board.page import page
from workshop.board.rows import GONE, LONG, MOST_ROWS, QUIET, Refused, Row, Rows, most_stuck_first
from workshop.board.server import Board

STATUS = Status("stage2_poetry", 6, 12, 7, "step", 2, 3, 11 * 60, False)
ANN = Message("0123456789abcdef", "Ann and Bo", STATUS)


def someone(number: int, name: str = "", **changes: Any) -> Message:
    """Another pair."""
    return Message(f"{number:016x}", name or f"pair {number}", replace(STATUS, **changes))


# Messages


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "stage2 6/12, at step 7, hint 2 of 3, 11 min"),
        ({"hint": 0}, "stage2 6/12, at step 7, 11 min"),
        ({"what": "number", "stage": "stage5_transform"}, "stage5 6/12, at number 7, hint 2 of 3, 11 min"),
        ({"at": None, "green": True, "hint": 0}, "stage2 6/12, done, 11 min"),
        ({"at": None, "hint": 0}, "stage2 6/12, not done, 11 min"),
        ({"green": True, "seconds": 59}, "stage2 6/12, at step 7, hint 2 of 3, 0 min"),
        ({"stage": "stage3b_framing", "at": 0, "hint": 0, "seconds": 7200}, "stage3b 6/12, at step 0, 2 h"),
    ],
)  # fmt: skip
def test_line(changes: dict[str, Any], line: str) -> None:
    """A status in one line."""
    assert replace(STATUS, **changes).line == line


def test_minutes() -> None:
    """Whole minutes, from two hours on whole hours, and nothing below 0."""
    said = [minutes(s) for s in (-5, 0, 59.9, 60, 7199, 7200, 100_000)]
    assert said == ["0 min", "0 min", "0 min", "1 min", "119 min", "2 h", "27 h"]


def test_message() -> None:
    """A message comes back as it was; the longest name that a board shows fits, whatever its characters."""
    for name in ("Ann and Bo", "é", "<b>", "\U0001f600" * LONGEST_NAME):
        for status in (STATUS, replace(STATUS, at=None)):
            message = Message(ANN.id, name, status)
            assert parse(text_of(message).encode()) == message
            assert parse(json.dumps(json.loads(text_of(message))).encode()) == message


def changed(**changes: Any) -> bytes:
    """A message with other values."""
    return json.dumps({**json.loads(text_of(ANN)), **changes}).encode()


BAD = {
    "empty": b"",
    "no JSON": b"hello",
    "no UTF-8": b'"\xff"',
    "deep": b"[" * MOST_BYTES,
    "too long": text_of(ANN).encode() + b" " * MOST_BYTES,
    "a list": b"[]",
    "a number": b"1",
    "a field is missing": json.dumps({"schema": "trial-by-wire.status/1"}).encode(),
    "one more field": changed(code="print()"),
    "another schema": changed(schema="trial-by-wire.status/2"),
    "schema is a list": changed(schema=[]),
    "no name": changed(name=""),
    "a long name": changed(name="x" * (LONGEST_NAME + 1)),
    "a name of two lines": changed(name="Ann\nBo"),
    "a name that turns the text": changed(name="Ann \u202eoB"),
    "half a character": changed(name="\ud800"),
    "blanks around a name": changed(name=" Ann"),
    "a name that is a number": changed(name=7),
    "an id that is a path": changed(id="../../etc/passwd"),
    "no stage": changed(stage="<script>"),
    "a stage of other digits": changed(stage="stage\u0662"),
    "a stage with a line feed": changed(stage="stage2\n"),
    "a word that is none": changed(what="chapter"),
    "a list of what": changed(what=["step"]),
    "a negative number": changed(passed=-1),
    "a fraction": changed(seconds=0.5),
    "not a number": b'{"x": NaN}',
    "too large": changed(seconds=10**9),
    "true as a number": changed(passed=True),
    "no number": changed(total=None),
    "green as text": changed(green="yes"),
    "at as text": changed(at="7"),
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD)
def test_bad_message(data: bytes) -> None:
    """Anything else is refused, with a reason in one line."""
    with pytest.raises(BadMessage) as caught:
        parse(data)
    assert re.fullmatch(r"[^\n]{4,150}", str(caught.value))


# Rows


def test_a_row_for_each_pair() -> None:
    """The later message of a pair replaces the earlier; its time goes on while it is silent."""
    clock = Clock()
    rows = Rows(clock.seconds)
    rows.put(ANN)
    clock.advance(100)
    rows.put(replace(ANN, status=replace(STATUS, at=8, seconds=0)))
    clock.advance(7)
    assert rows.rows() == [Row(replace(ANN, status=replace(STATUS, at=8, seconds=0)), 7)]
    assert rows.rows()[0].seconds == 7
    rows.remove(ANN.id)
    rows.remove(ANN.id)
    assert rows.rows() == []


def test_a_name_is_one_pair_s() -> None:
    """A second pair of the same name is refused, until the first has gone; a pair may change its own name."""
    rows = Rows(Clock().seconds)
    rows.put(ANN)
    with pytest.raises(Refused) as caught:
        rows.put(someone(1, "ANN and Bo"))
    assert caught.value.code == 409
    assert [row.message for row in rows.rows()] == [ANN]
    rows.put(replace(ANN, name="Ann"))
    rows.put(someone(1, "ANN and Bo"))
    rows.remove(ANN.id)
    rows.put(someone(2, "Ann"))


def test_silent_rows_go() -> None:
    """A row that was silent for four hours goes, and its name is free again."""
    clock = Clock()
    rows = Rows(clock.seconds)
    rows.put(ANN)
    clock.advance(GONE - 1)
    assert len(rows.rows()) == 1
    clock.advance(1)
    assert rows.rows() == []
    assert rows._heard == {}
    rows.put(someone(1, ANN.name))


def test_a_thousand_names() -> None:
    """A board has so many rows, and no more; those that it has stay."""
    rows = Rows(Clock().seconds)
    codes = []
    for number in range(1000):
        try:
            rows.put(someone(number))
        except Refused as refused:
            codes.append(refused.code)
    assert codes == [503] * (1000 - MOST_ROWS)
    assert len(rows.rows()) == MOST_ROWS
    rows.put(someone(0, at=8))


def test_most_stuck_first() -> None:
    """Who has been at one step longest is first; then come those that are quiet, and last those that are done."""
    wanted = [
        Row(someone(1, seconds=900), 60),
        Row(someone(2, seconds=0), 700),
        Row(someone(3, seconds=30, green=True), 0),
        Row(someone(4, seconds=5, at=None), 0),
        Row(someone(5, seconds=9000), QUIET),
        Row(someone(6, seconds=100, at=None, green=True), 0),
        Row(someone(7, seconds=50, at=None, green=True), 0),
    ]
    assert most_stuck_first(reversed(wanted)) == wanted
    assert most_stuck_first([Row(ANN, GONE)]) == []
    assert [row.stuck for row in wanted] == [True, True, *[False] * 5]
    assert not Row(someone(1, seconds=LONG - 1), 0).stuck


# The page


class Cells(HTMLParser):
    """The text of a page's cells, row by row, and the tags that it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))
        if tag == "tr":
            self.rows.append([])
        elif tag in ("th", "td"):
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


def test_page() -> None:
    """A row has where the pair is, how long, its hints, red or green in words, and for how long it was silent."""
    rows = [Row(ANN, 120), Row(someone(1, at=None, green=True, hint=0, passed=12), 0)]
    text = page(rows)
    assert "<h1>2 pairs: 1 at one step for 10 minutes or more, 1 done</h1>" in text
    cells = [[cell.strip() for cell in row] for row in Cells(text).rows[1:]]
    assert cells == [
        ["Ann and Bo", "stage2", "6/12", "step 7", "13 min", "2 of 3", "red", "2 min"],
        ["pair 1", "stage2", "12/12", "done", "11 min", "", "green", "0 min"],
    ]
    assert '<tr class="stuck"><th>Ann' in text
    assert "No pair shares yet" in page([])


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "\"'><img src=x>", "a & b &amp; c"])
def test_a_name_with_html(name: str) -> None:
    """A name is shown as it was chosen, and is never markup."""
    text = page([Row(someone(1, name), 0)])
    plain = page([Row(someone(1, "Ann"), 0)])
    assert Cells(text).rows[1][0] == name
    assert Cells(text).tags == Cells(plain).tags


def test_the_page_needs_nobody_else() -> None:
    """The page, its style and its script name no other server."""
    texts = [page([Row(ANN, 0)]), *((server.HERE / n).read_text() for n in ("page.css", "page.js"))]
    assert not [text for text in texts if re.search(r"(https?:)?//\w|@import|url\(", text)]


# A shared folder


def test_folder(tmp_path: Path) -> None:
    """A file for each pair, whose time is when it was last heard; whatever else is there is passed over."""
    for number, message in enumerate((ANN, someone(1, seconds=0))):
        path = tmp_path / f"{message.name}.json"
        path.write_text(text_of(message), "utf-8")
        os.utime(path, (1000 - number, 1000 - number))
    (tmp_path / "half.json").write_text(text_of(ANN)[:50])
    (tmp_path / "long.json").write_text(text_of(ANN) + " " * 10_000_000)
    (tmp_path / ".Ann.json.77.tmp").write_text(text_of(ANN))
    (tmp_path / ".hidden.json").write_text(text_of(ANN))
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "notes.txt").write_text("hello")
    if sys.platform != "win32":
        os.symlink("nowhere", tmp_path / "link.json")
        os.mkfifo(tmp_path / "pipe.json")
    assert folder.rows(tmp_path, 1060) == [Row(ANN, 60), Row(someone(1, seconds=0), 61)]
    assert folder.rows(tmp_path, 0) == [Row(ANN, 0), Row(someone(1, seconds=0), 0)]
    assert folder.rows(tmp_path, 1000 + GONE) == []
    assert folder.rows(tmp_path / "gone", 0) == []


def test_folder_with_too_much(tmp_path: Path) -> None:
    """A board reads so many files, and no more."""
    for number in range(MOST_ROWS + 5):
        (tmp_path / f"{number}.json").write_text(text_of(someone(number)))
    assert len(folder.rows(tmp_path, 0)) == MOST_ROWS


def test_clear(tmp_path: Path) -> None:
    """Only files of messages are deleted."""
    (tmp_path / "Ann.json").write_text(text_of(ANN))
    (tmp_path / "mine.json").write_text("{}")
    assert folder.clear(tmp_path) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["mine.json"]


# The server, on a transport in memory and with a clock of the test's


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
