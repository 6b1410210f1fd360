"""Run the reference's tests on the code of learners who write code besides tests, and find what the README says of it."""

from __future__ import annotations

import ast
import re

from workshop.course import Stage
from workshop.course.solutions import BEGIN, END, answer
from workshop.course.toml_fields import read
from workshop.judge.findings import Wrong
from workshop.judge.lint import FUNCTION
from workshop.judge.programs import is_test
from workshop.judge.runs import Runs


def broken_promises(runs: Runs) -> list[Wrong]:
    """Return the reference's tests that fail on the learner's own code, twice."""
    stage = runs.stage
    runs.watch("running our tests on your code")
    overlay = {name: text for name, text in answer(stage).items() if is_test(name)}
    modules = tuple(f"{stage.target}.{name.removesuffix('.py')}" for name in sorted(overlay))
    tests = runs.load(modules, overlay).loaded
    for _ in range(2):
        cases = runs.shared(tests, "promises", overlay)
        results = {test.target: test for _, test in runs.each(cases)}
        tests = tuple(test for test in tests if results[test].status == "failed")
    known = promises(stage) if tests else {}
    return [
        Wrong(*known.get(short, ("", short)), results[test])
        for test in tests
        for short in [".".join(test.split(".")[-2:])]
    ]


def promises(stage: Stage) -> dict[str, tuple[str, str]]:
    """Return the README's paragraph and the requirement for each of the reference's tests, by class and name.

    The paragraph is the section with the number of the solution's step that contains the test, such as "Description 4:
    letters"; or else what paragraphs.toml says of the test or its class; or "".
    """
    readme = (stage.folder / "README.md").read_text("utf-8")
    headings = {int(n): text for text, n in re.findall(r"^## (\w+ (\d+): .*)$", readme, re.M)}
    named: dict[str, str] = {}
    path = stage.answers / "paragraphs.toml"
    if path.exists():
        for entry in read(path).get("paragraph", []):
            named |= dict.fromkeys(entry["tests"], entry["name"])
    found = {}
    for name in filter(is_test, stage.edit):
        text = (stage.answers / name).read_text("utf-8")
        steps = _steps(text)
        for cls in ast.parse(text).body:
            for test in cls.body if isinstance(cls, ast.ClassDef) else ():
                if not (isinstance(test, FUNCTION) and test.name.startswith("test")):
                    continue
                short = f"{getattr(cls, 'name', '')}.{test.name}"
                paragraph = headings.get(steps[test.lineno], "") or named.get(short, "")
                first = (ast.get_docstring(test) or test.name).split("\n\n")[0]
                found[short] = (
                    paragraph or named.get(short.partition(".")[0], ""),
                    " ".join(first.split()),
                )
    return found


def _steps(text: str) -> dict[int, int]:
    """Return the number of the step that each line belongs to; 0 for none."""
    found, step = {}, 0
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        if begin := BEGIN.fullmatch(line):
            step = int(begin[2])
        elif END.fullmatch(line):
            step = 0
        found[number] = step
    return found
