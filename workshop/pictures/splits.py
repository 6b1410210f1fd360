"""A map of outcomes: of each cut, or pair of cuts, in the bytes that a program receives.

    splits({"Program": ["right", "error", ...]}, [b"one\\r\\n", b"two\\r\\n"], "One cut")
    pairs({(1, 2): "none", (1, 3): "right", ...}, [b"one\\r\\n", b"two\\r\\n"], "Two cuts")

A cut at 3 is between the third byte and the fourth. Each outcome has its own shade and sign.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from workshop.pictures.base import (
    BOLD,
    EDGE,
    GOOD,
    INK,
    LATE,
    MIDDLE,
    OUTLINE,
    PALE,
    SHADE,
    Picture,
    box,
    frame,
    word,
)


class Look(NamedTuple):
    """The look of an outcome. ``sign``: a path's strokes around a cell's middle, in units of half a cell."""

    words: str
    shade: str
    ink: str
    sign: Sequence[tuple[float, float, float, float]]


OUTCOMES = {
    "right": Look("the right answers", PALE, GOOD, [(0, 0, 0, 0)]),
    "wrong": Look("a wrong answer", LATE, "white", [(-0.5, -0.5, 1, 1), (-0.5, 0.5, 1, -1)]),
    "none": Look("an answer is missing", "white", INK, [(-0.6, 0, 1.2, 0)]),
    "error": Look("an exception", INK, "white", [(0, -0.6, 0, 0.7), (0, 0.6, 0, 0)]),
}
# In pixels: a cell of a map of one cut and of two, a row's height, the width of a letter.
CELL, SMALL_CELL, ROW, LETTER = 15, 12, 54, 8
SHORT = {0x0D: r"\r", 0x0A: r"\n", 0x09: r"\t", 0x20: "␣"}

Cell = tuple[float, float]


def splits(rows: Mapping[str, Sequence[str]], messages: Sequence[bytes], title: str) -> Picture:
    """Draw one cut: for each program a row of outcomes, for the cuts at 1, 2, ... of the messages' joined bytes.

    An outcome is "right", "wrong", "none" (an answer is missing) or "error".

    Raises:
        ValueError: There is another outcome, or a row does not have one outcome for each cut.
    """
    cuts = range(1, len(b"".join(messages)))
    for name, outcomes in rows.items():
        if len(outcomes) != len(cuts):
            raise ValueError(f"{name}: {len(outcomes)} outcomes, and {len(cuts)} cuts")
    _check(outcome for row in rows.values() for outcome in row)
    width = max(2 * EDGE + CELL * (len(cuts) + 1), 560)
    parts, lines, y = [], [], EDGE + 20
    for name, outcomes in rows.items():
        lines.append(f"{name}: {_describe(outcomes)}.")
        parts.append(word(EDGE, y + 14, name, BOLD))
        parts.append(word(EDGE + LETTER * len(name) + 16, y + 14, _count(outcomes)))
        cells = {(float(EDGE + CELL * cut), y + 32.0): outcomes[cut - 1] for cut in cuts}
        parts += _cells(cells, CELL)
        y += ROW
    parts += _bytes_below(messages, CELL, EDGE, y - 6)
    parts += _legend(y + 48)
    return frame(width, y + 72, title, lines, parts)


def pairs(
    outcomes: Mapping[tuple[int, int], str], messages: Sequence[bytes], title: str
) -> Picture:
    """Draw two cuts of one program: the outcome of each pair (first, second), with the first across and the second upwards.

    Raises:
        ValueError: An outcome is unknown, or these bytes cannot be cut at a pair.
    """
    size = len(b"".join(messages))
    for first, second in outcomes:
        if not 0 < first < second < size:
            raise ValueError(f"{size} bytes cannot be cut at {first} and then at {second}")
    _check(outcomes.values())
    left, top, cell = EDGE + 2 * SMALL_CELL, EDGE + 24, SMALL_CELL
    foot = top + cell * size
    parts = [
        *_cells(
            {
                (left + cell * first, float(foot - cell * second)): outcome
                for (first, second), outcome in sorted(outcomes.items())
            },
            cell,
        ),
        *_bytes_below(messages, cell, left, foot),
        *_bytes_beside(messages, cell, left - cell - 6, foot),
        *_legend(foot + 72),
        word(left, foot + 46, "across: the first cut; upwards: the second", 'font-size="11"'),
    ]
    lines = [f"{text}." for text in _describe_pairs(outcomes, messages)]
    return frame(max(left + cell * size + EDGE, 560), foot + 96, title, lines, parts)


def _check(outcomes: Iterable[str]) -> None:
    unknown = sorted(set(outcomes) - set(OUTCOMES))
    if unknown:
        raise ValueError(f"no outcome: {', '.join(map(repr, unknown))}; use {', '.join(OUTCOMES)}")


def _count(outcomes: Sequence[str]) -> str:
    whole = len(outcomes)
    return f"right at {list(outcomes).count('right')} of {whole} cut{'s' * (whole != 1)}"


def _describe(outcomes: Sequence[str]) -> str:
    """Describe a row in words, with neighbouring cuts of the same outcome together."""
    parts, cut = [], 1
    for outcome, alike in groupby(outcomes):
        n = len(list(alike))
        parts.append(f"{OUTCOMES[outcome].words} at {cut}{f' to {cut + n - 1}' if n > 1 else ''}")
        cut += n
    return "; ".join([_count(outcomes), *parts])


def _describe_pairs(
    outcomes: Mapping[tuple[int, int], str], messages: Sequence[bytes]
) -> Iterator[str]:
    """Describe a map of two cuts in words: how many pairs have which outcome, within each message and elsewhere."""
    places: dict[str, list[str]] = {}
    for (first, second), outcome in sorted(outcomes.items()):
        place = "other pairs of cuts"
        for n, begin, message in _strip(messages):
            if begin < first < second < begin + len(message):
                place = f"both cuts within message {n + 1}"
        places.setdefault(place, []).append(outcome)
    for place, found in places.items():
        counts = {OUTCOMES[one].words: found.count(one) for one in OUTCOMES if one in found}
        yield f"{place}: {', '.join(f'{words} at {n}' for words, n in counts.items())}"


def _cells(outcomes: Mapping[Cell, str], cell: float) -> Iterator[str]:
    """Draw the cells around these middles: for each outcome one path of their backgrounds, and one of their signs."""
    for outcome, look in OUTCOMES.items():
        middles = [middle for middle, is_so in outcomes.items() if is_so == outcome]
        if not middles:
            continue
        half = cell / 2
        grounds = "".join(f"M{x - half:g} {y - half:g}h{cell}v{cell}h-{cell}z" for x, y in middles)
        yield f'<path d="{grounds}" fill="{look.shade}" stroke="#b8bec6" stroke-width="0.5"/>'
        signs = "".join(
            f"M{x + half * a:g} {y + half * b:g}l{half * c:g} {half * d:g}"
            for x, y in middles
            for a, b, c, d in look.sign
        )
        style = f'stroke="{look.ink}" stroke-width="{cell / 7:.2g}" stroke-linecap="round"'
        yield f'<path d="{signs}" fill="none" {style}/>'


def _letter(byte: int) -> str:
    """Return a byte as one cell shows it."""
    return SHORT.get(byte) or (chr(byte) if 0x20 < byte < 0x7F else f"{byte:02x}")


def _strip(messages: Sequence[bytes]) -> Iterator[tuple[int, int, bytes]]:
    """Yield each message's number, its beginning and its bytes."""
    begin = 0
    for n, message in enumerate(messages):
        yield n, begin, message
        begin += len(message)


def _bytes_below(messages: Sequence[bytes], cell: int, x: float, y: float) -> Iterator[str]:
    """Draw the bytes along the axis: a cut's cell is above the gap between two of them. Messages alternate in shade."""
    for n, begin, message in _strip(messages):
        at = x + cell * begin
        yield box(at, y, cell * len(message), 18, SHADE if n % 2 else "white", OUTLINE)
        for i, byte in enumerate(message):
            yield word(at + cell * (i + 0.5), y + 13, _letter(byte), _small(cell))
        yield word(at + 2, y + 31, f"message {n + 1}", 'font-size="11"')


def _bytes_beside(messages: Sequence[bytes], cell: int, x: float, foot: float) -> Iterator[str]:
    """Draw the same bytes, from below upwards."""
    for n, begin, message in _strip(messages):
        height = cell * len(message)
        top = foot - cell * begin - height
        yield box(x, top, 18, height, SHADE if n % 2 else "white", OUTLINE)
        for i, byte in enumerate(message):
            y = foot - cell * (begin + i + 0.5) + 3
            yield word(x + 9, y, _letter(byte), _small(cell))


def _small(cell: int) -> str:
    return f'font-size="{11 if cell >= CELL else 9}" {MIDDLE}'


def _legend(y: float) -> Iterator[str]:
    """Draw the meanings of the shades and signs."""
    x = float(EDGE)
    for outcome, look in OUTCOMES.items():
        yield from _cells({(x + CELL / 2, y): outcome}, CELL)
        yield word(x + CELL + 6, y + 4, look.words, 'font-size="11"')
        x += CELL + 6 + 6.8 * len(look.words) + 18
