"""The last result, in .workshop/last.json: the stage, what passes in it, and since when. It has no code and no messages."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workshop.course import Course, Stage
from workshop.course.files import write
from workshop.judge.steps import Verdict

if TYPE_CHECKING:
    from workshop.judge.verdict import Judged


@dataclass(frozen=True)
class Last:
    """What is known of the stage that was run last. Steps are named by their numbers, and so are kinds of mistake.

    Attributes:
        passes: The steps that passed when they were run last.
        reached: The steps that have passed at any time.
        at: The first step that is left to do; None if there is none.
        since: When a step last passed for the first time; or when the stage was first run, or broken after it had passed.
        green: Whether the last run passed.
    """

    stage: str
    passes: tuple[int, ...]
    reached: tuple[int, ...]
    at: int | None
    since: float
    green: bool


def after(last: Last | None, stage: Stage, verdict: Judged, now: float) -> Last:
    """Return what is known after one more run, of the whole stage or of a part."""
    before = last if last and last.stage == stage.name else None
    passed, failed = _outcome(verdict)
    passes = ({*before.passes} if before else set()) - failed | passed
    reached = {*before.reached} if before else set()
    left = [one.number for one in stage.topics if one.number not in passes]
    # A check of the machine is not a step to do, unless it fails.
    given = {one.number for one in stage.steps if one.given}
    at = next((n for n in left if n in failed or n not in given), None)
    broken = before is not None and before.at is None and at is not None
    since = now if before is None or broken or passes - reached else before.since
    return Last(
        stage.name,
        tuple(sorted(passes)),
        tuple(sorted(reached | passes)),
        at,
        since,
        verdict.passed,
    )


def _outcome(verdict: Judged) -> tuple[set[int], set[int]]:
    """Return the steps that passed and that failed; the others were not run."""
    if isinstance(verdict, Verdict):
        passed, failed = (
            {one.step.number for one in verdict.steps if one.step and one.status == status}
            for status in ("passes", "fails")
        )
        return passed, failed
    kinds = {kind.number for kind in verdict.stage.kinds}
    failed = kinds if not verdict.own else {kind.number for kind in verdict.survived}
    return kinds - failed, failed


def count(last: Last, stage: Stage) -> tuple[int, int]:
    """Return how many of the stage's steps pass, and how many it has, without those that only check the machine."""
    given = {one.number for one in stage.steps if one.given}
    steps = {one.number for one in stage.topics} - given
    return len(steps & {*last.passes}), len(steps)


def _path(course: Course) -> Path:
    return course.root / ".workshop" / "last.json"


def recall(course: Course) -> Last | None:
    """Return the last result; None if there is none, or the file is damaged or is about a stage that has gone."""
    try:
        data = json.loads(_path(course).read_text("utf-8"))
        for name in ("passes", "reached"):
            data[name] = tuple(int(n) for n in data[name])
        last = Last(**data)
        known = last.stage in {stage.name for stage in course.stages}
        numbers = isinstance(last.since, float) and isinstance(last.at, int | None)
        return last if known and numbers and isinstance(last.green, bool) else None
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None


def keep(course: Course, last: Last) -> None:
    """Keep the result, if that is possible."""
    with contextlib.suppress(OSError):
        write(_path(course), json.dumps(asdict(last), indent=1).encode())


def forget(course: Course, stage: Stage) -> None:
    """Forget the stage, since its files were replaced: what passes next is progress."""
    last = recall(course)
    if last and last.stage == stage.name:
        with contextlib.suppress(OSError):
            _path(course).unlink(missing_ok=True)
