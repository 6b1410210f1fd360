"""A failure in plain words: what was wrong, in which file and line, and what to do next."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from workshop.course import TOOL, Stage
from workshop.report.where import CULPRITS, anywhere, innermost, most_often, places_for, search
from workshop.runner.result import Frame, Problem, TestResult, Trouble
from workshop.runner.signs import CUT_OFF

UNWRITTEN = re.compile(r"NotImplementedError: (Step \d+: [^\n]*)")
# What was left in the reactor, as child.py reports it; and the parts of it that mean nothing to a learner.
LEFT = re.compile(r"^(DelayedCalls|Selectables): (\d+)\n((?:  .*\n?)*)", re.M)
NOISE = re.compile(r" 0x[0-9a-f]+| called=0 cancelled=0|(?<=\.\d)\d+(?=s\])")
# How unittest joins its own text to the assertion's message, which is a sentence of ours.
JOINED = re.compile(r" : (?=[A-Z])")
# Python's message for a coroutine that was dropped; trial's for a test with a yield.
DROPPED = re.compile(r"coroutine '([^']+)' was never awaited")
YIELDS = re.compile(r"<(?:bound method|function) (?:\w+\.)*(\w+)\b.*is a generator function", re.S)
UNITTEST = re.compile(r" != | == |unexpectedly| is not | not found in | not (?:less|greater) than ")

# What an exception means, by name, if its own message does not say.
MEANINGS = {
    "AlreadyCalledError": "A Deferred was fired a second time. Each may fire once: who else fires it?",
    "ConnectionRefusedError": "The connection was refused: nothing listens at that address, or no longer.",
    "ConnectionLost": "The connection broke: it ended before it was closed in order.",
    "ConnectionAborted": "The connection was aborted.",
    "ConnectionResetError": "The other side reset the connection.",
    "ConnectionDone": "The connection was closed in order, but the test expected something else.",
    "CannotListenError": "The address is in use: a fixed port, or a port that was not closed?",
    "MemoryError": "More memory was asked for than a run may have (2 GiB).",
    "BdbQuit": "A breakpoint needs a keyboard: run it with plain trial, or trial --debug.",
    "RecursionError": "A function called itself too often.",
    "EOFError": "A test run has no keyboard: input() and sys.stdin find nothing there.",
    "CancelledError": "A Deferred was cancelled, and no errback handled that.",
    "ReactorNotRestartable": "The reactor was run or stopped before: trial runs it, and only once.",
    "SkipTest": "Each test of the step was skipped by what it runs, so they prove nothing.",
    "ReactorAlreadyRunning": "The reactor runs already: trial runs it. Return a Deferred, or await it.",
}

# What is added for an error that was not raised in the test.
WAYS = {
    "logged": "It was logged; nothing raised it to the test.",
    "unhandled": "It was raised in a Deferred's callbacks, and no errback took it; so it was logged.",
    "earlier": "It was logged now, but an earlier test's Deferred failed with it.",
}
# What is reported first, though it has no line of the course.
ONCE = ("warned", "reactor")
# How the learner's files name the real reactor.
REAL = r"\bimport reactor\b|\binternet\.reactor\b"
# How many of the other things that happened are reported, and how much of each.
FEW = 2
LONG = 240


def failure_text(test: TestResult, mine: bool = False) -> str:
    """Describe a failed test in plain words, with what else happened, which may be the reason.

    Args:
        mine: Whether the learner wrote the test, whose text may then say what is expected.
    """
    main = main_problem(test.problems)
    lines = [words(main)]
    if main.how and not _asserts(main):
        lines.append(WAYS.get(main.how, ""))
        if mine and main.how in ("logged", "unhandled"):
            lines.append(f"If the test expects it: self.flushLoggedErrors({main.exception}).")
    others = [one for one in test.problems if one is not main]
    return "\n".join([*lines, *besides([*others, *test.besides], words(main))])


def besides(problems: Iterable[Problem], *known: str) -> list[str]:
    """Describe what else happened, a line each, without what is known already; problems in the learner's code first."""
    lines: dict[str, str] = {}
    for one in sorted(problems, key=lambda one: not _place(one) and one.how not in ONCE):
        text = words(one)
        if text not in known:
            lines.setdefault(text, _besides(one, text))
    return list(lines.values())[:FEW]


def _besides(problem: Problem, text: str) -> str:
    dropped = DROPPED.search(problem.message) if problem.how == "warned" else None
    if dropped:
        name = dropped[1].replace(".<locals>", "")
        return f"And: {name} never ran: it is async, and what calls it does not await it."
    if problem.how == "reactor":
        return (
            f"And: the call of {problem.message} is on the real reactor's clock, not on the clock that the test "
            "advances."
        )
    first = text.partition("\n")[0]
    short = f"{first[:LONG]} ..." if len(first) > LONG else first
    at = f", at {where}" if (where := _place(problem)) else ""
    nobody = "the test does not wait for" if _asserts(problem) else "has no errback for it"
    how = {
        "pending": f", in a Deferred that {nobody}",
        "unhandled": f", in a Deferred that {nobody}",
        "logged": ", logged",
        "earlier": ", logged for an earlier test",
    }
    return f"And{at}{how.get(problem.how, '')}: {short}"


def _place(problem: Problem) -> str:
    """Return the innermost line of the course that a problem came from, if there is one."""
    mine = [frame for frame in problem.frames if frame.file.startswith("exercises/")]
    return f"{mine[-1].file.rpartition('/')[2]}, line {mine[-1].line}" if mine else ""


def _asserts(problem: Problem) -> bool:
    return problem.exception in ("FailTest", "AssertionError")


def cause(stage: Stage, test: TestResult) -> Problem:
    """Return the problem of a failed test, or of what happened besides, that best shows where to edit."""
    main = main_problem(test.problems)
    for one in (main, *test.problems, *test.besides):
        if innermost(stage, one.frames):
            return one
        if one.how == "warned" and (dropped := DROPPED.search(one.message)):
            name = dropped[1].rpartition(".")[2]
            if place := search(stage, stage.edit, rf"\basync def {re.escape(name)}\b"):
                return replace(main, frames=(Frame(place.file, place.line, name),))
        if one.how == "reactor" and (place := search(stage, stage.edit, REAL, comments=False)):
            return replace(main, frames=(Frame(place.file, place.line, ""),))
    return main


def words(problem: Problem) -> str:
    """Say in plain words what went wrong, in one line or a few."""
    name, message = problem.exception, problem.message.strip()
    where = problem.frames[-1] if problem.frames else Frame("", 0, "")
    unwritten = UNWRITTEN.search(f"{name}: {message}")
    if unwritten:
        return f"Not written yet. {unwritten[1]}"
    if name in ("SyntaxError", "IndentationError", "TabError"):
        return f"{where.file}, line {where.line}, is not Python: {message}."
    if name == "ImportError" and (
        lacks := re.match(r"cannot import name '(\w+)' from '(\S+)'", message)
    ):
        module, who = lacks[2].rpartition(".")[2], where.file.rpartition("/")[2]
        return f"{who} needs the name {lacks[1]} from {module}.py, which lacks it. Misspelt or renamed?"
    if name == "ModuleNotFoundError":
        return f"{message}: {where.file}, line {where.line}, imports it."
    if name == "SystemExit":
        return "The code calls sys.exit or exit, which would end every connection of the program."
    if name == "TimeoutError" and (late := re.search(r"still running at ([\d.]+) secs", message)):
        waits = f"\nIt waits in {place}." if (place := _place(problem)) else ""
        return (
            f"Nothing came for {float(late[1]):g} s: a Deferred that the test waits for never fired."
            f"{waits}"
        )
    if name == "DirtyReactorAggregateError":
        return f"Something was left behind in the reactor: {_left_behind(message)}"
    if name == "TypeError" and re.search(
        r"must (?:not )?be (?:bytes|unicode)|bytes-like.*str", message
    ):
        return (
            f"str and bytes were mixed (TypeError: {message}). Bytes stay bytes; text is encoded."
        )
    if name == "TypeError" and (yields := YIELDS.match(message)):
        return (
            f"{yields[1]} has a yield, so it is a generator, and none of it runs. Put @inlineCallbacks "
            "before it (from twisted.internet.defer, in a TestCase), or write async def and await."
        )
    if name in ("FailTest", "AssertionError", "") and message:
        joined = JOINED.search(message)
        ours = joined and UNITTEST.search(message[: joined.start()])
        return message[joined.end() :] if joined and ours else message
    if name in ("FailTest", "AssertionError"):
        file = where.file.replace("\\", "/").rpartition("site-packages/")[2]
        return f"An assertion in {file}, line {where.line}, did not hold. It has no message."
    meaning = f"\n{MEANINGS[name]}" if name in MEANINGS else ""
    return f"{name}: {message}".rstrip(": ") + meaning


def _left_behind(message: str) -> str:
    """Name the calls and sockets in a line; child.py has counted them, and left out all but a few."""
    kinds = []
    for name, count, few in LEFT.findall(message):
        shown = [line.strip() for line in NOISE.sub("", few).splitlines()]
        more = int(count) - len(shown)
        many = name if count != "1" else name.rstrip("s")
        listed = "; ".join([*shown, f"and {more} more"] if more else shown)
        kinds.append(f"{count} {many}: {listed}")
    return "; ".join(kinds)


def main_problem(problems: Iterable[Problem]) -> Problem:
    """Choose the problem to show: what was not written or was raised precedes what was logged; that precedes its
    consequences, and what an earlier test began.
    """

    def weight(problem: Problem) -> int:
        if UNWRITTEN.search(f"{problem.exception}: {problem.message}"):
            return 0
        if problem.how == "earlier":
            return 4
        late = problem.exception == "TimeoutError" and "still running at" in problem.message
        if late or problem.exception == "DirtyReactorAggregateError":
            return 3
        return 2 if problem.how else 1

    return min(problems, key=weight)


# Frames of a reactor that waits for something to happen.
WAITING = re.compile(r"\btwisted[\\/]internet\b|\bselectors\.py|\basyncio[\\/]")


def _advances(frame: Frame) -> bool:
    """Return whether this is Clock.advance, which ends only when no call is due."""
    return frame.function == "advance" and bool(re.search(r"\binternet[\\/]task\.py$", frame.file))


def trouble(stage: Stage, what: Trouble, limit: float) -> str:
    """Describe a trouble in one plain message: the file, the cause, and the next command."""
    test = f"{what.test}."
    step = next((s for s in stage.steps if test.startswith(f"{s.target(stage.name)}.")), None)
    found, kind = innermost(stage, what.frames), what.kind
    if kind == "recursion":
        found = most_often(stage, what.frames)
    if kind == "died" and what.status == CUT_OFF:
        kind = "cut off"
    elif kind == "silent" and any(map(_advances, what.frames)):
        kind = "clock"
    elif kind == "silent" and not found and what.frames:
        if any(frame.function == "join" for frame in what.frames):
            kind = "thread"
        elif WAITING.search(what.frames[-1].file):
            kind = "waiting"
    left = any(one.exception == "SystemExit" for one in what.besides)
    if not found and (kind in CULPRITS or left):
        pattern = CULPRITS["exit" if left else kind]
        found = search(stage, stage.edit, pattern, comments=False)
    found = found or innermost(stage, what.waits)
    if not found and step:
        found = next(iter(places_for(stage, step)), None)
    where = str(found or anywhere(stage))
    during = f" in {what.test.rpartition('.')[2]}" if what.test else ""
    cause = {
        "silent": f"still running after {limit:g} s{during}: a loop or a wait that never ends?",
        "clock": f"Clock.advance still ran after {limit:g} s{during}: a call that asks for the next one after 0 seconds?",
        "waiting": f"nothing came for {limit:g} s{during}: a Deferred that never fires?",
        "output": f"more than 1 MiB was printed{during}: a print in a loop?",
        "recursion": f"your code calls itself again and again{during} (RecursionError), and printed more than 1 MiB.",
        "died": f"the process ended{during}, {_status(what.status)}, before its tests did.",
        "stopped": f"the reactor was stopped{during}: trial runs it, and must be the one to stop it.",
        "ran": f"the reactor was run{during}: trial runs it, and waits if a test returns a Deferred.",
        "exit": f"sys.exit was called{during}.",
        "thread": "a thread still runs after the tests: plain trial would wait for it for ever.",
        "process": "a process that was started here still runs after the tests: end it, and wait for it.",
        "closed stdout": "standard output was closed: nothing can be printed after that.",
        "closed stderr": "standard error was closed: no error can be shown after that.",
        "closed files": "files were closed that were opened elsewhere: the reactor's own are among them.",
        "cut off": f"all files were closed{during}, even the one that reports to the tool.",
    }[kind]
    if what.waits:
        at = what.waits[-1]
        cause += f" It waits in {at.file.rpartition('/')[2]}, line {at.line}."
    cause = " ".join([cause, *(f"{line.rstrip('.')}." for line in besides(what.besides))])
    return f"{where}: {cause}\nFix it, then: {TOOL} run {stage.name}"


def _status(status: int | None) -> str:
    if status is None:
        return "with no exit code known"
    return f"killed by signal {-status}" if status < 0 else f"with exit code {status}"


def trial() -> str:
    """Return how to call trial from here: by name, if that runs this environment's trial, or else by path."""
    folder = Path(sys.executable).parent
    mine = folder / ("trial.exe" if sys.platform == "win32" else "trial")
    found = shutil.which("trial")
    if found and Path(found) == mine:
        return "trial"
    try:
        return str(mine.relative_to(Path.cwd()))
    except ValueError:
        return str(mine)
