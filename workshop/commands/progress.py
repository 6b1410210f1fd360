"""The learner's progress: verdicts on all stages, remembered if nothing that they depend on has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias

from workshop.commands.group import Tool
from workshop.course import CourseError, Kind, Stage, Step
from workshop.judge.memory import fingerprint, keep, recall
from workshop.judge.steps import by_step, targets
from workshop.judge.verdict import Judged, Unjudged, judge, refused, remember_passed
from workshop.report.console import Console
from workshop.runner.pool import CORES, Pool
from workshop.runner.worker import Case

Seen: TypeAlias = Judged | Unjudged


def known(tool: Tool, stage: Stage) -> Seen | None:
    """Return what is known about a stage without running anything; None if nothing is."""
    if unjudged := refused(tool.course, stage):
        return unjudged
    return None if tool.fresh else recall(tool.course, stage, tool.limit)


def seen(tool: Tool, stage: Stage) -> Seen:
    """Return what is known about a stage, or else the verdict of a run."""
    return known(tool, stage) or next(_judge_all(tool, [stage]))


def all_stages(tool: Tool, progress: Callable[[str], None]) -> list[Seen]:
    """Return the verdict on each stage, in the course's order. Unknown ones are found in parallel."""
    found = {stage.name: known(tool, stage) for stage in tool.course.stages}
    left = {name: tool.course.stage(name) for name, verdict in found.items() if verdict is None}
    _report(progress, list(left))
    for verdict in _judge_all(tool, list(left.values())):
        found[verdict.stage.name] = verdict
        del left[verdict.stage.name]
        _report(progress, list(left))
    return [verdict for verdict in found.values() if verdict is not None]


def _report(progress: Callable[[str], None], left: list[str]) -> None:
    """Report which stages' tests run, or wait to be run."""
    if left:
        more = f" and {len(left) - 1} more" if len(left) > 1 else ""
        progress(f"Running the tests of {left[0]}{more}")


def _judge_all(tool: Tool, stages: list[Stage]) -> Iterator[Judged]:
    """Judge the stages, and remember the verdicts.

    Stages of steps come first, as many at once as there are cores; then those of which each needs all cores.
    """
    keys = fingerprints(tool, stages)
    by_steps = [stage for stage in stages if not stage.judged]
    if by_steps:
        cases = [Case(stage.name, {}, tuple(targets(stage)), stage=stage) for stage in by_steps]
        with Pool(*by_steps, workers=min(len(cases), CORES), limit=tool.limit) as pool:
            for stage, (_, result) in zip(by_steps, pool.run(cases), strict=True):
                yield remembered(tool, by_step(stage, result), keys)
    for stage in stages:
        if stage.judged:
            yield remembered(tool, judge(stage, limit=tool.limit), keys)


def fingerprints(tool: Tool, stages: Iterable[Stage]) -> dict[str, bytes]:
    """Return fingerprints of what verdicts on the stages depend on, by stage name; take them before a run."""
    return {stage.name: fingerprint(tool.course, stage, tool.limit) for stage in stages}


def remembered(tool: Tool, verdict: Judged, keys: Mapping[str, bytes]) -> Judged:
    """Remember the verdict under the fingerprint from before the run, or else only which steps passed; return it."""
    if key := keys.get(verdict.stage.name):
        keep(tool.course, verdict, key, tool.limit)
    remember_passed(verdict)
    return verdict


def stage_to_do(tool: Tool, console: Console, stage: Stage | None) -> Stage:
    """Return the requested stage, or else the first that does not pass, or else the last."""
    if stage:
        return stage
    with console.progress("") as line:
        for stage in tool.course.stages:
            line.update(f"Looking for the first stage to do: {stage.name}")
            verdict = seen(tool, stage)
            if isinstance(verdict, Unjudged) and not verdict.refusal:
                continue
            if not verdict.passed:
                return stage
    return tool.course.stages[-1]


def topic_to_do(tool: Tool, console: Console, stage: Stage) -> Step | Kind:
    """Return the stage's first step, or kind of mistake, that is left to do, or else its last.

    Raises:
        CourseError: It has none.
    """
    with console.progress("Looking for the first one to do"):
        verdict = seen(tool, stage)
    topics: list[Step | Kind] = [*verdict.to_do, *stage.topics[-1:]]
    if not topics:
        stage.need_answers()
        raise CourseError(f"There are no hints for {stage.name}.")
    return topics[0]
