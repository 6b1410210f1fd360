"""A test within a test: a small one is run as trial runs it, over real sockets, and what trial said of it is looked at.

Only a synchronous test can ask for that, since the reactor must not be running yet.
"""

import gc
import os
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from twisted.internet.defer import TimeoutError
from twisted.internet.interfaces import IListeningPort, ITransport
from twisted.trial.reporter import TestResult
from twisted.trial.unittest import SynchronousTestCase
from twisted.trial.util import DirtyReactorAggregateError

LATE = re.compile(r"\((.+)\) still running at ([\d.]+) secs")  # how trial words a timeout
PATIENCE = 0.6  # seconds; more than an inner test waits for anything itself


def problems(case, times=1, patience=None):
    """Run a TestCase class's runTest. Returns what trial found wrong: exceptions, in the order in which they were reported.

    (runTest is unittest's name for the test of a class that has one. No loader takes it for a test of its own.)
    times: how often the same instance is run, as trial -u does. patience: seconds that the test may wait, if not its own.
    What the test has left in the reactor, trial reports and takes out; here it is closed too, so that no port listens for
    longer than its test.
    """
    from twisted.internet import reactor

    result, left, remove_all = TestResult(), {}, reactor.removeAll

    def remove_and_note():
        removed = remove_all()
        left.update((one, repr(one)) for one in removed)
        return removed

    test, reactor.removeAll = case(), remove_and_note
    if patience:
        test.timeout, test.limit = patience, 0.75 * patience
    try:
        for _ in range(times):
            test.run(result)
    finally:
        del reactor.removeAll
        for one in left:
            if hasattr(one, "socket"):
                one.socket.close()
    found = [failure.value for _, failure in (*result.failures, *result.errors)]
    if any(isinstance(problem, TimeoutError) for problem in found):
        # What this test still waited for may fail now, unhandled, and be blamed on the next one when it is deleted.
        gc.collect()
        test.flushLoggedErrors()
    kinds = {text: kind(one) for one, text in left.items()}
    for problem in found:
        if isinstance(problem, DirtyReactorAggregateError):
            problem.kinds = [kinds.get(text, text) for text in problem.selectables or ()]
    return found


def trial_says(module, reactor, place):
    """What trial says of a module's tests in a process of its own, on a reactor, if not all pass; else "".

    place: a folder for its log, which is made.
    """
    folder = Path(__file__).resolve().parents[__package__.count(".") + 1]
    command = [sys.executable, "-m", "twisted.trial", "-x", f"--reactor={reactor}"]
    try:
        done = subprocess.run(
            [*command, f"--temp-directory={place}", module],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=9,
        )
    except subprocess.TimeoutExpired:
        return "nothing: it still runs after 9 s."
    return (done.stdout + done.stderr)[-1500:] if done.returncode else ""


def kind(one):
    """Which of the three things that a test has open this is, as trial finds it in the reactor."""
    if IListeningPort.providedBy(one):
        return "port"
    if ITransport.providedBy(one):
        return "client" if hasattr(one, "connector") else "server"
    return repr(one)


def words(problem):
    """What trial found wrong, in a line."""
    if isinstance(problem, DirtyReactorAggregateError):
        counts = Counter(sorted(problem.kinds, key="port client server".find))
        names = [f"the {name}" if n == 1 else f"{n} {name}s" for name, n in counts.items()]
        return f"left in the reactor: {', '.join([*names, *problem.delayedCalls])}"
    late = LATE.search(str(problem))
    if isinstance(problem, TimeoutError) and late:
        return f"TimeoutError: its {late[1]} still waits after {late[2]} s"
    return f"{type(problem).__name__}: {problem}".rstrip(": .")


class Outer(SynchronousTestCase):
    """A test of what trial says of inner tests."""

    longMessage = False  # Our message alone, not unittest's before it.
    patience = None

    def assert_reported(self, case, expected, when, **how):
        """trial reports just these exceptions of an inner test. Where a step is not written, this raises what says so."""
        began = time.monotonic()
        got = problems(case, patience=self.patience, **how)
        if got != expected and time.monotonic() - began > PATIENCE:
            # A test of this step has waited in vain, so the step fails: the others need not make a learner wait as long.
            type(self).patience = PATIENCE
        for problem in got:
            if isinstance(problem, NotImplementedError):
                raise problem
        wanted = "; ".join(map(words, expected)) or "no problem"
        said = "; ".join(map(words, got)) or "none"
        kinds = {type(problem) for problem in got}
        if TimeoutError in kinds and DirtyReactorAggregateError not in kinds:
            said += "; nothing is left in the reactor: what it waits for is over, or never comes"
        self.assertEqual(
            got, expected, f"Expected trial to report {wanted} {when}; it reported {said}."
        )

    def assert_clean(self, case, when, **how):
        """trial has nothing to report of an inner test."""
        self.assert_reported(case, [], when, **how)

    def assert_over(self, sides, when):
        """The connections of these protocols were over before their test was. over: as in lines.py."""
        left = [type(side).__name__ for side in sides if not side.over.called]
        self.assertEqual(left, [], f"Expected both sides to be over {when}; still open: {left}.")
