"""Code that is hostile by accident: each way gets one plain message, in bounded time and memory, and loses nothing.

The message names the file, the cause and the next command. All of it is run as a learner runs it: `run 1`.
"""

from __future__ import annotations

import json
import os
import re
import sys
import textwrap
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from driving import ECHO, SOLVED, STARTER, TESTS, WIRE, Learner, Outcome
from kept import Kept

from workshop.course import Stage
from workshop.runner.result import Result
from workshop.runner.worker import Case

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PROGRAM = '''"""An echo that is right, but for what a case puts into it."""

import os
import signal
import subprocess
import sys
import threading
import traceback

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol
from twisted.internet.task import deferLater

# at import


class Echo(Protocol):
    """Sends back what comes."""

    def dataReceived(self, data):
        # in a call
        self.transport.write(data)
        if data.endswith(b"."):
            self.transport.loseConnection()


def later(reactor):
    # in the reactor
    return deferLater(reactor, 0, lambda: "later")
'''

SECONDS = 10
"""What a run may take at most, with both cores busy. None needs trial's 120 s, or the tool's 10 for a test."""
MEMORY = 100 << 20
"""Bytes that the tool itself may use, whatever the learner's code does."""
AS_PROCESS = (
    *("endless output with its signals ignored", "os._exit in a call", "the process above killed"),
    *("sys.stdout closed", "file 1 closed", "all files closed", "output without end"),
    *("output without end at import", "a process left behind", "recursion that prints"),
)
"""What may reach the output of the tool itself, or its end: a run is a process of its own. Others run in this process."""
LARGE = ("a million lines", "errors without end", "one line without end", "memory without end")
"""What may take the tool's memory: it is measured of a run in words that is a process of its own."""
COMMAND = re.compile(r"python3? -m workshop ((?:run|reset) stage1_echo(?: --provided)?)")


def program(where: str, code: str) -> str:
    """The echo with the code in one of its three places."""
    found = re.search(rf"^( *)# {where}$", PROGRAM, re.M)
    assert found, where
    return PROGRAM.replace(found[0], textwrap.indent(code.strip("\n"), found[1]))


def cases() -> list[Any]:
    """The cases of hostile.toml."""
    listed = tomllib.loads(Path(__file__).with_name("hostile.toml").read_text("utf-8"))["case"]
    return [
        pytest.param(
            case,
            id=case["name"].replace(" ", "-"),
            marks=pytest.mark.skipif(
                sys.platform not in case.get("only", [sys.platform]),
                reason=f"done only on {', '.join(case.get('only', []))}",
            ),
        )
        for case in listed
    ]


def reported(outcome: Outcome, file: str, cause: str, line: int | None = None) -> str:
    """See that the user reads one plain message: the file (and line), the cause, the next command, which is given back."""
    text = " ".join(outcome.all.split())
    assert outcome.code == 1, f"Expected exit code 1, came {outcome.code}:\n{outcome.all}"
    # What the learner's own code printed comes last on standard output, and may be anything.
    plain = outcome.out.partition("Your code printed, at the end:")[0]
    assert "Traceback" not in plain + outcome.err, (
        f"A traceback is not a plain message:\n{outcome.all}"
    )
    place = f"{file}, line {line}" if line else file
    assert place in text, f"Expected {place!r} in:\n{outcome.all}"
    assert text.count(cause) == 1, f"Expected {cause!r} once in:\n{outcome.all}"
    command = COMMAND.search(text)
    assert command, f"No command to go on with in:\n{outcome.all}"
    return command[1]


def data(outcome: Outcome) -> dict[str, Any]:
    """What --json printed: one object, and nothing else, with the keys that are promised."""
    try:
        fact = json.loads(outcome.out)
    except ValueError:
        pytest.fail(f"Not one JSON object:\n{outcome.all}")
    assert {"stage", "passed", "steps", "message", "seconds"} <= set(fact), sorted(fact)
    assert fact["stage"] == "stage1_echo"
    for step in fact["steps"]:
        assert {"number", "name", "status", "tests", "message", "seconds"} <= set(step), step
        assert step["status"] in ("passes", "fails", "not run"), step
    return dict(fact)


def run(mini: Learner, *options: str, limit: float | None = None, process: bool = True) -> Outcome:
    """Run the stage with these options, in a process of its own or here.

    It may not take long or much, nor change anything of the course, nor leave anything behind.
    """
    before = mini.files()
    outcome = (mini.tool if process else mini.here)("run", "1", *options, limit=limit)
    assert outcome.seconds < SECONDS, f"It took {outcome.seconds:.1f} s."
    assert outcome.peak < MEMORY, f"The tool took {outcome.peak >> 20} MiB."
    assert mini.files() == before, "The run changed the course's files."
    mini.nothing_left()
    return outcome


def passes(mini: Learner) -> None:
    """See that the stage passes."""
    outcome = mini.here("run", "1")
    assert outcome.code == 0, outcome.all


def once(real: Callable[..., Result]) -> Callable[..., Result]:
    """A Worker.run that runs each case once: the next command has the same result, and need not wait for it again."""
    results: dict[str, Result] = {}

    def run(self: Kept, stage: Stage, case: Case, **how: Any) -> Result:
        if case.name not in results:
            results[case.name] = real(self, stage, case, **how)
        return results[case.name]

    return run


def told_twice(
    mini: Learner,
    file: str,
    cause: str,
    line: int | None = None,
    limit: float | None = None,
    *,
    processes: tuple[bool, bool] = (False, False),
) -> str:
    """See that a run shows its user what it must, in words and as JSON; returns the command to go on with.

    ``processes``: whether the run in words, and that as JSON, is a process of its own.
    """
    results = mock.patch.object(Kept, "run", once(Kept.run))
    with results if not any(processes) else nullcontext():
        in_words, as_json = (
            run(mini, *options, limit=limit, process=process)
            for options, process in zip(((), ("--json",)), processes, strict=True)
        )
    command = reported(in_words, file, cause, line)
    fact = data(as_json)
    message = " ".join(fact["message"].split())
    assert as_json.code == 1 and fact["passed"] is False
    assert cause in message, f"Expected {cause!r} in the message of --json: {message}"
    return command


@pytest.mark.parametrize("case", cases())
def test_one_plain_message(mini: Learner, case: dict[str, Any]) -> None:
    """Whatever the code does, the learner reads which file, why, and what to do next; and in --json too."""
    text = program(case["where"], case["code"])
    here = [n for n, line in enumerate(text.splitlines(), 1) if line.endswith("# HERE")]
    mini.write(text)
    line = here[0] if here else None
    both = case["name"] in AS_PROCESS
    processes = (both or case["name"] in LARGE, both)
    told_twice(mini, ECHO, case["cause"], line, case.get("limit"), processes=processes)


def test_as_processes() -> None:
    """The cases that run as processes are there."""
    names = [case.values[0]["name"] for case in cases()]
    assert not {*AS_PROCESS, *LARGE} - set(names)


def test_the_program_itself_is_right(mini: Learner) -> None:
    """Without a case in it, the program passes: so the message of a case is about the case's own code."""
    mini.write(PROGRAM)
    passes(mini)


def _renamed(path: Path) -> None:
    path.rename(path.with_name("mine.py"))


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "mine.py").write_text("kept = True\n")


def _changed(old: str, new: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        data = path.read_bytes()
        assert old.encode() in data
        path.write_bytes(data.replace(old.encode(), new.encode("latin-1")))

    return change


GONE = "is missing: was it deleted or renamed?"
EDITED = "differs from the course's own"
FILES: dict[str, tuple[str, Callable[[Path], Any], str, int | None]] = {
    "deleted": (ECHO, os.unlink, GONE, None),
    "renamed": (ECHO, _renamed, GONE, None),
    "a folder in its place": (ECHO, _folder, "is a folder", None),
    "emptied": (ECHO, lambda path: path.write_bytes(b""), "test_echo.py needs the name Echo", None),
    "a name gone": (
        ECHO,
        _changed("def later", "def sooner"),
        "test_echo.py needs the name later",
        None,
    ),
    "latin-1": (ECHO, _changed("An echo", "Un \xe9cho"), "is not UTF-8: byte 0xe9 in line 1", None),
    "a NUL byte": (
        ECHO,
        _changed("import Deferred", "import Deferred\0"),
        "has a NUL byte in line 3",
        None,
    ),
    "a test edited": (TESTS, _changed("assertEqual", "assertTrue"), EDITED, None),
    "a test broken": (TESTS, _changed("class Step01Echo(", "class Step01Echo(("), EDITED, None),
    "the tests deleted": (TESTS, os.unlink, GONE, None),
    "the tests renamed": (TESTS, _renamed, GONE, None),
    "a folder in the tests' place": (TESTS, _folder, "is a folder", None),
    "wire.py edited": (WIRE, _changed("two", "three"), EDITED, None),
    "wire.py deleted": (WIRE, os.unlink, GONE, None),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_cannot_be_used(mini: Learner, name: str) -> None:
    """A file that is gone, in pieces or edited by mistake is named, with the cause and the command that repairs it."""
    file, harm, cause, line = FILES[name]
    mini.write(SOLVED)
    if file != ECHO:
        passes(mini)
    harm(mini.path(file))
    command = told_twice(mini, file, cause, line)
    if not command.startswith("reset"):
        return
    outcome = mini.here(*command.split())
    assert outcome.code == 0, f"The command that was told does not mend it:\n{outcome.all}"
    if file == ECHO:
        assert mini.path().read_bytes() == STARTER.encode()
    else:
        assert mini.path().read_bytes() == SOLVED.encode(), "Putting tests back changed the echo."
        passes(mini)


def test_a_byte_order_mark_is_fine(mini: Learner) -> None:
    """A file saved as "UTF-8 with BOM" is run as any other."""
    mini.write(b"\xef\xbb\xbf" + SOLVED.encode())
    passes(mini)


def test_windows_line_ends_are_fine(mini: Learner) -> None:
    """CRLF, in a learner's file or a provided one, is no change."""
    mini.write(SOLVED.replace("\n", "\r\n"))
    mini.write(mini.path(TESTS).read_bytes().replace(b"\n", b"\r\n"), TESTS)
    passes(mini)


@pytest.mark.parametrize(
    "code", ["os.remove(__file__)", "__import__('shutil').rmtree(os.getcwd())"]
)
def test_code_that_deletes_what_it_runs_in(mini: Learner, code: str) -> None:
    """Code that deletes its own file or folder deletes a copy: the learner's stays, and the tool ends as ever."""
    mini.write(program("in a call", code))
    outcome = run(mini)
    assert outcome.code in (0, 1), outcome.all
    assert "Traceback" not in outcome.all, outcome.all
