"""Test cases that are run inside of a test, and what trial says of them."""

from __future__ import annotations

import functools
import gc
import re
from typing import Any, Callable

from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.protocol import Factory, Protocol
from twisted.trial.reporter import TestResult
from twisted.trial.unittest import TestCase


class Verdict(TestResult):  # type: ignore[misc]
    """What became of each test: a list of (kind, text) for each name, in trial's words."""

    def __init__(self) -> None:
        super().__init__()
        self.said: dict[str, list[tuple[str, str]]] = {}

    def note(self, test: Any, kind: str, why: Any = None) -> None:
        text = (
            "" if why is None else why.getTraceback() if hasattr(why, "getTraceback") else f"{why}"
        )
        self.said.setdefault(test.id().rpartition(".")[2], []).append((kind, text))

    def addSuccess(self, test: Any) -> None:
        super().addSuccess(test)
        self.note(test, "OK")

    def addError(self, test: Any, error: Any) -> None:
        super().addError(test, error)
        self.note(test, "ERROR", error)

    def addFailure(self, test: Any, failure: Any) -> None:
        super().addFailure(test, failure)
        self.note(test, "FAILURE", failure)

    def addSkip(self, test: Any, reason: Any) -> None:
        super().addSkip(test, reason)
        self.note(test, "SKIPPED")


def run(case: type[Any]) -> dict[str, list[tuple[str, str]]]:
    """Run a test case's tests, in their order. Returns the verdicts."""
    verdict = Verdict()
    gc.freeze()  # so that each collection looks at this run's objects alone
    for name in sorted(name for name in dir(case) if name.startswith("test")):
        case(name).run(verdict)
        gc.collect()  # a Deferred whose failure nobody handled is reported now
    gc.unfreeze()
    return verdict.said


def waited(test: Callable[..., Any]) -> Callable[..., Deferred[None]]:
    """Let trial wait for a coroutine: before Twisted 24.7, it calls an async def test and never awaits it."""

    @functools.wraps(test)
    def deferred(*args: Any) -> Deferred[None]:
        return ensureDeferred(test(*args))

    return deferred


def message(text: str) -> str:
    """The message of NotTidy, from a traceback."""
    _, found, rest = text.partition("NotTidy: ")
    return rest.strip() if found else ""


def lines(text: str) -> list[str]:
    """The lines of a message, without what differs between two runs and two machines."""
    text = re.sub(r"/\S*/(\w+\.py):\d+", r"\1:N", text)
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:N", text)
    return re.sub(r" at 0x[0-9a-f]+", "", text).splitlines()


class Innocent(TestCase):
    """A test case whose last test opens nothing: if it fails, another one has left something to it."""

    timeout = 2.0

    def test_z_innocent(self) -> None:
        """Opens nothing."""


class Quiet(Protocol):
    """A protocol with the same name whenever it is shown."""

    def __str__(self) -> str:
        return f"<{type(self).__name__}>"


def factory(protocol: type[Protocol] = Quiet) -> Any:
    """Return a factory that makes no noise in the log."""
    made = Factory.forProtocol(protocol)
    made.noisy = False  # type: ignore[attr-defined]
    return made
