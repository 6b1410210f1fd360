"""A copy of a stage with an answer laid over it: the learner's files, a solution, a mutant or another right answer."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from workshop.course import Stage

LEFT_OUT = shutil.ignore_patterns("__pycache__", "_trial_temp*", ".*", "*.md")

Overlay = Mapping[str, str]
"""File names in a stage's folder, and the text that each is to have."""


def lay(stage: Stage, place: Path, overlay: Overlay | None = None) -> None:
    """Put a copy of the stage below ``place``, as the package that it is, with the overlay's files over it."""
    package = place / "exercises"
    package.mkdir(parents=True)
    for path in sorted((stage.root / "exercises").glob("*.py")):
        shutil.copy(path, package)
    shutil.copytree(stage.folder, package / stage.name, ignore=LEFT_OUT)
    for name, text in (overlay or {}).items():
        (package / stage.name / name).write_text(text, "utf-8")
