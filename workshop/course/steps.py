"""The steps of a stage, read from the syntax trees of its provided tests."""

from __future__ import annotations

import ast
import hashlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from workshop.course.toml_fields import CourseError

TOOL = "python -m workshop" if sys.platform == "win32" else "python3 -m workshop"
"""How a user calls this tool."""


STEP_CLASS = re.compile(r"(Step|Check)(\d\d)(\w*)")


@dataclass(frozen=True)
class Test:
    """One test method. ``requirement`` is the first line of its docstring; ``line`` counts from 1."""

    name: str
    requirement: str
    line: int


@dataclass(frozen=True)
class Step:
    """One TestCase class. A ``Check…`` class is a step that passes from the beginning: ``given`` is true."""

    number: int
    name: str
    module: str
    cls: str
    title: str
    text: str
    tests: tuple[Test, ...]
    given: bool

    @property
    def key(self) -> str:
        """What it is remembered by: all that it asks for, without its number, which an update may give to another."""
        tests = [(test.name, test.requirement) for test in self.tests]
        asks = repr((self.name, self.title, self.text, tests))
        return hashlib.sha256(asks.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def target(self, stage: str) -> str:
        """Return plain trial's name for just this step, e.g. ``exercises.stage2_poetry.test_1_server.Step01Poem``."""
        return f"exercises.{stage}.{self.module}.{self.cls}"


def read_steps(path: Path) -> list[Step]:
    try:
        tree = ast.parse(path.read_bytes(), str(path))
    except (SyntaxError, ValueError) as error:
        name = path.parent.name
        raise CourseError(
            f"exercises/{name}/{path.name} is not Python: {error}.\n"
            f"To restore it: {TOOL} reset {name} --provided"
        ) from error
    steps = []
    for node in tree.body:
        match = STEP_CLASS.fullmatch(node.name) if isinstance(node, ast.ClassDef) else None
        if match and isinstance(node, ast.ClassDef):
            title, _, text = (ast.get_docstring(node) or match[3]).partition("\n")
            tests = tuple(
                Test(item.name, _first_line(item), item.lineno)
                for item in node.body
                if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef)
                and item.name.startswith("test")
            )
            given = match[1] == "Check"
            steps.append(
                Step(
                    int(match[2]), match[3], path.stem, node.name, title, text.strip(), tests, given
                )
            )
    return sorted(steps, key=lambda step: step.cls)


def _first_line(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    return " ".join((ast.get_docstring(node) or node.name).split("\n\n")[0].split())
