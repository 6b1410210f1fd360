"""Sample learners' suites, each with the verdict that it must get."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from workshop.course import load
from workshop.course.solutions import answer
from workshop.judge.findings import Assessment
from workshop.judge.suite import assess
from workshop.report.suite_text import short

ROOT = Path(__file__).resolve().parent.parent
SUITES = ROOT / "tests" / "suites"


@pytest.fixture
def judge(tmp_path: Path) -> Callable[..., Assessment]:
    """Judges a suite, by the name of its file, beside the reference's code; or the reference's own tests, changed."""

    def judge(name: str, changes: Mapping[str, str] = {}) -> Assessment:
        for part in ("exercises", "solutions"):
            skip = shutil.ignore_patterns("__pycache__", "_trial_temp*")
            shutil.copytree(ROOT / part, tmp_path / part, ignore=skip)
        stage = load(tmp_path).stage(name.partition("_")[0])
        for file, text in answer(stage).items():
            own = file.startswith("test_")
            if own and not changes:
                text = (SUITES / f"{name}.py").read_text("utf-8")
            for old, new in changes.items() if own else ():
                assert text.count(old) == 1, old
                text = text.replace(old, new)
            (stage.folder / file).write_text(text, "utf-8")
        return assess(stage)

    return judge


OFF = {
    # Each of these looks a little beside what is promised, or at less: the change, and the kind that it lets through.
    3: (
        "        self.clock.advance(10.0)\n        await",
        "        self.clock.advance(1000.0)\n        await",
    ),
    6: ("self.clock.advance(59.75)", "self.clock.advance(31.0)"),
    8: (
        "self.clock.advance(60.0)\n        self.assertNoResult",
        "self.clock.advance(61.0)\n        self.assertNoResult",
    ),
    9: ('self.assertEqual(logged, ["no roses"])', "self.assertEqual(len(logged), 1)"),
}


def test_a_little_off(judge: Callable[..., Assessment]) -> None:
    """A test that looks at another moment than the one that counts, or at how many and not at which, is not enough."""
    found = judge("stage1_off", dict(OFF.values()))
    assert [kind.number for kind in found.survived] == [*OFF]
    assert (found.failing, found.unruly, found.empty, found.strict) == ([], (), (), ())


def test_weak(judge: Callable[[str], Assessment]) -> None:
    """Honest tests, too few: what they let through is reported, and nothing else."""
    found = judge("stage5_weak")
    assert [kind.number for kind in found.survived] == [2, 3, 4, 6, 8, 9, 10, 12]
    assert (found.failing, found.unruly, found.empty, found.strict) == ([], (), (), ())
    assert found.counted == len(found.own) == 8


def test_overspecified(judge: Callable[[str], Assessment]) -> None:
    """Eleven tests ask for more than is said: they are named, and the others catch all."""
    found = judge("stage5_overspecified")
    strict = {short(one.test) for one in found.strict}
    assert len(found.strict) == 11
    assert {name.partition(".")[0] for name in strict} == {"StrictTests"}
    assert (found.failing, found.unruly, found.empty, found.survived) == ([], (), (), ())


def test_vacuous(judge: Callable[[str], Assessment]) -> None:
    """Four tests check nothing: they are named; the three others catch two kinds."""
    found = judge("stage5_vacuous")
    assert [short(test) for test in found.empty] == [
        "EmptyTcpTests.test_never_awaited",
        "EmptyTests.test_errors_are_expected",
        "EmptyTests.test_helper",
        "EmptyTests.test_no_one_looks",
    ]
    assert (found.failing, found.unruly, found.strict) == ([], (), ())
    caught = {kind.number for kind in found.stage.kinds} - {k.number for k in found.survived}
    assert caught == {1, 5}


def test_beginner(judge: Callable[[str], Assessment]) -> None:
    """A beginner's tests of the HTTP client catch the one kind that needs no thought of what may go wrong."""
    found = judge("stage6_weak")
    caught = {kind.number for kind in found.stage.kinds} - {k.number for k in found.survived}
    assert caught == {4}
    assert (found.failing, found.unruly, found.empty, found.strict) == ([], (), (), ())


def test_beyond_the_readme(judge: Callable[[str], Assessment]) -> None:
    """Each test that asks for what the README leaves free is named: a right answer uses that freedom."""
    found = judge("stage6_overspecified")
    named = {short(one.test) for one in found.strict}
    assert named == {short(test.target) for test in found.own} - {"StrictTests.test_answer"}
    assert (found.failing, found.unruly, found.empty) == ([], (), ())


def test_one_place(judge: Callable[[str], Assessment]) -> None:
    """A contract that is skipped in all places but one: mistakes in the others are let through, and it is known where."""
    found = judge("stage7_one_place")
    left = {kind: sorted(" ".join(m.on) for m in mutants) for kind, mutants in found.left.items()}
    # Of these two promises, the mistakes that are in this place too are caught.
    assert left[3] == ["TCP6", "UNIX", "epoll UNIX"]
    assert left[11] == ["asyncio UNIX"]
    assert len(left) == len(found.stage.kinds)
    assert (found.failing, found.unruly, found.empty, found.strict) == ([], (), (), ())
