"""How many of the stage's broken reactors show their bug in each of Linux's sixteen real places, and in several."""

from pathlib import Path

from exercises.stage7_everywhere.families import FAMILIES
from exercises.stage7_everywhere.fresh import PLATFORMS
from workshop.course import load
from workshop.pictures.base import BOLD, MIDDLE, OUTLINE, PALE, box, slide, word

# In pixels: where the places begin, a place's width and height, the middle of the sums.
LEFT, TOP, CELL, ROW, SUM = 190, 96, 176, 74, 1065

REACTORS = PLATFORMS["linux"]
MUTANTS = load(Path.cwd()).stage("stage7_everywhere").mutants


def shown(reactors, families):
    """Return how many show it in at least one of these places, as text."""
    count = sum(
        any(set(mutant.on) <= {reactor, family} for reactor in reactors for family in families)
        for mutant in MUTANTS
    )
    return str(count)


parts = [
    word(SUM, TOP - 56, "on this reactor,", MIDDLE),
    word(SUM, TOP - 22, "any connection", MIDDLE),
]
for row, reactor in enumerate(REACTORS):
    y = TOP + ROW * row
    parts.append(word(0, y + 46, reactor))
    for column, family in enumerate(FAMILIES):
        x = LEFT + CELL * column
        parts.append(box(x, y, CELL - 10, ROW - 10, PALE, f'rx="6" {OUTLINE}'))
        count = shown([reactor], [family])
        parts.append(word(x + CELL / 2 - 5, y + 43, count, f"{MIDDLE} {BOLD}"))
    parts.append(word(SUM, y + 43, shown([reactor], FAMILIES), f"{MIDDLE} {BOLD}"))
y = TOP + ROW * len(REACTORS)
parts += [word(0, y + 40, "on any"), word(0, y + 72, "reactor")]
for column, family in enumerate(FAMILIES):
    middle = LEFT + CELL * column + CELL / 2
    parts.append(word(middle, TOP - 22, family, MIDDLE))
    parts.append(word(middle - 5, y + 58, shown(REACTORS, [family]), f"{MIDDLE} {BOLD}"))
everywhere = f"everywhere: {shown(REACTORS, FAMILIES)}"
parts.append(word(SUM, y + 58, everywhere, f"{MIDDLE} {BOLD}"))
title = f"Where {len(MUTANTS)} broken reactors show their bug"
print(slide(y + ROW + 26, title, parts), end="")
