"""What the tool must notice. Each of these was broken on purpose once, and no test saw it."""

from __future__ import annotations

import builtins
import itertools
import os
import re
import signal
import textwrap
import time
from importlib import import_module
from pathlib import Path

import pytest
from driving import MINI, Learner, posix
from test_assess import HEAD, add, solved, unruly

from workshop.course import Stage, load
from workshop.judge.suite import assess
from workshop.report.explain import MEANINGS
from workshop.runner import child_process, worker
from workshop.runner.child_process import ChildProcess
from workshop.runner.layout import undisturbed
from workshop.runner.result import Reader, Result
from workshop.runner.worker import Case, Worker

STAGES = load(Path(__file__).resolve().parent.parent).stages
TESTS = """
import os
import signal
import threading
from twisted.trial.unittest import SkipTest, SynchronousTestCase

class Step01Echo(SynchronousTestCase):
    pass
"""


def run(methods: str, traces: bool = False, limit: float = 5.0) -> Result:
    """What a run of a class with these methods says, in the place of the miniature stage's first step."""
    text = TESTS.replace("    pass\n", textwrap.indent(methods, "    "))
    stage = load(MINI).stage("1")
    with Worker((), limit) as one:
        target = f"{stage.target}.test_echo.Step01Echo"
        case = Case("", {"test_echo.py": text}, (target,), stop=False, traces=traces)
        return one.run(stage, case)


def test_whole_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job whose tests are all quick, but never come to an end, is ended: its whole time is bounded too."""
    monkeypatch.setattr(
        worker, "WHOLE_JOB", 3.0
    )  # its first test begins within that, on a busy machine too
    wait = "def test_{:02}(self):\n    threading.Event().wait(0.2)\n\n"
    began = time.monotonic()
    result = run("".join(wait.format(n) for n in range(90)))
    assert result.trouble and result.trouble.kind == "silent"
    assert 0 < len(result.tests) < 90
    assert time.monotonic() - began < 15


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="the end comes in two signals")
def test_a_job_that_prints_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that ignores the first request to end, and prints on, is read no faster than a pipe's content for each pause."""
    seen: list[tuple[float, int, float]] = []
    kill = ChildProcess.kill

    def noted(child: ChildProcess, how: int) -> None:
        kill(child, how)
        seen.append((time.monotonic(), child.output.size, time.monotonic()))

    monkeypatch.setattr(ChildProcess, "kill", noted)
    flood = """def test_flood(self):
    signal.signal(signal.SIGABRT, signal.SIG_IGN)
    while True:
        os.write(2, b"x" * 65536)
"""
    trouble = run(flood).trouble
    assert trouble and trouble.kind == "output"
    (asked, before, _), (_, after, ended), *_ = seen
    assert ended - asked > 0.5, "the job did not ignore the request"
    assert 0 < after - before <= (1 << 16) * ((ended - asked) / child_process.PAUSE + 2)


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="a signal asks the child for its stack")
def test_a_stack_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """If faulthandler could not write the frames of an endless loop, those that the child reported before are shown."""
    monkeypatch.setattr(Reader, "dumped", lambda reader: (True, ()))
    trouble = run("def test_spin(self):\n    while True:\n        pass\n", limit=1.0).trouble
    assert trouble and trouble.kind == "silent"
    assert trouble.frames[-1].function == "test_spin", trouble.frames


@pytest.mark.parametrize(
    ("body", "status"),
    [("pass", "failed"), ("self.fail()", "passed")],
    ids=["succeeds", "fails"],
)
def test_todo(body: str, status: str) -> None:
    """A test that is marked as todo passes as long as it fails; once it succeeds, the mark is wrong, and it fails."""
    result = run(f"def test_one(self):\n    {body}\ntest_one.todo = 'later'\n")
    assert [test.status for test in result.tests] == [status]


@pytest.fixture
def judged(tmp_path: Path) -> Stage:
    """A stage whose tests the learner writes, solved."""
    return solved(tmp_path)


@posix
def test_race_is_looked_for_again_and_again(judged: Stage, tmp_path: Path) -> None:
    """A test that fails in one run of seven is run so often that it is known to vary: nobody else is blamed."""
    add(
        judged,
        f"{HEAD}        for n in range(99):\n"
        "            try:\n"
        # Nothing else makes a name in one go, and leaves no trace that the tool looks for.
        f"                os.mkfifo({str(tmp_path)!r} + f'/run {{n}}')\n"
        "            except FileExistsError:\n"
        "                continue\n"
        "            break\n"
        "        self.assertNotIn(n, (2, 6))\n",
    )
    assert unruly(assess(judged)) == {"BadTests.test_bad": "races"}


@pytest.mark.parametrize(
    "code",
    [
        "os.rename(f'{there}/given', f'{there}/moved')",
        "os.replace(f'{there}/given', f'{there}/moved')",
        "os.link(f'{there}/given', f'{there}/linked')",
        "os.remove(f'{there}/given')",
        "os.mkdir(f'{there}/made')",
        "os.truncate(f'{there}/given', 0)",
        "open(f'{there}/made', 'w').close()",
        pytest.param("os.symlink('given', f'{there}/linked')", marks=posix),
    ],
)
def test_trace(tmp_path: Path, code: str) -> None:
    """Whatever a test does to a file that is not in its folder, it has left something behind."""
    (tmp_path / "given").write_text("not the test's")
    result = run(
        f"def test_one(self):\n    import os\n    there = {str(tmp_path)!r}\n    {code}\n",
        traces=True,
    )
    assert [test.status for test in result.tests] == ["passed"]
    assert result.trouble and result.trouble.kind == "files"


SAYS = {
    "AlreadyCalledError": "second time",
    "BdbQuit": "breakpoint",
    "CancelledError": "cancelled",
    "CannotListenError": "in use",
    "ConnectionAborted": "was aborted",
    "ConnectionDone": "expected something else",
    "ConnectionLost": "broke",
    "ConnectionRefusedError": "refused",
    "ConnectionResetError": "reset",
    "EOFError": "input()",
    "MemoryError": "memory",
    "ReactorAlreadyRunning": "runs already",
    "ReactorNotRestartable": "only once",
    "RecursionError": "called itself",
    "SkipTest": "was skipped",
}
"""A word that only this error's meaning has."""


def test_meanings() -> None:
    """Each error has the meaning that is its own."""
    found = {
        name: [n for n, text in MEANINGS.items() if word in text] for name, word in SAYS.items()
    }
    assert found == {name: [name] for name in MEANINGS}


@pytest.mark.parametrize("name", MEANINGS)
def test_errors_exist(name: str) -> None:
    """Each error that has a meaning is one that a learner can meet."""
    modules = [
        import_module(m)
        for m in ("twisted.internet.error", "twisted.internet.defer", "bdb", "unittest")
    ]
    assert any(hasattr(module, name) for module in [*modules, builtins])


@posix
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_signal_is_held_back(name: str) -> None:
    """While files are put in place, a signal waits; then it comes."""
    number = getattr(signal, name)
    came: list[int] = []
    before = signal.signal(number, lambda number, frame: came.append(number))
    try:
        with undisturbed():
            os.kill(os.getpid(), number)
            assert came == []
        assert came == [number]
    finally:
        signal.signal(number, before)


SHAPES = [(stage, number, tiers[2]) for stage in STAGES for number, tiers in stage.hints.items()]
AROUND = ("{}", "def f():\n{}", "async def f():\n{}", "class C:\n{}")


def compiles(code: str) -> bool:
    """Whether code with blanks is Python, where it may be: in a module, a function, a coroutine or a class."""
    for word, around in itertools.product(("return", "await", "raise"), AROUND):
        filled = re.sub(r"^(\s*|.*= )___ (?=\w)", rf"\1{word} ", textwrap.dedent(code), flags=re.M)
        try:
            compile(around.format(textwrap.indent(filled, "    " * (around != "{}"))), "", "exec")
        except SyntaxError:
            continue
        return True
    return False


@pytest.mark.parametrize(
    ("stage", "number", "shape"), SHAPES, ids=[f"{s.name}-{n}" for s, n, _ in SHAPES]
)
def test_shape_is_code(stage: Stage, number: int, shape: str) -> None:
    """The code's shape is Python, with ... and ___ for what is left out; what is no code is marked as text."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", shape, re.M | re.S)
    assert "python" in {language for language, _ in blocks}
    for language, code in blocks:
        assert language in ("python", "text", "toml"), f"```{language}"
        assert language != "python" or compiles(code), code


@pytest.mark.parametrize(
    ("stage", "number", "shape"), SHAPES, ids=[f"{s.name}-{n}" for s, n, _ in SHAPES]
)
def test_shape_fits_a_terminal(stage: Stage, number: int, shape: str) -> None:
    """Indented by four, as `hint` shows it, no line of a shape is wider than 80: a break in it would not be Python's."""
    assert [line for line in shape.splitlines() if len(line) > 76] == []


def test_nonsense_is_no_shape() -> None:
    """The check above can fail."""
    assert not compiles("this is no code\n")
    assert compiles("___ self.got.addCallback(...)\nreturn ...\n")


def test_hint_all_is_remembered(mini: Learner) -> None:
    """Who has seen all three tiers at once is not shown the question alone the next time."""
    mini.here("hint", "1", "2", "--all")
    again = mini.here("hint", "1", "2").out
    assert "Shape (3 of 3)" in again and "That is all." in again


def test_hint_one_is_remembered(mini: Learner) -> None:
    """One step's tiers are not another's."""
    mini.here("hint", "1", "2", "--all")
    assert "Question (1 of 3)" in mini.here("hint", "1", "1").out


def test_skipped_is_no_pass(mini: Learner) -> None:
    """A step whose tests were skipped has not passed, and is reported as such."""
    text = mini.path().read_text()
    skip = "from twisted.trial.unittest import SkipTest\n        raise SkipTest('no')"
    mini.write(text.replace('raise NotImplementedError("Step 1: send the data back")', skip))
    outcome = mini.here("run", "1", "1")
    assert outcome.code == 1, outcome.all
    assert "skipped" in outcome.out
