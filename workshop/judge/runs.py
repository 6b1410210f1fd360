"""Runs of a learner's tests on various programs: each test's result, whatever the others do, and how long tests take."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from workshop.course import Stage
from workshop.course.solutions import Overlay
from workshop.runner.pool import Pool
from workshop.runner.result import Result, TestResult, Trouble
from workshop.runner.worker import Case

AGAIN = 5
"""How often a test is run again, alone, to see whether its result is always the same."""
SHARE = 0.1
"""The least time, in seconds, that tests take together if they are shared out among cores."""
BUG_LIMIT = 3.0
"""The least limit, in seconds, for a test on a program with a known bug."""
PART = 5
"""A test that runs out of time has noticed something only if right answers took at most this part (1/PART) of the time."""
PATIENCE = 0.1
"""The least limit, in seconds, if only a note depends on it."""
SLOW = 1.0
"""Seconds from which a test is reported as slow, and runs only on programs that no quicker test catches."""


class Pace:
    """The times of each test on the learner's own code and on right answers; ``limit`` is the most that any may take."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._seen: dict[str, list[float]] = {}

    def note(self, results: Iterable[TestResult]) -> None:
        """Record how long tests took on a program without a known bug."""
        for one in results:
            self._seen.setdefault(one.target, []).append(one.seconds)

    def quickest(self, test: str) -> float:
        """Return a test's least time: what it needs, whatever else the machine does."""
        return min(self._seen.get(test, [0.0]))

    def _enough(self, test: str) -> float:
        """Return a time that the test would seldom exceed on a right answer."""
        return PART * max(self._seen.get(test, [0.0]))

    def limits(self, tests: Iterable[str]) -> dict[str, float]:
        """Return each test's limit, in seconds, on a program with a known bug."""
        return {test: min(max(BUG_LIMIT, self._enough(test)), self._limit) for test in tests}

    def patience(self, tests: Iterable[str]) -> dict[str, float]:
        """Return each test's limit, in seconds, if no verdict depends on it."""
        return {test: max(PATIENCE, self._enough(test)) for test in tests}

    def notices(self, test: str) -> bool:
        """Return whether running out of time would show something about the program, and not about the test."""
        return self._enough(test) <= self.limits([test])[test]

    def is_slow(self, test: str) -> bool:
        """Return whether a test always takes long."""
        return self.quickest(test) >= SLOW


class Runs:
    """The runs of one judging. ``watch`` is called with the next activity."""

    def __init__(self, stage: Stage, pool: Pool, pace: Pace, watch: Callable[[str], None]) -> None:
        self.stage, self.pool, self.pace, self.watch = stage, pool, pace, watch

    def load(self, modules: tuple[str, ...], overlay: Overlay) -> Result:
        """Load modules with these files laid over the stage; the result has the names of their tests."""
        return next(self.pool.run([Case("load", overlay, modules, load=True)]))[1]

    def each(self, cases: Iterable[Case]) -> Iterator[tuple[Case, TestResult]]:
        """Run the cases, and yield the result of each of their tests. If one ends a run early, the rest run again."""
        for case, result in self.pool.run(cases):
            left = case.targets
            while left:
                known = {test.target: test for test in result.tests if test.target in left}
                broke = result.trouble.test if result.trouble else ""
                if broke in left and broke not in known:
                    known[broke] = TestResult(broke, "failed", result.seconds)
                if not known:
                    known = {test: TestResult(test, "failed", 0.0) for test in left}
                yield from ((case, test) for test in known.values())
                left = tuple(test for test in left if test not in known)
                if left:
                    result = next(self.pool.run([replace(case, targets=left)]))[1]

    def shared(
        self, tests: Sequence[str], name: str, code: Overlay, quick: bool = False
    ) -> list[Case]:
        """Make a case for each core, each with its share of the tests, or fewer if the tests take little time.

        Args:
            quick: Use the limits for programs with a bug.
        """
        seconds = sum(map(self.pace.quickest, tests))
        count = min(self.pool.count, 1 + int(seconds / SHARE))
        shares = [tuple(tests[n::count]) for n in range(count)]
        limits = self.pace.limits(tests) if quick else {}
        return [Case(name, code, share, stop=False, limits=limits) for share in shares if share]

    def find_flaky(
        self, suspects: Iterable[TestResult], code: Overlay, tests: Iterable[str]
    ) -> dict[str, Trouble]:
        """Return which tests, each run alone again on the same code, do not always have the same result."""
        results = {one.target: [one] for one in suspects}
        cases = [Case(test, code, (test,)) for test in results for _ in range(AGAIN)]
        for case, test in self.each(cases):
            results[case.name].append(test)
        flaky: dict[str, Trouble] = {}
        for runs in results.values():
            if len({one.status for one in runs}) > 1:
                flaky |= self.flaky(runs, tests)
        return flaky

    def flaky(self, runs: Sequence[TestResult], tests: Iterable[str]) -> dict[str, Trouble]:
        """Return the trouble of a test whose result varies, and of the same test in other places."""
        name = runs[0].target
        frames = next((one.problems[0].frames for one in runs if one.problems), ())
        same = [test for test in tests if self.stage.placed and method(test) == method(name)]
        return {test: Trouble("races", test, frames) for test in (name, *same)}


def method(test: str) -> str:
    """Return a test's own name, without its class. If tests are built for several places, it is the same in each of them."""
    return test.rpartition(".")[2]
