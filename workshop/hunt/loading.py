"""The tests of a target: loaded as trial loads them, run one at a time, each in the history that somebody asks for."""

from __future__ import annotations

import copy
import importlib
import inspect
import os
import pkgutil
import re
import sys
import sysconfig
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import TestCase

from twisted.internet.main import installReactor
from twisted.python.failure import Failure
from twisted.trial import reporter, runner, unittest

from workshop.simulated.reactor import SimulatedReactor
from workshop.simulated.trial import one_history_each
from workshop.simulated.weather import History

LONGEST = 3000
"""Characters of a failure's message that are kept."""
LONGEST_LOGGED = 300
"""Characters of another error that was logged."""
ADDRESS = re.compile(r"\b(?:0x)?(?=[a-f]*\d)[0-9a-f]{10,16}\b")
"""An object's address, which differs from run to run."""
OURS = (
    f"{os.sep}site-packages{os.sep}",
    f"{Path(__file__).resolve().parent.parent}{os.sep}",
    f"{sysconfig.get_paths()['stdlib']}{os.sep}",
)
"""Parts of paths whose frames explain nothing."""
STOPPED = "The reactor was stopped during the test: trial runs it, and must be the one to stop it."


class Tests:
    """The tests of a target, and the reactor on which they run, in histories that a job asks for."""

    def __init__(self) -> None:
        self.reactor = SimulatedReactor()
        installReactor(self.reactor)
        one_history_each(self.reactor, self)
        self.make: Callable[[str | None], History] = lambda weather: History()
        self.last = History()
        self.tests: list[Any] = []

    def history(self, weather: str | None = None) -> History:
        """The history of the test that begins now, in the weather that it names, if any."""
        self.last = self.make(weather)
        return self.last

    def load(self, target: str, paths: list[str]) -> dict[str, Any]:
        """Load a target's tests: their names, or why there are none."""
        sys.path[:0] = paths
        try:
            suite = runner.TestLoader().loadByName(target, recurse=True)
        except SystemExit:
            return {"unloadable": f"{target} cannot be imported: it calls sys.exit."}
        self.tests = list(_flat(suite))
        broken = [one for one in self.tests if isinstance(one, runner.ErrorHolder)]
        if broken:
            near = _near(target)
            if near is not None:
                return {"unknown": target, "near": near}
            return {"unloadable": _broken(broken[0])}
        self.tests = [one for one in self.tests if isinstance(one, unittest.SynchronousTestCase)]
        return {"tests": [one.id() for one in self.tests]}

    def run(self, test: Any) -> reporter.TestResult:
        """Run a test in the history that make() returns."""
        result = reporter.TestResult()
        try:
            test.run(result)
        except KeyboardInterrupt:
            # trial raises this if the reactor was stopped while it waited for the test.
            result.errors.insert(0, (test, Failure(RuntimeError(STOPPED))))
        return result


def fresh(test: Any) -> Any:
    """Another object for the same test, which nothing has used."""
    try:
        return type(test)(test._testMethodName)
    except Exception:
        return copy.copy(test)


def _flat(suite: Any) -> Iterator[Any]:
    """The tests of a suite."""
    if isinstance(suite, runner.ErrorHolder) or not hasattr(suite, "__iter__"):
        yield suite
    else:
        for one in suite:
            yield from _flat(one)


def _near(name: str) -> list[str] | None:
    """The tests beside one that does not exist, each in full; None if it exists, and fails for another reason."""
    found: Any = None
    parts = name.split(".")
    for n, part in enumerate(parts):
        before = ".".join(parts[:n])
        if found is None or inspect.ismodule(found):
            full = ".".join(parts[: n + 1])
            try:
                found = importlib.import_module(full)
                continue
            except ModuleNotFoundError as error:
                if error.name != full:
                    return None
            except BaseException:
                return None
        if found is not None and hasattr(found, part):
            found = getattr(found, part)
            continue
        return [f"{before}.{one}".lstrip(".") for one in sorted(_inside(found))]
    return None


def _inside(found: Any) -> Iterator[str]:
    """The tests, classes of tests and modules in what was found of a name; None: nothing was found."""
    for name in dir(found) if found is not None else ():
        if inspect.isclass(found):
            kept = name.startswith("test")
        else:
            kept = inspect.isclass(one := getattr(found, name)) and issubclass(one, TestCase)
        if kept:
            yield name
    folders = getattr(found, "__path__", None) if found is not None else sys.path[:1]
    for module in pkgutil.iter_modules(folders or []):
        yield module.name


def _broken(holder: Any) -> str:
    """Why tests cannot be loaded."""
    failure = holder.error
    if isinstance(failure, tuple):
        failure = Failure(failure[1], failure[0], failure[2])
    error = failure.value
    where = ""
    if isinstance(error, SyntaxError):
        where = f" ({error.filename}, line {error.lineno})"
    elif places := _places(failure):
        where = f" ({places[-1]})"
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{holder.description} cannot be imported: {type(error).__name__}: {text}{where}"


def explains(file: str) -> bool:
    """Whether a frame's file is the user's own."""
    return os.path.isabs(file) and not any(part in file for part in OURS)


def _places(failure: Any) -> list[str]:
    """Where in the user's own files it failed."""
    frames = traceback.extract_tb(failure.getTracebackObject())
    found = [(one.filename, one.lineno) for one in frames]
    found = found or [(file, line) for _, file, line, *_ in failure.frames]
    return [f"{Path(file).name}, line {line}" for file, line in found if explains(file)]


def failure_of(result: reporter.TestResult) -> tuple[str, str] | None:
    """A failed test's kind of failure and its text, below what else was logged; None if it did not fail."""
    problems = [_said(failure) for _, failure in [*result.errors, *result.failures]]
    if not problems:
        return None
    (kind, text), *others = problems
    logged = [f"Logged: {' '.join(other.split())[:LONGEST_LOGGED]}" for _, other in others]
    return kind, "\n".join([*dict.fromkeys(logged), text])


def _said(failure: Any) -> tuple[str, str]:
    """A failure's kind, and its text with its place."""
    if isinstance(failure, tuple):
        failure = Failure(failure[1], failure[0], failure[2])
    try:
        text = str(failure.value)
    except Exception as error:
        text = f"(its message could not be made: {error!r})"
    kind = type(failure.value).__name__
    text = ADDRESS.sub("0x...", text)
    if kind == "DirtyReactorAggregateError":
        text = _sorted(text)
    places = _places(failure)
    where = f"\n{places[-1]}" if places else ""
    head = "" if kind == "FailTest" and text else f"{kind}: "
    return kind, f"{head}{text.strip()[:LONGEST]}{where}"


def _sorted(text: str) -> str:
    """Sort the lines that trial takes from a set."""
    head = [line for line in text.splitlines() if line[:1] != "<"]
    return "\n".join([*head, *sorted(line for line in text.splitlines() if line[:1] == "<")])
