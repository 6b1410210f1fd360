"""`notebooks`: makes them from their sources, compares, writes, and says what is wrong; on the miniature course."""

from __future__ import annotations

import pytest
from driving import Learner

PAGE, MADE = "notebooks/stage1_echo.md", "notebooks/stage1_echo.ipynb"
# Twenty cells, whose outputs show which course they were made in.
RIGHT = "# Small\n\n```python\n%load_ext workshop.notebook\n```\n\n" + (
    "Words.\n\n```python\nfrom exercises import wire; print(wire.__name__, 6)\n```\n\n" * 8
    + "Words.\n\n```python\n%nothing_left\n```\n"
)


@pytest.fixture
def course(mini: Learner) -> Learner:
    """The miniature course, with a source for its first stage's notebook."""
    (mini.root / "notebooks").mkdir()
    mini.write(RIGHT, PAGE)
    return mini


def test_written_then_as_it_should_be(course: Learner) -> None:
    """A missing notebook is reported; with --write, it is made; then all is up to date, until one of the two changes."""
    outcome = course.here("notebooks", "1")
    assert outcome.code == 1, outcome.all
    assert outcome.out.splitlines() == [
        f"differs: {MADE}",
        f"{PAGE}: there is no notebook; make it",
    ]
    assert not course.path(MADE).exists()

    outcome = course.here("notebooks", "--write", "1")
    assert (outcome.code, outcome.out) == (0, f"written: {MADE}\n"), outcome.all
    made = course.path(MADE).read_text("utf-8")
    assert made.count("exercises.wire 6") == 8

    outcome = course.here("notebooks")
    assert (outcome.code, outcome.out) == (0, f"up to date: {MADE}\n"), outcome.all

    course.write(made.replace("exercises.wire 6", "exercises.wire 7", 1), MADE)
    outcome = course.here("notebooks", "stage1_echo")
    assert (outcome.code, outcome.out) == (1, f"differs: {MADE}\n"), outcome.all

    course.write(made, MADE)
    course.write(RIGHT.replace("Words.", "Other words.", 1), PAGE)
    outcome = course.here("notebooks")
    assert outcome.code == 1, outcome.all
    assert f"{PAGE}: the source and the notebook differ; make it again" in outcome.out
    assert course.path(MADE).read_text("utf-8") == made


def test_what_is_wrong_is_listed(course: Learner) -> None:
    """A notebook is made, and what is wrong with it is listed, a line each; exit 1."""
    course.write(RIGHT.replace("%nothing_left", "print(1);"), PAGE)
    outcome = course.here("notebooks", "--write")
    assert outcome.code == 1, outcome.all
    first, *others = outcome.out.splitlines()
    assert first == f"written: {MADE}"
    assert [line.partition(": ")[0] for line in others] == [PAGE] * 2
    assert "the last cell of code is not %nothing_left" in outcome.out
    assert "cell 10 of code: a semicolon at the end" in outcome.out


def test_one_that_cannot_be_run(course: Learner) -> None:
    """A cell that raises, and is not tagged so, is shown; nothing is written; the other notebooks are made."""
    course.write(RIGHT.replace("Words.", "```python\nint('six')\n```\n\nWords.", 1), PAGE)
    course.write(RIGHT, PAGE.replace("stage1_echo", "stage2_count"))
    outcome = course.here("notebooks", "--write")
    assert outcome.code == 1, outcome.all
    assert f"cannot be run: {PAGE}\n" in outcome.out and "int('six')" in outcome.out
    assert "ValueError" in outcome.out
    assert not course.path(MADE).exists()
    assert "written: notebooks/stage2_count.ipynb\n" in outcome.out


@pytest.mark.parametrize(
    ("word", "code", "said"),
    [
        ("stage9", 2, 'There is no stage "stage9"'),
        ("2", 1, "There is no such notebook."),
        ("--dance", 2, "No such option"),
    ],
)
def test_what_is_not_there(course: Learner, word: str, code: int, said: str) -> None:
    """An unknown stage or option is bad usage; a stage without a source is not."""
    outcome = course.here("notebooks", word)
    assert outcome.code == code and said in outcome.err, outcome.all
    assert not course.path(MADE).exists()


def test_no_sources_at_all(mini: Learner) -> None:
    """A course without notebooks/ has none to make."""
    outcome = mini.here("notebooks")
    assert outcome.code == 1 and "There is no such notebook." in outcome.err, outcome.all
