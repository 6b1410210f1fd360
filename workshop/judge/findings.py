"""The findings on a learner's tests, as data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from workshop.course import Kind, Mutant, Stage
from workshop.judge.learner import Item
from workshop.judge.unheard import Unheard
from workshop.runner.result import TestResult, Trouble


@dataclass(frozen=True)
class Unruly:
    """A test that cannot be judged beside the others, and why.

    ``trouble`` is what it did to its process. Its kind may also be ``disturbs`` (the tests in ``what`` fail after it),
    ``alone`` (it fails after most other tests), ``needs`` (it passes only after the test in ``what``), ``races`` (it passes
    or fails with nothing changed; ``frames`` are of a failure) and ``forgets`` (it leaves a failed Deferred that nothing
    handles; ``what`` has the error).
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

    ``own``: the result of each test alone, on the learner's own code. ``trouble``: why the tests could not even be loaded.
    ``empty``: tests that pass though the code is emptied. ``left``: the surviving mutants by the number of their kind.
    ``absent``: names of mutants in places that this machine does not have. ``items``: the learner's list; None if the stage
    has none. ``twice``: tests that share a name, so that only the last runs. ``right``: tests that fail on the learner's own
    code but pass on all right answers. ``wrong``: if all is caught, the reference's tests that fail on the learner's own
    code.

    These are notes, and do not prevent passing: ``idle``, tests that no mistake makes fail; ``unheard``, what can never run,
    and why; ``wavering``, tests that failed on a mistake once, and not again; ``slow``, tests that take long. ``missing``:
    if there are no tests, lines that have gone from the files.
    """

    stage: Stage
    own: tuple[TestResult, ...] = ()
    trouble: Trouble | None = None
    unruly: tuple[Unruly, ...] = ()
    empty: tuple[str, ...] = ()
    strict: tuple[Strict, ...] = ()
    left: Mapping[int, tuple[Mutant, ...]] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    items: tuple[Item, ...] | None = None
    twice: tuple[str, ...] = ()
    right: tuple[str, ...] = ()
    wrong: tuple[Wrong, ...] = ()
    idle: tuple[str, ...] = ()
    unheard: tuple[Unheard, ...] = ()
    wavering: tuple[str, ...] = ()
    slow: tuple[Slow, ...] = field(default=(), compare=False)
    missing: tuple[str, ...] = ()
    output: str = ""
    seconds: float = field(default=0.0, compare=False)

    @property
    def failing(self) -> list[TestResult]:
        """Tests that fail on the learner's own code, by themselves."""
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
        wrong = len(self.failing) + len(self.unruly) + len(self.empty) + len(self.strict)
        return len(self.own) - wrong

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
        said = {kind.number for item in self.items or () for kind in item.kinds}
        return [kind for kind in self.stage.kinds if kind.number not in said]


def by_kind(mutants: Iterable[Mutant]) -> dict[int, tuple[Mutant, ...]]:
    """Group mutants by the number of their kind."""
    found: dict[int, tuple[Mutant, ...]] = {}
    for mutant in mutants:
        found[mutant.step] = (*found.get(mutant.step, ()), mutant)
    return found
