"""Which broken reactors a contract catches where: a grid of reactors and kinds of connection, with sums.

caught(recorded(STAGE), "39 broken reactors")
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from workshop.pictures.base import (
    BOLD,
    EDGE,
    FAILS,
    GOOD,
    INK,
    MIDDLE,
    PALE,
    Picture,
    box,
    frame,
    word,
)

# In pixels: a stroke's share of a place, the room beside the strokes, a place's height, the room between two, the sums.
STROKE, PAD, HIGH, GAP, SUM, LETTER = 3, 10, 48, 10, 120, 8


def caught(found: Mapping[str, Iterable[int]], title: str) -> Picture:
    """Draw for each place how many broken reactors were caught there, and a stroke for each of them.

    Args:
        found: For each place, "REACTOR KIND", the numbers of those that were caught, from 1.
        title: The picture's title.
    """
    places = {tuple(place.split()): set(numbers) for place, numbers in found.items()}
    reactors = list(dict.fromkeys(reactor for reactor, _ in places))
    kinds = list(dict.fromkeys(kind for _, kind in places))
    everywhere = set().union(*places.values())
    most = max(everywhere, default=0)
    left = EDGE + LETTER * max(len(name) for name in (*reactors, "on any reactor")) + 16
    wide = 2 * PAD + max(STROKE * most, 60)
    right = left + (wide + GAP) * len(kinds)
    top = EDGE + 46
    parts, lines = [word(right + SUM / 2, top - 10, "any connection", MIDDLE)], []
    for i, kind in enumerate(kinds):
        parts.append(word(left + (wide + GAP) * i + wide / 2, top - 10, kind, f"{MIDDLE} {BOLD}"))
    for row, reactor in enumerate(reactors):
        y = top + (HIGH + GAP) * row
        parts.append(word(EDGE, y + 29, reactor, BOLD))
        for i, kind in enumerate(kinds):
            here = places[reactor, kind]
            parts += _place(left + (wide + GAP) * i, y, wide, here)
            lines.append(f"{reactor}, {kind}: {len(here)}.")
        count = len(set().union(*(places[reactor, kind] for kind in kinds)))
        parts.append(word(right + SUM / 2, y + 29, str(count), f"{MIDDLE} {BOLD}"))
        lines.append(f"{reactor}, any connection: {count}.")
    foot = top + (HIGH + GAP) * len(reactors) + 18
    parts.append(word(EDGE, foot, "on any reactor"))
    for i, kind in enumerate(kinds):
        count = len(set().union(*(places[reactor, kind] for reactor in reactors)))
        middle = left + (wide + GAP) * i + wide / 2
        parts.append(word(middle, foot, str(count), f"{MIDDLE} {BOLD}"))
        lines.append(f"{kind}, any reactor: {count}.")
    lines.append(f"All places together: {len(everywhere)}.")
    parts.append(word(right + SUM / 2, foot, f"in all: {len(everywhere)}", f"{MIDDLE} {BOLD}"))
    return frame(right + SUM + EDGE, foot + EDGE, title, lines, parts)


def _place(x: int, y: int, wide: int, numbers: set[int]) -> list[str]:
    """Draw a place: its number, and below it a stroke for each one that was caught, at the same spot in every place."""
    strokes = "".join(
        f"M{x + PAD + STROKE * n - STROKE / 2:g} {y + 28}v12" for n in sorted(numbers)
    )
    return [
        box(x, y, wide, HIGH, PALE, f'rx="6" stroke="{GOOD}"'),
        word(x + wide / 2, y + 20, str(len(numbers)), f"{MIDDLE} {BOLD}"),
        f'<path d="M{x + PAD} {y + 40}H{x + wide - PAD}" stroke="{INK}" stroke-width="0.5"/>',
        f'<path d="{strokes}" stroke="{FAILS}" stroke-width="2"/>',
    ]
