"""Ctrl-C, SIGTERM and worse, while the tool is at work: it ends at once, and everything that it started ends with it."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time

import pytest

if sys.platform == "win32":
    pytest.skip("Windows has neither these signals nor pseudo-terminals", allow_module_level=True)

from driving import ECHO, Learner, Terminal, linux, until

LOOP = "import os\nopen(os.environ['STARTED'], 'w').close()\nwhile True: pass\n"
"""Says that it runs, then never ends. What it says it in is outside of the course."""
WITHIN = 2.0
"""Seconds in which the tool must be over, with both cores busy too."""

COMMANDS: list[tuple[str, ...]] = [("run", "1"), (), ("watch", "1"), ("hint",)]
SENT = [(words, how) for words in COMMANDS for how in ("Ctrl-C", "SIGTERM")] + [
    (("run", "1"), "SIGINT"),
    (("run", "1"), "SIGHUP"),
    (("run", "1"), "Ctrl-C twice"),
    (("run", "1", "--json"), "SIGINT"),
    (("watch", "1"), "Ctrl-C twice"),
]


def send(terminal: Terminal, how: str) -> None:
    """Press Ctrl-C, which the terminal gives to the whole group in its foreground, or signal the tool alone."""
    if how.startswith("Ctrl-C"):
        terminal.press("\x03")
        if how.endswith("twice"):
            terminal.press("\x03")
    else:
        with contextlib.suppress(ProcessLookupError):
            terminal.process.send_signal(getattr(signal, how))


@pytest.mark.parametrize(
    ("words", "how"),
    SENT,
    ids=lambda value: value if isinstance(value, str) else " ".join(value) or "status",
)
def test_it_ends_at_once(mini: Learner, words: tuple[str, ...], how: str) -> None:
    """During an endless loop of the learner's: over within 2 s, exit code 130, the terminal sane, nothing left behind."""
    mini.write(LOOP)
    before = mini.files()
    started = mini.root.parent / "started"
    with Terminal(mini, *words, limit=60, env={"STARTED": str(started)}) as terminal:
        until(started.exists, 15, "the learner's code never ran")
        at = time.monotonic()
        send(terminal, how)
        code = terminal.end(10)
        took = time.monotonic() - at
        assert code == 130, f"Expected exit code 130, came {code}:\n{terminal.text}"
        assert took < WITHIN, f"It took {took:.1f} s."
        assert "Traceback" not in terminal.text, terminal.text
        terminal.sane()
    mini.nothing_left()
    assert mini.files() == before


@pytest.mark.parametrize("how", ["Ctrl-C", "SIGTERM"])
def test_code_that_ignores_signals_ends_too(mini: Learner, how: str) -> None:
    """No handler of the learner's code keeps it alive."""
    ignore = "import signal\nfor n in (2, 6, 15): signal.signal(n, signal.SIG_IGN)\n"
    mini.write(ignore + LOOP)
    started = mini.root.parent / "started"
    with Terminal(mini, "run", "1", limit=60, env={"STARTED": str(started)}) as terminal:
        until(started.exists, 15, "the learner's code never ran")
        send(terminal, how)
        assert terminal.end(WITHIN) == 130, terminal.text
    mini.nothing_left()


def test_watch_at_rest_ends_at_once(mini: Learner) -> None:
    """Nothing runs, and watch waits for a save: SIGTERM ends it as Ctrl-C does."""
    with Terminal(mini, "watch", "1") as terminal:
        terminal.expect("q quit")
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.end(WITHIN) == 130, terminal.text
        terminal.sane()


@linux
def test_the_tool_killed(mini: Learner) -> None:
    """If the tool itself is killed and can end nothing, the child ends by itself, within the limit for a test."""
    mini.write(LOOP)
    started = mini.root.parent / "started"
    process = mini.start("run", "1", limit=1, env={"STARTED": str(started)})
    until(started.exists, 15, "the learner's code never ran")
    assert mini.processes()
    process.kill()
    process.wait()
    until(lambda: not mini.processes(), 6, "a process was left behind")
    # Nobody is left who could remove it. It is among the system's temporary files, which are cleared from time to time.
    for folder in mini.temp.iterdir():
        assert folder.name.startswith("trial-by-wire-"), folder
        for place, _, names in os.walk(folder, topdown=False):
            for name in names:
                os.unlink(os.path.join(place, name))
            os.rmdir(place)
    assert mini.path(ECHO).read_text("utf-8") == LOOP
