"""A Clock that remembers which calls were scheduled, when they were due, called or cancelled, and what is left.

    clock = Recorded()
    clock.callLater(1, server.send_line)
    clock.pump([0.5, 0.5])
    clock.picture("A line a second")

It replaces Twisted's Clock in any code that takes one.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any, cast

from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import Clock

from workshop.pictures.base import (
    BOLD,
    EDGE,
    GOOD,
    INK,
    LATE,
    MIDDLE,
    SHADE,
    Picture,
    box,
    frame,
    word,
)

# In pixels: the picture's width, letters' widths, the heights of a lane and of a line of words, a row's padding.
WIDTH, LETTER, SMALL_LETTER, LANE, LINE, PAD = 860, 8, 6.8, 20, 15, 7
LONGEST = 26  # letters of a name that are drawn
TICKS = 9  # on the axis, at most
FEW = 3  # calls of a row that are described one by one
SAME = 1e-9  # seconds: sums of fractions differ by less


@dataclass
class Call:
    """One delayed call, with seconds on the clock. ``dues``: when it was due; more than one if it was moved."""

    name: str
    asked: float
    dues: list[float]
    called: float | None = None
    cancelled: float | None = None

    @property
    def due(self) -> float:
        """When it is, or was, due in the end."""
        return self.dues[-1]

    @property
    def over(self) -> float | None:
        """When it was called or cancelled; None while it waits."""
        return self.cancelled if self.called is None else self.called

    def describe(self) -> str:
        """Describe its fate in words."""
        text = f"asked for at {_spell(self.asked)}, due at {_spell(self.dues[0])}"
        if self.dues[1:]:
            text += f", moved {_times(len(self.dues) - 1)}, at last to {_spell(self.due)}"
        return f"{text}: {self.fate()}"

    def fate(self) -> str:
        """Say how it ended, or that it has not."""
        if self.cancelled is not None:
            return f"cancelled at {_spell(self.cancelled)}"
        if self.called is None:
            return "still waits"
        late = self.called - self.due
        return f"called at {_spell(self.called)}" + (
            f", {_spell(late)} late" if late > SAME else ""
        )


class Recorded(Clock):
    """Twisted's Clock, which also records what happens on it.

    Attributes:
        record: Every call that was scheduled.
        notes: Other events, each with its moment.
        steps: The moments at which time stopped.
    """

    def __init__(self) -> None:
        super().__init__()
        self.record: list[Call] = []
        self.notes: list[tuple[str, float]] = []
        self.steps: list[float] = []

    def callLater(
        self, delay: float, callable: Callable[..., object], *args: object, **kw: object
    ) -> IDelayedCall:
        """Schedule a call, as Clock does. A delay below 0 raises ValueError: a reactor refuses it as well."""
        if delay < 0:
            raise ValueError(f"a call can be due in 0 seconds or later, and not in {delay:g}")
        one = Call(_name(callable), self.seconds(), [self.seconds() + delay])
        self.record.append(one)

        def call_it(*args: object, **kw: object) -> object:
            one.called = self.seconds()
            return callable(*args, **kw)

        call: Any = super().callLater(delay, functools.wraps(callable)(call_it), *args, **kw)
        for change in ("cancel", "reset", "delay"):
            setattr(call, change, functools.partial(self._change, one, call, getattr(call, change)))
        return cast(IDelayedCall, call)

    def _change(self, one: Call, call: Any, do: Callable[..., None], *words: float) -> None:
        do(*words)
        if call.active():
            one.dues.append(call.getTime())
        else:
            one.cancelled = self.seconds()

    def advance(self, amount: float) -> None:
        """Advance, as Clock does. An amount below 0 raises ValueError: time does not go back."""
        if amount < 0:
            raise ValueError(f"time goes on, and not by {amount:g} seconds")
        self.steps.append(self.seconds() + amount)
        super().advance(amount)

    def note(self, name: str) -> None:
        """Note another event now, such as the arrival of a byte."""
        self.notes.append((name, self.seconds()))

    def picture(self, title: str, names: Mapping[str, str] | None = None) -> Picture:
        """Draw what has happened so far; ``names`` has other names for functions whose own are unsuitable."""
        return _draw(self, title, names or {})


def _name(function: Callable[..., object]) -> str:
    """Return a function's name, without the function in which it was made."""
    while isinstance(function, functools.partial):
        function = function.func
    name: str = getattr(function, "__qualname__", type(function).__qualname__)
    return name.rpartition("<locals>.")[2].strip("<>")


def _cut(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 3]}..."


def _spell(seconds: float) -> str:
    return f"{seconds:g} s"


def _times(n: int) -> str:
    return "once" if n == 1 else f"{n} times"


def _describe_all(calls: Sequence[Call]) -> str:
    if len(calls) <= FEW:
        return "; ".join(call.describe() for call in calls)
    called = [call for call in calls if call.called is not None]
    late = sum(call.fate().endswith("late") for call in called)
    counts = {
        "called when due": len(called) - late,
        "called late": late,
        "cancelled": sum(call.cancelled is not None for call in calls),
        "waiting still": sum(call.over is None for call in calls),
    }
    return f"{len(calls)} calls: " + ", ".join(f"{n} {what}" for what, n in counts.items() if n)


def _describe_moments(moments: Sequence[float]) -> str:
    if len(moments) <= 8:
        return f"at {', '.join(map(_spell, moments))}" if moments else "never"
    return f"{_times(len(moments))}, from {_spell(moments[0])} to {_spell(moments[-1])}"


def _lanes(calls: Iterable[Call]) -> list[list[Call]]:
    """Put calls in as few lanes as keep apart those that wait at the same time."""
    lanes: list[list[Call]] = []
    for call in calls:
        for lane in lanes:
            over = lane[-1].over
            # A cancelled call keeps its lane until the moment for which it was due.
            if over is not None and max(over, lane[-1].due) <= call.asked + SAME:
                lane.append(call)
                break
        else:
            lanes.append([call])
    return lanes


def _draw(clock: Recorded, title: str, names: Mapping[str, str]) -> Picture:
    calls: dict[str, list[Call]] = {}
    for call in clock.record:
        calls.setdefault(_cut(names.get(call.name, call.name)), []).append(call)
    notes: dict[str, list[float]] = {}
    for name, moment in clock.notes:
        notes.setdefault(_cut(name), []).append(moment)
    left = EDGE + 24 + LETTER * max(map(len, (*calls, *notes, "time stops")))
    moments = [clock.seconds(), *(due for call in clock.record for due in call.dues)]
    span = max(moments) * 1.04 or 1.0

    def at(seconds: float) -> float:
        return round(left + seconds / span * (WIDTH - EDGE - 12 - left), 1)

    parts: list[str] = []
    lines: list[str] = []
    y, striped = EDGE + 18, False

    def row(name: str, text: str, lanes: int) -> int:
        """Draw a row's background, name and words; return the middle of its first lane."""
        nonlocal y, striped
        # A number and its unit stay together.
        whole = re.sub(r"(?<=\d) (?=s\b)", "\u00a0", text)
        rows = wrap(whole, int((WIDTH - EDGE - left) / SMALL_LETTER))
        height = 2 * PAD + LANE * lanes + LINE * len(rows)
        striped = not striped
        parts.append(box(8, y, WIDTH - 16, height, SHADE if striped else "white"))
        # The clock's present; the line does not cross the words.
        upright = f"M{at(clock.seconds()):g} {y}v{PAD + LANE * lanes}"
        parts.append(f'<path d="{upright}" stroke="{INK}" stroke-dasharray="3 4"/>')
        parts.append(word(EDGE, y + PAD + 15, name, BOLD))
        for n, part in enumerate(rows):
            foot = y + PAD + LANE * lanes + LINE * (n + 1) - 3
            parts.append(word(left, foot, part, 'font-size="11"'))
        lines.append(f"{name}: {text}.")
        y += height
        return y - height + PAD + LANE // 2

    middle = row("time stops", _describe_moments(clock.steps), 1)
    ticks = "".join(f"M{at(moment):g} {middle - 6}v12" for moment in (0.0, *clock.steps))
    parts.append(f'<path d="M{left} {middle}H{at(clock.seconds()):g}{ticks}" stroke="{INK}"/>')
    for name, times in notes.items():
        middle = row(name, _describe_moments(times), 1)
        tips = "".join(f"M{at(moment):g} {middle + 6}l-5 -11h10z" for moment in times)
        parts.append(f'<path d="{tips}" fill="{INK}"/>')
    for name, alike in calls.items():
        lanes = _lanes(alike)
        middle = row(name, _describe_all(alike), len(lanes))
        for n, lane in enumerate(lanes):
            for call in lane:
                parts += _draw_call(call, middle + n * LANE, at, clock.seconds())
    parts += _axis(y + 4, at, span, clock.seconds())
    x = EDGE
    for kind in LEGEND:
        parts += [_sign(kind, x + 6, y + 56), word(x + 18, y + 61, kind)]
        x += LETTER * len(kind) + 44
    return frame(WIDTH, y + 66 + EDGE // 2, title, lines, parts)


ASKED, DUE, CALLED = "asked for", "due, and not called then", "called"
CANCELLED, WAITS = "cancelled", "still waits"
LEGEND = {
    ASKED: f'd="M0 -6v12" stroke="{GOOD}" stroke-width="3"',
    DUE: f'd="M0 -6l6 6l-6 6l-6 -6z" fill="white" stroke="{INK}" stroke-width="1.5"',
    CALLED: f'd="M-6 0a6 6 0 0 1 12 0a6 6 0 0 1 -12 0z" fill="{GOOD}" stroke="white"',
    CANCELLED: f'd="M-5 -5l10 10m0 -10l-10 10" stroke="{INK}" stroke-width="3"',
    WAITS: f'd="M-6 -6l12 6l-12 6z" fill="{LATE}"',
}


def _sign(kind: str, x: float, y: float) -> str:
    return f'<path transform="translate({x:g} {y:g})" {LEGEND[kind]}/>'


def _draw_call(call: Call, y: int, at: Callable[[float], float], now: float) -> Iterator[str]:
    """Draw a call: a line while it waits, dashes from its end to when it was due if it was never called."""
    over = now if call.over is None else call.over
    ink = LATE if call.over is None else GOOD
    yield f'<path d="M{at(call.asked):g} {y}H{at(over):g}" stroke="{ink}" stroke-width="4"/>'
    furthest = max(call.dues)
    if furthest > over + SAME:
        dashes = f'stroke="{ink}" stroke-width="2" stroke-dasharray="2 4"'
        yield f'<path d="M{at(over):g} {y}H{at(furthest):g}" {dashes}/>'
    yield _sign(ASKED, at(call.asked), y)
    kept = call.called is not None and call.called <= call.due + SAME
    for due in call.dues[:-1] if kept else call.dues:
        yield _sign(DUE, at(due), y)
    if call.called is not None:
        yield _sign(CALLED, at(over), y)
    elif call.cancelled is not None:
        yield _sign(CANCELLED, at(over), y)
    else:
        # Towards the moment for which it is due.
        yield _sign(WAITS, max(at(over), at(call.due) - 14), y)


def _axis(y: int, at: Callable[[float], float], span: float, now: float) -> Iterator[str]:
    """Draw the seconds below the rows, and an upright at the clock's present."""
    steps = (m * 10.0**e for e in range(-6, 13) for m in (1, 2, 5))
    step = next((step for step in steps if step * TICKS >= span), span)
    ticks = [n * step for n in range(int(span / step) + 1)]
    path = f"M{at(0):g} {y}H{at(span):g}" + "".join(f"M{at(tick):g} {y}v5" for tick in ticks)
    yield f'<path d="{path}" stroke="{INK}"/>'
    for tick in ticks:
        yield word(at(tick), y + 18, f"{tick:g}", MIDDLE)
    style = 'text-anchor="end"' if at(now) > WIDTH - 200 else ""
    yield word(at(now), y + 34, f"the clock stands at {_spell(now)}", style)
