"""A stage whose number has a letter, such as 1b, and what a learner keeps when a stage is divided into two."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from driving import SOLVED, Learner, Terminal, posix

from workshop.course import load
from workshop.course.solutions import answer
from workshop.judge.steps import by_step, targets
from workshop.runner.pool import Pool
from workshop.runner.worker import Case

COURSE = load(Path(__file__).resolve().parent.parent)
NAME = "stage1b_count"


@pytest.fixture
def lettered(mini: Learner) -> Learner:
    """The miniature course, whose second stage is 1b."""
    for folder in ("exercises", "solutions"):
        mini.path(f"{folder}/stage2_count").rename(mini.path(f"{folder}/{NAME}"))
    for name in ("exercises/course.toml", "solutions/provided.sha256"):
        text = mini.path(name).read_text()
        assert "stage2_count" in text
        mini.path(name).write_text(text.replace("stage2_count", NAME))
    return mini


@pytest.mark.parametrize("name", ["1b", "1B", "stage1b", NAME, "count", f"exercises/{NAME}/"])
def test_by_any_name(lettered: Learner, name: str) -> None:
    """It is found by its number with the letter as well; the number alone is another stage."""
    course = load(lettered.root)
    assert course.stage(name).name == NAME
    assert course.stage("1").name == course.stage("stage1").name == "stage1_echo"
    assert course.stage(name).number == "1b"


def test_every_command(lettered: Learner) -> None:
    """Each command that names a stage takes the number with its letter, and the map shows the stage."""
    assert re.search(rf"{NAME} +A counter +0 of 1 steps pass", lettered.here().out)
    failed = lettered.here("run", "1b")
    assert failed.code == 1
    assert f"python3 -m workshop hint {NAME} 1" in failed.joined.replace("python -m", "python3 -m")
    assert "Question (1 of 3)" in lettered.here("hint", "1b", "1").out
    shown = lettered.here("solution", "1b")
    assert shown.code == 0 and f"reference: exercises/{NAME}/count.py" in shown.out, shown.all
    assert lettered.here("solution", "1b", "--upto", "1", "--apply").code == 0
    passed = lettered.here("run", "1b", "--json")
    assert (passed.code, json.loads(passed.out)["stage"]) == (0, NAME)
    assert re.search(rf"{NAME} +A counter +1 of 1 steps pass", lettered.here().out)
    # It is remembered: the map would say so of no other stage.
    assert list(lettered.path(".workshop/verdicts").glob(f"*{NAME}*"))
    assert lettered.here("reset", "1b").code == 0
    assert lettered.here("run", "1b").code == 1
    assert f"7 min  {NAME}: A counter" in lettered.here("schedule", "--track", "all").out


def test_no_such_letter(lettered: Learner) -> None:
    """A letter that there is not is answered with the stages that there are."""
    outcome = lettered.here("run", "1c")
    assert outcome.code == 2
    assert f'There is no stage "1c". Stages: stage1_echo, {NAME}.' in " ".join(outcome.err.split())


def test_the_next_one(lettered: Learner) -> None:
    """A stage that passes names the lettered one after it, with its lecture if it has one."""
    lettered.path("notebooks").mkdir()
    lettered.path(f"notebooks/{NAME}.ipynb").write_text("{}")
    lettered.write(SOLVED)
    out = lettered.here("run", "1").out
    assert re.search(r"\n  Next +python3? -m workshop lab 1b\n", out), out


@posix
def test_watch(lettered: Learner) -> None:
    """It can be watched."""
    with Terminal(lettered, "watch", "1b") as watch:
        watch.expect(rf"{NAME}, step 1:")
        watch.expect("q quit")
        watch.press("q")
        assert watch.end() == 0


@pytest.mark.parametrize(
    ("name", "after", "says"),
    [
        ("stage2_shout", NAME, ""),
        ("stage1c_shout", NAME, ""),
        ("stage1a_shout", "stage1_echo", ""),
        ("stage1b_shout", "", "There is a stage 1b. The next is stage2."),
        ("stage1_shout", "", "There is a stage 1. The next is stage2."),
        ("stage1bb_shout", "", "write it as stage10_echo"),
    ],
)
def test_a_new_stage(lettered: Learner, name: str, after: str, says: str) -> None:
    """A new stage may have a letter too; it comes after those with lesser numbers."""
    rows = "".join(f"| [{one}](x) | 5 | 5 | x |\n" for one in ("stage1_echo", NAME))
    lettered.path("README.md").write_text(rows)
    lettered.path("slides").mkdir(exist_ok=True)
    guide = "".join(f"### {one}: 5 minutes\n\nx\n\n" for one in ("stage1_echo", NAME))
    lettered.path("slides/README.md").write_text(guide)
    outcome = lettered.here("dev", "new", name, "--title", "A shout", "--minutes", "10")
    assert outcome.code == (2 if says else 0), outcome.all
    if says:
        assert says in " ".join(outcome.err.split())
        return
    names = [stage.name for stage in load(lettered.root).stages]
    assert names[names.index(name) - 1] == after
    for page in ("README.md", "slides/README.md"):
        found = re.findall(r"(?:### |\[)(stage\w+)", lettered.path(page).read_text())
        assert list(dict.fromkeys(found)) == names, page


def test_records_of_steps_that_are_gone(mini: Learner) -> None:
    """What was remembered of steps that a stage no longer has does no harm, and is not taken for other steps."""
    mini.path(".workshop").mkdir(exist_ok=True)
    for name, known in (
        ("passed", {"stage1_echo": {"15": "0" * 64, "25": "1" * 64}}),
        ("hints", {"stage1_echo 15": 3, "stage1_echo 25": 1}),
    ):
        mini.path(f".workshop/{name}.json").write_text(json.dumps(known))
    assert "Question (1 of 3)" in mini.here("hint", "1", "1").out
    failed = mini.here("run", "1")
    assert failed.code == 1 and "passed before" not in failed.out
    mini.write(SOLVED)
    assert mini.here("run", "1").code == 0
    assert "3 of 3 steps pass" in mini.here().out
    assert mini.here("reset", "1").code == 0


def test_a_server_for_both_stages() -> None:
    """A server that has everything, as it was written when stages 3 and 3b were one, passes stage 3's steps too."""
    stage, whole = COURSE.stage("3"), COURSE.stage("3b")
    tests = {"test_yours.py": answer(stage)["test_yours.py"]}
    case = Case("whole", answer(whole) | tests, tuple(targets(stage)))
    with Pool(stage) as pool:
        ((_, result),) = pool.run([case])
    verdict = by_step(stage, result)
    assert verdict.passed, verdict.first_failure
    assert [one.step.number for one in verdict.steps if one.step] == list(range(1, 16))
