"""Make one change at a time to what a stage solves, and print what its tests let through.

    python tests/benchmarks/mutate.py stage3_http [--file parser.py] [--given] [--match "BadRequest"] [--list]

Changes what learners write; with --given, the rest of these files and the other code that a stage gives and its tests reach.
The tests are the provided ones; where learners write the tests, the reference's. They run until one
fails, those of the changed step first, then the quickest. One that takes far longer than it does otherwise has failed.

A survivor is a gap in the tests, or does nothing that a test could see: then it is in equivalent.toml, with the reason.
Exit code 1 if a survivor does not stand there, or if one that is there is caught now, or is no change any more.
"""

from __future__ import annotations

import argparse
import ast
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mutations import Change, changes

from workshop.course import CourseError, Stage, load
from workshop.course.solutions import ALL_STEPS, BEGIN, END, MARKER, Overlay, answer, render
from workshop.course.toml_fields import read
from workshop.judge.programs import is_test
from workshop.judge.steps import targets
from workshop.runner.pool import CORES, Pool
from workshop.runner.worker import Case

ROOT = Path(__file__).resolve().parent.parent.parent
EQUIVALENT = Path(__file__).with_name("equivalent.toml")
LEAST_LIMIT = 2.0
TIMES = 10
"""A test may take so many times as long as it takes on the solution, and the least limit more."""
PROGRESS = 10.0
"""Seconds between two lines of progress."""
AGAIN = 2
"""How often a survivor that is in the list and was caught is tried again, before that is believed."""


@dataclass(frozen=True)
class Mutant:
    """A changed file of a stage. ``step`` is the step that it was written for, None in what is given; ``shown`` is its place
    in the repository."""

    stage: Stage
    file: str
    step: int | None
    change: Change
    shown: str
    text: str

    @property
    def name(self) -> str:
        """Its name, which does not depend on lines."""
        return f"{self.stage.name}/{self.file}:{self.change.name}"


def code_files(stage: Stage) -> list[str]:
    """The files of code that are judged: those that learners write, those that the stage's own mutants change."""
    edited = [name for name in stage.edit if name.endswith(".py")]
    mine = [name for name in edited if not (stage.judged and is_test(name))]
    return list(dict.fromkeys([*mine, *sorted({mutant.file for mutant in stage.mutants})]))


def given_files(stage: Stage) -> list[str]:
    """The other files that the judged ones import. What only tests import is a part of the tests."""
    found = code_files(stage)
    for name in found:
        path = stage.answers / name if name in stage.edit else stage.folder / name
        for module in _imported(path):
            if (stage.folder / module).exists() and module not in found:
                found.append(module)
    return [name for name in found if name not in code_files(stage)]


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            yield f"{node.module}.py"
            yield from (f"{alias.name}.py" for alias in node.names if not node.module)


def mutants(stage: Stage, name: str, given: bool) -> list[Mutant]:
    """All mutants of a file, of what learners write there or of the rest."""
    edited = name in stage.edit
    path = stage.answers / name if edited else stage.folder / name
    text = path.read_text("utf-8")
    # For each line of the text without markers: its place in the file, and the step that it is written for.
    lines: list[tuple[int, int | None]] = [(0, None)]
    step: int | None = None
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        if begin := BEGIN.fullmatch(line):
            step = int(begin[2])
        elif END.fullmatch(line):
            step = None
        elif not MARKER.match(line):
            lines.append((number, step))
    plain = render(text, ALL_STEPS).encode() if edited else text.encode()
    # What a judged stage gives, and its mutants change, is what its tests are for.
    judged = not edited and name in code_files(stage)
    found = []
    for change in changes(plain):
        number, step = lines[change.line]
        if (step is None and not judged) == given:
            shown = f"{path.relative_to(stage.root).as_posix()}:{number}"
            made = change.made(plain).decode()
            found.append(Mutant(stage, name, step, change, shown, made))
    return found


def equivalents(path: Path) -> dict[str, str]:
    """By name of a survivor that no test can catch: the reason."""
    found: dict[str, str] = {}
    for entry in read(path).get("equivalent", []) if path.exists() else ():
        for name in entry["survivors"]:
            if name in found:
                raise CourseError(f"{path.name} has it twice: {name}")
            found[name] = entry["reason"]
    return found


class Trying:
    """Runs a stage's tests on mutants. The tests are known, and must pass, before any mutant is tried."""

    def __init__(self, stage: Stage, pool: Pool) -> None:
        self.stage, self.pool = stage, pool
        self.answer = answer(stage)
        case = Case("solution", self.answer, tuple(targets(stage)), stop=False)
        ((_, result),) = pool.run([case])
        if not result.passed:
            failed = [test.target for test in result.tests if test.status == "failed"]
            raise CourseError(f"{stage.name}: its own solution fails: {result.trouble} {failed}")
        quick = sorted(result.tests, key=lambda test: test.seconds)
        self.tests = tuple(test.target for test in quick)
        self.limit = LEAST_LIMIT + TIMES * max(test.seconds for test in result.tests)

    def _case(self, mutant: Mutant) -> Case:
        first: tuple[str, ...] = ()
        if mutant.step is not None and not self.stage.judged:
            own = f"{self.stage.step(str(mutant.step)).target(self.stage.name)}."
            first = tuple(test for test in self.tests if test.startswith(own))
        rest = tuple(test for test in self.tests if test not in first)
        code: Overlay = {**self.answer, mutant.file: mutant.text}
        limits = dict.fromkeys(self.tests, self.limit)
        return Case(mutant.name, code, first + rest, limits=limits)

    def survivors(self, tried: Iterable[Mutant]) -> Iterator[tuple[Mutant, bool]]:
        """For each mutant, whether it survives."""
        tried = list(tried)
        begun = said = time.monotonic()
        results = self.pool.run(map(self._case, tried))
        for done, (mutant, (_, result)) in enumerate(zip(tried, results, strict=True), 1):
            now = time.monotonic()
            if now - said > PROGRESS or done == len(tried):
                said = now
                text = f"{self.stage.name}: {done} of {len(tried)} mutants, {now - begun:.0f} s"
                print(text, file=sys.stderr, flush=True)
            yield mutant, result.passed


def stale(
    known: Mapping[str, str], caught: Iterable[Mutant], trying: Trying
) -> Iterator[tuple[str, str]]:
    """Of mutants that were caught, those that the list says cannot be: caught again, though nothing disturbs."""
    listed = [mutant for mutant in caught if mutant.name in known]
    for _ in range(AGAIN if listed else 0):
        listed = [mutant for mutant, survives in trying.survivors(listed) if not survives]
    for mutant in listed:
        yield mutant.name, "is caught now"


def look(
    stage: Stage,
    options: argparse.Namespace,
    known: Mapping[str, str],
) -> bool:
    """Try a stage's mutants, and print. Whether all is as the list says."""
    files = code_files(stage) + (given_files(stage) if options.given else [])
    every = [m for name in files for given in (False, True) for m in mutants(stage, name, given)]
    names = {mutant.name for mutant in every}
    asked = [
        mutant
        for name in files
        if options.file in (None, name)
        for mutant in mutants(stage, name, options.given)
        if all(text in mutant.name for text in options.match)
    ]
    if options.list:
        for mutant in asked:
            print(f"{mutant.name}   ({mutant.shown})")
        print(f"{stage.name}: {len(asked)} mutants")
        return True
    wrong = [
        (name, "is no change any more")
        for name in known
        if name.split(":")[0] in {f"{stage.name}/{file}" for file in files} and name not in names
    ]
    survived: list[Mutant] = []
    caught: list[Mutant] = []
    with Pool(stage, workers=options.jobs or CORES) as pool:
        trying = Trying(stage, pool)
        for mutant, survives in trying.survivors(asked):
            (survived if survives else caught).append(mutant)
            if survives and mutant.name not in known:
                print(f"{mutant.name}   ({mutant.shown})", flush=True)
        wrong += stale(known, caught, trying)
    for name, why in wrong:
        print(f"{EQUIVALENT.name}: {why}: {name}")
    new = [mutant for mutant in survived if mutant.name not in known]
    print(
        f"{stage.name}: of {len(asked)} mutants of what "
        f"{'is given' if options.given else 'learners write'}, {len(survived)} survive, "
        f"{len(new)} of them unexplained",
        flush=True,
    )
    return not new and not wrong


def main(argv: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="What do the tests let through?")
    parser.add_argument("stages", nargs="*", metavar="STAGE", help="all, if not given")
    parser.add_argument("--file", help="only this file of the stage")
    parser.add_argument("--given", action="store_true", help="what the learners do not write")
    parser.add_argument("--match", action="append", default=[], help="only names with this text")
    parser.add_argument("--list", action="store_true", help="only name the mutants")
    parser.add_argument("--jobs", type=int, help="runs at a time; as many as cores if not given")
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    parser.add_argument("--equivalent", type=Path, default=EQUIVALENT, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    try:
        course = load(options.root)
        stages = [course.stage(name) for name in options.stages] or course.stages
        known = equivalents(options.equivalent)
        good = [look(stage, options, known) for stage in stages]
    except CourseError as error:
        print(error, file=sys.stderr)
        return 2
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
