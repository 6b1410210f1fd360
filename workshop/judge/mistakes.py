"""Run a learner's tests on programs with a known bug: which bugs they catch, and which tests no bug makes fail.

A bug counts as caught if a test fails on it twice: again in the same process or, if it passes there, in a new process after
the same tests as before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from workshop.course import Mutant
from workshop.course.solutions import Overlay, with_bug
from workshop.judge.runs import Runs, method
from workshop.runner.result import Result
from workshop.runner.worker import Case

BUDGET = 120.0
"""Seconds that slow tests may take in all on programs with a known bug. Tests for which no time is left are not run."""
Thing = TypeVar("Thing")


@dataclass
class Catches:
    """The outcome.

    Attributes:
        caught: The names of the mutants that are caught.
        failed: The tests that failed on a mutant twice.
        wavering: The tests that failed on one, and then passed.
        passed: The tests that passed, by the mutant's name.
        unrun: The tests for which no time was left.
    """

    caught: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    wavering: set[str] = field(default_factory=set)
    passed: dict[str, set[str]] = field(default_factory=dict)
    unrun: list[str] = field(default_factory=list)


def catch(
    runs: Runs, tests: Sequence[str], mutants: Sequence[Mutant], reference: Overlay
) -> Catches:
    """Run the tests, quick ones first, on each mutant that they meet, up to the first that catches it."""
    found = Catches()
    quick = [test for test in tests if not runs.pace.is_slow(test)]
    slow = [test for test in tests if runs.pace.is_slow(test)]
    runs.watch(f"running them on {len(mutants)} programs with a known bug")
    _catch(runs, quick, mutants, reference, found)
    left = [mutant for mutant in mutants if mutant.name not in found.caught]
    if slow and left:
        room = BUDGET * runs.pool.count / len(left)
        run: list[str] = []
        for test in slow:
            room -= runs.pace.quickest(test)
            (run if room >= 0 or not run else found.unrun).append(test)
        _catch(runs, run, left, reference, found)
    return found


def _catch(
    runs: Runs,
    tests: Sequence[str],
    mutants: Sequence[Mutant],
    reference: Overlay,
    found: Catches,
) -> None:
    code = {mutant.name: with_bug(reference, mutant) for mutant in mutants}
    limits = runs.pace.limits(tests)
    left = {m.name: [test for test in tests if m.meets(test)] for m in mutants}
    while any(left.values()):
        cases = [
            Case(name, code[name], tuple(targets), limits=limits, again=True)
            for name, targets in left.items()
            if targets
        ]
        doubts: dict[str, tuple[str, Result]] = {}
        for case, result in runs.pool.run(cases):
            passed = {test.target for test in result.tests if test.status != "failed"}
            found.passed.setdefault(case.name, set()).update(passed)
            if result.passed or not (result.tests or result.trouble):
                continue
            test = next((t.target for t in result.tests if t.status == "failed"), "")
            again = [one.target for one in result.again if one.status == "failed"]
            broke = result.trouble.test if result.trouble else ""
            if again or (test and broke == test):
                # A test that is interrupted the second time has failed then too.
                found.caught.add(case.name)
                found.failed.add(again[0] if again else test)
            else:
                doubts[case.name] = (test or broke, result)
        left = _confirm(runs, doubts, left, code, found)


def _confirm(
    runs: Runs,
    doubts: Mapping[str, tuple[str, Result]],
    left: Mapping[str, list[str]],
    code: Mapping[str, Overlay],
    found: Catches,
) -> dict[str, list[str]]:
    """Check whether failed tests fail again after the same tests.

    Returns:
        For each mutant that is not caught, the tests that may still catch it.
    """
    rest: dict[str, list[str]] = {}
    cases = []
    for name, (test, result) in doubts.items():
        late = result.trouble is not None and result.trouble.kind == "silent"
        if test in left[name]:
            rest[name] = [one for one in left[name] if one != test]
        if late and not (test and runs.pace.notices(test)):
            continue
        before = left[name][: left[name].index(test) + 1] if test in left[name] else left[name]
        # Allow twice the time: on a busy machine, a test that is late once is seldom so late again.
        limits = {one: 2 * most for one, most in runs.pace.limits(before).items()}
        cases.append(Case(name, code[name], tuple(before), limits=limits, collect=True))
    for case, result in runs.pool.run(cases):
        test, _ = doubts[case.name]
        failed = {one.target for one in result.tests if one.status == "failed"}
        if test in failed or (result.trouble and result.trouble.test == test):
            found.caught.add(case.name)
            found.failed |= {test} if test else set()
            rest.pop(case.name, None)
        elif test:
            found.wavering.add(test)
    return rest


def idle(
    runs: Runs,
    tests: Iterable[str],
    mutants: Iterable[Mutant],
    reference: Overlay,
    found: Catches,
) -> set[str]:
    """Return the tests that no mutant makes fail.

    Tests that have failed on none so far run on all caught mutants, until each has failed. A test that is built for several
    places need fail in only one of them.
    """

    def without(tests: Iterable[str], failed: set[str]) -> list[str]:
        names = {method(test) for test in failed} if runs.stage.placed else set()
        return [test for test in tests if test not in failed and method(test) not in names]

    left = without((test for test in tests if not runs.pace.is_slow(test)), found.failed)
    order = in_turn((m for m in mutants if m.name in found.caught), lambda mutant: mutant.step)
    if left:
        runs.watch("looking for tests that no mistake makes fail")
    # A few mutants at a time: the next ones run only with the tests that are still left.
    step = 2 * runs.pool.count
    for n in range(0, len(order), step):
        cases = []
        for mutant in order[n : n + step]:
            passed = found.passed.get(mutant.name, set())
            targets = tuple(t for t in left if mutant.meets(t) and t not in passed)
            code, limits = with_bug(reference, mutant), runs.pace.patience(targets)
            cases.append(Case(mutant.name, code, targets, stop=False, limits=limits))
        results = runs.each(case for case in cases if case.targets)
        left = without(left, {test.target for _, test in results if test.status == "failed"})
    return set(left)


def in_turn(things: Iterable[Thing], kind: Callable[[Thing], object]) -> list[Thing]:
    """Reorder: the first of each kind, then the second of each kind, and so on."""
    seen: Counter[object] = Counter()
    rounds = []
    for thing in things:
        rounds.append((seen[kind(thing)], thing))
        seen[kind(thing)] += 1
    return [thing for _, thing in sorted(rounds, key=lambda one: one[0])]
