"""Find what tests do to each other when they run together: whose results change, and which other tests are to blame."""

from __future__ import annotations

from collections.abc import Iterable

from workshop.judge.runs import AGAIN, Runs, method
from workshop.runner.result import TestResult, Trouble
from workshop.runner.worker import Case


def disturbed(runs: Runs, tests: list[str], own: Iterable[TestResult]) -> dict[str, Trouble]:
    """Return the tests whose results change, or that change others' results, when all run together.

    Args:
        own: Each test's result alone.
    """
    runs.watch("running them together")
    said_alone = {test.target: test for test in own}
    status = {name: test.status for name, test in said_alone.items()}
    unruly: dict[str, Trouble] = {}
    orders = [tests, tests[::-1]]
    cases = [Case("together", {}, tuple(order), stop=False) for order in orders]
    found = [runs.whole(case, result) for case, result in runs.pool.run(cases)]
    for said in found:
        for name, one in said.items():
            runs.pace.note(name, one.seconds)
    changed = {
        test: order[: order.index(test)]
        for order, said in zip(orders, found, strict=True)
        for test in order
        if said[test].status != status[test]
    }
    if changed and (unruly := that_forget(runs, tests, status)):
        # They are to blame for others' results, so the others are judged without them.
        rest = [test for test in tests if test not in unruly]
        return unruly | disturbed(runs, rest, said_alone.values())
    # If classes are built for several places, a test is in each of them. One of them represents all.
    firsts: dict[str, str] = {}
    for test in sorted(changed, key=lambda test: len(changed[test])):
        firsts.setdefault(method(test), test)
    run = [test for test in tests if status[test] != "skipped"]
    unruly |= runs.find_flaky({test: said_alone[test] for test in firsts.values()}, {}, run)
    # A result that changes with nothing changed, not even the order, does not depend on the order.
    more = runs.pool.run(cases if firsts else ())
    for before, after in zip(found, [runs.whole(*one) for one in more], strict=False):
        for test in firsts.values():
            if test not in unruly and before[test].status != after[test].status:
                unruly |= runs.racing([before[test], after[test]], run)
    firsts = {method: test for method, test in firsts.items() if test not in unruly}
    changed = {test: before for test, before in changed.items() if test not in unruly}
    pairs = [
        Case(test, {}, (other, test), stop=False)
        for test in firsts.values()
        for other in changed[test]
    ]
    disturbers: dict[str, list[str]] = {test: [] for test in firsts.values()}
    for case, result in runs.pool.run(pairs):
        other, test = case.targets
        said_now = next((t.status for t in result.tests if t.target == test), "failed")
        if said_now != status[test]:
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


def that_forget(runs: Runs, tests: Iterable[str], status: dict[str, str]) -> dict[str, Trouble]:
    """Return the tests that leave a failed Deferred that nothing handles.

    Python collects it some time later, and the error is then logged in another test. Here it is collected at once.
    """
    passing = [test for test in tests if status[test] == "passed"]
    case = Case("forgetting", {}, tuple(passing), stop=False, collect=True)
    said = runs.whole(case, next(runs.pool.run([case]))[1])
    suspects = [test for test in passing if said[test].status == "failed"]
    # More than once: a test with varying results has failed by itself.
    alone = [Case(test, {}, (test,), collect=True) for test in suspects for _ in range(AGAIN)]
    forgetful: dict[str, Trouble] = {}
    wavering = set()
    for case, result in runs.pool.run(alone):
        problems = [problem for test in result.tests for problem in test.problems]
        if not problems:
            wavering.add(case.name)
        else:
            left = problems[-1]
            forgetful[case.name] = Trouble(
                "forgets", case.name, left.frames, what=(f"{left.exception}: {left.message}",)
            )
    return {test: what for test, what in forgetful.items() if test not in wavering}
