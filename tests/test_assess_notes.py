"""What the judge says besides its verdict: of tests that check nothing, of the learner's own code, of who is to blame."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_assess import HEAD, add, names, solved, unruly

from workshop.course import Stage, load
from workshop.judge.conformance import promises
from workshop.judge.lint import reason
from workshop.judge.programs import own_code
from workshop.judge.suite import assess
from workshop.report.suite_text import no_tests, nobody_else_has, rows

ROOT = Path(__file__).resolve().parent.parent
USE = "        t = tally.Tally(); t.makeConnection(StringTransport()); t.dataReceived(b'a\\n')\n"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A stage whose tests the learner writes, solved: its three tests catch all."""
    yield solved(tmp_path)


# The body of a test that no mistake makes fail, and what is said of it.
IDLE = {
    "": "It asserts nothing.",
    "        self.assertTrue(t.transport.value(), 'wrong')\n": "checks only x",
    "        self.assertTrue(t.transport.value() == b'' or True)\n": "is always true",
    "        assert (t.transport.value() == b'no', 'wrong')\n": "checks a tuple",
    "        self.assertEqual(t.transport.value(), t.transport.value())\n": "compares a value with itself",
    "        try: self.assertEqual(t.transport.value(), b'no')\n        finally: return\n": "in a `finally` swallows",
    "        try: self.assertEqual(t.transport.value(), b'no')\n        except: pass\n": "An `except` swallows",
    "        import unittest\n        try: self.assertTrue(t.transport.value())\n"
    "        except AssertionError: raise unittest.SkipTest('no')\n": "It skips itself",
    "        with self.assertRaises(Exception): self.assertEqual(t.transport.value(), 5)\n": (
        "`self.assertRaises(Exception)` also swallows"
    ),
    "        for line in []:\n            self.assertEqual(line, t)\n": "Does its loop run",
    "        from twisted.internet.defer import Deferred\n"
    "        return Deferred().addCallback(self.assertEqual, 1)\n": "does not wait for what its test returns",
    "        from twisted.internet.defer import succeed\n        d = succeed(t.transport.value())\n"
    "        d.addCallback(self.assertEqual, 1)\n        d.addErrback(lambda reason: None)\n": "called only if",
}


@pytest.mark.parametrize("body", IDLE)
def test_idle(stage: Stage, body: str) -> None:
    """A test that no mistake makes fail is named, with what may be the reason; the verdict is what it was."""
    add(stage, HEAD + USE + body)
    found = assess(stage)
    assert names(found.idle) == ["BadTests.test_bad"]
    assert IDLE[body] in reason(stage, found.idle[0])
    assert found.passed


def test_never_awaited(stage: Stage) -> None:
    """So is one that trial would wait for, if it gave trial something to wait for."""
    add(
        stage,
        "from twisted.internet.defer import Deferred\nfrom twisted.trial.unittest import TestCase\n"
        + HEAD.replace("SynchronousTestCase", "TestCase")
        + f"{USE}        Deferred().addCallback(self.assertEqual, 1)\n",
    )
    found = assess(stage)
    assert names(found.idle) == ["BadTests.test_bad"]
    assert "neither returns nor awaits" in reason(stage, found.idle[0])


NEVER = '''
import unittest
def test_alone():
    assert Tally() is None

class Plain:
    def test_plain(self):
        assert Tally() is None

class Base(SynchronousTestCase):
    """Has no tests."""

class BadTests(Base):
    async def test_async(self):
        self.fail()

    def test_generator(self):
        yield self.fail()

    def test_outer(self):
        def test_inner():
            self.fail()
        Tally().dataReceived

    def tset_misspelt(self):
        self.assertEqual(1, 2)

    def helper(self):
        self.assertEqual(1, 2)

    def test_with_helper(self):
        self.assertRaises(self.failureException, self.helper)

class Library(unittest.TestCase):
    async def test_library(self):
        self.fail()

class Mixin:
    def test_mixed(self):
        Tally().dataReceived(b"")

class Mixed(Mixin, SynchronousTestCase):
    """Runs what it derives."""
'''


def test_never_run(stage: Stage) -> None:
    """What looks like a test and can never run is named, with the reason, and nothing else is."""
    add(stage, NEVER)
    found = assess(stage)
    assert {one.name: one.why for one in found.never_run} == {
        "test_alone": "trial runs no test outside a class",
        "Plain.test_plain": "trial makes no test case of Plain, which is not a TestCase",
        "BadTests.test_async": "a SynchronousTestCase never runs an async def",
        "BadTests.test_generator": "a SynchronousTestCase never runs a generator",
        "test_inner": "it is inside test_outer",
        "BadTests.tset_misspelt": "trial runs only methods whose names begin with test",
        "Library.test_library": "a unittest.TestCase never runs an async def",
    }
    assert found.never_run[0].where.startswith("exercises/stage1_tally/test_tally.py, line ")
    assert not found.survived


def test_none_is_collected(stage: Stage) -> None:
    """If no test is collected, though some are written, the verdict says why."""
    (stage.folder / "test_tally.py").write_text("def test_alone():\n    assert False\n")
    found = assess(stage)
    assert rows(found)[0][1] == "none is collected"
    assert "test_alone" in no_tests(found)
    assert "outside a class" in no_tests(found)


def test_the_line_that_builds_is_gone(tmp_path: Path) -> None:
    """So it does where a line is gone with which the file came, and without which there are no tests."""
    import shutil

    for part in ("exercises", "solutions"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    stage = load(tmp_path).stage("stage7")
    path = stage.answers / "test_contract.py"
    lines = path.read_text("utf-8").splitlines()[:-1]
    (stage.folder / "test_contract.py").write_text("\n".join(lines), "utf-8")
    found = assess(stage)
    assert "globals().update(everywhere(globals())) is gone" in no_tests(found)


FORGETS = """
from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import TestCase
import gc

class AForgetsTests(TestCase):
    def test_forgets(self):
        tally.Tally().dataReceived(b"")
        kept = self.assertFailure(succeed(1), ValueError)
        kept.me = kept

class InnocentTests(SynchronousTestCase):
    def test_innocent(self):
        tally.Tally().dataReceived(b"")
        gc.collect()

    def test_other(self):
        tally.Tally().dataReceived(b"")
"""


def test_who_forgets_is_to_blame(stage: Stage) -> None:
    """A Deferred that failed, and that a test forgets, is that test's matter, and not of the one during which it is thrown
    away."""
    add(stage, FORGETS.replace('tally.Tally().dataReceived(b"")', USE.strip()))
    found = assess(stage)
    assert unruly(found) == {"AForgetsTests.test_forgets": "forgets"}
    assert "did not catch an error" in found.unruly[0].what[0]


def test_own_code_is_judged(stage: Stage) -> None:
    """If all is caught, the reference's tests run on the learner's code; the stage is done once they pass too."""
    tests = stage.folder / "test_tally.py"
    tests.write_text(tests.read_text().replace('b"a", b"b\\nc", b"\\n"', 'b"a", b"b\\nca", b"\\n"'))
    code = stage.folder / "tally.py"
    code.write_text(
        code.read_text().replace(
            "        assert self.transport",
            "        if len(data) == 3: data = data.replace(b'\\n', b'')\n        assert self.transport",
        )
    )
    found = assess(stage)
    assert (found.survived, found.failing, found.strict) == ((), [], ())
    (wrong,) = found.wrong
    assert wrong.requirement == "A line in pieces is one line."
    assert wrong.result.problems
    assert not found.passed


def test_right_test_of_wrong_code(stage: Stage) -> None:
    """A test that fails on the learner's code, and passes on every right answer, is called right; another is not."""
    code = stage.folder / "tally.py"
    code.write_text(code.read_text().replace("self.lines += 1", "self.lines += 2"))
    add(stage, f"{HEAD}        self.fail('always')\n")
    found = assess(stage)
    assert len(found.failing) == 4
    assert "BadTests.test_bad" not in names(found.right)
    assert len(found.right) == 3


@pytest.mark.parametrize("how", ["from .tally import mine", "tally.mine"])
def test_name_of_the_learners_own(stage: Stage, how: str) -> None:
    """A test that needs a name of the learner's own code is reported, since others have no such name."""
    code = stage.folder / "tally.py"
    code.write_text(f"{code.read_text()}\n\nmine = 1\n")
    add(stage, f"{HEAD}{USE}        {how}\n")
    (strict,) = assess(stage).strict
    assert nobody_else_has(strict.result) == ("mine", "tally.py")


@pytest.mark.parametrize(
    "line",
    [
        "from exercises.stage2_other.tidy import Tidy",
        "from ..stage2_other.tidy import Tidy",
        "from ..stage2_other import (\n    tidy,\n)\nTidy = tidy.Tidy",
    ],
)
def test_what_another_stage_has(stage: Stage, line: str) -> None:
    """A test may use what the learner has written in another stage, as plain trial lets it."""
    other = stage.folder.parent / "stage2_other"
    other.mkdir()
    (other / "__init__.py").write_text("")
    (other / "tidy.py").write_text("class Tidy:\n    pass\n")
    add(stage, f"{line}\n\n{HEAD}{USE}        self.assertTrue(Tidy())\n")
    found = assess(stage)
    assert found.passed
    assert len(found.own) == 4


def test_one_is_skipped(stage: Stage) -> None:
    """One test is skipped, and two are."""
    add(stage, f"{HEAD}        pass\n    test_bad.skip = 'no'\n")
    assert "1 is skipped" in rows(assess(stage))[0][1]


@pytest.mark.parametrize("name", ["stage5_transform", "stage6_client"])
def test_each_promise_has_its_paragraph(name: str) -> None:
    """Each of the reference's tests says what it requires, and of which paragraph of the README it is."""
    stage = load(ROOT).stage(name)
    assert own_code(stage)
    readme = (stage.folder / "README.md").read_text("utf-8")
    for test, (paragraph, requirement) in promises(stage).items():
        assert paragraph, test
        assert f"## {paragraph}" in readme or f"**{paragraph}" in readme, (test, paragraph)
        assert requirement.endswith("."), test


def test_now_and_then_is_not_forgetting(stage: Stage, tmp_path: Path) -> None:
    """A test that fails now and then on its own is reported to do so, and not that it leaves a failure behind."""
    body = f"""        n = int(os.stat({str(tmp_path)!r}).st_mtime)
        os.utime({str(tmp_path)!r}, (n + 1, n + 1))
        self.assertNotIn(n % 8, range(3, 7))
"""
    add(stage, HEAD + USE + body)
    os.utime(tmp_path, (2, 2))
    assert unruly(assess(stage)) == {"BadTests.test_bad": "races"}
