"""What a step's tests can reach: nothing that they depend on may be left out, or a level of a ladder would not run them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from reach import ALL, reach, text_of

from workshop.course import Step, load
from workshop.course.solutions import answer

COURSE = load(Path(__file__).resolve().parent.parent)
MINI = load(Path(__file__).parent / "mini").stage("stage1_echo")


@pytest.mark.parametrize(
    ("stage", "step", "files"),
    [
        ("stage4_disconnect", 1, {"teardown.py"}),
        ("stage4_disconnect", 4, {"teardown.py", "test_yours.py"}),
        ("stage4_disconnect", 12, {"teardown.py", "fixture.py", "tidy.py"}),
        ("stage2_poetry", 9, {"server.py"}),
        ("stage3_http", 6, {"messages.py", "parser.py", "server.py", "test_yours.py"}),
        ("stage8_daemon", 3, {"poetry_daemon.py", "twisted/plugins/poetry_plugin.py"}),
        ("stage9_clinic", 1, {*COURSE.stage("stage9_clinic").edit}),
    ],
)
def test_of_the_course(stage: str, step: int, files: set[str]) -> None:
    """By imports, by names in quotes, through a helper of all stages, by a file's place; by a part of its name, any file."""
    of = COURSE.stage(stage)
    assert {*reach(of, answer(of), of.step(str(step)))} == files


@pytest.mark.parametrize(
    ("test", "reads", "not_read"),
    [
        ("from .echo import a\nclass T:\n    def test(self): a()", {"a", "b", "FIRST"}, {"d", "C"}),
        ("from .echo import FIRST\nclass T: pass", {"b", "FIRST"}, {"a", "d", "C"}),
        ("from . import echo\nclass T: pass", {"b", "FIRST"}, {"a", "d", "C"}),
        ("from . import echo\nclass T:\n    def test(self): echo.a()", {"a", "b", "C", "d"}, set()),
        ("class T:\n    def test(self): from .echo import d as e; e()", {"d", "b"}, {"a", "C"}),
        (
            "class T:\n    def test(self): run('-m exercises.stage1_echo.echo')",
            {"a", "C", "d"},
            set(),
        ),
        ("from .echo import C\nclass B(C): pass\nclass T(B): pass", {"C", "d", "b"}, {"a"}),
        ("from .echo import C\nclass Other(C): pass\nclass T: pass", {"b"}, {"a", "C", "d"}),
    ],
)
def test_names(test: str, reads: set[str], not_read: set[str], tmp_path: Path) -> None:
    """Functions and classes that the tests use, what these use, and what an import runs."""
    folder = tmp_path / "exercises" / "stage1_echo"
    folder.mkdir(parents=True)
    (folder / "test_it.py").write_text(test)
    (folder / "echo.py").touch()
    stage = replace(MINI, root=tmp_path)
    source = (
        "FIRST = b()\ndef a(): b()\ndef b(): pass\nclass C:\n    def x(self): d()\ndef d(): pass\n"
    )
    step = Step(1, "It", "test_it", "T", "", "", (), given=False)
    names = reach(stage, {"echo.py": source}, step)
    text = text_of(source, names["echo.py"]) if names else ""
    for name in reads:
        assert f"{name} =" in text or f"def {name}(" in text or f"class {name}:" in text, text
    for name in not_read:
        assert f"def {name}(" not in text and f"class {name}:" not in text, text
    if names and ALL in names["echo.py"]:
        assert text == source
