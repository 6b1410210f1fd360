"""How many of the stage's broken reactors a contract catches in each of Linux's sixteen real places, and in several.

The numbers are those of the notebook's picture, which were recorded from a run.
"""

import json
from pathlib import Path

from exercises.stage7_everywhere.families import FAMILIES
from exercises.stage7_everywhere.fresh import PLATFORMS
from workshop.course import load
from workshop.pictures.base import BOLD, INK, MIDDLE, OUTLINE, PALE, box, slide, word

# In pixels: where the places begin, a place's width and height, the middle of the sums.
LEFT, TOP, CELL, ROW, SUM = 150, 84, 200, 68, 1075
MINE = ("epoll", "TCP4")
"""Where tests run that choose nothing: the one place that is lit."""
LIT = "#ffd479"

REACTORS = PLATFORMS["linux"]
STAGE = load(Path.cwd()).stage("stage7_everywhere")
CAUGHT = json.loads(STAGE.notebook.with_suffix(".json").read_text("utf-8"))
MUTANTS = STAGE.mutants


def shown(reactors, families):
    """Return how many are caught in at least one of these places, as text."""
    places = [CAUGHT[f"{reactor} {family}"] for reactor in reactors for family in families]
    return str(len(set().union(*places)))


parts = [
    word(SUM, TOP - 56, "on this reactor,", MIDDLE),
    word(SUM, TOP - 22, "any connection", MIDDLE),
]
for row, reactor in enumerate(REACTORS):
    y = TOP + ROW * row
    parts.append(word(0, y + 39, reactor))
    for column, family in enumerate(FAMILIES):
        x = LEFT + CELL * column
        count = shown([reactor], [family])
        mine = (reactor, family) == MINE
        look = f'rx="6" stroke="{INK}" stroke-width="5"' if mine else f'rx="6" {OUTLINE}'
        parts.append(box(x, y, CELL - 10, ROW - 10, "white", look))
        # As much of the cell as of the bugs.
        part = (CELL - 10) * int(count) / len(MUTANTS)
        parts.append(box(x + 3, y + 3, part - 3, ROW - 16, LIT if mine else PALE, 'rx="4"'))
        parts.append(word(x + CELL / 2 - 5, y + 39, count, f"{MIDDLE} {BOLD}"))
    parts.append(word(SUM, y + 39, shown([reactor], FAMILIES), f"{MIDDLE} {BOLD}"))
y = TOP + ROW * len(REACTORS)
parts += [word(0, y + 26, "on any"), word(0, y + 58, "reactor")]
for column, family in enumerate(FAMILIES):
    middle = LEFT + CELL * column + CELL / 2
    parts.append(word(middle - 5, TOP - 22, family, MIDDLE))
    parts.append(word(middle - 5, y + 42, shown(REACTORS, [family]), f"{MIDDLE} {BOLD}"))
everywhere = f"everywhere: {shown(REACTORS, FAMILIES)}"
parts.append(word(SUM, y + 42, everywhere, f"{MIDDLE} {BOLD}"))
title = f"Where {len(MUTANTS)} broken reactors show their bug"
print(slide(y + ROW, title, parts), end="")
