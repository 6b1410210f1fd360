"""Runs a learner's tests on one program or another, and says what each test says, whatever the others do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from workshop.course import Stage
from workshop.course.solutions import Overlay
from workshop.judge.pace import Pace
from workshop.runner.pool import Case, Pool
from workshop.runner.result import Result, TestResult, Trouble

AGAIN = 5
"""How often a test is run again, alone, to see whether it says the same each time."""
SHARE = 0.1
"""Seconds that tests take together, at the least, where they are shared out."""


class Runs:
    """The runs of one judging. ``watch`` is called with what is done next; ``placed``: the stage's tests are built for
    several places, so that one name is one test."""

    def __init__(self, stage: Stage, pool: Pool, pace: Pace, watch: Callable[[str], None]) -> None:
        self.stage, self.pool, self.pace, self.watch = stage, pool, pace, watch
        self.placed = any(mutant.on for mutant in stage.mutants)

    def shared(
        self, tests: Sequence[str], name: str, code: Overlay, quick: bool = False
    ) -> list[Case]:
        """A case for each core, each with its share of the tests; fewer where the tests take little time. quick: with the
        limits for programs with a bug."""
        seconds = sum(map(self.pace.quickest, tests))
        count = min(self.pool.count, 1 + int(seconds / SHARE))
        shares = [tests[n::count] for n in range(count)]
        limits = self.pace.limits(tests) if quick else {}
        return [Case(name, code, tuple(one), stop=False, limits=limits) for one in shares if one]

    def whole(self, case: Case, result: Result) -> dict[str, TestResult]:
        """What each test of a case says, though one of them may break the run off: the rest is run again without it."""
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
        """Which of these tests say now what they have said already, and now something else, each alone, on the same code."""
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
        """What to tell of a test that says now this and now that; and where tests are built for several places, of the same
        test in the others."""
        name = said[0].target
        frames = next((one.problems[0].frames for one in said if one.problems), ())
        same = [one for one in tests if self.placed and method(one) == method(name)]
        return {one: Trouble("races", one, frames) for one in (name, *same)}


def method(test: str) -> str:
    """A test's own name, without its class."""
    return test.rpartition(".")[2]
