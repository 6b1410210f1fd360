"""What a learner reads about a failure: where to edit, what may have done it, what was left behind or printed."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import rich.console
from driving import ECHO, HALF, MINI, REPOSITORY, SOLVED, Learner
from rich.cells import cell_len

from workshop.course import Stage, load
from workshop.course.files import remember
from workshop.judge.steps import by_step
from workshop.report.console import Console, broken
from workshop.report.explain import words
from workshop.report.steps import show_step
from workshop.report.where import blame_later_steps, edit
from workshop.runner.result import Frame, Problem, Result

WRONG = Problem("FailTest", "Sent b'x': it was wrong.")
SECOND = "exercises/stage1_echo/second_file_of_the_stage.py"
THIRD = "exercises/stage1_echo/third_file_of_the_stage.py"


def three_files(root: Path, *texts: str) -> Stage:
    """The echo's stage with two more files to edit, and these texts in its three."""
    table = root / "exercises/course.toml"
    names = [path.rpartition("/")[2] for path in (ECHO, SECOND, THIRD)]
    listed = ", ".join(f'"{name}"' for name in names)
    table.write_text(table.read_text().replace('edit = ["echo.py"]', f"edit = [{listed}]"))
    for path, text in zip((ECHO, SECOND, THIRD), texts, strict=True):
        (root / path).write_text(text)
    return load(root).stage("1")


def say_what_to_write(root: Path, text: str) -> None:
    """Let the first step's docstring say this."""
    tests = root / "exercises/stage1_echo/test_echo.py"
    old = tests.read_text()
    assert "Write it to the transport." in old
    tests.write_text(old.replace("Write it to the transport.", text))


# Where to edit


def test_all_parts_of_a_step_are_named(root: Path) -> None:
    """Each line that still waits for the step is named, the first first; those of other steps are not."""
    stage = three_files(root, "# Step 2: no\n# Step 1: a\n", "# Step 1: b\n\n# Step 1: c\n", "")
    where, also = edit(stage, stage.steps[0], WRONG)
    assert where == f"{ECHO}, line 2"
    assert also == "also second_file_of_the_stage.py, lines 1 and 3"


def test_only_a_few_parts_are_named(root: Path) -> None:
    """Of very many, a few and a count."""
    stage = three_files(root, "# Step 1: a\n" * 3, "# Step 1: b\n" * 9, "")
    _, also = edit(stage, stage.steps[0], WRONG)
    assert also == (
        "also echo.py, lines 2 and 3; second_file_of_the_stage.py, lines 1, 2 and 3; and 6 more"
    )


def test_where_it_was_raised_comes_first(root: Path) -> None:
    """The line that an exception came from stays first, and is not named twice."""
    stage = three_files(root, "# Step 1: a\n", "# Step 1: b\nraise\n", "")
    for line, others in ((2, "; second_file_of_the_stage.py, line 1"), (1, "")):
        raised = Problem("ValueError", "no", (Frame(SECOND, line, "f"),))
        where, also = edit(stage, stage.steps[0], raised)
        assert where == f"{SECOND}, line {line}"
        assert also == f"also echo.py, line 1{others}"


def test_what_is_left_comes_before_where_it_showed(root: Path) -> None:
    """If the step is not written, an error in a file in which nothing is left to write is a consequence."""
    stage = three_files(root, "# Step 1: a\n", "done\n", "")
    raised = Problem("AttributeError", "no", (Frame(SECOND, 1, "f"),))
    where, also = edit(stage, stage.steps[0], raised)
    assert where == f"{ECHO}, line 1"
    assert also == "also second_file_of_the_stage.py, line 1"


@pytest.mark.parametrize(
    ("text", "where", "also"),
    [
        ("Write g in third_file_of_the_stage.py.", f"{THIRD}, line 3", ""),
        ("Write C.f and\n    D.f. Then write g.", f"{SECOND}, line 2", "also echo.py, line 2"),
        ("Write twice.", "exercises/stage1_echo", "echo.py, SECOND or THIRD"),
        ("Write it in third_file_of_the_stage.py.", THIRD, ""),
        ("The callback of the_only_one waits, says g.", f"{THIRD}, line 1", ""),
        ("It waits.", "exercises/stage1_echo", "echo.py, SECOND or THIRD"),
    ],
)
def test_where_no_part_is_marked(root: Path, text: str, where: str, also: str) -> None:
    """Without a marker, and without solutions/, what the step's text says is to be written shows where, or nothing does."""
    shutil.rmtree(root / "solutions")
    say_what_to_write(root, text)
    stage = three_files(
        root,
        "class D:\n    def f(): ...\n\ndef twice(): ...\n",
        "class C:\n    def f(): ...\n\ndef twice(): ...\n",
        "def the_only_one(): ...\n\ndef g(): ...\n",
    )
    for short, path in (("SECOND", SECOND), ("THIRD", THIRD)):
        also = also.replace(short, path.rpartition("/")[2])
    assert edit(stage, stage.steps[0], WRONG) == (where, also)


def test_without_a_marker_and_a_text_the_solutions_tell(root: Path) -> None:
    """The place of the step's first part in the solved file, where there is one."""
    (root / ECHO).write_text(HALF.replace("Step", "Part"))
    stage = load(root).stage("1")
    line = 1 + HALF.splitlines().index("    def dataReceived(self, data: bytes) -> None:")
    assert edit(stage, stage.steps[1], WRONG) == (f"{ECHO}, line {line}", "")


def test_no_line_is_wider_than_the_terminal(mini: Learner) -> None:
    """Without a marker and solutions/, too, no line is; the command to copy is broken as a shell allows."""
    shutil.rmtree(mini.path("solutions"))
    for n, text in enumerate((HALF, "# Step 2: x\n" * 3 + HALF)):
        three_files(mini.root, text, "# Step 2: y\n" * 9 * n, "")
        out = mini.here("run", "1").out
        assert [x for x in out.splitlines() if len(x) > 80] == [], (n, out)


@pytest.mark.parametrize("name", ["short", "b" * 70, "b" * 60 + ".C." + "d" * 60])
def test_a_broken_command_is_one_to_a_shell(name: str, tmp_path: Path) -> None:
    """Pasted into a shell, the lines of a command are the command."""
    lines = broken(f"  Test   a/trial exercises.{name}", 80)
    assert [len(line) > 80 for line in lines] == [False] * len(lines)
    lines[0] = lines[0].replace("  Test   a/trial", "printf '[%s]'")
    shown = subprocess.run(
        ["sh"], input="\n".join(lines), text=True, capture_output=True, check=True
    )
    assert shown.stdout == f"[exercises.{name}]"


@pytest.mark.parametrize(
    "keys", ["a/1.client/1", "slow/1.client/1,cut/1.client/22," * 4 + "end/x/1"]
)
def test_a_long_setting_is_one_to_a_shell(keys: str) -> None:
    """So are a command's settings, which come before it, and what follows it."""
    command = f"  Test   A=1 B={keys} printf '[%s]' 'one two' --decisions {keys} $B {'c' * 50}"
    lines = broken(command, 80)
    assert len(lines) > 1 and [line for line in lines if len(line) > 80] == []
    lines[0] = lines[0].replace("  Test   A=1 ", "export A=1 ").replace("  Test   ", "export ")
    text = "\n".join(lines).replace("printf", "; printf", 1)
    shown = subprocess.run(["sh"], input=text, text=True, capture_output=True, check=True)
    assert shown.stdout == f"[one two][--decisions][{keys}][{keys}][{'c' * 50}]"


def test_what_is_wide_is_wrapped() -> None:
    """A table's second column is wrapped, advice keeps its command whole, and a map without room has no titles."""
    out = io.StringIO()
    console = Console(rich.console.Console(file=out, width=40, soft_wrap=True))
    console.row("  Do your tests run?  ", "12 of 15 pass, 2 are skipped")
    console.advice("Keep what you want of the two parts, then: python3 -m workshop run stage2")
    stage = load(MINI).stage("1")
    console.map([(stage, "not judged: no solutions/ here", False)])
    assert out.getvalue().splitlines() == [
        "  Do your tests run?  12 of 15 pass, 2",
        "                      are skipped",
        "Keep what you want of the two parts,",
        "then:",
        "  python3 -m workshop run stage2",
        "  stage1_echo  not judged: no solutions/ here",
    ]


def test_only_a_command_is_broken() -> None:
    """A wide line that does not end in the name of a test stays as it is."""
    for line in (
        "x" * 90,
        f"  Edit   {'x' * 80}.py, line 12",
        f"python3 -m workshop run {'x' * 80}",
    ):
        assert broken(line, 80) == [line]


def test_no_command_is_broken_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its shells do not join lines at a backslash."""
    monkeypatch.setattr(sys, "platform", "win32")
    assert len(broken(f"  Test   trial exercises.{'b' * 90}", 80)) == 1


# Newer work


def half_written(root: Path, mine: str) -> Stage:
    """The echo's stage, whose step 3 has a second part; and the learner's file."""
    solved = root / "solutions/stage1_echo/echo.py"
    part = "### BEGIN SOLUTION Step 3: x\n### STARTER # Step 3: x.\nx = 3\n### END SOLUTION\n"
    solved.write_text(solved.read_text() + part)
    (root / ECHO).write_text(mine)
    return load(root).stage("1")


@pytest.mark.parametrize(
    ("left", "says"),
    [
        ((2, 3, 3), "broken it."),
        ((2, 3), "it. Step 3 is half written. Left of step 3: echo.py, line 2."),
        ((), "broken it."),
        ((1, 2, 3), None),
    ],
)
def test_newer_work_may_have_broken_a_step(
    root: Path, left: tuple[int, ...], says: str | None
) -> None:
    """A step that passed in an earlier run, and fails now: that is reported, and what is left of a later one."""
    stage = half_written(root, "# other\n")
    text = "".join(f"# Step {n}: x\n" for n in left)
    (root / ECHO).write_text(text)
    assert blame_later_steps(stage, stage.steps[0], WRONG) == "", (
        "It is not known ever to have passed."
    )
    (root / ECHO).write_text("# other\n")
    remember(stage, stage.steps[:1], [])
    (root / ECHO).write_text(text)
    came = blame_later_steps(stage, stage.steps[0], WRONG)
    if says is None:
        assert came == ""
    else:
        assert came.startswith(
            "Step 1 passed in an earlier run: your later changes may have broken it."
        )
        assert came.endswith(says)
    assert blame_later_steps(stage, stage.steps[1], WRONG) == "", (
        "Of another step nothing is known."
    )


@pytest.mark.parametrize(
    ("raised", "where", "also"),
    [
        ((), f"{ECHO}, line 2", ""),
        ((Frame(ECHO, 1, "f"),), f"{ECHO}, line 1", "also echo.py, line 2"),
    ],
)
def test_a_half_written_step_is_the_place_to_edit(
    root: Path, raised: tuple[Frame, ...], where: str, also: str
) -> None:
    """After a regression, the place to edit is what is left of the half-written step, not of the one that it broke."""
    stage = half_written(root, "# other\n")
    remember(stage, stage.steps[:1], [])
    text = "# Step 2: x\n# Step 3: x\nclass Echo:\n    def dataReceived(self, data): ...\n"
    (root / ECHO).write_text(text)
    came = Problem("FailTest", "no", raised)
    assert "Left of step 3: echo.py, line 2." in blame_later_steps(stage, stage.steps[0], came)
    assert edit(stage, stage.steps[0], came) == (where, also)
    # Step 2 never passed: its own place is the one to edit.
    assert edit(stage, stage.steps[1], came)[0] == (where if raised else f"{ECHO}, line 1")


def test_newer_work_is_told_only_where_it_is_sure(root: Path) -> None:
    """Not for a file that cannot be read as Python; not where the file is as it was when the step passed."""
    stage = half_written(root, "x = 1\n")
    remember(stage, stage.steps, [])
    assert blame_later_steps(stage, stage.steps[0], WRONG) == ""
    (root / ECHO).write_text("x = 2\n")
    for name in ("SyntaxError", "ImportError"):
        assert blame_later_steps(stage, stage.steps[0], Problem(name, "no")) == ""
    shutil.rmtree(root / "solutions")
    assert blame_later_steps(stage, stage.steps[0], WRONG).endswith(
        "your later changes may have broken it."
    )
    # It fails with what it passed with: it is no file's doing.
    (root / ECHO).write_text("x = 1\n")
    remember(stage, [], stage.steps)
    (root / ECHO).write_text("x = 2\n")
    assert blame_later_steps(stage, stage.steps[0], WRONG) == ""


@pytest.mark.parametrize(
    "broken", ["[]", "{", '{"stage1_echo": 3}', '{"stage1_echo": {"1": null}}']
)
def test_a_broken_memory_is_none(root: Path, broken: str) -> None:
    """What is remembered may be lost: nothing but this depends on it."""
    stage = half_written(root, "")
    (root / ".workshop").mkdir(exist_ok=True)
    (root / ".workshop" / "passed.json").write_text(broken)
    assert blame_later_steps(stage, stage.steps[0], WRONG) == ""
    remember(stage, stage.steps, [])
    (root / ECHO).write_text("x = 2\n")
    assert blame_later_steps(stage, stage.steps[0], WRONG) != ""


def test_newer_work_is_shown(mini: Learner) -> None:
    """The tool says so where the step passed before; not of a function that was rewritten, nor after a reset."""
    broken = SOLVED.replace("write(data)", "write(data * 2)")
    mini.write(broken)
    assert "later changes" not in mini.here("run", "1").out, "It was rewritten, and never passed."
    for given in (("run", "1"), ("run", "1", "1"), ("run", "1", "--json"), ()):
        mini.write(SOLVED)
        mini.here(*given)
        mini.write(broken)
        assert "later changes may have broken" in " ".join(mini.here("run", "1").out.split()), given
        mini.here("reset", "1")
        mini.write(broken)
        assert "later changes" not in mini.here("run", "1").out, given


# Tests that cannot be loaded


def test_a_syntax_error_is_not_a_steps(mini: Learner) -> None:
    """A file that a step's tests import, and that is not Python, is named; no step's requirement stands over it."""
    mini.write("def f(:\n")
    outcome = mini.here("run", "1")
    assert "Step  1  Echo             fails    its tests cannot be loaded\n" in outcome.out, (
        outcome.out
    )
    assert (
        f"stage1_echo: the tests cannot be loaded.\n\n    {ECHO}, line 1, is not Python:"
        in outcome.out
    )
    assert "What comes is sent back" not in outcome.out, outcome.out
    assert f"  Edit   {ECHO}, line 1\n" in outcome.out and " hint " not in outcome.out, outcome.out


# What was left behind


def test_a_few_of_many_calls_left_behind(mini: Learner) -> None:
    """Two of the delayed calls that were left behind, and how many there were."""
    calls = "[reactor.callLater(60 + n, print, 'x' * 50) for n in range(60)]"
    mini.write(SOLVED.replace("    return deferLater", f"    {calls}\n    return deferLater"))
    text = " ".join(mini.here("run", "1").out.split())
    assert "Something was left behind in the reactor: 60 DelayedCalls: " in text, text
    assert text.count("<DelayedCall ") == 2 and "; and 58 more" in text, text


def test_one_call_left_behind() -> None:
    """One is shown whole, without what says nothing to a learner."""
    call = "<DelayedCall 0x7fa47d00f810 [59.99836611747742s] called=0 cancelled=0 Echo._end()>"
    message = f"Reactor was unclean.\nDelayedCalls: 1\n  {call}\nSelectables: 1\n  <<class 'Port'>>"
    assert words(Problem("DirtyReactorAggregateError", message)) == (
        "Something was left behind in the reactor: 1 DelayedCall: <DelayedCall [59.9s] Echo._end()>; "
        "1 Selectable: <<class 'Port'>>"
    )


# What was printed


def test_wide_lines_that_were_printed(mini: Learner) -> None:
    """What the learner's code printed is wrapped, not left to run over; a line without end is cut."""
    line = "b'one' " * 15 + "\u4f60" * 30 + "y" * 400
    mini.write(HALF.replace("assert self", f"print({line!r})\n        assert self"))
    out = mini.here("run", "1").out
    shown = out.partition("Your code printed, at the end:\n")[2].splitlines()
    assert shown and "".join(shown[0].split()).startswith("b'one'b'one'"), out
    assert all(cell_len(x) <= 80 for x in shown), shown
    assert len(shown) >= 3 and out.count("...") >= 1, out


def test_long_words_in_a_message(mini: Learner) -> None:
    """A message with a word that is wider than the terminal is broken there; a path is not."""
    mini.write(SOLVED.replace("self.transport.write(data)", "raise ValueError(repr(b'x' * 300))"))
    out = mini.here("run", "1").out
    assert [x for x in out.splitlines() if len(x) > 80] == [], out
    assert "x" * 60 in out


# A run that is broken off


@pytest.mark.parametrize(
    ("closes", "count"),
    [
        ("pass", "1 of 2 tests fail"),
        ("self.transport.loseConnection()", "broken off in test 2 of 2"),
    ],
)
def test_a_step_that_is_broken_off(mini: Learner, closes: str, count: str) -> None:
    """The tests are counted that the step has, not those that ended; and the test and the hint are reported as ever."""
    ends = 'if data == b"on":\n            __import__("os")._exit(1)'
    mini.write(SOLVED.replace("self.transport.loseConnection()", f"{closes}\n        {ends}"))
    outcome = mini.here("run", "1")
    out = re.sub(r"trial +", "trial ", outcome.joined)
    assert f"Step  2  Close            fails    {count}\n" in out, out
    for text in (
        "  Test   ",
        "trial exercises.stage1_echo.test_echo.Step02Close.test_stays_open\n",
        "-m workshop run stage1_echo\n",
        "-m workshop hint stage1_echo 2\n",
    ):
        assert text in out, out


def test_the_columns_of_steps() -> None:
    """What is too long for its column pushes nothing aside: the place is left out of that row."""
    stage = load(REPOSITORY).stage("stage2_poetry")
    words = io.StringIO()
    console = Console(rich.console.Console(file=words, width=80))
    for step in by_step(stage, Result((), None, "", 0)).steps[:2]:
        show_step(console, replace(step, status="fails"), "in class")
        show_step(console, step, "in class")
    rows = words.getvalue().splitlines()
    assert ["broken off" in row for row in rows] == [True, False] * 2
    assert [row.find("in class") for row in rows] == [-1, 58] * 2, rows


def test_a_step_that_is_broken_off_at_once(mini: Learner) -> None:
    """If no test of it ended, the step fails all the same: it is the one to work on, and to get a hint for."""
    mini.write(SOLVED.replace("self.transport.write(data)", "__import__('os')._exit(1)"))
    assert (
        "Step  1  Echo             fails    broken off in test 1 of 1\n"
        in mini.here("run", "1").out
    )
    fact = json.loads(mini.here("run", "1", "--json").out)
    first = fact["steps"][0]
    assert (first["status"], first["message"]) == ("fails", fact["message"])
