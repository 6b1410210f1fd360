"""Run each of a learner's tests in a process of its own: its result there, and what it does to its process.

If tests are built for several places, a method is the same test in each of them. It runs alone in one place and, for all
the others together, in one process of its own. If a result there differs, or it leaves anything behind, it runs alone there
as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from workshop.judge.runs import Runs, method
from workshop.runner.result import TestResult, Trouble
from workshop.runner.worker import Case


def alone(runs: Runs, tests: Sequence[str]) -> tuple[list[TestResult], dict[str, Trouble], str]:
    """Return each test's result alone, in this order; the troubles, by test; and the first output, if any."""
    runs.watch(f"running {len(tests)} tests, each alone")
    said: dict[str, TestResult] = {}
    unruly: dict[str, Trouble] = {}
    printed: list[str] = []

    def one_by_one(some: Iterable[str]) -> None:
        for case, result in runs.pool.run([Case(t, {}, (t,), traces=True) for t in some]):
            printed.append(result.output)
            test = next(iter(result.tests), TestResult(case.name, "failed", result.seconds))
            said[case.name] = replace(test, target=case.name)
            if result.trouble:
                unruly[case.name] = replace(result.trouble, test=case.name)

    if runs.placed:
        firsts = {method(test): test for test in reversed(tests)}
        one_by_one(firsts.values())
        rest = [test for test in tests if test not in said and firsts[method(test)] not in unruly]
        for test, one in _elsewhere(runs, rest):
            if one.status in (said[firsts[method(test)]].status, "skipped"):
                said[test] = one
    one_by_one([test for test in tests if test not in said])
    own = [said[test] for test in tests]
    for one in own:
        runs.pace.note(one.target, one.seconds)
    return own, unruly, next(filter(None, printed), "")


def _elsewhere(runs: Runs, tests: Iterable[str]) -> Iterator[tuple[str, TestResult]]:
    """Yield each method's results in these places, run one after another, if all of them ended and left nothing behind."""
    places: dict[str, list[str]] = {}
    for test in tests:
        places.setdefault(method(test), []).append(test)
    cases = [Case(name, {}, tuple(some), stop=False, traces=True) for name, some in places.items()]
    for case, result in runs.pool.run(cases):
        if not result.trouble:
            yield from ((one.target, one) for one in result.tests if one.target in case.targets)
