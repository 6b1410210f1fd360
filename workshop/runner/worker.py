"""One bounded child process, one result.

A Worker owns a child (child.py) and sends it jobs, one at a time. However a job goes wrong, run() returns a Result within
bounded time and memory: output past a limit, silence past a limit and a child that is gone each become a Trouble.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import os
import queue
import signal
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workshop.course import Stage, visible
from workshop.course.solutions import Overlay
from workshop.runner.child_process import Child, ChildProcess
from workshop.runner.layout import lay, temporary_folder
from workshop.runner.result import (
    MOST_OUTPUT,
    Reader,
    Result,
    TestResult,
    Trouble,
    aftermath,
    too_much,
)

start_child: Callable[[tuple[str, ...]], Child] = ChildProcess
"""Starts a child that imports these modules ahead. The browser has its own."""
LIMIT = 10.0
"""Seconds that one test, or the import of the tests, may take."""
GRACE = 0.5
"""Seconds that a job may go on after printing too much."""
WHOLE_JOB = 300.0
"""Seconds that a job may take in all."""
SIMULATED = {
    "twisted.plugins.simulated_reactor",
    "workshop.simulated.trial",
    "workshop.simulated.unix",
}
"""The modules of the simulated reactor, which is one of the places of tests that are built for several."""


@dataclass(frozen=True)
class Case:
    """A run of a stage.

    Attributes:
        name: What the caller knows it by.
        overlay: The files laid over the stage.
        targets: Names as plain trial takes them, in the order to run.
        stop: End after the first target that fails.
        load: Only load the tests: the result has their names, and no test.
        traces: Report a trouble if tests leave anything outside their folder, or replace names and do not restore them.
        limits: Seconds for single tests, by name, in place of the worker's limit.
        again: Run failed tests once more, in the same process, up to the first that fails again.
        collect: Collect garbage after each test, so that the errors this reveals belong to that test.
        stage: The stage that it is a run of; None for the pool's own.
    """

    name: str
    overlay: Overlay
    targets: tuple[str, ...]
    stop: bool = True
    load: bool = False
    traces: bool = False
    limits: Mapping[str, float] = field(default_factory=dict)
    again: bool = False
    collect: bool = False
    stage: Stage | None = None


class Worker:
    """A child process that is ready before it is needed.

    Args:
        modules: Modules that the child imports ahead; see imports_of().
        limit: Seconds that one test may take.
    """

    def __init__(self, modules: Iterable[str] = (), limit: float = LIMIT) -> None:
        self._limit = limit
        self._child = start_child(tuple(modules))

    def run(
        self,
        stage: Stage,
        case: Case,
        *,
        reactor: str | None = None,
        watch: Callable[[TestResult], None] = lambda test: None,
    ) -> Result:
        """Lay the stage out with the case's overlay, run its targets with trial, and return the result.

        Args:
            reactor: A reactor's name, as trial's --reactor; None for the platform's own.
            watch: Called with each test's result as it comes.
        """
        began = time.monotonic()
        with temporary_folder(quick=True) as place:
            lay(stage, place, case.overlay)
            job = {"place": str(place), "reactor": reactor, "limit": self._limit, **vars(case)}
            del job["name"], job["overlay"], job["stage"]
            try:
                self._child.give(job)
                longest = max([self._limit, *case.limits.values()])
                repeated: list[TestResult] = []
                loaded, tests, trouble = self._follow(Reader(place), longest, watch, repeated)
            finally:
                self._child.end_job()
            text = self._printed(place)
        seconds = time.monotonic() - began
        return Result(tuple(tests), trouble, text, seconds, loaded, tuple(repeated))

    def _printed(self, place: Path) -> str:
        """Return the end of the job's output, with file names as the learner knows them."""
        output = self._child.output
        output.ended.wait(1)
        return output.tail.decode("utf-8", "replace").replace(f"{place}{os.sep}", "")

    def _follow(
        self,
        reader: Reader,
        limit: float,
        watch: Callable[[TestResult], None],
        repeated: list[TestResult],
    ) -> tuple[tuple[str, ...], list[TestResult], Trouble | None]:
        """Read events until the job is over or is ended from here; return test names, results and the trouble."""
        loaded: tuple[str, ...] = ()
        tests: list[TestResult] = []
        running = ""
        end: dict[str, Any] | None = None
        log: list[dict[str, Any]] = []
        ran: Trouble | None = None
        ended_by: str | None = None
        ended_at = over = 0.0
        last = whole = time.monotonic()
        while True:
            try:
                event = self._child.events.get(timeout=0.05)
            except queue.Empty:
                event = {"event": "quiet"}
            now = time.monotonic()
            kind = event["event"]
            if kind not in ("quiet", "waits", "logged"):
                last = now
            if kind == "started":
                self._child.pid = event["pid"]
            elif kind == "loaded":
                loaded = tuple(event["tests"])
            elif kind == "start":
                running, log = event["test"], []
            elif kind in ("logged", "waits"):
                log.append(event)
            elif kind == "ran":
                ran = ran or Trouble("ran", running, reader.frames(event["frames"]))
            elif kind == "test" and event.get("again"):
                running = ""
                repeated.append(reader.test(event))
            elif kind == "test":
                running = ""
                tests.append(reader.test(event))
                watch(tests[-1])
            elif kind == "late" and tests and not event.get("again"):
                tests[-1] = reader.late(tests[-1], event)
            elif kind == "end":
                end = event
            elif kind in ("exit", "gone"):
                ended_by = ended_by or event.get("by")
                late, frames = reader.stacks(log)
                if ended_by is None and end is None:
                    ended_by = "silent" if late else "died"
                printed = None
                if ended_by == "output" or self._child.output.size > MOST_OUTPUT:
                    text = self._printed(reader.place)
                    printed = too_much(running, frames, text, self._child.output.recursed, tests)
                if ended_by == "output" or ran:
                    return loaded, tests, ran or printed
                if ended_by:
                    broke = Trouble(ended_by, running, frames, event.get("status"))
                    return loaded, tests, reader.with_log(broke, log)
                assert end is not None
                return loaded, tests, aftermath(reader, end, running, printed)
            if ended_by is None:
                # A child ends itself first if it can, since it can report its stack. This is for one that cannot.
                if now - last > limit + 2 or now - whole > WHOLE_JOB:
                    ended_by = "silent"
                elif self._child.output.size > MOST_OUTPUT:
                    # Recursion soon ends, and its test then reports it; a loop still runs after a moment.
                    over = over or now
                    ended_by = "output" if now - over > GRACE else None
                if ended_by:
                    ended_at = now
                    self._child.kill(getattr(signal, "SIGABRT", signal.SIGTERM))
            elif now - ended_at > 3:
                self._child.end()
            elif now - ended_at > 1:
                self._child.kill(getattr(signal, "SIGKILL", signal.SIGTERM))

    def close(self) -> None:
        """End the child and everything that it started."""
        self._child.close()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def imports_of(stage: Stage) -> tuple[str, ...]:
    """Return what a worker may import ahead: trial, and what the given files and the solution import of Twisted.

    Never the reactor, since the first import decides which one is installed. Never what a learner's files name, since the
    learner decides what to import.
    """
    found = {"twisted.trial.runner", "twisted.trial.reporter", "twisted.trial.unittest"}
    # A reactor's installation imports this; this installs none.
    found.add("twisted.internet.default")
    given = [path for path in visible(stage.folder, "*.py") if path.name not in stage.edit]
    shared = visible(stage.folder.parent, "*.py")
    for path in [*given, *visible(stage.answers, "*.py"), *shared]:
        with contextlib.suppress(OSError):
            found |= _imported(path.read_bytes())
    known = {n for n in found if n.startswith("twisted.") and "reactor" not in n}
    # These install no reactor either.
    return tuple(sorted(known | SIMULATED if stage.placed else known))


@functools.lru_cache(1000)
def _imported(source: bytes) -> frozenset[str]:
    """Return the names that a file imports, absolutely; none if it is not Python."""
    found: set[str] = set()
    with contextlib.suppress(SyntaxError, ValueError):
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found |= {node.module} | {f"{node.module}.{a.name}" for a in node.names}
    return frozenset(found)
