"""The engine with the course: what the page may ask of the tool in its worker, and that it says what a machine says.

It says the same for every step's starter, for the solution, and for each mutant. Only CI runs all mutants. Elsewhere, a
suite that is judged gets the first of each kind, and steps get none.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from driving import REPOSITORY
from test_http_browser import pytestmark  # noqa: F401
from web_engine import Engine, engine

from workshop.commands import invoke
from workshop.course import Stage, Step, load
from workshop.course.solutions import Overlay, answer, mutated
from workshop.course.toml_fields import read
from workshop.judge.steps import by_step, targets
from workshop.report.steps import as_data
from workshop.runner.pool import Pool
from workshop.runner.worker import LIMIT, Case

COURSE = load(REPOSITORY)
POETRY = COURSE.stage("stage2_poetry")
SERVER = POETRY.path("server.py")
BY_STEPS = [stage for stage in COURSE.stages if not stage.judged and stage.number not in "78"]
JUDGED = [stage for stage in COURSE.stages if stage.judged and stage.number not in "78"]
QUICK = "0", "1", "2", "3"
"""Stages that are run with each starter and the solution outside CI, too: the others take a minute each in a browser."""
EVERY = bool(os.environ.get("CI"))
"""Whether mutants are run too, which takes minutes."""


def first_mutants(stage: Stage) -> str:
    """mutants.toml with the first of each kind of mistake only, unless all are run."""
    head, *mutants = (stage.answers / "mutants.toml").read_text("utf-8").split("[[mutant]]\n")
    kinds = [re.findall(r"^step = (\d+)$", mutant, re.M) for mutant in mutants]
    assert all(len(kind) == 1 for kind in kinds) and len(mutants) == len(stage.mutants)
    chosen = [m for n, m in enumerate(mutants) if EVERY or kinds.index(kinds[n]) == n]
    return "[[mutant]]\n".join([head, *chosen])


MUTANTS = {f"solutions/{stage.name}/mutants.toml": first_mutants(stage) for stage in JUDGED}


@pytest.fixture(scope="module")
def course(web_folder: Path) -> Iterator[Engine]:
    """The engine with the course."""
    with engine(web_folder, MUTANTS) as made:
        yield made


# What the page asks


def test_hints_come_one_by_one(course: Engine) -> None:
    """A hint's tiers follow each other; the tool's memory of that goes to the page."""
    first, second = (course.ask("hint", stage="stage2_poetry", step="1") for _ in range(2))
    assert "Question (1 of 3)" in first["text"] and "Pointer (2 of 3)" in second["text"]
    assert first["exit"] == 0 and list(first["files"]) == [".workshop/hints.json"]


def test_solution_and_reset(course: Engine) -> None:
    """The reference is shown, or put in place; reset goes back to the starter; what was there is saved."""
    starter, solved = (answer(POETRY, upto)["server.py"] for upto in (0, 1))
    shown = course.ask("solution", stage="2", upto="1")
    assert '<span class="green">+' in shown["html"] and not shown["files"], shown["html"]
    done = course.ask("solution", stage="2", upto="1", apply=True)
    assert done["files"][SERVER] == solved
    saved = [text for path, text in done["files"].items() if path.startswith(".workshop/saved/")]
    assert saved == [starter]
    again = course.ask("reset", stage="2")
    assert again["files"][SERVER] == starter


def test_status(course: Engine) -> None:
    """Each stage's steps are known without a run: what passes with these files, and what fails."""
    course.ask("solution", stage="2", upto="2", apply=True)
    ran = course.ask("run", stage="2")
    assert [step["status"] for step in ran["data"]["steps"][:3]] == ["passes", "passes", "fails"]
    known = {stage["name"]: stage for stage in course.ask("status")["data"]}
    steps = known["stage2_poetry"]["steps"]
    assert [step["status"] for step in steps[:4]] == ["passes", "passes", "fails", "todo"]
    assert known["stage2_poetry"]["progress"] == "2 of 12 steps pass"
    assert {step["status"] for step in known["stage3_http"]["steps"]} == {"todo"}
    course.ask("reset", stage="2")
    known = {stage["name"]: stage for stage in course.ask("status")["data"]}
    assert {step["status"] for step in known["stage2_poetry"]["steps"]} == {"todo"}


def test_hunt(course: Engine) -> None:
    """A hunt finds what a machine's finds, says why, and has a timeline to draw."""
    target = "exercises.stage4_disconnect.gallery.Teardown7PortAndClient"
    found = course.ask("hunt", target=target)
    assert found["exit"] == 1
    assert "Fails when the reader of 1.client's bytes stays away for 0.1 s." in found["text"]
    assert found["data"]["test"] == f"{target}.test_hello"
    narrow = course.ask("hunt", target=target, columns=40)
    assert narrow["data"] == found["data"]
    rows = [(row["who"], row["what"]) for row in found["data"]["rows"]]
    assert ("port 32768", "listens") in rows and ("1.client", "asks to connect") in rows, rows
    assert rows[-1] == ("", "trial looks; not over: 1.server"), rows


def test_no_option_is_advised(course: Engine) -> None:
    """A hunt that finds nothing does not advise options, which the page does not have."""
    target = "exercises.stage4_disconnect.gallery.Teardown9AllThree"
    found = course.ask("hunt", target=target, seeds=3)
    assert found["exit"] == 0 and "Passes in" in found["text"], found["text"]
    assert "--" not in found["text"], found["text"]


def test_left_out(course: Engine) -> None:
    """Tests that need a machine are skipped, named, and the command for them too."""
    stage = COURSE.stage("stage0_setup")
    files = {stage.path(name): text for name, text in answer(stage).items()}
    ran = course.ask("run", files, stage="stage0_setup")
    assert ran["exit"] == 0
    assert "Not run, since a browser lacks what they need: test_tls." in ran["text"]
    assert "On a machine  python3 -m workshop run stage0_setup" in ran["text"]


def test_some_numbers(course: Engine) -> None:
    """A run of one number of a judged stage answers for that one alone, and no other has a tick."""
    ran = course.ask("run", stage="stage1_trial", step="1")
    assert [(one["number"], one["status"]) for one in ran["data"]["steps"]] == [(1, "fails")]
    known = {stage["name"]: stage for stage in course.ask("status")["data"]}
    assert {step["status"] for step in known["stage1_trial"]["steps"]} == {"todo"}


def without_machine(printed: str) -> str:
    """What trial printed, without the time that it took, and without the lines of Python's and Twisted's own files."""
    ours = re.sub(r'  File "(?!/course/exercises).*\n    .*\n', "", printed)
    return re.sub(r"tests in [\d.]+s", "tests in 0 s", ours)


def test_trial(course: Engine, tmp_path: Path) -> None:
    """Plain trial says what it says on a machine; no path, no number and no class is left out or added."""
    yours = "exercises/stage0_setup/test_yours.py"
    starter = answer(load(REPOSITORY).stage("stage0_setup"), 0)["lines.py"]
    broken = 'def as_line(text):\n    return text.encode("utf-8")\n'
    tests = (REPOSITORY / yours).read_text("utf-8")
    ran = course.ask(
        "trial",
        {"exercises/stage0_setup/lines.py": broken, yours: tests},
        target="exercises.stage0_setup.test_yours",
    )
    assert ran["exit"] == 0 and ran["text"].endswith("PASSED (successes=2)\n"), ran["text"]
    assert ran["text"].startswith("exercises.stage0_setup.test_yours\n"), ran["text"]
    target = "exercises.stage0_setup.test_setup.Step01Line"
    ran = course.ask("trial", {"exercises/stage0_setup/lines.py": starter}, target=target)
    here = subprocess.run(
        [sys.executable, "-m", "twisted.trial", f"--temp-directory={tmp_path / 'trial'}", target],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran["exit"] == here.returncode == 1
    assert without_machine(ran["text"]) == without_machine(
        here.stdout.replace(str(REPOSITORY), "/course")
    )
    assert 'File "/course/exercises/stage0_setup/test_setup.py", line ' in ran["text"]
    assert "FAILED (" in ran["text"].splitlines()[-1]
    gallery = course.ask("trial", target="exercises.stage4_disconnect.gallery.Teardown2PortOnly")
    assert "DirtyReactorAggregateError" in gallery["text"]
    tls = course.ask("trial", target="exercises.stage0_setup.test_setup.Check00Machine.test_tls")
    assert "it needs TLS" in tls["text"] and "skips=1" in tls["text"]
    first = course.ask("trial", target="exercises.stage1_trial.look.Red", options=["-x"])
    every = course.ask("trial", target="exercises.stage1_trial.look.Red")
    assert first["text"].count("[FAIL]") < every["text"].count("[FAIL]")
    logged = course.ask("trial", target="exercises.stage1_trial.look.Logged")
    assert "--> exercises.stage1_trial.look.Logged.test_logged <--" in logged["data"]["log"]
    assert "No rose today." in logged["data"]["log"]
    nothing = course.ask("trial", target="exercises.stage0_setup.nothing")
    assert nothing["exit"] == 1 and "nothing" in nothing["text"]
    course.ask("reset", stage="0")


@pytest.mark.parametrize(
    ("code", "limit", "says"),
    [
        ("while True: pass", 1, "Yours.test_this did not end within 1 s, so trial was ended."),
        (
            "while True: print('hello' * 1000)",
            10,
            "More than 1 MiB was printed, so trial was ended.",
        ),
        ("import os; os._exit(3)", 10, "trial's process ended with exit code 3."),
        ("def f(): f()\n        f()", 10, "RecursionError"),
    ],
    ids=["endless", "printing", "exit", "recursion"],
)
def test_hostile_trial(course: Engine, code: str, limit: int, says: str) -> None:
    """A test that never ends, or prints without end, is ended with a sentence; trial runs again at once."""
    yours = "exercises/stage0_setup/test_yours.py"
    head = "from twisted.trial.unittest import TestCase\n\n\nclass Yours(TestCase):\n    def test_this(self):\n"
    target = "exercises.stage0_setup.test_yours"
    ran = course.ask("trial", {yours: f"{head}        {code}\n"}, target=target, limit=limit)
    assert ran["exit"] == 1 and says in ran["text"], ran["text"][-3000:]
    assert len(ran["text"]) < 100_000
    again = course.ask("trial", {yours: f"{head}        pass\n"}, target=target)
    assert again["exit"] == 0, again["text"]
    course.ask("reset", stage="0")


def test_a_given_file_that_is_broken(course: Engine) -> None:
    """Trial sees a broken file of the course; a verdict waits until it is as it was."""
    cache = "exercises/stage1_trial/cache.py"
    given = (REPOSITORY / cache).read_text("utf-8")
    ran = course.ask("run", {cache: f"{given}\nraise OSError('broken')\n"}, stage="stage1_trial")
    assert ran["data"]["refused"] == cache and "reset stage1_trial --provided" in ran["text"]
    assert "broken" in course.ask("trial", target="exercises.stage1_trial")["text"]
    assert course.ask("trial", {cache: given}, target="exercises.stage1_trial")["exit"] == 0


@pytest.mark.parametrize(
    ("text", "flags"),
    [("while True: pass\n", (False, True)), ("def f(:\n", (True, False)), ("", (True, False))],
    ids=["endless", "syntax", "emptied"],
)
def test_a_run_that_cannot_go_on(course: Engine, text: str, flags: tuple[bool, bool]) -> None:
    """The page can tell a step that fails from one whose tests cannot be loaded, and from a run that was broken off."""
    data = course.ask("run", {SERVER: text}, stage="2", limit=1)["data"]
    assert (data["unloaded"], data["broken_off"]) == flags
    course.ask("reset", stage="2")


@pytest.mark.parametrize("at_import", [False, True], ids=["in a call", "at import"])
def test_the_line_that_prints(course: Engine, at_import: bool) -> None:
    """Of several files, the one that prints without end is named, with its line, as on a machine."""
    stage = load(REPOSITORY).stage("stage2_poetry")
    files = {stage.path(name): text for name, text in answer(stage, 12).items()}
    client = stage.path("client.py")
    loop = "while True:\n    print('hello')"
    files[SERVER] = f"{files[SERVER]}\n\nif False:\n    print('not this')\n"
    if at_import:
        files[client] = f"{files[client]}\n\n{loop}\n"
    else:
        begin = re.search(r"    def \w+\(self.*:\n", files[client])
        assert begin
        body = begin[0] + loop.replace("while", "        while").replace(
            "    print", "            print"
        )
        files[client] = files[client].replace(begin[0], f"{body}\n", 1)
    line = (
        files[client]
        .splitlines()
        .index("    print('hello')" if at_import else "            print('hello')")
    )
    ran = course.ask("run", files, stage="2")
    course.ask("reset", stage="2")
    assert "more than 1 MiB was printed" in ran["text"], ran["text"]
    assert f"{client}, line {line + 1}" in " ".join(ran["text"].split()), ran["text"]


@pytest.mark.parametrize("name", ["stage7_everywhere", "stage8_daemon"])
def test_needs_a_machine(course: Engine, name: str) -> None:
    """Of a stage that needs a machine nothing runs: it says so, with the command, and blames nobody."""
    stage = load(REPOSITORY).stage(name)
    files = {stage.path(file): text for file, text in answer(stage).items()}
    ran = course.ask("run", files, stage=name)
    assert ran["text"].startswith("Nothing was run: this stage needs a machine."), ran["text"]
    assert f"On a machine  python3 -m workshop run {name}" in ran["text"]
    assert ran["data"] == {"stage": name, "passed": False, "away": True, "steps": []}
    known = {stage["name"]: stage for stage in course.ask("status")["data"]}
    assert {step["status"] for step in known[name]["steps"]} == {"todo"}


def test_much_memory(course: Engine) -> None:
    """An interpreter whose memory has grown much is replaced after its answer; the learner's files are there."""
    large = "LARGE = bytearray(150 << 20)\n"
    ran = course.ask("run", {SERVER: large}, stage="2")
    assert ran["memory"] > 150e6
    solved = answer(POETRY, 1)["server.py"]
    ran = course.ask("run", {SERVER: solved}, stage="2", step="1")
    assert ran["exit"] == 0 and ran["memory"] < 100e6, ran["memory"]
    course.ask("reset", stage="2")


def test_what_is_not_there(course: Engine) -> None:
    """A stage or step that the course does not have is named, as on a machine."""
    stage = course.ask("run", stage="stage77")
    step = course.ask("hint", stage="stage2_poetry", step="77")
    assert stage["exit"] == step["exit"] == 2
    assert 'There is no stage "stage77".' in stage["text"]
    assert 'stage2_poetry has no step "77". Its steps: 1 to 12.' in step["text"]


def test_what_needs_a_machine_is_there() -> None:
    """Each test that the page leaves out is one of a step's, and each stage is one of the course's."""
    left = read(REPOSITORY / "workshop" / "web" / "elsewhere.toml")
    tests = {
        f"{step.target(stage.name)}.{test.name}"
        for stage in COURSE.stages
        for step in stage.steps
        for test in step.tests
    }
    assert set(left.pop("tests")) <= tests
    assert set(left.pop("stages")) <= set(left)
    assert set(left) <= {stage.name for stage in COURSE.stages}


# The same as on a machine

IDLE = re.compile(r"^No mistake that we know makes these fail.*?\n\n", re.M | re.S)
"""With all mutants, no test is named here. With some, tests are, unless they are slow; that depends on what else runs."""
Said = dict[str, str]
"""By its name, a test's status; or a step's, if it has no tests that ran."""


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    """What runs cases of all stages here."""
    with Pool(*BY_STEPS) as pool:
        yield pool


def cases(stage: Stage) -> Iterator[tuple[str, Overlay, Step | None]]:
    """Yield what is run of a stage: a name, the learner's files, and the step (None: all)."""
    quick = EVERY or stage.number in QUICK
    for step in [step for step in stage.steps if not step.given][:: 1 if quick else 3]:
        yield f"starter of step {step.number}", answer(stage, step.number - 1), step
    if quick:
        yield "solution", answer(stage), None
    numbered = {step.number: step for step in stage.steps}
    for mutant in stage.mutants if EVERY else ():
        yield mutant.name, mutated(stage, mutant), numbered[mutant.step]


def plain(message: str) -> str:
    """A message without addresses of objects, and without errors that are logged when garbage is collected."""
    return re.sub(r"\b0x[0-9a-f]+\b", "0x", message).partition("\nAnd")[0]


def said(data: dict[str, Any], there: dict[str, Any]) -> Said:
    """What a run's data say of each test that ran in the browser, too; ``there``: the data of its run."""
    skipped = {
        test["name"]
        for step in there["steps"]
        for test in step["tests"]
        if test["status"] == "skipped"
    }
    found = {}
    for step in data["steps"]:
        found[step["name"]] = step["status"]
        tests = {test["name"]: test["status"] for test in step["tests"]}
        found |= {name: s for name, s in tests.items() if name not in skipped}
    return found


def first_failure(data: dict[str, Any]) -> tuple[str, str]:
    """The first test that fails in a run, and the message."""
    tests = [test for step in data["steps"] for test in step["tests"]]
    name = next((test["name"] for test in tests if test["status"] == "failed"), "")
    return name, plain(data["message"])


@pytest.mark.parametrize("stage", BY_STEPS, ids=lambda stage: stage.name)
def test_steps(course: Engine, pool: Pool, stage: Stage) -> None:
    """The same tests pass and fail; a starter's message is the same, word for word."""
    listed = list(cases(stage))
    runs = [
        Case(name, files, tuple(targets(stage, [step] if step else None)), stage=stage)
        for name, files, step in listed
    ]
    here = [
        as_data(by_step(stage, result, [step] if step else None), LIMIT)
        for (_, _, step), (_, result) in zip(listed, pool.run(runs), strict=True)
    ]
    wrong: list[tuple[object, ...]] = []
    for (name, files, step), expected in zip(listed, here, strict=True):
        facts = {"step": str(step.number)} if step else {}
        there = course.ask(
            "run", {stage.path(n): text for n, text in files.items()}, stage=stage.name, **facts
        )
        found = there["data"]
        mine, theirs = said(expected, found), said(found, found)
        if step and not name.startswith("starter"):
            # What fails here by tests that need a machine alone cannot fail there. By the others it fails, by one at least.
            failed = [test for test, status in mine.items() if status == "failed"]
            if failed and "failed" not in theirs.values():
                wrong.append((name, failed))
        elif mine != theirs:
            wrong.append(
                (name, {k: (v, theirs.get(k)) for k, v in mine.items() if theirs.get(k) != v})
            )
        elif name.startswith("starter"):
            first, there_first = first_failure(expected), first_failure(found)
            # Another test is the first if that one needs a machine. Other words than these may name objects of the reactor.
            own = first[1].startswith("Not written yet")
            if first[0] == there_first[0] and own and first != there_first:
                wrong.append((name, first, there_first))
    assert not wrong


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the course for a learner, with starters."""
    root = tmp_path_factory.mktemp("copy")
    for top in ("exercises", "solutions"):
        shutil.copytree(REPOSITORY / top, root / top, ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in MUTANTS.items():
        (root / name).write_text(text, "utf-8")
    return root


@pytest.mark.parametrize("solved", [False, True], ids=["starter", "solution"])
@pytest.mark.parametrize("stage", JUDGED, ids=lambda stage: stage.name)
def test_judged(
    course: Engine, copy: Path, stage: Stage, solved: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stage whose tests the learner writes has the same verdict, word for word."""
    # As in an environment that is active, and on a terminal of the usual width.
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    monkeypatch.setenv("COLUMNS", "80")
    if solved and not EVERY and stage.number not in QUICK:
        pytest.skip("runs if CI is set")
    files = answer(stage) if solved else answer(stage, 0)
    for name, text in files.items():
        (copy / stage.path(name)).write_text(text, "utf-8")
    words = io.StringIO()
    with contextlib.redirect_stdout(words):
        code = invoke(["--root", str(copy), "run", stage.name])
    # Other tests may have run it.
    changed = {".workshop/asked.json": None, **{stage.path(n): text for n, text in files.items()}}
    there = course.ask("run", changed, stage=stage.name)

    expected, found = words.getvalue(), there["text"]
    if not EVERY:
        expected, found = (IDLE.sub("", text) for text in (expected, found))
    assert (there["exit"], found) == (code, expected)
    assert code == (0 if solved else 1)
