"""Tests that check nothing, as far as reading shows: what never runs, what can hardly fail. Nothing here runs them."""

from __future__ import annotations

import ast
import contextlib
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from workshop.course import CourseError, Stage
from workshop.course.solutions import answer

FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
Function = ast.FunctionDef | ast.AsyncFunctionDef
WAITS = {"twisted.trial.unittest.TestCase", "unittest.IsolatedAsyncioTestCase"}
CALLS = {"twisted.trial.unittest.SynchronousTestCase": "SynchronousTestCase"}
CALLS["unittest.TestCase"] = "unittest.TestCase"
ASSERTS = re.compile(r"assert\w*|fail\w*|successResultOf|failureResultOf|flush\w+|raise\w*")
BROAD = {"Exception", "BaseException", "AssertionError", "failureException"}
HOOKS = re.compile(r"__\w+__|setUp\w*|tearDown\w*|runTest|run|id|debug|shortDescription|skip\w*")


@dataclass(frozen=True)
class Unheard:
    """Something that can never run: its name, its place, and the reason."""

    name: str
    where: str
    why: str


@dataclass
class _Module:
    """A parsed file of the course."""

    stage: Stage
    path: Path

    @cached_property
    def text(self) -> str:
        try:
            return self.path.read_text("utf-8", "replace")
        except OSError:
            return ""

    @cached_property
    def tree(self) -> ast.Module:
        try:
            return ast.parse(self.text)
        except (SyntaxError, ValueError):
            return ast.Module([], [])

    @cached_property
    def classes(self) -> dict[str, ast.ClassDef]:
        return {node.name: node for node in self.tree.body if isinstance(node, ast.ClassDef)}

    @cached_property
    def imported(self) -> dict[str, tuple[int, str]]:
        """The meaning of each imported name: the number of leading dots, and the full name."""
        found: dict[str, tuple[int, str]] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found |= {
                    one.asname or one.name.partition(".")[0]: (
                        0,
                        one.name if one.asname else one.name.partition(".")[0],
                    )
                    for one in node.names
                }
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
        other = _Module(self.stage, folder / f"{module.replace('.', '/')}.py")
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


def never_run(stage: Stage, loaded: Collection[str]) -> tuple[Unheard, ...]:
    """Return what looks like a test, but never runs.

    In a stage whose tests are to be repaired, faults that were there from the beginning are for the learner to find.

    Args:
        loaded: The names of the tests that trial has found.
    """
    found = []
    given = {}
    if stage.kind == "repair tests":
        with contextlib.suppress(CourseError):
            given = answer(stage, 0)
    for path in sorted(stage.folder.glob("test_*.py")):
        module = _Module(stage, path)
        shown = stage.path(path.name)
        mine = [test.split(".")[-2:] for test in loaded if f".{path.stem}." in test]
        for name, line, why in _never(module, mine):
            if f"def {name.rpartition('.')[2]}(" not in given.get(path.name, ""):
                found.append(Unheard(name, f"{shown}, line {line}", why))
    return tuple(found)


def _never(module: _Module, loaded: list[list[str]]) -> Iterator[tuple[str, int, str]]:
    for node in module.tree.body:
        if isinstance(node, FUNCTION) and node.name.startswith("test") and _once(module, node.name):
            yield node.name, node.lineno, "trial runs no test that stands outside of a class"
    for cls, node in module.classes.items():
        case = module.case(cls)
        for one in (part for part in node.body if isinstance(part, FUNCTION)):
            name, why = f"{cls}.{one.name}", ""
            if one.name.startswith("test"):
                if not _collected(module, cls, one.name, loaded):
                    why = f"trial makes no test case of {cls}" + (
                        "" if case else ", which is no TestCase"
                    )
                elif case not in ("", "TestCase") and isinstance(one, ast.AsyncFunctionDef):
                    why = f"a {case} never runs an async def"
                elif case not in ("", "TestCase") and _yields(one) and not one.decorator_list:
                    why = f"a {case} never runs what has a yield"
                for inner in (part for part in ast.walk(one) if isinstance(part, FUNCTION)):
                    test = inner is not one and inner.name.startswith("test")
                    if test and _once(module, inner.name):
                        yield inner.name, inner.lineno, f"it stands inside of {one.name}"
            elif case and _looks_like_a_test(one) and _once(module, one.name):
                why = "trial runs what begins with test"
            if why:
                yield name, one.lineno, why


def _collected(module: _Module, cls: str, name: str, loaded: list[list[str]]) -> bool:
    # A class that is not in the file was built from those that are.
    return any(
        test == name and (owner not in module.classes or cls in module.bases(owner))
        for owner, test in loaded
    )


def _looks_like_a_test(node: Function) -> bool:
    only_self = len(node.args.args) == 1 and not (node.args.vararg or node.args.kwonlyargs)
    own = not node.decorator_list and not HOOKS.fullmatch(node.name)
    return own and only_self and any(True for _ in _assertions(node))


def _once(module: _Module, name: str) -> bool:
    """Return whether the stage mentions this name only once, at its definition."""
    folder = module.path.parent
    texts = [module.text] + [
        path.read_text("utf-8", "replace")
        for path in sorted([*folder.glob("*.py"), *folder.parent.glob("*.py")])
        if path != module.path
    ]
    return sum(len(re.findall(rf"\b{name}\b", text)) for text in texts) == 1


def _yields(node: Function) -> bool:
    inner = [one for part in node.body for one in ast.walk(part)]
    nested = {
        sub for one in inner if isinstance(one, (*FUNCTION, ast.Lambda)) for sub in ast.walk(one)
    }
    return any(isinstance(one, ast.Yield | ast.YieldFrom) and one not in nested for one in inner)


def _assertions(node: ast.AST) -> Iterator[ast.AST]:
    for one in ast.walk(node):
        called = isinstance(one, ast.Attribute) and ASSERTS.fullmatch(one.attr)
        if called or isinstance(one, ast.Assert | ast.Raise):
            yield one


def reason(stage: Stage, test: str) -> str:
    """Return why a test that never fails may never fail, as far as reading shows; "" if no reason is found."""
    *_, stem, cls, name = test.split(".")
    module = _Module(stage, stage.folder / f"{stem}.py")
    node = module.method(cls, name)
    if node is None:
        # It is built from another class: take the first that has it.
        node = next((n for one in module.classes if (n := module.method(one, name))), None)
    if node is None:
        return ""
    case = module.case(cls)
    waits = case in ("", "TestCase")
    calls = [one for one in ast.walk(node) if isinstance(one, ast.Call)]
    attributes = {c.func.attr: c for c in calls if isinstance(c.func, ast.Attribute)}
    inner = {one.name for one in ast.walk(node) if isinstance(one, FUNCTION) and one is not node}
    own = [
        called
        for called in attributes
        if any(module.method(one, called) for one in [cls]) or called.startswith("check")
    ]
    ended = any(
        isinstance(one, ast.Await) or (isinstance(one, ast.Return) and one.value is not None)
        for one in _outside(node)
    ) or _yields(node)
    if not waits and isinstance(node, ast.AsyncFunctionDef):
        return f"A {case} never runs an async def."
    if not waits and _yields(node):
        return f"A {case} never runs what has a yield."
    if not (own or inner or any(True for _ in _assertions(node))):
        return "It asserts nothing."
    if swallowed := _swallowed(node):
        return swallowed
    for call in calls:
        if _name(call).startswith("assert") and len(call.args) > 1:
            one, other = map(ast.unparse, call.args[:2])
            if one == other:
                return f"`{ast.unparse(call)[-60:]}` compares a thing with itself."
    for one in ("assertTrue", "assertFalse"):
        if one in attributes and len(attributes[one].args) > 1:
            return f"{one}(x, y) looks at x only, and y is its message; assertEqual compares."
    for part in ast.walk(node):
        if isinstance(part, ast.Assert) and isinstance(part.test, ast.Tuple) and part.test.elts:
            return "`assert (x, y)` looks at a pair, which is always true; leave the brackets away."
        either = part.values if isinstance(part, ast.BoolOp) and isinstance(part.op, ast.Or) else []
        if any(isinstance(one, ast.Constant) and one.value for one in either):
            return f"`{ast.unparse(part)[-40:]}` holds always."
    deferred = {"addCallback", "addCallbacks", "addErrback", "addBoth", "assertFailure"}
    if deferred & set(attributes):
        if not waits and ended:
            return f"A {case} does not wait for what its test returns."
        if not waits:
            return "A callback is called only if its Deferred fires while the test runs."
        if not ended:
            return "It neither returns nor awaits its Deferred, so trial does not wait for it."
        return "An errback that returns nothing swallows the failure that came; a callback may never be called."
    looped = {
        part
        for one in ast.walk(node)
        if isinstance(one, ast.For | ast.While)
        for part in _assertions(one)
    }
    if looped and looped == set(_assertions(node)):
        return "Does its loop go round at all?"
    return ""


def _name(call: ast.Call) -> str:
    """Return the last part of the called name."""
    return ast.unparse(call.func).rpartition(".")[2]


def _swallowed(node: Function) -> str:
    """Return what swallows an assertion's failure, if anything does."""
    for part in ast.walk(node):
        if isinstance(part, ast.Try) and any(True for one in part.body for _ in _assertions(one)):
            leaves = [one for last in part.finalbody for one in ast.walk(last)]
            if any(isinstance(one, ast.Return | ast.Break | ast.Continue) for one in leaves):
                return "A return in a `finally` swallows the failure of an assertion."
            for handler in part.handlers:
                kinds = re.findall(r"\w+", ast.unparse(handler.type)) if handler.type else []
                raises = any(isinstance(one, ast.Raise) for one in ast.walk(handler))
                fails = any(True for one in handler.body for _ in _assertions(one))
                if (not kinds or BROAD & {*kinds}) and not (raises or fails):
                    return "An `except` swallows the failure of an assertion."
                if "SkipTest" in ast.unparse(handler):
                    return "It skips itself in place of failing."
        elif isinstance(part, ast.With) and any(
            True for one in part.body for _ in _assertions(one)
        ):
            for item in part.items:
                words = set(re.findall(r"\w+", ast.unparse(item.context_expr)))
                if words & BROAD and words & {"assertRaises", "suppress", "raises"}:
                    return (
                        f"`{ast.unparse(item.context_expr)}` takes the failure of an assertion too."
                    )
    return ""


def _outside(node: Function) -> Iterator[ast.AST]:
    """Yield the nodes in a function, but not those in a function inside it."""
    todo: list[ast.AST] = list(node.body)
    while todo:
        one = todo.pop()
        yield one
        if not isinstance(one, (*FUNCTION, ast.Lambda)):
            todo += ast.iter_child_nodes(one)
