"""Judge tests that a learner wrote: each must pass on every right answer, and each program with a known bug must fail one.

Each test first runs alone, in a separate process. So one that hangs, ends its process or leaves something behind is
identified, left out of the rest, and costs its time only once. The others then run together, in both orders; if a result
changes, the test that disturbs it is looked for. A test whose outcome varies between identical runs is identified first, so
that no other test is blamed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from workshop.course import Stage
from workshop.course.solutions import Overlay, answer
from workshop.judge.conformance import broken_promises
from workshop.judge.findings import Assessment, Slow, Strict, by_kind
from workshop.judge.isolation import run_alone, run_together
from workshop.judge.learner import own_modules, read_list
from workshop.judge.lint import defined_twice, missing_lines, never_run
from workshop.judge.mistakes import catch, idle, in_turn
from workshop.judge.programs import REFERENCE, emptied, is_test, own_code, right_answers
from workshop.judge.runs import Pace, Runs, method
from workshop.runner.pool import CORES, Pool
from workshop.runner.result import LEFTOVERS, Trouble
from workshop.runner.worker import LIMIT, Case

NEARLY = 3
"""Tests that no mistake makes fail are searched for only if at most this many kinds survive."""


def assess(
    stage: Stage,
    *,
    kinds: Sequence[int] = (),
    reactor: str | None = None,
    limit: float = LIMIT,
    watch: Callable[[str], None] = lambda what: None,
) -> Assessment:
    """Judge the learner's tests as they are.

    Args:
        kinds: The numbers of the kinds to judge them by, and by nothing else; empty for all kinds, the learner's list and
            the learner's own code.
        reactor: A reactor's name, as trial's --reactor; None for the platform's own.
        limit: Seconds that one test may take on the learner's own code and on the right answers.
        watch: Called with the next activity, in a few words.

    Raises:
        CourseError: This copy of the course has no right answers for the stage.
    """
    began = time.monotonic()
    answers = right_answers(stage)
    whole, stage = stage, stage.only(kinds) if kinds else stage
    # Tests that are built for several places wait for sockets: meanwhile others can run.
    workers = 2 * CORES if stage.placed else CORES
    with Pool(stage, workers=workers, reactor=reactor, limit=limit) as pool:
        found = _assess(Runs(stage, pool, Pace(limit), watch), answers, stage is whole)
    loaded = [test.target for test in found.own]
    return replace(
        found,
        items=read_list(stage) if stage is whole else None,
        part=tuple(kinds),
        twice=defined_twice(stage),
        never_run=() if found.trouble else never_run(stage, loaded),
        missing=() if loaded else missing_lines(stage),
        seconds=time.monotonic() - began,
    )


def _assess(runs: Runs, answers: Mapping[str, Overlay], whole: bool) -> Assessment:
    stage, pace = runs.stage, runs.pace
    runs.watch("loading the tests")
    loaded = runs.load(own_modules(stage), {})
    if loaded.trouble:
        left = by_kind(stage.mutants)
        return Assessment(stage, trouble=loaded.trouble, output=loaded.output, left=left)
    tests = loaded.loaded
    if not tests:
        return Assessment(stage, left=by_kind(stage.mutants))
    own, unruly, output = run_alone(runs, tests)
    failing = [t.target for t in own if t.status == "failed" and t.target not in unruly]
    good = [t for t in own if t.status == "passed" and t.target not in unruly]
    unruly |= run_together(runs, [test for test in own if test.target not in unruly])
    quick = sorted(good, key=lambda test: (test.seconds, test.target))
    if stage.placed:
        # One of each test first: a mistake that is in many places is mostly caught in the first of them.
        quick = in_turn(quick, lambda test: method(test.target))
    counted = [test.target for test in quick if test.target not in unruly]
    empty = _vacuous(runs, counted)
    counted = [test for test in counted if test not in empty]
    strict, flaky = _too_strict(runs, counted, answers)
    unruly |= flaky
    counted = [test for test in counted if test not in strict and test not in flaky]
    skipped = {test.target for test in own if test.status == "skipped"}
    absent = _unreachable_mutants(runs, skipped, tests)
    mutants = [mutant for mutant in stage.mutants if mutant.name not in absent]
    reference = answers[REFERENCE]
    caught = catch(runs, counted, mutants, reference)
    left = by_kind(mutant for mutant in mutants if mutant.name not in caught.caught)
    still = (
        idle(runs, counted, mutants, reference, caught) if whole and len(left) <= NEARLY else set()
    )
    wrong = broken_promises(runs) if whole and counted and not left and own_code(stage) else []
    # What a failed test leaves behind is mostly due to its failure: there is nothing more to report.
    failed = {test.target for test in own if test.status == "failed"}
    unruly = {t: u for t, u in unruly.items() if t not in failed or u.kind not in LEFTOVERS}
    right = _right_tests(runs, [test for test in failing if test not in unruly], answers)

    def runs_of(test: str) -> int:
        """Return how often a verdict may run a test: alone, in two orders, on emptied code, right answers and mistakes."""
        return 1 + 2 + 1 + len(answers) + sum(mutant.meets(test) for mutant in stage.mutants)

    return Assessment(
        stage,
        own=tuple(own),
        unruly=tuple(unruly[test] for test in tests if test in unruly),
        empty=tuple(test for test in tests if test in empty),
        strict=tuple(strict[test] for test in tests if test in strict),
        left=left,
        absent=frozenset(absent),
        output=output,
        right=tuple(right),
        wrong=tuple(wrong),
        idle=tuple(test for test in tests if test in still),
        wavering=tuple(test for test in tests if test in caught.wavering),
        slow=tuple(
            Slow(test, pace.quickest(test), runs_of(test), test in caught.unrun)
            for test in tests
            if test in counted and pace.is_slow(test)
        ),
    )


def _vacuous(runs: Runs, tests: Sequence[str]) -> set[str]:
    """Return the tests that pass on the learner's own code with its functions emptied."""
    if not tests:
        return set()
    runs.watch("running them on code that was emptied out")
    files = {*runs.stage.edit, *(mutant.file for mutant in runs.stage.mutants)}
    code = {
        path.name: path.read_text("utf-8")
        for path in sorted(runs.stage.folder.glob("*.py"))
        if path.name in files and not is_test(path.name)
    }
    cases = runs.shared(tests, "emptied", emptied(code), quick=True)
    return {test.target for _, test in runs.each(cases) if test.status == "passed"}


def _right_tests(runs: Runs, failing: Sequence[str], answers: Mapping[str, Overlay]) -> list[str]:
    """Return the tests that fail on the learner's own code, but pass on every right answer."""
    if not (failing and own_code(runs.stage)):
        return []
    runs.watch("running what fails on right answers")
    cases = [case for name, code in answers.items() for case in runs.shared(failing, name, code)]
    wrong = {test.target for _, test in runs.each(cases) if test.status != "passed"}
    return [test for test in failing if test not in wrong]


def _too_strict(
    runs: Runs, tests: Sequence[str], answers: Mapping[str, Overlay]
) -> tuple[dict[str, Strict], dict[str, Trouble]]:
    """Return the tests that fail on a right answer, with the first such answer, and those that only sometimes do."""
    runs.watch(f"running them on {len(answers)} right answers")
    cases = [case for name, code in answers.items() for case in runs.shared(tests, name, code)]
    strict: dict[str, Strict] = {}
    for case, test in runs.each(cases):
        runs.pace.note([test])
        if test.status == "failed":
            strict.setdefault(test.target, Strict(test.target, case.name, test))
    flaky: dict[str, Trouble] = {}
    firsts = {method(test): one for test, one in reversed(strict.items())}
    for name, code in answers.items():
        suspects = [one.result for one in firsts.values() if one.answer == name]
        flaky |= runs.find_flaky(suspects, code, tests)
    return {test: one for test, one in strict.items() if test not in flaky}, flaky


def _unreachable_mutants(runs: Runs, skipped: set[str], tests: Sequence[str]) -> set[str]:
    """Return the names of mutants that no test can meet here: the reference has no tests there, or skips them all.

    Tests that the learner skips do not count: that may be the learner's choice.
    """
    stage = runs.stage
    if not stage.placed:
        return set()
    solved = answer(stage)
    there = runs.load(own_modules(stage), solved).loaded
    absent, doubtful = set(), []
    for mutant in (mutant for mutant in stage.mutants if mutant.on):
        meeting = tuple(test for test in there if mutant.meets(test))
        if not meeting:
            absent.add(mutant.name)
        elif skipped.issuperset(test for test in tests if mutant.meets(test)):
            doubtful.append(Case(mutant.name, solved, meeting, stop=False))
    for case, result in runs.pool.run(doubtful):
        if {test.status for test in result.tests} == {"skipped"}:
            absent.add(case.name)
    return absent
