"""The code that is in slides/code: that it does what the decks say of it."""

from __future__ import annotations

import sys
from pathlib import Path
from unittest import result

import pytest
from decks import read
from twisted.internet.testing import StringTransport

from workshop.course import load
from workshop.course.solutions import answer

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "slides" / "code"))

import stage5_judges as judges  # noqa: E402
import stage6_weather as weather  # noqa: E402

STAGE = load(ROOT).stage("stage5_transform")
RIGHT, WRONG = judges.services(STAGE)
CUT = [
    (name, end, n)
    for name, wire in weather.ANSWERS.items()
    for end in weather.ENDS.values()
    for n in range(len(wire))
]


def text(deck: str, title: str) -> str:
    """What a slide says, and its notes, on one line."""
    found = [one for one in read(ROOT / "slides" / f"{deck}.md").slides if one.title == title]
    return " ".join(f"{found[0].text} {found[0].notes}".split())


@pytest.mark.parametrize(
    ("letter", "right", "steps"), [("a", 0, [1]), ("b", 1, [1, 12]), ("c", 0, [1, 1])]
)
def test_three_judges(letter: str, right: int, steps: list[int]) -> None:
    """One test is too weak, one is too strict, and the third is red on what breaks its sentence."""
    reds = [judges.red(judges.Three, [f"test_{letter}"], one) for one in RIGHT]
    assert sum(reds) == right
    found = [judges.red(judges.Three, [f"test_{letter}"], one) for one in WRONG]
    assert [bug.step for bug, red in zip(STAGE.mutants, found, strict=True) if red] == steps


def test_what_the_judges_deck_counts() -> None:
    """The numbers of services and tests that the deck names are those of today."""
    said = text("stage5_transform", "A test is a judge")
    assert (len(RIGHT), len(WRONG)) == (3, 26)
    assert "three right services and on 26 wrong ones" in said
    tests = answer(STAGE)["test_service.py"].partition("class TcpTests")[0]
    assert f"The {tests.count('    def test_')} tests of the reference" in said


@pytest.mark.parametrize("end", weather.ENDS.values())
@pytest.mark.parametrize("says", [b"length 12\nrain\nby noon", b"length 12\nrain"])
def test_weather_table(says: bytes, end: type[Exception]) -> None:
    """A client that takes what came reports what the deck's table has."""
    client = weather.TakesWhatCame()
    transport = StringTransport()
    client.makeConnection(transport)
    client.dataReceived(says)
    client.connectionLost(weather.Failure(end()))
    reported = client.answer.result
    shown = [one.decode().replace("\n", r"\n") for one in (says, reported)]
    assert f"| `{shown[0]}` | `{shown[1]}` |" in text("stage6_client", "It works")


def test_answers_cut_short() -> None:
    """So many answers are cut short, and the first client takes each of them for the text; those that count, none."""
    assert f"{len(CUT)} answers were cut short" in text("stage6_client", "Ended after each byte")
    for name, end, n in CUT:
        came = weather.ANSWERS[name][:n]
        assert weather.ended_after(weather.TakesWhatCame, came, end) == weather.WRONG
        if name == "length":
            for program in (weather.Counts, weather.TellsOnce):
                assert weather.ended_after(program, came, end) == weather.FAILURE
    whole = weather.ANSWERS["length"]
    for end in weather.ENDS.values():
        assert weather.ended_after(weather.Counts, whole, end) == weather.EXCEPTION
        assert weather.ended_after(weather.TellsOnce, whole, end) == weather.RIGHT


def test_slow_is_red_at_its_last_line() -> None:
    """The caller is reported in time, and nobody has asked for the connection's end."""
    found = result.TestResult()
    weather.Slow("test_slow").run(found)
    assert (found.errors, len(found.failures)) == ([], 1)
    last = (ROOT / "slides" / "code" / "stage6_weather.py").read_text("utf-8").splitlines()[-1]
    assert last.strip() == "self.assertTrue(transport.disconnecting)"
    assert last.strip() in found.failures[0][1]
