"""Runs a pair's tests on the simulated network, in a process of its own, which must not have installed a reactor."""

from __future__ import annotations

import gc
import importlib
import inspect
import json
import os
import signal
import subprocess
import sys
import textwrap
import unittest
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HISTORIES = 100
MOST_SECONDS = 30
MOST_SAID = 240
SKIPPED = "skipped, or marked as an expected failure"
PACKAGE = str(__package__)
ROOT = Path(__file__).resolve().parents[2]


def fresh(case: str, prefix: str = "test_") -> list[tuple[Any, str]]:
    """Import a case's tests again. Returns their classes and names."""
    name = f"{PACKAGE}.{prefix}{case}"
    sys.modules.pop(name, None)
    classes = vars(importlib.import_module(name)).values()
    return [
        (one, test)
        for one in classes
        if inspect.isclass(one) and issubclass(one, unittest.TestCase) and one.__module__ == name
        for test in unittest.defaultTestLoader.getTestCaseNames(one)
    ]


def problem(test: Any, result: Any) -> str | None:
    """Run a test. Returns why it fails, in short, or None."""
    test.run(result)
    if not result.wasSuccessful():
        # Errors that nobody handles are logged when they are deleted: here, not in the next test.
        gc.collect()
    if result.skips or result.expectedFailures:
        return SKIPPED
    for _, failure in [*result.errors, *result.failures]:
        text = f"{failure.type.__name__}: {failure.getErrorMessage()}"
        return textwrap.shorten(text, MOST_SAID, placeholder=" ...")
    return None


def patched(case: str, name: str, change: Any) -> Iterator[tuple[Any, str]]:
    """The tests of a case, while one thing in its program is changed: a class, a function or a method, by name."""
    *owners, attribute = name.split(".")
    owner: Any = importlib.import_module(f"{PACKAGE}.{case}")
    for one in owners:
        owner = getattr(owner, one)
    own = vars(owner).get(attribute)
    setattr(owner, attribute, change(getattr(owner, attribute)))
    try:
        yield from fresh(case)
    finally:
        if own is None:
            delattr(owner, attribute)
        else:
            setattr(owner, attribute, own)


class Simulation:
    """The simulated reactor, and runs of tests on it."""

    def __init__(self) -> None:
        # A process that was forked has the reactor of its parent.
        import twisted.internet

        gc.freeze()  # What is older need not be searched.
        sys.modules.pop("twisted.internet.reactor", None)
        vars(twisted.internet).pop("reactor", None)
        from twisted.application.reactors import installReactor

        installReactor("simulated")
        from twisted.internet import reactor

        self.reactor: Any = reactor
        self.history = type(self.reactor.network.history)

    def problem(self, cls: Any, name: str, seed: int, weather: str) -> str | None:
        """Run a test in one history. Returns why it fails, or None."""
        from twisted.trial.reporter import TestResult

        self.reactor.begin(self.history(seed, weather))
        self.reactor.test = test = cls(name)
        self.begun = self.reactor.seconds()
        why = problem(test, TestResult())
        # trial does not see a connection that neither reads nor writes.
        left = [one.label for one in self.reactor.network.sockets if one.owner is not None]
        return why or (f"it leaves these open: {', '.join(left)}" if left else None)

    def report(self, case: str) -> dict[str, Any]:
        """Run a case's tests in calm weather and in every history, and on the other programs."""
        from . import wrong

        tests = fresh(case)
        calm = []
        for cls, name in tests:
            why = self.problem(cls, name, 0, "calm")
            calm.append((name, why, self.reactor.seconds() - self.begun))
        windy = next(
            (
                (f"{cls.__name__}.{name}", seed, why)
                for seed in range(1, HISTORIES + 1)
                for cls, name in tests
                if (why := self.problem(cls, name, seed, "windy"))
            ),
            None,
        )
        unnoticed = [
            what
            for what, name, change in wrong.PROGRAMS[case]
            if not any([self.problem(*test, 0, "calm") for test in patched(case, name, change)])
        ]
        other = [
            (test[1], why)
            for test in (patched(case, *wrong.RIGHT[case]) if case in wrong.RIGHT else ())
            if (why := self.problem(*test, 0, "calm"))
        ]
        kept = [one for one in fresh("promises", "") if one[0].case == case]
        lost = [
            (getattr(cls, name).__doc__, why)
            for cls, name in kept
            if (why := self.problem(cls, name, 0, "calm"))
        ]
        found = {"calm": calm, "windy": windy, "unnoticed": unnoticed, "other": other}
        return {**found, "lost": lost}


def answer(case: str) -> str:
    """The report in JSON, or what kept it from being made."""
    try:
        return json.dumps(Simulation().report(case))
    except BaseException as error:
        return json.dumps({"broken": f"{type(error).__name__}: {error}"})


def ask(case: str) -> dict[str, Any]:
    """Have a new process make the report."""
    text = _forked(case) if hasattr(os, "fork") else _started(case)
    # The tests may print, too.
    report: dict[str, Any] = json.loads(text.strip().splitlines()[-1] if text.strip() else "{}")
    return report or {"broken": f"they ended their process, or took more than {MOST_SECONDS} s"}


def _started(case: str) -> str:
    """Without fork, as on Windows, a process begins by importing Twisted."""
    words = [sys.executable, "-m", f"{PACKAGE}.histories", case]
    try:
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=MOST_SECONDS)
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout


def _forked(case: str) -> str:
    """A fork has imported everything already."""
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            if hasattr(signal, "SIGALRM"):
                signal.signal(signal.SIGALRM, signal.SIG_DFL)
                signal.alarm(MOST_SECONDS)
            os.close(ours)
            os.write(theirs, answer(case).encode())
        finally:
            os._exit(0)
    os.close(theirs)
    with open(ours, "rb") as file:
        text = file.read().decode()
    os.waitpid(pid, 0)
    return text


if __name__ == "__main__":
    print(answer(sys.argv[1]))
