"""Hints, a tier at a time. .workshop/hints.json remembers which were shown; it is not a record of progress."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from workshop.course import TIERS, TOOL, Course, CourseError, Kind, Stage, Step
from workshop.course.files import write

# A hint's citation of the list of classic mistakes: for maintainers, and for the check that each is covered.
IDS = r"[WTCPH]\d+(?:, [WTCPH]\d+)*"
CITED = re.compile(rf" \({IDS}\)|: {IDS}(?=\))")

if TYPE_CHECKING:
    from workshop.report.console import Console


def show_hint(
    course: Course, stage: Stage, step: Step | Kind, console: Console, all_: bool = False
) -> None:
    """Show the next tier of hints for a step or a kind of mistake; or all.

    Raises:
        CourseError: The stage has no hints for the step.
    """
    what = "number" if stage.judged else "step"
    tiers = stage.hints.get(step.number)
    if not tiers:
        raise CourseError(f"There are no hints for {stage.name}, {what} {step.number}.")
    seen = _read(course)
    # Not by its number, which another step may have after an update.
    key = f"{stage.name} {step.title}"
    count = min(seen.get(key, 0), len(tiers))
    last = count == len(tiers)
    chosen = range(len(tiers)) if all_ or last else [count]
    console.paragraph(f"{stage.name}, {what} {step.number}: {step.title}", 0, "bold")
    for n in chosen:
        console.line()
        console.line(f"{TIERS[n]} ({n + 1} of {len(tiers)})")
        _tier(tiers[n], console)
    console.line()
    if all_ or last or count + 1 == len(tiers):
        console.line(f"That is all. The reference: {TOOL} solution {stage.name}")
    else:
        console.line(f"More: {TOOL} hint {stage.name} {step.number}")
    seen[key] = len(tiers) if all_ else min(count + 1, len(tiers))
    _write(course, seen)


def shown(course: Course, stage: Stage, step: Step | Kind) -> tuple[int, int]:
    """Return how many tiers of a step's hint were shown, and how many there are."""
    tiers = len(stage.hints.get(step.number, ()))
    count = _read(course).get(f"{stage.name} {step.title}", 0)
    return (min(count, tiers) if isinstance(count, int) else 0), tiers


def _tier(text: str, console: Console) -> None:
    """Write code as it is, and prose wrapped to the terminal."""
    for n, part in enumerate(re.split(r"^```\w*\n(.*?)^```$", text, flags=re.M | re.S)):
        if n % 2:
            for line in part.splitlines():
                console.line(f"    {line}")
            continue
        for paragraph in filter(str.strip, part.split("\n\n")):
            console.paragraph(CITED.sub("", " ".join(paragraph.split())), 2)


def forget(course: Course, stage: Stage) -> None:
    """Start the stage's hints again from the first tier."""
    seen = _read(course)
    _write(course, {key: n for key, n in seen.items() if key.split()[0] != stage.name})


def _read(course: Course) -> dict[str, int]:
    try:
        data = json.loads((course.root / ".workshop" / "hints.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def _write(course: Course, seen: dict[str, int]) -> None:
    write(course.root / ".workshop" / "hints.json", json.dumps(seen, indent=1).encode())
