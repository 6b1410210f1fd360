"""Judge tests that a learner wrote: each must pass on every right answer, and each program with a known bug must fail one.

Each test first runs alone, in a process of its own. So one that hangs, ends its process or leaves something behind is
identified, left out of the rest, and costs its time only once. The others then run together, in both orders; if that changes
a result, the test that disturbs it is looked for. A test whose outcome varies between identical runs is identified first, so
that no other test is blamed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from workshop.course import Stage
from workshop.course.solutions import Overlay, answer
from workshop.judge.alone import alone
from workshop.judge.findings import Assessment, Slow, Strict, Unruly, by_kind
from workshop.judge.learner import defined_twice, missing_lines, own_modules, read_list
from workshop.judge.mistakes import catch, idle, in_turn
from workshop.judge.pace import Pace
from workshop.judge.programs import emptied, is_test, own_code, right_answers
from workshop.judge.promises import broken
from workshop.judge.runs import Runs, method
from workshop.judge.together import disturbed
from workshop.judge.unheard import never_run
from workshop.runner.pool import CORES, Pool
from workshop.runner.result import LEFTOVERS, Trouble
from workshop.runner.worker import LIMIT, Case

__all__ = ["Assessment", "Strict", "Unruly", "assess"]

NEARLY = 3
"""The most surviving kinds with which tests that no mistake makes fail are looked for."""


def assess(
    stage: Stage,
    *,
    reactor: str | None = None,
    limit: float = LIMIT,
    watch: Callable[[str], None] = lambda what: None,
) -> Assessment:
    """Judge the learner's tests as they are.

    Args:
        reactor: A reactor's name, as trial's --reactor; None for the platform's own.
        limit: Seconds that one test may take on the learner's own code and on the right answers.
        watch: Called with the next activity, in a few words.

    Raises:
        CourseError: This copy of the course has no right answers for the stage.
    """
    began = time.monotonic()
    answers = right_answers(stage)
    # Tests that are built for several places wait for sockets: meanwhile others can run.
    workers = 2 * CORES if stage.placed else CORES
    with Pool(stage, workers=workers, reactor=reactor, limit=limit) as pool:
        found = _Judging(Runs(stage, pool, Pace(limit), watch)).assess(answers)
    loaded = [test.target for test in found.own]
    return replace(
        found,
        items=read_list(stage),
        twice=defined_twice(stage),
        unheard=() if found.trouble else never_run(stage, loaded),
        missing=() if loaded else missing_lines(stage),
        seconds=time.monotonic() - began,
    )


class _Judging:
    """One judging of a stage's tests."""

    def __init__(self, runs: Runs) -> None:
        self.runs, self.stage, self.pool, self.pace = runs, runs.stage, runs.pool, runs.pace
        self.watch = runs.watch

    def assess(self, answers: Mapping[str, Overlay]) -> Assessment:
        self.watch("loading the tests")
        case = Case("load", {}, own_modules(self.stage), load=True)
        loaded = next(self.pool.run([case]))[1]
        if loaded.trouble:
            return Assessment(self.stage, trouble=loaded.trouble, output=loaded.output)
        tests = loaded.loaded
        if not tests:
            return Assessment(self.stage, left=by_kind(self.stage.mutants))
        own, unruly, output = alone(self.runs, tests)
        failing = [t.target for t in own if t.status == "failed" and t.target not in unruly]
        good = [t for t in own if t.status == "passed" and t.target not in unruly]
        unruly |= disturbed(self.runs, [t.target for t in own if t.target not in unruly], own)
        quick = sorted(good, key=lambda test: (test.seconds, test.target))
        if self.runs.placed:
            # One of each test first: a mistake that is in many places is mostly caught in the first of them.
            quick = in_turn(quick, lambda test: method(test.target))
        counted = [test.target for test in quick if test.target not in unruly]
        empty = self.that_cannot_fail(counted)
        counted = [test for test in counted if test not in empty]
        strict, racing = self.too_strict(counted, answers)
        unruly |= racing
        named = {one.test for one in strict}
        counted = [test for test in counted if test not in named and test not in racing]
        skipped = {test.target for test in own if test.status == "skipped"}
        absent = self.unreachable_mutants(skipped, tests)
        mutants = [mutant for mutant in self.stage.mutants if mutant.name not in absent]
        reference = next(iter(answers.values()))
        caught = catch(self.runs, counted, mutants, reference)
        left = by_kind(mutant for mutant in mutants if mutant.name not in caught.caught)
        still: list[str] = []
        if len(left) <= NEARLY:
            still = idle(self.runs, counted, mutants, reference, caught)
        wrong = broken(self.runs) if counted and not left and own_code(self.stage) else []
        # What a failed test leaves behind is mostly due to its failure: there is nothing more to report.
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
            right=tuple(self.that_are_right([t for t in failing if t not in unruly], answers)),
            wrong=tuple(wrong),
            idle=tuple(test for test in tests if test in still),
            wavering=tuple(test for test in tests if test in caught.wavering),
            slow=tuple(
                Slow(
                    test,
                    self.pace.quickest(test),
                    self.runs_of(test, answers),
                    test in caught.unrun,
                )
                for test in tests
                if test in counted and self.pace.is_slow(test)
            ),
        )

    def runs_of(self, test: str, answers: Mapping[str, Overlay]) -> int:
        """Return how often a verdict may run a test: alone, in two orders, on emptied code, right answers and mistakes."""
        mistakes = sum(mutant.meets(test) for mutant in self.stage.mutants)
        return 1 + 2 + 1 + len(answers) + mistakes

    def that_cannot_fail(self, tests: Sequence[str]) -> set[str]:
        """Return the tests that pass on the learner's own code with its functions emptied."""
        if not tests:
            return set()
        self.watch("running them on code that was emptied out")
        code = {
            path.name: path.read_text("utf-8")
            for path in sorted(self.stage.folder.glob("*.py"))
            if path.name in self.stage.edit or path.name in {m.file for m in self.stage.mutants}
            if not is_test(path.name)
        }
        cases = self.runs.shared(tests, "emptied", emptied(code), quick=True)
        return {
            test
            for case, result in self.pool.run(cases)
            for test, said in self.runs.whole(case, result).items()
            if said.status == "passed"
        }

    def that_are_right(self, failing: Sequence[str], answers: Mapping[str, Overlay]) -> list[str]:
        """Return the tests that fail on the learner's own code, but pass on every right answer."""
        if not (failing and own_code(self.stage)):
            return []
        self.watch("running what fails on right answers")
        cases = [c for name, code in answers.items() for c in self.runs.shared(failing, name, code)]
        wrong = {
            test
            for case, result in self.pool.run(cases)
            for test, said in self.runs.whole(case, result).items()
            if said.status != "passed"
        }
        return [test for test in failing if test not in wrong]

    def too_strict(
        self, tests: Sequence[str], answers: Mapping[str, Overlay]
    ) -> tuple[list[Strict], dict[str, Trouble]]:
        """Return the tests that fail on a right answer, with the first such answer, and those that only sometimes do."""
        self.watch(f"running them on {len(answers)} right answers")
        cases = [
            case for name, code in answers.items() for case in self.runs.shared(tests, name, code)
        ]
        strict: dict[str, Strict] = {}
        for case, result in self.pool.run(cases):
            for test, said in self.runs.whole(case, result).items():
                self.pace.note(test, said.seconds)
                if said.status == "failed":
                    strict.setdefault(test, Strict(test, case.name, said))
        racing: dict[str, Trouble] = {}
        firsts = {method(test): one for test, one in reversed(strict.items())}
        for name, code in answers.items():
            first = {one.test: one.result for one in firsts.values() if one.answer == name}
            racing |= self.runs.find_flaky(first, code, tests)
        return [one for test, one in strict.items() if test not in racing], racing

    def unreachable_mutants(self, skipped: set[str], tests: Sequence[str]) -> set[str]:
        """Return the names of mutants that no test can meet here: the reference has no tests there, or skips them all.

        Tests that the learner skips do not count: that may be the learner's choice.
        """
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
