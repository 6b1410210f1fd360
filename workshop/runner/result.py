"""The outcome of a job as data, and how it is read from the child's events."""

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

# A frame as faulthandler writes it, with ??? for what it does not know.
STACKED = re.compile(r'  File (?:"(.*)"|\?{3}), line (\d{1,9}|\?{3}) in (.*)')
# A frame as a traceback writes it.
TRACED = re.compile(r'File "([^"\n]+)", line (\d{1,9}), in (\w+)')
RECURSED = b"RecursionError"
LEFTOVERS = {"disturbs", "thread", "process", "patched", "files", "sockets", "calls"}
"""Troubles of a test that ended, but left something behind."""
# A function that is on the stack this often calls itself. faulthandler shows 100 frames at most, and between two calls of
# one function there may be several of Twisted's.
OFTEN = 10


@dataclass(frozen=True)
class Frame:
    """One line of a traceback; ``file`` is relative to the course, as the learner knows it, if it belongs there."""

    file: str
    line: int
    function: str


@dataclass(frozen=True)
class Problem:
    """One failure or error, with its frames outermost first; ``exception`` is its name, or '' if there is none.

    ``how`` is how it became known: '' (it was raised), ``logged``, ``unhandled`` (logged by an abandoned Deferred),
    ``earlier`` (logged, and the failed operation began before the test), ``pending`` (in a Deferred that no errback has
    handled), ``warned`` (a warning) or ``reactor`` (the real reactor has still to call the function that ``message`` names).
    For a test that never ended, the frames are those at which it waits, if known.
    """

    exception: str
    message: str
    frames: tuple[Frame, ...] = ()
    how: str = ""


@dataclass(frozen=True)
class TestResult:
    """The outcome of one test. ``status`` is passed, failed or skipped; ``besides`` lists what else happened meanwhile
    but failed nothing.
    """

    target: str
    status: str
    seconds: float
    problems: tuple[Problem, ...] = ()
    besides: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Trouble:
    """A trouble that ended a job or outlived it, other than its tests' own failures.

    ``kind``: ``silent`` (a test or an import took too long), ``output`` (too much was printed), ``recursion`` (the same,
    from code that calls itself without end), ``died`` (the process ended; ``status`` is its exit code), ``stopped`` (the
    reactor was stopped), ``ran`` (something other than trial ran it), ``exit`` (sys.exit), ``thread`` or ``process`` (one
    still runs), ``closed stdout``, ``closed stderr`` and ``closed files``. If traces were requested, also ``patched`` (names
    replaced and not restored), ``files`` (written or removed outside the tests' folder), ``sockets`` (left open) and
    ``calls`` (left in the reactor); ``what`` lists them.

    The judge adds kinds for a test beside others: ``disturbs`` (the tests in ``what`` fail after it), ``alone`` (it fails
    after most other tests), ``needs`` (it passes only after the test in ``what``), ``races`` (its outcome varies between
    identical runs; ``frames`` are of a failure) and ``forgets`` (it leaves a failed Deferred that nothing handles; ``what``
    has the error).

    ``test`` is the test that was running; "" if none was. If it did not end, ``waits`` has the frames at which it waits, and
    ``besides`` what was logged meanwhile.
    """

    kind: str
    test: str = ""
    frames: tuple[Frame, ...] = ()
    status: int | None = None
    what: tuple[str, ...] = ()
    waits: tuple[Frame, ...] = ()
    besides: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Result:
    """One job: its tests in the order they ran, its trouble if any, the end of its output.

    ``loaded`` has the names of the tests that were to run. ``again`` has the results of failed tests that ran once more, if
    that was requested, up to the first that failed again.
    """

    tests: tuple[TestResult, ...]
    trouble: Trouble | None
    output: str
    seconds: float
    loaded: tuple[str, ...] = ()
    again: tuple[TestResult, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether something ran and nothing went wrong."""
        ran = [test.status for test in self.tests]
        return self.trouble is None and bool(ran) and "failed" not in ran


@dataclass(frozen=True)
class Reader:
    """A reader of events into results, with file names as the learner knows them."""

    place: Path

    def frame(self, file: str, line: int | None, function: str) -> Frame:
        """Make a frame; ``line`` is None for code without a known line."""
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

    def with_log(self, trouble: Trouble, events: Iterable[dict[str, Any]]) -> Trouble:
        """Add what the test logged before the trouble, and the frames at which it waits."""
        logged = [self.problem(one["problem"]) for one in events if one["event"] == "logged"]
        waits = [self.frames(one["frames"]) for one in events if one["event"] == "waits"]
        return replace(trouble, besides=tuple(logged), waits=waits[-1] if waits else ())

    def stacks(self, events: Iterable[dict[str, Any]]) -> tuple[bool, tuple[Frame, ...]]:
        """Return whether a time limit had passed, and a thread's frames, outermost first.

        They are what faulthandler wrote or, if that is less, what the child reported before: while frames change all the
        time, faulthandler cannot always read them.
        """
        late, frames = self.dumped()
        asked = [self.frames(one["stack"]) for one in events if one["event"] == "waits"]
        return late, max(frames, asked[-1], key=len) if late and asked else frames

    def dumped(self) -> tuple[bool, tuple[Frame, ...]]:
        """Read what faulthandler wrote: whether a time limit had passed, and a thread's frames, outermost first.

        The thread is the one that it calls current, or else the main thread, which comes last.
        """
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
    test: str, stack: tuple[Frame, ...], output: str, recursed: bool, tests: list[TestResult]
) -> Trouble:
    """Describe the trouble of a job that printed too much: recursion, if there is a sign of it; or else a loop.

    Args:
        output: The end of the output, with file names as the learner knows them.
        recursed: Whether a RecursionError was printed anywhere.
    """
    calls = Counter((f.file, f.function) for f in stack if f.file.startswith("exercises/"))
    problems = [(one.target, problem) for one in tests for problem in one.problems]
    raised = [(t, p) for t, p in problems if RECURSED.decode() in f"{p.exception} {p.message}"]
    if not (recursed or raised or max(calls.values(), default=0) >= OFTEN):
        return Trouble("output", test, stack)
    traced = [Frame(f.replace("\\", "/"), int(n), name) for f, n, name in TRACED.findall(output)]
    frames = [frame for _, problem in raised for frame in problem.frames]
    culprit = test or next((target for target, _ in raised), "")
    return Trouble("recursion", culprit, (*stack, *traced, *frames))


def aftermath(
    reader: Reader, end: dict[str, Any], running: str, too_much: Trouble | None
) -> Trouble | None:
    """Return the trouble of a job that was not ended from here, if any; ``too_much`` is the one for too much output."""
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
