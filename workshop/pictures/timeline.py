"""Record what happens on several lines over time, and draw it: as text of 80 columns, or as an SVG picture.

    timeline = Timeline("A right teardown", ["port", "client", "server"])
    timeline.note("client", OVER)
    timeline.look()
    print(timeline.text())

A line is drawn as a bar while it is open: from its event OPEN, or from the beginning if it has none, to its event OVER.
Text and picture show one drawing, which is laid out in columns and rows. Nothing here needs Twisted.
"""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple
from xml.sax.saxutils import escape

OPEN, OVER = "open", "over"
LOOK = "trial looks"
STILL_OPEN = "still open"
COLUMNS = 80
LONGEST = 20  # letters of a line's name that are drawn
TICKS = 7  # on the axis, at most

# The picture's measures, in pixels if nothing scales it. A letter of any fixed-width font is some 0.6 of its size wide.
CELL, ROW, EDGE, SIZE = 8.5, 20, 20, 14
BOLD = ' font-weight="bold"'
INK, GOOD, LATE = "#1f2328", "#2f6fb3", "#bc4c00"


@dataclass(frozen=True)
class Event:
    """Something that happened on a line (None: on all), with its seconds since the timeline's beginning."""

    line: str | None
    name: str
    seconds: float


class Timeline:
    """Events, with their seconds since the timeline's beginning, which is the moment when it is made.

    Args:
        title: A sentence above the picture.
        lines: Their names, from top to bottom; others are added when they are noted.
        clock: Returns seconds.
        since: The name of the beginning, below the axis.
    """

    def __init__(
        self,
        title: str,
        lines: Iterable[str] = (),
        clock: Callable[[], float] = time.perf_counter,
        since: str = "the beginning",
    ) -> None:
        self.title = title
        self.lines = list(lines)
        self.since = since
        self.events: list[Event] = []
        self._clock = clock
        self._began = clock()

    def note(self, line: str, name: str) -> None:
        """Record an event on one line. Its bar begins at its first event OPEN, and ends at its first event OVER."""
        if line not in self.lines:
            self.lines.append(line)
        self.events.append(Event(line, name, self._clock() - self._began))

    def mark(self, name: str) -> None:
        """Record a moment that matters to all lines."""
        self.events.append(Event(None, name, self._clock() - self._began))

    def look(self) -> None:
        """Record that trial looks, now, at what a test has left."""
        self.mark(LOOK)

    def when(self, line: str | None, name: str) -> float | None:
        """Return when an event first came, in seconds, or None; without a line, when a moment was marked."""
        return next((e.seconds for e in self.events if (e.line, e.name) == (line, name)), None)

    def still_open(self) -> list[str]:
        """Return the lines that were open when trial first looked; none if it has not looked."""
        came = [(event.line, event.name) for event in self.events]
        if (None, LOOK) not in came:
            return []
        # By their order, not by their seconds: a coarse clock may give two events the same moment.
        before, after = came[: came.index((None, LOOK))], came[came.index((None, LOOK)) :]
        return [x for x in self.lines if (x, OVER) not in before and (x, OPEN) not in after]

    def summary(self) -> str:
        """Say in a sentence what trial saw; "" if it has not looked."""
        looked = self.when(None, LOOK)
        if looked is None:
            return ""
        late = ", ".join(self.still_open())
        what = f"not over: {late}" if late else "all was over"
        return f"When trial looked, at {self.spell(looked)}, {what}."

    def spell(self, seconds: float) -> str:
        """Return a moment in words, as exactly as it can be seen."""
        unit, factor, digits = self.unit()
        return f"{seconds * factor:.{digits}f} {unit}"

    def unit(self) -> tuple[str, int, int]:
        """Return the unit of times, how many of it make a second, and the digits after the point."""
        if self.last() >= 10:
            return "s", 1, 1
        return "ms", 1000, 1 if self.last() >= 0.01 else 2

    def last(self) -> float:
        """Return when the last event came, in seconds."""
        return max((event.seconds for event in self.events), default=0.0)

    def text(self) -> str:
        """Return the drawing as lines of text."""
        drawing = _Drawing(self)
        cells: dict[tuple[int, int], str] = {}

        def put(row: int, x: float, text: str) -> None:
            cells.update({(row, round(x) + i): letter for i, letter in enumerate(text)})

        for row, begin, end, goes_on, _ in drawing.bars:
            put(row, begin, "=" * (round(end) - round(begin) + 1))
            put(row, end, ">" if goes_on else "=")
        put(drawing.axis, drawing.left, "-" * (COLUMNS - drawing.left))
        for x in drawing.ticks:
            put(drawing.axis, x, "+")
        for x, _ in drawing.uprights:
            for row in range(drawing.top, drawing.axis):
                put(row, x, "|")
        for row, x, _ in drawing.dots:
            put(row, x, "o")
        for row, x, text, _ in drawing.words:
            put(row, x, text)
        rows = ("".join(cells.get((y, x), " ") for x in range(COLUMNS)) for y in range(drawing.row))
        return "".join(f"{row.rstrip()}\n" for row in rows)

    def svg(self) -> str:
        """Return the drawing as an SVG picture, on its own white background. The same events always make the same bytes."""
        drawing = _Drawing(self)
        width, height = 2 * EDGE + round(COLUMNS * CELL), 2 * EDGE + drawing.row * ROW

        def at(column: float) -> str:
            """Return the middle of a column."""
            return f"{EDGE + (column + 0.5) * CELL:.1f}"

        def middle(row: int) -> int:
            return EDGE + row * ROW + ROW // 2

        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width}" height="{height}"'
            f' viewBox="0 0 {width} {height}">',
            f"<title>{escape(_plain(self.title))}</title>",
            f"<desc>{escape(_plain(self.summary()))}</desc>",
            f'<rect width="{width}" height="{height}" rx="6" fill="white"/>',
        ]
        for row, begin, end, goes_on, ink in drawing.bars:
            y, tip = middle(row), "l0,-5 14,11 -14,11 0,-5" if goes_on else "v12"
            body = max(end - 14 / CELL, begin) if goes_on else end
            parts.append(
                f'<path d="M{at(begin)},{y - 6}H{at(body)}{tip}H{at(begin)}z" fill="{ink}"/>'
            )
        top, bottom = middle(drawing.top) - ROW // 2, middle(drawing.axis)
        for x, name in drawing.uprights:
            style = 'stroke-width="2"' if name == LOOK else 'stroke-dasharray="3 4"'
            parts.append(f'<path d="M{at(x)} {top}V{bottom}" stroke="{INK}" {style}/>')
        axis = [f"M{at(drawing.left)} {bottom}H{at(COLUMNS - 1)}"]
        axis += [f"M{at(x)} {bottom}v5" for x in drawing.ticks]
        parts.append(f'<path d="{"".join(axis)}" stroke="{INK}"/>')
        for row, x, ink in drawing.dots:
            circle = f'<circle cx="{at(x)}" cy="{middle(row)}" r="7" fill="{ink}"'
            parts.append(f'{circle} stroke="white" stroke-width="2"/>')
        # A letter's white rim keeps it readable over an upright.
        parts.append(
            f'<g font-family="ui-monospace, Menlo, Consolas, monospace" font-size="{SIZE}"'
            f' fill="{INK}" stroke="white" stroke-width="4" stroke-linejoin="round" paint-order="stroke">'
        )
        for row, x, text, style in drawing.words:
            place = f'x="{EDGE + x * CELL:.1f}" y="{middle(row) + 5}"'
            parts.append(f"<text {place}{style}>{escape(text)}</text>")
        return "\n".join([*parts, "</g>", "</svg>", ""])

    def _repr_svg_(self) -> str:
        """Return what a notebook shows."""
        return self.svg()


class Bar(NamedTuple):
    """A line while it is open. If it ``goes_on``, it was never over, and reaches the drawing's edge."""

    row: int
    begin: float
    end: float
    goes_on: bool
    ink: str


class Word(NamedTuple):
    """A text from column x on; ``style`` has attributes for the picture."""

    row: int
    x: float
    text: str
    style: str


class _Drawing:
    """The layout of a timeline: each x is in columns, of COLUMNS, and each row is counted from the top."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self.words: list[Word] = []
        self.bars: list[Bar] = []
        self.dots: list[tuple[int, float, str]] = []  # row, x, ink
        self.row = 0  # the next free row
        names = [_plain(line, LONGEST) for line in timeline.lines]
        self.left = max(map(len, names), default=0) + 2
        # A bar that goes on needs room after the last event.
        room = 1.1 if all(timeline.when(x, OVER) is not None for x in timeline.lines) else 1.35
        self.span = timeline.last() * room or 0.001  # seconds

        self._paragraph(timeline.title)
        self.row += 1
        marks = [event for event in timeline.events if event.line is None]
        self.uprights = [(self._x(mark.seconds), mark.name) for mark in marks]
        self._labels([self._label(x, name) for x, name in self.uprights], "")
        self.top = self.row
        for line, name in zip(timeline.lines, names, strict=True):
            self._line(line, name)
        self.axis = self.row + 1
        self.row += 2
        self.ticks = self._ticks()
        self.row += 1
        self._paragraph(f"{timeline.unit()[0]} since {timeline.since}", self.left, "")
        if timeline.summary():
            self.row += 1
            self._paragraph(timeline.summary())

    def _x(self, seconds: float) -> float:
        """Return the column of a moment."""
        return self.left + seconds / self.span * (COLUMNS - 1 - self.left)

    def _line(self, line: str, name: str) -> None:
        """Draw a line's bar, its events, and their names."""
        timeline, labels = self.timeline, []
        begin, end = timeline.when(line, OPEN) or 0.0, timeline.when(line, OVER)
        looked = timeline.when(None, LOOK) if line in timeline.still_open() else None
        ink = GOOD if looked is None else LATE
        self.row += 1
        self.words.append(Word(self.row, 0, name, BOLD))
        edge = COLUMNS - 1 if end is None else self._x(end)
        self.bars.append(Bar(self.row, self._x(begin), edge, end is None, ink))
        for event in timeline.events:
            if event.line == line:
                x = self._x(event.seconds)
                self.dots.append((self.row, x, ink))
                labels.append(self._label(x, f"{event.name} at {timeline.spell(event.seconds)}"))
        if looked is not None:
            labels.append((self._x(looked) + 2, STILL_OPEN))
        self.row += 1
        self._labels(labels, f' fill="{ink}"')

    def _ticks(self) -> list[float]:
        """Write round numbers below the axis; return their columns."""
        factor = self.timeline.unit()[1]
        span = self.span * factor
        steps = (m * 10.0**e for e in range(-6, 13) for m in (1, 2, 5))
        step = next((step for step in steps if step * TICKS >= span), span)
        ticks = [i * step for i in range(int(span / step) + 1)]
        for tick in ticks:
            x, text = self._x(tick / factor), f"{tick:g}"
            if x + len(text) <= COLUMNS:
                self.words.append(Word(self.row, x, text, ""))
        return [self._x(tick / factor) for tick in ticks]

    def _paragraph(self, text: str, left: int = 0, style: str = BOLD) -> None:
        """Write a text in as many rows as it needs."""
        for part in textwrap.wrap(_plain(text), COLUMNS - left, break_on_hyphens=False):
            self.words.append(Word(self.row, left, part, style))
            self.row += 1

    def _label(self, x: float, text: str) -> tuple[float, str]:
        """Return where a text for x begins: it ends just before x if there is room, or else begins there."""
        text = _plain(text, COLUMNS - self.left)
        before = x - len(text)
        return before if before >= self.left else min(x, COLUMNS - len(text)), text

    def _labels(self, labels: list[tuple[float, str]], style: str) -> None:
        """Write labels, in as few rows as keep them apart."""
        ends: list[float] = []  # of each row
        for x, text in sorted(labels):
            i = next((i for i, end in enumerate(ends) if end + 2 <= x), len(ends))
            ends[i : i + 1] = [x + len(text)]
            self.words.append(Word(self.row + i, x, text, style))
        self.row += len(ends)


def _plain(text: str, longest: int | None = None) -> str:
    """Return a text without what cannot be drawn, such as control characters; cut if it is longer than ``longest``."""
    text = "".join(letter if letter.isprintable() else "?" for letter in text)
    return text if longest is None or len(text) <= longest else f"{text[: longest - 3]}..."
