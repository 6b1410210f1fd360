"""`update` brings a newer version of the course under a learner's work, and loses nothing of it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from driving import SOLVED as ANSWER
from driving import Learner
from releases import COUNT, ECHO, NEWER, SOLVED, TABLE, release, saved, swap, zipped

from workshop.course import load
from workshop.course.files import passed_before, remember

RAISE = '        raise NotImplementedError("Step 1: send the data back")\n'
WROTE = "        self.transport.write(data)\n"
TESTS = "exercises/stage1_echo/test_echo.py"
RENUMBERED = {
    TABLE: swap("stage2_count", "stage3_count"),
    "exercises/stage2_count": None,
    "solutions/stage2_count": None,
}


@pytest.fixture
def learner(tmp_path: Path) -> Iterator[Learner]:
    """A learner with version 1.0 of the made-up course, not a git clone, who has written step 1."""
    (tmp_path / "temp").mkdir()
    learner = Learner(release(tmp_path / "mine"), tmp_path / "temp")
    learner.write(written(learner))
    yield learner
    learner.nothing_left()


def written(learner: Learner) -> str:
    """The file with step 1 written."""
    text = learner.path().read_text("utf-8")
    assert RAISE in text
    return text.replace(RAISE, WROTE)


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """Version 2.0."""
    return release(tmp_path / "newer", "2.0", NEWER)


def assert_is(learner: Learner, version: Path, *but: str) -> None:
    """The course is that version, apart from these files."""
    have = {name: data for name, data in learner.files().items() if name not in but}
    want = {
        path.relative_to(version).as_posix(): path.read_bytes()
        for path in version.rglob("*")
        if path.is_file()
    }
    assert have == {name: data for name, data in want.items() if name not in but}


@pytest.mark.parametrize("kind", ["folder", "zip", "zip without a top"])
def test_a_newer_copy(learner: Learner, newer: Path, kind: str) -> None:
    """From a folder or a zip: the starter's change is merged, all else replaced, everything old saved."""
    before = learner.files()
    source = newer if kind == "folder" else zipped(newer, "" if "without" in kind else "x-main/")
    outcome = learner.here("update", str(source))
    assert outcome.code == 0, outcome.all
    assert_is(learner, newer, ECHO)
    starter = (newer / ECHO).read_text("utf-8")
    assert "in a few steps" in starter and "succeed" in starter
    assert learner.path().read_text("utf-8") == starter.replace(RAISE, WROTE)
    after = learner.files()
    assert saved(learner) == {n: d for n, d in before.items() if after.get(n) != d}
    for said in (
        "updated from 1.0 to 2.0",
        "  - A new entry.\n",
        f"Merged: the starter's changes are in your file: {ECHO}",
    ):
        assert said in outcome.out, outcome.out
    assert re.search(r"saved in \.workshop/saved/\S+\n", outcome.out), outcome.out
    assert re.search(r"Next: python3? -m workshop\n$", outcome.out), outcome.out
    assert "first entry" not in outcome.out
    assert not (learner.root / ".workshop" / "update.new").exists()
    again = learner.here("update", str(source))
    assert (again.code, again.out) == (
        0,
        "Nothing to do: this is the version that you have.\n",
    ), again.all
    assert learner.here("reset", "1").code == 0
    assert learner.path().read_text("utf-8") == starter


def test_untouched_starters_become_the_new_ones(learner: Learner, newer: Path) -> None:
    """A starter that is not begun, also with CRLF, and a file that was deleted, are the new starter then."""
    learner.here("reset", "1")
    starter = learner.path().read_bytes()
    learner.write(starter.replace(b"\n", b"\r\n"))
    learner.path(COUNT).unlink()
    learner.path(TESTS).unlink()
    outcome = learner.here("update", str(newer))
    assert outcome.code == 0, outcome.all
    assert_is(learner, newer)
    assert "Merged" not in outcome.out and "Kept" not in outcome.out


def test_a_file_whose_starter_is_the_same_is_kept(learner: Learner, tmp_path: Path) -> None:
    """Edited, and its starter has not changed: no byte of it changes."""
    mine = learner.write(b"caf\xe9\r\n\0")
    newer = release(tmp_path / "newer", "2.0", {"README.md": "New.\n"})
    outcome = learner.here("update", str(newer))
    assert outcome.code == 0, outcome.all
    assert learner.path().read_bytes() == mine
    assert f"Kept as you left them: {ECHO}" in outcome.out


def test_what_cannot_be_merged_is_kept_twice(learner: Learner, newer: Path) -> None:
    """If both have changed the same lines: the learner's file is kept, the new starter is beside it, the line is named."""
    mine = learner.write(written_with_title(learner))
    learner.write(b"mine too\n", f"{ECHO}.new")
    outcome = learner.here("update", str(newer))
    assert outcome.code == 1, outcome.all
    assert learner.path().read_bytes() == mine
    assert learner.path(f"{ECHO}.new").read_bytes() == (newer / ECHO).read_bytes()
    assert f"To do: {ECHO}, line 1\n" in outcome.out
    assert f"{ECHO}.new" in outcome.out
    assert saved(learner)[f"{ECHO}.new"] == b"mine too\n"
    assert_is(learner, newer, ECHO, f"{ECHO}.new")
    run = learner.here("run", "1", "1")
    assert run.code == 0, run.all


def written_with_title(learner: Learner) -> str:
    """The learner's file with another first line."""
    return learner.path().read_text("utf-8").replace("An echo, in three steps.", "My echo.")


def test_line_ends_of_windows(learner: Learner, newer: Path) -> None:
    """A learner's file with CRLF has CRLF after a merge."""
    mine = learner.path().read_bytes()
    learner.write(mine.replace(b"\n", b"\r\n"))
    assert learner.here("update", str(newer)).code == 0
    wanted = (newer / ECHO).read_text("utf-8").replace(RAISE, WROTE)
    assert learner.path().read_bytes() == wanted.replace("\n", "\r\n").encode()


def test_changed_provided_files(learner: Learner, newer: Path) -> None:
    """Provided files and notebooks become the new ones, changed or not; what was changed is saved, and tests are named."""
    mine = {name: learner.write(b"mine\n", name) for name in (TESTS, "notebooks/stage1_echo.ipynb")}
    learner.path("README.md").unlink()
    learner.path("README.md").mkdir()
    learner.write(b"notes\n", "README.md/mine")
    outcome = learner.here("update", str(newer))
    assert outcome.code == 0, outcome.all
    assert f"Replaced, though you had changed it: {TESTS}" in outcome.out
    assert_is(learner, newer, ECHO)
    kept = saved(learner)
    assert {name: kept[name] for name in mine} == mine
    assert kept["README.md/mine"] == b"notes\n"


def test_files_of_the_learner_s_own(learner: Learner, newer: Path) -> None:
    """Files that never belonged to the course stay; one in the way of a new file is saved."""
    own = ("notes.md", "exercises/notes.md", "notebooks/mine.ipynb", "exercises/stage1_echo/x.py")
    for name in own:
        learner.write(b"mine\n", name)
    learner.write(b"in the way\n", "workshop/new.py")
    assert learner.here("update", str(newer)).code == 0
    assert all(learner.path(name).read_bytes() == b"mine\n" for name in own)
    assert saved(learner)["workshop/new.py"] == b"in the way\n"
    assert not learner.path("workshop/old.py").exists()


def test_a_stage_that_is_new_and_one_that_is_gone(learner: Learner, tmp_path: Path) -> None:
    """A new stage comes; of one that is gone only what the learner has written stays."""
    newer = release(tmp_path / "newer", "2.0", {
        TABLE: swap("stage2_count", "stage3_sum"),
        "exercises/stage3_sum/__init__.py": "",
        "solutions/stage3_sum/count.py": "",
        "exercises/stage2_count": None,
        "solutions/stage2_count": None,
    })  # fmt: skip
    mine = learner.write(b"mine = True\n", COUNT)
    outcome = learner.here("update", str(newer))
    assert outcome.code == 0, outcome.all
    assert "New stage: stage3_sum" in outcome.out
    assert "No longer part of the course: stage2_count" in outcome.out
    assert f"Kept, though no longer part of the course: {COUNT}" in outcome.out
    assert learner.path(COUNT).read_bytes() == mine
    assert_is(learner, newer, ECHO, COUNT)


def test_a_stage_that_is_gone_and_not_begun(learner: Learner, tmp_path: Path) -> None:
    """Nothing of it stays, not even its folder."""
    gone = {"exercises/stage2_count": None, "solutions/stage2_count": None}
    cut = {TABLE: lambda text: re.sub(r"\[\[stage\]\]\nname = .stage2(.|\n)*?\n\n", "", text)}
    newer = release(tmp_path / "newer", "2.0", {**gone, **cut})
    learner.path("exercises/stage2_count/__pycache__").mkdir()
    outcome = learner.here("update", str(newer))
    assert outcome.code == 0, outcome.all
    assert_is(learner, newer, ECHO)
    assert not learner.path("exercises/stage2_count").exists()


def test_a_stage_with_another_number(learner: Learner, tmp_path: Path) -> None:
    """The learner's files move with it, and are merged there."""
    stage = {
        f"{room}/stage3_count/{path.name}": path.read_text("utf-8")
        for room in ("exercises", "solutions")
        for path in (learner.root / room / "stage2_count").glob("*.*")
    }
    first = next(line for line in stage["solutions/stage3_count/count.py"].splitlines())
    stage["solutions/stage3_count/count.py"] = stage["solutions/stage3_count/count.py"].replace(
        first, '"""Counts."""', 1
    )
    newer = release(tmp_path / "newer", "2.0", {**stage, **RENUMBERED})
    mine = learner.path(COUNT).read_text("utf-8") + "\nMINE = 1\n"
    learner.write(mine, COUNT)
    outcome = learner.here("update", str(newer))
    assert outcome.code == 0, outcome.all
    assert "Renamed: stage2_count is stage3_count now." in outcome.out
    now = COUNT.replace("stage2", "stage3")
    assert learner.path(now).read_text("utf-8") == mine.replace(first, '"""Counts."""', 1)
    assert_is(learner, newer, ECHO, now)
    assert saved(learner)[COUNT] == mine.encode()


def test_a_provided_file_becomes_the_learner_s_and_back(learner: Learner, tmp_path: Path) -> None:
    """A file that is given now, and was the learner's, is replaced and saved; one that was given becomes a starter."""
    files = {
        TABLE: swap('"echo.py"', '"more.py"'),
        ECHO: "GIVEN = 1\n",
        "solutions/stage1_echo/more.py": "MORE = 1\n",
    }
    newer = release(tmp_path / "newer", "2.0", files)
    mine = learner.path().read_bytes()
    outcome = learner.here("update", str(newer))
    assert outcome.code == 0, outcome.all
    assert_is(learner, newer)
    assert saved(learner)[ECHO] == mine
    assert f"Replaced, though you had changed it: {ECHO}" in outcome.out


@pytest.mark.parametrize("harm", ["none", "no markers", "changed"])
def test_without_the_old_starter(learner: Learner, newer: Path, harm: str) -> None:
    """If this copy cannot say what the old starter was, nothing is merged: both files are kept."""
    if harm == "none":
        shutil.rmtree(learner.path("solutions"))
    elif harm == "no markers":
        learner.write(b"### BEGIN SOLUTION\n", SOLVED)
    else:
        learner.write((newer / SOLVED).read_bytes(), SOLVED)
    mine = learner.path().read_bytes()
    outcome = learner.here("update", str(newer))
    assert outcome.code == 1, outcome.all
    assert learner.path().read_bytes() == mine
    assert learner.path(f"{ECHO}.new").read_bytes() == (newer / ECHO).read_bytes()
    assert learner.here("update", str(newer)).code == 0


def test_more_is_counted(learner: Learner, tmp_path: Path) -> None:
    """A long changelog is cut short."""
    log = (learner.root / "CHANGELOG.md").read_text("utf-8")
    entries = "".join(f"- Entry {n}. More of it.\n" for n in range(7))
    newer = release(tmp_path / "newer", "1.0", {"CHANGELOG.md": log + entries})
    outcome = learner.here("update", str(newer))
    assert "  - Entry 4.\n  - and 2 more in CHANGELOG.md\n" in outcome.out, outcome.all
    assert "Its version is still 1.0." in outcome.out


def test_new_requirements_are_announced(learner: Learner, tmp_path: Path) -> None:
    """If what is to be installed has changed, the report says that the next command does so."""
    newer = release(tmp_path / "newer", "2.0", {"requirements.txt": "alpha\n"})
    assert "The next command installs" in learner.here("update", str(newer)).out


def test_what_passed_is_not_another_step(learner: Learner, tmp_path: Path) -> None:
    """Steps that have moved take their memory with them; a step in their old place has none, nor has its hint been seen."""
    learner.write(ANSWER)
    assert learner.here("run", "1", "1").code == 0
    for _ in range(2):
        learner.here("hint", "1", "1")
    moved = {
        TESTS: lambda text: text.replace("Step03Later", "Step04Later").replace("Step01", "Step03"),
        "exercises/stage1_echo/hints.md": lambda text: (
            text.replace("## Step 3", "## Step 4").replace("## Step 1", "## Step 3")
            + text[text.index("## Step 1") : text.index("## Step 2")]
        ),
    }
    first = (
        '\n\nclass Step01Greet(TestCase):\n    """Greets."""\n\n'
        '    def test_greets(self) -> None:\n        """It does."""\n'
    )
    texts = {**moved, TESTS: lambda text: moved[TESTS](text) + first}
    assert learner.here("update", str(release(tmp_path / "newer", "2.0", texts))).code == 0
    learner.write("x = 1\n")
    stage = load(learner.root).stages[0]
    assert [passed_before(stage, step) for step in stage.steps] == [False, False, True, False]
    remember(stage, [stage.steps[0]], [])
    learner.write("x = 2\n")
    assert passed_before(stage, stage.steps[0])
    assert "Question (1 of 3)" in learner.here("hint", "1", "1").out
    assert "Shape (3 of 3)" in learner.here("hint", "1", "3").out
