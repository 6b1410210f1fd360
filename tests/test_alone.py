"""If tests are built for several places, each runs alone in one: what differs in another is found all the same."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from workshop.course import Stage, load
from workshop.judge.isolation import run_alone
from workshop.judge.learner import own_modules
from workshop.judge.runs import Pace, Runs
from workshop.runner.pool import Pool
from workshop.runner.result import Result
from workshop.runner.worker import Case

ROOT = Path(__file__).resolve().parent.parent
SUITE = """
import os
import threading
from .everywhere import Somewhere, everywhere
from . import wrapped

class Contract(Somewhere):
    def test_a_leaves_a_mark(self):
        wrapped.mark = True

    def test_plain(self):
        pass

    def test_needs_the_mark(self):
        if self.where == ("select", "TLS"):
            assert wrapped.mark

    def test_fails(self):
        assert self.where != ("select", "TCP4")

    def test_patches(self):
        if self.where == ("select", "UNIX"):
            os.getcwd = lambda: "here"

    def test_ends(self):
        if self.where == ("select", "TCP6"):
            os._exit(1)

    def test_skips(self):
        if self.where != ("select", "TLS"):
            self.skipTest("Not here.")

globals().update(everywhere(globals()))
"""


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """Stage 7, with a contract in which nearly every test does something else in one of the places."""
    skip = shutil.ignore_patterns("__pycache__", "_trial_temp*")
    for part in ("exercises", "solutions"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=skip)
    stage = load(tmp_path).stage("stage7_everywhere")
    (stage.folder / "test_contract.py").write_text(SUITE)
    return stage


class Counting(Pool):
    """Remembers its cases."""

    def run(self, cases: Iterable[Case], *more: object) -> Iterator[tuple[Case, Result]]:
        self.cases = [*getattr(self, "cases", []), *(cases := list(cases))]
        return super().run(cases)


def test_what_differs(stage: Stage) -> None:
    """What a test does in one place only is reported of that place; one that is the same everywhere runs alone once."""
    with Counting(stage) as pool:
        load_all = Case("load", {}, own_modules(stage), load=True)
        tests = next(pool.run([load_all]))[1].loaded
        own, unruly, _ = run_alone(Runs(stage, pool, Pace(10.0), lambda what: None), tests)
    short = {test: test.partition("Contract_")[2] for test in tests}
    assert [one.target for one in own] == list(tests)
    assert {short[one.target] for one in own if one.status == "failed"} == {
        "select_TLS.test_needs_the_mark",
        "select_TCP4.test_fails",
        "select_TCP6.test_ends",
    }
    assert {short[test]: one.kind for test, one in unruly.items()} == {
        "select_UNIX.test_patches": "patched",
        "select_TCP6.test_ends": "died",
    }
    ran = [short[case.targets[0]] for case in pool.cases if len(case.targets) == 1 and case.traces]
    for method in ("test_plain", "test_a_leaves_a_mark"):
        assert len([test for test in ran if test.endswith(f".{method}")]) == 1
