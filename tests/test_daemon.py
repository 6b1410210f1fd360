"""The daemon's stage as a reader of its README uses it: twist run in the stage's own folder; and what it leaves there."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from driving import until

from workshop.commands.watch import polled_changes
from workshop.course import load
from workshop.course.files import made_fingerprints
from workshop.course.solutions import answer
from workshop.report.where import edit
from workshop.runner.layout import lay
from workshop.runner.result import Problem

ROOT = Path(__file__).resolve().parent.parent
COURSE = load(ROOT)
STAGE = COURSE.stage("stage8_daemon")
PLUGINS = "twisted/plugins"
BOUND = 30
"""Seconds that anything here may take before it counts as hung."""

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to handle")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The stage's own folder, solved, in a copy of the course."""
    lay(STAGE, tmp_path / "course", answer(STAGE))
    return tmp_path / "course" / "exercises" / STAGE.name


def environment(**more: str) -> dict[str, str]:
    """The variables of a user who has set none that Python looks at, but for these."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}
    return {**kept, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1", **more}


def ran(*command: str | Path, cwd: Path, **more: str) -> str:
    """What a command prints that ends well."""
    done = subprocess.run(
        command, cwd=cwd, env=environment(**more), capture_output=True, text=True, timeout=BOUND
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def listed(text: str) -> bool:
    """Whether the help of twist lists the command."""
    return re.search(r"^ +poetry +Sends a poem", text, re.M) is not None


def test_module_finds_the_plugin(folder: Path) -> None:
    """In the stage's folder, python -m twisted --help lists poetry, and the real Twisted is what runs."""
    assert listed(ran(sys.executable, "-m", "twisted", "--help", cwd=folder))
    where = ran(sys.executable, "-c", "import twisted; print(twisted.__file__)", cwd=folder)
    assert folder not in Path(where.strip()).resolve().parents


def test_script_finds_the_plugin_on_the_path(folder: Path) -> None:
    """As the README says: the script twist finds it with the folder on Python's path, and not without."""
    script = shutil.which("twist", path=str(Path(sys.executable).parent))
    if script is None:
        pytest.skip("Twisted's scripts are not beside this Python")
    assert listed(ran(script, "--help", cwd=folder, PYTHONPATH="."))
    assert not listed(ran(script, "--help", cwd=folder))


def test_not_found_with_an_init(folder: Path) -> None:
    """As the README says: with an __init__.py, the folder hides the real package; and the stage's tests report it."""
    (folder / "twisted" / "__init__.py").touch()
    done = subprocess.run(
        [sys.executable, "-m", "twisted", "--help"],
        cwd=folder,
        env=environment(),
        capture_output=True,
        timeout=BOUND,
    )
    assert done.returncode != 0
    said = subprocess.run(
        [sys.executable, "-m", "twisted.trial", "exercises.stage8_daemon.test_3_plugin"],
        cwd=folder.parent.parent,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=BOUND,
    )
    assert "Expected no twisted/__init__.py" in said.stdout
    assert "failures=1" in said.stdout


def test_trial_from_the_checkout(folder: Path) -> None:
    """python -m twisted.trial, in the course's folder, finds the stage, though the course is not installed."""
    said = ran(
        *(sys.executable, "-m", "twisted.trial", "exercises.stage8_daemon.test_1_options"),
        cwd=folder.parent.parent,
    )
    assert "PASSED" in said


# Runs all of the stage's tests, each as trial does, and reports whose end finds a signal's handler from the daemon's file.
HANDLERS = """
import signal, sys
from twisted.trial.reporter import TestResult
from twisted.trial.runner import TestLoader, TrialSuite

class Look(TestResult):
    def stopTest(self, test):
        super().stopTest(test)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            handler = signal.getsignal(number)
            if getattr(handler, "__module__", "").endswith("poetry_daemon"):
                print(test.id(), "leaves its handler of", number)
                signal.signal(number, signal.SIG_DFL)
        for number in signal.pthread_sigmask(signal.SIG_BLOCK, []):
            print(test.id(), "holds back", number)

found, result = TestLoader().loadPackage(__import__(sys.argv[1], fromlist=[""]), recurse=True), Look()
TrialSuite([found]).run(result)
print(result.successes, "passed", len(result.errors), "errors", len(result.failures), "failures")
"""


@posix
def test_no_handler_is_left(folder: Path, tmp_path: Path) -> None:
    """After each test of the stage, no signal's handler is the daemon's, and none is held back."""
    cwd = tmp_path / "run"
    cwd.mkdir()
    stage = f"exercises.{STAGE.name}"
    said = ran(sys.executable, "-c", HANDLERS, stage, cwd=cwd, PYTHONPATH=str(tmp_path / "course"))
    count = sum(len(step.tests) for step in STAGE.steps)
    assert said.splitlines() == [f"{count} passed 0 errors 0 failures"]


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("_is_listening", "def _is_listening("),
        ("_is_not_listening", "def _is_not_listening("),
        ("connectionMade", "def connectionMade("),
    ],
)
def test_part_that_failed_comes_first(folder: Path, name: str, head: str) -> None:
    """If all parts of step 4 are written, the one that the failure's message names is shown first."""
    stage = dataclasses.replace(STAGE, root=folder.parent.parent)
    step = next(one for one in STAGE.steps if one.number == 4)
    text = (folder / "poetry_daemon.py").read_text("utf-8")
    line = text[: text.index(head)].count("\n") + 1
    first, also = edit(
        stage, step, Problem("FailTest", f"Expected 127.0.0.1 in the line of {name}")
    )
    assert first == f"exercises/{STAGE.name}/poetry_daemon.py, line {line}"
    assert also.startswith("also poetry_daemon.py, lines ")


@contextlib.contextmanager
def daemon(
    folder: Path, poem: str = "long.txt", reactor: str = "default", **handlers: Any
) -> Iterator[tuple[subprocess.Popen[str], tuple[str, int]]]:
    """The daemon, once it says that its reactor starts; and its address. long.txt is larger than all buffers.

    handlers: what the process is started with, by the name of a signal; else the default.
    """
    (folder / "long.txt").write_text("a line\n" * 3_000_000, "utf-8")

    def as_in_a_terminal() -> None:
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            signal.signal(getattr(signal, name), handlers.get(name, signal.SIG_DFL))

    with subprocess.Popen(
        [
            *(sys.executable, "-m", "twisted", "--log-format=text", f"--reactor={reactor}"),
            *("poetry", "--port", "tcp:0:interface=127.0.0.1", "--poem", poem),
        ],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        preexec_fn=as_in_a_terminal,
    ) as process:
        late = threading.Timer(BOUND, process.kill)
        late.start()
        try:
            assert process.stdout is not None
            log, found = "", None
            for line in process.stdout:
                log += line
                found = found or re.search(r"Listening on .*'127\.0\.0\.1', port=(\d+)", line)
                if "Starting reactor" in line:
                    break
            assert found, log
            yield process, ("127.0.0.1", int(found[1]))
        finally:
            process.kill()
            late.cancel()
            late.join()


@posix
@pytest.mark.parametrize("reactor", ["default", "select", "poll", "asyncio"])
def test_process(folder: Path, reactor: str) -> None:
    """Started in the stage's folder: a poem is fetched; after SIGTERM, exit code 0, and the port is free."""
    with daemon(folder, "poem.txt", reactor) as (process, address):
        with socket.create_connection(address, timeout=BOUND) as client:
            poem = client.makefile("rb").read()
        process.send_signal(signal.SIGTERM)
        log = ended_well(process)
    assert poem == (STAGE.folder / "poem.txt").read_bytes()
    assert log.rindex("Stopped.") > log.index("Sending the poem")
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(address)


each_signal = pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])


def ended_well(process: subprocess.Popen[str]) -> str:
    """The process ends with exit code 0, says that it has stopped, and has no traceback in its log, which is given."""
    assert process.stdout is not None
    log = process.stdout.read()
    assert process.wait(BOUND) == 0, log
    assert "Stopped." in log
    assert "Traceback" not in log, log
    return log


@posix
@each_signal
def test_signal_at_once(folder: Path, name: str) -> None:
    """A signal that comes just when the log says that the reactor starts ends the process as a later one does."""
    with daemon(folder) as (process, _):
        process.send_signal(getattr(signal, name))
        ended_well(process)


@posix
@each_signal
def test_signal_again(folder: Path, name: str) -> None:
    """A second signal, while a client keeps the stop waiting, does nothing: Ctrl-C twice is no traceback."""
    with daemon(folder) as (process, address):
        with socket.create_connection(address, timeout=BOUND) as client:
            assert client.recv(1)
            process.send_signal(getattr(signal, name))
            until(lambda: refused(address), BOUND, "the port still takes clients")
            for _ in range(3):
                process.send_signal(getattr(signal, name))
        ended_well(process)


@posix
def test_nohup(folder: Path) -> None:
    """Started so that it ignores SIGHUP, as by nohup, it goes on when that comes."""
    with daemon(folder, SIGHUP=signal.SIG_IGN) as (process, address):
        with socket.create_connection(address, timeout=BOUND) as client:
            assert client.recv(1)
            process.send_signal(signal.SIGHUP)
        with socket.create_connection(address, timeout=BOUND) as client:
            assert client.recv(1)
        process.send_signal(signal.SIGTERM)
        ended_well(process)


def refused(address: tuple[str, int]) -> bool:
    """Whether nobody listens there."""
    try:
        socket.create_connection(address, timeout=BOUND).close()
    except ConnectionRefusedError:
        return True
    return False


def test_nothing_is_left_for_git(folder: Path) -> None:
    """Of what twist leaves in the stage's folder, git sees nothing, no fingerprint is taken, and no copy is made."""
    before = {path.relative_to(folder) for path in folder.rglob("*")}
    ran(sys.executable, "-m", "twisted", "--help", cwd=folder)
    left = {path.relative_to(folder) for path in folder.rglob("*")} - before
    assert left == {Path(PLUGINS, "dropin.cache")}, "the README tells of this file alone"
    assert "dropin.cache" in (ROOT / ".gitignore").read_text("utf-8").splitlines()

    root = folder.parent.parent
    shutil.copytree(STAGE.answers, root / "solutions" / STAGE.name)
    stage = dataclasses.replace(STAGE, root=root)
    assert "dropin.cache" not in made_fingerprints(
        dataclasses.replace(COURSE, root=root, stages=(stage,))
    )
    lay(stage, root.parent / "copy")
    assert list((root.parent / "copy").rglob("dropin.cache")) == []


def test_watch_sees_the_plugin(folder: Path) -> None:
    """watch --poll hears of a save in a folder within the stage's."""
    plugin = folder / PLUGINS / "poetry_plugin.py"
    over, seen = threading.Event(), threading.Event()

    def save() -> None:
        # Again and again, as the first save may come before the first look.
        for n in range(BOUND * 10):
            if seen.wait(0.1):
                return
            plugin.write_text(f"# saved {n}\n")
        over.set()

    saving = threading.Thread(target=save)
    saving.start()
    try:
        assert next(polled_changes(folder, over), None) == {plugin.name}
    finally:
        seen.set()
        saving.join()
