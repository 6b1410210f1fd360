"""Every command of the tool, given as a user gives it, on a copy of the miniature course."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import pytest
from driving import ECHO, HALF, SOLVED, STARTER, Learner, posix, steps

# Status


def test_status_shows_the_map_and_the_first_step_to_do(mini: Learner) -> None:
    """Without a command: what passes, then the first failing step's requirement, place, test, and way to a hint."""
    outcome = mini.here()
    assert outcome.code == 0, outcome.all
    for text in (
        r"stage1_echo +An echo +0 of 3 steps pass",
        r"stage2_count +A counter +0 of 1 steps pass",
        r"read exercises/stage1_echo/README\.md",
        r"stage1_echo, step 1: What comes is sent back\.",
        r"test_sends_back: What was received is written\.",
        r"Not written yet\. Step 1: send the data back",
        r"Edit +exercises/stage1_echo/echo\.py, line 14",
        r"Test +\S*trial +exercises\.stage1_echo\.test_echo\.Step01Echo\.test_sends_back\n",
        r"Again +python3? -m workshop run stage1_echo",
        r"Hint +python3? -m workshop hint stage1_echo 1",
    ):
        assert re.search(text, outcome.joined), f"No {text!r} in:\n{outcome.out}"


def test_a_stage_begins_with_its_lecture(mini: Learner) -> None:
    """A stage whose files are all starters begins with its notebook, in the map and after the stage before it."""
    lab = {n: rf"\n  Next +python3? -m workshop lab {n}\n" for n in (1, 2)}
    for name in ("stage1_echo", "stage2_count"):
        mini.path("notebooks").mkdir(exist_ok=True)
        mini.path(f"notebooks/{name}.ipynb").write_text("{}")
    assert re.search(lab[1] + r".*\n  Then +read exercises/stage1_echo/README\.md", mini.here().out)
    mini.write(f"{STARTER}# begun\n")
    out = mini.here().out
    assert " lab " not in out and "Next: read exercises/stage1_echo/README.md, then:" in out, out
    mini.write(SOLVED)
    out = mini.here("run", "1").out
    assert re.search(lab[2] + r"(.*\n)+  Then +python3? -m workshop run stage2_count\n", out), out
    assert re.search(lab[2], mini.here().out)
    mini.path("notebooks/stage2_count.ipynb").unlink()
    assert " lab " not in mini.here().out + mini.here("run", "1").out


def test_status_follows_the_work(mini: Learner) -> None:
    """The map counts the steps that pass, and the first stage that does not is the one to go on with."""
    mini.write(SOLVED)
    outcome = mini.here()
    assert "3 of 3 steps pass" in outcome.out, outcome.out
    assert "stage2_count, step 1:" in outcome.out, outcome.out
    assert mini.here("solution", "2", "--apply").code == 0
    outcome = mini.here()
    assert outcome.code == 0 and "All stages pass." in outcome.out, outcome.all


def test_the_line_to_edit_is_where_the_step_is(mini: Learner) -> None:
    """A step with nothing to raise in its place is still shown its line: the one with its comment."""
    mini.write(
        STARTER.replace(
            'raise NotImplementedError("Step 1: send the data back")', "self.transport.write(data)"
        )
    )
    outcome = mini.here()
    line = 1 + mini.path().read_text("utf-8").splitlines().index(
        "        # Step 2: close here, after a full stop."
    )
    assert f"Edit   {ECHO}, line {line}" in outcome.out, outcome.out


# Run


@pytest.mark.parametrize(
    ("text", "code"), [(STARTER, 1), (HALF, 1), (SOLVED, 0)], ids=["starter", "half", "solved"]
)
def test_run_tells_by_its_exit_code(mini: Learner, text: str, code: int) -> None:
    """0: the stage passes. 1: it does not."""
    mini.write(text)
    outcome = mini.tool("run", "1")
    assert outcome.code == code, outcome.all


def test_run_stops_at_the_first_failing_step(mini: Learner) -> None:
    """What comes after the first step that fails is not run, unless --all asks for it."""
    mini.write(HALF)
    assert steps(mini.here("run", "1", "--json")) == {1: "passes", 2: "fails", 3: "not run"}
    outcome = mini.here("run", "1", "--json", "--all")
    assert outcome.code == 1
    assert steps(outcome) == {1: "passes", 2: "fails", 3: "passes"}


def test_run_shows_a_step_in_a_line(mini: Learner) -> None:
    """Each step: its number, its name, how it went."""
    mini.write(HALF)
    outcome = mini.here("run", "1")
    assert re.search(r"Step  1  Echo +passes +1 test\n", outcome.out), outcome.out
    assert re.search(r"Step  2  Close +fails +1 of 2 tests fail\n", outcome.out), outcome.out
    assert re.search(r"Step  3  Later +not run\n", outcome.out), outcome.out
    assert "Sent b'end.': expected loseConnection, it was not called." in outcome.out, outcome.out


@pytest.mark.parametrize(
    ("text", "words", "again"),
    [
        (HALF, [], "stage1_echo"),
        (HALF, ["1", "--all"], "stage1_echo --all"),
        (HALF, ["echo", "Step02", "--reactor", "select"], "stage1_echo 2 --reactor select"),
        (HALF.replace("pass", "__import__('os')._exit(3)"), ["1", "2"], "stage1_echo 2"),
        (f"__import__('os')._exit(3)\n{HALF}", ["1", "2"], "stage1_echo 2"),
    ],
    ids=["stage", "all", "step and reactor", "ends in a test", "ends before its tests"],
)
def test_again_repeats_the_run(mini: Learner, text: str, words: list[str], again: str) -> None:
    """A run that fails names the command that repeats it, with its step and its options."""
    mini.write(text)
    outcome = mini.here("run", *words)
    assert outcome.code == 1
    command = r"(?:Again +|Fix it, then: )python3? -m workshop run (.*)\n"
    assert re.findall(command, outcome.joined) == [again], outcome.joined


@pytest.mark.parametrize(
    "name",
    [
        "1",
        "stage1",
        "echo",
        "stage1_echo",
        "STAGE1_ECHO",
        "exercises/stage1_echo/",
        "exercises\\stage1_echo",
    ],
)
def test_a_stage_by_any_of_its_names(mini: Learner, name: str) -> None:
    """A stage is found by number, by either half of its name, by its name, or by its folder's path."""
    outcome = mini.here("solution", name)
    assert outcome.code == 0, outcome.all
    assert f"yours: {ECHO}" in outcome.out, outcome.out


def test_a_stage_by_its_whole_path(mini: Learner) -> None:
    """As a shell completes it."""
    outcome = mini.here("hint", str(mini.root / "exercises" / "stage1_echo"), "1")
    assert outcome.code == 0, outcome.all


@pytest.mark.parametrize("name", ["3", "03", "Step03", "step 3", "later", "Step03Later"])
def test_a_step_by_any_of_its_names(mini: Learner, name: str) -> None:
    """A step is found by number, with or without "Step", or by name."""
    outcome = mini.here("hint", "1", name)
    assert outcome.code == 0, outcome.all
    assert "stage1_echo, step 3" in outcome.out, outcome.out


def test_run_one_step(mini: Learner) -> None:
    """`run STAGE STEP` runs that step alone, whatever the ones before it do."""
    mini.write(HALF)
    outcome = mini.here("run", "1", "3", "--json")
    assert outcome.code == 0, outcome.all
    assert steps(outcome) == {3: "passes"}


def test_run_without_a_stage_takes_the_first_to_do(mini: Learner) -> None:
    """`run` alone goes on where the learner is."""
    mini.write(SOLVED)
    assert json.loads(mini.here("run", "--json").out)["stage"] == "stage2_count"


def test_a_stage_that_passes_names_the_next(mini: Learner) -> None:
    """The last words of a stage that passes are the way to the next."""
    mini.write(SOLVED)
    outcome = mini.here("run", "1")
    assert "stage1_echo: all of it passes." in outcome.out
    assert re.search(r"Next +python3? -m workshop run stage2_count", outcome.out), outcome.out


@pytest.mark.parametrize(
    "name",
    [
        "select",
        "asyncio",
        pytest.param("poll", marks=posix),
        pytest.param(
            "epoll", marks=pytest.mark.skipif(sys.platform != "linux", reason="Linux has epoll")
        ),
    ],
)
def test_run_with_a_reactor(mini: Learner, name: str) -> None:
    """--reactor runs the tests with that one, as trial's option does."""
    text = SOLVED.replace(
        "return deferLater(",
        'print(type(reactor).__name__)\n    raise OSError("seen")\n    return (',
    )
    mini.write(text)
    outcome = mini.here("run", "1", "3", "--reactor", name)
    assert re.search(rf"(?i)\b{name}\w*reactor\b", outcome.out), outcome.all


@pytest.mark.parametrize("name", ["eppol", "win32" if sys.platform != "win32" else "epoll"])
def test_run_with_no_such_reactor(mini: Learner, name: str) -> None:
    """A reactor that does not exist, or not on this machine, is bad usage, and one message."""
    outcome = mini.here("run", "1", "--reactor", name)
    assert outcome.code == 2, outcome.all
    assert f'no reactor "{name}"' in outcome.err, outcome.all
    assert "Traceback" not in outcome.all, outcome.all


def test_json_has_what_is_promised(mini: Learner) -> None:
    """--json prints one object, and nothing else: stage, steps with number, name, status, tests, message, seconds."""
    mini.write(HALF)
    outcome = mini.tool("run", "1", "--json")
    fact: dict[str, Any] = json.loads(outcome.out)
    assert outcome.err == ""
    assert fact["stage"] == "stage1_echo" and fact["passed"] is False
    assert "expected loseConnection" in fact["message"]
    assert fact["seconds"] >= 0
    step = fact["steps"][1]
    assert (step["number"], step["name"], step["status"]) == (2, "Close", "fails")
    assert step["message"] == fact["message"]
    assert [(test["name"].rpartition(".")[2], test["status"]) for test in step["tests"]] == [
        ("test_closes", "failed"),
        ("test_stays_open", "passed"),
    ]
    assert all(test["seconds"] >= 0 and isinstance(test["message"], str) for test in step["tests"])


# Hint


def test_hints_come_in_three_tiers(mini: Learner) -> None:
    """A question, then a pointer, then the code's shape, with the command for the next; then where the solution is."""
    for n, (tier, text) in enumerate(
        [
            ("Question", "Who closes?"),
            ("Pointer", "`ITransport.loseConnection`."),
            ("Shape", "self.transport.loseConnection()"),
        ]
    ):
        outcome = mini.here("hint", "1", "2")
        assert outcome.code == 0, outcome.all
        assert f"{tier} ({n + 1} of 3)" in outcome.out and text in outcome.out, outcome.out
        assert len(re.findall(r"\(\d of 3\)", outcome.out)) == 1, outcome.out
        more = "hint stage1_echo 2" if n < 2 else "solution stage1_echo"
        assert f"-m workshop {more}" in outcome.out, outcome.out
    outcome = mini.here("hint", "1", "2")
    assert outcome.out.count("of 3)") == 3 and "solution stage1_echo" in outcome.out, outcome.out


def test_hints_all_at_once(mini: Learner) -> None:
    """--all shows the three tiers."""
    outcome = mini.here("hint", "1", "2", "--all")
    assert [outcome.out.find(tier) for tier in ("Question (1", "Pointer (2", "Shape (3")] == sorted(
        outcome.out.find(tier) for tier in ("Question (1", "Pointer (2", "Shape (3")
    )
    assert outcome.out.count("of 3)") == 3, outcome.out


def test_hints_begin_again_after_reset(mini: Learner) -> None:
    """Who begins a stage again begins with the question; the other stages' hints are as they were."""
    for words in (("1", "2"), ("1", "2"), ("2", "1")):
        mini.here("hint", *words)
    mini.here("reset", "1")
    assert "Question (1 of 3)" in mini.here("hint", "1", "2").out
    assert "Pointer (2 of 3)" in mini.here("hint", "2", "1").out


def test_a_hint_for_the_step_to_do(mini: Learner) -> None:
    """`hint` alone is for the first step that does not pass."""
    mini.write(HALF)
    outcome = mini.here("hint")
    assert "stage1_echo, step 2" in outcome.out and "Who closes?" in outcome.out, outcome.all
