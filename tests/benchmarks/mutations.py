"""One change at a time to a file of Python: which changes there are, what each is called, and the text that it gives.

A change replaces the source of one expression or statement, so that all other lines stay as they are. Left out are
docstrings, annotations, aliases of types, ``__all__``, asserts, the texts of log lines, of exceptions and of failed
assertions, and what runs under ``if __name__ == "__main__"``.

Made with the standard library's ast: cosmic-ray's operators know neither strings nor statements nor arguments, mutmut and
mutatest want to run the tests themselves.
"""

from __future__ import annotations

import ast
import functools
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from variants import (
    EXCEPTION,
    FAILED,
    LOGGED,
    augmented,
    is_alias,
    is_coding,
    is_text,
    of_expression,
)

SHORT = 70
"""Letters of code that a change's name shows."""
CONTEXT = 50
"""Letters of code that are shown around a small change, so that its name is its own."""
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
NEVER_DELETED = (
    *FUNCTIONS,
    ast.ClassDef,
    ast.Import,
    ast.ImportFrom,
    ast.Pass,
    ast.Global,
    ast.Nonlocal,
    ast.If,  # its condition is always false instead
    ast.Try,  # its statements and handlers one by one
    ast.With,
    ast.AsyncWith,
)


@dataclass(frozen=True)
class Change:
    """One change. ``where`` is the class and function around it, ``what`` says what becomes what, ``number`` distinguishes
    those of one function that say the same. ``start`` and ``end`` are offsets in the source's bytes."""

    where: str
    what: str
    number: int
    line: int
    start: int
    end: int
    new: bytes

    @property
    def name(self) -> str:
        """A name that stays the same wherever in the file the function is."""
        return f"{self.where}: {self.what}" + (f" #{self.number}" if self.number > 1 else "")

    def made(self, source: bytes) -> bytes:
        """The source with this change."""
        return source[: self.start] + self.new + source[self.end :]


@functools.lru_cache
def changes(source: bytes) -> tuple[Change, ...]:
    """All changes to a file, in the order of its lines."""
    finder = _Finder(source)
    found = sorted(set(finder.found()), key=lambda one: (one[2], one[3], one[1]))
    number: Counter[tuple[str, str]] = Counter()
    made = []
    outermost = finder.outermost()
    for where, what, start, end, new in found:
        line = source.count(b"\n", 0, start) + 1
        # Of the file, what is around it at its left edge is enough to see whether it still is Python.
        first, last = next(one for one in outermost if one[0] <= start and end <= one[1])
        try:
            ast.parse(source[first:start] + new + source[end:last])
        except (SyntaxError, ValueError):
            continue
        number[where, what] += 1
        made.append(Change(where, what, number[where, what], line, start, end, new))
    return tuple(made)


Found = tuple[str, str, int, int, bytes]


class _Finder:
    """Walks a file's tree, and gives for each change: where, what, from, to, the new text."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.tree = ast.parse(source)
        self.starts = [0]
        for line in source.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.parents: dict[ast.AST, ast.AST] = {}
        for parent in ast.walk(self.tree):
            for child in ast.iter_child_nodes(parent):
                self.parents[child] = parent

    def outermost(self) -> list[tuple[int, int]]:
        """From where to where each statement of the module itself is."""
        return [self._place(node) for node in self.tree.body]

    def found(self) -> Iterator[Found]:
        yield from self._below(self.tree, ())

    def _below(self, node: ast.AST, names: tuple[str, ...]) -> Iterator[Found]:
        if self._left_out(node):
            return
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            names = (*names, node.name)
        where = ".".join(names) or "(module)"
        if isinstance(node, ast.stmt):
            yield from self._of_statement(node, where)
        elif isinstance(node, ast.expr):
            for new in of_expression(node, self.parents):
                yield from self._replaced(node, new, where)
        elif isinstance(node, ast.ExceptHandler) and isinstance(node.type, ast.expr):
            yield from self._replaced(node.type, ast.Tuple([], ast.Load()), where)
        for child in ast.iter_child_nodes(node):
            yield from self._below(child, names)

    def _left_out(self, node: ast.AST) -> bool:
        """Whether nothing at or below this node is changed."""
        parent = self.parents.get(node)
        if isinstance(node, ast.Assert) or (is_text(node) and self._is_raised(node)):
            return True
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            return True
        if isinstance(node, ast.If):
            return ast.unparse(node.test) in (
                "TYPE_CHECKING",
                "__name__ == '__main__'",
            )
        if isinstance(node, ast.Assign) and isinstance(parent, ast.Module):
            return is_alias(node)
        if isinstance(parent, ast.AnnAssign):
            return node is parent.annotation
        if isinstance(parent, (*FUNCTIONS, ast.arg)):
            return node in (getattr(parent, "returns", None), getattr(parent, "annotation", None))
        if isinstance(parent, ast.Subscript) and node is parent.slice:
            return bool(
                re.match(
                    r"(\w+\.)*([A-Z]\w*[a-z]\w*|dict|list|tuple|set|type)$",
                    ast.unparse(parent.value),
                )
            )
        if isinstance(parent, ast.Call) and isinstance(node, ast.expr):
            called = ast.unparse(parent.func)
            first = bool(parent.args) and node is parent.args[0]
            if called in ("cast", "TypeVar", "NewType") or is_coding(parent):
                return first
            if LOGGED.fullmatch(called):
                return first
            return bool(FAILED.fullmatch(called)) and is_text(node)
        return False

    def _is_raised(self, node: ast.AST) -> bool:
        """Whether it belongs to an exception that is made or raised here."""
        while not isinstance(node, ast.stmt):
            if isinstance(node, ast.Call) and EXCEPTION.fullmatch(ast.unparse(node.func)):
                return True
            node = self.parents[node]
        return isinstance(node, ast.Raise)

    def _of_statement(self, node: ast.stmt, where: str) -> Iterator[Found]:
        start, end = self._place(node)
        short = _short(node)
        parent = self.parents[node]
        if isinstance(node, FUNCTIONS):
            if isinstance(parent, ast.ClassDef):
                yield where, "deleted", start, end, b"pass"
            return
        last = isinstance(parent, FUNCTIONS) and node is parent.body[-1]
        bare = isinstance(node, ast.AnnAssign) and node.value is None
        returns = isinstance(node, ast.Return)
        if not isinstance(node, NEVER_DELETED) and not bare and not (returns and last):
            yield where, f"{short} → deleted", start, end, b"pass"
        if returns and short not in ("return", "return None"):
            yield where, f"{short} → return None", start, end, b"return None"
        if isinstance(node, ast.Break):
            yield where, "break → continue", start, end, b"continue"
        if isinstance(node, ast.Continue):
            yield where, "continue → break", start, end, b"break"
        if isinstance(node, ast.AugAssign):
            for text in augmented(node):
                yield where, f"{short} → {_cut(text)}", start, end, text.encode()

    def _replaced(self, node: ast.expr, new: ast.expr, where: str) -> Iterator[Found]:
        """The expression replaced; within an f-string, all of that."""
        outer: ast.AST = node
        at: ast.AST = node
        while isinstance(at, ast.expr | ast.FormattedValue | ast.keyword | ast.comprehension):
            if isinstance(at, ast.JoinedStr):
                outer = at
            at = self.parents[at]
        shown = self._shown(node)
        old = _short(shown)
        with _Swapped(self.parents[node], node, new) as tree:
            text = ast.unparse(tree(outer))
            said = _short(tree(shown))
        parent = self.parents[node]
        if shown is node and isinstance(parent, (ast.If, ast.While)) and node is parent.test:
            old = f"{'if' if isinstance(parent, ast.If) else 'while'} {old}"
        if shown is node and isinstance(parent, ast.ExceptHandler):
            old = f"except {old}"
        if not isinstance(node, ast.Slice):
            text = f"({text})"
        start, end = self._place(outer)
        yield where, f"{old} → {said}", start, end, text.encode()

    def _shown(self, node: ast.AST) -> ast.AST:
        """The largest thing around an expression that is short enough to be shown with it."""
        shown = at = node
        while True:
            at = self.parents[at]
            if isinstance(at, (ast.Module, ast.ClassDef, ast.ExceptHandler, ast.arguments)):
                return shown
            if isinstance(at, ast.stmt):
                simple = not hasattr(at, "body") and not isinstance(at, ast.AnnAssign)
                if simple and len(ast.unparse(at)) <= CONTEXT:
                    return at
                return shown
            if isinstance(at, ast.expr) and len(ast.unparse(at)) <= CONTEXT:
                shown = at

    def _place(self, node: ast.AST) -> tuple[int, int]:
        line, column = node.lineno, node.col_offset  # type: ignore[attr-defined]
        if decorators := getattr(node, "decorator_list", []):
            line, column = decorators[0].lineno, decorators[0].col_offset - 1
        last, end = node.end_lineno, node.end_col_offset  # type: ignore[attr-defined]
        return self.starts[line - 1] + column, self.starts[last - 1] + end


class _Swapped:
    """While this lasts, one node's place in the tree has another; returns what stands for a node meanwhile."""

    def __init__(self, parent: ast.AST, old: ast.AST, new: ast.AST) -> None:
        self.parent, self.old, self.new = parent, old, new

    def _swap(self, old: ast.AST, new: ast.AST) -> None:
        for name, value in ast.iter_fields(self.parent):
            if value is old:
                setattr(self.parent, name, new)
            elif isinstance(value, list):
                value[:] = [new if one is old else one for one in value]

    def __enter__(self) -> Callable[[ast.AST], ast.AST]:
        self._swap(self.old, self.new)
        return lambda node: self.new if node is self.old else node

    def __exit__(self, *_: object) -> None:
        self._swap(self.new, self.old)


def _short(node: ast.AST) -> str:
    return _cut(ast.unparse(node).split("\n")[0])


def _cut(text: str) -> str:
    return text if len(text) <= SHORT else f"{text[: SHORT - 22]} … {text[-19:]}"
