"""The timetable of a class, from the minutes in course.toml."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from driving import Learner

from workshop.course import CourseError, load
from workshop.course.timetable import timetable

ROOT = Path(__file__).resolve().parent.parent
TOML = "exercises/course.toml"

MORE = """
[session]
core = 11
all = 25

[[talk]]
name = "hello"
title = "Hello"
minutes = 4
place = "first"

[[talk]]
name = "goodbye"
title = "Goodbye"
minutes = 2
place = "last"

[[stage]]
name = "stage3_last"
title = "The last"
minutes = 6
slides = 2
track = "extra"
kind = "check"
edit = []

[[break]]
after = "stage2_count"
minutes = 1
track = "all"
"""


def add(mini: Learner, old: str = "", new: str = "") -> None:
    """Give the miniature course talks, slides and a session; then make an edit."""
    text = mini.path(TOML).read_text("utf-8") + MORE
    assert old in text
    mini.write(text.replace(old, new, 1), TOML)


@pytest.mark.parametrize(
    ("words", "rows"),
    [
        ((), ["13:20    5 min  stage1_echo: An echo", "13:25  5 minutes in all."]),
        (
            ("--start", "9:58"),
            ["09:58    5 min  stage1_echo: An echo", "10:03  5 minutes in all."],
        ),
        (
            ("--track", "all", "--start", "23:55"),
            [
                "23:55    5 min  stage1_echo: An echo",
                "00:00    3 min  Break",
                "00:03    7 min  stage2_count: A counter",
                "00:10  15 minutes in all.",
            ],
        ),
    ],
    ids=["default", "start", "all"],
)
def test_exercises(mini: Learner, words: tuple[str, ...], rows: list[str]) -> None:
    """Each stage, when it begins; a break only between two of them; when it ends, past midnight too."""
    outcome = mini.here("schedule", *words)
    assert outcome.code == 0, outcome.all
    assert [line.strip() for line in outcome.out.splitlines()] == rows


def test_talks(mini: Learner) -> None:
    """Talks come first and last; a stage's talk before its exercise, which has the rest of its minutes."""
    add(mini)
    outcome = mini.here("schedule", "--track", "all", "--start", "10:00", "--json")
    rows = [
        (row["start"], row["minutes"], row["what"], row["kind"]) for row in json.loads(outcome.out)
    ]
    assert rows == [
        ("10:00", 4, "Hello", "talk"),
        ("10:04", 5, "stage1_echo: An echo", "exercise"),
        ("10:09", 3, "Break", "break"),
        ("10:12", 7, "stage2_count: A counter", "exercise"),
        ("10:19", 1, "Break", "break"),
        ("10:20", 2, "stage3_last: The last", "talk"),
        ("10:22", 4, "stage3_last: your turn", "exercise"),
        ("10:26", 2, "Goodbye", "talk"),
    ]


def test_breaks_of_the_whole_course(mini: Learner) -> None:
    """A break of the track "all" is none of the core's."""
    add(mini, 'track = "extra"', 'track = "core"')
    mini.write(mini.path(TOML).read_text("utf-8").replace('"extra"', '"core"'), TOML)
    assert mini.here("schedule").out.count("Break") == 1
    assert mini.here("schedule", "--track", "all").out.count("Break") == 2


@pytest.mark.parametrize("words", [(), ("--json",)], ids=["plain", "json"])
def test_a_session_that_runs_over(mini: Learner, words: tuple[str, ...]) -> None:
    """A timetable that is longer than the session is shown, reported in a line, and exit code 1."""
    add(mini)
    over = mini.here("schedule", "--track", "all", *words)
    assert (over.code, over.err) == (
        1,
        "It runs over: 3 minutes more than the 25 of course.toml.\n",
    )
    assert "Goodbye" in over.out
    fits = mini.here("schedule", *words)
    assert (fits.code, fits.err) == (0, "")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("slides = 2", "slides = 6", "stage3_last: slides = 6 leaves none of its 6 minutes"),
        ("slides = 2", "slides = -1", "slides = -1"),
        ('after = "stage2_count"', 'after = "stage9"', "a break comes after stage9"),
        ('track = "all"', 'track = "most"', 'stage2_count: track is "most"'),
        ('place = "last"', 'place = "late"', 'goodbye: place is "late"; it must be first or last'),
        ("core = 11", "cor = 11", r"\[session\] may have core and all"),
        ("core = 11", 'core = "11"', r"\[session\] may have core and all"),
        ("[session]\ncore = 11\nall = 25", "", ""),
    ],
)
def test_minutes_that_cannot_be(mini: Learner, old: str, new: str, says: str) -> None:
    """What is wrong with the minutes in course.toml is reported, with where; a course without a session is right."""
    add(mini, old, new)
    if says:
        with pytest.raises(CourseError, match=f"course.toml: .*{says}"):
            load(mini.root)
    else:
        assert mini.here("schedule", "--track", "all").code == 0


@pytest.mark.parametrize("track", ["core", "all"])
def test_the_course(track: str) -> None:
    """The course itself does not run over, and ends with its closing talk. The core is 200 minutes, to the minute."""
    course = load(ROOT)
    table = timetable(course, "13:20", track)
    assert table.over == 0, f"course.toml: [session] {track} wants {table.over} minutes more"
    assert [row.kind for row in (table.rows[0], table.rows[-1])] == ["talk", "talk"]
    assert table.minutes == 200 or track == "all"
    assert table.end == "16:40" or track == "all"
    talks = [
        row.minutes for row in table.rows if re.match(r"stage", row.what) and row.kind == "talk"
    ]
    assert talks and all(5 <= length <= 10 for length in talks)
