"""The board without a network: its messages, rows, page and shared folder."""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.task import Clock

from workshop.board import folder, server
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
