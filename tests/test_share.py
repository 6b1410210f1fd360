"""`share` with a folder, as a pair uses it: what is asked, what is sent, and when."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from driving import HALF, SOLVED, Learner, Terminal, posix, until

from workshop.board.message import Message, parse

NAME = "Ann and Bo"
QUIET = "Not shared: {why}. To share no more: {tool} share --stop\n"
TOOL = "python -m workshop" if sys.platform == "win32" else "python3 -m workshop"


@pytest.fixture
def shared(mini: Learner) -> Path:
    """A shared folder."""
    folder = mini.root.parent / "shared"
    folder.mkdir()
    return folder


def read(folder: Path, name: str = NAME) -> Message:
    """What a pair shares in a folder."""
    return parse((folder / f"{name}.json").read_bytes())


def begin(mini: Learner, to: object, name: str = NAME) -> None:
    """Share, without being asked."""
    outcome = mini.here("share", str(to), "--as", name, "--yes")
    assert outcome.code == 0, outcome.all


def test_only_if_asked(mini: Learner, shared: Path) -> None:
    """Without `share`, no command sends anything."""
    for words in (("run", "1"), ("hint", "1"), ("share", "--stop")):
        mini.here(*words)
    assert list(shared.iterdir()) == []
    assert not (mini.root / ".workshop" / "share.json").exists()


def test_what_is_sent_is_shown(mini: Learner, shared: Path) -> None:
    """What is shown is, byte for byte, what is sent; it has neither code nor a message of a test."""
    mini.write(HALF)
    mini.here("run", "1")
    outcome = mini.here("share", str(shared), "--as", NAME, "--yes")
    sent = (shared / f"{NAME}.json").read_text("utf-8")
    indented = "".join(f"  {line}\n" for line in sent.splitlines())
    assert f"{shared}\n{indented}" in outcome.out
    assert "Shared: stage1 1/3, at step 2, 0 min" in outcome.out
    assert json.loads(sent).keys() == {
        *("schema", "id", "name", "stage", "passed", "total", "at", "what"),
        *("hint", "hints", "seconds", "green"),
    }
    assert [path.name for path in shared.iterdir()] == [f"{NAME}.json"]


@posix
@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1), ("\n", 1), ("\x04", 130)])
def test_it_asks(mini: Learner, shared: Path, answer: str, code: int) -> None:
    """Nothing is sent before a yes."""
    with Terminal(mini, "share", str(shared), "--as", NAME) as terminal:
        terminal.expect(r"Share it\? \[y/N\]")
        assert list(shared.iterdir()) == []
        terminal.press(answer)
        assert terminal.end() == code, terminal.text
    assert bool(list(shared.iterdir())) == (code == 0)
    assert ("Shared as" in mini.here("share").out) == (code == 0)


def test_nobody_to_ask(mini: Learner, shared: Path) -> None:
    """Without a terminal and without --yes, nothing is sent."""
    assert mini.tool("share", str(shared), "--as", NAME).code == 130
    assert list(shared.iterdir()) == []


def test_each_change_is_sent(mini: Learner, shared: Path) -> None:
    """A run, a hint: each that changes the line changes the file; one that does not leaves it alone."""
    begin(mini, shared)
    assert read(shared).status.line == "stage1 0/3, at step 1, 0 min"
    mini.here("hint", "1", "1")
    assert read(shared).status.hint == 1
    mini.write(HALF)
    mini.here("run", "1")
    assert read(shared).status.line == "stage1 1/3, at step 2, 0 min"
    mini.write(SOLVED)
    before = (shared / f"{NAME}.json").stat()
    mini.here("status", "--line")
    mini.here()
    assert (shared / f"{NAME}.json").stat() == before
    mini.here("run", "1", "--json")
    assert read(shared).status.line == "stage1 3/3, done, 0 min"
    before = (shared / f"{NAME}.json").stat()
    mini.here("run", "1")
    assert (shared / f"{NAME}.json").stat() == before


@posix
def test_watch_sends_too(mini: Learner, shared: Path) -> None:
    """Each save, and each hint asked for with h, is sent."""
    begin(mini, shared)
    with Terminal(mini, "watch", "1", limit=2) as watch:
        watch.expect("q quit")
        watch.press("h")
        watch.expect("Question")
        until(lambda: read(shared).status.hint == 1, 5, "the hint was not sent")
        mini.write(HALF)
        watch.expect("1/3|step 2:")
        watch.expect("q quit")
        assert read(shared).status.at == 2
        watch.press("q")
        assert watch.end(3) == 0, watch.text


def test_stop(mini: Learner, shared: Path) -> None:
    """`share --stop` takes the file away, and nothing is sent after it; a second one has nothing to do."""
    begin(mini, shared)
    outcome = mini.here("share", "--stop")
    assert (outcome.code, outcome.out) == (
        0,
        "Sharing has ended, and the board has forgotten you.\n",
    )
    mini.here("run", "1")
    assert list(shared.iterdir()) == []
    assert mini.here("share", "--stop").out == "Nothing is shared.\n"
    assert mini.here("share").code == 2


def test_a_name_that_is_taken(mini: Learner, shared: Path) -> None:
    """A second pair cannot take the name, nor change what the first has sent; the first may share again."""
    begin(mini, shared)
    before = read(shared)
    (mini.root / ".workshop" / "share.json").rename(mini.root / "kept.json")
    outcome = mini.here("share", str(shared), "--as", NAME, "--yes")
    assert (outcome.code, outcome.err) == (1, "Nothing is shared: another pair has this name.\n")
    assert read(shared) == before
    (mini.root / "kept.json").rename(mini.root / ".workshop" / "share.json")
    begin(mini, shared)


def test_another_name(mini: Learner, shared: Path) -> None:
    """Who shares under another name, or elsewhere, leaves nothing under the first."""
    begin(mini, shared)
    begin(mini, shared, "Bo & Ann")
    assert [path.name for path in shared.iterdir()] == ["Bo & Ann.json"]
    other = shared.parent / "other"
    other.mkdir()
    begin(mini, other, "Bo & Ann")
    assert list(shared.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    ["", " ", "a/b", "..", ".ann", "a\\b", "x" * 41, "nul", "COM1", "a\nb", "a*", "Ann ", "\u202e"],
)
def test_names_that_are_no_file_s(mini: Learner, shared: Path, name: str) -> None:
    """Such a name is refused, and nothing is written, here or elsewhere."""
    before = mini.files()
    outcome = mini.here("share", str(shared), "--as", name, "--yes")
    assert (outcome.code, outcome.out) == (2, "")
    assert "A name has up to 40 characters" in outcome.err
    assert list(shared.iterdir()) == []
    assert mini.files() == before


@pytest.mark.parametrize("name", ["Ann", "Zo\u00eb and Bo", "table 7", "a.b", "O'Neil & co"])
def test_names_that_are(mini: Learner, shared: Path, name: str) -> None:
    """Names as people have them are files."""
    begin(mini, shared, name)
    assert read(shared, name).name == name


@pytest.mark.parametrize(
    "words", [("somewhere",), ("--as", "Ann"), (), ("no such folder", "--as", "Ann")]
)
def test_bad_usage(mini: Learner, words: tuple[str, ...]) -> None:
    """Without a place or a name, or in a folder that is not there: exit code 2."""
    outcome = mini.here("share", *words)
    assert (outcome.code, outcome.out) == (2, "")


def test_a_folder_that_goes(mini: Learner, shared: Path) -> None:
    """If the folder is gone, it is not made again; each run says so in one line, and is otherwise the same."""
    begin(mini, shared)
    mini.write(HALF)
    before = mini.here("run", "1")
    mini.write(SOLVED)
    shutil.rmtree(shared)
    mini.write(HALF)
    mini.here("hint", "1", "2")
    after = mini.here("run", "1")
    assert (after.code, after.out) == (before.code, before.out)
    assert after.err == QUIET.format(why="there is no such folder", tool=TOOL)
    assert not shared.exists()
    outcome = mini.here("share", "--stop")
    assert outcome.code == 0
    assert "Sharing has ended. The board may still show the last line" in outcome.out


@pytest.mark.parametrize(
    "harm",
    [
        lambda data: b"",
        lambda data: b"[]",
        lambda data: b"{}",
        lambda data: data[:-5],
        lambda data: json.dumps({**json.loads(data), "to": 1}).encode(),
        lambda data: json.dumps({**json.loads(data), "name": "../Ann"}).encode(),
        lambda data: json.dumps({**json.loads(data), "name": ""}).encode(),
        lambda data: json.dumps({**json.loads(data), "id": "x"}).encode(),
        lambda data: json.dumps({**json.loads(data), "more": "x"}).encode(),
    ],
)
def test_a_damaged_agreement(mini: Learner, shared: Path, harm: Callable[[bytes], bytes]) -> None:
    """Nothing is sent because of a damaged file."""
    begin(mini, shared)
    path = mini.root / ".workshop" / "share.json"
    (shared / f"{NAME}.json").unlink()
    path.write_bytes(harm(path.read_bytes()))
    mini.write(HALF)
    outcome = mini.here("run", "1")
    assert (outcome.code, outcome.err) == (1, "")
    assert list(shared.parent.rglob("*.json")) == list(mini.root.rglob("*.json"))
