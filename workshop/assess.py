"""Judges tests that a learner wrote: each must pass on every right answer, and each program with a known bug must fail one.

A test is run alone first, in a process of its own: so one that hangs, or kills its process, or leaves something behind, is
known by name and left out of the rest, and costs its time once. The others then run together, in both orders; where that
changes what one of them says, the test that disturbs it is looked for.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from workshop.answers import emptied, is_test, right_answers
from workshop.course import Kind, Stage
from workshop.judge import Case, Pool
from workshop.layout import Overlay
from workshop.markers import with_bug
from workshop.result import Result, TestResult, Trouble
from workshop.run import LIMIT
from workshop.suite import Item, defined_twice, own_modules, read_list

BUG_LIMIT = 3.0
"""Seconds that a test may take on a program with a known bug: one that waits longer has noticed it."""


@dataclass(frozen=True)
class Unruly:
    """A test that cannot be judged beside the others, and why.

    ``trouble`` is what it did to its process; its kind may also be ``disturbs`` (``what`` are the tests that fail after it),
    ``alone`` (it fails after most other tests) and ``needs`` (it passes only after that in ``what``).
    """

    test: str
    trouble: Trouble


@dataclass(frozen=True)
class Strict:
    """A test that fails on a right answer."""

    test: str
    answer: str
    result: TestResult


@dataclass(frozen=True)
class Assessment:
    """What was found of a learner's tests, which are named as plain trial names them.

    ``own``: each alone, on the learner's own code. ``trouble``: why they could not even be loaded. ``empty``: those that
    pass though there is nothing in the code. ``left``: by number of a kind, how many of its mutants were let through, if any
    was. ``items``: the learner's list; None where the stage has none. ``twice``: tests of one name, of which only the last
    runs.
    """

    stage: Stage
    own: tuple[TestResult, ...] = ()
    trouble: Trouble | None = None
    unruly: tuple[Unruly, ...] = ()
    empty: tuple[str, ...] = ()
    strict: tuple[Strict, ...] = ()
    left: Mapping[int, int] = field(default_factory=dict)
    items: tuple[Item, ...] | None = None
    twice: tuple[str, ...] = ()
    output: str = ""
    seconds: float = field(default=0.0, compare=False)

    @property
    def failing(self) -> list[TestResult]:
        """Tests that fail on the learner's own code, by themselves."""
        named = {one.test for one in self.unruly}
        return [t for t in self.own if t.status == "failed" and t.target not in named]

    @property
    def survived(self) -> tuple[Kind, ...]:
        """The kinds of which a mutant was let through."""
        return tuple(kind for kind in self.stage.kinds if kind.number in self.left)

    @property
    def caught(self) -> int:
        """How many mutants were not let through."""
        return len(self.stage.mutants) - sum(self.left.values())

    @property
    def counted(self) -> int:
        """How many tests were run on the mutants: those that nothing is wrong with."""
        wrong = len(self.failing) + len(self.unruly) + len(self.empty) + len(self.strict)
        return len(self.own) - wrong

    @property
    def passed(self) -> bool:
        """Whether the stage is done."""
        found = (self.trouble, self.unruly, self.failing, self.empty, self.strict, self.survived)
        return bool(self.own) and not any(found) and self.items != ()

    @property
    def missed(self) -> list[Kind]:
        """The kinds that no line of the learner's list speaks of."""
        said = {kind.number for item in self.items or () for kind in item.kinds}
        return [kind for kind in self.stage.kinds if kind.number not in said]


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
            return Assessment(self.stage, left=Counter(m.step for m in self.stage.mutants))
        own, unruly, output = self.alone(tests)
        good = [t for t in own if t.status == "passed" and t.target not in unruly]
        unruly |= self.disturbed([t.target for t in own if t.target not in unruly], own)
        quick = sorted(good, key=lambda test: (test.seconds, test.target))
        counted = [test.target for test in quick if test.target not in unruly]
        empty = self.that_cannot_fail(counted)
        counted = [test for test in counted if test not in empty]
        strict = self.too_strict(counted, answers)
        named = {one.test for one in strict}
        counted = [test for test in counted if test not in named]
        left = self.let_through(counted, next(iter(answers.values())))
        return Assessment(
            self.stage,
            tuple(own),
            None,
            tuple(Unruly(test, unruly[test]) for test in tests if test in unruly),
            tuple(test for test in tests if test in empty),
            tuple(sorted(strict, key=lambda one: tests.index(one.test))),
            left,
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
        status = {test.target: test.status for test in own}
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
        pairs = [
            Case(test, {}, (other, test), stop=False)
            for test, before in changed.items()
            for other in before
        ]
        disturbers: dict[str, list[str]] = {test: [] for test in changed}
        for case, result in self.pool.run(pairs):
            other, test = case.targets
            said = next((t.status for t in result.tests if t.target == test), "failed")
            if said != status[test]:
                disturbers[test].append(other)
        for test, before in changed.items():
            others = disturbers[test]
            if status[test] == "failed" and others:
                unruly[test] = Trouble("needs", test, what=tuple(others[:1]))
            elif len(others) > max(1, len(before) / 2) or not others:
                unruly[test] = Trouble("alone", test, what=tuple(others))
            else:
                for other in others:
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

    def too_strict(self, tests: Sequence[str], answers: Mapping[str, Overlay]) -> list[Strict]:
        """Those that fail on a right answer, each with the first that it fails on."""
        self.watch(f"running them on {len(answers)} right answers")
        cases = [case for name, code in answers.items() for case in self._shared(tests, name, code)]
        strict: dict[str, Strict] = {}
        for case, result in self.pool.run(cases):
            for test, said in self._whole(case, result).items():
                if said.status == "failed":
                    strict.setdefault(test, Strict(test, case.name, said))
        return list(strict.values())

    def let_through(self, tests: Sequence[str], reference: Overlay) -> Mapping[int, int]:
        """By number of a kind, how many of its mutants pass all of the tests."""
        mutants = self.stage.mutants
        if not tests:
            return Counter(mutant.step for mutant in mutants)
        self.watch(f"running them on {len(mutants)} programs with a known bug")
        cases = [
            Case(m.name, with_bug(reference, m), tuple(tests), limit=BUG_LIMIT) for m in mutants
        ]
        results = [result for _, result in self.pool.run(cases)]
        return Counter(
            mutant.step for mutant, result in zip(mutants, results, strict=True) if result.passed
        )

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
