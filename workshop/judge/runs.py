"""Run a learner's tests on various programs, and return each test's result, whatever the others do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from workshop.course import Stage
from workshop.course.solutions import Overlay
from workshop.judge.pace import Pace
from workshop.runner.pool import Pool
from workshop.runner.result import Result, TestResult, Trouble
from workshop.runner.worker import Case

AGAIN = 5
"""How often a test is run again, alone, to see whether its result is always the same."""
SHARE = 0.1
"""The least time, in seconds, that tests take together if they are shared out among cores."""


class Runs:
    """The runs of one judging. ``watch`` is called with the next activity; ``placed`` says that the stage's tests are built
    for several places, so that one name is one test.
    """

    def __init__(self, stage: Stage, pool: Pool, pace: Pace, watch: Callable[[str], None]) -> None:
        self.stage, self.pool, self.pace, self.watch = stage, pool, pace, watch
        self.placed = stage.placed

    def shared(
        self, tests: Sequence[str], name: str, code: Overlay, quick: bool = False
    ) -> list[Case]:
        """Make a case for each core, each with its share of the tests, or fewer if the tests take little time.

        Args:
            quick: Use the limits for programs with a bug.
        """
        seconds = sum(map(self.pace.quickest, tests))
        count = min(self.pool.count, 1 + int(seconds / SHARE))
        shares = [tests[n::count] for n in range(count)]
        limits = self.pace.limits(tests) if quick else {}
        return [Case(name, code, tuple(one), stop=False, limits=limits) for one in shares if one]

    def whole(self, case: Case, result: Result) -> dict[str, TestResult]:
        """Return the result of each test of a case. If one ends the run early, the rest run again without it."""
        said: dict[str, TestResult] = {}
        left = list(case.targets)
        while True:
            known = {test.target: test for test in result.tests if test.target in left}
            broke = result.trouble.test if result.trouble else None
            if broke in left and broke not in known:
                known[broke] = TestResult(broke, "failed", result.seconds)
            said |= known
            left = [test for test in left if test not in known]
            if not (left and known):
                return said | {test: TestResult(test, "failed", 0.0) for test in left}
            result = next(self.pool.run([replace(case, targets=tuple(left))]))[1]

    def find_flaky(
        self, suspects: Mapping[str, TestResult], code: Overlay, tests: Iterable[str]
    ) -> dict[str, Trouble]:
        """Return which tests, each run alone again on the same code, do not always have the same result."""
        cases = [Case(test, code, (test,)) for test in suspects for _ in range(AGAIN)]
        results = {test: [said] for test, said in suspects.items()}
        for case, result in self.pool.run(cases):
            failed = TestResult(case.name, "failed", result.seconds)
            results[case.name].append(next(iter(result.tests), failed))
        racing: dict[str, Trouble] = {}
        for said in results.values():
            if len({one.status for one in said}) > 1:
                racing |= self.racing(said, tests)
        return racing

    def racing(self, said: Sequence[TestResult], tests: Iterable[str]) -> dict[str, Trouble]:
        """Return the trouble of a test whose result varies; if tests are placed, for the same test in other places too."""
        name = said[0].target
        frames = next((one.problems[0].frames for one in said if one.problems), ())
        same = [one for one in tests if self.placed and method(one) == method(name)]
        return {one: Trouble("races", one, frames) for one in (name, *same)}


def method(test: str) -> str:
    """Return a test's own name, without its class."""
    return test.rpartition(".")[2]
