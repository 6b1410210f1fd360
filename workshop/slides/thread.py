"""The thread through all decks: five drawings, one for each difficulty, and a clock for the session.

A stage's first slide shows all five, with those that the stage trains lit, and how far in the session it is.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from math import cos, pi, sin

from workshop.course import Course, timetable

DIFFICULTIES = ("chunks", "disconnections", "timeouts", "real networks", "leftovers")
"""Their names, in the course's order."""

# A drawing has 120 by 76 units; strokes take the colour of the text around them.
_CUP = "M-15 8h26v10a10 10 0 0 1 -10 10h-6a10 10 0 0 1 -10 -10zM11 11h3a5 5 0 0 1 0 10h-3M-8 4v-6M4 4v-6"
_TICK, _CROSS = "l6 8l12 -16", "l16 16m0 -16l-16 16"
DRAWINGS = (
    # A message in three pieces of different lengths, on a line.
    '<path d="M2 38h12m44 0h16m14 0h12" stroke-dasharray="4 6"/>'
    '<path d="M14 22h44v32h-44zM74 22h14v32h-14zM100 22h18v32h-18z" fill="var(--fill)"/>',
    # A line between two ends, torn in the middle.
    '<path d="M4 24h22v28h-22zM94 24h22v28h-22z" fill="var(--fill)"/>'
    '<path d="M26 38h22l6 -9M94 38h-22l-6 9M56 12l8 14l-8 8M64 64l-6 -12l8 -8"/>',
    # An hourglass.
    '<path d="M38 6h44M38 70h44M44 6v12l16 18l16 -18v-12M44 70v-12l16 -18l16 18v12"/>'
    '<path d="M48 66v-6l12 -12l12 12v6zM52 20h16l-8 10z" fill="var(--fill)" stroke="none"/>',
    # The same test three times: green, green, red.
    f'<path d="M4 22h32v32h-32zM44 22h32v32h-32zM84 22h32v32h-32z" fill="var(--fill)"/>'
    f'<path d="M11 38{_TICK}M51 38{_TICK}" stroke="var(--good)"/>'
    f'<path d="M92 30{_CROSS}" stroke="var(--bad)"/>',
    # A door that was left open.
    '<path d="M20 70h80M38 70v-62h42v62"/><path d="M38 8l26 10v58l-26 -6z" fill="var(--fill)"/>'
    '<path d="M56 44v5" stroke-width="6"/>',
)


def drawing(number: int, lit: bool = True, width: int = 150) -> str:
    """Return the drawing of a difficulty, 1 to 5, as SVG for a slide's HTML, without a description."""
    look = "lit" if lit else "unlit"
    return (
        f'<svg class="difficulty {look}" viewBox="0 0 120 76" width="{width}" aria-hidden="true"'
        f' fill="none" stroke="currentColor" stroke-width="3.5" stroke-linejoin="round">'
        f"{DRAWINGS[number - 1]}</svg>"
    )


def strip(trained: Collection[int]) -> str:
    """Return all five, as HTML, with those trained lit."""
    items = ""
    for number, name in enumerate(DIFFICULTIES, 1):
        lit = number in trained
        look = "lit" if lit else "unlit"
        items += f'<li class="{look}">{drawing(number, lit)}{name}</li>\n'
    names = ", ".join(DIFFICULTIES[number - 1] for number in sorted(trained))
    said = f"Of the five difficulties, this trains: {names}." if names else "The five difficulties."
    return f'<ol class="thread" role="img" aria-label="{said}">\n{items}</ol>\n'


@dataclass(frozen=True)
class Moment:
    """A deck's place in a session: the minutes from which and to which it lasts, exercise included, of all."""

    begin: int
    end: int
    whole: int


def moment(course: Course, deck: str) -> Moment | None:
    """Return the place of a deck in the shortest track that has it; None if none has it.

    The first talk's place has the first stage in it, if that has no deck of its own.
    """
    whats = [f"{deck}:", *(talk.title for talk in course.talks if talk.name == deck)]
    first = course.stages[0]
    if deck in [talk.name for talk in course.talks[:1]] and not first.slides:
        whats.append(f"{first.name}:")
    for track in sorted(course.tracks, key=lambda one: one.minutes or 10_000):
        plan = timetable.timetable(course, "00:00", track.name)
        now, begin, end = 0, None, 0
        for row in plan.rows:
            if row.what.startswith(tuple(whats)):
                begin = now if begin is None else begin
                end = now + row.minutes
            now += row.minutes
        if begin is not None:
            return Moment(begin, end, now)
    return None


def clock(place: Moment) -> str:
    """Return a clock as HTML: a round of the whole session, with what is over, and this stage's part."""
    said = f"Minutes {place.begin} to {place.end} of {place.whole}."
    parts = [
        *_sector("over", 0, place.begin / place.whole),
        *_sector("now", place.begin / place.whole, place.end / place.whole),
    ]
    return (
        f'<div class="clock" role="img" aria-label="{said}">'
        f'<svg viewBox="-100 -100 200 200" width="180"><circle r="96"/>{"".join(parts)}</svg>'
        f"<p>{place.begin} to {place.end}<br/>of {place.whole} min</p></div>\n"
    )


def day(course: Course) -> str:
    """Return the shortest track as a bar, as SVG: each stage as wide as its minutes, and the breaks."""
    track = min(course.tracks, key=lambda one: one.minutes or 10_000)
    rows = timetable.timetable(course, "00:00", track.name).rows
    whole = sum(row.minutes for row in rows)
    parts: list[tuple[str, int]] = []
    for row in rows:
        stage = re.match(r"stage(\d+[a-z]?)_", row.what)
        name = stage[1] if stage else "break" if row.kind == "break" else ""
        if parts and parts[-1][0] == name:
            parts[-1] = name, parts[-1][1] + row.minutes
        else:
            parts.append((name, row.minutes))
    svg, x = "", 0.0
    for name, minutes in parts:
        width = 1196 * minutes / whole
        look = "pause" if name == "break" else "stage" if name else "talk"
        svg += f'<rect class="{look}" x="{x + 2:.1f}" y="2" width="{width - 3:.1f}" height="86" rx="6"/>'
        middle = f'x="{x + width / 2:.1f}" text-anchor="middle"'
        if name and name != "break":
            svg += f'<text {middle} y="42" font-weight="bold">{name}</text>'
        if name == "break":
            svg += f'<path class="cup" transform="translate({x + width / 2:.1f} 14)" d="{_CUP}"/>'
        if name:
            svg += f'<text {middle} y="78">{minutes}\'</text>'
        x += width
    said = "; ".join(
        f"{f'stage {n}' if n[:1].isdigit() else n or 'talk'}, {m} minutes" for n, m in parts
    )
    return (
        f'<figure class="day" role="img" aria-label="The session, in this order: {said}.">'
        f'<svg viewBox="0 0 1200 90" width="1200" font-size="28">{svg}</svg></figure>'
    )


def _sector(name: str, begin: float, end: float) -> Iterator[str]:
    """Draw a part of the round, clockwise from the top."""
    if end <= begin:
        return
    (a, b), (c, d) = (
        (90 * sin(2 * pi * part), -90 * cos(2 * pi * part)) for part in (begin, min(end, 0.9999))
    )
    large = int(end - begin > 0.5)
    yield f'<path class="{name}" d="M0 0L{a:.2f} {b:.2f}A90 90 0 {large} 1 {c:.2f} {d:.2f}z"/>'
