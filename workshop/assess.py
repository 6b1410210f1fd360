"""Judges tests that a learner wrote: each must pass on every right answer, and each program with a known bug must fail one.

A test is run alone first, in a process of its own: so one that hangs, or kills its process, or leaves something behind, is
known by name and left out of the rest, and costs its time once. The others then run together, in both orders; where that
changes what one of them says, the test that disturbs it is looked for. A test that says now this and now that by itself is
known first, and nobody is blamed for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import replace

from workshop.answers import emptied, is_test, right_answers
from workshop.assessment import Assessment, Strict, Unruly, by_kind
from workshop.course import Mutant, Stage
from workshop.judge import Case, Pool
from workshop.layout import Overlay
from workshop.markers import answer, with_bug
from workshop.result import LEFTOVERS, Result, TestResult, Trouble
from workshop.run import LIMIT
from workshop.suite import defined_twice, own_modules, read_list

__all__ = ["Assessment", "Strict", "Unruly", "assess"]

BUG_LIMIT = 3.0
"""Seconds that a test may take on a program with a known bug: one that waits longer has noticed it."""
AGAIN = 5
"""How often a test is run again, alone, to see whether it says the same each time."""


def assess(
    stage: Stage,
    *,
    reactor: str | None = None,
    limit: float = LIMIT,
    watch: Callable[[str], None] = lambda what: None,
) -> Assessment:
    """Judge the learner's tests as they stand.

    Parameters:
        reactor: a reactor's name, as trial's --reactor; None for the platform's own.
        limit: seconds that one test may take on the learner's own code and on the right answers.
        watch: called with what is done next, in a few words.

    Raises:
        CourseError: this copy of the course has no right answers for the stage.
    """
    began = time.monotonic()
    answers = right_answers(stage)
    with Pool(stage, reactor=reactor, limit=limit) as pool:
        found = _Judging(stage, pool, watch).assess(answers)
    seconds = time.monotonic() - began
    return replace(found, items=read_list(stage), twice=defined_twice(stage), seconds=seconds)


class _Judging:
    """One judging of a stage's tests."""

    def __init__(self, stage: Stage, pool: Pool, watch: Callable[[str], None]) -> None:
        self.stage, self.pool, self.watch = stage, pool, watch

    def assess(self, answers: Mapping[str, Overlay]) -> Assessment:
        self.watch("loading the tests")
        case = Case("load", {}, own_modules(self.stage), load=True)
        loaded = next(self.pool.run([case]))[1]
        if loaded.trouble:
            return Assessment(self.stage, trouble=loaded.trouble, output=loaded.output)
        tests = loaded.loaded
        if not tests:
            return Assessment(self.stage, left=by_kind(self.stage.mutants))
        own, unruly, output = self.alone(tests)
        good = [t for t in own if t.status == "passed" and t.target not in unruly]
        unruly |= self.disturbed([t.target for t in own if t.target not in unruly], own)
        quick = sorted(good, key=lambda test: (test.seconds, test.target))
        counted = [test.target for test in quick if test.target not in unruly]
        empty = self.that_cannot_fail(counted)
        counted = [test for test in counted if test not in empty]
        strict, racing = self.too_strict(counted, answers)
        unruly |= racing
        named = {one.test for one in strict}
        counted = [test for test in counted if test not in named and test not in racing]
        skipped = {test.target for test in own if test.status == "skipped"}
        absent = self.that_are_nowhere(skipped, tests)
        left = self.let_through(counted, next(iter(answers.values())), absent)
        # Where a test has failed, what it leaves is mostly for that reason: there is nothing more to tell.
        failed = {test.target for test in own if test.status == "failed"}
        unruly = {t: u for t, u in unruly.items() if t not in failed or u.kind not in LEFTOVERS}
        return Assessment(
            self.stage,
            tuple(own),
            None,
            tuple(Unruly(test, unruly[test]) for test in tests if test in unruly),
            tuple(test for test in tests if test in empty),
            tuple(sorted(strict, key=lambda one: tests.index(one.test))),
            left,
            frozenset(absent),
            output=output,
        )

    def alone(self, tests: Sequence[str]) -> tuple[list[TestResult], dict[str, Trouble], str]:
        """Each test in a process of its own: what it says, what it does to its process, what the first of them printed."""
        self.watch(f"running {len(tests)} tests, each alone")
        own, unruly, output = [], {}, ""
        cases = [Case(test, {}, (test,), traces=True) for test in tests]
        for case, result in self.pool.run(cases):
            output = output or result.output
            test = next(iter(result.tests), TestResult(case.name, "failed", result.seconds))
            own.append(replace(test, target=case.name))
            if result.trouble:
                unruly[case.name] = replace(result.trouble, test=case.name)
        return own, unruly, output

    def disturbed(self, tests: list[str], own: Iterable[TestResult]) -> dict[str, Trouble]:
        """The tests that say something else, or have others say it, when all run together."""
        self.watch("running them together")
        said_alone = {test.target: test for test in own}
        status = {name: test.status for name, test in said_alone.items()}
        unruly: dict[str, Trouble] = {}
        orders = [tests, tests[::-1]]
        cases = [Case("together", {}, tuple(order), stop=False) for order in orders]
        found = [self._whole(case, result) for case, result in self.pool.run(cases)]
        changed = {
            test: order[: order.index(test)]
            for order, said in zip(orders, found, strict=True)
            for test in order
            if said[test].status != status[test]
        }
        # Where classes are built for several places, a test stands in each of them. One of them tells for all.
        firsts: dict[str, str] = {}
        for test in sorted(changed, key=lambda test: len(changed[test])):
            firsts.setdefault(_method(test), test)
        run = [test for test in tests if status[test] != "skipped"]
        unruly |= self.that_race({test: said_alone[test] for test in firsts.values()}, {}, run)
        # What changes with nothing changed, not even the order, is no matter of the order.
        more = self.pool.run(cases if firsts else ())
        for before, after in zip(found, [self._whole(*one) for one in more], strict=False):
            for test in firsts.values():
                if test not in unruly and before[test].status != after[test].status:
                    unruly |= self.racing([before[test], after[test]], run)
        firsts = {method: test for method, test in firsts.items() if test not in unruly}
        changed = {test: before for test, before in changed.items() if test not in unruly}
        pairs = [
            Case(test, {}, (other, test), stop=False)
            for test in firsts.values()
            for other in changed[test]
        ]
        disturbers: dict[str, list[str]] = {test: [] for test in firsts.values()}
        for case, result in self.pool.run(pairs):
            other, test = case.targets
            said = next((t.status for t in result.tests if t.target == test), "failed")
            if said != status[test]:
                disturbers[test].append(other)
        for test, others in disturbers.items():
            same = [one for one in changed if _method(one) == _method(test)]
            if status[test] == "failed" and others:
                unruly |= {one: Trouble("needs", one, what=tuple(others[:1])) for one in same}
            elif len(others) > max(1, len(changed[test]) / 2) or not others:
                unruly |= {one: Trouble("alone", one, what=tuple(others)) for one in same}
            else:
                names = {_method(other) for other in others}
                built = [one for one in tests if _method(one) in names]
                for other in built if len(same) > 1 else others:
                    known = unruly.get(other, Trouble("disturbs", other)).what
                    unruly[other] = Trouble("disturbs", other, what=(*known, test))
        return unruly

    def that_cannot_fail(self, tests: Sequence[str]) -> set[str]:
        """Those that pass on the learner's own code with nothing in it."""
        if not tests:
            return set()
        self.watch("running them on code that was emptied out")
        code = {
            path.name: path.read_text("utf-8")
            for path in sorted(self.stage.folder.glob("*.py"))
            if path.name in self.stage.edit or path.name in {m.file for m in self.stage.mutants}
            if not is_test(path.name)
        }
        cases = self._shared(tests, "emptied", emptied(code), BUG_LIMIT)
        return {
            test
            for case, result in self.pool.run(cases)
            for test, said in self._whole(case, result).items()
            if said.status == "passed"
        }

    def that_race(
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
        placed = any(mutant.on for mutant in self.stage.mutants)
        same = [one for one in tests if placed and _method(one) == _method(name)]
        return {one: Trouble("races", one, frames) for one in (name, *same)}

    def too_strict(
        self, tests: Sequence[str], answers: Mapping[str, Overlay]
    ) -> tuple[list[Strict], dict[str, Trouble]]:
        """Those that fail on a right answer, each with the first that it fails on; and those that do so now and then."""
        self.watch(f"running them on {len(answers)} right answers")
        cases = [case for name, code in answers.items() for case in self._shared(tests, name, code)]
        strict: dict[str, Strict] = {}
        for case, result in self.pool.run(cases):
            for test, said in self._whole(case, result).items():
                if said.status == "failed":
                    strict.setdefault(test, Strict(test, case.name, said))
        racing: dict[str, Trouble] = {}
        firsts = {_method(test): one for test, one in reversed(strict.items())}
        for name, code in answers.items():
            first = {one.test: one.result for one in firsts.values() if one.answer == name}
            racing |= self.that_race(first, code, tests)
        return [one for test, one in strict.items() if test not in racing], racing

    def that_are_nowhere(self, skipped: set[str], tests: Sequence[str]) -> set[str]:
        """The names of mutants that no test can meet here: where they are, the reference has no tests on this machine, or
        skips them all. The learner's own skipping does not tell: it may be the learner's wish."""
        solved = answer(self.stage)
        placed = [mutant for mutant in self.stage.mutants if mutant.on]
        if not placed:
            return set()
        case = Case("places", solved, own_modules(self.stage), load=True)
        places = next(self.pool.run([case]))[1].loaded
        meeting = {m.name: tuple(test for test in places if m.meets(test)) for m in placed}
        asked = [
            Case(mutant.name, solved, meeting[mutant.name], stop=False)
            for mutant in placed
            if meeting[mutant.name] and {test for test in tests if mutant.meets(test)} <= skipped
        ]
        absent = {name for name, there in meeting.items() if not there}
        for case, result in self.pool.run(asked):
            if {test.status for test in result.tests} == {"skipped"}:
                absent.add(case.name)
        return absent

    def let_through(
        self, tests: Sequence[str], reference: Overlay, absent: Container[str]
    ) -> Mapping[int, tuple[Mutant, ...]]:
        """By number of a kind, those of its mutants that pass all of the tests which meet them."""
        mutants = [mutant for mutant in self.stage.mutants if mutant.name not in absent]
        meeting = {m.name: tuple(test for test in tests if m.meets(test)) for m in mutants}
        self.watch(f"running them on {len(mutants)} programs with a known bug")
        cases = [
            Case(m.name, with_bug(reference, m), meeting[m.name], limit=BUG_LIMIT)
            for m in mutants
            if meeting[m.name]
        ]
        caught = {case.name for case, result in self.pool.run(cases) if not result.passed}
        return by_kind(mutant for mutant in mutants if mutant.name not in caught)

    def _shared(
        self, tests: Sequence[str], name: str, code: Overlay, limit: float | None = None
    ) -> list[Case]:
        """One case for each core, each with its share of the tests."""
        shares = [tests[n :: self.pool.count] for n in range(self.pool.count)]
        return [Case(name, code, tuple(one), stop=False, limit=limit) for one in shares if one]

    def _whole(self, case: Case, result: Result) -> dict[str, TestResult]:
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


def _method(test: str) -> str:
    return test.rpartition(".")[2]
