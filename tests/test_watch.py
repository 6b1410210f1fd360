"""`watch` on a pseudo-terminal of 80 columns and 24 lines, with a user who saves files and presses keys."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("Windows has no pseudo-terminals to drive it with", allow_module_level=True)

from driving import ECHO, SOLVED, STARTER, WIRE, Learner, Terminal

READY = "q quit"
PASSES = "stage1_echo: all of it passes"
UNWRITTEN = "Not written yet. Step 1: send the data back"


def rewrite(path: Path, text: str) -> None:
    """Save as an editor does that writes in place."""
    path.write_text(text, "utf-8")


def replace(path: Path, text: str) -> None:
    """Save as an editor does that never leaves half a file: write a neighbour, put it in place."""
    beside = path.with_name("." + path.name + ".swp")
    beside.write_text(text, "utf-8")
    os.replace(beside, path)


@pytest.fixture(params=["events", "poll"])
def watch(mini: Learner, request: pytest.FixtureRequest) -> Iterator[Terminal]:
    """`watch 1` at work, after its first verdict; with the system's events, and with --poll."""
    poll = ["--poll"] if request.param == "poll" else []
    with Terminal(mini, "watch", "1", *poll, limit=2) as terminal:
        terminal.expect(UNWRITTEN)
        terminal.expect(READY)
        yield terminal


@pytest.mark.parametrize("save", [rewrite, replace])
def test_a_save_brings_a_verdict(watch: Terminal, save: Callable[[Path, str], None]) -> None:
    """At each save, however an editor does it, the tests are run again, and it says which file was saved; q ends it."""
    save(watch.learner.path(), SOLVED)
    watch.expect(r"\d\d:\d\d:\d\d saved .*echo\.py")
    watch.expect(PASSES)
    watch.expect(READY)
    save(watch.learner.path(), STARTER)
    watch.expect(UNWRITTEN)
    watch.expect(READY)
    watch.press("q")
    assert watch.end(3) == 0, watch.text
    watch.sane()
    assert watch.learner.path().read_text("utf-8") == STARTER


def one(mini: Learner, limit: float = 2) -> Terminal:
    """`watch 1`, for what does not depend on how saves are noticed."""
    return Terminal(mini, "watch", "1", limit=limit)


def test_keys(mini: Learner) -> None:
    """h: the next tier of the hint for the first failing step. r: run again. Others do nothing. Q as q."""
    with one(mini) as watch:
        watch.expect(READY)
        watch.press("h")
        watch.expect(r"Question \(1 of 3\)\s+What does write take\?")
        watch.press("xH")
        watch.expect(r"Pointer \(2 of 3\)")
        watch.press("r")
        watch.expect("run again")
        watch.expect(UNWRITTEN)
        watch.expect(READY)
        watch.press("Q")
        assert watch.end(3) == 0, watch.text
        watch.sane()


def test_a_hint_where_nothing_fails(mini: Learner) -> None:
    """h, where all passes, says so."""
    mini.write(SOLVED)
    with one(mini) as watch:
        watch.expect(PASSES)
        watch.expect(READY)
        watch.press("h")
        watch.expect("nothing to hint at")
        watch.press("q")
        assert watch.end(3) == 0, watch.text


def test_a_hint_where_a_run_was_broken_off(mini: Learner) -> None:
    """h, where a test never ended, is for that test's step."""
    mini.write(SOLVED.replace("self.transport.write(data)", "while True: pass"))
    with one(mini, limit=1) as watch:
        watch.expect("still running after 1 s")
        watch.expect(READY)
        watch.press("h")
        watch.expect(r"Question \(1 of 3\)\s+What does write take\?")
        watch.press("q")
        assert watch.end(3) == 0, watch.text


def test_ctrl_c(mini: Learner) -> None:
    """Ctrl-C ends it as it ends any program; the terminal is as it was."""
    with one(mini) as watch:
        watch.expect(READY)
        watch.press("\x03")
        assert watch.end(3) == 130, watch.text
        watch.sane()
        assert "Traceback" not in watch.text, watch.text


def test_what_a_learner_s_file_goes_through(mini: Learner) -> None:
    """Deleted, restored, not Python, endless, repaired: each gets its message, and the watch goes on."""
    path = mini.path()
    with one(mini, limit=1) as watch:
        watch.expect(READY)
        path.unlink()
        watch.expect(rf"{ECHO} is missing")
        watch.expect(READY)
        rewrite(path, SOLVED)
        watch.expect(PASSES)
        watch.expect(READY)
        rewrite(path, SOLVED.replace("(data)", "(data"))
        watch.expect(rf"{ECHO}, line \d+,\s+is\s+not\s+Python")
        watch.expect(READY)
        rewrite(path, SOLVED.replace("self.transport.write(data)", "while True: pass"))
        watch.expect(rf"{ECHO}, line 14: still running after 1 s")
        watch.expect(READY)
        rewrite(path, SOLVED)
        watch.expect(PASSES)
        watch.expect(READY)
        watch.press("q")
        assert watch.end(3) == 0, watch.text
        watch.sane()


def test_a_provided_file_edited_while_watching(mini: Learner) -> None:
    """A test file that is edited by mistake is reported at once, with the command that puts it back."""
    tests = mini.path("exercises/stage1_echo/test_echo.py")
    came = tests.read_bytes()
    with one(mini) as watch:
        watch.expect(READY)
        tests.write_bytes(came.replace(b"assertEqual", b"assertTrue"))
        watch.expect("differs from the course's own")
        watch.expect("reset stage1_echo --provided")
        watch.expect(READY)
        tests.write_bytes(came)
        watch.expect(UNWRITTEN)
        watch.press("q")
        assert watch.end(3) == 0, watch.text


def test_q_does_not_wait_for_an_endless_loop(mini: Learner) -> None:
    """q and Ctrl-C break off a run that is under way, and leave nothing of it."""
    mini.write("while True: pass\n")
    for key, code in (("q", 0), ("\x03", 130)):
        with Terminal(mini, "watch", "1", limit=60) as watch:
            watch.expect("stage1_echo: An echo")
            watch.press(key)
            assert watch.end(3) == code, watch.text
            watch.sane()
        mini.nothing_left()


def test_each_stage_can_be_watched_without_a_keyboard(mini: Learner) -> None:
    """With standard input from nowhere it still watches, and ends on SIGTERM."""
    import subprocess

    process = mini.start("watch", "1", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout as out:
        assert any(READY.encode() in line for line in out), "It never watched."
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 130
    assert mini.path(WIRE).exists()
