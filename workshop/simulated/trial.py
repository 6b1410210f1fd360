"""The simulated network as one of trial's reactors: each test has a history of its own, and a failing one says which."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from shlex import quote
from typing import Any, Protocol

from twisted.internet.error import ReactorAlreadyRunning
from twisted.internet.main import installReactor
from twisted.python.failure import Failure
from twisted.python.usage import UsageError
from twisted.trial.itrial import IReporter
from twisted.trial.unittest import SynchronousTestCase
from twisted.trial.util import acquireAttribute

from .errors import Endless, Misused
from .reactor import MOST_SECONDS, RUN, SimulatedReactor
from .waiting import waits
from .weather import PRESETS, USE, History, setting

MOST_SAID = 10
"""Decisions that a failing test prints."""


class Asked(Protocol):
    """Says which history a test has, in the weather that it names, if any."""

    def history(self, weather: str | None = None) -> History: ...


def again(test: Any, history: History) -> str:
    """The command that runs a test again, with the same history."""
    words = []
    if history.weather != "calm":
        words = [f"SIMULATED_SEED={history.seed}", f"SIMULATED_WEATHER={history.weather}"]
        if history.put_back:
            words.append(f"SIMULATED_PUT_BACK={quote(','.join(sorted(history.put_back)))}")
    return " ".join([*words, "trial --reactor=simulated", test.id()])


def note(test: Any, history: History) -> str:
    """What is printed below a failing test: the weather, what it did, and the command that runs this history again."""
    lines = ["Simulated network, calm."]
    if history.weather != "calm":
        done = history.departures
        lines = [
            f"Simulated network, {history.weather}, seed {history.seed}: {len(done)} of "
            f"{len(history.decisions)} decisions are not as in calm weather."
        ]
        lines += [f"  {one}" for one in done[:MOST_SAID]]
        lines += [f"  and {len(done) - MOST_SAID} more"] * (len(done) > MOST_SAID)
    return "\n".join([*lines, "This history again:", f"  {again(test, history)}", ""])


class Noting:
    """A reporter that adds a note to each failure. All else is the reporter's own."""

    def __init__(self, reporter: Any, history: History) -> None:
        self._reporter = reporter
        self._history = history

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reporter, name)

    def __conform__(self, interface: Any) -> Any:
        """This provides what the reporter provides."""
        return self if interface is IReporter else None

    def _noted(self, test: Any, failure: Any) -> Any:
        if isinstance(failure, tuple):
            failure = Failure(failure[1], failure[0], failure[2])
        if isinstance(failure, Failure):
            plain = failure.getTraceback
            text = note(test, self._history)
            text = f"{RUN}\n\n{text}" if failure.check(ReactorAlreadyRunning) else text
            vars(failure)["getTraceback"] = lambda *some, **named: (
                plain(*some, **named) + "\n" + text
            )
        return failure

    def addError(self, test: Any, error: Any) -> None:
        """An error, with a note."""
        self._reporter.addError(test, self._noted(test, error))

    def addFailure(self, test: Any, failure: Any) -> None:
        """A failure, with a note."""
        self._reporter.addFailure(test, self._noted(test, failure))


@contextmanager
def watched(reactor: SimulatedReactor) -> Iterator[None]:
    """End a test that blocks for real, by an alarm: a lock or a thread, or a loop that never returns to the reactor."""
    able = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    if not able or signal.getsignal(signal.SIGALRM) is not signal.SIG_DFL:
        yield
        return

    def ring(*_: Any) -> None:
        raise Endless(
            f"This did not return to the reactor for {MOST_SECONDS:.0f} s of real time. Does it block, for "
            f"instance on a thread? Nothing may: the simulation has one thread only. {waits(reactor)}"
        )

    signal.signal(signal.SIGALRM, ring)
    # Later than the reactor's own limit, which says more.
    signal.setitimer(signal.ITIMER_REAL, MOST_SECONDS * 1.5)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


def weather_of(test: Any) -> str | None:
    """The weather that a test names: an attribute of its method, class or module."""
    named = acquireAttribute(test._parents, "weather", None)
    if isinstance(named, str) and named not in PRESETS:
        raise Misused(f"{test.id()}: weather = {named!r} is unknown: {USE}")
    return named if isinstance(named, str) else None


def one_history_each(reactor: SimulatedReactor, asked: Asked) -> None:
    """Have each test that trial runs begin a history."""
    plain: Any = SynchronousTestCase.run

    def run(test: Any, result: Any) -> Any:
        if reactor.test is not None or not IReporter.providedBy(result):
            return plain(test, result)
        try:
            history = asked.history(weather_of(test))
        except Misused as problem:
            result.startTest(test)
            result.addError(test, Failure(problem))
            return result.stopTest(test)
        reactor.begin(history)
        reactor.test = test
        try:
            with watched(reactor):
                return plain(test, Noting(result, history))
        finally:
            reactor.test = None

    SynchronousTestCase.run = run  # type: ignore[method-assign]


def install() -> None:
    """Install the reactor, as trial --reactor=simulated does. The environment has the seed and the weather."""
    try:
        asked = setting()
    except Misused as problem:
        raise UsageError(str(problem)) from None
    reactor = SimulatedReactor()
    reactor.begin(asked.history())
    installReactor(reactor)
    one_history_each(reactor, asked)
