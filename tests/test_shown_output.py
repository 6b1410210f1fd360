"""What a README shows of trial's output is what trial prints."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from workshop.course import load
from workshop.course.solutions import answer, mutated
from workshop.runner.layout import lay

ROOT = Path(__file__).resolve().parent.parent
STAGE = load(ROOT).stage("stage0_setup")
README = (STAGE.folder / "README.md").read_text("utf-8")
STEP = "exercises.stage0_setup.test_setup.Step01Line"


def normal(text: str) -> list[str]:
    """The lines, without what differs from one run, machine or edit of the tests to the next."""
    text = re.sub(r'File ".*?(exercises.*?)"', r'File "\1"', text.replace("\\", "/"))
    text = re.sub(r"line \d+", "line N", text)
    return re.sub(r"in [\d.]+s", "in Ns", text).strip().splitlines()


def trial(place: Path, target: str) -> list[str]:
    """What plain trial prints."""
    command = [sys.executable, "-m", "twisted.trial", target]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, encoding="utf-8")
    return normal(done.stdout)


@pytest.mark.parametrize(
    ("ending", "mutant", "target"),
    [
        ("FAILED (failures=1)\n", "no_ending", f"{STEP}.test_text"),
        ("PASSED (successes=3)\n", None, STEP),
    ],
)
def test_stage0_shows_trial(tmp_path: Path, ending: str, mutant: str | None, target: str) -> None:
    """Each line of the red and of the green example is printed, in that order; "..." stands for lines left out."""
    wrong = next((one for one in STAGE.mutants if one.name == mutant), None)
    lay(STAGE, tmp_path / "course", mutated(STAGE, wrong) if wrong else answer(STAGE))
    shown = next(
        block for block in re.findall(r"```\n(.*?)```", README, re.S) if block.endswith(ending)
    )
    printed = iter(trial(tmp_path / "course", target))
    for line in normal(shown):
        if line.strip() != "...":
            assert any(line == other for other in printed), f"trial does not print: {line}"
