"""The steps of trial around one test, noted inside trial itself, in a separate process.

    steps = record("from twisted.trial.unittest import TestCase\\n\\n\\nclass Greets(TestCase): ...")

This changes no line of the test: for the run, wrappers that note each call replace the functions that trial calls.
"""

from __future__ import annotations

import functools
import inspect
import json
import re
import unittest
from collections.abc import Callable
from typing import Any, NamedTuple

YOURS, WAITS, GOES_ON, TURN, LOOKS, VERDICT = range(6)
MARK = "around: "
AFTER = "\n\nfrom workshop.notebook.around_steps import watch as watch_\n\nwatch_()\n"
"""The code below the test in its process."""
VERDICTS = {
    "addSuccess": "[OK]",
    "addFailure": "[FAIL]",
    "addError": "[ERROR]",
    "addSkip": "[SKIPPED]",
}
"""A reporter's methods, and what trial prints for them."""


class Step(NamedTuple):
    """Something that happened. ``found`` is its outcome, such as an exception's name, or what trial found left behind."""

    kind: int
    what: str
    found: list[str]


def record(source: str) -> list[Step]:
    """Run the one test of a cell, whose first line is the magic's, and return its steps.

    Raises:
        ValueError: The cell does not have exactly one test.
        CellTrouble: Its process has no verdict.
    """
    from workshop.notebook import cell

    runs = re.findall(rf"^{MARK}(.*)$", cell.run(source + AFTER), re.M)
    if len(runs) != 1:
        raise ValueError(f"%%around takes one test, and not {len(runs)}.")
    return [Step(*step) for step in json.loads(runs[0])]


def watch() -> None:
    """Have each test that runs from now on note its steps, and print them as JSON when it is over."""
    from twisted.trial import unittest as trial

    case: Any = trial.SynchronousTestCase
    run = case.run

    def noted(self: Any, result: Any) -> None:
        notes = Notes(self, isinstance(self, trial.TestCase))
        notes.attach(result)
        run(self, result)
        print(f"\n{MARK}{json.dumps(notes.steps)}")

    case.run = noted


class Notes:
    """The steps of one test. ``waits``: whether trial waits for a Deferred of this kind of test case."""

    def __init__(self, case: Any, waits: bool) -> None:
        self.steps: list[Step] = []
        self._case = case
        self._waits = waits
        self._cleanups = 0
        self._looked = False

    def attach(self, result: Any) -> None:
        """Note every call around the test from now on. Nothing undoes this: the process has only one test."""
        from twisted.internet import reactor
        from twisted.trial import _synctest

        case = self._case
        name = case.id().rpartition(".")[2]
        new: list[tuple[Any, str, Callable[[Any], Any]]] = [
            (case, name, functools.partial(self._part, name)),
            (case, "addCleanup", self._adding),
            (case, "flushLoggedErrors", self._flushing),
            # The one place where both kinds of test case get the logged errors. It has no public name.
            (_synctest._logObserver, "getErrors", functools.partial(self._look, "logged errors")),
            (reactor, "iterate", self._turning),
            (reactor, "getDelayedCalls", functools.partial(self._look, "delayed calls")),
            (reactor, "removeAll", functools.partial(self._look, "ports, connections")),
        ]
        for fixture in ("setUp", "tearDown"):
            if getattr(type(case), fixture) is not getattr(unittest.TestCase, fixture):
                new.append((case, fixture, functools.partial(self._part, fixture)))
        for reports, verdict in VERDICTS.items():
            new.append((result, reports, functools.partial(self._judging, verdict)))
        for owner, attribute, make in new:
            setattr(owner, attribute, make(getattr(owner, attribute)))

    def note(self, kind: int, what: str, *found: str) -> Step:
        """Note a step."""
        self.steps.append(Step(kind, what, list(found)))
        return self.steps[-1]

    def _part(self, name: str, function: Any) -> Any:
        """Wrap a part of the test so that it notes its call, and whether trial then waits for it."""
        if inspect.isgeneratorfunction(function):
            return function  # which trial refuses

        @functools.wraps(function)
        def part(*words: Any, **named: Any) -> Any:
            step = self.note(YOURS, name)
            try:
                result = function(*words, **named)
            except BaseException as error:
                step.found.append(f"raises {type(error).__name__}")
                raise
            return self._result(step, result)

        return part

    def _result(self, step: Step, result: Any) -> Any:
        from twisted.internet.defer import Deferred, ensureDeferred
        from twisted.python.failure import Failure

        kind = "coroutine" if inspect.iscoroutine(result) else "Deferred"
        if kind == "Deferred" and not isinstance(result, Deferred):
            return result
        if not self._waits:
            step.found.append(f"its {kind} is ignored")
            return result
        deferred = ensureDeferred(result)
        waiting, results = False, []

        def fired(result: Any) -> Any:
            results.append(result)
            failed = f"fails: {type(result.value).__name__}" if isinstance(result, Failure) else ""
            if waiting:
                self.note(GOES_ON, f"it {failed}" if failed else "it has its result")
            elif failed:
                step.found.append(failed)
            return result

        deferred.addBoth(fired)
        if not results:
            self.note(WAITS, "waits for its Deferred")
            waiting = True
        return deferred

    def _adding(self, add: Any) -> Any:
        def adding(function: Any, *words: Any, **named: Any) -> None:
            self._cleanups += 1
            name = f"cleanup {self._cleanups}: {function.__name__}"
            add(self._part(name, function), *words, **named)

        return adding

    def _flushing(self, flush: Any) -> Any:
        def flushing(*types: Any) -> Any:
            errors = flush(*types)
            # After its own check, trial calls this as well.
            if not self._looked:
                self.note(YOURS, "flushLoggedErrors", f"takes {len(errors)}")
            return errors

        return flushing

    def _look(self, what: str, look: Any) -> Any:
        def looking() -> Any:
            left = look()
            self._looked |= what == "logged errors"
            self.note(LOOKS, what, *sorted(_name(one) for one in left))
            return left

        return looking

    def _turning(self, iterate: Any) -> Any:
        def turning(delay: float = 0) -> None:
            if self.steps[-1].kind == TURN:
                self.steps[-1] = self.steps[-1]._replace(what="two short turns")
            else:
                self.note(TURN, "one short turn")
            iterate(delay)

        return turning

    def _judging(self, verdict: str, judge: Any) -> Any:
        def judging(*words: Any) -> Any:
            self.note(VERDICT, verdict)
            return judge(*words)

        return judging


def _name(left: Any) -> str:
    """Return the name of something left behind: a delayed call, a logged failure, a port or a connection."""
    function = getattr(left, "func", None)
    if function is not None:
        return str(getattr(function, "__qualname__", type(function).__name__))
    kind: type = getattr(left, "type", None) or type(left)
    return kind.__name__
