"""What of the files to edit a step's tests can depend on, read from the syntax trees.

A level of a stage's ladder need not run a test again if nothing that it reaches has changed since a level before.
"""

from __future__ import annotations

import ast
import functools
import re
from dataclasses import dataclass
from pathlib import Path

from workshop.course import Stage, Step
from workshop.course.solutions import Overlay

QUOTED = re.compile(r"\bimport\b|\bexercises\b|\.py\b|^\.?\w+(\.\w+)*$")
"""Text in quotes that may name a module: code, a file, or names with dots."""
ALL = "*"


@dataclass(frozen=True)
class Module:
    """A file of Python.

    Attributes:
        defined: By name, each function and class at its top level.
        imported: By name, the module that the name is imported from, and its name there; ALL if it is the module itself.
        always: What else is at its top level, which an import runs.
    """

    defined: dict[str, ast.stmt]
    imported: dict[str, tuple[str, str]]
    always: tuple[ast.stmt, ...]


@functools.lru_cache(1000)
def module(source: str) -> Module:
    """Read a file. Imports within functions count as those of the file."""
    tree = ast.parse(source)
    imported: dict[str, tuple[str, str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            last = (node.module or "").rpartition(".")[2]
            for one in node.names:
                # from . import teardown: the name is a module's.
                imported[one.asname or one.name] = (last, one.name) if last else (one.name, ALL)
        elif isinstance(node, ast.Import):
            for one in node.names:
                imported[one.asname or one.name.partition(".")[0]] = (
                    one.name.rpartition(".")[2],
                    ALL,
                )
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    defined = {node.name: node for node in tree.body if isinstance(node, kinds)}
    return Module(defined, imported, tuple(n for n in tree.body if not isinstance(n, kinds)))


@functools.lru_cache(10_000)
def mentioned(node: ast.stmt) -> frozenset[tuple[str, bool]]:
    """Return the names that code uses, and the words in quotes that may be names of modules: those with True."""
    found: set[tuple[str, bool]] = set()
    docstrings = {one.value for one in ast.walk(node) if isinstance(one, ast.Expr)}
    for one in ast.walk(node):
        if isinstance(one, ast.Name):
            found.add((one.id, False))
        elif isinstance(one, ast.Constant) and one not in docstrings:
            text = str(one.value)
            found |= {(word, True) for word in re.findall(r"\w+", text) if QUOTED.search(text)}
    return frozenset(found)


def reach(stage: Stage, files: Overlay, step: Step) -> dict[str, frozenset[str]]:
    """Return, by file to edit, the names of functions and classes that the step's tests can reach; ALL for every one.

    A file that none of them imports or names is not in it. What is part of a run by its place, such as a plugin, is reached;
    so is each file whose name may be put together from a part in quotes.
    """
    modules: dict[str, Module | None] = {}
    found: dict[str, set[str]] = {}
    parts: set[str] = set()
    todo = [(step.module, step.cls)]

    def load(name: str) -> Module | None:
        if name not in modules:
            paths = [folder / f"{name}.py" for folder in (stage.folder, stage.folder.parent)]
            path = next((path for path in paths if path.is_file()), None)
            text = path and (files.get(path.name) or path.read_text("utf-8"))
            modules[name] = module(text) if text else None
        return modules[name]

    while todo:
        name, wanted = todo.pop()
        here = load(name)
        known = found.setdefault(name, set())
        if here is None or wanted in known:
            continue
        nodes = [] if known else [*here.always]
        known.add(wanted)
        if wanted in here.imported:
            todo.append(here.imported[wanted])
        elif wanted == ALL:
            todo += [(name, one) for one in (*here.defined, *here.imported)]
        elif wanted in here.defined:
            nodes.append(here.defined[wanted])
        for word, quoted in (pair for node in nodes for pair in mentioned(node)):
            parts |= {word} if quoted and word.endswith("_") else set()
            todo.append((word, ALL) if quoted else (name, word))
        # An import runs the other file, too.
        todo += [(other, "") for other, _ in here.imported.values()]
    starts = tuple(parts)
    return {
        file: frozenset(found.get(Path(file).stem, {ALL}))
        for file in stage.edit
        if Path(file).stem in found
        or file.startswith(starts)
        or "/" in file
        or not file.endswith(".py")
    }


@functools.lru_cache
def text_of(source: str, names: frozenset[str]) -> str:
    """Return what counts of a file: all of it, or the functions and classes of these names and what an import runs."""
    if ALL in names:
        return source
    here = module(source)
    nodes = [*here.always, *(node for name, node in here.defined.items() if name in names)]
    return "\n".join(ast.unparse(node) for node in nodes)
