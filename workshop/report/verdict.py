"""The verdict on either kind of stage, or why there is none: the progress, and what to do next, as words and as data."""

from __future__ import annotations

import json
from typing import Any

from workshop.course import Course, Stage
from workshop.course.files import Refusal, write
from workshop.judge.findings import Assessment
from workshop.judge.steps import Verdict
from workshop.judge.verdict import Judged, Unjudged
from workshop.report import steps, suite, suite_text
from workshop.report.console import Console


def progress(one: Judged | Unjudged) -> str:
    """Return a stage's progress in a few words."""
    if isinstance(one, Unjudged):
        return "cannot be run" if one.refusal else "not judged: no solutions/ here"
    what = "steps pass" if isinstance(one, Verdict) else "kinds caught"
    return f"{one.done} of {one.total} {what}"


def show_verdict(
    console: Console,
    course: Course,
    verdict: Judged,
    limit: float,
    asked_for: bool = True,
    words: str = "",
) -> None:
    """Show what to do next in the stage, or that it passes.

    Args:
        limit: Seconds that one test may take.
        asked_for: Whether the user asked for this stage's verdict: then it counts as shown.
        words: For a stage of steps: the step and the options with which `run` repeats this verdict.
    """
    if isinstance(verdict, Verdict):
        steps.show_verdict(console, verdict, limit, words)
    else:
        suite.show(console, verdict, count_misses(course, verdict, asked_for), limit)


def count_misses(course: Course, found: Assessment, remember: bool = True) -> dict[int, int]:
    """Map each missed kind's number to the number of consecutive verdicts, this one included, that missed it.

    A verdict on some kinds alone leaves the counts of the others as they are.

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
        judged = {kind.number for kind in found.stage.kinds}
        others = {n: count for n, count in before.items() if n not in judged}
        whole = {**known, found.stage.name: {**others, **asked} if found.part else asked}
        write(path, json.dumps(whole, indent=1).encode())
    return asked


def as_data(course: Course, verdict: Judged, limit: float) -> dict[str, Any]:
    """Return the verdict as the object that --json prints."""
    if isinstance(verdict, Verdict):
        return steps.as_data(verdict, limit)
    return suite_text.as_data(verdict, count_misses(course, verdict), limit)


def show_refusal(console: Console, refusal: Refusal) -> None:
    """Say why a stage cannot be run as it is, and what to do about it."""
    console.heading(_sentence(refusal))
    console.advice(refusal.advice)


def refusal_as_data(stage: Stage, refusal: Refusal) -> dict[str, Any]:
    """Return the refusal as the object that --json prints."""
    message = f"{_sentence(refusal)} {refusal.advice}"
    none = {"stage": stage.name, "passed": False, "seconds": 0.0, "steps": []}
    return {**none, "message": message}


def _sentence(refusal: Refusal) -> str:
    """Say which file cannot be used, and why."""
    return f"{refusal.file} {refusal.cause}" + "." * (not refusal.cause.endswith("?"))
