"""What the page may ask of the tool in its worker: each command's own words, and the files that it has changed."""

from __future__ import annotations

import re
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


def test_some_numbers(tool: Engine) -> None:
    """A run of one number of a judged stage answers for that one alone, and no other has a tick."""
    ran = tool.ask("run", stage="stage1_trial", step="1")
    assert [(one["number"], one["status"]) for one in ran["data"]["steps"]] == [(1, "fails")]
    known = {stage["name"]: stage for stage in tool.ask("status")["data"]}
    assert {step["status"] for step in known["stage1_trial"]["steps"]} == {"todo"}


def test_hunt(tool: Engine) -> None:
    """A hunt finds what a machine's finds, says why, and has a timeline to draw."""
    target = "exercises.stage4_disconnect.gallery.Teardown7PortAndClient"
    found = tool.ask("hunt", target=target)
    assert found["exit"] == 1
    assert "Fails when the reader of 1.client's bytes stays away for 0.1 s." in found["text"]
    rows = [(row["who"], row["what"]) for row in found["data"]]
    assert ("port 32768", "listens") in rows and ("1.client", "asks to connect") in rows, rows
    assert rows[-1] == ("", "trial looks; not over: 1.server"), rows


def test_no_option_is_advised(tool: Engine) -> None:
    """A hunt that finds nothing does not advise options, which the page does not have."""
    target = "exercises.stage4_disconnect.gallery.Teardown9AllThree"
    found = tool.ask("hunt", target=target, seeds=3)
    assert found["exit"] == 0 and "Passes in" in found["text"], found["text"]
    assert "--" not in found["text"], found["text"]


def test_left_out(tool: Engine) -> None:
    """Tests that need a machine are skipped, named, and the command for them too."""
    stage = load(REPOSITORY).stage("stage0_setup")
    files = {stage.path(name): text for name, text in answer(stage).items()}
    ran = tool.ask("run", files, stage="stage0_setup")
    assert ran["exit"] == 0
    assert "Not run, since a browser lacks what they need: test_tls." in ran["text"]
    assert "On a machine  python3 -m workshop run stage0_setup" in ran["text"]


@pytest.mark.parametrize("at_import", [False, True], ids=["in a call", "at import"])
def test_the_line_that_prints(tool: Engine, at_import: bool) -> None:
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
    ran = tool.ask("run", files, stage="2")
    tool.ask("reset", stage="2")
    assert "more than 1 MiB was printed" in ran["text"], ran["text"]
    assert f"{client}, line {line + 1}" in " ".join(ran["text"].split()), ran["text"]


@pytest.mark.parametrize("name", ["stage7_everywhere", "stage8_daemon"])
def test_needs_a_machine(tool: Engine, name: str) -> None:
    """Of a stage that needs a machine nothing runs: it says so, with the command, and blames nobody."""
    stage = load(REPOSITORY).stage(name)
    files = {stage.path(file): text for file, text in answer(stage).items()}
    ran = tool.ask("run", files, stage=name)
    assert ran["text"].startswith("Nothing was run: this stage needs a machine."), ran["text"]
    assert f"On a machine  python3 -m workshop run {name}" in ran["text"]
    assert ran["data"] == {"stage": name, "passed": False, "away": True, "steps": []}
    known = {stage["name"]: stage for stage in tool.ask("status")["data"]}
    assert {step["status"] for step in known[name]["steps"]} == {"todo"}


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
    assert set(left.pop("stages")) <= set(left)
    assert set(left) <= {stage.name for stage in stages}
