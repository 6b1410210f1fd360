"""Where tests ran, and what they caught there: a grid of reactors and kinds of connection, from trial's own output.

places(ran(printed), "A promise in four places")
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from workshop.pictures.base import (
    BOLD,
    EDGE,
    FAILS,
    INK,
    MIDDLE,
    PALE_PASSES,
    PASSES,
    Picture,
    box,
    frame,
    word,
)

# In pixels: the height of a test's line, the margin in a place, the room between two, the width of a letter.
LINE, PAD, GAP, LETTER = 24, 8, 10, 8
PLACE = re.compile(r" *Contract_(?P<reactor>[a-z]+)_(?P<kind>\w+)")
TEST = re.compile(r" *(?P<name>\w+) \.\.\.")
VERDICT = re.compile(r"\[(OK|FAIL|ERROR|SKIPPED|TODO)\]$")
CAUGHT = ("FAIL", "ERROR")

Ran = Mapping[tuple[str, str], Mapping[str, str]]
"""For each place, a reactor and a kind of connection, the tests that ran there, each with trial's verdict."""


def ran(printed: str) -> dict[tuple[str, str], dict[str, str]]:
    """Return the verdicts in trial's output for cases that are named Contract_REACTOR_KIND; a failure outweighs an OK."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    tests: dict[str, str] | None = None
    name = ""
    # Below the first rule, trial repeats the failures.
    for line in re.split(r"^={5,}$", printed, maxsplit=1, flags=re.M)[0].splitlines():
        place, test, verdict = PLACE.fullmatch(line), TEST.match(line), VERDICT.search(line)
        if place:
            tests = found.setdefault((place["reactor"], place["kind"]), {})
        elif test:
            name = test["name"]
        elif not verdict:
            # Another case; its tests ran in no such place.
            tests = None if re.fullmatch(r"  \w+", line) else tests
        if verdict and tests is not None and tests.get(name) not in CAUGHT:
            tests[name] = verdict[1]
    return found


def places(found: Ran, title: str) -> Picture:
    """Draw a box for each place, with its tests: those that caught something are dark, with trial's verdict.

    Raises:
        ValueError: There is no place.
    """
    if not found:
        raise ValueError("no test ran in a place: a case's name is Contract_REACTOR_KIND")
    reactors = list(dict.fromkeys(reactor for reactor, _ in found))
    kinds = list(dict.fromkeys(kind for _, kind in found))
    names = list(dict.fromkeys(name for tests in found.values() for name in tests))
    left = EDGE + LETTER * max(map(len, reactors)) + 16
    wide = LETTER * (max(map(len, names), default=0) + 10) + 2 * PAD
    high = LINE * len(names) + 2 * PAD
    top = EDGE + 46
    parts, lines = [], []
    for i, kind in enumerate(kinds):
        parts.append(word(left + (wide + GAP) * i + wide / 2, top - 10, kind, f"{MIDDLE} {BOLD}"))
    for row, reactor in enumerate(reactors):
        y = top + (high + GAP) * row
        parts.append(word(EDGE, y + high / 2 + 5, reactor, BOLD))
        for i, kind in enumerate(kinds):
            tests = found.get((reactor, kind), {})
            x = left + (wide + GAP) * i
            parts += _place(x, y, wide, high, tests)
            verdicts = ", ".join(f"{name} {verdict}" for name, verdict in tests.items())
            lines.append(f"{reactor}, {kind}: {verdicts or 'no test'}.")
    count = sum(map(len, found.values()))
    caught = sum(verdict in CAUGHT for tests in found.values() for verdict in tests.values())
    lines.append(f"{count} tests ran, and {caught} caught something.")
    foot = top + (high + GAP) * len(reactors)
    parts.append(word(left, foot + 14, lines[-1]))
    width = max(left + (wide + GAP) * len(kinds) - GAP, left + LETTER * len(lines[-1]))
    return frame(width + EDGE, foot + 14 + EDGE, title, lines, parts)


def _place(x: int, y: int, wide: int, high: int, tests: Mapping[str, str]) -> list[str]:
    """Draw a place: pale with a thin outline; white with a thick, dashed one if a test caught something there."""
    bad = any(verdict in CAUGHT for verdict in tests.values())
    thick = f'stroke="{FAILS}" stroke-width="3" stroke-dasharray="6 3"'
    fill, style = (
        ("white", thick) if bad else (PALE_PASSES if tests else "white", f'stroke="{PASSES}"')
    )
    parts = [box(x, y, wide, high, fill, f'rx="6" {style}')]
    for n, (name, verdict) in enumerate(tests.items()):
        line = y + PAD + LINE * n
        ink = INK
        if verdict in CAUGHT:
            ink = "white"
            parts.append(box(x + 5, line + 1, wide - 10, LINE - 2, FAILS, 'rx="4"'))
        parts.append(word(x + PAD + 4, line + 17, name, f'fill="{ink}"'))
        end = f'text-anchor="end" {BOLD} fill="{ink}"'
        parts.append(word(x + wide - PAD - 4, line + 17, f"[{verdict}]", end))
    return parts
