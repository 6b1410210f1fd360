"""The ends of disconnections: for each of several runs, what had ended when trial looked, and what was still open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from workshop.pictures.base import BOLD, EDGE, GOOD, INK, LATE, SHADE, Picture, box, frame, word

# In pixels: a row's height, a chip's, the width of a letter, the chips' left edge, and the room for them.
ROW, CHIP, LETTER, LEFT, ROOM = 36, 22, 8, 375, 440


def endings(
    runs: Sequence[Mapping[str, Any]], title: str, left: int = LEFT, room: int = ROOM
) -> Picture:
    """Draw what came first in each run: the end of each open thing, or trial's look at what is left.

    Args:
        runs: Each has a name, what it does, what was over before trial looked, in order, and what was still open then.
        title: The picture's title.
        left: The left edge of what came first, in pixels: a picture in a narrow column has larger letters if it is narrow.
        room: The width for that.
    """
    width = left + room
    height = 2 * EDGE + ROW * len(runs) + 10
    lines = [
        f"{run['name']}: over, in this order: {', '.join(run['over']) or 'nothing'}. trial looks."
        f" Still open: {', '.join(run['open']) or 'nothing'}."
        for run in runs
    ]
    parts = []
    for row, run in enumerate(runs, start=1):
        y = EDGE + row * ROW
        if row % 2:
            parts.append(box(8, y - ROW // 2, width - 16, ROW, SHADE))
        parts.append(word(EDGE, y - 2, run["name"], BOLD))
        parts.append(word(EDGE, y + 13, run["does"], 'font-size="11"'))
        x = left
        for name in run["over"]:
            parts += _chip(x, y, name, GOOD, closed=True)
            x += _width(name)
        # An upright, since it is not an end but the decisive moment.
        parts.append(f'<path d="M{x} {y - 15}v30" stroke="{INK}" stroke-width="3"/>')
        if run["open"]:
            x += 10
            for name in run["open"]:
                parts += _chip(x, y, name, LATE, closed=False)
                x += _width(name)
            parts.append(word(x, y + 5, "still open", f'fill="{LATE}" {BOLD}'))
        else:
            parts.append(word(x + 10, y + 5, "nothing is left"))
    return frame(width, height, title, lines, parts)


def _width(name: str) -> int:
    return LETTER * len(name) + 26


def _chip(x: int, y: int, name: str, ink: str, closed: bool) -> list[str]:
    """Draw one end: filled if it has come, a dashed outline if it has not."""
    look = f'fill="{ink}"' if closed else f'fill="white" stroke="{ink}" stroke-dasharray="4 3"'
    box = f'<rect x="{x}" y="{y - CHIP // 2}" width="{_width(name) - 8}" height="{CHIP}" rx="4"'
    return [f"{box} {look}/>", word(x + 9, y + 5, name, f'fill="{"white" if closed else ink}"')]
