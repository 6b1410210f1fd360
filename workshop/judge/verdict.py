"""One question for both kinds of stage: what is its verdict? By steps, or by the learner's own suite."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TypeAlias

from workshop.course import Course, Kind, Stage, Step
from workshop.course.files import Refusal, inspect, remember
from workshop.judge.findings import Assessment
from workshop.judge.steps import Verdict, by_step, targets
from workshop.judge.suite import assess
from workshop.runner.result import TestResult
from workshop.runner.worker import LIMIT, Case, Worker, imports_of

Judged: TypeAlias = Verdict | Assessment
"""The verdict of a run. Both kinds have ``stage``, ``passed``, ``done``, ``total`` and ``to_do``."""


@dataclass(frozen=True)
class Unjudged:
    """A stage that cannot be judged as it is.

    ``refusal`` is the reason; None means that the learner writes its tests, and this copy of the course has no solutions.
    """

    stage: Stage
    refusal: Refusal | None

    passed = False
    to_do: tuple[Step | Kind, ...] = ()


def refused(course: Course, stage: Stage) -> Unjudged | None:
    """Return why the stage cannot be judged; None if it can."""
    try:
        inspect(course, stage)
    except Refusal as refusal:
        return Unjudged(stage, refusal)
    return Unjudged(stage, None) if stage.judged and not stage.answers.is_dir() else None


def judge(
    stage: Stage,
    *,
    limit: float = LIMIT,
    reactor: str | None = None,
    worker: Worker | None = None,
    steps: list[Step] | None = None,
    kinds: Sequence[int] = (),
    stop: bool = True,
    test_ended: Callable[[TestResult], None] = lambda test: None,
    part_began: Callable[[str], None] = lambda what: None,
) -> Judged:
    """Run the stage's tests, with the learner's files as they are.

    Args:
        limit: Seconds that one test may take.
        reactor: A reactor's name, as trial's --reactor; None for the platform's own.
        worker: In a stage of steps, a child that is ready; without it, one is started.
        steps: In a stage of steps, the steps to run; None for all.
        kinds: If the learner writes the stage's tests, the numbers of the kinds to judge them by; empty for all.
        stop: In a stage of steps, end after the first test that fails.
        test_ended: In a stage of steps, called with each test's result as it comes.
        part_began: If the learner writes the stage's tests, called with the next activity, in a few words.
    """
    if stage.judged:
        return assess(stage, kinds=kinds, reactor=reactor, limit=limit, watch=part_began)
    case = Case(stage.name, {}, tuple(targets(stage, steps)), stop)
    with nullcontext(worker) if worker else Worker(imports_of(stage), limit) as ready:
        result = ready.run(stage, case, reactor=reactor, watch=test_ended)
    return by_step(stage, result, steps)


def remember_passed(verdict: Judged) -> None:
    """Remember which steps passed, once the verdict was shown."""
    if isinstance(verdict, Verdict):
        passed, failed = (
            [one.step for one in verdict.steps if one.step and one.status == status]
            for status in ("passes", "fails")
        )
        remember(verdict.stage, passed, failed)
