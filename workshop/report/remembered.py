"""The findings of earlier verdicts, kept under .workshop."""

from __future__ import annotations

import json

from workshop.course.files import write
from workshop.course.model import Course
from workshop.judge.findings import Assessment


def count_misses(course: Course, found: Assessment, remember: bool = True) -> dict[int, int]:
    """Map each missed kind's number to the number of consecutive verdicts, this one included, that missed it.

    The counts are kept in .workshop/asked.json, unless ``remember`` is false: nobody asked for this stage's verdict.
    """
    path = course.root / ".workshop" / "asked.json"
    try:
        known = json.loads(path.read_text("utf-8"))
        before = {int(n): int(count) for n, count in known.get(found.stage.name, {}).items()}
    except (OSError, ValueError, AttributeError):
        known, before = {}, {}
    asked = {kind.number: before.get(kind.number, 0) + 1 for kind in found.survived}
    if not isinstance(known, dict):
        known = {}
    if remember:
        write(path, json.dumps({**known, found.stage.name: asked}, indent=1).encode())
    return asked
