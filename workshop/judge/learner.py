"""A learner's tests and list as files; nothing here runs them."""

from __future__ import annotations

import ast
import re
from collections import Counter
from dataclasses import dataclass

from workshop.course import CourseError, Kind, Stage
from workshop.course.solutions import answer

LIST = "list.md"
"""The file of a learner's own list, in stages that have one."""
FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Item:
    """A line of the learner's list, and the kinds of mistake that it is about."""

    text: str
    kinds: tuple[Kind, ...]


def own_modules(stage: Stage) -> tuple[str, ...]:
    """Return the names of the learner's test modules, as trial uses them."""
    names = sorted(path.stem for path in stage.folder.glob("test_*.py"))
    return tuple(f"{stage.target}.{name}" for name in names)


def read_list(stage: Stage) -> tuple[Item, ...] | None:
    """Read the learner's list, with an item for each line that begins as one; None if the stage has none."""
    if LIST not in stage.edit:
        return None
    text = (stage.folder / LIST).read_text("utf-8", "replace")
    lines = re.findall(r"^[ \t]*(?:[-*+]|\d+[.)])[ \t]+(\S.*)", text, re.M)

    def kinds(line: str) -> tuple[Kind, ...]:
        return tuple(k for k in stage.kinds if any(re.search(w, line, re.I) for w in k.words))

    return tuple(Item(line, kinds(line)) for line in lines)


def defined_twice(stage: Stage) -> tuple[str, ...]:
    """Return the tests that another test of the same name, further down in the same class, replaces."""
    found = []
    for path in sorted(stage.folder.glob("test_*.py")):
        try:
            tree = ast.parse(path.read_bytes())
        except (SyntaxError, ValueError):
            continue
        for scope in (node for node in tree.body if isinstance(node, ast.ClassDef)):
            tests = [node.name for node in scope.body if isinstance(node, FUNCTION)]
            count = Counter(name for name in tests if name.startswith("test"))
            found += [f"{scope.name}.{name}" for name, times in count.items() if times > 1]
    return tuple(found)


def missing_lines(stage: Stage) -> tuple[str, ...]:
    """Return top-level lines that have gone from the test files, such as the one that builds the tests."""
    try:
        starters = answer(stage, 0)
    except CourseError:
        return ()
    found = []
    for path in sorted(stage.folder.glob("test_*.py")):
        had = _lines(starters.get(path.name, ""))
        now = _lines(path.read_text("utf-8", "replace"))
        found += [line for line in had if line not in now]
    return tuple(found)


def _lines(text: str) -> list[str]:
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError):
        return []
    calls = (n for n in body if isinstance(n, ast.Expr) and not isinstance(n.value, ast.Constant))
    return [ast.unparse(node) for node in calls]
