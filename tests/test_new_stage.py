"""A stage that is begun with `dev new`: red where something is left to write, green once it is written."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from driving import Learner

ROOT = Path(__file__).resolve().parent.parent
NAME = "stage10_shout"
LOOKED_AT = [
    *(f"tests/test_{name}.py" for name in ("class", "course", "docs", "guide", "mistakes")),
    *("tests/test_schedule.py::test_the_course", "tests/test_slides.py::test_every_deck_is_there"),
    "tests/test_notebooks.py::test_each_has_a_source_and_a_stage",
]
NOT_ABOUT_IT = "a_class_gets or a_class_can or plan or the_map or follows"
"""Tests that run other stages or the miniature course: a stage that is added changes nothing for them."""

WRITTEN = {
    "exercises/stage10_shout/README.md": [
        ("TODO: what is built here.", "A shout."),
        ("TODO: why, and which of the five difficulties it trains.", "Nobody hears it."),
        ("it takes TODO minutes", "it takes 6 to 8 minutes"),
        (
            "TODO: everything that the tests of this step demand.",
            "`shout` gives its bytes in capitals.",
        ),
    ],
    "exercises/stage10_shout/hints.md": [
        ("TODO: a question that leads to the thought.", "Which method of bytes?"),
        ("TODO: where to read.", "The library reference on bytes (P3)."),
        ("return ...  # TODO: the shape of the code", "return data...."),
    ],
    "exercises/stage10_shout/test_shout.py": [
        ("Step01Todo", "Step01Shout"),
        ("TODO: what to build, in at most 70 characters.", "What comes is given in capitals."),
        ("TODO: why, in a few lines.", "It is heard better."),
        ("test_todo", "test_capitals"),
        ("TODO: one sentence that states a requirement.", "Small letters become capitals."),
        ('b"TODO"', 'b"poem"'),
        ("b'TODO'", "b'poem'"),
        ('b""', 'b"POEM"'),
        ("b''", "b'POEM'"),
    ],
    "solutions/stage10_shout/shout.py": [
        ("TODO: what this module is for.", "A shout."),
        ("TODO: the contract of what the learner writes.", "The same in capitals."),
        ("TODO, what is missing, in a few words", "give capitals"),
        ("return data", "return data.upper()"),
    ],
    "solutions/stage10_shout/mutants.toml": [
        ('"todo"', '"as_it_came"'),
        ("TODO: what a user of such a program would notice.", "It is not heard."),
        ('"TODO"', '"P3"'),
        ("return data + data", "return data"),
        ('find = "return data"', 'find = "return data.upper()"'),
    ],
    "exercises/course.toml": [('"TODO"', '"6 to 8"')],
    "README.md": [("TODO | TODO: what you build", "6 to 8 | a shout")],
    "slides/README.md": [
        ("**Goal.** TODO", "**Goal.** Capitals."),
        ("| TODO | TODO |", "| 1: lower | upper |"),
    ],
}


@pytest.fixture
def copy(tmp_path: Path) -> Learner:
    """A copy of the repository, as git has it."""
    root, temp = tmp_path / "course", tmp_path / "temp"
    temp.mkdir()
    ignore = shutil.ignore_patterns(".*", "__pycache__", "_trial_temp*", "built")
    shutil.copytree(ROOT, root, ignore=ignore)
    for name in (".ci", ".binder", ".devcontainer", ".github", ".jupyterhub"):
        shutil.copytree(ROOT / name, root / name)
    shutil.copy(ROOT / ".pre-commit-config.yaml", root)
    return Elsewhere(root, temp)


class Elsewhere(Learner):
    """Commands are given from outside of the copy: it has no environment, and would make one."""

    def start(self, *words: str, **how: Any) -> subprocess.Popen[bytes]:
        return super().start(*words, **how, cwd=self.temp)


def run_tests(copy: Learner, *more: str) -> subprocess.CompletedProcess[str]:
    """Run the copy's own tests of how the course is written."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n",
        "0",
        "-p",
        "no:cacheprovider",
        *LOOKED_AT,
        "-k",
        f"{NAME} or not (test_stages or {NOT_ABOUT_IT})",
    ]
    environment = {**copy.environment(), "PYTHONPATH": str(copy.root)}
    return subprocess.run(
        [*command, *more], cwd=copy.root, env=environment, capture_output=True, text=True
    )


def test_a_stage_is_begun_and_written(copy: Learner) -> None:
    """Every place that `dev new` names is red by name; once these are written, and nothing else, all is green."""
    begun = copy.tool("dev", "new", NAME, "--title", "A shout", "--minutes", "10")
    assert begun.code == 0, begun.all
    places = re.findall(r"^TODO in (.+), line (\d+)$", begun.out, re.M)
    assert {path for path, _ in places} == set(WRITTEN)
    red = run_tests(copy)
    assert re.findall(r"^FAILED (\S+)", red.stdout, re.M) == [
        "tests/test_docs.py::test_nothing_is_left_to_write"
    ], red.stdout
    for path, number in places:
        assert f"{path}, line {number}" in red.stdout
    for path, edits in WRITTEN.items():
        text = copy.path(path).read_text()
        for old, new in edits:
            assert old in text, (path, old)
            text = text.replace(old, new)
        copy.write(text, path)
    for command in (("dev", "starters", "--write"), ("run", NAME)):
        outcome = copy.tool(*command)
        assert outcome.code == (command[0] == "run"), outcome.all
    assert "Not written yet. Step 1: give capitals" in outcome.out
    lists = [sys.executable, "tests/test_mistakes.py", "--write"]
    environment = {**copy.environment(), "PYTHONPATH": str(copy.root)}
    assert (
        subprocess.run(lists, cwd=copy.root, env=environment, capture_output=True).returncode == 0
    )
    green = run_tests(copy, "tests/test_stages.py")
    assert green.returncode == 0, green.stdout
    assert copy.tool("solution", NAME, "--apply").code == 0
    assert copy.tool("run", NAME).code == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("shout", "--title", "A", "--minutes", "10"), "write it as stage10_echo"),
        (
            ("stage2_shout", "--title", "A", "--minutes", "10"),
            "There is a stage 2. The next is stage3.",
        ),
        (("stage10_Shout", "--title", "A", "--minutes", "10"), "write it as stage10_echo"),
        (("stage10_shout", "--title", "A" * 41, "--minutes", "10"), "1 to 40 characters"),
        (("stage10_shout", "--title", 'A "shout"', "--minutes", "10"), "no quotation marks"),
        (("stage10_shout", "--title", "A", "--minutes", "0"), "5<=x<=90"),
        (("stage10_shout", "--minutes", "10"), "--title"),
    ],
)
def test_what_will_not_do(mini: Learner, words: tuple[str, ...], says: str) -> None:
    """A name or a title that will not do is reported, and nothing is written."""
    before = mini.files()
    outcome = mini.here("dev", "new", *words)
    assert outcome.code == 2
    assert says in " ".join(outcome.err.split())
    assert mini.files() == before
