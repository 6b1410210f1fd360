"""The simulated network as one of trial's reactors: each test has a history of its own, and a failing one says which."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from shlex import quote
from typing import Any

from twisted.internet.error import ReactorAlreadyRunning
from twisted.internet.main import installReactor
from twisted.python.failure import Failure
from twisted.trial.itrial import IReporter
from twisted.trial.unittest import SynchronousTestCase
from twisted.trial.util import acquireAttribute

from .errors import Endless, Misused
from .reactor import MOST_SECONDS, RUN, SimulatedReactor
from .waiting import waits
from .weather import History, known, setting

MOST_SAID = 10  # decisions that a failing test prints


def again(test: Any, history: History) -> str:
    """The command that runs a test again, with the same history."""
    words = [f"trial --reactor=simulated {test.id()}"]
    if history.weather != "calm":
        words[:0] = [f"SIMULATED_SEED={history.seed}", f"SIMULATED_WEATHER={history.weather}"]
        if history.put_back:
            words.insert(2, f"SIMULATED_PUT_BACK={quote(','.join(sorted(history.put_back)))}")
    if len(words) > 1 and sys.platform == "win32":  # PowerShell can run this, too
        return f'cmd /c "set {"&& set ".join(words[:-1])}&& {words[-1]}"'
    return " ".join(words)


def note(test: Any, history: History) -> str:
    """What is printed below a failing test: the weather, what it did, and the command that runs this history again."""
    lines = ["Simulated network, calm."]
    if history.weather != "calm":
        done, drawn = history.departures, len(history.decisions)
        lines = [
            f"Simulated network, {history.weather}, seed {history.seed}: "
            f"{len(done)} of {drawn} decisions are not as in calm weather.",
            *(f"  {one}" for one in done[:MOST_SAID]),
            *[f"  and {len(done) - MOST_SAID} more"] * (len(done) > MOST_SAID),
        ]
    return "\n".join([*lines, "This history again:", f"  {again(test, history)}", ""])


def noted(add: Any, history: History) -> Any:
    """A reporter's method addError or addFailure, with a note below the traceback."""

    def add_noted(test: Any, failure: Any) -> None:
        plain = failure.getTraceback
        text = f"{RUN}\n\n" * bool(failure.check(ReactorAlreadyRunning)) + note(test, history)
        failure.getTraceback = lambda *some, **named: f"{plain(*some, **named)}\n{text}"
        add(test, failure)

    return add_noted


@contextmanager
def watched(reactor: SimulatedReactor) -> Iterator[None]:
    """End a test that blocks for real, by an alarm: a lock or a thread, or a loop that never returns to the reactor."""
    able = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    if not able or signal.getsignal(signal.SIGALRM) is not signal.SIG_DFL:
        yield
        return

    def ring(*_: Any) -> None:
        took = f"This did not return to the reactor for {MOST_SECONDS:.0f} s of real time."
        why = "Does it block, for instance on a thread? The reactor waits for each job of its pool."
        raise Endless(f"{took} {why} {waits(reactor)}")

    signal.signal(signal.SIGALRM, ring)
    # Later than the reactor's own limit, which says more.
    signal.setitimer(signal.ITIMER_REAL, MOST_SECONDS * 1.5)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


def one_history_each(reactor: SimulatedReactor, asked: Any) -> None:
    """Have each test that trial runs begin asked.history(weather). It names its weather in its method, class or module."""
    plain: Any = SynchronousTestCase.run

    def run(test: Any, result: Any) -> Any:
        if reactor.test is not None or not IReporter.providedBy(result):
            return plain(test, result)
        try:
            named = acquireAttribute(test._parents, "weather", None)
            named = known(named, f"{test.id()}: weather") if isinstance(named, str) else None
            history = asked.history(named)
        except Misused as problem:
            result.startTest(test)
            result.addError(test, Failure(problem))
            return result.stopTest(test)
        reactor.begin(history)
        reactor.test = test
        for name in ("addError", "addFailure"):
            vars(result)[name] = noted(getattr(result, name), history)
        try:
            with watched(reactor):
                return plain(test, result)
        finally:
            reactor.test = None
            del result.addError, result.addFailure

    SynchronousTestCase.run = run  # type: ignore[method-assign]


def install() -> None:
    """Install the reactor, as trial --reactor=simulated does. The environment has the seed and the weather."""
    reactor = SimulatedReactor()
    one_history_each(reactor, setting())
    installReactor(reactor)
