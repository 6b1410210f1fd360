"""What is read of a child's stacks and output: frames that nobody expected, and recursion distinguished from a loop."""

from __future__ import annotations

from pathlib import Path

import pytest
from driving import ECHO

from workshop.runner import result
from workshop.runner.result import Frame, Problem, Reader, too_much

STACKS = """Timeout (0:00:01)!
Thread 0x00007f0000000001 (most recent call first):
  File "/elsewhere/threading.py", line 327 in wait

Current thread 0x00007f0000000002 [python] (most recent call first):
  File "{place}/exercises/stage1_echo/echo.py", line ??? in dataReceived
  File "{place}/exercises/stage1_echo/echo.py", line 14 in dataReceived
  File ???, line ??? in ???
  File "{place}/exercises/x.py", line 99999999999999999999999 in f
  File "half a li
  File "
  <invalid frame>
  File "{place}/exercises/y.py", line 7
  File "/elsewhere/run.py", line 3 in main
  ...

Current thread's C stack trace (most recent call first):
  Binary file "/usr/bin/python3", at _Py_DumpStack+0x5d [0x5e1]
"""


def test_a_stack_with_frames_that_have_no_line(tmp_path: Path) -> None:
    """faulthandler writes ??? for what it does not know; that, and lines that are no frames, are taken as they come."""
    (tmp_path / "stacks").write_text(STACKS.replace("{place}", str(tmp_path)))
    late, frames = Reader(tmp_path).dumped()
    assert late
    assert frames == (
        Frame("/elsewhere/run.py", 3, "main"),
        Frame("???", 0, "???"),
        Frame(ECHO, 14, "dataReceived"),
        Frame(ECHO, 0, "dataReceived"),
    )


def test_a_frame_without_a_line_in_an_event(tmp_path: Path) -> None:
    """Python gives None for the line of code that has none."""
    assert Reader(tmp_path).frame("x.py", None, "f") == Frame("x.py", 0, "f")


TRACEBACK = f"""  File "{ECHO}", line 14, in dataReceived
    self.dataReceived(data)
  File "exercises\\stage1_echo\\echo.py", line 14, in dataReceived
  File "{ECHO}", line 20, in later
RecursionError: maximum recursion depth exceeded
"""


@pytest.mark.parametrize(
    ("depth", "output", "recursed", "kind"),
    [
        (0, TRACEBACK, True, "recursion"),
        (12, "", False, "recursion"),
        (3, "x", False, "output"),
        (0, "", False, "output"),
    ],
)
def test_endless_recursion_is_told_from_a_loop(
    depth: int, output: str, recursed: bool, kind: str
) -> None:
    """By a RecursionError in what was printed, or by a function that is on the stack again and again."""
    stack = (Frame("test.py", 1, "run"), *[Frame(ECHO, 14, "dataReceived")] * depth)
    came = too_much("test_x", stack, output, recursed, [])
    assert (came.kind, came.test) == (kind, "test_x")
    if kind == "recursion":
        assert [frame for frame in came.frames if frame.file == ECHO].count(
            Frame(ECHO, 14, "dataReceived")
        ) >= 2


def test_a_test_that_failed_by_recursion_tells_of_it() -> None:
    """If all tests ended, one that failed with a RecursionError is the one to look at, with its frames."""
    frames = (Frame("test.py", 1, "run"), Frame(ECHO, 14, "dataReceived"))
    for problem in (
        Problem("RecursionError", "maximum recursion depth exceeded", frames),
        Problem("FailTest", "Expected nothing to be raised; it raised RecursionError.", frames),
    ):
        tests = [
            result.TestResult("a", "passed", 0),
            result.TestResult("b", "failed", 0, (problem,)),
        ]
        came = too_much(None, (), "", False, tests)
        assert (came.kind, came.test, came.frames) == ("recursion", "b", frames)
    assert too_much(None, (), "", False, tests[:1]).kind == "output"
