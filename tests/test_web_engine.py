"""What the page may ask of the tool in its worker: each command's own words, and the files that it has changed."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from driving import REPOSITORY
from test_http_browser import pytestmark  # noqa: F401
from web_engine import Engine, engine

from workshop.course import load
from workshop.course.solutions import answer
from workshop.course.toml_fields import read

STAGE = load(REPOSITORY).stage("stage2_poetry")
SERVER = STAGE.path("server.py")


@pytest.fixture(scope="module")
def tool(web_folder: Path) -> Iterator[Engine]:
    """The engine with the course."""
    with engine(web_folder) as made:
        yield made


def test_hints_come_one_by_one(tool: Engine) -> None:
    """A hint's tiers follow each other; the tool's memory of that goes to the page."""
    first, second = (tool.ask("hint", stage="stage2_poetry", step="1") for _ in range(2))
    assert "Question (1 of 3)" in first["text"] and "Pointer (2 of 3)" in second["text"]
    assert first["exit"] == 0 and list(first["files"]) == [".workshop/hints.json"]


def test_solution_and_reset(tool: Engine) -> None:
    """The reference is shown, or put in place; reset goes back to the starter; what was there is saved."""
    starter, solved = (answer(STAGE, upto)["server.py"] for upto in (0, 1))
    shown = tool.ask("solution", stage="2", upto="1")
    assert '<span class="green">+' in shown["html"] and not shown["files"], shown["html"]
    done = tool.ask("solution", stage="2", upto="1", apply=True)
    assert done["files"][SERVER] == solved
    saved = [text for path, text in done["files"].items() if path.startswith(".workshop/saved/")]
    assert saved == [starter]
    again = tool.ask("reset", stage="2")
    assert again["files"][SERVER] == starter


def test_status(tool: Engine) -> None:
    """Each stage's steps are known without a run: what passes with these files, and what fails."""
    tool.ask("solution", stage="2", upto="2", apply=True)
    ran = tool.ask("run", stage="2")
    assert [step["status"] for step in ran["data"]["steps"][:3]] == ["passes", "passes", "fails"]
    known = {stage["name"]: stage for stage in tool.ask("status")["data"]}
    steps = known["stage2_poetry"]["steps"]
    assert [step["status"] for step in steps[:4]] == ["passes", "passes", "fails", "todo"]
    assert known["stage2_poetry"]["progress"] == "2 of 12 steps pass"
    assert {step["status"] for step in known["stage3_http"]["steps"]} == {"todo"}
    tool.ask("reset", stage="2")
    known = {stage["name"]: stage for stage in tool.ask("status")["data"]}
    assert {step["status"] for step in known["stage2_poetry"]["steps"]} == {"todo"}


def test_hunt(tool: Engine) -> None:
    """A hunt finds what a machine's finds, says why, and has a timeline to draw."""
    target = "exercises.stage4_disconnect.gallery.Teardown7PortAndClient"
    found = tool.ask("hunt", target=target)
    assert found["exit"] == 1
    assert "Fails when the reader of 1.client's bytes stays away for 0.1 s." in found["text"]
    assert found["data"]["test"] == f"{target}.test_hello"
    narrow = tool.ask("hunt", target=target, columns=40)
    assert narrow["data"] == found["data"]
    rows = [(row["who"], row["what"]) for row in found["data"]["rows"]]
    assert ("port 32768", "listens") in rows and ("1.client", "asks to connect") in rows, rows
    assert rows[-1] == ("", "trial looks; not over: 1.server"), rows


def plain(printed: str) -> str:
    """What trial printed, without the time that it took, and without the lines of Python's and Twisted's own files."""
    ours = re.sub(r'  File "(?!/course/exercises).*\n    .*\n', "", printed)
    return re.sub(r"tests in [\d.]+s", "tests in 0 s", ours)


def test_trial(tool: Engine, tmp_path: Path) -> None:
    """Plain trial says what it says on a machine; no path, no number and no class is left out or added."""
    yours = "exercises/stage0_setup/test_yours.py"
    starter = answer(load(REPOSITORY).stage("stage0_setup"), 0)["lines.py"]
    broken = 'def as_line(text):\n    return text.encode("utf-8")\n'
    tests = (REPOSITORY / yours).read_text("utf-8")
    ran = tool.ask(
        "trial",
        {"exercises/stage0_setup/lines.py": broken, yours: tests},
        target="exercises.stage0_setup.test_yours",
    )
    assert ran["exit"] == 0 and ran["text"].endswith("PASSED (successes=2)\n"), ran["text"]
    assert ran["text"].startswith("exercises.stage0_setup.test_yours\n"), ran["text"]
    target = "exercises.stage0_setup.test_setup.Step01Line"
    ran = tool.ask("trial", {"exercises/stage0_setup/lines.py": starter}, target=target)
    here = subprocess.run(
        [sys.executable, "-m", "twisted.trial", f"--temp-directory={tmp_path / 'trial'}", target],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran["exit"] == here.returncode == 1
    assert plain(ran["text"]) == plain(here.stdout.replace(str(REPOSITORY), "/course"))
    assert 'File "/course/exercises/stage0_setup/test_setup.py", line ' in ran["text"]
    assert "FAILED (" in ran["text"].splitlines()[-1]
    gallery = tool.ask("trial", target="exercises.stage4_disconnect.gallery.Teardown2PortOnly")
    assert "DirtyReactorAggregateError" in gallery["text"]
    tls = tool.ask("trial", target="exercises.stage0_setup.test_setup.Check00Machine.test_tls")
    assert "it needs TLS" in tls["text"] and "skips=1" in tls["text"]
    first = tool.ask("trial", target="exercises.stage1_trial.look.Red", options=["-x"])
    every = tool.ask("trial", target="exercises.stage1_trial.look.Red")
    assert first["text"].count("[FAIL]") < every["text"].count("[FAIL]")
    logged = tool.ask("trial", target="exercises.stage1_trial.look.Logged")
    assert "--> exercises.stage1_trial.look.Logged.test_logged <--" in logged["data"]["log"]
    assert "No rose today." in logged["data"]["log"]
    nothing = tool.ask("trial", target="exercises.stage0_setup.nothing")
    assert nothing["exit"] == 1 and "nothing" in nothing["text"]
    tool.ask("reset", stage="0")


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
def test_hostile_trial(tool: Engine, code: str, limit: int, says: str) -> None:
    """A test that never ends, or prints without end, is ended with a sentence; trial runs again at once."""
    yours = "exercises/stage0_setup/test_yours.py"
    head = "from twisted.trial.unittest import TestCase\n\n\nclass Yours(TestCase):\n    def test_this(self):\n"
    target = "exercises.stage0_setup.test_yours"
    ran = tool.ask("trial", {yours: f"{head}        {code}\n"}, target=target, limit=limit)
    assert ran["exit"] == 1 and says in ran["text"], ran["text"][-3000:]
    assert len(ran["text"]) < 100_000
    again = tool.ask("trial", {yours: f"{head}        pass\n"}, target=target)
    assert again["exit"] == 0, again["text"]
    tool.ask("reset", stage="0")


def test_left_out(tool: Engine) -> None:
    """Tests that need a machine are skipped, named, and the command for them too."""
    stage = load(REPOSITORY).stage("stage0_setup")
    files = {stage.path(name): text for name, text in answer(stage).items()}
    ran = tool.ask("run", files, stage="stage0_setup")
    assert ran["exit"] == 0
    assert "Not run, since a browser lacks what they need: test_tls." in ran["text"]
    assert "On a machine  python3 -m workshop run stage0_setup" in ran["text"]


def test_a_given_file_that_is_broken(tool: Engine) -> None:
    """Trial sees a broken file of the course; a verdict waits until it is as it was."""
    cache = "exercises/stage1_trial/cache.py"
    given = (REPOSITORY / cache).read_text("utf-8")
    ran = tool.ask("run", {cache: f"{given}\nraise OSError('broken')\n"}, stage="stage1_trial")
    assert ran["data"]["refused"] == cache and "reset stage1_trial --provided" in ran["text"]
    assert "broken" in tool.ask("trial", target="exercises.stage1_trial")["text"]
    assert tool.ask("trial", {cache: given}, target="exercises.stage1_trial")["exit"] == 0


@pytest.mark.parametrize(
    ("text", "flags"),
    [("while True: pass\n", (False, True)), ("def f(:\n", (True, False)), ("", (True, False))],
    ids=["endless", "syntax", "emptied"],
)
def test_a_run_that_cannot_go_on(tool: Engine, text: str, flags: tuple[bool, bool]) -> None:
    """The page can tell a step that fails from one whose tests cannot be loaded, and from a run that was broken off."""
    data = tool.ask("run", {SERVER: text}, stage="2", limit=1)["data"]
    assert (data["unloaded"], data["broken_off"]) == flags
    tool.ask("reset", stage="2")


def test_what_is_not_there(tool: Engine) -> None:
    """A stage or step that the course does not have is named, as on a machine."""
    stage = tool.ask("run", stage="stage77")
    step = tool.ask("hint", stage="stage2_poetry", step="77")
    assert stage["exit"] == step["exit"] == 2
    assert 'There is no stage "stage77".' in stage["text"]
    assert 'stage2_poetry has no step "77". Its steps: 1 to 12.' in step["text"]


def test_what_needs_a_machine_is_there() -> None:
    """Each test that the page leaves out is one of a step's, and each stage is one of the course's."""
    left = read(REPOSITORY / "workshop" / "web" / "elsewhere.toml")
    stages = load(REPOSITORY).stages
    tests = {
        f"{step.target(stage.name)}.{test.name}"
        for stage in stages
        for step in stage.steps
        for test in step.tests
    }
    assert set(left.pop("tests")) <= tests
    assert set(left) <= {stage.name for stage in stages}
