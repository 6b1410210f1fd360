"""Run the reference's tests on the code of learners who write code besides tests, and find what the README says of it."""

from __future__ import annotations

import ast
import re

from workshop.course import Stage
from workshop.course.solutions import BEGIN, END, answer
from workshop.course.toml_fields import read
from workshop.judge.findings import Wrong
from workshop.judge.programs import is_test
from workshop.judge.runs import Runs
from workshop.runner.worker import Case

FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


def broken(runs: Runs) -> list[Wrong]:
    """Return the reference's tests that fail on the learner's own code, twice."""
    stage = runs.stage
    runs.watch("running our tests on your code")
    overlay = {name: text for name, text in answer(stage).items() if is_test(name)}
    modules = tuple(f"{stage.target}.{name.removesuffix('.py')}" for name in sorted(overlay))
    load = Case("load", overlay, modules, load=True)
    tests = next(runs.pool.run([load]))[1].loaded
    for _ in range(2):
        cases = runs.shared(tests, "promises", overlay)
        said = {
            test: one
            for case, result in runs.pool.run(cases)
            for test, one in runs.whole(case, result).items()
        }
        tests = tuple(test for test in tests if said[test].status == "failed")
        if not tests:
            return []
    known = {name: requirement for name, (_, requirement) in about(stage).items()}
    where = {name: paragraph for name, (paragraph, _) in about(stage).items()}
    return [
        Wrong(where.get(short, ""), known.get(short, short), said[test])
        for test in tests
        for short in [".".join(test.split(".")[-2:])]
    ]


def about(stage: Stage) -> dict[str, tuple[str, str]]:
    """Return the README's paragraph and the requirement for each of the reference's tests, by class and name.

    The paragraph is the section with the number of the solution's step that contains the test, such as "Description 4:
    letters"; or else what paragraphs.toml says of the test or its class; or "".
    """
    readme = (stage.folder / "README.md").read_text("utf-8")
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
                if isinstance(test, FUNCTION) and test.name.startswith("test"):
                    short = f"{getattr(cls, 'name', '')}.{test.name}"
                    heading = re.search(
                        rf"^## (\w+ {steps.get(test.lineno, 0)}: .*)$", readme, re.M
                    )
                    paragraph = heading[1] if heading else named.get(short, "")
                    paragraph = paragraph or named.get(short.partition(".")[0], "")
                    first = (ast.get_docstring(test) or test.name).split("\n\n")[0]
                    found[short] = (paragraph, " ".join(first.split()))
    return found


def _steps(text: str) -> dict[int, int]:
    """Return the number of the step that each line belongs to."""
    found, step = {}, 0
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        if begin := BEGIN.fullmatch(line):
            step = int(begin[2])
        elif END.fullmatch(line):
            step = 0
        found[number] = step
    return found
