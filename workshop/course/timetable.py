"""The timetable of a class: talks, exercises and breaks, from the minutes in course.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from workshop.course.model import FIRST, LAST, Course, Stage


@dataclass(frozen=True)
class Row:
    """A row of the timetable. ``start`` is HH:MM; ``kind`` is "talk", "exercise" or "break"."""

    start: str
    minutes: int
    what: str
    kind: str


@dataclass(frozen=True)
class Timetable:
    """The rows, their end (HH:MM), and by how many minutes they exceed the session; 0 if they do not."""

    rows: tuple[Row, ...]
    end: str
    over: int

    @property
    def minutes(self) -> int:
        """The whole length in minutes, breaks included."""
        return sum(row.minutes for row in self.rows)


def stages_in(course: Course, track: str) -> list[Stage]:
    """Return the stages of a track, "core" or "all", in their order."""
    return [stage for stage in course.stages if track == "all" or stage.track == "core"]


def timetable(course: Course, start: str, track: str) -> Timetable:
    """Make the timetable of a track, "core" or "all", from a time of day on.

    A stage's talk, if it has one, comes before its exercise. There is no break after the last stage.

    Raises:
        ValueError: ``start`` is not a time of day.
    """
    now = datetime.strptime(start, "%H:%M")
    rows: list[Row] = []

    def add(minutes: int, what: str, kind: str) -> None:
        nonlocal now
        if minutes:
            rows.append(Row(f"{now:%H:%M}", minutes, what, kind))
            now += timedelta(minutes=minutes)

    def talks(place: str) -> None:
        for talk in course.talks:
            if talk.place == place:
                add(talk.minutes, talk.title, "talk")

    talks(FIRST)
    stages = stages_in(course, track)
    for stage in stages:
        add(stage.slides, f"{stage.name}: {stage.title}", "talk")
        what = "your turn" if stage.slides else stage.title
        add(stage.minutes - stage.slides, f"{stage.name}: {what}", "exercise")
        for pause in course.breaks:
            if (
                pause.after == stage.name
                and stage is not stages[-1]
                and pause.track in (track, "core")
            ):
                add(pause.minutes, "Break", "break")
    talks(LAST)
    total = sum(row.minutes for row in rows)
    return Timetable(tuple(rows), f"{now:%H:%M}", max(0, total - course.session.get(track, total)))


def decks(course: Course) -> Mapping[str, tuple[int, int]]:
    """Return for each deck's name, in the order of the class, the minutes of its talk and those of its "Your turn".

    If the first stage has no slides of its own, it is the exercise of the first talk.
    """
    begun = course.stages[0]
    exercise = 0 if begun.slides else begun.minutes
    first = {t.name: (t.minutes, exercise) for t in course.talks if t.place == FIRST}
    stages = {s.name: (s.slides, s.minutes - s.slides) for s in course.stages if s.slides}
    last = {t.name: (t.minutes, 0) for t in course.talks if t.place == LAST}
    return first | stages | last


def as_data(timetable: Timetable) -> list[dict[str, Any]]:
    """Return the rows as --json prints them."""
    return [vars(row) for row in timetable.rows]
