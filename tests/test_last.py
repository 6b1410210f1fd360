"""The last result: what is kept of a run, since when, and `status --line`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from driving import ECHO, HALF, SOLVED, STARTER, Learner

from workshop.course import Course, Stage, load
from workshop.judge import last
from workshop.judge.findings import Assessment
from workshop.judge.last import Last, after, count, keep, recall
from workshop.judge.steps import StepResult, Verdict
from workshop.runner import result

ROOT = Path(__file__).resolve().parent.parent
MINI = load(ROOT / "tests" / "mini")
ECHO_STAGE, COUNT_STAGE = MINI.stages
SECOND_AGO = 1.0


def run(text: str, stage: Stage = ECHO_STAGE) -> Verdict:
    """A run of a stage, a letter for each step: p passes, f fails, - was not run."""
    status = {"p": "passes", "f": "fails", "-": "not run"}
    results = tuple(
        StepResult(step, status[letter], ())
        for step, letter in zip(stage.steps, text, strict=False)
    )
    tests = (result.TestResult("x", "failed" if "f" in text else "passed", 0),)
    return Verdict(stage, results, result.Result(tests, None, "", 0))


def runs(*texts: str, stage: Stage = ECHO_STAGE) -> Last:
    """What is known after these runs, at the times 0, 1, 2 and so on."""
    known = None
    for now, text in enumerate(texts):
        known = after(known, stage, run(text, stage), float(now))
    assert known is not None
    return known


@pytest.mark.parametrize(
    ("texts", "passes", "at", "since"),
    [
        (("f--",), (), 1, 0),
        (("f--", "f--", "f--"), (), 1, 0),
        (("f--", "pf-"), (1,), 2, 1),
        (("pf-", "pf-"), (1,), 2, 0),
        # A step that passed is broken, or the file cannot be loaded for a moment: the pair is where it was.
        (("ppf", "f--", "ppf"), (1, 2), 3, 0),
        (("ppf", "f--"), (2,), 1, 0),
        (("ppf", "f--", "ppp"), (1, 2, 3), None, 2),
        (("ppf", "ppp", "ppp"), (1, 2, 3), None, 1),
        # Done, and broken again later: that is a new time.
        (("ppp", "ppp", "fpp"), (2, 3), 1, 2),
        (("pff",), (1,), 2, 0),
    ],
)
def test_since_when(texts: tuple[str, ...], passes: object, at: object, since: float) -> None:
    """The time begins again only when a step passes for the first time, or when a stage that passed is broken."""
    known = runs(*texts)
    assert (known.passes, known.at, known.since) == (passes, at, since)
    assert known.green == ("f" not in texts[-1])


def test_a_part() -> None:
    """A run of one step changes what is known of that step only."""
    known = runs("pf-")
    second = Verdict(ECHO_STAGE, run("pp-").steps[1:2], run("p").result)
    known = after(known, ECHO_STAGE, second, 1.0)
    assert (known.passes, known.at, known.since, known.green) == ((1, 2), 3, 1.0, True)


def test_another_stage() -> None:
    """A run of another stage begins there."""
    known = after(runs("ppf"), COUNT_STAGE, run("f", COUNT_STAGE), 9.0)
    assert (known.stage, known.passes, known.at, known.since) == (COUNT_STAGE.name, (), 1, 9.0)


def test_kinds_of_mistake() -> None:
    """If the learner writes the tests, the kinds that are caught count; with tests that cannot be loaded, none is."""
    stage = load(ROOT / "tests" / "judged").stages[0]
    own = (result.TestResult("x", "passed", 0),)
    found = after(None, stage, Assessment(stage, own=own, left={3: ()}), 0.0)
    assert (found.passes, found.at, found.green, count(found, stage)) == ((1, 2), 3, False, (2, 3))
    part = after(found, stage, Assessment(stage.only([3]), own=own, part=(3,)), 1.0)
    assert (part.passes, part.at, part.green) == ((1, 2, 3), None, True)
    assert after(found, stage, Assessment(stage), 2.0).passes == ()


def test_checks_of_the_machine_are_no_steps() -> None:
    """They do not count, and are not what is left to do unless they fail."""
    stage = next(s for s in load(ROOT).stages if any(step.given for step in s.steps))
    assert stage.steps[0].given
    begun = after(None, stage, run("-f", stage), 0.0)
    assert begun.at == stage.steps[1].number
    assert count(begun, stage) == (0, sum(not step.given for step in stage.steps))
    passed = after(begun, stage, run("pf", stage), 1.0)
    assert count(passed, stage)[0] == 0
    broken = after(begun, stage, run("f-", stage), 1.0)
    assert broken.at == stage.steps[0].number


@pytest.fixture
def course(mini: Learner) -> Course:
    """The miniature course."""
    return load(mini.root)


def file_of(course: Course) -> Path:
    """The file that it is kept in."""
    return course.root / ".workshop" / "last.json"


def test_what_is_kept(course: Course) -> None:
    """It comes back as it was. The file has names and numbers only."""
    assert recall(course) is None
    for known in (runs("ppf"), runs("ppp")):
        keep(course, known)
        assert recall(course) == known
    names = {"stage", "passes", "reached", "at", "since", "green"}
    assert json.loads(file_of(course).read_text()).keys() == names


@pytest.mark.parametrize(
    "harm",
    [
        lambda data: b"",
        lambda data: data[:-9],
        lambda data: b"[" * 100_000,
        lambda data: b"\xff",
        lambda data: data.replace(b"stage1_echo", b"stage1_gone"),
        lambda data: data.replace(b'"green": false', b'"green": "no"'),
        lambda data: data.replace(b'"since": 0.0', b'"since": "now"'),
        lambda data: data.replace(b'"at": 3', b'"at": "three"'),
        lambda data: data.replace(b'"passes"', b'"passed"'),
        lambda data: data.replace(b'"passes": [', b'"passes": ["x",'),
    ],
)
def test_damaged(course: Course, mini: Learner, harm: Callable[[bytes], bytes]) -> None:
    """A damaged file is as none; no command fails for it."""
    keep(course, runs("ppf"))
    whole = file_of(course).read_bytes()
    file_of(course).write_bytes(harm(whole))
    assert whole != file_of(course).read_bytes()
    assert recall(course) is None
    assert mini.here("status", "--line").out == "no run yet\n"


def line(mini: Learner) -> str:
    """What `status --line` prints."""
    outcome = mini.here("status", "--line")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.endswith("\n")
    return outcome.out[:-1]


def earlier(mini: Learner, seconds: float) -> None:
    """Let so many seconds pass."""
    path = mini.root / ".workshop" / "last.json"
    data = json.loads(path.read_text())
    path.write_text(json.dumps({**data, "since": data["since"] - seconds}))


def test_the_line(mini: Learner) -> None:
    """After a run: the stage, what passes, the step, the hints shown for it, and the minutes there."""
    mini.write(HALF)
    mini.here("run", "1")
    assert line(mini) == "stage1 1/3, at step 2, 0 min"
    mini.here("hint", "1", "2")
    earlier(mini, 11 * 60 + SECOND_AGO)
    assert line(mini) == "stage1 1/3, at step 2, hint 1 of 3, 11 min"
    mini.here("hint", "1", "2", "--all")
    earlier(mini, 3 * 3600)
    assert line(mini) == "stage1 1/3, at step 2, hint 3 of 3, 3 h"
    mini.write(SOLVED)
    mini.here("run", "1")
    assert line(mini) == "stage1 3/3, done, 0 min"
    mini.write("class (")
    mini.here("run", "1")
    assert line(mini) == "stage1 2/3, at step 1, 0 min"


def test_a_clock_that_was_put_back(mini: Learner) -> None:
    """A time in the future is now."""
    mini.here("run", "1")
    earlier(mini, -1000)
    assert line(mini).endswith(" 0 min")


def test_what_is_no_result(mini: Learner) -> None:
    """The map, a refused run and a run on another reactor change nothing; nor does the line itself run anything."""
    mini.here()
    assert line(mini) == "no run yet"
    mini.here("run", "1", "--reactor", "select")
    assert line(mini) == "no run yet"
    mini.path().unlink()
    assert mini.here("run", "1").code == 1
    assert line(mini) == "no run yet"


def test_replaced_files(mini: Learner) -> None:
    """After `reset` or `solution --apply`, what passes next is progress."""
    for words in (("reset", "1"), ("solution", "1", "--upto", "1", "--apply")):
        mini.write(HALF)
        mini.here("run", "1")
        earlier(mini, 600)
        mini.here(*words)
        assert line(mini) == "no run yet"
        mini.here("run", "1")
        assert line(mini).endswith(" 0 min")
    mini.here("run", "2")
    mini.here("reset", "1")
    assert line(mini).startswith("stage2 ")


def test_read_only(mini: Learner) -> None:
    """If it cannot be kept, the run says the same."""
    before = mini.here("run", "1").out
    (mini.root / ".workshop" / "last.json").unlink()
    (mini.root / ".workshop" / "last.json").mkdir()
    outcome = mini.here("run", "1")
    assert (outcome.out, outcome.code) == (before, 1)


def test_at_once(mini: Learner) -> None:
    """It runs no test, and takes less than half a second of a processor, Python's start included."""
    mini.write(STARTER)
    mini.here("run", "1")
    mini.write("import time\ntime.sleep(60)\n", ECHO)
    took = []
    for _ in range(3):
        # Of the children that were waited for, since other tests run beside this one.
        before = os.times()
        outcome = mini.tool("status", "--line", within=20)
        later = os.times()
        assert outcome.out.startswith("stage1 0/3, at step 1"), outcome.all
        took.append(sum(later[2:4]) - sum(before[2:4]))
    assert min(took) < 0.5


def test_it_is_kept_completely_or_not_at_all(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that is killed while it is kept leaves the last one."""
    keep(course, runs("pf-"))

    def killed(source: object, target: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(last.write.__globals__["os"], "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        keep(course, runs("ppp"))
    assert recall(course) == runs("pf-")
