"""The machine it runs on: files beside the course's, settings of Python, no git, no solutions/, a terminal that stops."""

from __future__ import annotations

import json
import os
import runpy
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from driving import ECHO, REPOSITORY, SOLVED, STARTER, TESTS, Learner, Terminal, posix, until

from workshop.course import CourseError
from workshop.slides import handout

APPLE = b"\x00\x05\x16\x07\x00\x02\xff\xb0Mac OS X"
"""What macOS lays beside a file on a foreign file system begins so. It is no text."""


def test_files_that_begin_with_a_dot(mini: Learner) -> None:
    """The ._x that macOS lays beside each x on a USB stick, and an editor's lock, are nobody's business."""
    for path in sorted(mini.root.rglob("*")):
        if path.is_file():
            path.with_name(f"._{path.name}").write_bytes(APPLE)
    if sys.platform != "win32":
        mini.path().with_name(".#echo.py").symlink_to("user@host.123")
    commands = [(), ("run", "1"), ("run", "1", "--json"), ("hint", "1"), ("solution", "1")]
    for words in [*commands, ("starters",), ("reset", "1"), ("reset", "1", "--provided")]:
        outcome = mini.here(*words)
        assert "Traceback" not in outcome.all and "._" not in outcome.all, outcome.all
        assert outcome.code == (1 if "run" in words else 0), (words, outcome.all)
    mini.write(SOLVED)
    assert mini.here("run", "1").code == 0


def test_decks_that_begin_with_a_dot(tmp_path: Path) -> None:
    """Sphinx takes no ._x.md for a deck."""
    from sphinx.project import Project

    settings = runpy.run_path(str(REPOSITORY / "slides" / "conf.py"))
    for name in ("a.md", "._a.md", "b/._c.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(APPLE)
    found = Project(tmp_path, [".md"]).discover(settings["exclude_patterns"])
    assert found == {"a"}


@pytest.mark.parametrize("setting", ["warnings", "safe path", "path", "a module in the folder"])
def test_no_setting_of_the_users_matters(mini: Learner, tmp_path: Path, setting: str) -> None:
    """A run is as plain Python would make it, with the course's own exercises, and Python's own modules."""
    evil = tmp_path / "evil"
    shutil.copytree(mini.root / "exercises", evil / "exercises")
    (evil / "exercises/wire.py").write_text("1 / 0\n")
    for folder in (evil, *([mini.root] if "folder" in setting else [])):
        (folder / "queue.py").write_text("1 / 0\n")
    warns = "        __import__('warnings').warn('x', DeprecationWarning)\n"
    sends = "        self.transport.write(data)\n"
    mini.write("import queue\n" + SOLVED.replace(sends, warns + sends))
    path = os.pathsep.join([str(evil), str(REPOSITORY)])
    more = {
        "warnings": {"PYTHONWARNINGS": "error"},
        "safe path": {"PYTHONSAFEPATH": "1"},
        "path": {"PYTHONPATH": path},
    }.get(setting, {})
    outcome = mini.tool("run", "1", env=more)
    assert outcome.code == 0, outcome.all


def test_solutions_withheld(mini: Learner) -> None:
    """If tests are given, and in the map, all goes on as ever; what cannot be judged is said, and is not in the way."""
    judged = REPOSITORY / "tests" / "judged" / "exercises"
    shutil.copytree(judged / "stage1_tally", mini.root / "exercises" / "stage0_tally")
    table = (judged / "course.toml").read_text("utf-8")
    entry = "[[stage]]" + table.partition("[[stage]]")[2].replace("stage1_tally", "stage0_tally")
    mine = mini.path("exercises/course.toml")
    before, _, after = mine.read_text("utf-8").partition("[[stage]]")
    mine.write_text(f"{before}{entry}\n[[stage]]{after}", "utf-8")
    shutil.rmtree(mini.path("solutions"))
    outcome = mini.here()
    assert outcome.code == 0, outcome.all
    out = " ".join(outcome.out.split())
    assert "not judged: no solutions/ here stage1_echo An echo 0 of 3 steps pass" in out, out
    assert "stage1_echo, step 1:" in out, out
    assert "stage1_echo" in mini.here("run").out, "It is the first to do."
    assert "no solutions/stage0_tally" in mini.here("run", "stage0").all
    mini.write(SOLVED)
    assert mini.here("run", "stage1").code == 0
    assert json.loads(mini.here("run", "stage1", "--json").out)["passed"] is True


def test_conflict_markers(mini: Learner) -> None:
    """What Git could not merge is named as such, with its first line; a line of equals signs is no conflict."""
    conflict = f"<<<<<<< HEAD\n{SOLVED}=======\n{STARTER}>>>>>>> theirs\n"
    mini.write(f"# one\n{conflict}")
    for words in (("run", "1"), ("run", "1", "--json")):
        outcome = mini.here(*words)
        text = " ".join(outcome.all.split())
        assert outcome.code == 1 and f"{ECHO} has Git's conflict markers, from line 2 on" in text
        assert "workshop run stage1_echo" in text
        assert "--json" in words or max(map(len, outcome.out.splitlines())) <= 80, outcome.out
    mini.write(f'"""An echo\n=======\n<<<<<<< {"=" * 7}\n"""\n{SOLVED}')
    assert mini.here("run", "1").code == 0


@pytest.mark.parametrize("git", [True, False])
def test_no_copy_was_kept(mini: Learner, git: bool) -> None:
    """Git's command is reported only where there is a git repository."""
    if git:
        (mini.root / ".git").mkdir()
    mini.write(b"# edited before the first run\n", TESTS)
    outcome = mini.here("reset", "1", "--provided")
    assert outcome.code == 1
    assert ("git checkout" in outcome.out) is git, outcome.out
    assert ("from the course as" in " ".join(outcome.out.split())) is not git, outcome.out


@posix
def test_what_the_browser_says(tmp_path: Path) -> None:
    """If no PDF comes of it, the browser's own last words are reported."""
    browser = tmp_path / "browser"
    browser.write_text("#!/bin/sh\necho no usable sandbox >&2\nexit 1\n")
    browser.chmod(0o755)
    page = tmp_path / "deck.html"
    page.write_text("<title>x</title>")
    with pytest.raises(CourseError, match=r"did not write .*Its output: no usable sandbox"):
        handout.write(str(browser), page, tmp_path / "x.pdf", False)


@pytest.mark.parametrize("name", ["stage2_poetry", "stage3_http", "stage3b_framing"])
def test_a_demo_started_by_its_path(name: str) -> None:
    """It says how to start it."""
    path = REPOSITORY / "exercises" / name / "demo.py"
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.endswith(f" -m exercises.{name}.demo\n"), done.stderr
    assert "Traceback" not in done.stderr


def test_every_demo_is_looked_at() -> None:
    """The test above has all of them."""
    demos = {path.parent.name for path in (REPOSITORY / "exercises").glob("*/demo.py")}
    assert demos == {"stage2_poetry", "stage3_http", "stage3b_framing"}


def test_recursion_that_has_ended_already(mini: Learner) -> None:
    """Recursion that printed too much is reported as that, also where it has ended before anybody looked at its stack."""
    again = (
        "        def again(n):\n            print('x' * 10000)\n            again(n + 1)\n"
        "        try:\n            again(0)\n        except RecursionError:\n"
        "            __import__('time').sleep(0.2)\n            raise\n"
    )
    mini.write(SOLVED.replace("        self.transport.write(data)\n", again))
    for words in (("run", "1"), ("run", "1", "--json")):
        out = " ".join(mini.here(*words).all.split())
        assert "calls itself again and again in test_sends_back (RecursionError)" in out, out


@posix
def test_stopped_and_continued(mini: Learner) -> None:
    """After Ctrl-Z and fg, watch has its keys again: a shell has set the terminal back meanwhile."""
    import termios

    with Terminal(mini, "watch", "1", limit=2) as watch:
        watch.expect("q quit")
        os.kill(watch.process.pid, signal.SIGSTOP)
        termios.tcsetattr(watch._theirs, termios.TCSANOW, watch.before)
        os.kill(watch.process.pid, signal.SIGCONT)

        def at_once() -> bool:
            return not termios.tcgetattr(watch._theirs)[3] & termios.ICANON

        until(at_once, 5, "the terminal waits for whole lines")
        watch.press("r")
        watch.expect("run again")
        watch.expect("q quit")
        watch.press("q")
        assert watch.end(5) == 0, watch.text
        watch.sane()


@posix
@pytest.mark.parametrize("poll", [True, False])
def test_an_editors_own_files_are_no_saves(mini: Learner, poll: bool) -> None:
    """Emacs keeps a .#client.py beside client.py, macOS a ._client.py: neither is reported, nor does it start a run."""
    with Terminal(mini, "watch", "1", *["--poll"] * poll, limit=2) as watch:
        watch.expect("q quit")
        mini.path().with_name("._echo.py").write_bytes(APPLE)
        mini.path().with_name(".#echo.py").symlink_to("user@host.123")
        mini.write(SOLVED)
        watch.expect(r"saved echo\.py\n")
        watch.expect("all of it passes")
        watch.expect("q quit")
        mini.path().with_name(".#echo.py").unlink()
        mini.write(STARTER)
        watch.expect(r"saved echo\.py\n")
        watch.expect("q quit")
        assert watch.text.count("saved") == 2, watch.text
        watch.press("q")
        assert watch.end(5) == 0, watch.text
