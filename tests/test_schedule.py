"""The timetable of a class, from the minutes in course.toml."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from driving import Learner

from workshop.course import CourseError, load
from workshop.course.plan import Track
from workshop.course.timetable import timetable

ROOT = Path(__file__).resolve().parent.parent
TOML = "exercises/course.toml"

MORE = """
[[track]]
name = "core"
minutes = 11

[[track]]
name = "all"
minutes = 25

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
tracks = ["all"]
"""


PART = 'edit = []\npart = [{ place = "in class", minutes = 1, steps = "1-2" }]'


def add(mini: Learner, old: str = "", new: str = "") -> None:
    """Give the miniature course talks, slides and tracks; then make an edit."""
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
    """A break of some tracks is in no other."""
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
        ('["all"]', '["most"]', "the break after stage2_count: there is no track most"),
        ('place = "last"', 'place = "late"', 'goodbye: place is "late"; it must be first or last'),
        (
            "minutes = 11",
            "minutes = 11\nextra = ['stage9']",
            "the track core: stage9 is not a stage",
        ),
        ("minutes = 11", 'minutes = "11"', "track 1: minutes is '11'"),
        ("edit = []", 'edit = []\npart = [{ place = "in bed", minutes = 1 }]', 'place is "in bed"'),
        ("edit = []", PART.replace('"1-2"', '"1 to 2"'), 'stage3_last: steps is "1 to 2"'),
        ("edit = []", PART.replace("minutes", "minuets"), "stage3_last, part 1: the fields are"),
        ("edit = []", PART, ""),
        (MORE[: MORE.index("[[talk]]")], "", ""),
    ],
)
def test_minutes_that_cannot_be(mini: Learner, old: str, new: str, says: str) -> None:
    """What is wrong with the minutes in course.toml is reported, with where; a course without tracks is right."""
    add(mini, old, new)
    if says:
        with pytest.raises(CourseError, match=f"course.toml.*{says}"):
            load(mini.root)
    else:
        assert mini.here("schedule", "--track", "core").code == 0


def test_a_track_of_ones_own(mini: Learner) -> None:
    """A track has the core stages and those that it names; the steps for the quick too, if it says so."""
    add(
        mini,
        "[[talk]]",
        '[[track]]\nname = "mine"\nextra = ["stage3_last"]\nquick = true\n\n[[talk]]',
    )
    part = """longer = 4
part = [
    { place = "in class", minutes = 3, steps = "1" },
    { place = "for the quick", minutes = 3, steps = "2" },
]
"""
    text = mini.path(TOML).read_text("utf-8")
    mini.write(text.replace("minutes = 5\n", f"minutes = 5\n{part}", 1), TOML)
    rows = json.loads(mini.here("schedule", "--track", "mine", "--json").out)
    assert [(row["minutes"], row["what"]) for row in rows] == [
        (4, "Hello"),
        (9, "stage1_echo: An echo (1; 2)"),
        (3, "Break"),
        (2, "stage3_last: The last"),
        (4, "stage3_last: your turn"),
        (2, "Goodbye"),
    ]
    assert "stage1_echo: An echo (1)\n" in mini.here("schedule").out


@pytest.mark.parametrize("track", load(ROOT).tracks, ids=lambda track: track.name)
def test_the_course(track: Track) -> None:
    """Each track of the course holds, begins and ends with a talk, and fills its minutes."""
    course = load(ROOT)
    table = timetable(course, "13:20", track.name)
    assert table.faults == ()
    assert [row.kind for row in (table.rows[0], table.rows[-1])] == ["talk", "talk"]
    assert track.minutes - 5 <= table.minutes <= track.minutes
    talks = [
        row.minutes for row in table.rows if re.match(r"stage", row.what) and row.kind == "talk"
    ]
    assert talks and all(5 <= length <= 10 for length in talks)
    assert all(row.needs.minutes for row in table.rows if row.kind != "break")


def test_the_tracks_of_the_course() -> None:
    """There are half a day of 200 minutes, to the minute, a longer one and a full day, with their breaks and meals."""
    course = load(ROOT)
    tables = {track.name: timetable(course, "13:20", track.name) for track in course.tracks}
    assert [*tables] == ["core", "long", "day", "all"]
    assert (tables["core"].minutes, tables["long"].minutes) == (200, 300)
    pauses = [row.minutes for row in tables["core"].rows if row.kind == "break"]
    assert pauses == [10, 15]
    for name in ("day", "all"):
        assert "Lunch" in [row.what for row in tables[name].rows]
