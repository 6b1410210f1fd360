"""Static checks on a learner's tests: what never runs, what can hardly fail. Nothing here runs them."""

from __future__ import annotations

import ast
import contextlib
import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from workshop.course import CourseError, Stage
from workshop.course.solutions import answer

FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
Function = ast.FunctionDef | ast.AsyncFunctionDef
WAITS = {"twisted.trial.unittest.TestCase", "unittest.IsolatedAsyncioTestCase"}
CALLS = {
    "twisted.trial.unittest.SynchronousTestCase": "SynchronousTestCase",
    "unittest.TestCase": "unittest.TestCase",
}
ASSERTS = re.compile(r"assert\w*|fail\w*|successResultOf|failureResultOf|flush\w+|raise\w*")
BROAD = {"Exception", "BaseException", "AssertionError", "failureException"}
HOOKS = re.compile(r"__\w+__|setUp\w*|tearDown\w*|runTest|run|id|debug|shortDescription|skip\w*")


@dataclass(frozen=True)
class NeverRun:
    """Something that looks like a test, but never runs: its name, its place, and the reason."""

    name: str
    where: str
    why: str


@dataclass
class _Module:
    """A parsed file of the course; empty if it is missing or not Python."""

    path: Path

    @cached_property
    def text(self) -> str:
        try:
            return self.path.read_text("utf-8", "replace")
        except OSError:
            return ""

    @cached_property
    def tree(self) -> ast.Module:
        return _parsed(self.text)

    @cached_property
    def classes(self) -> dict[str, ast.ClassDef]:
        return {node.name: node for node in self.tree.body if isinstance(node, ast.ClassDef)}

    @cached_property
    def imported(self) -> dict[str, tuple[int, str]]:
        """The number of leading dots and the full name that each imported name stands for."""
        found: dict[str, tuple[int, str]] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for one in node.names:
                    full = one.name if one.asname else one.name.partition(".")[0]
                    found[one.asname or full] = (0, full)
            elif isinstance(node, ast.ImportFrom):
                for one in node.names:
                    full = f"{node.module}.{one.name}" if node.module else one.name
                    found[one.asname or one.name] = (node.level, full)
        return found

    def bases(self, name: str, seen: frozenset[str] = frozenset()) -> set[str]:
        """Return all classes that a class derives from: those of this file by name, others by full name."""
        if name in seen or name not in self.classes:
            return set()
        found = {name}
        for base in self.classes[name].bases:
            words = ast.unparse(base)
            first, _, rest = words.partition(".")
            if words in self.classes:
                found |= self.bases(words, seen | {name})
            elif first in self.imported:
                level, full = self.imported[first]
                full = f"{full}.{rest}" if rest else full
                found |= self._others(level, full) if level else {full}
        return found

    def _others(self, level: int, full: str) -> set[str]:
        module, _, cls = full.rpartition(".")
        folder = self.path.parent if level == 1 else self.path.parent.parent
        other = _Module(folder / f"{module.replace('.', '/')}.py")
        return other.bases(cls) | {full}

    def case(self, name: str) -> str:
        """Return the kind of TestCase that a class is: "TestCase" if trial waits for its tests; "" if none is recognised."""
        bases = self.bases(name)
        if bases & WAITS:
            return "TestCase"
        return next((CALLS[base] for base in sorted(bases & set(CALLS))), "")

    def method(self, cls: str, name: str) -> Function | None:
        """Return the method of that name that a class of this file has."""
        for one in [cls, *sorted(self.bases(cls))]:
            for node in self.classes[one].body if one in self.classes else ():
                if isinstance(node, FUNCTION) and node.name == name:
                    return node
        return None


def _parsed(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError):
        return ast.Module([], [])


def _own_modules(stage: Stage) -> list[_Module]:
    return [_Module(path) for path in sorted(stage.folder.glob("test_*.py"))]


def _starters(stage: Stage) -> dict[str, str]:
    with contextlib.suppress(CourseError):
        return answer(stage, 0)
    return {}


def defined_twice(stage: Stage) -> tuple[str, ...]:
    """Return the tests that another test of the same name, further down in the same class, replaces."""
    found = []
    for module in _own_modules(stage):
        for name, scope in module.classes.items():
            count = Counter(
                node.name
                for node in scope.body
                if isinstance(node, FUNCTION) and node.name.startswith("test")
            )
            found += [f"{name}.{test}" for test, times in count.items() if times > 1]
    return tuple(found)


def missing_lines(stage: Stage) -> tuple[str, ...]:
    """Return top-level calls that have gone from the test files, such as the one that builds the tests."""
    starters = _starters(stage)
    found: list[str] = []
    for module in _own_modules(stage):
        now = _calls(module.tree)
        had = _calls(_parsed(starters.get(module.path.name, "")))
        found += [line for line in had if line not in now]
    return tuple(found)


def _calls(tree: ast.Module) -> list[str]:
    expressions = (node for node in tree.body if isinstance(node, ast.Expr))
    return [ast.unparse(one) for one in expressions if not isinstance(one.value, ast.Constant)]


def never_run(stage: Stage, loaded: Collection[str]) -> tuple[NeverRun, ...]:
    """Return what looks like a test, but never runs.

    In a stage whose tests are to be repaired, faults that were there from the beginning are for the learner to find.

    Args:
        loaded: The names of the tests that trial has found.
    """
    found = []
    given = _starters(stage) if stage.kind == "repair tests" else {}
    for module in _own_modules(stage):
        path = module.path
        mine = [test.split(".")[-2:] for test in loaded if f".{path.stem}." in test]
        for name, line, why in _never(module, mine):
            if f"def {name.rpartition('.')[2]}(" not in given.get(path.name, ""):
                found.append(NeverRun(name, f"{stage.path(path.name)}, line {line}", why))
    return tuple(found)


def _never(module: _Module, loaded: list[list[str]]) -> Iterator[tuple[str, int, str]]:
    """Yield the name, the line and the reason for each function of a module that looks like a test, but never runs."""
    for node in module.tree.body:
        if isinstance(node, FUNCTION) and node.name.startswith("test") and _once(module, node.name):
            yield node.name, node.lineno, "trial runs no test outside a class"
    for cls, node in module.classes.items():
        case = module.case(cls)
        for one in (part for part in node.body if isinstance(part, FUNCTION)):
            why = ""
            if one.name.startswith("test"):
                if not _collected(module, cls, one.name, loaded):
                    why = f"trial makes no test case of {cls}"
                    why += "" if case else ", which is not a TestCase"
                elif not one.decorator_list or isinstance(one, ast.AsyncFunctionDef):
                    why = _not_awaited(case, one)
                for inner in ast.walk(one):
                    if (
                        isinstance(inner, FUNCTION)
                        and inner is not one
                        and inner.name.startswith("test")
                        and _once(module, inner.name)
                    ):
                        yield inner.name, inner.lineno, f"it is inside {one.name}"
            elif case and _looks_like_a_test(one) and _once(module, one.name):
                why = "trial runs only methods whose names begin with test"
            if why:
                yield f"{cls}.{one.name}", one.lineno, why


def _collected(module: _Module, cls: str, name: str, loaded: list[list[str]]) -> bool:
    # A class that is not in the file was built from those that are.
    return any(
        test == name and (owner not in module.classes or cls in module.bases(owner))
        for owner, test in loaded
    )


def _not_awaited(case: str, node: Function) -> str:
    """Return why a TestCase of this kind never runs a test's body; "" if it does."""
    if case in ("", "TestCase"):
        return ""
    if isinstance(node, ast.AsyncFunctionDef):
        return f"a {case} never runs an async def"
    return f"a {case} never runs a generator" if _yields(node) else ""


def _looks_like_a_test(node: Function) -> bool:
    only_self = len(node.args.args) == 1 and not (node.args.vararg or node.args.kwonlyargs)
    return (
        only_self
        and not node.decorator_list
        and not HOOKS.fullmatch(node.name)
        and bool(_assertions(node))
    )


def _once(module: _Module, name: str) -> bool:
    """Return whether the stage mentions this name only once, at its definition."""
    folder = module.path.parent
    texts = [
        path.read_text("utf-8", "replace")
        for path in [*folder.glob("*.py"), *folder.parent.glob("*.py")]
    ]
    return len(re.findall(rf"\b{name}\b", "\n".join(texts))) == 1


def _yields(node: Function) -> bool:
    return any(isinstance(one, ast.Yield | ast.YieldFrom) for one in _own_nodes(node))


def _own_nodes(node: Function) -> Iterator[ast.AST]:
    """Yield the nodes in a function, but not those in a function inside it."""
    todo: list[ast.AST] = list(node.body)
    while todo:
        one = todo.pop()
        yield one
        if not isinstance(one, (*FUNCTION, ast.Lambda)):
            todo += ast.iter_child_nodes(one)


def _assertions(*nodes: ast.AST) -> list[ast.AST]:
    return [
        one
        for node in nodes
        for one in ast.walk(node)
        if isinstance(one, ast.Assert | ast.Raise)
        or (isinstance(one, ast.Attribute) and ASSERTS.fullmatch(one.attr))
    ]


def reason(stage: Stage, test: str) -> str:
    """Return why a test that never fails may never fail, as far as its text shows; "" if no reason is found."""
    *_, stem, cls, name = test.split(".")
    module = _Module(stage.folder / f"{stem}.py")
    # A test may be built from another class: take the first that has it.
    methods = (module.method(one, name) for one in (cls, *module.classes))
    node = next((one for one in methods if one), None)
    if node is None:
        return ""
    case = module.case(cls)
    if why := _not_awaited(case, node):
        return f"{why[0].upper()}{why[1:]}."
    assertions = _assertions(node)
    called = {
        call.func.attr: call
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
    }
    helper = any(module.method(cls, one) or one.startswith("check") for one in called)
    inner = any(isinstance(one, FUNCTION) and one is not node for one in ast.walk(node))
    if not (assertions or helper or inner):
        return "It asserts nothing."
    if why := _swallowed(node) or _always_true(node):
        return why
    if {"addCallback", "addCallbacks", "addErrback", "addBoth", "assertFailure"} & called.keys():
        return _lost_callback(case, node)
    looped = {
        part
        for one in ast.walk(node)
        if isinstance(one, ast.For | ast.While)
        for part in _assertions(one)
    }
    return "Does its loop run at all?" if looped and looped.issuperset(assertions) else ""


def _always_true(node: Function) -> str:
    """Return which assertion holds whatever the code does, if one does."""
    for part in ast.walk(node):
        if isinstance(part, ast.Call) and len(part.args) > 1:
            called = ast.unparse(part.func).rpartition(".")[2]
            one, other = map(ast.unparse, part.args[:2])
            if called.startswith("assert") and one == other:
                return f"`{ast.unparse(part)[-60:]}` compares a value with itself."
            if called in ("assertTrue", "assertFalse"):
                return f"{called}(x, y) checks only x, and y is its message; assertEqual compares."
        elif isinstance(part, ast.Assert) and isinstance(part.test, ast.Tuple) and part.test.elts:
            return "`assert (x, y)` checks a tuple, which is always true; remove the brackets."
        elif (
            isinstance(part, ast.BoolOp)
            and isinstance(part.op, ast.Or)
            and any(isinstance(one, ast.Constant) and one.value for one in part.values)
        ):
            return f"`{ast.unparse(part)[-40:]}` is always true."
    return ""


def _lost_callback(case: str, node: Function) -> str:
    """Return why an assertion in a test's callback may not count."""
    waits = case in ("", "TestCase")
    returned = _yields(node) or any(
        isinstance(one, ast.Await) or (isinstance(one, ast.Return) and one.value is not None)
        for one in _own_nodes(node)
    )
    if not waits and returned:
        return f"A {case} does not wait for what its test returns."
    if not waits:
        return "A callback is called only if its Deferred fires while the test runs."
    if not returned:
        return "It neither returns nor awaits its Deferred, so trial does not wait for it."
    return "An errback that returns nothing swallows the failure; a callback may never be called."


def _swallowed(node: Function) -> str:
    """Return what swallows an assertion's failure, if anything does."""
    for part in ast.walk(node):
        if isinstance(part, ast.Try) and _assertions(*part.body):
            leaves = [one for last in part.finalbody for one in ast.walk(last)]
            if any(isinstance(one, ast.Return | ast.Break | ast.Continue) for one in leaves):
                return "A return in a `finally` swallows the failure of an assertion."
            for handler in part.handlers:
                kinds = re.findall(r"\w+", ast.unparse(handler.type)) if handler.type else []
                if (not kinds or BROAD & {*kinds}) and not _assertions(*handler.body):
                    return "An `except` swallows the failure of an assertion."
                if "SkipTest" in ast.unparse(handler):
                    return "It skips itself instead of failing."
        elif isinstance(part, ast.With) and _assertions(*part.body):
            for item in part.items:
                context = ast.unparse(item.context_expr)
                words = set(re.findall(r"\w+", context))
                if words & BROAD and words & {"assertRaises", "suppress", "raises"}:
                    return f"`{context}` also swallows the failure of an assertion."
    return ""
