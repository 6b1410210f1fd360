"""The programs that judge a learner's tests: right answers, programs with a known bug, and one that is emptied."""

from __future__ import annotations

import ast

from workshop.course import Stage, visible
from workshop.course.solutions import Overlay, answer

REFERENCE = "reference"


def is_test(name: str) -> bool:
    """Return whether a file has tests, by its name, as trial and this tool see it."""
    return name.startswith("test_") and name.endswith(".py")


def own_code(stage: Stage) -> bool:
    """Return whether the learner of this stage writes code besides tests."""
    return any(name.endswith(".py") and not is_test(name) for name in stage.edit)


def right_answers(stage: Stage) -> dict[str, dict[str, str]]:
    """Return the right answers by name, each with its code files and their texts; the first is the solution itself.

    A file that the stage provides and the learner does not edit is part of the answers if a mutant changes it.

    Raises:
        CourseError: This copy of the course has no solutions for the stage.
    """
    solved = answer(stage)
    code = {n: text for n, text in solved.items() if n.endswith(".py") and not is_test(n)}
    for name in sorted({mutant.file for mutant in stage.mutants} - set(code)):
        code[name] = (stage.folder / name).read_text("utf-8")
    answers = {REFERENCE: code}
    for folder in sorted((stage.answers / "correct").glob("*/")):
        files = {path.name: path.read_text("utf-8") for path in visible(folder, "*.py")}
        answers[folder.name] = {**code, **files}
    return answers


class _Emptier(ast.NodeTransformer):
    """A transformer that empties functions, but not how objects are made."""

    def _emptied(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        if node.name != "__init__":
            node.body = ast.parse("raise NotImplementedError('this code was emptied out')").body
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = _emptied


def emptied(code: Overlay) -> dict[str, str]:
    """Return the files with nothing but a NotImplementedError in any function; classes and names stay."""
    return {name: ast.unparse(_Emptier().visit(ast.parse(text))) for name, text in code.items()}
