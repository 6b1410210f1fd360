"""What a client makes of an answer that ends early: for each number of bytes that came, and each way to end, a sign.

    breaks([("length", b"length 4\\nrain", {"clean end": "ffff..."})], "A client that counts")

The first sign is for no byte at all; each other is below the last byte that came.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from workshop.pictures.base import (
    BOLD,
    EDGE,
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
    """The look of a sign, and its meaning."""

    words: str
    fill: str
    ink: str


SIGNS = {
    "=": Look("the text", PALE, INK),
    "!": Look("something else, reported as the text", LATE, "white"),
    "f": Look("a failure", "white", INK),
    "E": Look("an exception", INK, "white"),
}
# In pixels: a byte's width, a row's height, the room between two answers, the width of a letter.
BYTE, ROW, GAP, LETTER = 24, 26, 16, 8
SHORT = {0x0D: r"\r", 0x0A: r"\n", 0x20: "␣"}

Answer = tuple[str, bytes, Mapping[str, str]]
"""A name, the whole answer, and for each way to end a sign for each number of bytes, from none to all."""


def breaks(answers: Sequence[Answer], title: str) -> Picture:
    """Draw each answer's bytes, and below them a row of signs for each way to end.

    Raises:
        ValueError: A sign is unknown, or a row does not have one for each number of bytes.
    """
    names = [name for _, _, rows in answers for name in rows]
    left = EDGE + LETTER * max([0, *map(len, names)]) + 14
    parts, lines, used = [], [], set()
    y = EDGE + 18
    for name, answer, rows in answers:
        parts.append(word(EDGE, y + 18, name, BOLD))
        y += ROW
        for i, byte in enumerate(answer, start=1):
            x = left + BYTE * i
            parts.append(box(x, y + 1, BYTE, ROW - 3, SHADE, OUTLINE))
            letter = SHORT.get(byte) or chr(byte)
            parts.append(word(x + BYTE / 2, y + 18, letter, MIDDLE))
        for end, signs in rows.items():
            unknown = sorted(set(signs) - set(SIGNS))
            if unknown or len(signs) != len(answer) + 1:
                raise ValueError(
                    f"{name}, {end}: {len(answer) + 1} signs of {' '.join(SIGNS)} are needed, and not {signs!r}"
                )
            y += ROW
            used |= set(signs)
            parts.append(word(EDGE, y + 18, end))
            for i, sign in enumerate(signs):
                parts += _sign(sign, left + BYTE * i, y)
            lines.append(f"{name}, {end}: {_described(signs)}.")
        y += ROW + GAP
    x = EDGE
    for sign in (sign for sign in SIGNS if sign in used):
        words = SIGNS[sign].words
        parts += [*_sign(sign, x, y), word(x + BYTE + 6, y + 18, words)]
        x += BYTE + LETTER * len(words) + 26
    longest = max([0, *(len(answer) for _, answer, _ in answers)])
    width = max(left + BYTE * (longest + 1), x) + EDGE
    return frame(width, y + ROW + EDGE // 2, title, lines, parts)


def _described(signs: str) -> str:
    """Describe a row in words, with neighbours of the same sign together."""
    parts, n = [], 0
    for sign, alike in groupby(signs):
        last = n + len(list(alike)) - 1
        parts.append(f"after {n}{f' to {last}' if last > n else ''} bytes, {SIGNS[sign].words}")
        n = last + 1
    return "; ".join(parts)


def _sign(sign: str, x: float, y: float) -> Iterator[str]:
    look = SIGNS[sign]
    yield box(x, y + 1, BYTE - 2, ROW - 3, look.fill, OUTLINE)
    style = f'{MIDDLE} {BOLD} fill="{look.ink}"'
    yield word(x + (BYTE - 2) / 2, y + 18, sign, style)
