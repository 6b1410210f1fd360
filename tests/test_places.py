"""Mutants that are in one place only: they are judged by the tests of that place, and where there is none, not at all."""

from __future__ import annotations

import io
import json
import os
import shutil
from pathlib import Path

import pytest
import rich.console
from driving import Learner

from workshop.course import Mutant, Stage, load
from workshop.course.solutions import answer
from workshop.judge.findings import Assessment, by_kind
from workshop.judge.suite import assess
from workshop.report.console import Console
from workshop.report.suite import show
from workshop.report.suite_text import as_data, describe_fault
from workshop.runner.result import TestResult as Said

ROOT = Path(__file__).resolve().parent.parent
JUDGED = ROOT / "tests" / "judged"
TESTS = "exercises/stage1_tally/test_tally.py"
BUILT = """

class Here_first(TallyTests): pass
class Here_second(TallyTests): pass
"""
SECOND = "class Here_second(TallyTests): pass"
SKIPPING = "class Here_second(TallyTests): skip = 'not here'"


def course(place: Path, on: str) -> Stage:
    """The sample course, solved, with its tests in two classes; its last mutant is in that place."""
    shutil.copytree(JUDGED, place, ignore=shutil.ignore_patterns(".workshop", "__pycache__"))
    solved = place / "solutions" / "stage1_tally" / "test_tally.py"
    solved.write_text(solved.read_text() + BUILT)
    mutants = solved.with_name("mutants.toml")
    mutants.write_text(f"{mutants.read_text().rstrip()}\non = {on}\n")
    stage = load(place).stage("tally")
    for name, text in answer(stage).items():
        (stage.folder / name).write_text(text)
    return stage


def change(stage: Stage, find: str, replace: str) -> None:
    """Edit the learner's tests."""
    path = stage.folder / "test_tally.py"
    assert find in path.read_text()
    path.write_text(path.read_text().replace(find, replace))


def last(found: Assessment) -> tuple[str, int]:
    """The mutant that has a place, by its name and its kind."""
    return found.stage.mutants[-1].name, found.stage.mutants[-1].step


def test_meets() -> None:
    """A mutant that is nowhere in particular meets all tests; one that is somewhere, those of classes named so."""
    test = "exercises.stage7_x.test_x.Contract_epoll_TCP6.test_unix"
    for on, met in (
        ((), True),
        (("epoll",), True),
        (("TCP6", "epoll"), True),
        (("poll",), False),
        (("epoll", "TCP4"), False),
        (("unix",), False),
    ):
        assert Mutant("", "", "", "", 1, "", "", on).meets(test) is met, on


def test_caught_there(tmp_path: Path) -> None:
    """A test that runs in the mutant's place catches it."""
    found = assess(course(tmp_path / "x", '["second"]'))
    assert found.passed, found
    assert found.caught == 4


def test_tests_of_other_places_do_not_count(tmp_path: Path) -> None:
    """If no test of the learner's runs in its place, a mutant is let through, and the place is reported."""
    stage = course(tmp_path / "x", '["Here", "second"]')
    change(stage, "class Here_second(TallyTests): pass\n", "")
    found = assess(stage)
    name, kind = last(found)
    assert [mutant.name for mutant in found.left[kind]] == [name]
    assert found.caught == 3
    reported = as_data(found, {}, 10)["not_caught"]
    assert [(one["number"], one["let_through"], one["on"]) for one in reported] == [
        (kind, 1, ["Here second"])
    ]


@pytest.mark.parametrize("how", ["no such class", "skipped"])
def test_place_that_the_machine_lacks(tmp_path: Path, how: str) -> None:
    """A place that the reference has no tests in, or where it skips them all, is not judged."""
    stage = course(tmp_path / "x", '["third"]' if how == "no such class" else '["second"]')
    if how == "skipped":
        solved = stage.answers / "test_tally.py"
        solved.write_text(solved.read_text().replace(SECOND, SKIPPING))
        change(stage, SECOND, SKIPPING)
    found = assess(stage)
    assert found.passed, found
    assert found.absent == {last(found)[0]}
    assert found.caught == len(found.mutants) == 3
    assert as_data(found, {}, 10)["absent"] == 1


def test_skipping_is_not_lacking(tmp_path: Path) -> None:
    """If only the learner skips a place, its mutant is let through."""
    stage = course(tmp_path / "x", '["second"]')
    change(stage, SECOND, SKIPPING)
    found = assess(stage)
    assert found.absent == frozenset()
    assert list(found.left) == [last(found)[1]]


def test_told(tmp_path: Path) -> None:
    """The verdict names the place; and a test that fails in several classes is reported once."""
    stage = course(tmp_path / "x", '["second"]')
    change(stage, "class Here_second(TallyTests): pass\n", "")
    (tmp_path / "temp").mkdir()
    learner = Learner(stage.root, tmp_path / "temp")
    out = " ".join(learner.here("run", "tally").out.split())
    assert "Let through: second." in out
    path = learner.path(TESTS)
    path.write_text(
        path.read_text().replace("class TallyTests", "class Own", 1).replace("TallyTests", "Own")
    )
    text = path.read_text().replace(
        "    def test_", "    def test_fails(self):\n        self.fail()\n\n    def test_", 1
    )
    learner.write(text, TESTS)
    out = " ".join(learner.here("run", "tally").out.split())
    assert out.count("test_fails fails on your own code") == 1
    assert "The same in Own." in out or "The same in Here_first." in out, out
    data = json.loads(learner.here("run", "tally", "--json").out)
    assert len([test for test in data["tests"] if test["status"] == "failed"]) == 2


def test_races_in_all_places(tmp_path: Path) -> None:
    """A test that races in one place takes no part in any; it is reported with the line that failed."""
    stage = course(tmp_path / "x", '["second"]')
    racing = f"""
class Racing:
    def test_race(self):
        if type(self).__name__ == "Own_second":
            n = int(os.stat({str(tmp_path)!r}).st_mtime)
            os.utime({str(tmp_path)!r}, (0, n + 1))
            self.assertEqual(n % 2, 0)
        Tally().makeConnection(StringTransport())

class Own_first(Racing, SynchronousTestCase): pass
class Own_second(Racing, SynchronousTestCase): pass
"""
    path = stage.folder / "test_tally.py"
    path.write_text("import os\n" + path.read_text() + racing)
    os.utime(tmp_path, (0, 0))
    found = assess(stage)
    names = {one.test.split(".")[-2]: one.kind for one in found.unruly}
    assert names == {"Own_first": "races", "Own_second": "races"}, found
    line = path.read_text().splitlines().index("            self.assertEqual(n % 2, 0)") + 1
    assert f"test_tally.py, line {line})" in describe_fault(found.unruly[0], 10)
    assert (found.failing, found.empty, found.strict, found.survived) == ([], (), (), ())


def test_all_numbers_are_told() -> None:
    """Three promises are reported in full; of the others that are not caught, all numbers."""
    stage = load(ROOT).stage("stage7_everywhere")
    found = Assessment(stage, (Said("a.B.test_c", "passed", 0.1),), left=by_kind(stage.mutants))
    out = io.StringIO()
    show(Console(rich.console.Console(file=out, width=80)), found, {}, 10)
    assert out.getvalue().count("Not caught yet, number") == 3
    assert "\nAlso not caught: 4, 5, 6, 7, 8, 9, 10, 11, 12, 13\n" in out.getvalue()


def test_shared_by_all_places(tmp_path: Path) -> None:
    """A test that disturbs itself in the next place is reported as such once, for all places."""
    stage = course(tmp_path / "x", '["second"]')
    shared = """
class Shared:
    seen = []

    def test_shared(self):
        self.seen.append(Tally())
        self.assertEqual(len(self.seen), 1)
        self.seen[0].makeConnection(StringTransport())
        self.seen[0].dataReceived(b"")

class Own_first(Shared, SynchronousTestCase): pass
class Own_second(Shared, SynchronousTestCase): pass
class Own_third(Shared, SynchronousTestCase): pass
"""
    path = stage.folder / "test_tally.py"
    path.write_text(path.read_text() + shared)
    found = assess(stage)
    names = {one.test.split(".")[-2]: one.kind for one in found.unruly}
    assert names == dict.fromkeys(("Own_first", "Own_second", "Own_third"), "disturbs")
    assert (found.failing, found.empty, found.strict, found.survived) == ([], (), (), ())
