"""The results of three tests, and of the stage's whole suite, on right services and on services with a known bug."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "code"))

import stage5_judges as judges

from exercises.stage5_transform import test_service
from workshop.course import load
from workshop.pictures.base import BOLD, LATE, MIDDLE, OUTLINE, PALE, box, slide, word

# In pixels: where the services begin, a service's width, a row's height, its bar's, where the rows begin.
LEFT, CELL, ROW, BAR, TOP = 262, 27, 74, 48, 92
PAIR, GAP = 2 * CELL + 11, 56

stage = load(Path.cwd()).stage("stage5_transform")
right, wrong = judges.services(stage)
whole = [name for name in dir(test_service.ServiceTests) if name.startswith("test_")]
rows = {f"test {x}": (judges.Three, [f"test_{x}"]) for x in "abc"}
rows[f"all {len(whole)} tests"] = (test_service.ServiceTests, whole)

# Each service and its place: those that are wrong in pairs, one for each description.
second = LEFT + CELL * len(right) + GAP
places = [(service, LEFT + CELL * i) for i, service in enumerate(right)]
steps = [mutant.step for mutant in stage.mutants]
for i, service in enumerate(wrong):
    places.append((service, second + PAIR * (steps[i] - 1) + CELL * (i - steps.index(steps[i]))))


def verdict(x, y, red):
    """A bar: pale if tests pass, dark and crossed out if one fails."""
    yield box(x, y, CELL - 2, BAR, LATE if red else PALE, OUTLINE)
    if red:
        yield f'<path d="M{x + 4} {y + 12}l17 24m0 -24l-17 24" stroke="white" stroke-width="4"/>'


parts = [
    word(LEFT, 32, "right", BOLD),
    word(second, 32, "wrong, two or three for each description", BOLD),
]
for step in sorted(set(steps)):
    parts.append(word(second + PAIR * (step - 1) + CELL, 74, str(step), MIDDLE))
y = TOP
for label, (tests, names) in rows.items():
    parts.append(word(0, y + 33, label))
    for service, x in places:
        parts += verdict(x, y, judges.red(tests, names, service))
    y += ROW
for x, red, words in ((LEFT, False, "green"), (LEFT + 220, True, "red")):
    parts += [*verdict(x, y, red), word(x + 44, y + 33, words)]
print(slide(y + 56, "The results of tests on services", parts), end="")
