"""Pictures for the notebooks, from what was recorded: notebooks/STAGE.json, of which nothing changes from run to run.

    endings(recorded("stage4_disconnect")["late-server"], "The late server")

A picture has its meaning in words too, for those who do not see it: as its text, and in the SVG's own title and
description. It is drawn without colour's help: what colour tells is told by form and by words as well.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from workshop.timeline import GOOD, INK, LATE, LOOK, OVER

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
FONT = 'font-family="ui-monospace, Menlo, Consolas, monospace" font-size="13"'
ENDS = ("port", "client", "server")
# In pixels: a row's height, a chip's, the width of a letter, where the chips begin, and the picture's margin.
ROW, CHIP, LETTER, LEFT, EDGE = 36, 22, 8, 375, 20


@dataclass(frozen=True)
class Picture:
    """An SVG picture, and what it says in words."""

    svg: str
    text: str

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return self.text


def recorded(stage: str, folder: Path = FOLDER) -> Any:
    """What was recorded for a stage's notebook."""
    return json.loads((folder / f"{stage}.json").read_text("utf-8"))


def endings(runs: Sequence[Mapping[str, Any]], title: str) -> Picture:
    """What came first in each run: the end of each thing that was open, or trial's look at what is left.

    runs: each with a name, what it does, what was over before trial looked, in order, and what was still open then.
    """
    width = LEFT + 440
    height = 2 * EDGE + ROW * len(runs) + 10
    lines = [
        f"{run['name']}: over, in this order: {', '.join(run['over']) or 'nothing'}. trial looks."
        f" Still open: {', '.join(run['open']) or 'nothing'}."
        for run in runs
    ]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width}" height="{height}"'
        f' viewBox="0 0 {width} {height}">',
        f"<title>{escape(title)}</title>",
        f"<desc>{escape(' '.join(lines))}</desc>",
        f'<rect width="{width}" height="{height}" rx="6" fill="white"/>',
        f'<g {FONT} fill="{INK}">',
        _word(EDGE, EDGE + 5, title, 'font-weight="bold"'),
    ]
    for row, run in enumerate(runs, start=1):
        y = EDGE + row * ROW
        if row % 2:
            parts.append(
                f'<rect x="8" y="{y - ROW // 2}" width="{width - 16}" height="{ROW}" fill="#f3f4f6"/>'
            )
        parts.append(_word(EDGE, y - 2, run["name"], 'font-weight="bold"'))
        parts.append(_word(EDGE, y + 13, run["does"], 'font-size="11"'))
        x = LEFT
        for name in run["over"]:
            parts += _chip(x, y, name, GOOD, closed=True)
            x += _width(name)
        # An upright, since it is no end but the moment that decides.
        parts.append(f'<path d="M{x} {y - 15}v30" stroke="{INK}" stroke-width="3"/>')
        if run["open"]:
            x += 10
            for name in run["open"]:
                parts += _chip(x, y, name, LATE, closed=False)
                x += _width(name)
            parts.append(_word(x, y + 5, "still open", f'fill="{LATE}" font-weight="bold"'))
        else:
            parts.append(_word(x + 10, y + 5, "nothing is left"))
    return Picture("\n".join([*parts, "</g>", "</svg>", ""]), "\n".join([title, *lines]))


def _width(name: str) -> int:
    return LETTER * len(name) + 26


def _chip(x: int, y: int, name: str, ink: str, closed: bool) -> list[str]:
    """One end: filled where it has come, an outline of dashes where it has not."""
    look = f'fill="{ink}"' if closed else f'fill="white" stroke="{ink}" stroke-dasharray="4 3"'
    box = f'<rect x="{x}" y="{y - CHIP // 2}" width="{_width(name) - 8}" height="{CHIP}" rx="4"'
    return [f"{box} {look}/>", _word(x + 9, y + 5, name, f'fill="{"white" if closed else ink}"')]


def _word(x: int, y: int, text: str, style: str = "") -> str:
    return f'<text x="{x}" y="{y}"{" " if style else ""}{style}>{escape(text)}</text>'


def record() -> dict[str, Any]:
    """Run the gallery of teardowns on each of its lines, as trial does. Needs a process whose reactor does not run."""
    from importlib import import_module

    # A stage's own files have no types.
    gallery, measure, picture = (
        import_module(f"exercises.stage4_disconnect.{name}")
        for name in ("gallery", "measure", "picture")
    )

    # What is slow only the first time in a process is no part of the picture.
    picture.record(gallery.Teardown9AllThree, "quiet")
    found: dict[str, Any] = {}
    for line in measure.LINES:
        found[line] = []
        for teardown in gallery.TEARDOWNS:
            timeline, _ = picture.record(teardown, line)
            events = [(event.line, event.name) for event in timeline.events]
            before = events[: events.index((None, LOOK))]
            over = [name for name, what in before if what == OVER]
            run = {
                "name": teardown.__name__,
                "does": (teardown.__doc__ or "").split(".")[0],
                "over": over,
                "open": [name for name in ENDS if name not in over],
            }
            found[line].append(run)
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(record(), indent=1) + "\n")
