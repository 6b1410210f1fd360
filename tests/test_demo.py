"""The demos, as a reader of the README runs them: a process of its own, and clients that are not ours.

The pages of the HTTP demos are looked at in test_http_browser.py.
"""

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
from driving import assert_loopback_only

from workshop.course import load
from workshop.course.solutions import answer
from workshop.runner.layout import lay

ROOT = Path(__file__).resolve().parent.parent
COURSE = load(ROOT)
STAGE = COURSE.stage("stage2_poetry")
POEM = (STAGE.folder / "poem.txt").read_bytes()
BOUND = 20
"""Seconds that anything here may take before it counts as hung."""


@dataclass
class Demo:
    """A running demo: what it printed, and where it listens."""

    process: subprocess.Popen[str]
    printed: str
    port: int


each_demo = pytest.mark.parametrize("name", ["stage2_poetry", "stage3_http", "stage3b_framing"])


def start(
    place: Path, *words: str, name: str = STAGE.name, python: tuple[str, ...] = ()
) -> subprocess.Popen[str]:
    """Start the demo of the course laid out at ``place``. python: options for Python itself."""
    return subprocess.Popen(
        [sys.executable, *python, "-m", f"exercises.{name}.demo", *words],
        cwd=place,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONUTF8": "1"},
    )


@contextlib.contextmanager
def running(place: Path, *words: str, name: str = STAGE.name) -> Iterator[Demo]:
    """The demo, once it has said where it listens."""
    process = start(place, "--port", "0", *words, name=name)
    try:
        assert process.stdout is not None
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line)
            if "Ctrl-C" in line:
                break
        printed = "".join(lines)
        found = re.search(r"127\.0\.0\.1(?: port |:)(\d+)", printed)
        assert found, printed
        yield Demo(process, printed, int(found[1]))
    finally:
        process.kill()
        process.communicate()


def lay_solved(place: Path, name: str) -> Path:
    """Put the course with that stage solved there."""
    lay(COURSE.stage(name), place, answer(COURSE.stage(name)))
    return place


@pytest.fixture
def solved(tmp_path: Path) -> Path:
    """The course with the poetry stage solved."""
    return lay_solved(tmp_path / "course", STAGE.name)


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
        assert_loopback_only(demo.port)
        for _ in range(2):
            with socket.create_connection(("127.0.0.1", demo.port), timeout=BOUND) as client:
                first = client.makefile("rb").readline()
            assert first == POEM.splitlines(keepends=True)[0]


def test_half_closed(solved: Path) -> None:
    """As the README says: a client that closes its own half gets the poem or nothing, and of the slow one a line at most."""
    for words, most in (((), POEM), (("--slow",), POEM.splitlines(keepends=True)[0])):
        with (
            running(solved, *words) as demo,
            socket.create_connection(("127.0.0.1", demo.port), timeout=BOUND) as client,
        ):
            client.shutdown(socket.SHUT_WR)
            assert client.makefile("rb").read() in (b"", most)


@each_demo
@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to one process")
def test_ctrl_c(tmp_path: Path, name: str) -> None:
    """Ctrl-C ends a demo with exit code 0 and no traceback, while a client is connected too."""
    with (
        running(lay_solved(tmp_path / "course", name), name=name) as demo,
        socket.create_connection(("127.0.0.1", demo.port), timeout=BOUND),
    ):
        demo.process.send_signal(signal.SIGINT)
        rest, _ = demo.process.communicate(timeout=BOUND)
    assert demo.process.returncode == 0
    assert "Traceback" not in rest


@each_demo
def test_port_in_use(tmp_path: Path, name: str) -> None:
    """A port that is in use is reported in one line, with exit code 1."""
    place = lay_solved(tmp_path / "course", name)
    with socket.create_server(("127.0.0.1", 0)) as other:
        process = start(place, "--port", str(other.getsockname()[1]), name=name)
        printed, _ = process.communicate(timeout=BOUND)
    assert process.returncode == 1
    assert re.fullmatch(r"Port \d+ is in use\..*--port 0\n", printed), printed


@each_demo
def test_outside_of_the_environment(name: str) -> None:
    """With a Python that has no Twisted, a demo says in one line what to run instead, with exit code 1."""
    # Without site, Python finds no installed packages.
    process = start(ROOT, name=name, python=("-S", "-E"))
    printed, _ = process.communicate(timeout=BOUND)
    assert process.returncode == 1
    assert re.fullmatch(
        rf"This Python has no Twisted\. Run: \.venv.*python -m exercises\.{name}\.demo\n", printed
    ), printed


@pytest.mark.parametrize(("solved_steps", "step"), [(0, 1), (1, 11), (10, 11)])
def test_unsolved_form(tmp_path: Path, solved_steps: int, step: int) -> None:
    """Stage 3b's demo serves its first page from the beginning, and names the step that its form still needs."""
    stage = COURSE.stage("3b")
    lay(stage, tmp_path / "course", answer(stage, solved_steps))
    with (
        running(tmp_path / "course", name=stage.name) as demo,
        socket.create_connection(("127.0.0.1", demo.port), timeout=BOUND) as client,
    ):
        assert f"The form is not written yet: Step {step}:" in demo.printed, demo.printed
        assert "/form" not in demo.printed
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert client.makefile("rb").read().startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("name", "words", "solved_steps", "step"),
    [
        ("stage2_poetry", [], 0, 1),
        ("stage2_poetry", [], 1, 2),
        ("stage2_poetry", ["--slow"], 2, 9),
        ("stage3_http", [], 0, 1),
        ("stage3_http", [], 6, 7),
    ],
)
def test_unsolved(
    tmp_path: Path, name: str, words: list[str], solved_steps: int, step: int
) -> None:
    """On a starter, a demo names the step that is still to be written, and ends with exit code 1."""
    stage = COURSE.stage(name)
    lay(stage, tmp_path / "course", answer(stage, solved_steps))
    process = start(tmp_path / "course", "--port", "0", *words, name=name)
    printed, _ = process.communicate(timeout=BOUND)
    assert process.returncode == 1
    assert "Traceback" not in printed
    assert f"Step {step}:" in printed, printed
