"""The processes that run tests, one on each core; and what they have to run."""

from __future__ import annotations

import contextlib
import json
import os
import select
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workshop.course import Course, CourseError, nearest
from workshop.runner.layout import temporary_folder
from workshop.runner.process import OWN_GROUP, signal_group
from workshop.setup.variables import PATH, plain

Job = dict[str, Any]
HERE = Path(__file__).resolve().parent.parent.parent


class Unusable(Exception):
    """Why there is nothing to hunt in; a sentence, and what to do instead."""


@dataclass(frozen=True)
class Target:
    """What to run: a name as trial takes it, and the folders to import it from.

    Attributes:
        away: The folder that has to be on the path for that name, if it is neither this one nor the course's.
    """

    name: str
    paths: tuple[str, ...]
    away: str = ""


def target(text: str, course: Course | None = None) -> Target:
    """Return what a user named: a stage, a file, or whatever trial can import.

    Raises:
        Unusable: It is a file that is not there.
    """
    here, root = os.getcwd(), str(course.root) if course else ""
    theirs = tuple(filter(None, os.environ.get(PATH, "").split(os.pathsep)))
    path = Path(text)
    if course and "." not in text:
        with contextlib.suppress(CourseError):
            stage = course.stage(text)
            # Another folder may have a name that is also a stage's.
            if os.sep not in text or path.resolve() == stage.folder:
                return Target(stage.target, (root, *theirs))
    if path.exists() and (os.sep in text or path.suffix == ".py"):
        path = path.resolve()
        parts = [] if path.name == "__init__.py" else [path.stem]
        path = path.parent
        while (path / "__init__.py").exists():
            parts.append(path.name)
            path = path.parent
        away = "" if str(path) in (here, root) else str(path)
        return Target(".".join(reversed(parts)), (str(path), here, *theirs), away)
    if os.sep in text or text.endswith(".py"):
        raise Unusable(f"There is no file {text}.")
    return Target(text, (here, *theirs, *filter(None, [root])))


class Crew:
    """Processes that have imported a target's tests. tests: their names.

    Raises:
        Unusable: There are no tests, or this system cannot fork.
    """

    def __init__(self, what: Target, limit: float, cores: int, known: tuple[str, ...] = ()) -> None:
        if not hasattr(os, "fork"):
            raise Unusable(
                "A hunt needs fork, which this system lacks. Set SIMULATED_WEATHER to windy, and run: "
                f"python -m twisted.trial --until-failure --reactor=simulated {what.name}"
            )
        self._limit = limit
        self._stack = contextlib.ExitStack()
        self._processes: list[subprocess.Popen[bytes]] = []
        try:
            folder = self.folder = self._stack.enter_context(temporary_folder(quick=True))
            self._stack.callback(self._end)
            for number in range(cores):
                self._start(folder / str(number))
            first = {"target": what.name, "paths": what.paths, "limit": limit}
            for process in self._processes:
                _answer(process)  # it has imported Twisted, which counts for no limit
                _send(process, first)
            answers = [self._loaded(process, what) for process in self._processes]
            self.tests = self._named(answers[0], what, known)
        except BaseException:
            self.close()
            raise

    def _start(self, folder: Path) -> None:
        folder.mkdir()
        environment = {
            **plain(),
            "PYTHONPATH": str(HERE),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUTF8": "1",
            "PYTHONHASHSEED": "0",
        }
        environment = {k: v for k, v in environment.items() if not k.startswith("SIMULATED_")}
        self._processes.append(
            subprocess.Popen(
                [sys.executable, "-m", "workshop.hunt.child"],
                cwd=folder,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                **OWN_GROUP,
            )
        )

    def _loaded(self, process: subprocess.Popen[bytes], what: Target) -> Job:
        """What a process says after it has imported the tests."""
        assert process.stdout is not None
        if not select.select([process.stdout], [], [], self._limit)[0]:
            raise Unusable(
                f"{what.name} was not imported after {self._limit:g} s: does it do more than "
                "define tests?"
            )
        return _answer(process, f"{what.name} ends the process that imports it.")

    def _named(self, answer: Job, what: Target, known: tuple[str, ...]) -> list[str]:
        if "unknown" in answer:
            near = nearest(what.name, [*answer["near"], *known])
            raise Unusable(
                f'There is no test "{what.name}". {near}A target is a stage, a file, or the name of a module, a '
                "class or a test, as trial takes it."
            )
        if "unloadable" in answer:
            raise Unusable(answer["unloadable"])
        tests: list[str] = answer["tests"]
        if not tests:
            raise Unusable(
                f"{what.name} has no tests that trial could run in a TestCase of its own."
            )
        return tests

    def ask(self, job: Job) -> Job:
        """Have one process do a job."""
        _send(self._processes[0], job)
        return _answer(self._processes[0])

    def each(self, jobs: Iterator[Job]) -> Iterator[tuple[int, Job, Job, float]]:
        """Have the processes do jobs. Yields the number of a job, the job, its answer and the seconds, as they are done.

        Jobs are taken from the iterator only when a process is free.
        """
        numbered = enumerate(jobs)
        with selectors.DefaultSelector() as selector:
            busy = 0
            for process in self._processes:
                busy += _give(selector, process, numbered)
            while busy:
                for key, _ in selector.select():
                    process, number, job, began = key.data
                    answer = _answer(process)
                    selector.unregister(process.stdout)
                    busy -= 1
                    yield number, job, answer, time.monotonic() - began
                    busy += _give(selector, process, numbered)

    def close(self) -> None:
        """End the processes, and all that they started."""
        self._stack.close()

    def _end(self) -> None:
        for process in self._processes:
            signal_group(process.pid, signal.SIGKILL)
            process.kill()
            process.communicate()


def _give(selector: selectors.BaseSelector, process: Any, jobs: Iterator[tuple[int, Job]]) -> int:
    """Give a process the next job, if there is one. Return how many it got."""
    for number, job in jobs:
        _send(process, job)
        data = process, number, job, time.monotonic()
        selector.register(process.stdout, selectors.EVENT_READ, data)
        return 1
    return 0


def _send(process: subprocess.Popen[bytes], job: Job) -> None:
    assert process.stdin is not None
    data = json.dumps(job).encode() + b"\n"
    with contextlib.suppress(BrokenPipeError):
        while data:
            data = data[process.stdin.write(data) or 0 :]


def _answer(process: subprocess.Popen[bytes], gone: str = "") -> Job:
    """What a process answers.

    Raises:
        Unusable: It has ended.
    """
    assert process.stdout is not None
    parts: list[bytes] = []
    # Never more than one answer: nothing is asked before the last one is here.
    while not parts or not parts[-1].endswith(b"\n"):
        part = os.read(process.stdout.fileno(), 1 << 20)
        if not part:
            raise Unusable(
                gone or "The process that runs the tests has ended: did something kill it?"
            )
        parts.append(part)
    found: Job = json.loads(b"".join(parts))
    return found
