"""What was found of a learner's tests, as data."""

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

    ``trouble`` is what it did to its process; its kind may also be ``disturbs`` (``what`` are the tests that fail after it),
    ``alone`` (it fails after most other tests), ``needs`` (it passes only after that in ``what``), ``races`` (it passes
    or fails with nothing changed; ``frames`` are of a failure) and ``forgets`` (it leaves a Deferred that has failed,
    at which nobody looks; ``what`` has the error).
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
    """A test that takes long: its seconds, how often a verdict may run it, whether it was too slow for the mistakes."""

    test: str
    seconds: float
    runs: int
    unrun: bool


@dataclass(frozen=True)
class Wrong:
    """A test of the reference's that fails on the learner's own code: what it is about, in the README's words."""

    paragraph: str
    requirement: str
    result: TestResult


@dataclass(frozen=True)
class Assessment:
    """What was found of a learner's tests, which are named as plain trial names them.

    ``own``: each alone, on the learner's own code. ``trouble``: why they could not even be loaded. ``empty``: those that
    pass though there is nothing in the code. ``left``: by number of a kind, those of its mutants that were let through, if
    any was. ``absent``: names of the mutants that are only where this machine has nothing. ``items``: the learner's list;
    None where the stage has none. ``twice``: tests of one name, of which only the last runs. ``right``: of the tests that
    fail on the learner's own code, those that all right answers pass. ``wrong``: where all is caught, what the reference's
    tests say of the learner's own code.

    These are notes, and no reason not to pass: ``idle``, tests that no mistake makes fail; ``unheard``, what can never run,
    and why; ``wavering``, tests that failed on a mistake once, and not again; ``slow``, tests that take long. ``missing``:
    where there are no tests, lines that the files had.
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
        """The kinds of which a mutant was let through."""
        return tuple(kind for kind in self.stage.kinds if kind.number in self.left)

    @property
    def mutants(self) -> list[Mutant]:
        """Those that the tests were judged by."""
        return [mutant for mutant in self.stage.mutants if mutant.name not in self.absent]

    @property
    def caught(self) -> int:
        """How many mutants were not let through."""
        return len(self.mutants) - sum(map(len, self.left.values()))

    @property
    def counted(self) -> int:
        """How many tests were run on the mutants: those that nothing is wrong with."""
        wrong = len(self.failing) + len(self.unruly) + len(self.empty) + len(self.strict)
        return len(self.own) - wrong

    @property
    def passed(self) -> bool:
        """Whether the stage is done."""
        found = (self.trouble, self.unruly, self.failing, self.empty, self.strict, self.survived)
        return bool(self.own) and not any(found) and not self.wrong and self.items != ()

    @property
    def done(self) -> int:
        """How many kinds of mistake are caught."""
        return self.total - len(self.survived)

    @property
    def total(self) -> int:
        """How many kinds of mistake there are."""
        return len(self.stage.kinds)

    @property
    def to_do(self) -> tuple[Kind, ...]:
        """The kinds that are not caught yet, in order."""
        return self.survived

    @property
    def missed(self) -> list[Kind]:
        """The kinds that no line of the learner's list speaks of."""
        said = {kind.number for item in self.items or () for kind in item.kinds}
        return [kind for kind in self.stage.kinds if kind.number not in said]


def by_kind(mutants: Iterable[Mutant]) -> dict[int, tuple[Mutant, ...]]:
    """Mutants by the number of their kind."""
    found: dict[int, tuple[Mutant, ...]] = {}
    for mutant in mutants:
        found[mutant.step] = (*found.get(mutant.step, ()), mutant)
    return found
