"""Run the tests of a notebook's cell with real trial, in one bounded child process. Nothing here needs IPython.

    print(run("from twisted.trial.unittest import TestCase\\n...", ["--reactor=select"]))

The result is trial's output without what differs from run to run and from machine to machine: seconds, addresses, port
numbers, paths, and the frames of trial, Twisted and Python.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from workshop.notebook.warm import POLL, PRINTED, ForkServer
from workshop.runner.layout import temporary_folder
from workshop.runner.process import OWN_GROUP, end_group
from workshop.setup.variables import plain as without_settings

ROOT = Path(__file__).resolve().parent.parent.parent
CHILD = Path(__file__).with_name("cell_child.py")
MODULE = "cell"
HERE = "this cell"
LIMIT = 20.0
"""Seconds that all tests of a cell may take together, unless the cell says otherwise."""
AFTER = 2.0
"""Seconds that the child has to end itself after its time limit, before it is killed."""
TIMES = 50
"""How often --until-failure repeats the tests if it has no number."""
MOST_OUTPUT = 200_000
SHOWN = 20_000

ENVIRONMENT = {
    **without_settings(),
    "PYTHONPATH": str(ROOT),
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUTF8": "1",
    "PYTHONUNBUFFERED": "1",
}
WARM = ForkServer(CHILD, ENVIRONMENT) if hasattr(os, "fork") else None
"""Without fork, each run is a new process."""

FRAME = re.compile(r'^  File "(?P<file>[^"]+)", line (?P<line>\d+), in (?P<name>.+)$')
STACK = re.compile(r'^  File "(?P<file>[^"]+)", line (?P<line>\d+) in (?P<name>.+)$')
TIMEOUT = re.compile(r"Timeout \([\d:.]+\)!$", re.M)
VERDICT = re.compile(r"^(?:PASSED|FAILED)(?: \(.*\))?$", re.M)
RAN = re.compile(r"^Ran (\d+) tests? in [\d.]+s$", re.M)
CHANGING = (
    (RAN, r"Ran \1 tests"),
    (re.compile(rf"\({MODULE}\.py, line"), f"({HERE}, line"),
    (re.compile(r"\b0x[0-9a-fA-F]{6,}\b"), "0x..."),
    (re.compile(r"(<DelayedCall 0x\.\.\. \[)-?[\d.e-]+s\]"), r"\1... s]"),
    (re.compile(r"(?<= on )\d{4,5}(?=[> ])"), "PORT"),
    (re.compile(r"(\('[\d.:]+', )\d{4,5}\)"), r"\1PORT)"),
    (re.compile(r"(?<= at )[0-9a-f]{8,}(?=>)"), "0x..."),
    (re.compile(r"\b(port=|127\.0\.0\.1:|::1\]?:)\d{4,5}\b"), r"\1PORT"),
    (re.compile(r"\(set twisted\.internet\.base\.DelayedCall\.debug = True to debug\)"), ""),
)


class CellTrouble(Exception):
    """Why a cell's tests have no verdict. ``printed``: their output until then."""

    def __init__(self, why: str, printed: str = "") -> None:
        super().__init__(why)
        self.printed = printed


def run(
    source: str, options: Sequence[str] = (), limit: float = LIMIT, warm: ForkServer | None = WARM
) -> str:
    """Run the tests of a cell, whose first line is the magic's own; return trial's output, normalised.

    Args:
        options: trial's own. --until-failure may have a number: the most repetitions.
        limit: Seconds that all tests may take together.
        warm: The server that runs it; None for a new process.
    """
    words, times = _repetition(list(options))
    with temporary_folder() as place:
        # An empty line stands for the magic's, the cell's first: so all line numbers are the cell's own.
        (place / f"{MODULE}.py").write_text(f"\n{source}", "utf-8")
        command = [str(limit), str(times), *words, MODULE]
        if warm is None:
            code, data = _bounded([sys.executable, str(CHILD), *command], place, limit + AFTER)
        else:
            code, data = warm.run(place, limit + AFTER, MOST_OUTPUT, command)
        text = data.decode("utf-8", "replace").replace("\r\n", "\n")
        printed = normalise(text, place)
    if len(text) >= MOST_OUTPUT:
        raise CellTrouble("The tests print too much, and were ended.", printed)
    if code is None or TIMEOUT.search(text):
        raise CellTrouble(
            f"The tests were not over after {limit:g} s, and were ended{_where(text)}.",
            TIMEOUT.split(printed)[0],
        )
    if not VERDICT.search(printed):
        raise CellTrouble(f"trial gave no verdict; its process ended with {code}.", printed)
    if not re.search(r"^Ran [1-9]", printed, re.M):
        raise CellTrouble("trial found no test in this cell.", printed)
    return printed


def _repetition(words: list[str]) -> tuple[list[str], int]:
    """Return trial's options, and how often the tests are repeated at most."""
    for flag in ("--until-failure", "-u"):
        if flag in words:
            after = words.index(flag) + 1
            if after < len(words) and words[after].isdecimal():
                return [*words[:after], *words[after + 1 :]], max(1, int(words[after]))
        given = next((word for word in words if word.startswith(f"{flag}=")), None)
        if given and given.partition("=")[2].isdecimal():
            return [flag if x == given else x for x in words], max(1, int(given.partition("=")[2]))
    return words, TIMES


def _bounded(command: list[str], place: Path, limit: float) -> tuple[int | None, bytes]:
    """Run a command in a folder; return its exit code (None if it had to be killed) and its output."""
    code: int | None = None
    deadline = time.monotonic() + limit
    with (place / PRINTED).open("w+b") as printed:
        process = subprocess.Popen(
            command,
            cwd=place,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
            **OWN_GROUP,
        )
        try:
            while code is None and time.monotonic() < deadline:
                # An interrupt of the kernel raises KeyboardInterrupt from this wait.
                with contextlib.suppress(subprocess.TimeoutExpired):
                    code = process.wait(POLL)
                if os.fstat(printed.fileno()).st_size > MOST_OUTPUT:
                    break
        finally:
            # This also ends what the tests have started.
            end_group(process)
            process.wait()
        printed.seek(0)
        return code, printed.read(MOST_OUTPUT)


def _where(text: str) -> str:
    """Say where in the cell the tests were at the time limit, as the end of a sentence."""
    for line in text.splitlines():
        found = STACK.match(line)
        if found and Path(found["file"]).name == f"{MODULE}.py":
            return f" at line {found['line']}, in {found['name']}"
    return ", while the reactor waited"


def normalise(text: str, place: Path) -> str:
    """Return trial's output without what differs from run to run, and with the cell's own name for its file."""
    lines: list[str] = []
    frame = ""  # the last frame, whose source the next line shows: "kept", "left out"
    for line in text.splitlines():
        found = FRAME.match(line)
        if found:
            name = _name(found["file"], place)
            frame = "kept" if name else "left out"
            if name:
                lines.append(f'  File "{name}", line {found["line"]}, in {found["name"]}')
            elif lines[-1:] != ["  ..."]:
                lines.append("  ...")
        elif frame == "left out" and line.startswith("    "):
            continue
        elif frame == "kept" and re.fullmatch(r"    [ ~^]+", line):
            continue  # marks that only some versions of Python print
        else:
            frame = frame if line.startswith("    ") else ""
            lines.append(line.rstrip())
    # Normalise before sorting: else an address would decide the order.
    printed = (
        "\n".join(_sorted([plain(line) for line in lines]))
        .strip("\n")
        .replace(f"{place}{os.sep}", "")
    )
    printed = re.sub(r"[ \t]+$", "", printed, flags=re.M)
    if len(printed) > SHOWN:
        printed = f"{printed[: SHOWN // 2]}\n...\n{printed[-SHOWN // 2 :]}"
    return f"{printed}\n"


def plain(text: str) -> str:
    """Return a text without what differs from run to run: addresses, port numbers, seconds."""
    for pattern, instead in CHANGING:
        text = pattern.sub(instead, text)
    return text


def _name(file: str, place: Path) -> str | None:
    """Return a file's name in a traceback: the cell, or a file of the course; None for all others."""
    path = Path(file)
    path = path if path.is_absolute() else place / path
    if path.name == f"{MODULE}.py" and path.parent == place:
        return HERE
    for folder in ("exercises", "solutions"):
        if path.is_relative_to(ROOT / folder):
            return path.relative_to(ROOT).as_posix()
    return None


def _sorted(lines: list[str]) -> list[str]:
    """Sort the lines of what was left in the reactor, which trial takes from a set; leave the others."""
    done: list[str] = []
    left: list[str] = []
    for line in lines:
        if line.startswith("<") and (left or (done[-1:] and done[-1].startswith("Selectables:"))):
            left.append(line)
            continue
        done += sorted(left)
        left = []
        done.append(line)
    return done + sorted(left)
