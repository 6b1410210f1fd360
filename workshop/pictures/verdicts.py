"""The verdicts of tests on programs, some of them right and some wrong: a row for each test, a column for each program.

verdicts({"test_a": {"Right": True, "Wrong": False}}, {"right": ["Right"], "wrong": ["Wrong"]}, "A test")
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workshop.pictures.base import (
    BOLD,
    EDGE,
    FAILS,
    INK,
    MIDDLE,
    OUTLINE,
    PALE_PASSES,
    PASSES,
    SHADE,
    Picture,
    box,
    frame,
    word,
)

# In pixels: a row's height, a verdict's box, the room between two groups of programs, the width of a letter.
ROW, WIDE, HIGH, GAP, LETTER = 34, 78, 24, 28, 8


def verdicts(
    rows: Mapping[str, Mapping[str, bool]], groups: Mapping[str, Sequence[str]], title: str
) -> Picture:
    """Draw for each test whether it is green on each program.

    Args:
        rows: For each test, and each program of the groups: whether the test passes.
        groups: The programs' names, from left to right, by what is known of them, such as "right".
        title: The picture's title.

    Raises:
        ValueError: A test has no verdict on one of the programs.
    """
    wide = max([WIDE, *(LETTER * len(name) + 14 for names in groups.values() for name in names)])
    left = EDGE + LETTER * max([8, *map(len, rows)]) + 16
    top = EDGE + 2 * ROW + 8
    parts, places, x = [], {}, left
    for group, names in groups.items():
        # The line holds the group's columns together.
        end = x + wide * len(names) - 8
        parts.append(word(x, EDGE + 34, group, BOLD))
        parts.append(f'<path d="M{x} {EDGE + 41}H{end}" stroke="{INK}"/>')
        for name in names:
            places[name] = x
            parts.append(word(x + (wide - 8) / 2, EDGE + 60, name, MIDDLE))
            x += wide
        x += GAP
    width = x - GAP + EDGE
    lines = []
    for n, (test, found) in enumerate(rows.items()):
        missing = [name for name in places if name not in found]
        if missing:
            raise ValueError(f"{test} has no verdict on {', '.join(missing)}")
        y = top + n * ROW
        if n % 2 == 0:
            parts.append(box(8, y, width - 16, ROW, SHADE))
        parts.append(word(EDGE, y + 22, test, BOLD))
        for name, at in places.items():
            parts += _verdict(at, y + 5, wide - 8, found[name])
        lines.append(f"{test}: {_described(found, list(places))}.")
    return frame(width, top + ROW * len(rows) + EDGE // 2, title, lines, parts)


def _described(found: Mapping[str, bool], names: Sequence[str]) -> str:
    """Say on which programs a test is green, and on which it is red."""
    parts = []
    for passed, colour in ((True, "green"), (False, "red")):
        which = [name for name in names if found[name] is passed]
        parts.append(f"{colour} on {', '.join(which) or 'none'}")
    return "; ".join(parts)


def _verdict(x: float, y: float, width: float, passed: bool) -> list[str]:
    """Draw a verdict: a pale box if the test passes; if not, a dark one with a cross. The word says the same."""
    middle = x + width / 2
    if passed:
        return [
            box(x, y, width, HIGH, PALE_PASSES, f'rx="4" stroke="{PASSES}"'),
            word(middle, y + 17, "green", f'{MIDDLE} fill="{PASSES}"'),
        ]
    return [
        box(x, y, width, HIGH, FAILS, f'rx="4" {OUTLINE}'),
        f'<path d="M{x + 9:g} {y + 7:g}l10 10m0 -10l-10 10" stroke="white" stroke-width="2"/>',
        word(middle + 8, y + 17, "RED", f'{MIDDLE} {BOLD} fill="white"'),
    ]
