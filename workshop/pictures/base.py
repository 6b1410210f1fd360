"""The SVG that all pictures are made of: a drawing, words and boxes in it, its colours; and the folder of the recordings."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

FOLDER = Path(__file__).resolve().parent.parent.parent / "notebooks"
INK, GOOD, LATE = "#1f2328", "#2f6fb3", "#bc4c00"
PALE, SHADE = "#dbe9f6", "#f3f4f6"
"""Backgrounds: of what is good, and of every second row."""
GREEN, PALE_GREEN, RED, PALE_RED = "#1a7f37", "#9ddcab", "#c62828", "#f8b9b4"
"""On slides: of what passes, and of what fails."""
DARK = "#12304f"
"""On slides: the ground of a learner's own code."""
PASSES, PALE_PASSES, FAILS = "#1a6b2e", "#dff2e3", "#b3261e"
"""In notebooks, colours of verdicts: a test that passes is green, and one that fails is red. Words or signs say it too."""
EDGE = 20
"""The margin of a notebook's picture, in pixels."""
CODE = 'class="code"'
"""On slides: the style of words that are code."""
BOLD, MIDDLE, OUTLINE = 'font-weight="bold"', 'text-anchor="middle"', f'stroke="{INK}"'


@dataclass(frozen=True)
class Picture:
    """An SVG picture, and its meaning in words."""

    svg: str
    text: str

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return self.text


def recorded(stage: str, folder: Path = FOLDER) -> Any:
    """Return what was recorded for a stage's notebook: notebooks/STAGE.json."""
    return json.loads((folder / f"{stage}.json").read_text("utf-8"))


def frame(
    width: int, height: int, title: str, lines: Iterable[str], parts: Iterable[str]
) -> Picture:
    """Make a notebook's picture, on a white background and with its title at the top.

    Args:
        lines: The picture's meaning in words.
        parts: The SVG of all else that it shows.
    """
    lines = list(lines)
    before = [
        f"<desc>{escape(' '.join(lines))}</desc>",
        f'<rect width="{width}" height="{height}" rx="6" fill="white"/>',
    ]
    heading = word(EDGE, EDGE + 5, title, BOLD)
    return Picture(
        drawing(width, height, title, [heading, *parts], before), "\n".join([title, *lines])
    )


def drawing(
    width: int,
    height: int,
    title: str,
    parts: Iterable[str],
    before: Iterable[str] = (),
    size: int = 13,
    family: str = "ui-monospace, Menlo, Consolas, monospace",
) -> str:
    """Return an SVG drawing of that many pixels.

    Args:
        before: SVG that precedes the parts: a description, a background, definitions.
        size: The size of letters.
        family: Their fonts.
    """
    begin = (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width}" height="{height}"'
        f' viewBox="0 0 {width} {height}">',
        f"<title>{escape(title)}</title>",
        *before,
        f'<g font-family="{family}" font-size="{size}" fill="{INK}">',
    )
    return "\n".join([*begin, *parts, "</g>", "</svg>", ""])


def slide(
    height: float, title: str, parts: Iterable[str], before: Iterable[str] = (), width: int = 1200
) -> str:
    """Return a drawing for a slide, in letters that the last row can read.

    It is a part of the deck's page, whose style has the fonts: those of text, and for words in CODE those of code.
    """
    return drawing(width, round(height), title, parts, before, size=27, family="sans-serif")


def word(x: float, y: float, text: str, style: str = "") -> str:
    """Return a text as SVG, with its left end at x and its baseline at y; ``style`` has more attributes."""
    return f'<text x="{x:g}" y="{y:g}"{" " if style else ""}{style}>{escape(text)}</text>'


def box(x: float, y: float, width: float, height: float, fill: str, style: str = "") -> str:
    """Return a filled rectangle as SVG; ``style`` has more attributes."""
    size = f'width="{width:g}" height="{height:g}"'
    return f'<rect x="{x:g}" y="{y:g}" {size} fill="{fill}"{" " if style else ""}{style}/>'
