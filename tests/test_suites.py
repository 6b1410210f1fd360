"""Sample learners' suites, each with the verdict that it must get."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from workshop.assess import Assessment, assess
from workshop.course import load
from workshop.markers import answer
from workshop.verdict import short

ROOT = Path(__file__).resolve().parent.parent
SUITES = ROOT / "tests" / "suites"


@pytest.fixture
def judge(tmp_path: Path) -> Callable[[str], Assessment]:
    """Judges a suite, by the name of its file, beside the reference's code."""

    def judge(name: str) -> Assessment:
        for part in ("exercises", "solutions"):
            skip = shutil.ignore_patterns("__pycache__", "_trial_temp*")
            shutil.copytree(ROOT / part, tmp_path / part, ignore=skip)
        stage = load(tmp_path).stage(name.partition("_")[0])
        for file, text in answer(stage).items():
            own = file.startswith("test_")
            text = (SUITES / f"{name}.py").read_text("utf-8") if own else text
            (stage.folder / file).write_text(text, "utf-8")
        return assess(stage)

    return judge


def test_weak(judge: Callable[[str], Assessment]) -> None:
    """Honest tests, too few: what they let through is told, and nothing else."""
    found = judge("stage5_weak")
    assert [kind.number for kind in found.survived] == [2, 3, 4, 6, 8, 10, 12]
    assert (found.failing, found.unruly, found.empty, found.strict) == ([], (), (), ())
    assert found.counted == len(found.own) == 8


def test_overspecified(judge: Callable[[str], Assessment]) -> None:
    """Two tests ask for more than is said: they are named, and the others catch all."""
    found = judge("stage5_overspecified")
    strict = [short(one.test) for one in found.strict]
    assert strict == ["TimeTests.test_clock_is_empty_at_once", "TimeTests.test_too_slow_is_aborted"]
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


def test_one_place(judge: Callable[[str], Assessment]) -> None:
    """A contract that is skipped in all places but one: mistakes in the others are let through, and it is known where."""
    found = judge("stage7_one_place")
    left = {kind: sorted(" ".join(m.on) for m in mutants) for kind, mutants in found.left.items()}
    # Of these two promises, the mistakes that are in this place too are caught.
    assert left[3] == ["TCP6", "UNIX", "epoll UNIX"]
    assert left[11] == ["asyncio UNIX"]
    assert len(left) == len(found.stage.kinds)
    assert (found.failing, found.unruly, found.empty, found.strict) == ([], (), (), ())
