"""`update` from what is no newer copy, or interrupted: what is there is never lost, and never of two versions for long."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from driving import REPOSITORY, SOLVED, Learner
from releases import COUNT, ECHO, LOG, NEWER, TABLE, release, saved, swap, zipped

from workshop.commands import update
from workshop.course import load
from workshop.course.files import passed_before, remember
from workshop.setup import pending

TESTS = "exercises/stage1_echo/test_echo.py"


@pytest.fixture
def learner(tmp_path: Path) -> Iterator[Learner]:
    """A learner with version 1.0 of the made-up course, not a git clone, with some work."""
    (tmp_path / "temp").mkdir()
    learner = Learner(release(tmp_path / "mine"), tmp_path / "temp")
    learner.write(learner.path().read_text("utf-8") + "\n# mine\n")
    yield learner
    learner.nothing_left()


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """Version 2.0."""
    return release(tmp_path / "newer", "2.0", NEWER)


def refused(learner: Learner, source: Path | str | None, code: int, *says: str) -> None:
    """The command changes nothing, and says why in a sentence or two."""
    before = learner.files()
    outcome = learner.here("update", *([str(source)] if source else []))
    assert outcome.code == code, outcome.all
    said = " ".join(outcome.err.split())
    assert all(text in said for text in says), said
    assert outcome.out == "" and "Traceback" not in said and len(said) < 400
    assert learner.files() == before
    left = {path.name for path in learner.path(".workshop").iterdir()}
    assert left <= {"update.lock", "saved"} and not saved(learner), left


# What is no newer copy


def test_nothing_to_update_from(learner: Learner, tmp_path: Path) -> None:
    """No git and no name, a name that does not exist, this copy itself."""
    refused(learner, None, 2, "not a git clone", "workshop update FILE.zip")
    refused(learner, tmp_path / "none", 2, "There is no")
    refused(learner, learner.root, 2, "is this copy of the course")


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (lambda data: b"<html>Not found</html>", "is not a zip file"),
        (lambda data: b"", "is not a zip file"),
        (lambda data: data[: len(data) // 2], "is not a zip file, or damaged"),
        (lambda data: data.replace(b"VERSION = '2.0'", b"VERSION = '2.1'"), "is damaged"),
    ],
    ids=["html", "empty", "cut", "flipped"],
)
def test_a_damaged_zip(
    learner: Learner, newer: Path, harm: Callable[[bytes], bytes], says: str
) -> None:
    """A download that is not a zip, is cut short, or has a wrong byte."""
    path = zipped(newer)
    before = path.read_bytes()
    path.write_bytes(harm(before))
    assert path.read_bytes() != before
    refused(learner, path, 1, says, "again")


@pytest.mark.parametrize(
    "name",
    ["../out.py", "x/../../out.py", "/out.py", "C:/out.py", "..\\out.py", "exercises//out.py"],
)
def test_a_zip_that_climbs_out(learner: Learner, newer: Path, tmp_path: Path, name: str) -> None:
    """A name that leads out of the folder, on any system, is refused, and nothing is written there."""
    path = zipped(newer)
    with zipfile.ZipFile(path, "a") as file:
        file.writestr(zipfile.ZipInfo(name), "out")
    refused(learner, path, 1, "would be written elsewhere")
    assert not list(tmp_path.rglob("out.py")) and not Path("/out.py").exists()


def test_links(learner: Learner, newer: Path) -> None:
    """A symbolic link, in a zip or a folder, is refused; one that belongs to no copy is passed over."""
    refused(learner, zipped(newer, links={"exercises/link.py": "/etc/passwd"}), 1, "link in it")
    (newer / "exercises" / "link.py").symlink_to("/etc/passwd")
    refused(learner, newer, 1, "link in it")
    (newer / "exercises" / "link.py").unlink()
    (newer / ".venv").mkdir()
    (newer / ".venv" / "link").symlink_to("/etc/passwd")
    assert learner.here("update", str(newer)).code == 0
    assert not learner.path(".venv").exists()


def test_a_name_twice(learner: Learner, newer: Path) -> None:
    """A zip that has a file twice is not unpacked."""
    path = zipped(newer)
    with zipfile.ZipFile(path, "a") as file, pytest.warns(UserWarning, match="Duplicate"):
        file.writestr("made-up-main/README.md", "again")
    refused(learner, path, 1, "a name twice")


def test_too_large(learner: Learner, newer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A zip that would fill the disk is not unpacked."""
    monkeypatch.setattr("workshop.commands.newer.MOST", 100)
    refused(learner, zipped(newer), 1, "too large")


@pytest.mark.parametrize(
    ("version", "files", "says"),
    [
        ("0.9", {}, "is older, version 0.9; you have 1.0"),
        ("0.10.1", {}, "is older"),
        ("2.0", {"pyproject.toml": '[project]\nname = "other"\n'}, "another project, other"),
        ("2.0", {"pyproject.toml": swap("3.10", "3.99")}, "needs Python 3.99 or newer"),
        ("2.0", {"workshop/__main__.py": None}, "it has no workshop/__main__.py"),
        ("1.0", {"CHANGELOG.md": "# Changelog\n"}, "is older: its CHANGELOG.md lacks"),
    ],
    ids=["older", "older by number", "other project", "newer Python", "not whole", "older log"],
)
def test_another_version(
    learner: Learner, tmp_path: Path, version: str, files: Any, says: str
) -> None:
    """One that is older, another project, not whole, or not for this Python."""
    refused(learner, release(tmp_path / "other", version, files), 1, says)


def test_a_later_number_is_newer(learner: Learner, tmp_path: Path) -> None:
    """1.10 comes after 1.9, though not in the alphabet; an unreleased state comes after the release."""
    for n, version in enumerate(("1.9", "1.10", "2.0rc1", "2.0")):
        folder = release(tmp_path / f"newer{n}", version)
        assert learner.here("update", str(folder)).code == 0, version
    log = {"CHANGELOG.md": LOG % "2.0" + "- Unreleased.\n"}
    assert learner.here("update", str(release(tmp_path / "last", "2.0", log))).code == 0


@pytest.mark.parametrize("name", [TESTS, "exercises/wire.py", TABLE])
def test_a_copy_that_lacks_a_file(learner: Learner, newer: Path, name: str) -> None:
    """A copy that was cut short is refused by the first file that it lacks; so is one with a changed test."""
    if name != TABLE:
        (newer / name).write_text("# changed\n")
        refused(learner, newer, 1, f"{name} in it is not as the course has it")
    (newer / name).unlink()
    refused(learner, newer, 1, f"it has no {name}")


def test_a_table_of_contents_of_the_future(learner: Learner, tmp_path: Path) -> None:
    """Fields that this version does not know do not matter; a table that cannot be read does."""
    newer = release(tmp_path / "newer", "2.0", NEWER)
    table = newer / TABLE
    table.write_text(table.read_text() + '\n[[stage]]\nname = "stage9_new"\nedit = []\nodd = 1\n')
    assert "New stage: stage9_new" in learner.here("update", str(newer)).out
    table.write_text("[[stage]\n")
    shutil.copytree(newer, tmp_path / "worse")
    outcome = Learner(release(tmp_path / "mine2"), learner.temp).here("update", str(newer))
    assert outcome.code == 1 and "course.toml" in outcome.err, outcome.all
    assert ".workshop" not in outcome.err


def test_a_copy_that_somebody_has_worked_in(learner: Learner, newer: Path) -> None:
    """An instructor's copy, with the stages solved: learners get its starters, not its solutions."""
    starter = (newer / COUNT).read_bytes()
    (newer / COUNT).write_text("solved = True\n")
    (newer / ".workshop").mkdir()
    (newer / ".workshop" / "mine").touch()
    assert learner.here("update", str(newer)).code == 0
    assert learner.path(COUNT).read_bytes() == starter
    assert not learner.path(".workshop/mine").exists()


def test_an_offline_folder(learner: Learner, newer: Path) -> None:
    """What `offline` makes comes too: its packages and decks replace the old ones, of which no copies are kept."""
    for room, names in ((learner.root, ("a", "b")), (newer, ("b", "c"))):
        for name in names:
            (room / "wheels").mkdir(exist_ok=True)
            (room / "wheels" / name).write_text(str(room))
    (newer / "OFFLINE.txt").write_text("For rooms without network.\n")
    assert learner.here("update", str(zipped(newer))).code == 0
    assert sorted(path.name for path in learner.path("wheels").iterdir()) == ["b", "c"]
    assert learner.path("wheels/b").read_text() == str(newer)
    assert learner.path("OFFLINE.txt").exists()
    assert not [name for name in saved(learner) if name.startswith("wheels")]


# Interrupted


def breaking(at: int, error: BaseException) -> Callable[[str, str], None]:
    """What puts a file in place, and breaks off before the file of this number."""
    count = 0
    put = pending.put

    def broken(source: str, target: str) -> None:
        nonlocal count
        count += 1
        if count > at:
            raise error
        put(source, target)

    return broken


@pytest.mark.parametrize("at", [0, 1, 4])
def test_broken_off_between_two_files(
    learner: Learner, newer: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """Each file is the old one or the new one, whole; the same command again completes it, and merges nothing twice."""
    old = learner.files()
    other = Learner(learner.root.with_name("other"), learner.temp)
    shutil.copytree(learner.root, other.root)
    assert other.here("update", str(newer)).code == 0
    new = other.files()
    with monkeypatch.context() as patch:
        patch.setattr(pending, "put", breaking(at, OSError(errno.EACCES, "Permission denied")))
        outcome = learner.here("update", str(newer))
    assert outcome.code == 1, outcome.all
    assert "Permission denied. The update is half done." in outcome.err
    half = learner.files()
    assert all(data in (old.get(name), new.get(name)) for name, data in half.items())
    assert sum(half.get(name) == new[name] != old.get(name) for name in new) == at
    again = learner.here("update", str(newer))
    assert again.code == 0 and "Finished an update" in again.out, again.all
    assert learner.files() == new
    assert saved(learner) == saved(other)
    assert not learner.path(".workshop/update").exists()


def test_edited_between_interruption_and_end(
    learner: Learner, newer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the learner writes before the update is finished is kept; the file that was to come is beside it."""
    with monkeypatch.context() as patch:
        patch.setattr(pending, "put", breaking(0, OSError(errno.EACCES, "no")))
        learner.here("update", str(newer))
    mine = learner.write("later\n")
    test = learner.write("later\n", TESTS)
    gone = learner.write("later\n", "workshop/old.py")
    said = pending.finish_interrupted(str(learner.root))
    assert said.splitlines()[1:] == [f"To do: {ECHO}: the new starter is {ECHO}.new"]
    assert learner.path().read_bytes() == mine
    assert b"a few steps" in learner.path(f"{ECHO}.new").read_bytes()
    assert learner.path(TESTS).read_bytes() == (newer / TESTS).read_bytes()
    assert test in saved(learner).values()
    assert learner.path("workshop/old.py").read_bytes() == gone


def test_saved_in_an_editor_meanwhile(
    learner: Learner, newer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the learner saves after the update has read the file is kept, as above."""
    fill = update._fill

    def slow(*words: Any) -> None:
        learner.write("saved in an editor\n")
        fill(*words)

    monkeypatch.setattr(update, "_fill", slow)
    outcome = learner.here("update", str(newer))
    assert outcome.code == 1 and f"To do: {ECHO}\n" in outcome.out, outcome.all
    assert learner.path().read_text() == "saved in an editor\n"
    assert b"a few steps" in learner.path(f"{ECHO}.new").read_bytes()


def test_interrupted_while_it_is_cleared_away(
    learner: Learner, newer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once all files are in place, nothing that is left can stop the next command."""
    with monkeypatch.context() as patch:
        real = shutil.rmtree

        def half(path: Any, **how: Any) -> None:
            plan = Path(path) / pending.PLAN
            if plan.exists():
                plan.unlink()
                raise KeyboardInterrupt
            real(path, **how)

        patch.setattr(shutil, "rmtree", half)
        outcome = learner.here("update", str(newer))
    assert outcome.code == 0 and "updated from" in outcome.out, outcome.all
    assert pending.finish_interrupted(str(learner.root)) == ""
    assert learner.here("update", str(newer)).code == 0


def test_ctrl_c_while_files_are_replaced(
    learner: Learner, newer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes a moment, so it is finished."""
    put, once = pending.put, iter([KeyboardInterrupt()])

    def interrupted(source: str, target: str) -> None:
        if error := next(once, None):
            raise error
        put(source, target)

    monkeypatch.setattr(pending, "put", interrupted)
    outcome = learner.here("update", str(newer))
    assert outcome.code == 0 and "updated from 1.0 to 2.0" in outcome.out, outcome.all
    assert not learner.path(".workshop/update").exists()


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()]
)
@pytest.mark.parametrize("what", ["copy2", "move"])
def test_broken_off_while_it_is_prepared(
    learner: Learner, newer: Path, monkeypatch: pytest.MonkeyPatch, what: str, error: BaseException
) -> None:
    """A full disk, or Ctrl-C, before the first file is replaced: nothing has changed, and nothing is left."""
    real, count = getattr(shutil, what), iter(range(3))

    def full(*words: Any) -> Any:
        if next(count, None) is None:
            raise error
        return real(*words)

    path = zipped(newer)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, what, full)
        if isinstance(error, OSError):
            refused(learner, path, 1, "No space left")
        else:
            refused(learner, path, 130, "Stopped")
    assert learner.here("update", str(path)).code == 0


def test_another_file_system(
    learner: Learner, newer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a file cannot be moved from .workshop to its place, it is copied beside it first."""
    replace = os.replace

    def across(source: str, target: str) -> None:
        if ".workshop" in str(source) and ".workshop" not in str(target):
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        replace(source, target)

    monkeypatch.setattr(os, "replace", across)
    assert learner.here("update", str(newer)).code == 0
    assert learner.path(TESTS).read_bytes() == (newer / TESTS).read_bytes()
    assert not list(learner.root.rglob("*.tmp"))


def test_two_at_once(learner: Learner, newer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second says so, and does nothing; another command waits for the end of an update that is half done."""
    root = str(learner.root)
    with pending.alone(root, wait=False) as free:
        assert free
        refused(learner, newer, 1, "Another update is running")
        os.makedirs(learner.path(".workshop/update"))
        said: list[str] = []
        lock, tried = pending.lock, threading.Event()

        def seen(number: int) -> bool:
            free = lock(number)
            tried.set()
            return free

        monkeypatch.setattr(pending, "lock", seen)
        waiting = threading.Thread(target=lambda: said.append(pending.finish_interrupted(root)))
        waiting.start()
        assert tried.wait(10)
        os.rmdir(learner.path(".workshop/update"))
    waiting.join(10)
    assert said == [""]


# The tool's own files


@pytest.fixture
def whole(learner: Learner, newer: Path) -> Learner:
    """Both versions have the whole tool; the newer one's says so."""
    for root in (learner.root, newer):
        shutil.rmtree(root / "workshop")
        cache = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPOSITORY / "workshop", root / "workshop", ignore=cache)
    path = newer / "workshop" / "course" / "__init__.py"
    path.write_text(f"{path.read_text('utf-8')}\nNEWER = True\n", "utf-8")
    return learner


def own_tool(learner: Learner, *words: str) -> subprocess.CompletedProcess[str]:
    """Give a command to the tool of the learner's own copy."""
    return subprocess.run(
        [sys.executable, "-m", "workshop", *words],
        cwd=learner.root,
        env=learner.environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_tool_replaces_itself(whole: Learner, newer: Path) -> None:
    """Without --root, from its own copy; the next command is the new version's."""
    done = own_tool(whole, "update", str(zipped(newer)))
    assert done.returncode == 0, done.stderr
    assert "NEWER" in whole.path("workshop/course/__init__.py").read_text("utf-8")
    done = own_tool(whole, "schedule", "--json")
    assert done.returncode == 0, done.stderr


def test_any_command_finishes_first(
    whole: Learner, newer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an interruption the tool's files may be of two versions: the next command first completes them."""
    broken = whole.path("workshop/setup/environment.py")
    shutil.copy(broken, newer / "workshop" / "setup" / "environment.py")
    broken.write_text("from workshop.setup.progress import something_of_the_future\n")
    with monkeypatch.context() as patch:
        patch.setattr(pending, "put", breaking(2, OSError(errno.EACCES, "no")))
        assert whole.here("update", str(newer)).code == 1
    assert "something_of" in broken.read_text()
    done = own_tool(whole, "schedule", "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("Finished an update that had been interrupted."), done.stderr
    assert "something_of" not in broken.read_text()


# What is remembered


def test_what_passed_is_not_another_step(learner: Learner, tmp_path: Path) -> None:
    """Steps that have moved take their memory with them; a step in their old place has none, nor has its hint been seen."""
    learner.write(SOLVED)
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
