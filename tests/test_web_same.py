"""The browser says what a machine says: for every step's starter, for the solution, and for each mutant.

Only CI runs all mutants. Elsewhere, a suite that is judged gets the first of each kind, and steps get none.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from driving import REPOSITORY
from test_http_browser import pytestmark  # noqa: F401
from web_engine import Engine, engine

from workshop.commands import invoke
from workshop.course import Stage, Step, load
from workshop.course.solutions import Overlay, answer, mutated
from workshop.judge.steps import by_step, targets
from workshop.report.steps import as_data
from workshop.runner.pool import Pool
from workshop.runner.worker import LIMIT, Case

COURSE = load(REPOSITORY)
BY_STEPS = [stage for stage in COURSE.stages if not stage.judged and stage.number not in "78"]
JUDGED = [stage for stage in COURSE.stages if stage.judged and stage.number not in "78"]
EVERY = bool(os.environ.get("CI"))
"""Whether mutants are run too, which takes minutes."""
Said = dict[str, str]
"""By its name, a test's status; or a step's, if it has no tests that ran."""


def first_mutants(stage: Stage) -> str:
    """mutants.toml with the first of each kind of mistake only, unless all are run."""
    head, *mutants = (stage.answers / "mutants.toml").read_text("utf-8").split("[[mutant]]\n")
    kinds = [re.findall(r"^step = (\d+)$", mutant, re.M) for mutant in mutants]
    assert all(len(kind) == 1 for kind in kinds) and len(mutants) == len(stage.mutants)
    chosen = [m for n, m in enumerate(mutants) if EVERY or kinds.index(kinds[n]) == n]
    return "[[mutant]]\n".join([head, *chosen])


MUTANTS = {f"solutions/{stage.name}/mutants.toml": first_mutants(stage) for stage in JUDGED}


@pytest.fixture(scope="module")
def course(web_folder: Path) -> Iterator[Engine]:
    """The engine with the course."""
    with engine(web_folder, MUTANTS) as made:
        yield made


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    """What runs cases of all stages here."""
    with Pool(*BY_STEPS) as pool:
        yield pool


def cases(stage: Stage) -> Iterator[tuple[str, Overlay, Step | None]]:
    """Yield what is run of a stage: a name, the learner's files, and the step (None: all)."""
    for step in stage.steps:
        if not step.given:
            yield f"starter of step {step.number}", answer(stage, step.number - 1), step
    yield "solution", answer(stage), None
    numbered = {step.number: step for step in stage.steps}
    for mutant in stage.mutants if EVERY else ():
        yield mutant.name, mutated(stage, mutant), numbered[mutant.step]


def plain(message: str) -> str:
    """A message without addresses of objects, and without errors that are logged when garbage is collected."""
    return re.sub(r"\b0x[0-9a-f]+\b", "0x", message).partition("\nAnd")[0]


def said(data: dict[str, Any], there: dict[str, Any]) -> Said:
    """What a run's data say of each test that ran in the browser, too; ``there``: the data of its run."""
    skipped = {
        test["name"]
        for step in there["steps"]
        for test in step["tests"]
        if test["status"] == "skipped"
    }
    found = {}
    for step in data["steps"]:
        found[step["name"]] = step["status"]
        tests = {test["name"]: test["status"] for test in step["tests"]}
        found |= {name: s for name, s in tests.items() if name not in skipped}
    return found


def first_failure(data: dict[str, Any]) -> tuple[str, str]:
    """The first test that fails in a run, and the message."""
    tests = [test for step in data["steps"] for test in step["tests"]]
    name = next((test["name"] for test in tests if test["status"] == "failed"), "")
    return name, plain(data["message"])


@pytest.mark.parametrize("stage", BY_STEPS, ids=lambda stage: stage.name)
def test_steps(course: Engine, pool: Pool, stage: Stage) -> None:
    """The same tests pass and fail; a starter's message is the same, word for word."""
    listed = list(cases(stage))
    runs = [
        Case(name, files, tuple(targets(stage, [step] if step else None)), stage=stage)
        for name, files, step in listed
    ]
    here = [
        as_data(by_step(stage, result, [step] if step else None), LIMIT)
        for (_, _, step), (_, result) in zip(listed, pool.run(runs), strict=True)
    ]
    wrong: list[tuple[object, ...]] = []
    for (name, files, step), expected in zip(listed, here, strict=True):
        facts = {"step": str(step.number)} if step else {}
        there = course.ask(
            "run", {stage.path(n): text for n, text in files.items()}, stage=stage.name, **facts
        )
        found = there["data"]
        mine, theirs = said(expected, found), said(found, found)
        if step and not name.startswith("starter"):
            # What fails here by tests that need a machine alone cannot fail there. By the others it fails, by one at least.
            failed = [test for test, status in mine.items() if status == "failed"]
            if failed and "failed" not in theirs.values():
                wrong.append((name, failed))
        elif mine != theirs:
            wrong.append(
                (name, {k: (v, theirs.get(k)) for k, v in mine.items() if theirs.get(k) != v})
            )
        elif name.startswith("starter"):
            first, there_first = first_failure(expected), first_failure(found)
            # Another test is the first if that one needs a machine. Other words than these may name objects of the reactor.
            own = first[1].startswith("Not written yet")
            if first[0] == there_first[0] and own and first != there_first:
                wrong.append((name, first, there_first))
    assert not wrong


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the course for a learner, with starters."""
    root = tmp_path_factory.mktemp("copy")
    for top in ("exercises", "solutions"):
        shutil.copytree(REPOSITORY / top, root / top, ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in MUTANTS.items():
        (root / name).write_text(text, "utf-8")
    return root


@pytest.mark.parametrize("solved", [False, True], ids=["starter", "solution"])
@pytest.mark.parametrize("stage", JUDGED, ids=lambda stage: stage.name)
def test_judged(
    course: Engine, copy: Path, stage: Stage, solved: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stage whose tests the learner writes has the same verdict, word for word."""
    # As in an environment that is active, and on a terminal of the usual width.
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    monkeypatch.setenv("COLUMNS", "80")
    files = answer(stage) if solved else answer(stage, 0)
    for name, text in files.items():
        (copy / stage.path(name)).write_text(text, "utf-8")
    words = io.StringIO()
    with contextlib.redirect_stdout(words):
        code = invoke(["--root", str(copy), "run", stage.name])
    there = course.ask("run", {stage.path(n): text for n, text in files.items()}, stage=stage.name)

    assert (there["exit"], there["text"]) == (code, words.getvalue())
    assert code == (0 if solved else 1)
