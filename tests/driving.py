"""Drives the tool as a user does, on a copy of the miniature course: as a program of its own or, for its words, here."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
MINI = REPOSITORY / "tests" / "mini"
LIGHT = REPOSITORY / "tests" / "light"
TOOL = [sys.executable, "-m", "workshop"]

ECHO = "exercises/stage1_echo/echo.py"
TESTS = "exercises/stage1_echo/test_echo.py"
WIRE = "exercises/wire.py"
STARTER = (MINI / ECHO).read_text("utf-8")
SOLVED = re.sub(r" *### .*\n", "", (MINI / "solutions/stage1_echo/echo.py").read_text("utf-8"))

HALF = SOLVED.replace("self.transport.loseConnection()", "pass")
"""Step 1 passes, step 2 fails, step 3 would pass."""

# In the environment of all that a test starts, and of what that starts: so none of it can hide.
MARK = "TRIAL_BY_WIRE_TEST"
# What would change the tool's output or its speed, and is a matter of whoever runs the tests.
OURS = (
    "NO_COLOR",
    "FORCE_COLOR",
    "COLUMNS",
    "LINES",
    "TERM",
    "PYTHONIOENCODING",
    "PYTHONUTF8",
    "PYTHONDONTWRITEBYTECODE",
)

# An id in the list of classic mistakes, a weakness, a ticket (of Twisted unless it says), a section of an RFC.
SOURCE = re.compile(
    r"[WTCPH]\d+|CVE-\d+-\d+|CWE-\d+|([\w-]+/[\w-]+)?#\d+|RFC \d+(?: (?:section )?[\d.]+)?|seen"
)


def assert_loopback_only(port: int) -> None:
    """What listens at this port listens at 127.0.0.1, not at every address: another of this machine's does not answer."""
    # Traffic to it leaves no machine.
    with pytest.raises(OSError), socket.create_connection(("127.0.0.2", port), timeout=5):
        pass


posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals and processes")
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds to this limit")


def until(true: Callable[[], Any], seconds: float, what: str) -> None:
    """Wait until something is true; fail where it does not come true in time."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            pytest.fail(f"After {seconds:g} s: {what}")
        # Not a guess at how long it takes: only so that the looking leaves the core to what is looked at.
        threading.Event().wait(0.01)


@dataclass(frozen=True)
class Outcome:
    """How a command ended. ``peak`` is the most memory, in bytes, of it and each child that it waited for."""

    code: int
    out: str
    err: str
    seconds: float
    peak: int = 0

    @property
    def joined(self) -> str:
        """The output as a shell reads a command in it: a backslash at a line's end joins the next line to it."""
        return re.sub(r"\\\n", "", self.out)

    @property
    def all(self) -> str:
        """What a user reads."""
        return self.out + self.err


def steps(outcome: Outcome) -> dict[int, str]:
    """Each step's status, from --json."""
    return {step["number"]: step["status"] for step in json.loads(outcome.out)["steps"]}


class Learner:
    """A copy of the miniature course, and a user who gives commands on it."""

    def __init__(self, root: Path, temp: Path) -> None:
        self.root = root
        self.temp = temp

    def path(self, name: str = ECHO) -> Path:
        """A file of the course."""
        return self.root / name

    def write(self, text: str | bytes, name: str = ECHO) -> bytes:
        """Give a file this content, as an editor that writes in place does; returns its bytes."""
        data = text.encode() if isinstance(text, str) else text
        self.path(name).write_bytes(data)
        return data

    def files(self) -> dict[str, bytes]:
        """All of the course's files, but for what the tool keeps for itself."""
        return {
            path.relative_to(self.root).as_posix(): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and ".workshop" not in path.parts
        }

    def environment(self, extra: Mapping[str, str] = {}) -> dict[str, str]:
        """What a command is started with."""
        kept = {name: text for name, text in os.environ.items() if name not in OURS}
        temp = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(self.temp))
        return {
            **kept,
            **temp,
            "PYTHONPATH": f"{REPOSITORY}{os.pathsep}{LIGHT}",
            MARK: str(self.temp),
            **extra,
        }

    def command(self, *words: str, limit: float | None = None) -> list[str]:
        """The command line for the tool's command of these words."""
        limits = [] if limit is None else ["--limit", f"{limit:g}"]
        return [*TOOL, "--root", str(self.root), *limits, *words]

    def start(
        self, *words: str, limit: float | None = None, env: Mapping[str, str] = {}, **how: Any
    ) -> subprocess.Popen[bytes]:
        """Start a command; ``how`` is for Popen."""
        return subprocess.Popen(
            self.command(*words, limit=limit),
            env=self.environment(env),
            start_new_session=True,
            **{"cwd": self.root, **how},
        )

    def tool(
        self,
        *words: str,
        limit: float | None = None,
        env: Mapping[str, str] = {},
        within: float = 30,
    ) -> Outcome:
        """Give a command, with its output piped, and wait until it is over; not longer than ``within`` seconds."""
        began = time.monotonic()
        process = self.start(
            *words,
            limit=limit,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        texts: list[bytes] = [b"", b""]
        readers = []
        for n, stream in enumerate((process.stdout, process.stderr)):
            assert stream is not None

            def read(n: int = n, stream: Any = stream) -> None:
                with stream:
                    texts[n] = stream.read()

            readers.append(threading.Thread(target=read, daemon=True))
            readers[-1].start()
        peak = 0
        deadline = began + within
        while process.poll() is None:
            peak = max(peak, _memory(process.pid))
            if time.monotonic() > deadline:
                process.kill()
                process.wait()
                pytest.fail(f"{' '.join(words)}: not over after {within:g} s.")
            threading.Event().wait(0.02)
        seconds = time.monotonic() - began
        for reader in readers:
            reader.join(5)
            assert not reader.is_alive(), "Somebody still holds the tool's own output open."
        out, err = (text.decode("utf-8", "replace").replace("\r\n", "\n") for text in texts)
        return Outcome(process.returncode, out, err, seconds, peak)

    def here(self, *words: str, limit: float | None = None, env: Mapping[str, str] = {}) -> Outcome:
        """Give a command in this process: for tests of what it says, not of how a process starts and ends.

        Its imports are most of what a short command costs. What it runs has its own process, as ever.
        """
        from workshop.commands import main

        kept = {name: text for name, text in os.environ.items() if name not in OURS}
        numbers = [getattr(signal, name, signal.SIGINT) for name in ("SIGINT", "SIGTERM", "SIGHUP")]
        stops = {number: signal.getsignal(number) for number in numbers}
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", newline="\n") for _ in range(2))
        began = time.monotonic()
        with (
            mock.patch.dict(os.environ, {**kept, "COLUMNS": "80", **env}, clear=True),
            mock.patch.object(sys, "argv", self.command(*words, limit=limit)[2:]),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            pytest.raises(SystemExit) as ended,
        ):
            main()
        for number, handler in stops.items():
            signal.signal(number, handler)
        texts = []
        for stream in (out, err):
            stream.flush()
            texts.append(stream.buffer.getvalue().decode())
        return Outcome(ended.value.code, *texts, time.monotonic() - began)

    def processes(self) -> list[str]:
        """What is still alive of all that was started on this course; distinguished on Linux only."""
        found = []
        for entry in Path("/proc").glob("[0-9]*") if sys.platform == "linux" else ():
            try:
                if f"{MARK}={self.temp}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                    line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
                    found.append(f"{entry.name}: {line}")
            except OSError:
                continue  # it ended meanwhile, or is another user's
        return found

    def nothing_left(self) -> None:
        """Fail where a process or a temporary folder is still there."""
        until(lambda: not self.processes(), 3, "a process was left behind")
        left = sorted(path.name for path in self.temp.iterdir())
        assert not left, f"Left behind among the temporary files: {left}"


def _memory(pid: int) -> int:
    """The most memory that a process had so far, in bytes; 0 where the system does not say."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s+(\d+) kB", text)
    return int(found[1]) * 1024 if found else 0


class Terminal:
    """A pseudo-terminal of 80 columns and 24 lines with a command in its foreground."""

    def __init__(
        self,
        learner: Learner,
        *words: str,
        limit: float | None = None,
        env: Mapping[str, str] = {},
        size: tuple[int, int] = (80, 24),
    ) -> None:
        import fcntl
        import pty
        import struct
        import termios

        self.learner = learner
        self.ours, self._theirs = pty.openpty()
        fcntl.ioctl(self._theirs, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.before = termios.tcgetattr(self._theirs)
        theirs = self._theirs

        def as_in_a_shell() -> None:
            # Ctrl-C goes to the command's group; no signal is ignored, though pytest may have been started so.
            fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)

        self.process = learner.start(
            *words,
            limit=limit,
            env={"TERM": "xterm-256color", **env},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            preexec_fn=as_in_a_shell,
        )
        self.text = ""
        self._at = 0

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.ours)
        os.close(self._theirs)

    def _read(self, seconds: float) -> None:
        ready, _, _ = select.select([self.ours], [], [], max(0.0, seconds))
        if ready:
            data = os.read(self.ours, 1 << 16)
            self.text += data.decode("utf-8", "replace").replace("\r\n", "\n")

    def expect(self, pattern: str, seconds: float = 15) -> re.Match[str]:
        """Read until the pattern comes, after all that was expected before; fail where it does not in time."""
        deadline = time.monotonic() + seconds
        while True:
            found = re.compile(pattern).search(self.text, self._at)
            if found:
                self._at = found.end()
                return found
            if time.monotonic() > deadline:
                pytest.fail(f"No {pattern!r} in {seconds:g} s, after:\n{self.text[self._at :]}")
            self._read(0.05)

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self.ours, keys.encode())

    def end(self, seconds: float = 15) -> int:
        """Read until the command is over, and give its exit code."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None:
            if time.monotonic() > deadline:
                pytest.fail(f"Not over after {seconds:g} s:\n{self.text}")
            self._read(0.02)
        while select.select([self.ours], [], [], 0)[0]:
            self._read(0)
        return self.process.returncode

    def sane(self) -> None:
        """Fail where the terminal is not as it was: its settings, or a cursor that was hidden."""
        import termios

        assert termios.tcgetattr(self._theirs) == self.before, "The terminal's settings changed."
        hidden, shown = self.text.rfind("\x1b[?25l"), self.text.rfind("\x1b[?25h")
        assert hidden <= shown, "The cursor was left hidden."
