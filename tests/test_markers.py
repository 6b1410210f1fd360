"""Starters from solved files."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from workshop.course import CourseError, load
from workshop.course.solutions import answer, line_of, mutated, place_of_step, render

SOLVED = """\
def one():
    ### BEGIN SOLUTION Step 1: say "one"
    return 1
    ### END SOLUTION


def two():
    ### BEGIN SOLUTION Step 2: add
    ### STARTER # Step 2: add here.
    ### STARTER if False:
    ### STARTER     pass
    two = 1 + 1
    ### END SOLUTION
    return two
"""


def test_starter() -> None:
    """Each part that is not solved gives way to its one line, or to the lines that it names, indented as it was."""
    assert render(SOLVED, 0) == (
        'def one():\n    raise NotImplementedError("Step 1: say \\"one\\"")\n\n\n'
        "def two():\n    # Step 2: add here.\n    if False:\n        pass\n    return two\n"
    )


def test_solved() -> None:
    """A part that is solved stays, without its markers and without the starter's lines."""
    assert (
        render(SOLVED, 2)
        == "def one():\n    return 1\n\n\ndef two():\n    two = 1 + 1\n    return two\n"
    )


def test_some_steps_solved() -> None:
    """The steps up to a number are solved, the later ones are not."""
    text = render(SOLVED, 1)
    assert "return 1" in text
    assert "# Step 2: add here." in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("### BEGIN SOLUTION Step 1: x\n", "has no END"),
        ("### END SOLUTION\n", "line 1: .*out of place"),
        ("x\n### STARTER y\n", "line 2: .*out of place"),
        ("### BEGIN SOLUTION\n### END SOLUTION\n", "line 1: .*out of place"),
        ("### BEGIN SOLUTION Step 1: x\n### BEGIN SOLUTION Step 2: y\n", "line 2: .*out of place"),
    ],
)
def test_wrong_markers(text: str, message: str) -> None:
    """A marker without its pair, without a step or inside another part is reported with its line."""
    with pytest.raises(CourseError, match=message):
        render(text, 0)


def test_answer_names_the_file(root: Path) -> None:
    """What is wrong in a solved file is reported with the file's name."""
    (root / "solutions" / "stage1_echo" / "echo.py").write_text("### END SOLUTION\n")
    with pytest.raises(CourseError, match=r"solutions/stage1_echo/echo\.py: line 1"):
        answer(load(root).stages[0])


def test_mutant_must_match_once(root: Path) -> None:
    """A mutant whose text is not there, or is there twice, is reported and not skipped."""
    path = root / "solutions" / "stage1_echo" / "mutants.toml"
    for find in ("nowhere", "data"):
        path.write_text(
            '[[mutant]]\nname="m"\nbug="B."\nsource="P1"\nfile="echo.py"\nstep=1\n'
            f'find="{find}"\nreplace="x"\n'
        )
        stage = load(root).stages[0]
        with pytest.raises(CourseError, match="must occur once in"):
            mutated(stage, stage.mutants[0])


def test_home(root: Path) -> None:
    """A step's place is the file, and the classes and functions around its first part."""
    stage = load(root).stages[0]
    assert place_of_step(stage, 2) == ("echo.py", ("Echo", "dataReceived"))
    assert place_of_step(stage, 3) == ("echo.py", ("later",))
    assert place_of_step(stage, 99) == ("", ())


def test_line_of() -> None:
    """A place is found in other text by its nesting: a method of the second class, not of the first."""
    text = "class A:\n    def f(self): ...\n\nclass B:\n    x = 1\n\n    async def f(self): ...\n"
    assert line_of(text, ("B", "f")) == 7
    assert line_of(text, ("A", "f")) == 2
    assert line_of(text, ("B", "g")) == 0
    assert line_of(text, ()) == 0


def test_no_solutions(root: Path) -> None:
    """A copy without solutions/ is reported by what needs them."""
    shutil.rmtree(root / "solutions")
    stage = load(root).stages[0]
    assert place_of_step(stage, 2) == ("", ())
    with pytest.raises(CourseError, match="has no solutions/stage1_echo"):
        answer(stage)
