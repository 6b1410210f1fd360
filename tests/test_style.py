"""Types, format and the size of files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from workshop.course import Stage, load
from workshop.layout import lay
from workshop.markers import answer

ROOT = Path(__file__).resolve().parent.parent
LONGEST = 450


def check(*words: str, cwd: Path = ROOT) -> None:
    """Run a checker; fail with what it says."""
    done = subprocess.run([sys.executable, "-m", *words], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_types_of_the_tool(tmp_path: Path) -> None:
    """The tool passes mypy --strict."""
    check("mypy", "--strict", "--cache-dir", str(tmp_path), "workshop")


@pytest.mark.parametrize("stage", load(ROOT).stages, ids=lambda stage: stage.name)
def test_types_of_the_solutions(stage: Stage, tmp_path: Path) -> None:
    """The solved files pass mypy --strict, as a learner has them."""
    lay(stage, tmp_path / "x", answer(stage))
    config = ["--config-file", str(ROOT / "pyproject.toml"), "--cache-dir", str(tmp_path / "cache")]
    for name in (one for one in stage.edit if one.endswith(".py")):
        # trial's own assertions have no types.
        loose = ["--allow-untyped-calls"] if name.startswith("test_") else []
        check("mypy", *config, *loose, f"exercises/{stage.name}/{name}", cwd=tmp_path / "x")


def test_format() -> None:
    """All code is as ruff formats it, a learner's own files apart."""
    theirs = [
        f"exercises/{stage.name}/{name}" for stage in load(ROOT).stages for name in stage.edit
    ]
    leave = [word for name in theirs for word in ("--exclude", name)]
    check("ruff", "format", "--check", "--no-cache", *leave, ".")
    check("ruff", "check", "--no-cache", *leave, ".")


@pytest.mark.parametrize("folder", ["workshop", "solutions", "exercises", "tests", "slides"])
def test_no_file_is_too_long(folder: str) -> None:
    """A file of code is one concept: past some 450 lines there are two."""
    long = {
        str(path.relative_to(ROOT)): count
        for path in (ROOT / folder).rglob("*.py")
        if (count := len(path.read_text("utf-8").splitlines())) > LONGEST
    }
    assert long == {}
