"""The commands that change a learner's files: what they replace is saved first, to the byte, and they say where."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from driving import ECHO, HALF, SOLVED, STARTER, TESTS, WIRE, Learner, Outcome, steps


def saved(mini: Learner, outcome: Outcome) -> Path:
    """The folder that the tool says it saved to."""
    found = re.search(r"saved in (\.workshop/saved/\S+)", outcome.out)
    assert found, f"It does not say where it saved:\n{outcome.all}"
    return mini.root / found[1]


def test_solution_shows_and_changes_nothing(mini: Learner) -> None:
    """The difference between the learner's file and the reference, and the command that applies it; no file changes."""
    before = mini.files()
    outcome = mini.here("solution", "1")
    assert outcome.code == 0, outcome.all
    assert '-        raise NotImplementedError("Step 1: send the data back")' in outcome.out
    assert "+        self.transport.write(data)" in outcome.out
    assert "workshop solution stage1_echo --apply" in outcome.out
    assert mini.files() == before


def test_solution_upto_a_step(mini: Learner) -> None:
    """--upto gives the reference up to that step, and the rest as it was given."""
    assert mini.here("solution", "1", "--upto", "2", "--apply").code == 0
    assert steps(mini.here("run", "1", "--json", "--all")) == {1: "passes", 2: "passes", 3: "fails"}
    assert 'raise NotImplementedError("Step 3' in mini.path().read_text("utf-8")


@pytest.mark.parametrize("step", ["2", "step2"])
def test_solution_upto_a_step_tells_the_command_that_applies_it(mini: Learner, step: str) -> None:
    """What is shown up to a step is put in place up to that step: --upto is in the command that is reported."""
    outcome = mini.here("solution", "1", "--upto", step)
    assert outcome.code == 0, outcome.all
    assert outcome.out.rstrip().endswith("workshop solution stage1_echo --upto 2 --apply")


ODD = b"# Mine: caf\xe9\r\n\0 no Python at all"
"""What only bytes can save."""


@pytest.mark.parametrize(
    "words", [("solution", "1", "--apply"), ("reset", "1")], ids=["solution", "reset"]
)
@pytest.mark.parametrize("mine", [HALF.encode(), HALF.replace("\n", "\r\n").encode(), ODD, b""])
def test_what_is_replaced_is_saved_first(
    mini: Learner, words: tuple[str, ...], mine: bytes
) -> None:
    """solution --apply and reset save what they replace, to the byte, and say where; twice in a second too."""
    wanted = {"solution": SOLVED, "reset": STARTER}[words[0]]
    folders = []
    for _ in range(2):
        mini.write(mine)
        outcome = mini.here(*words)
        assert outcome.code == 0, outcome.all
        folders.append(saved(mini, outcome))
        assert (folders[-1] / ECHO).read_bytes() == mine, "What was saved is not what was there."
        assert mini.path().read_text("utf-8") == wanted
    assert folders[0] != folders[1], "The second saved over the first."
    outcome = mini.here(*words)
    assert "Nothing had to be saved" in outcome.out, outcome.all


def test_reset_brings_back_a_deleted_file(mini: Learner) -> None:
    """A deleted file is put back; a solution that is in place already is reported."""
    mini.path().unlink()
    assert mini.here("reset", "1").code == 0
    assert mini.path().read_text("utf-8") == STARTER
    mini.write(SOLVED)
    assert "Your files are the reference." in mini.here("solution", "1").out


def test_reset_keeps_a_folder_in_a_file_s_place(mini: Learner) -> None:
    """Whatever is in a file's place is saved, not lost."""
    mini.path().unlink()
    mini.path().mkdir()
    (mini.path() / "mine.py").write_text("mine = True\n")
    outcome = mini.here("reset", "1")
    assert outcome.code == 0, outcome.all
    assert mini.path().read_text("utf-8") == STARTER
    assert (saved(mini, outcome) / ECHO / "mine.py").read_text() == "mine = True\n"


def test_reset_provided_puts_back_what_came(mini: Learner) -> None:
    """An edited and a deleted provided file are put back without git; what was edited is saved first."""
    mini.write(HALF)
    mini.here("run", "1")
    came = mini.files()
    mine = mini.write(b"# edited by mistake\n", TESTS)
    mini.path(WIRE).unlink()
    outcome = mini.here("reset", "1", "--provided")
    assert outcome.code == 0, outcome.all
    assert f"Restored: {TESTS}" in outcome.out and f"Restored: {WIRE}" in outcome.out, outcome.out
    assert (saved(mini, outcome) / TESTS).read_bytes() == mine
    assert mini.files() == came
    assert "Nothing to do" in mini.here("reset", "1", "--provided").out


def test_reset_provided_without_a_copy(mini: Learner) -> None:
    """If no copy was kept, nothing is touched, and the git command is shown."""
    (mini.root / ".git").mkdir()
    mini.write(b"# edited before the first run\n", TESTS)
    before = mini.files()
    outcome = mini.here("reset", "1", "--provided")
    assert outcome.code == 1, outcome.all
    assert f"git checkout -- {TESTS}" in outcome.out, outcome.all
    assert mini.files() == before


def test_starters_are_compared_and_written(mini: Learner) -> None:
    """`starters` names what differs from solutions/ and fails; --write repairs it."""
    assert mini.here("starters").code == 0
    mini.write(HALF)
    mini.write(b"# new\n", WIRE)
    outcome = mini.here("starters")
    assert outcome.code == 1, outcome.all
    assert outcome.out.splitlines() == [f"differs: {ECHO}", "differs: solutions/provided.sha256"]
    assert mini.here("starters", "--write").code == 0
    assert mini.path().read_text("utf-8") == STARTER
    assert mini.here("starters").code == 0
