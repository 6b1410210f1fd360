"""The common parts of the pictures: a picture, its frame, a word in it, and the folder of the recordings."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from workshop.pictures.timeline import INK

FOLDER = Path(__file__).resolve().parent.parent.parent / "notebooks"
FONT = 'font-family="ui-monospace, Menlo, Consolas, monospace" font-size="13"'
SHADE = "#f3f4f6"
"""The background of every second row."""


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
    """Make a picture of that many pixels, on a white background, from its title, its meaning in words and its SVG parts."""
    lines = list(lines)
    begin = (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width}" height="{height}"'
        f' viewBox="0 0 {width} {height}">',
        f"<title>{escape(title)}</title>",
        f"<desc>{escape(' '.join(lines))}</desc>",
        f'<rect width="{width}" height="{height}" rx="6" fill="white"/>',
        f'<g {FONT} fill="{INK}">',
    )
    return Picture("\n".join([*begin, *parts, "</g>", "</svg>", ""]), "\n".join([title, *lines]))


def word(x: float, y: float, text: str, style: str = "") -> str:
    """Return a text as SVG, with its left end at x and its baseline at y; ``style`` has more attributes."""
    return f'<text x="{x:g}" y="{y:g}"{" " if style else ""}{style}>{escape(text)}</text>'
