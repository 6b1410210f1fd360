"""What a learner's tests do to their process and to each other: each is run alone, and then all together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from workshop.judge.runs import AGAIN, Runs, method
from workshop.runner.result import TestResult, Trouble
from workshop.runner.worker import Case


def run_alone(runs: Runs, tests: Sequence[str]) -> tuple[list[TestResult], dict[str, Trouble], str]:
    """Run each test in a separate process.

    If tests are built for several places, a method is the same test in each of them. It runs alone in one place and, for all
    the others together, in one process. If a result there differs, or anything is left behind, it runs alone there as well.

    Returns:
        Each test's result, in this order; the troubles, by test; and the first output, if any.
    """
    runs.watch(f"running {len(tests)} tests, each alone")
    found: dict[str, TestResult] = {}
    unruly: dict[str, Trouble] = {}
    printed: list[str] = []

    def one_by_one(some: Iterable[str]) -> None:
        for case, result in runs.pool.run([Case(t, {}, (t,), traces=True) for t in some]):
            printed.append(result.output)
            test = next(iter(result.tests), TestResult(case.name, "failed", result.seconds))
            found[case.name] = replace(test, target=case.name)
            if result.trouble:
                unruly[case.name] = replace(result.trouble, test=case.name)

    if runs.stage.placed:
        firsts = {method(test): test for test in reversed(tests)}
        one_by_one(firsts.values())
        places: dict[str, tuple[str, ...]] = {}
        for test in tests:
            first = firsts[method(test)]
            if test != first and first not in unruly:
                places[method(test)] = (*places.get(method(test), ()), test)
        cases = [Case(name, {}, some, stop=False, traces=True) for name, some in places.items()]
        for case, result in runs.pool.run(cases):
            expected = (found[firsts[case.name]].status, "skipped")
            for one in () if result.trouble else result.tests:
                if one.target in case.targets and one.status in expected:
                    found[one.target] = one
    one_by_one([test for test in tests if test not in found])
    own = [found[test] for test in tests]
    runs.pace.note(own)
    return own, unruly, next(filter(None, printed), "")


def run_together(runs: Runs, alone: Sequence[TestResult]) -> dict[str, Trouble]:
    """Return the tests whose results change, or that change others' results, when all run together.

    Args:
        alone: Each test's result alone.
    """
    runs.watch("running them together")
    results = {one.target: one for one in alone}
    status = {one.target: one.status for one in alone}
    tests = tuple(results)
    orders = {"in order": tests, "reversed": tests[::-1]}
    cases = [Case(name, {}, order, stop=False) for name, order in orders.items()]

    def run() -> dict[tuple[str, str], TestResult]:
        return {(case.name, test.target): test for case, test in runs.each(cases)}

    together = run()
    runs.pace.note(together.values())
    # For each test whose result changes, the tests before it.
    changed = {
        test: order[: order.index(test)]
        for name, order in orders.items()
        for test in order
        if together[name, test].status != status[test]
    }
    if not changed:
        return {}
    if forgetful := find_forgetful(runs, status):
        # They are to blame for others' results, so the others are judged without them.
        return forgetful | run_together(runs, [r for t, r in results.items() if t not in forgetful])
    # If tests are built for several places, one of them represents all.
    firsts: dict[str, str] = {}
    for test in sorted(changed, key=lambda test: len(changed[test])):
        firsts.setdefault(method(test), test)
    ran = [test for test in tests if status[test] != "skipped"]
    unruly = runs.find_flaky([results[test] for test in firsts.values()], {}, ran)
    # A result that changes with nothing changed, not even the order, does not depend on the order.
    again = run()
    for name in orders:
        for test in firsts.values():
            before, after = together[name, test], again[name, test]
            if test not in unruly and before.status != after.status:
                unruly |= runs.flaky([before, after], ran)
    changed = {test: before for test, before in changed.items() if test not in unruly}
    suspects = [test for test in firsts.values() if test in changed]
    pairs = [Case(t, {}, (other, t), stop=False) for t in suspects for other in changed[t]]
    disturbers: dict[str, list[str]] = {test: [] for test in suspects}
    for case, result in runs.pool.run(pairs):
        other, test = case.targets
        after_it = next((one.status for one in result.tests if one.target == test), "failed")
        if after_it != status[test]:
            disturbers[test].append(other)
    for test, others in disturbers.items():
        same = [one for one in changed if method(one) == method(test)]
        if status[test] == "failed" and others:
            unruly |= {one: Trouble("needs", one, what=tuple(others[:1])) for one in same}
        elif len(others) > max(1, len(changed[test]) / 2) or not others:
            unruly |= {one: Trouble("alone", one, what=tuple(others)) for one in same}
        else:
            names = {method(other) for other in others}
            built = [one for one in tests if method(one) in names]
            for other in built if len(same) > 1 else others:
                known = unruly.get(other, Trouble("disturbs", other)).what
                unruly[other] = Trouble("disturbs", other, what=(*known, test))
    return unruly


def find_forgetful(runs: Runs, status: dict[str, str]) -> dict[str, Trouble]:
    """Return the tests that leave a failed Deferred that nothing handles.

    Python collects it some time later, and the error is then logged in another test. Here it is collected at once.
    """
    passing = tuple(test for test in status if status[test] == "passed")
    case = Case("forgetting", {}, passing, stop=False, collect=True)
    suspects = [test.target for _, test in runs.each([case]) if test.status == "failed"]
    # More than once: a test with varying results has failed for its own reason.
    alone = [Case(test, {}, (test,), collect=True) for test in suspects for _ in range(AGAIN)]
    forgetful: dict[str, Trouble] = {}
    varying = set()
    for case, result in runs.pool.run(alone):
        problems = [problem for test in result.tests for problem in test.problems]
        if problems:
            left = problems[-1]
            what = f"{left.exception}: {left.message}"
            forgetful[case.name] = Trouble("forgets", case.name, left.frames, what=(what,))
        else:
            varying.add(case.name)
    return {test: trouble for test, trouble in forgetful.items() if test not in varying}
