"""A picture of what trial does around one test: what is called, in which order, when the reactor runs, what trial checks.

    %load_ext workshop.notebook.around

    %%around [title]
    class Greets(TestCase): ...

Real trial runs the cell's test, as it does for %%trial.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from workshop.notebook.around_steps import (
    GOES_ON,
    LOOKS,
    TURN,
    VERDICT,
    WAITS,
    YOURS,
    Step,
    record,
)
from workshop.pictures.base import (
    BOLD,
    EDGE,
    GOOD,
    INK,
    LATE,
    OUTLINE,
    SHADE,
    Picture,
    box,
    frame,
    word,
)

# In pixels: a row's height, a box's; then each column's left edge and the width of its boxes.
ROW, BOX = 30, 22
OWN, TRIAL, FOUND, RUNS = (50, 200), (258, 216), (484, 190), (682, 158)
HEADS = {
    "the test's own code": OWN,
    "trial": TRIAL,
    "what came of it": FOUND,
    "the reactor runs": RUNS,
}
LETTER = 7.8


def load_ipython_extension(shell: Any) -> None:
    """Register the magic; IPython calls this for %load_ext."""
    shell.register_magic_function(_around, "cell", "around")


def _around(line: str, source: str) -> None:
    """Run the cell's test with trial, and show what happens around it. The magic's line is the picture's title."""
    from IPython.display import display

    picture = drawn(record(source), line or "What trial does around one test")
    display(picture)  # type: ignore[no-untyped-call]


def drawn(steps: Sequence[Step], title: str) -> Picture:
    """Draw the steps from top to bottom, in three columns: the test's own, trial's, the reactor's.

    What a step led to is in its row, between trial's column and the reactor's.
    """
    width, top = sum(RUNS) + EDGE, EDGE + 2 * ROW
    parts = [word(x, top - 8, head, BOLD) for head, (x, _) in HEADS.items()]
    lines, over, began = [], [], 0
    for n, step in enumerate(steps):
        y = top + n * ROW
        if n % 2 == 0:
            parts.append(box(8, y, width - 16, ROW, SHADE))
        parts.append(word(EDGE, y + 20, f"{n + 1:2}"))
        parts += _box(step, y)
        lines.append(f"{n + 1}. {_words(step)}.")
        # The reactor's bar goes from where trial begins to wait to where it goes on, above the ground of all these rows.
        if step.kind == WAITS:
            began = y
        elif step.kind == GOES_ON:
            over += _runs(began + 4, y + ROW - 4, "until the result")
        elif step.kind == TURN:
            over += _runs(y + 4, y + ROW - 4, step.what)
    return frame(width, top + ROW * len(steps) + EDGE, title, lines, [*parts, *over])


def _words(step: Step) -> str:
    """Return a step as a sentence, without its full stop."""
    found = ", ".join(step.found)
    if step.kind == TURN:
        return f"The reactor runs: {step.what}"
    if step.kind == LOOKS:
        return f"trial looks for {step.what}: {found or 'none'}"
    who = "The test's own code" if step.kind == YOURS else "trial"
    return f"{who}: {step.what}{', ' if found else ''}{found}"


def _box(step: Step, y: int) -> list[str]:
    """Draw a step's box: filled for the test's own code, outlined for trial's, dashed if something is wrong."""
    if step.kind == TURN:
        return []
    left = step.kind == LOOKS and bool(step.found)
    bad = left or step.what.startswith(("[FAIL]", "[ERROR]", "it fails"))
    (x, width), look, ink = OWN, f'fill="{GOOD}"', "white"
    if step.kind != YOURS:
        (x, width), ink = TRIAL, LATE if bad else INK
        dashes = ' stroke-width="2" stroke-dasharray="4 3"' if bad else ""
        look = f'fill="white" stroke="{ink}"{dashes}'
    text = f"looks: {step.what}" if step.kind == LOOKS else step.what
    longest = int((width - 20) / LETTER)
    text = text if len(text) <= longest else f"{text[: longest - 3]}..."
    weight = f" {BOLD}" if step.kind == VERDICT else ""
    parts = [
        f'<rect x="{x}" y="{y + 4}" width="{width}" height="{BOX}" rx="4" {look}/>',
        word(x + 10, y + 20, text, f'fill="{ink}"{weight}'),
    ]
    beside = ", ".join(step.found)
    if step.kind == LOOKS:
        beside = f"left: {beside}" if left else "none"
    style = f'fill="{LATE}" {BOLD}' if left else ""
    return [*parts, word(FOUND[0], y + 20, beside, style)] if beside else parts


def _runs(top: int, bottom: int, text: str) -> list[str]:
    """Draw the reactor's bar while it runs."""
    x, width = RUNS
    bar = box(x, top, width, bottom - top, "white", f'{OUTLINE} stroke-width="3"')
    return [bar, word(x + 10, (top + bottom) // 2 + 5, text)]
