"""The judge of learners' tests: what it says of each kind of test, and that one bad test changes nothing for the others."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from workshop.course import CourseError, Stage, load
from workshop.course.solutions import answer
from workshop.judge.findings import Assessment
from workshop.judge.suite import assess
from workshop.report.suite_text import as_data, describe_fault, short
from workshop.runner import layout

JUDGED = Path(__file__).resolve().parent / "judged"
HEAD = "class BadTests(SynchronousTestCase):\n    def test_bad(self):\n"
TOP = "import os, socket, subprocess, sys, tempfile, threading, time\nfrom . import tally\n"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A stage whose tests the learner writes, solved: its three tests catch all."""
    yield solved(tmp_path)


def solved(place: Path) -> Stage:
    """The same, in that folder."""
    shutil.copytree(JUDGED, place / "course")
    stage = load(place / "course").stage("tally")
    for name, text in answer(stage).items():
        (stage.folder / name).write_text(text)
    return stage


def add(stage: Stage, text: str) -> None:
    """Add to the learner's tests."""
    path = stage.folder / "test_tally.py"
    path.write_text(f"{TOP}{path.read_text()}\n\n{text}")


def names(tests: object) -> list[str]:
    """Short names of tests, or of what is said of tests."""
    return [short(getattr(t, "test", getattr(t, "target", t))) for t in tests]  # type: ignore


def unruly(found: Assessment) -> dict[str, str]:
    """What each unruly test did."""
    return {short(one.test): one.kind for one in found.unruly}


def test_reference_passes(stage: Stage) -> None:
    """A suite that catches all, and asks for no more than is said, passes."""
    found = assess(stage)
    assert found.passed, found
    assert found.counted == len(found.own) == 3
    assert found.caught == len(stage.mutants) == 4


def test_same_again(stage: Stage) -> None:
    """A verdict is the same each time."""
    first, second = (as_data(assess(stage), {}, 10) for _ in range(2))
    for data in (first, second):
        data["seconds"] = 0
        for test in data["tests"]:
            test["seconds"] = 0
    assert first == second


def test_no_tests_yet(stage: Stage) -> None:
    """A starter has no tests: nothing is caught, and nothing is blamed."""
    (stage.folder / "test_tally.py").write_text(answer(stage, 0)["test_tally.py"])
    found = assess(stage)
    assert not found.passed
    assert (found.own, found.trouble, found.survived) == ((), None, stage.kinds)


def test_what_is_let_through(stage: Stage) -> None:
    """A kind of which a mutant survives is named."""
    path = stage.folder / "test_tally.py"
    path.write_text(path.read_text().replace('b"\\n\\n"), b"1\\n2\\n"', 'b"a\\n"), b"1\\n"'))
    found = assess(stage)
    assert [kind.number for kind in found.survived] == [3]
    assert found.caught == 3
    assert not found.passed


def test_failing_test(stage: Stage) -> None:
    """A test that fails on the learner's own code is reported, and counts for nothing."""
    add(stage, f"{HEAD}        self.fail('not yet')\n")
    found = assess(stage)
    assert names(found.failing) == ["BadTests.test_bad"]
    assert found.survived == ()
    assert not found.passed


def test_exit(stage: Stage) -> None:
    """A test that exits fails like any other that raises."""
    add(stage, f"{HEAD}        sys.exit()\n")
    assert names(assess(stage).failing) == ["BadTests.test_bad"]


def test_broken_code(stage: Stage) -> None:
    """If the learner's code cannot be imported, that is reported."""
    (stage.folder / "tally.py").write_text("def x(:\n")
    found = assess(stage)
    assert not found.passed
    problems = [problem.exception for test in found.failing for problem in test.problems]
    assert "SyntaxError" in problems, found


def test_import_that_never_ends(stage: Stage) -> None:
    """If the tests cannot even be loaded, that is the verdict."""
    add(stage, "while True:\n    pass\n")
    found = assess(stage, limit=1)
    assert found.trouble is not None
    assert found.trouble.kind == "silent"
    assert (found.done, found.to_do) == (0, stage.kinds), "Nothing was run, so nothing is caught."


def test_defined_twice(stage: Stage) -> None:
    """A test that another one of its name takes the place of is reported."""
    add(
        stage,
        f"{HEAD}        self.fail()\n\n    def test_bad(self):\n        tally.Tally().dataReceived(b'')\n",
    )
    found = assess(stage)
    assert found.twice == ("BadTests.test_bad",)


@pytest.mark.parametrize(
    "body",
    [
        "        pass\n",
        "        self.assertTrue(tally.Tally())\n",
        "        self.assertRaises(Exception, tally.Tally().dataReceived)\n",
        "        tally.Tally().lines == 1\n",
    ],
)
def test_that_cannot_fail(stage: Stage, body: str) -> None:
    """A test that passes though there is nothing in the code is named."""
    add(stage, HEAD + body)
    found = assess(stage)
    assert names(found.empty) == ["BadTests.test_bad"]
    assert (found.unruly, found.strict, found.survived) == ((), (), ())


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("self.assertEqual(t.lines, 1)", "AttributeError"),
        ("self.assertNotIsInstance(t, LineReceiver)", "is an instance"),
    ],
)
def test_that_asks_too_much(stage: Stage, body: str, said: str) -> None:
    """A test that fails on a right answer is named, with the difference, and catches nothing."""
    path = stage.folder / "test_tally.py"
    path.write_text(path.read_text().replace("def test_empty", "def later_empty"))
    make = (
        "        t = tally.Tally(); t.makeConnection(StringTransport()); t.dataReceived(b'\\n')\n"
    )
    top = "from twisted.protocols.basic import LineReceiver\n"
    add(stage, f"{top}{HEAD}{make}        {body}\n")
    found = assess(stage)
    assert names(found.strict) == ["BadTests.test_bad"]
    assert found.strict[0].answer == "by_lines"
    problem = found.strict[0].result.problems[0]
    assert said in f"{problem.exception} {problem.message}"
    assert [kind.number for kind in found.survived] == [3]


PATCH = "        {} = lambda *_: 1.0\n"
# What a test may do to its process or to others, and what is said of it.
DEEDS = {
    "died": HEAD + "        os._exit(3)\n",
    "silent": HEAD + "        while True: pass\n",
    "output": HEAD + "        print('x' * 2000000)\n",
    "thread": HEAD + "        threading.Thread(target=threading.Event().wait).start()\n",
    "process": HEAD
    + "        subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n",
    "calls": HEAD
    + "        from twisted.internet import reactor\n        reactor.callLater(60, print)\n",
    "sockets": "KEPT = []\n"
    + HEAD
    + "        KEPT.append(socket.create_server(('127.0.0.1', 0)))\n",
    "patched": HEAD + PATCH.format("tally.Tally.dataReceived"),
    "disturbs": "tally.Tally.start = 0\n"
    + HEAD
    + "        tally.Tally.start += 1\n\n"
    + "    def test_first(self):\n        self.assertEqual(tally.Tally.start, 0)\n        t = tally.Tally()\n"
    + "        t.makeConnection(StringTransport())\n        t.dataReceived(b'')\n",
    "alone": "RUN = []\n"
    + "import exercises.stage1_tally.test_tally as mine\n"
    + "made = TallyTests.answers\n"
    + "def answers(*what):\n    RUN.append(1)\n    return made(*what)\n"
    + "TallyTests.answers = answers\n"
    + HEAD
    + "        self.assertEqual(len(RUN), 0)\n        t = tally.Tally()\n"
    + "        t.makeConnection(StringTransport())\n        t.dataReceived(b'')\n",
    "needs": "MADE = []\n"
    + "class AFirstTests(SynchronousTestCase):\n    def test_first(self):\n        t = tally.Tally()\n"
    + "        t.makeConnection(StringTransport())\n        t.dataReceived(b'')\n        MADE.append(t)\n"
    + HEAD
    + "        self.assertEqual(len(MADE), 1)\n        MADE[0].dataReceived(b'')\n",
}


@pytest.mark.parametrize("kind", DEEDS)
def test_unruly(stage: Stage, kind: str) -> None:
    """Whatever one test does, it is named with its deed, and the verdict on the others is what it was."""
    if sys.platform == "win32" and kind in ("process", "sockets"):
        pytest.skip("not told on Windows")
    add(stage, DEEDS[kind])
    found = assess(stage, limit=2)
    assert unruly(found) == {"BadTests.test_bad": kind}, found
    assert (found.failing, found.empty, found.strict, found.survived) == ([], (), (), ())
    assert found.caught == len(stage.mutants)
    assert describe_fault(found.unruly[0], 2)


def test_writes_outside(stage: Stage, tmp_path: Path) -> None:
    """A test that leaves a file outside of its folder is named, with the file; one that cleans up is not."""
    path = tmp_path / "mine.txt"
    use = "        t = tally.Tally(); t.makeConnection(StringTransport()); t.dataReceived(b'')\n"
    add(
        stage,
        f"{HEAD}{use}        open({str(path)!r}, 'w').close()\n\n"
        f"    def test_clean(self):\n{use}"
        "        with tempfile.TemporaryDirectory() as d, open(os.path.join(d, 'x'), 'w'): pass\n"
        "        with open(self.mktemp(), 'w'): pass\n",
    )
    found = assess(stage)
    assert unruly(found) == {"BadTests.test_bad": "files"}
    assert found.unruly[0].what == (str(path),)
    assert found.survived == ()


@pytest.mark.skipif(layout.in_memory() is None, reason="This machine has no files in memory.")
def test_writes_to_memory(stage: Stage) -> None:
    """A file in memory is a file, though the folder of a run is there too; where the user says otherwise, it is not."""
    with tempfile.TemporaryDirectory(dir=layout.MEMORY) as folder:
        path = Path(folder, "mine.txt")
        add(stage, f"{HEAD}        open({str(path)!r}, 'w').close()\n")
        found = assess(stage)
    assert found.unruly[0].what == (str(path),)


def test_where_files_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A run's files are in memory only where there is enough of it, and where the user did not say where they are to be."""
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(layout, "MEMORY", str(tmp_path))
    monkeypatch.setattr(layout, "ENOUGH", 1)
    there = str(tmp_path) if sys.platform == "linux" else None
    assert layout.in_memory() == there
    monkeypatch.setattr(layout, "ENOUGH", 1 << 80)
    assert layout.in_memory() is None
    monkeypatch.setattr(layout, "ENOUGH", 1)
    monkeypatch.setenv("TMPDIR", "/tmp")
    assert layout.in_memory() is None
    monkeypatch.delenv("TMPDIR")
    monkeypatch.setattr(layout, "MEMORY", str(tmp_path / "nowhere"))
    assert layout.in_memory() is None


def test_deletes_outside(stage: Stage, tmp_path: Path) -> None:
    """So is one that deletes a file that is not its own."""
    path = tmp_path / "precious.txt"
    path.write_text("")
    add(stage, f"{HEAD}        os.remove({str(path)!r})\n")
    found = assess(stage)
    assert unruly(found) == {"BadTests.test_bad": "files"}


@pytest.mark.parametrize(
    "name",
    ["tally.Tally.dataReceived", "time.time", "reactor.callLater", "tally.Tally.lineReceived"],
)
def test_patches_are_named(stage: Stage, name: str) -> None:
    """What was replaced and not put back is named, and so is what a class of the learner's did not have before."""
    get = "        from twisted.internet import reactor\n"
    add(stage, HEAD + get + PATCH.format(name))
    found = assess(stage)
    assert unruly(found) == {"BadTests.test_bad": "patched"}, found
    assert found.unruly[0].what[0].endswith(name)


def test_module_in_the_place_of_another(stage: Stage) -> None:
    """So is a module that is under the name of another."""
    add(stage, HEAD + "        sys.modules[tally.__name__] = None\n")
    found = assess(stage)
    assert unruly(found) == {"BadTests.test_bad": "patched"}, found
    assert found.unruly[0].what == ("exercises.stage1_tally.tally",)


def test_patch_that_is_undone(stage: Stage) -> None:
    """A test that puts back what it replaced is as good as any."""
    add(
        stage,
        HEAD
        + "        self.patch(time, 'time', lambda: 5)\n        tally.Tally().dataReceived(b'')\n",
    )
    found = assess(stage)
    assert unruly(found) == {}


def test_waiting_is_no_patch(stage: Stage) -> None:
    """trial itself replaces methods of the reactor while a test waits: that is not the test's doing."""
    add(
        stage,
        """
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

class WaitingTests(TestCase):
    def test_waits(self):
        from twisted.internet import reactor

        tally.Tally.__init__
        return deferLater(reactor, 0, tally.Tally().dataReceived, b"")
""",
    )
    assert unruly(assess(stage)) == {}


def test_hang_costs_its_time_once(stage: Stage) -> None:
    """A test that hangs is run alone, and not on each mutant and right answer."""
    add(stage, DEEDS["silent"])
    quiet = assess(stage, limit=2)
    assert quiet.seconds < 2 * 2 + 4, "more than two time limits, and what the rest takes"


def test_no_solutions(stage: Stage) -> None:
    """A copy of the course that has no right answers says so."""
    shutil.rmtree(stage.answers)
    with pytest.raises(CourseError, match="no solutions/stage1_tally"):
        assess(stage)
