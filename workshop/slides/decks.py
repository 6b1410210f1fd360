"""The slides: which decks there are, and how they are built and served.

A deck is a file in slides/, as slides/README.md describes it. Nothing here imports Sphinx, which runs in its own process.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from workshop.course import Course, CourseError, stage_names, timetable
from workshop.course.deck import minutes as minutes

COLUMNS, LINES = 72, 16
"""How much code a slide holds."""

MOST_LINES = 40
"""How many lines of Sphinx's output are shown."""


def decks(course: Course) -> dict[str, str]:
    """Map the name of each deck that exists to its title, in the order of the class."""
    paths = [course.root / "slides" / f"{name}.md" for name in timetable.decks(course)]
    return {
        path.stem: path.read_text("utf-8").partition("# ")[2].partition("\n")[0]
        for path in paths
        if path.is_file()
    }


def find_deck(text: str, names: Iterable[str]) -> str:
    """Return the deck that a user named: by its name, its file, its stage's number or its stage's short name.

    Raises:
        CourseError: There is none.
    """
    wanted = text.lower().removesuffix(".md")
    for name in names:
        if wanted in stage_names(name):
            return name
    raise CourseError(f'There is no deck "{text}". Decks: {", ".join(names) or "none yet"}.')


def build(course: Course, folder: Path) -> None:
    """Build all decks, as pages of reveal.js, into a folder that holds nothing else.

    Raises:
        CourseError: A deck is wrong, or Sphinx is not installed; the message has Sphinx's output.
    """
    source = course.root / "slides"
    if not (source / "conf.py").is_file():
        raise CourseError("This copy of the course has no slides.")
    # -E: a deck with warnings is read again, and its warnings are shown again.
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-E", "-b", "revealjs"]
    command += ["-d", str(folder / ".doctrees"), str(source), str(folder)]
    plain = {**os.environ, "PYTHONUTF8": "1", "NO_COLOR": "1"}
    done = subprocess.run(
        command, cwd=course.root, env=plain, capture_output=True, encoding="utf-8"
    )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise CourseError("\n".join(["The slides cannot be built:", *lines[:MOST_LINES]]))
