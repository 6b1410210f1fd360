"""The poetry demo, as a reader of the README runs it: a process of its own, and clients that are not ours."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from workshop.course import load
from workshop.layout import lay
from workshop.markers import answer

ROOT = Path(__file__).resolve().parent.parent
STAGE = load(ROOT).stage("stage2_poetry")
POEM = (STAGE.folder / "poem.txt").read_bytes()
BOUND = 20
"""Seconds that anything here may take before it counts as hung."""


@dataclass
class Demo:
    """A running demo: what it printed, and where it listens."""

    process: subprocess.Popen[str]
    printed: str
    port: int


def start(place: Path, *words: str) -> subprocess.Popen[str]:
    """Start the demo of the course laid out at ``place``."""
    return subprocess.Popen(
        [sys.executable, "-m", "exercises.stage2_poetry.demo", *words],
        cwd=place,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONUTF8": "1"},
    )


@contextlib.contextmanager
def running(place: Path, *words: str) -> Iterator[Demo]:
    """The demo, once it has said where it listens."""
    process = start(place, "--port", "0", *words)
    try:
        assert process.stdout is not None
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line)
            if "Ctrl-C" in line:
                break
        printed = "".join(lines)
        found = re.search(r"127\.0\.0\.1 port (\d+)", printed)
        assert found, printed
        yield Demo(process, printed, int(found[1]))
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def solved(tmp_path: Path) -> Path:
    """The course with the stage solved."""
    lay(STAGE, tmp_path / "course", answer(STAGE))
    return tmp_path / "course"


def test_python_command(solved: Path) -> None:
    """The line of Python that the demo prints fetches the poem, in another process."""
    with running(solved) as demo:
        command = next(line for line in demo.printed.splitlines() if " -c " in line)
        words = [sys.executable, *shlex.split(command)[1:]]
        env = {**os.environ, "PYTHONUTF8": "1"}
        done = subprocess.run(words, capture_output=True, timeout=BOUND, env=env)
    assert done.stdout.replace(b"\r\n", b"\n") == POEM, done.stderr


@pytest.mark.skipif(
    not shutil.which("nc") and not os.environ.get("CI"), reason="nc is not installed"
)
@pytest.mark.skipif(sys.platform == "win32", reason="nc is no program of Windows")
def test_nc_command(solved: Path) -> None:
    """The nc command that the demo prints fetches the poem."""
    with running(solved) as demo:
        command = next(line for line in demo.printed.splitlines() if line.strip().startswith("nc "))
        done = subprocess.run(
            shlex.split(command), capture_output=True, timeout=BOUND, stdin=subprocess.DEVNULL
        )
    assert done.stdout == POEM, done.stderr


def test_slow(solved: Path) -> None:
    """The slow server sends the first line at once and keeps the connection open; another client is served too."""
    with running(solved, "--slow") as demo:
        for _ in range(2):
            with socket.create_connection(("127.0.0.1", demo.port), timeout=BOUND) as client:
                first = client.makefile("rb").readline()
            assert first == POEM.splitlines(keepends=True)[0]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to one process")
def test_ctrl_c(solved: Path) -> None:
    """Ctrl-C ends the demo with exit code 0 and no traceback."""
    with running(solved) as demo:
        demo.process.send_signal(signal.SIGINT)
        rest, _ = demo.process.communicate(timeout=BOUND)
    assert demo.process.returncode == 0
    assert "Traceback" not in rest


def test_port_in_use(solved: Path) -> None:
    """A port that is in use is told in one line, with exit code 1."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        process = start(solved, "--port", str(other.getsockname()[1]))
        printed, _ = process.communicate(timeout=BOUND)
    assert process.returncode == 1
    assert re.fullmatch(r"Port \d+ is in use\..*--port 0\n", printed), printed


@pytest.mark.parametrize(
    ("words", "solved_steps", "step"), [([], 0, 1), ([], 1, 2), (["--slow"], 2, 9)]
)
def test_unsolved(tmp_path: Path, words: list[str], solved_steps: int, step: int) -> None:
    """On a starter, the demo names the step that is still to be written, and ends with exit code 1."""
    lay(STAGE, tmp_path / "course", answer(STAGE, solved_steps))
    process = start(tmp_path / "course", "--port", "0", *words)
    printed, _ = process.communicate(timeout=BOUND)
    assert process.returncode == 1
    assert "Traceback" not in printed
    assert f"Step {step}:" in printed, printed
