"""What the files of a stage must be whose tests the learner writes: its reference, its right answers, its mutants."""

from __future__ import annotations

import functools
import re
import shutil
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from driving import SOURCE

from workshop.course import Kind, Mutant, Stage, load
from workshop.course.solutions import BEGIN, answer, with_bug
from workshop.judge.findings import Assessment
from workshop.judge.learner import own_modules
from workshop.judge.programs import right_answers
from workshop.judge.suite import assess
from workshop.runner.pool import Pool
from workshop.runner.result import Result
from workshop.runner.worker import Case

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests"
ROOTS = {"course": ROOT, "judged": TESTS / "judged"}
STAGES = [stage for root in ROOTS.values() for stage in load(root).stages if stage.judged]
NAMES = [stage.name for stage in STAGES]

# What the course promises of its own stages: right answers, and mutants, at the least.
PROMISED = {
    "stage1_trial": (2, 12),
    "stage5_transform": (2, 14),
    "stage6_client": (2, 24),
    "stage7_everywhere": (2, 16),
}
each_stage = pytest.mark.parametrize("stage", STAGES, ids=NAMES)
each_kind = pytest.mark.parametrize(
    ("stage", "kind"),
    [(stage, kind) for stage in STAGES for kind in stage.kinds],
    ids=[f"{stage.name}-{kind.number}" for stage in STAGES for kind in stage.kinds],
)
each_mutant = pytest.mark.parametrize(
    ("stage", "mutant"),
    [(stage, mutant) for stage in STAGES for mutant in stage.mutants],
    ids=[f"{stage.name}-{mutant.name}" for stage in STAGES for mutant in stage.mutants],
)


@functools.lru_cache
def judged(root: Path, name: str, solved: bool = True) -> Assessment:
    """The verdict on the reference's tests, or on the starter's."""
    with tempfile.TemporaryDirectory() as folder:
        stage = copied(root, name, Path(folder) / "course")
        for file, text in answer(stage, 10**6 if solved else 0).items():
            (stage.folder / file).write_text(text, "utf-8")
        found = assess(stage)
    # Its files are gone by now: what is asked of the stage is asked of the one that stays.
    return replace(found, stage=load(root).stage(name))


def copied(root: Path, name: str, place: Path) -> Stage:
    """A copy of the stage, for files to be put in place there."""
    for part in ("exercises", "solutions"):
        shutil.copytree(root / part, place / part, ignore=shutil.ignore_patterns("__pycache__"))
    return load(place).stage(name)


@functools.lru_cache
def on_mutants(root: Path, name: str) -> dict[str, Result]:
    """By name of the mutant: the reference's tests that meet it, the quickest first, up to the first that fails."""
    seconds = {test.target: test.seconds for test in judged(root, name).own}
    with tempfile.TemporaryDirectory() as folder:
        stage = copied(root, name, Path(folder) / "course")
        for file, text in answer(stage).items():
            (stage.folder / file).write_text(text, "utf-8")
        code = next(iter(right_answers(stage).values()))
        with Pool(stage) as pool:
            load = Case("load", {}, own_modules(stage), load=True)
            tests = sorted(next(pool.run([load]))[1].loaded, key=lambda name: seconds.get(name, 0))
            cases = [
                Case(
                    m.name,
                    with_bug(code, m),
                    targets,
                    limits=dict.fromkeys(targets, 3.0),
                )
                for m in stage.mutants
                if (targets := tuple(filter(m.meets, tests)))
            ]
            return {case.name: result for case, result in pool.run(cases)}


@each_stage
def test_reference_catches_all(stage: Stage) -> None:
    """The reference's own tests pass in every part of the verdict."""
    found = judged(stage.root, stage.name)
    assert found.passed, found
    assert found.caught == len(found.mutants) >= len(stage.mutants) / 2


@each_stage
def test_starter_does_not_pass(stage: Stage) -> None:
    """As it is cloned, a stage is not done, and its kinds say so, not a trouble."""
    found = judged(stage.root, stage.name, False)
    assert not found.passed
    assert found.trouble is None
    assert found.survived == stage.kinds


@each_mutant
def test_mutant_runs(stage: Stage, mutant: Mutant) -> None:
    """A mutant is a program that can be imported, and is caught by a test that fails, or that does not end."""
    result = on_mutants(stage.root, stage.name).get(mutant.name)
    if result is None:
        pytest.skip(f"this platform has no {' '.join(mutant.on)}")
    kinds = {
        problem.exception
        for test in result.tests
        if test.status == "failed"
        for problem in test.problems
    }
    assert kinds or result.trouble, f"no test of the reference fails: {mutant.bug}"
    assert not kinds & {"ImportError", "SyntaxError", "IndentationError", "NameError"}, kinds


@each_mutant
def test_mutant_is_described(stage: Stage, mutant: Mutant) -> None:
    """A mutant says, as a sentence, what a user would notice, and where the mistake is known from."""
    assert re.fullmatch(r"[A-Z].*\.", mutant.bug)
    for source in mutant.source.split(", "):
        assert SOURCE.fullmatch(source), source
    assert mutant.step in {kind.number for kind in stage.kinds}


@each_stage
def test_mutants_are_distinct(stage: Stage) -> None:
    """Names and edits do not repeat; each kind has a mutant, and none has many."""
    for key in (
        [m.name for m in stage.mutants],
        [(m.file, m.find, m.replace) for m in stage.mutants],
    ):
        assert [one for one, count in Counter(key).items() if count > 1] == []
    count = Counter(mutant.step for mutant in stage.mutants)
    assert all(1 <= count[kind.number] <= 7 for kind in stage.kinds), count


@each_kind
def test_kind_is_worded(stage: Stage, kind: Kind) -> None:
    """A kind has a sentence for a title, a scene, and a hint in three tiers."""
    assert re.fullmatch(r".{5,100}\.", kind.title), kind.title
    assert len(kind.scene.split()) >= 8
    assert kind.scene.endswith(".")
    assert "```python" in stage.hints[kind.number][2]
    for words in kind.words:
        re.compile(words)


@each_stage
def test_kinds_are_numbered(stage: Stage) -> None:
    """Kinds count from 1, and what is to be written belongs to one of them."""
    numbers = [kind.number for kind in stage.kinds]
    assert numbers == list(range(1, len(numbers) + 1))
    texts = [(stage.answers / name).read_text("utf-8") for name in stage.edit]
    marked = {int(match[2]) for text in texts for match in BEGIN.finditer(text)}
    assert marked <= set(numbers), marked - set(numbers)


@pytest.mark.parametrize("name", sorted(set(PROMISED) & set(NAMES)))
def test_enough_to_judge_by(name: str) -> None:
    """As many right answers and mutants as the course promises."""
    stage = load(ROOT).stage(name)
    answers, mutants = PROMISED[name]
    assert len(right_answers(stage)) >= answers
    assert len(stage.mutants) >= mutants
