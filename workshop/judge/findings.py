"""The findings on a learner's tests, as data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from workshop.course import Kind, Mutant, Stage
from workshop.judge.learner import Item
from workshop.judge.lint import NeverRun
from workshop.runner.result import TestResult, Trouble


@dataclass(frozen=True)
class Strict:
    """A test that fails on a right answer."""

    test: str
    answer: str
    result: TestResult


@dataclass(frozen=True)
class Slow:
    """A slow test: its seconds, how often a verdict may run it, and whether it was too slow to be run on the mutants."""

    test: str
    seconds: float
    runs: int
    unrun: bool


@dataclass(frozen=True)
class Wrong:
    """A test of the reference that fails on the learner's own code, and the paragraph of the README that it is about."""

    paragraph: str
    requirement: str
    result: TestResult


@dataclass(frozen=True)
class Assessment:
    """The findings on a learner's tests, which are named as plain trial names them.

    Attributes:
        own: The result of each test alone, on the learner's own code.
        trouble: Why the tests could not even be loaded.
        unruly: For each test that cannot be judged beside the others, the reason; see Trouble.
        empty: Tests that pass though the code is emptied.
        left: The surviving mutants by the number of their kind.
        absent: The names of mutants in places that this machine does not have.
        items: The learner's list; None if the stage has none.
        twice: Tests that share a name, so that only the last runs.
        right: Tests that fail on the learner's own code but pass on all right answers.
        wrong: If all is caught, the reference's tests that fail on the learner's own code.
        idle: A note: tests that no mistake makes fail.
        never_run: A note: what looks like a test, but never runs.
        wavering: A note: tests that failed on a mistake once, and not again.
        slow: A note: tests that take long.
        missing: If there are no tests, lines that have gone from the files.
        part: The numbers of the kinds that were asked for; empty if the whole stage was.
    """

    stage: Stage
    own: tuple[TestResult, ...] = ()
    trouble: Trouble | None = None
    unruly: tuple[Trouble, ...] = ()
    empty: tuple[str, ...] = ()
    strict: tuple[Strict, ...] = ()
    left: Mapping[int, tuple[Mutant, ...]] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    items: tuple[Item, ...] | None = None
    twice: tuple[str, ...] = ()
    right: tuple[str, ...] = ()
    wrong: tuple[Wrong, ...] = ()
    idle: tuple[str, ...] = ()
    never_run: tuple[NeverRun, ...] = ()
    wavering: tuple[str, ...] = ()
    slow: tuple[Slow, ...] = field(default=(), compare=False)
    missing: tuple[str, ...] = ()
    part: tuple[int, ...] = ()
    output: str = ""
    seconds: float = field(default=0.0, compare=False)

    @property
    def failing(self) -> list[TestResult]:
        """Tests that fail on the learner's own code, even alone."""
        named = {one.test for one in self.unruly}
        return [t for t in self.own if t.status == "failed" and t.target not in named]

    @property
    def survived(self) -> tuple[Kind, ...]:
        """The kinds with a surviving mutant."""
        return tuple(kind for kind in self.stage.kinds if kind.number in self.left)

    @property
    def mutants(self) -> list[Mutant]:
        """The mutants that the tests were judged by."""
        return [mutant for mutant in self.stage.mutants if mutant.name not in self.absent]

    @property
    def caught(self) -> int:
        """The number of mutants that were caught."""
        return len(self.mutants) - sum(map(len, self.left.values()))

    @property
    def counted(self) -> int:
        """The number of tests that were run on the mutants: those with nothing wrong."""
        return len(self.own) - sum(map(len, (self.failing, self.unruly, self.empty, self.strict)))

    @property
    def passed(self) -> bool:
        """Whether the stage is done."""
        found = (self.trouble, self.unruly, self.failing, self.empty, self.strict, self.survived)
        return bool(self.own) and not any(found) and not self.wrong and self.items != ()

    @property
    def done(self) -> int:
        """The number of kinds of mistake that are caught."""
        return self.total - len(self.survived)

    @property
    def total(self) -> int:
        """The number of kinds of mistake."""
        return len(self.stage.kinds)

    @property
    def to_do(self) -> tuple[Kind, ...]:
        """The kinds that are not caught yet, in order."""
        return self.survived

    @property
    def missed(self) -> list[Kind]:
        """The kinds that no line of the learner's list is about."""
        listed = {kind for item in self.items or () for kind in item.kinds}
        return [kind for kind in self.stage.kinds if kind not in listed]


def by_kind(mutants: Iterable[Mutant]) -> dict[int, tuple[Mutant, ...]]:
    """Group mutants by the number of their kind."""
    found: dict[int, tuple[Mutant, ...]] = {}
    for mutant in mutants:
        found[mutant.step] = (*found.get(mutant.step, ()), mutant)
    return found
