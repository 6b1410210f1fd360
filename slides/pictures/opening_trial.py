"""What trial does around one test, from a run."""

from workshop.notebook.around_steps import LOOKS, TURN, VERDICT, WAITS, YOURS, record
from workshop.pictures.base import BOLD, DARK, GREEN, INK, OUTLINE, RED, SHADE, box, slide, word

TEST = """
from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase


class Waits(TestCase):
    def setUp(self):
        pass

    async def test_waits(self):
        await deferLater(reactor, 0.01)

    def tearDown(self):
        pass
"""
RUNS = "the reactor runs"

# In pixels: a row's height, a box's.
ROW, BOX = 40, 35


def told(steps):
    """Return the rows: each a kind and its words, with checks that follow each other in one row."""
    rows = []
    for step in steps:
        words = ", ".join([step.what, *step.found])
        if step.kind == LOOKS and rows[-1][0] == LOOKS:
            words = f"{rows.pop()[1]}, {step.what}"
        elif step.kind == LOOKS:
            words = f"checks: {words}"
        # The short turns before a check are left out, and the long one while trial waits is put in.
        if step.kind != TURN:
            rows.append((step.kind, words))
        if step.kind == WAITS:
            rows.append((TURN, RUNS))
    return rows


def chain(rows, x, width):
    """Draw the rows from top to bottom."""
    for n, (kind, words) in enumerate(rows):
        y = n * ROW
        if kind == YOURS:
            yield box(x, y, width, BOX, DARK, 'rx="6"')
            yield word(x + 16, y + 27, words, f'{BOLD} fill="white"')
        elif kind == TURN:
            yield box(
                x + 40, y, width - 40, BOX, SHADE, f'rx="6" stroke="{INK}" stroke-dasharray="6 5"'
            )
            yield word(x + 56, y + 27, words)
        elif kind == VERDICT:
            ink = GREEN if words == "[OK]" else RED
            yield box(x, y, width, BOX, ink, 'rx="6"')
            yield word(x + 16, y + 27, words, f'{BOLD} fill="white"')
        else:
            yield box(x, y, width, BOX, "white", f'rx="6" {OUTLINE}')
            yield word(x + 16, y + 27, words)


if __name__ == "__main__":
    rows = told(record(TEST))
    parts = chain(rows, 0, 620)
    print(slide(ROW * len(rows), "What trial does around one test", parts, width=620), end="")
