"""A failure in plain words: what was wrong, in which file and line, what to do next."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from workshop.course import Stage, Step
from workshop.markers import home
from workshop.result import Frame, Problem, Trouble

TOOL = "python -m workshop" if sys.platform == "win32" else "python3 -m workshop"

UNWRITTEN = re.compile(r"NotImplementedError: (Step \d+: [^\n]*)")
# How unittest joins what it says itself to the message of the assertion, which is a sentence of ours.
JOINED = re.compile(r" : (?=[A-Z])")

# What an exception means where its own message does not say, by its name.
MEANINGS = {
    "AlreadyCalledError": "A Deferred was fired a second time. Each may fire once: who else fires it?",
    "ConnectionRefusedError": "The connection was refused: nothing listens at that address, or no longer.",
    "ConnectionLost": "The connection broke: it ended before it was closed in order.",
    "ConnectionAborted": "The connection was aborted from this side.",
    "ConnectionResetError": "The other side reset the connection.",
    "ConnectionDone": "The connection was closed in order, where the test expected something else.",
    "CannotListenError": "The address is in use: a fixed port, or a port that was not given back?",
    "MemoryError": "More memory was asked for than a run may have (2 GiB).",
    "RecursionError": "A function called itself too often.",
    "CancelledError": "A Deferred was cancelled, and nobody handled that.",
}


@dataclass(frozen=True)
class Place:
    """Where to look: a file as the learner knows it, and a line that counts from 1; 0 where only the file is known."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}" if self.line else self.file


def words(problem: Problem) -> str:
    """What went wrong, in plain words; one line or a few."""
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
        module = lacks[2].rpartition(".")[2]
        return f"The tests need the name {lacks[1]} from {module}.py. Was it renamed or deleted?"
    if name == "ModuleNotFoundError":
        return f"{message}: {where.file}, line {where.line}, imports it."
    if name == "SystemExit":
        return "The program was told to exit (sys.exit or exit): that would end every connection it has."
    if name == "TimeoutError" and (late := re.search(r"still running at ([\d.]+) secs", message)):
        return f"Nothing came for {late[1]} s: a Deferred that the test waits for never fired."
    if name == "DirtyReactorAggregateError":
        return "Something was left behind in the reactor: " + "; ".join(message.splitlines()[1:])
    if name == "TypeError" and re.search(r"must (?:not )?be (?:bytes|unicode)|bytes-like", message):
        return f"str and bytes were mixed (TypeError: {message}). Only bytes travel: encode text first."
    if name in ("FailTest", "AssertionError", ""):
        return JOINED.split(message, maxsplit=1)[-1]
    meaning = f"\n{MEANINGS[name]}" if name in MEANINGS else ""
    return f"{name}: {message}".rstrip(": ") + meaning


def main_problem(problems: Iterable[Problem]) -> Problem:
    """The one to show of a test's problems: what was not written or raised comes before what that led to."""

    def weight(problem: Problem) -> int:
        if UNWRITTEN.search(f"{problem.exception}: {problem.message}"):
            return 0
        late = problem.exception == "TimeoutError" and "still running at" in problem.message
        return 2 if late or problem.exception == "DirtyReactorAggregateError" else 1

    return min(problems, key=weight)


def place(stage: Stage, step: Step | None, frames: Iterable[Frame]) -> Place:
    """Where to edit: the innermost frame in a file of the learner's, or else where the step's work belongs."""
    mine = {f"exercises/{stage.name}/{name}" for name in stage.edit}
    for frame in reversed(list(frames)):
        if frame.file in mine:
            return Place(frame.file, frame.line)
    number = step.number if step else 0
    for name in stage.edit:
        found = search(stage, [name], rf"\bStep {number}:")
        if found:
            return found
    file, definition = home(stage, number)
    if definition:
        head = rf"\s*(?:async def|def|class) {re.escape(definition)}\b"
        return search(stage, [file], head, comments=True) or Place(f"exercises/{stage.name}/{file}")
    return Place(f"exercises/{stage.name}/{file}")


def search(stage: Stage, names: Iterable[str], pattern: str, comments: bool = True) -> Place | None:
    """The first line of the learner's files that has the pattern."""
    for name in names:
        try:
            lines = (stage.folder / name).read_text("utf-8", "replace").splitlines()
        except OSError:
            continue
        for number, line in enumerate(lines, 1):
            if re.search(pattern, line if comments else line.partition("#")[0]):
                return Place(f"exercises/{stage.name}/{name}", number)
    return None


CULPRITS = {
    "died": r"\bos\.(_exit|abort|kill)\b|\bsignal\.",
    "stopped": r"\breactor\.(stop|crash)\b|\.stop\b",
    "exit": r"\bsys\.exit\b|\bexit\(|\bquit\(",
    "thread": r"\bThread\(|\bcallInThread\b|\bdeferToThread\b",
    "closed": r"\bstdout\.close\b|\bos\.close\b|\bos\.dup2\b|\bsys\.stdout\b",
    "output": r"\bprint\(|\.write\(",
}


def trouble(stage: Stage, what: Trouble, limit: float) -> str:
    """One plain message: the file, the cause, and the next command."""
    found = None
    for frame in reversed(what.frames):
        if frame.file in {f"exercises/{stage.name}/{name}" for name in stage.edit}:
            found = Place(frame.file, frame.line)
            break
    if found is None and what.kind in CULPRITS:
        found = search(stage, stage.edit, CULPRITS[what.kind], comments=False)
    files = [f"exercises/{stage.name}/{name}" for name in stage.edit]
    where = str(found) if found else " or ".join(files)
    during = f" in {what.test.rpartition('.')[2]}" if what.test else ""
    cause = {
        "silent": f"still running after {limit:g} s{during}: a loop or a wait that never ends?",
        "output": f"printed {what.amount / (1 << 20):.0f} MiB{during}; the run was ended at 1 MiB.",
        "died": f"the process ended{during}, {_status(what.status)}, before its tests did.",
        "stopped": f"the reactor was stopped{during}: trial runs it, and must be the one to stop it.",
        "exit": f"the process was told to exit{during} (sys.exit).",
        "thread": "a thread still runs after the tests: plain trial would wait for it for ever.",
        "closed": "standard output was closed: nothing can be printed after that.",
    }[what.kind]
    return f"{where}: {cause}\nMend it, then: {TOOL} run {stage.name}"


def _status(status: int | None) -> str:
    if status is None:
        return "with no exit code known"
    return f"killed by signal {-status}" if status < 0 else f"with exit code {status}"


def trial() -> str:
    """How trial is called from here: by its name where that is the one of this environment, else by its path."""
    folder = Path(sys.executable).parent
    mine = folder / ("trial.exe" if sys.platform == "win32" else "trial")
    found = shutil.which("trial")
    if found and Path(found) == mine:
        return "trial"
    try:
        return str(mine.relative_to(Path.cwd()))
    except ValueError:
        return str(mine)
