"""`update`, interrupted: each file is of one version, whole, and the next command completes it; nothing is lost."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from driving import REPOSITORY, Learner
from releases import ECHO, NEWER, refused, release, saved, zipped

from workshop.commands import update
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
