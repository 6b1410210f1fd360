"""Colour for trial's verdicts in the output of a cell, as trial prints them on a terminal.

The words say it without colour too. The codes are a terminal's (ANSI), which Jupyter, nbconvert and the course's pages show.
"""

from __future__ import annotations

import re

# Bold too: the plain green is too pale on a white page.
GREEN, RED, BLUE, END = "\x1b[1;32m", "\x1b[1;31m", "\x1b[1;34m", "\x1b[0m"
COLOURS = {"OK": GREEN, "FAIL": RED, "ERROR": RED, "SKIPPED": BLUE, "TODO": BLUE}
# At the end of a test's line, after its name or the spaces that trial puts there; or alone on a line, above the reason.
VERDICT = re.compile(rf"(?:(?<=  )|(?<=\.\.\. )|^)\[({'|'.join(COLOURS)})\]$", re.M)


def coloured(printed: str) -> str:
    """Return trial's output with colour for each test's verdict."""
    return VERDICT.sub(lambda found: f"{COLOURS[found[1]]}{found[0]}{END}", printed)


def show(printed: str) -> None:
    """Print trial's output with colour."""
    print(coloured(printed), end="")
