"""What a client that takes all bytes makes of three answers, if the connection ends after each of their bytes."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "code"))

import stage6_weather as weather

from workshop.pictures.base import (
    BOLD,
    CODE,
    INK,
    MIDDLE,
    OUTLINE,
    PALE_GREEN,
    RED,
    SHADE,
    box,
    slide,
    word,
)

# In pixels: where the answer begins, a byte's width, a row's height, the room between two blocks.
LEFT, BYTE, ROW, GAP = 168, 42, 40, 12
FILLS = {
    weather.RIGHT: PALE_GREEN,
    weather.WRONG: RED,
    weather.FAILURE: "white",
    weather.EXCEPTION: INK,
}
SIGNS = {weather.RIGHT: "=", weather.WRONG: "!", weather.FAILURE: "f", weather.EXCEPTION: "E"}


def sign(x, y, what, lit=True):
    """A box for the result after a number of bytes."""
    ink = "white" if lit and what in (weather.WRONG, weather.EXCEPTION) else INK
    fill, edge = (FILLS[what], OUTLINE) if lit else (SHADE, 'stroke="#c4cad1"')
    ink = ink if lit else "#57606a"
    yield box(x, y + 2, BYTE - 3, ROW - 4, fill, edge)
    yield word(x + (BYTE - 3) / 2, y + 30, SIGNS[what], f'{MIDDLE} {BOLD} fill="{ink}"')


def draw(title, blocks, lit=()):
    """Print the picture.

    blocks: for each the words beside it, the client, and the answer. lit: the block and the end of the one row that is
    not grey; none if all are in colour.
    """
    parts, y, seen = [], 0, set()
    for label, program, answer in blocks:
        parts.append(word(0, y + 30, label, BOLD))
        for i, byte in enumerate(answer, 1):
            x = LEFT + i * BYTE
            letter = chr(byte) if byte != ord("\n") else "\\n"
            parts.append(box(x, y + 2, BYTE, ROW - 4, SHADE))
            parts.append(word(x + BYTE / 2, y + 30, letter, f"{MIDDLE} {CODE}"))
        for name, end in weather.ENDS.items():
            y += ROW
            parts.append(word(0, y + 30, name))
            for i, what in enumerate(weather.offsets(program, answer, end)):
                seen.add(what)
                parts += sign(LEFT + i * BYTE, y, what, not lit or lit == (label, name))
        y += ROW + GAP
    x = LEFT
    for what in (one for one in SIGNS if one in seen):
        parts += [*sign(x, y, what), word(x + BYTE + 10, y + 32, what)]
        x += 250
    print(slide(y + ROW, title, parts), end="")


if __name__ == "__main__":
    blocks = [(name, weather.TakesWhatCame, wire) for name, wire in weather.ANSWERS.items()]
    draw("Three answers, ended after each of their bytes", blocks, ("length", "clean end"))
