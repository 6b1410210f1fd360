"""The results of a stage's tests, step by step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from workshop.course import Stage, Step
from workshop.runner.result import Result, TestResult


@dataclass(frozen=True)
class StepResult:
    """One step's tests. ``status`` is "passes", "fails" (also if one of its tests never ended) or "not run"; ``step`` is
    None for the learner's own tests; ``tests`` are those that ended.
    """

    step: Step | None
    status: str
    tests: tuple[TestResult, ...]

    @property
    def seconds(self) -> float:
        """The seconds that its tests took."""
        return sum(test.seconds for test in self.tests)

    @property
    def count(self) -> int:
        """The number of its tests, whether they ran or not."""
        return max(len(self.tests), len(self.step.tests) if self.step else 0)

    @property
    def unloaded(self) -> bool:
        """Whether its tests could not be loaded: then trial reports one error, under the name of the class."""
        name = self.step.cls if self.step else ""
        return any(test.target.rpartition(".")[2] == name for test in self.failed)

    @property
    def failed(self) -> list[TestResult]:
        """Its failed tests, in the order in which they are written: the simplest comes first."""
        names = [test.name for test in self.step.tests] if self.step else []

        def written(test: TestResult) -> int:
            name = test.target.rpartition(".")[2]
            return names.index(name) if name in names else len(names)

        return sorted((test for test in self.tests if test.status == "failed"), key=written)


@dataclass(frozen=True)
class Verdict:
    """A run of a stage, step by step, in working order."""

    stage: Stage
    steps: tuple[StepResult, ...]
    result: Result

    @property
    def passed(self) -> bool:
        """Whether every requested test ran and passed, and nothing else went wrong."""
        return self.result.passed and all(step.status == "passes" for step in self.steps)

    @property
    def first_failure(self) -> StepResult | None:
        """The first step that does not pass."""
        return next((step for step in self.steps if step.status == "fails"), None)

    @property
    def broken_off(self) -> tuple[Step | None, str] | None:
        """The step and the test of the run's trouble; if too much was printed but all tests ended, the first that failed."""
        trouble, first = self.result.trouble, self.first_failure
        if trouble and trouble.test:
            name = f"{trouble.test}."
            steps = (s.step for s in self.steps if s.step)
            here = (s for s in steps if name.startswith(f"{s.target(self.stage.name)}."))
            return next(here, None), trouble.test
        if trouble and trouble.kind in ("output", "recursion") and first:
            return first.step, first.failed[0].target
        return None

    @property
    def done(self) -> int:
        """The number of steps that pass, without those that only check the machine."""
        return sum(
            s.status == "passes" for s in self.steps if s.step is not None and not s.step.given
        )

    @property
    def total(self) -> int:
        """The number of steps in the stage, without those that only check the machine."""
        return sum(not step.given for step in self.stage.steps)

    @property
    def to_do(self) -> tuple[Step, ...]:
        """The steps that do not pass, in order."""
        steps = [one.step for one in self.steps if one.step and one.status != "passes"]
        return tuple(step for step in steps if not step.given)


def targets(stage: Stage, steps: Iterable[Step] | None = None) -> list[str]:
    """Return what trial is to run: these steps; or all, and after them the learner's own test modules."""
    if steps is not None:
        return [step.target(stage.name) for step in steps]
    own = [f"{stage.target}.{name[:-3]}" for name in stage.edit if name.startswith("test_")]
    return [step.target(stage.name) for step in stage.steps] + own


def by_step(stage: Stage, result: Result, asked: Iterable[Step] | None = None) -> Verdict:
    """Sort a result's tests by the steps that they belong to."""
    steps = list(stage.steps if asked is None else asked)
    rest = list(result.tests)
    broken = f"{result.trouble.test}." if result.trouble else ""
    sorted_steps = []
    for step in steps:
        target = step.target(stage.name)
        found = [test for test in rest if f"{test.target}.".startswith(f"{target}.")]
        rest = [test for test in rest if test not in found]
        # Tests that are marked to be skipped on this system, or find that out, are left out by right; but code that skips
        # each of them proves nothing.
        all_skip = all(map(_skipped, found))
        mine = [replace(test, status="failed") if all_skip else test for test in found]
        ended = not broken.startswith(f"{target}.")
        status = _status(mine, len(step.tests)) if ended else "fails"
        sorted_steps.append(StepResult(step, status, tuple(mine)))
    if rest:
        sorted_steps.append(StepResult(None, _status(rest, 1), tuple(rest)))
    return Verdict(stage, tuple(sorted_steps), result)


def _skipped(test: TestResult) -> bool:
    """Return whether a test was skipped by an exception, not by its own mark."""
    return test.status == "skipped" and any(p.exception == "SkipTest" for p in test.problems)


def _status(tests: list[TestResult], expected: int) -> str:
    if any(test.status == "failed" for test in tests):
        return "fails"
    return "passes" if tests and len(tests) >= expected else "not run"
