"""Types, format and the size of files, and what exercises import."""

from __future__ import annotations

import ast
import functools
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from workshop.course import load
from workshop.course.solutions import answer
from workshop.runner.layout import lay

ROOT = Path(__file__).resolve().parent.parent
LONGEST = 450
Mypy = Callable[..., None]


def check(*words: str, cwd: Path = ROOT) -> None:
    """Run a checker; fail with what it says."""
    done = subprocess.run([sys.executable, "-m", *words], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def mypy(tmp_path_factory: pytest.TempPathFactory) -> Mypy:
    """Runs mypy --strict. What it finds out about Twisted is kept for the next run: the tests are one worker's."""
    cache = str(tmp_path_factory.mktemp("mypy"))
    config = ["--config-file", str(ROOT / "pyproject.toml"), "--cache-dir", cache]
    return functools.partial(check, "mypy", *config)


def test_types_of_the_tool(mypy: Mypy) -> None:
    """The tool passes mypy --strict."""
    mypy("workshop")


def test_types_of_txtidy(mypy: Mypy) -> None:
    """The package passes mypy --strict."""
    mypy("txtidy/src/txtidy")


def test_types_of_the_solutions(mypy: Mypy, tmp_path: Path) -> None:
    """The solved files pass mypy --strict, as a learner has them: all in one run, since each run reads Twisted."""
    code, tests = [], []
    for stage in load(ROOT).stages:
        lay(stage, tmp_path / stage.name, answer(stage))
        # Not another stage that it imports, which is there unsolved.
        here, there = tmp_path / stage.name / "exercises", tmp_path / "x" / "exercises"
        shutil.copytree(here / stage.name, there / stage.name)
        for path in here.glob("*.py"):
            shutil.copy(path, there)
        for name in stage.edit:
            if name.endswith(".py"):
                (tests if name.startswith("test_") else code).append(
                    f"exercises/{stage.name}/{name}"
                )
    # trial's own assertions have no types.
    for options, names in (
        ([], code),
        (["--allow-untyped-calls", "--follow-imports=silent"], tests),
    ):
        mypy(*options, *names, cwd=tmp_path / "x")


def test_format() -> None:
    """All code is as ruff formats it, a learner's own files apart."""
    theirs = [
        f"exercises/{stage.name}/{name}" for stage in load(ROOT).stages for name in stage.edit
    ]
    leave = [word for name in theirs for word in ("--exclude", name)]
    check("ruff", "format", "--check", "--no-cache", *leave, ".")
    check("ruff", "check", "--no-cache", *leave, ".")


@pytest.mark.parametrize(
    "folder", ["workshop", "solutions", "exercises", "tests", "slides", "txtidy"]
)
def test_no_file_is_too_long(folder: str) -> None:
    """A file of code is one concept: past some 450 lines there are two."""
    long = {
        str(path.relative_to(ROOT)): count
        for path in (ROOT / folder).rglob("*.py")
        if (count := len(path.read_text("utf-8").splitlines())) > LONGEST
    }
    assert long == {}


# The last two are what Twisted's TLS is made of.
OTHERS = {*sys.stdlib_module_names, "twisted", "zope", "OpenSSL", "cryptography"}


SHARED = ("..wire", "..yours", "..page")


def foreign(text: str) -> list[str]:
    """What a stage's file imports that is neither Python's, nor Twisted's, nor the stage's own, nor shared by stages."""
    found: list[str] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level != 1:
            found.append("." * node.level + (node.module or ""))
    return [name for name in found if name.partition(".")[0] not in OTHERS and name not in SHARED]


@pytest.mark.parametrize(
    "text", ["import workshop.run", "from workshop import run", "from ..stage1_trial import x"]
)
def test_a_foreign_import_would_be_seen(text: str) -> None:
    """Wherever in a file it is."""
    assert foreign("import os\nfrom ..wire import ADDRESS\nfrom .lines import Side\n") == []
    assert len(foreign(f"def run():\n    {text}\n")) == 1


def test_exercises_import_nothing_of_the_tool() -> None:
    """What a learner reads and runs needs Python and Twisted, and nothing of the tool or of another stage."""
    course = load(ROOT)
    files = {course.root / "exercises" / f"{name.strip('.')}.py" for name in SHARED}
    for stage in course.stages:
        given = {path for path in stage.folder.rglob("*.py") if path.name[0] != "."}
        solved = {stage.answers / name for name in stage.edit if name.endswith(".py")}
        files |= given - {stage.folder / name for name in stage.edit} | solved
    found = {str(path): foreign(path.read_text("utf-8")) for path in sorted(files)}
    assert {path: names for path, names in found.items() if names} == {}
