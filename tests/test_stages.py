"""The three checks for every step of every stage, and what else a stage's files must be.

A starter fails each step for the reason that its text gives; the solution passes it; every mutant that names it fails there.
The starters are made from the solutions, so that a learner's own work in exercises/ does not matter.
"""

from __future__ import annotations

import functools
import os
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from driving import SOURCE
from reach import reach, text_of

from workshop.course import Course, Mutant, Stage, Step, load
from workshop.course.files import fingerprint, fingerprints, made_fingerprints
from workshop.course.solutions import ALL_STEPS, BEGIN, Overlay, answer, mutated, render
from workshop.judge.steps import StepResult, Verdict, by_step, targets
from workshop.report.explain import main_problem, words
from workshop.runner.pool import Pool
from workshop.runner.result import Result
from workshop.runner.worker import Case

ROOT = Path(__file__).resolve().parent.parent
COURSES = {"course": load(ROOT), "mini": load(ROOT / "tests" / "mini")}
# Those whose tests the learner writes have a module of their own: test_judged_stages.py.
STAGES = [
    (name, stage) for name, course in COURSES.items() for stage in course.stages if not stage.judged
]
STEPS = [(name, stage, step) for name, stage in STAGES for step in stage.steps if not step.given]
MUTANTS = [(name, stage, mutant) for name, stage in STAGES for mutant in stage.mutants]

# What a starter or a mutant may never fail with: it would say nothing about the step.
BESIDE_THE_POINT = {
    "AttributeError",
    "ImportError",
    "IndentationError",
    "ModuleNotFoundError",
    "NameError",
    "SyntaxError",
    "TypeError",
    "UnboundLocalError",
}

each_course = pytest.mark.parametrize("course", COURSES.values(), ids=COURSES)
each_stage = pytest.mark.parametrize(
    "stage", [stage for _, stage in STAGES], ids=[s.name for _, s in STAGES]
)
each_step = pytest.mark.parametrize(
    ("stage", "step"),
    [(stage, step) for _, stage, step in STEPS],
    ids=[f"{stage.name}-{step.cls}" for _, stage, step in STEPS],
)
each_mutant = pytest.mark.parametrize(
    ("stage", "mutant"),
    [(stage, mutant) for _, stage, mutant in MUTANTS],
    ids=[f"{stage.name}-{mutant.name}" for _, stage, mutant in MUTANTS],
)


def read_by(stage: Stage, files: Overlay, step: Step) -> list[str]:
    """What a step's tests depend on, of the files to edit."""
    found = reach(stage, files, step)
    return [text for file, names in found.items() for text in (file, text_of(files[file], names))]


def read_by_pair(files: Overlay, step: Step) -> list[str]:
    """What the test of a pair depends on: that pair; test_clinic.py shows it. Nothing, for any other step."""
    case = step.name.lower()
    pair = (f"{case}.py", f"test_{case}.py")
    return [files[file] for file in pair] if {*pair} <= {*files} else []


@functools.lru_cache
def ladder(root: Path, name: str) -> dict[int, Verdict]:
    """By number of steps solved, from none to all: the verdict on these and the next step; with none solved, on all.

    A test that reaches nothing new since a level before has run there. The solution runs whole, and in CI every level.
    """
    stage = load(root).stage(name)
    numbers = [0] + [step.number for step in stage.steps if not step.given]
    asked = {n: [step for step in stage.steps if n == 0 or step.number <= n + 1] for n in numbers}
    ran: dict[tuple[str, ...], int] = {}
    before: dict[int, list[tuple[int, str]]] = {n: [] for n in numbers}
    cases = []
    for n in numbers:
        whole = n == numbers[-1] or bool(os.environ.get("CI"))
        files, words = answer(stage, n), []
        for step in asked[n]:
            [target], new = targets(stage, [step]), []
            all_, pair = read_by(stage, files, step), read_by_pair(files, step)
            for test in step.tests:
                reads = pair if pair and test.name == "test_pair" else all_
                if (first := ran.setdefault((step.cls, test.name, *reads), n)) == n or whole:
                    new.append(f"{target}.{test.name}")
                else:
                    before[n].append((first, f"{target}.{test.name}"))
            words += [target] if len(new) == len(step.tests) else new
        cases.append(Case(str(n), files, tuple(words), stop=False))
    with Pool(stage) as pool:
        results = dict(zip(numbers, (result for _, result in pool.run(cases)), strict=True))
    for n in numbers:
        old = [t for first, one in before[n] for t in results[first].tests if t.target == one]
        assert len(old) == len(before[n])
        results[n] = replace(results[n], tests=(*results[n].tests, *old))
    return {n: by_step(stage, results[n], asked[n]) for n in numbers}


def without_part(text: str, part: int) -> str:
    """A solved file's text with all parts written but this one, counted from 0."""
    begin = [*BEGIN.finditer(text)][part]
    late = f"{text[: begin.start(2)]}{ALL_STEPS + 1}{text[begin.end(2) :]}"
    return render(late, ALL_STEPS)


@functools.lru_cache
def parts(root: Path, name: str) -> dict[str, Result]:
    """By place of a part of a step of several parts: the step's tests, up to the first that fails, without this part."""
    stage = load(root).stage(name)
    solved = {file: (stage.answers / file).read_text("utf-8") for file in stage.edit}
    marks = [(file, n, m) for file in solved for n, m in enumerate(BEGIN.finditer(solved[file]))]
    count = Counter(int(mark[2]) for _, _, mark in marks)
    cases = []
    for file, n, mark in marks:
        if count[int(mark[2])] > 1:
            line = solved[file][: mark.start()].count("\n") + 1
            files = {**answer(stage), file: without_part(solved[file], n)}
            step = stage.step(mark[2])
            tests = tuple(f"{step.target(stage.name)}.{test.name}" for test in step.tests)
            cases.append(Case(f"{file}, line {line}: step {step.number}, {mark[3]}", files, tests))
    with Pool(stage) as pool:
        return {case.name: result for case, result in pool.run(cases)}


@functools.lru_cache
def mutants(root: Path, name: str) -> dict[str, Result]:
    """By name of the mutant: its run of the tests of its step, the quickest first, up to the first that fails."""
    stage = load(root).stage(name)
    _, solved = max(ladder(root, name).items())
    seconds = {test.target: test.seconds for test in solved.result.tests}
    cases = []
    for mutant in stage.mutants:
        step = stage.step(str(mutant.step))
        tests = [f"{step.target(stage.name)}.{test.name}" for test in step.tests]
        tests.sort(key=lambda name: seconds[name])
        cases.append(Case(mutant.name, mutated(stage, mutant), tuple(tests)))
    with Pool(stage) as pool:
        return {case.name: result for case, result in pool.run(cases)}


def reached(verdict: Verdict, step: Step) -> StepResult:
    """How the step went."""
    return next(one for one in verdict.steps if one.step == step)


def reasons(step: StepResult) -> list[str]:
    """For each failed test, the kind of what is shown to the learner. What an earlier test left behind is not its reason."""
    shown = [main_problem(test.problems) for test in step.failed]
    return [problem.exception for problem in shown if problem.how != "earlier"]


@each_step
def test_starter_fails_for_its_reason(stage: Stage, step: Step) -> None:
    """With all the steps before it solved, a step fails, and says that it is this step which is not written."""
    before = max([0] + [s.number for s in stage.steps if s.number < step.number])
    verdict = ladder(stage.root, stage.name)[before]
    assert verdict.result.trouble is None
    here = reached(verdict, step)
    assert here.status == "fails", f"{step.cls} passes before it is written"
    assert not set(reasons(here)) & BESIDE_THE_POINT, [
        words(main_problem(t.problems)) for t in here.failed
    ]
    said = [words(main_problem(test.problems)) for test in here.failed]
    own = [text for text in said if text.startswith(f"Not written yet. Step {step.number}:")]
    asserted = [reason for reason in reasons(here) if reason == "FailTest"]
    assert own or asserted, f"no failure of {step.cls} says what is missing: {said}"


@each_stage
def test_each_part_is_demanded(stage: Stage) -> None:
    """If a step has several parts to write, and one is not written, the step fails."""
    spare = [place for place, result in parts(stage.root, stage.name).items() if result.passed]
    assert not spare, f"the step passes without: {spare}"


@each_step
def test_steps_before_pass_without_it(stage: Stage, step: Step) -> None:
    """No step needs what only a later one writes."""
    verdict = ladder(stage.root, stage.name)[step.number]
    late = [
        s.step.cls
        for s in verdict.steps
        if s.step and s.step.number <= step.number and s.status != "passes"
    ]
    assert not late, f"with the steps up to {step.number} solved, these do not pass: {late}"


@each_step
def test_untouched_starter_fails(stage: Stage, step: Step) -> None:
    """As it is cloned, a stage fails at each step, never with what says nothing about a step."""
    here = reached(ladder(stage.root, stage.name)[0], step)
    assert here.status == "fails"
    assert not set(reasons(here)) & BESIDE_THE_POINT, [
        words(main_problem(t.problems)) for t in here.failed
    ]


@each_stage
def test_solution_passes(stage: Stage) -> None:
    """The solution passes every step."""
    verdict = ladder(stage.root, stage.name)[max(ladder(stage.root, stage.name))]
    assert verdict.passed, [(s.step and s.step.cls, s.status, s.failed) for s in verdict.steps]


@each_stage
def test_checks_pass_from_the_beginning(stage: Stage) -> None:
    """A Check… class proves the machine, not the learner: it passes on the untouched starter."""
    given = [s for s in ladder(stage.root, stage.name)[0].steps if s.step and s.step.given]
    assert all(check.status == "passes" for check in given), given


@each_mutant
def test_mutant_is_caught(stage: Stage, mutant: Mutant) -> None:
    """The step that a mutant names fails on it, by a test's own doing."""
    result = mutants(stage.root, stage.name)[mutant.name]
    assert result.trouble is None, result.trouble
    failed = [test for test in result.tests if test.status == "failed"]
    assert failed, f"step {mutant.step} lets it through: {mutant.bug}"
    kinds = {problem.exception for test in failed for problem in test.problems}
    assert not kinds & {"ImportError", "SyntaxError", "IndentationError", "NameError"}, kinds


@each_mutant
def test_mutant_is_described(stage: Stage, mutant: Mutant) -> None:
    """A mutant says, as a sentence, what a user would notice, and where the mistake is known from."""
    assert re.fullmatch(r"[A-Z].*\.", mutant.bug)
    for source in mutant.source.split(", "):
        assert SOURCE.fullmatch(source), source


@each_stage
def test_mutants_are_distinct(stage: Stage) -> None:
    """Names and edits do not repeat."""
    for key in (
        [m.name for m in stage.mutants],
        [(m.file, m.find, m.replace) for m in stage.mutants],
    ):
        assert [one for one, count in Counter(key).items() if count > 1] == []


@each_stage
def test_steps_are_in_order(stage: Stage) -> None:
    """Steps are numbered without a gap, in trial's own order: modules by name, then classes by name."""
    numbers = [step.number for step in stage.steps]
    first = 0 if stage.steps[0].given else 1
    assert numbers == list(range(first, first + len(numbers)))
    assert [s.cls for s in stage.steps] == [
        s.cls for s in sorted(stage.steps, key=lambda s: (s.module, s.cls))
    ]


@each_stage
def test_steps_are_marked(stage: Stage) -> None:
    """Each step has something to write, and nothing is to be written for a step that is not there."""
    texts = [(stage.answers / name).read_text("utf-8") for name in stage.edit]
    marked = {int(match[2]) for text in texts for match in BEGIN.finditer(text)}
    assert marked == {step.number for step in stage.steps if not step.given}


@each_step
def test_step_is_worded(stage: Stage, step: Step) -> None:
    """A step has a title that fits a line, and each of its tests states its requirement."""
    assert re.fullmatch(r".{5,70}\.", step.title), step.title
    for test in step.tests:
        assert test.requirement.endswith("."), f"{step.cls}.{test.name}: {test.requirement}"
        assert test.requirement != test.name


@each_step
def test_step_has_hints(stage: Stage, step: Step) -> None:
    """Each step has a question, a pointer and the code's shape, none of them empty."""
    tiers = stage.hints[step.number]
    assert len(tiers) == 3
    assert all(tiers)
    assert "```python" in tiers[2]


@pytest.mark.parametrize(
    "stage", [s for name, s in STAGES if name == "course"], ids=lambda stage: stage.name
)
def test_readme_has_every_step(stage: Stage) -> None:
    """The stage's README has a section for each step."""
    text = (stage.folder / "README.md").read_text("utf-8")
    numbers = [int(n) for n in re.findall(r"^## Step (\d+)\b", text, re.M)]
    assert numbers == [step.number for step in stage.steps if not step.given]


@each_course
def test_fingerprints_are_current(course: Course) -> None:
    """solutions/provided.sha256 is what the solutions and the provided files give.

    If this fails after a change of yours to the course: python3 -m workshop dev starters --write.
    """
    mine = {f"exercises/{s.name}/{name}" for s in course.stages for name in s.edit}
    kept = fingerprints(course)
    made = dict(line.split("  ", 1)[::-1] for line in made_fingerprints(course).splitlines())
    ours = {name: made.get(name) for name in kept}
    assert ours == kept
    if os.environ.get("CI"):
        assert made == kept, "a file was added that the fingerprints do not have"
    assert mine <= set(kept)


@each_course
def test_starters_are_current(course: Course) -> None:
    """The starters in exercises/ are those that the solutions give; a learner's work there is left alone.

    If this fails after a change of yours to the course: python3 -m workshop dev starters --write.
    """
    kept = fingerprints(course)
    changed = [
        f"exercises/{stage.name}/{name}"
        for stage in course.stages
        for name in stage.edit
        if fingerprint((stage.folder / name).read_bytes()) != kept[f"exercises/{stage.name}/{name}"]
    ]
    if changed and not os.environ.get("CI"):
        pytest.skip(f"a learner's work is not judged: {', '.join(changed)}")
    assert not changed
