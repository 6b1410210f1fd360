"""The commands on a stage whose tests the learner writes, as a user gives them."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from driving import Learner, Terminal, posix

from workshop.course import load
from workshop.course.solutions import answer

JUDGED = Path(__file__).resolve().parent / "judged"
TESTS = "exercises/stage1_tally/test_tally.py"
LIST = "exercises/stage1_tally/list.md"


@pytest.fixture
def judged(tmp_path: Path) -> Iterator[Learner]:
    """A copy of a course with one stage, solved, whose tests the learner writes."""
    root, temp = tmp_path / "course", tmp_path / "temp"
    shutil.copytree(JUDGED, root, ignore=shutil.ignore_patterns(".workshop", "__pycache__"))
    temp.mkdir()
    stage = load(root).stage("tally")
    for name, text in answer(stage).items():
        (stage.folder / name).write_text(text)
    learner = Learner(root, temp)
    yield learner
    learner.nothing_left()


def let_through(learner: Learner) -> None:
    """Take a test away: empty lines are not tested any more."""
    text = learner.path(TESTS).read_text()
    learner.write(text.replace("def test_empty", "def later_empty"), TESTS)


def test_passes(judged: Learner) -> None:
    """A suite that catches all: exit code 0, a line for each part of the verdict, within 80 columns."""
    outcome = judged.here("run", "tally")
    assert outcome.code == 0, outcome.all
    assert "3 of 3 pass, and leave nothing behind" in outcome.out
    assert "3 of 3 kinds\n" in outcome.out
    assert "stage1_tally: all of it is caught." in outcome.out
    assert max(map(len, outcome.out.splitlines())) <= 80


def test_none_passes(judged: Learner) -> None:
    """If no test passes, the verdict does not go on about those that do."""
    text = judged.path(TESTS).read_text()
    judged.write(
        text.replace("    def test_", "    def test_fails_").replace("Equal(", "Is("), TESTS
    )
    out = judged.here("run", "tally").out
    assert re.search(r"0 of \d pass$", out, re.M), out
    assert "leave nothing behind" not in out


def test_kind_is_named_then_its_scene(judged: Learner) -> None:
    """What is let through is reported by its title; asked again, with its scene; caught and let through again, without."""
    whole = judged.path(TESTS).read_text()
    let_through(judged)
    first, second = judged.here("run", "tally"), judged.here("run", "tally")
    assert (first.code, second.code) == (1, 1)
    assert "Not caught yet, number 3: An empty line is a line." in first.out
    assert "one line short" not in first.out
    assert "one line short" in " ".join(second.out.split())
    assert "empty_lines_are_skipped" not in first.all + second.all
    judged.write(whole, TESTS)
    assert judged.here("run", "tally").code == 0
    let_through(judged)
    assert "one line short" not in judged.here("run", "tally").out


def test_json(judged: Learner) -> None:
    """--json prints one object with all parts of the verdict."""
    let_through(judged)
    data = json.loads(judged.here("run", "tally", "--json").out)
    again = json.loads(judged.here("run", "tally", "--json").out)
    assert data["passed"] is False
    assert [test["status"] for test in data["tests"]] == ["passed", "passed"]
    assert data["not_caught"] == [
        {
            "number": 3,
            "title": "An empty line is a line.",
            "let_through": 1,
            "mutants": 1,
            "times": 1,
        }
    ]
    assert again["not_caught"][0]["times"] == 2
    assert "one line short" in again["not_caught"][0]["scene"]
    assert (data["caught"], data["mutants"]) == (3, 4)
    assert data["list"][0] == {"text": "a line that comes in pieces", "kinds": [1]}
    assert data["not_listed"] == [3]
    for part in ("unruly", "cannot_fail", "ask_too_much", "defined_twice"):
        assert data[part] == []
    assert data["message"] == "Not caught yet: An empty line is a line."


@pytest.mark.parametrize(
    "words", [["run", "tally"], ["run", "tally", "1"], ["hint", "tally"], ["hint", "tally", "1"]]
)
def test_without_solutions(judged: Learner, words: list[str]) -> None:
    """A copy without solutions cannot judge, and says so, whatever is asked."""
    shutil.rmtree(judged.root / "solutions")
    outcome = judged.here(*words)
    assert outcome.code == 2
    assert "This copy of the course has no solutions/stage1_tally, which this needs." in outcome.all


def test_list_is_read_back(judged: Learner) -> None:
    """How much the list says is reported; what it misses and what is not known, in full; without a line it is not done."""
    judged.write(judged.path(LIST).read_text() + "- a full moon\n", LIST)
    out = " ".join(judged.here("run", "tally").out.split())
    assert "Your list covers 2 kinds, in 2 lines." in out
    assert "a full moon [no kind recognised]" in out
    assert "in pieces" not in out
    assert (
        "Not in your list, number 3: An empty line is a line, though a test of yours catches it."
        in out
    )
    judged.write("# My list\n", LIST)
    outcome = judged.here("run", "tally")
    assert outcome.code == 1
    assert "has no lines yet" in outcome.out


def test_status_counts_kinds(judged: Learner) -> None:
    """The map says how many kinds are caught; looking at it is not asking."""
    let_through(judged)
    for _ in range(2):
        outcome = judged.here()
        assert outcome.code == 0
        assert "2 of 3 kinds caught" in outcome.out
        assert "one line short" not in outcome.out


def test_hint(judged: Learner) -> None:
    """A hint for a number; and for the first that is let through."""
    assert "In how many pieces" in judged.here("hint", "tally", "1").out
    let_through(judged)
    assert "What is a line with nothing in it?" in judged.here("hint", "tally").out
    outcome = judged.here("hint", "tally", "9")
    assert outcome.code == 2
    assert 'stage1_tally has no number "9". It has 1 to 3.' in outcome.err


def test_each_part_says_what_to_do(judged: Learner) -> None:
    """Tests that fail, do harm, check nothing or ask for too much are named, in this order, each with what to do."""
    text = judged.path(TESTS).read_text()
    judged.write(
        f"""import time
{text}

class MoreTests(SynchronousTestCase):
    def test_fails(self):
        self.assertEqual(1, 2, "Expected 1; got 2.")

    def test_patches(self):
        Tally.dataReceived = None

    def test_nothing(self):
        pass

    def test_private(self):
        tally = Tally()
        tally.makeConnection(StringTransport())
        tally.dataReceived(b"x\\n")
        self.assertEqual(tally.lines, 1)
""",
        TESTS,
    )
    outcome = judged.here("run", "tally")
    assert outcome.code == 1
    reported = [
        "5 of 7 pass",
        "1 of 5 cannot",
        "1 of your tests would refuse one",
        "MoreTests.test_fails fails on your own code",
        "Expected 1; got 2.",
        "MoreTests.test_patches replaces, and does not restore",
        "self.patch() restores",
        "MoreTests.test_nothing",
        "MoreTests.test_private asks for more than the description says.",
        "'Tally' object has no attribute 'lines'",
    ]
    out, at = " ".join(outcome.out.split()), 0
    for words in reported:
        assert words in out[at:], (words, outcome.out)
        at = out.index(words, at)


@posix
def test_watch(judged: Learner) -> None:
    """watch judges again at each save, and h gives a hint for what is let through."""
    with Terminal(judged, "watch", "tally") as terminal:
        terminal.expect("all of it is caught")
        terminal.expect("Watching")
        let_through(judged)
        terminal.expect("Not caught yet, number 3")
        terminal.expect("Watching")
        terminal.press("h")
        terminal.expect("What is a line with nothing in it")
        terminal.press("q")
        assert terminal.end() == 0
        terminal.sane()


def test_some_kinds_alone(judged: Learner) -> None:
    """With numbers of kinds, only these are judged: neither the others, nor the list; and the stage is not done by it."""
    let_through(judged)
    judged.write("", LIST)
    assert judged.here("run", "tally").code == 1
    some = judged.here("run", "tally", "1-2")
    assert some.code == 0, some.all
    assert "2 of 2 kinds\n" in some.out and "Your list" not in some.out
    assert "stage1_tally: caught: 1-2." in some.out
    assert "Is your code right?" not in some.out
    one = judged.here("run", "tally", "3")
    assert one.code == 1 and "Not caught yet, number 3: An empty line is a line." in one.out
    assert "python3 -m workshop run stage1_tally 3\n" in one.out
    assert "2 of 3 kinds" in judged.here().out


def test_some_kinds_say_nothing_about_the_others(judged: Learner) -> None:
    """A run of some numbers is one of these alone, as data too: how often the others were missed does not change."""
    let_through(judged)
    assert "one line short" not in judged.here("run", "tally").out
    some = json.loads(judged.here("run", "tally", "1-2", "--json").out)
    assert (some["asked"], some["not_caught"]) == ([1, 2], [])
    again = json.loads(judged.here("run", "tally", "--json").out)
    assert again["asked"] == [1, 2, 3] and again["not_caught"][0]["times"] == 2


@pytest.mark.parametrize("words", ["4", "0-2", "2-1", "1-4", "all", "1,2"])
def test_kinds_that_are_not_there(judged: Learner, words: str) -> None:
    """A number that the stage does not have, or no number, is bad usage; the numbers are named."""
    outcome = judged.here("run", "tally", words)
    assert outcome.code == 2, outcome.all
    assert f'stage1_tally has no number "{words}". It has 1 to 3; write 2, or 1-3.' in outcome.err
