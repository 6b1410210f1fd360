"""The results of three tests, and of the stage's whole suite, on right services and on services with a known bug."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "code"))

import stage5_judges as judges

from exercises.stage5_transform import test_service
from workshop.course import load

# In pixels: the picture's width, where the services begin, a service's width, a row's height, its bar's.
WIDTH, LEFT, CELL, ROW, BAR = 1200, 262, 27, 74, 48
PAIR, GAP = 2 * CELL + 11, 56
INK, GREEN, RED = "#1f2328", "#dbe9f6", "#bc4c00"

stage = load(Path.cwd()).stage("stage5_transform")
right, wrong = judges.services(stage)
whole = [name for name in dir(test_service.ServiceTests) if name.startswith("test_")]
rows = {f"test {x}": (judges.Three, [f"test_{x}"]) for x in "abc"}
rows[f"all {len(whole)} tests"] = (test_service.ServiceTests, whole)

# Where each service stands: those that are wrong in pairs, one for each description.
second = LEFT + CELL * len(right) + GAP
places = [(service, LEFT + CELL * i) for i, service in enumerate(right)]
steps = [mutant.step for mutant in stage.mutants]
for i, service in enumerate(wrong):
    places.append((service, second + PAIR * (steps[i] - 1) + CELL * (i - steps.index(steps[i]))))


def text(x, y, words, style=""):
    return f'<text x="{x:g}" y="{y}"{style}>{words}</text>'


def box(x, y, red):
    """A verdict."""
    size = f'width="{CELL - 2}" height="{BAR}"'
    print(f'<rect x="{x}" y="{y}" {size} fill="{RED if red else GREEN}" stroke="{INK}"/>')
    if red:
        print(f'<path d="M{x + 4} {y + 12}l17 24m0 -24l-17 24" stroke="white" stroke-width="4"/>')


MIDDLE = ' text-anchor="middle"'
BOLD = ' font-weight="bold"'
top = 92
height = top + ROW * len(rows) + 56
print(
    f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{WIDTH}" height="{height}"'
    f' viewBox="0 0 {WIDTH} {height}">'
)
print("<title>The results of tests on services</title>")
print(f'<g font-family="ui-monospace, Menlo, Consolas, monospace" font-size="27" fill="{INK}">')
print(text(LEFT, 32, "right", BOLD))
print(text(second, 32, "wrong, two or three for each description", BOLD))
for step in sorted(set(steps)):
    print(text(second + PAIR * (step - 1) + CELL, 74, step, MIDDLE))
y = top
for label, (tests, names) in rows.items():
    print(text(0, y + 33, label))
    for service, x in places:
        box(x, y, judges.red(tests, names, service))
    y += ROW
x = LEFT
for red, words in ((False, "green"), (True, "red")):
    box(x, y, red)
    print(text(x + 44, y + 33, words))
    x += 220
print("</g>")
print("</svg>")
