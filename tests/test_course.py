"""The course model: what is read from the files, and what is said where they are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import shared

from workshop.course import CourseError, load
from workshop.report.where import places_named_in


def test_stages_in_order(root: Path) -> None:
    """Stages, breaks and their entries are read in the order of course.toml."""
    course = load(root)
    assert [stage.name for stage in course.stages] == ["stage1_echo", "stage2_count"]
    assert [(pause.after, pause.minutes) for pause in course.breaks] == [("stage1_echo", 3)]
    assert course.stages[0].edit == ("echo.py",)


def test_steps_from_classes(root: Path) -> None:
    """A step's number, name, title and tests come from the TestCase class and its docstrings."""
    steps = load(root).stages[0].steps
    assert [(s.number, s.name) for s in steps] == [(1, "Echo"), (2, "Close"), (3, "Later")]
    assert steps[0].title == "What comes is sent back."
    assert steps[0].text == "Write it to the transport."
    assert [test.requirement for test in steps[1].tests] == [
        "Data that ends with a full stop closes the connection.",
        "Other data leaves the connection open.",
    ]
    assert steps[0].target("stage1_echo") == "exercises.stage1_echo.test_echo.Step01Echo"


def test_checks_are_given(root: Path) -> None:
    """A Check class is a step that is given, before the others."""
    tests = root / "exercises" / "stage1_echo" / "test_echo.py"
    tests.write_text(tests.read_text() + "\n\nclass Check00Machine(TestCase):\n    'It works.'\n")
    steps = load(root).stages[0].steps
    assert (steps[0].number, steps[0].given) == (0, True)
    assert not steps[1].given


@pytest.mark.parametrize(
    "text",
    [
        "stage1_echo",
        "stage1",
        "1",
        "echo",
        "ECHO",
        "exercises/stage1_echo/",
        "exercises.stage1_echo",
    ],
)
def test_stage_by_any_name(root: Path, text: str) -> None:
    """A stage is found by its name, its number, its short name, its path or its package."""
    assert load(root).stage(text).name == "stage1_echo"


@pytest.mark.parametrize("text", ["2", "02", "step2", "Step02", "Step 2", "Step02Close", "close"])
def test_step_by_any_name(root: Path, text: str) -> None:
    """A step is found by its number, its class or its name."""
    assert load(root).stages[0].step(text).number == 2


def test_unknown_stage_names_the_nearest(root: Path) -> None:
    """An unknown stage is answered with the nearest names, and with all of them."""
    with pytest.raises(CourseError, match=r"no stage \"stage1_ehco\". Did you mean stage1_echo"):
        load(root).stage("stage1_ehco")


@pytest.mark.parametrize("text", ["clsoe", "9", "step9", ""])
def test_unknown_step_names_the_range(root: Path, text: str) -> None:
    """An unknown step is answered with the steps that there are."""
    with pytest.raises(CourseError, match="Its steps: 1 to 3"):
        load(root).stages[0].step(text)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("exercises/course.toml", "minutes = 5", "minutes = ", r"course\.toml"),
        ("exercises/course.toml", "minutes = 5", "minuts = 5", "stage 1: .* minutes, minuts"),
        ("solutions/stage1_echo/mutants.toml", 'source = "P1"', "", "mutant 1: .* source"),
        ("exercises/stage1_echo/hints.md", "### Pointer", "### Pointers", "hints.md: Step 1"),
    ],
)
def test_a_wrong_file_is_told(root: Path, file: str, old: str, new: str, message: str) -> None:
    """A mistake in the course's own files is named with its file and place."""
    path = root / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(CourseError, match=message):
        stage = load(root).stages[0]
        _ = stage.mutants, stage.hints


def test_no_course(tmp_path: Path) -> None:
    """A folder with no course in it is reported as such."""
    with pytest.raises(CourseError, match=r"course\.toml is missing"):
        load(tmp_path)


def test_a_stage_is_files_alone(root: Path) -> None:
    """A new stage is files and one entry in course.toml: no code of the tool knows a stage by name."""
    repository = Path(__file__).resolve().parent.parent
    code = [path.read_text("utf-8") for path in (repository / "workshop").rglob("*.py")]
    for stage in [*load(repository).stages, *load(root).stages]:
        assert not any(f'"{stage.name}' in text or f"'{stage.name}" in text for text in code)


def test_a_step_s_text_says_where_to_write() -> None:
    """What a step's class says is to be written leads to a file of the step, though its markers and solutions/ are gone."""
    lost = []
    for stage in load(Path(__file__).resolve().parent.parent).stages:
        solved = {name: (stage.answers / name).read_text("utf-8") for name in stage.edit}
        for step in stage.steps:
            begins = f"### BEGIN SOLUTION Step {step.number}: "
            files = {f"exercises/{stage.name}/{name}" for name in solved if begins in solved[name]}
            if files and not files & {place.file for place in places_named_in(stage, step)}:
                lost.append(f"{stage.name}, step {step.number}")
    assert lost == []


def test_what_is_shared_is_one_workers() -> None:
    """What is made once for several tests is made by one worker; every other test is scheduled separately."""
    ids = [
        "tests/test_stages.py::test_starter_fails_for_its_reason[stage2_poetry-Step01Poem]",
        "tests/test_stages.py::test_mutant_is_caught[stage2_poetry-never_closes]",
        "tests/test_judged_stages.py::test_mutant_runs[stage5_transform-x]",
        "tests/test_style.py::test_types_of_the_tool",
        "tests/test_style.py::test_types_of_the_solutions[stage2_poetry]",
        "tests/test_http_random.py::test_failures",
        "tests/test_lab_browser.py::test_lab",
        "tests/test_style.py::test_format",
        "tests/test_course.py::test_all",
    ]
    poetry, mypy = "stage2_poetry", "mypy"
    groups = [poetry, poetry, "stage5_transform", mypy, mypy]
    modules = ["tests/test_http_random.py", "tests/test_lab_browser.py"]
    assert [shared(one) for one in ids] == [*groups, *modules, *ids[-2:]]
