"""The results of three tests, and of the stage's whole suite, on right services and on services with a known bug."""

import inspect
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "code"))

import stage5_judges as judges

from exercises.stage5_transform import test_service
from workshop.course import load
from workshop.pictures.base import (
    BOLD,
    CODE,
    MIDDLE,
    OUTLINE,
    PALE_GREEN,
    RED,
    box,
    slide,
    word,
)

# In pixels: a service's width, the room between two descriptions, and after the right services; where the rows begin,
# a row's height, its bar's.
CELL, GAP, AFTER, TOP, ROW, BAR = 32, 14, 64, 76, 80, 38

stage = load(Path.cwd()).stage("stage5_transform")
right, wrong = judges.services(stage)
whole = [name for name in dir(test_service.ServiceTests) if name.startswith("test_")]


def last(name):
    """Return the last line of one of the three tests, as short as it can be."""
    line = inspect.getsource(getattr(judges.Three, name)).strip().splitlines()[-1]
    return line.strip().replace("self.", "")


rows = {f"test {x}": (judges.Three, [f"test_{x}"], last(f"test_{x}")) for x in "abc"}
rows[f"all {len(whole)} tests"] = (test_service.ServiceTests, whole, "")

# Each service and its place: those that are wrong together for each description.
places = [(service, CELL * i) for i, service in enumerate(right)]
second = x = CELL * len(right) + AFTER
heads, step = {}, 0
for service, mutant in zip(wrong, stage.mutants, strict=True):
    if mutant.step != step:
        x += GAP if step else 0
        step = mutant.step
    heads.setdefault(step, []).append(x)
    places.append((service, x))
    x += CELL


def verdict(x, y, red):
    """A bar: green if tests pass, red and crossed out if one fails."""
    yield box(x, y, CELL - 2, BAR, RED if red else PALE_GREEN, OUTLINE)
    if red:
        yield f'<path d="M{x + 7} {y + 9}l16 20m0 -20l-16 20" stroke="white" stroke-width="4"/>'


parts = [
    word(0, 30, "right", BOLD),
    word(second, 30, "wrong, two or three for each description", BOLD),
]
for step, xs in heads.items():
    parts.append(word((xs[0] + xs[-1] + CELL) / 2, 66, str(step), MIDDLE))
y = TOP
for label, (tests, names, code) in rows.items():
    parts.append(word(0, y + 28, label, BOLD))
    parts.append(word(second, y + 28, code, CODE))
    for service, x in places:
        parts += verdict(x, y + 38, judges.red(tests, names, service))
    y += ROW
print(slide(y + 4, "The results of tests on services", parts), end="")
