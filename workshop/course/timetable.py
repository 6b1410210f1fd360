"""The timetable of a class: talks, exercises and breaks, from the minutes in course.toml, and whether they are enough."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from workshop.course import needs
from workshop.course.model import Course, Stage
from workshop.course.needs import NOTHING, Needs
from workshop.course.plan import ALL, CORE, FIRST, IN_CLASS, LAST, QUICK, Track

TALK, EXERCISE, BREAK = "talk", "exercise", "break"

STRETCH = 90
"""The most minutes between two breaks."""

MEAL, HUNGRY = 45, 360
"""The minutes of a meal, which a class of more minutes than HUNGRY has."""


@dataclass(frozen=True)
class Row:
    """A row of the timetable. ``start`` is HH:MM; ``kind`` is "talk", "exercise" or "break"."""

    start: str
    minutes: int
    what: str
    kind: str
    needs: Needs = NOTHING


@dataclass(frozen=True)
class Timetable:
    """The rows, their end (HH:MM), and a sentence for each reason why the plan does not hold."""

    rows: tuple[Row, ...]
    end: str
    faults: tuple[str, ...]

    @property
    def minutes(self) -> int:
        """The whole length in minutes, breaks included."""
        return sum(row.minutes for row in self.rows)

    @property
    def breaks(self) -> int:
        """The minutes of all breaks."""
        return sum(row.minutes for row in self.rows if row.kind == BREAK)

    @property
    def needs(self) -> Needs:
        """What all of it needs, without the breaks."""
        return sum((row.needs for row in self.rows), NOTHING)


def stages_in(course: Course, track: Track) -> list[Stage]:
    """Return the stages of a track, in their order."""
    chosen = {CORE} if track.name != ALL else {stage.track for stage in course.stages}
    return [one for one in course.stages if one.track in chosen or one.name in track.extra]


def timetable(course: Course, start: str, name: str) -> Timetable:
    """Make the timetable of a track from a time of day on.

    A stage's talk, if it has one, comes before its exercise. There is no break after the last stage.

    Raises:
        ValueError: ``start`` is not a time of day.
        CourseError: There is no such track.
    """
    track = course.track(name)
    now = datetime.strptime(start, "%H:%M")
    rows: list[Row] = []

    def add(minutes: int, what: str, kind: str, need: Needs = NOTHING) -> None:
        nonlocal now
        if minutes:
            rows.append(Row(f"{now:%H:%M}", minutes, what, kind, need))
            now += timedelta(minutes=minutes)

    def talks(place: str) -> None:
        for talk in course.talks:
            if talk.place == place:
                add(talk.minutes, talk.title, TALK, needs.of_talk(course, talk.name))

    talks(FIRST)
    stages = stages_in(course, track)
    for stage in stages:
        if stage.slides:
            add(
                stage.slides,
                f"{stage.name}: {stage.title}",
                TALK,
                needs.of_talk(course, stage.name),
            )
        longer = track.quick and stage.track == CORE
        places = (IN_CLASS, QUICK) if longer else (IN_CLASS,)
        minutes = stage.minutes - stage.slides + (stage.longer if longer else 0)
        need = needs.of_exercise(course, stage, _deck_of(course, stage), places)
        add(minutes, f"{stage.name}: {_exercise(stage, longer)}", EXERCISE, need)
        for pause in course.breaks:
            named = not pause.tracks or track.name in pause.tracks
            if pause.after == stage.name and stage is not stages[-1] and named:
                add(pause.minutes, pause.name, BREAK)
    talks(LAST)
    return Timetable(tuple(rows), f"{now:%H:%M}", (*_faults(rows, track),))


def _exercise(stage: Stage, longer: bool) -> str:
    """Return what an exercise is, in a row of the timetable."""
    what = "your turn" if stage.slides else stage.title
    done = [stage.done(IN_CLASS), stage.done(QUICK) if longer else ""]
    return f"{what} ({'; '.join(filter(None, done))})" if done[0] else what


def _faults(rows: list[Row], track: Track) -> list[str]:
    """Return a sentence for each reason why a plan does not hold."""
    found = []
    for row in rows:
        if row.needs.minutes > row.minutes:
            parts = {"words": row.needs.talk, "reading": row.needs.reading, "steps": row.needs.work}
            sums = ", ".join(f"{what} {part:.1f}" for what, part in parts.items() if part)
            found.append(
                f"{row.start} {row.what}: it has {row.minutes} minutes and needs {row.needs.minutes:.1f} ({sums})."
            )
    since, begun = 0, rows[0].start if rows else ""
    for row in rows:
        if row.kind == BREAK:
            since, begun = 0, ""
            continue
        begun = begun or row.start
        if since <= STRETCH < since + row.minutes:
            found.append(f"From {begun} on, there are more than {STRETCH} minutes without a break.")
        since += row.minutes
    total = sum(row.minutes for row in rows)
    if total > HUNGRY and not any(row.kind == BREAK and row.minutes >= MEAL for row in rows):
        found.append(
            f"It takes {total} minutes and has no meal: a break of {MEAL} minutes or more."
        )
    if 0 < track.minutes < total:
        over = total - track.minutes
        found.append(f"It runs over: {over} minutes more than the {track.minutes} of course.toml.")
    return found


def _deck_of(course: Course, stage: Stage) -> str:
    """Return the name of the deck that ends with a stage's exercise."""
    first = [talk.name for talk in course.talks if talk.place == FIRST]
    return (
        stage.name if stage.slides or stage is not course.stages[0] else first[0] if first else ""
    )


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
    return [{**vars(row), "needs": round(row.needs.minutes, 1)} for row in timetable.rows]
