"""How many of the stage's broken reactors show their bug in each of Linux's sixteen places, and in several."""

from pathlib import Path

from exercises.stage7_everywhere.families import FAMILIES
from exercises.stage7_everywhere.fresh import PLATFORMS
from workshop.course import load

# In pixels: the picture's width, where the places begin, a place's width and height, where the sums begin.
WIDTH, LEFT, TOP, CELL, ROW, SUM = 1200, 190, 96, 176, 74, 930
INK, PALE = "#1f2328", "#dbe9f6"

REACTORS = PLATFORMS["linux"]
MUTANTS = load(Path.cwd()).stage("stage7_everywhere").mutants


def shown(reactors, families):
    """How many show in at least one place of these."""
    return sum(
        any(set(mutant.on) <= {reactor, family} for reactor in reactors for family in families)
        for mutant in MUTANTS
    )


def text(x, y, words, style=""):
    return f'<text x="{x:g}" y="{y:g}"{style}>{words}</text>'


MIDDLE, BOLD = ' text-anchor="middle"', ' font-weight="bold"'
height = TOP + ROW * (len(REACTORS) + 1) + 26
print(
    f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{WIDTH}" height="{height}"'
    f' viewBox="0 0 {WIDTH} {height}">'
)
print(f"<title>Where {len(MUTANTS)} broken reactors show their bug</title>")
print(f'<g font-family="ui-monospace, Menlo, Consolas, monospace" font-size="27" fill="{INK}">')
for column, family in enumerate(FAMILIES):
    print(text(LEFT + CELL * column + CELL / 2, TOP - 22, family, MIDDLE))
print(text(SUM + 135, TOP - 56, "on this reactor,", MIDDLE))
print(text(SUM + 135, TOP - 22, "any connection", MIDDLE))
for row, reactor in enumerate(REACTORS):
    y = TOP + ROW * row
    print(text(0, y + 46, reactor))
    for column, family in enumerate(FAMILIES):
        x = LEFT + CELL * column
        print(
            f'<rect x="{x}" y="{y}" width="{CELL - 10}" height="{ROW - 10}" rx="6"'
            f' fill="{PALE}" stroke="{INK}"/>'
        )
        print(text(x + CELL / 2 - 5, y + 43, shown([reactor], [family]), MIDDLE + BOLD))
    print(text(SUM + 135, y + 43, shown([reactor], FAMILIES), MIDDLE + BOLD))
y = TOP + ROW * len(REACTORS) + 16
print(text(0, y + 24, "on any"))
print(text(0, y + 56, "reactor"))
for column, family in enumerate(FAMILIES):
    print(
        text(LEFT + CELL * column + CELL / 2 - 5, y + 42, shown(REACTORS, [family]), MIDDLE + BOLD)
    )
everywhere = f"everywhere: {shown(REACTORS, FAMILIES)}"
print(text(SUM + 135, y + 42, everywhere, MIDDLE + BOLD))
print("</g>")
print("</svg>")
