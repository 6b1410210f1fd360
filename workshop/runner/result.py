"""What a job came to, as data; and how it is read from the child's events."""

from __future__ import annotations

import contextlib
import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

MOST_OUTPUT = 1 << 20
"""Bytes that a job may print before it is ended."""

# How faulthandler writes a frame: with ??? for what it does not know.
STACKED = re.compile(r'  File (?:"(.*)"|\?{3}), line (\d{1,9}|\?{3}) in (.*)')
# How a traceback writes one.
TRACED = re.compile(r'File "([^"\n]+)", line (\d{1,9}), in (\w+)')
RECURSED = b"RecursionError"
LEFTOVERS = {"disturbs", "thread", "process", "patched", "files", "sockets", "calls"}
"""Troubles of a test that came to its end, and left something behind."""
# A function that is on the stack so often calls itself. faulthandler shows 100 frames at most, and between two calls of one
# function there may be several of Twisted's.
OFTEN = 10


@dataclass(frozen=True)
class Frame:
    """One line of a traceback; ``file`` is as the learner knows it where it belongs to the course."""

    file: str
    line: int
    function: str


@dataclass(frozen=True)
class Problem:
    """One failure or error: the exception's name ('' where there is none), its message, its frames, outermost first.

    ``how`` it came to be known: '' (it was raised), ``logged``, ``unhandled`` (the same, by a Deferred that nobody held),
    ``earlier`` (the same, and what failed had begun before the test), ``unheard`` (it is in a Deferred, and no errback has
    taken it) or ``warned`` (a warning). Of a test that never ended, the frames are of what it waits in, if that is known.
    """

    exception: str
    message: str
    frames: tuple[Frame, ...] = ()
    how: str = ""


@dataclass(frozen=True)
class TestResult:
    """What became of one test. ``status`` is passed, failed or skipped; ``besides`` is what happened meanwhile and failed
    nothing by itself."""

    target: str
    status: str
    seconds: float
    problems: tuple[Problem, ...] = ()
    besides: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Trouble:
    """What ended a job, or outlived it, other than its tests' own failures.

    ``kind``: ``silent`` (a test or an import took too long), ``output`` (too much was printed), ``recursion`` (the same, by
    code that calls itself without end), ``died`` (the process ended; ``status`` is its exit code), ``stopped`` (the reactor
    was stopped), ``ran`` (somebody but trial ran it), ``exit`` (sys.exit), ``thread`` or ``process`` (one still runs),
    ``closed stdout``, ``closed stderr`` and ``closed files``. Where traces were looked for, also ``patched`` (names that
    were replaced and not put back), ``files`` (written or removed outside of the tests' folder), ``sockets`` (left open) and
    ``calls`` (left in the reactor); ``what`` lists them. ``test`` is the one that was running; ``waits`` are the frames of
    what it waits in, and ``besides`` is what was logged meanwhile, both where it did not come to its end.
    """

    kind: str
    test: str | None = None
    frames: tuple[Frame, ...] = ()
    status: int | None = None
    what: tuple[str, ...] = ()
    waits: tuple[Frame, ...] = ()
    besides: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Result:
    """One job: its tests in the order they ran, its trouble where there was any, the end of what was printed.

    ``loaded`` has the names of the tests that were to run; ``again``, where that was asked for, what those that failed said
    when they ran once more, up to the first that failed again.
    """

    tests: tuple[TestResult, ...]
    trouble: Trouble | None
    output: str
    seconds: float
    loaded: tuple[str, ...] = ()
    again: tuple[TestResult, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether nothing went wrong, and something ran."""
        ran = [test.status for test in self.tests]
        return self.trouble is None and bool(ran) and "failed" not in ran


@dataclass(frozen=True)
class Reader:
    """Reads events into results, with the names of files as the learner knows them."""

    place: Path

    def frame(self, file: str, line: int | None, function: str) -> Frame:
        """``line`` is None for code that Python knows no line of."""
        with contextlib.suppress(ValueError):
            file = Path(file).relative_to(self.place).as_posix()
        return Frame(file, line or 0, function)

    def frames(self, frames: Iterable[Sequence[Any]]) -> tuple[Frame, ...]:
        return tuple(self.frame(file, line, name) for file, line, name in frames)

    def problem(self, fact: dict[str, Any]) -> Problem:
        message = fact["message"].replace(f"{self.place}{os.sep}", "")
        return Problem(fact["exception"], message, self.frames(fact["frames"]), fact.get("how", ""))

    def test(self, event: dict[str, Any]) -> TestResult:
        problems = tuple(self.problem(fact) for fact in event["problems"])
        besides = tuple(self.problem(fact) for fact in event["besides"])
        return TestResult(event["test"], event["status"], event["seconds"], problems, besides)

    def late(self, test: TestResult, event: dict[str, Any]) -> TestResult:
        problems = (*test.problems, self.problem(event["problem"]))
        return replace(test, status="failed", problems=problems)

    def heard(self, trouble: Trouble, events: Iterable[dict[str, Any]]) -> Trouble:
        """The trouble with what was heard of its test before it: what was logged, and in what it waits."""
        logged = [self.problem(one["problem"]) for one in events if one["event"] == "logged"]
        waits = [self.frames(one["frames"]) for one in events if one["event"] == "waits"]
        return replace(trouble, besides=tuple(logged), waits=waits[-1] if waits else ())

    def stacks(self) -> tuple[bool, tuple[Frame, ...]]:
        """What faulthandler left behind: whether it was for a time that was over; the frames, outermost first, of the thread
        that it calls current, or else of the main one, which comes last."""
        try:
            text = (self.place / "stacks").read_text("utf-8", "replace")
        except OSError:
            return False, ()
        frames = []
        threads = text.split("\n\n")
        current = [part for part in threads if "Current thread" in part] or threads[-1:]
        for line in current[0].splitlines():
            if match := STACKED.fullmatch(line):
                number = int(match[2]) if match[2].isdigit() else None
                frames.append(self.frame(match[1] or "???", number, match[3]))
        return text.startswith("Timeout ("), tuple(reversed(frames))


def too_much(
    test: str | None, stack: tuple[Frame, ...], output: str, recursed: bool, tests: list[TestResult]
) -> Trouble:
    """The trouble of a job that printed too much: recursion, where that shows on the stack, in what was printed or in a
    test's failure; or else a loop.

    Parameters:
        output: the end of what was printed, with the names of files as the learner knows them.
        recursed: whether a RecursionError was printed anywhere.
    """
    calls = Counter((f.file, f.function) for f in stack if f.file.startswith("exercises/"))
    problems = [(one.target, problem) for one in tests for problem in one.problems]
    raised = [(t, p) for t, p in problems if RECURSED.decode() in f"{p.exception} {p.message}"]
    if not (recursed or raised or max(calls.values(), default=0) >= OFTEN):
        return Trouble("output", test, stack)
    traced = [Frame(f.replace("\\", "/"), int(n), name) for f, n, name in TRACED.findall(output)]
    frames = [frame for _, problem in raised for frame in problem.frames]
    where = test or next((target for target, _ in raised), None)
    return Trouble("recursion", where, (*stack, *traced, *frames))


def aftermath(
    reader: Reader, end: dict[str, Any], running: str | None, too_much: Trouble | None
) -> Trouble | None:
    """The trouble in a job that came to its end, if any; ``too_much`` is for one that printed too much."""
    if end["interrupted"]:
        kind = "exit" if end["interrupted"] == "exit" else "stopped"
        return Trouble(kind, running)
    if too_much:
        return too_much
    if end["threads"]:
        return Trouble("thread", frames=reader.frames(end["threads"][0]["frames"]))
    if end["processes"]:
        return Trouble("process")
    if end["closed"]:
        return Trouble(f"closed {end['closed']}")
    left = [kind for kind in ("patched", "files", "sockets", "calls") if end.get(kind)]
    return Trouble(left[0], what=tuple(end[left[0]])) if left else None
