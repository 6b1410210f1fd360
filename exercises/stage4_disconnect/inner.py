"""A test within a test: run a small one as trial does, over real sockets, and check what trial reports of it.

Only a synchronous test can do that, since the reactor must not be running yet.
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
    """Run a TestCase class's runTest. Returns the exceptions that trial reports, in order.

    (runTest is the method that unittest runs if none is named.)
    times: how often the same instance is run, as trial -u does. patience: a timeout in seconds in place of the test's own.
    trial reports what the test has left in the reactor, and removes it; here it is closed too, so that no port listens
    after its test.
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
        # The Deferreds that this test waited for may hold failures, which would be logged in a later test.
        gc.collect()
        test.flushLoggedErrors()
    kinds = {text: kind(one) for one, text in left.items()}
    for problem in found:
        if isinstance(problem, DirtyReactorAggregateError):
            problem.kinds = [kinds.get(text, text) for text in problem.selectables or ()]
    return found


def trial_says(module, reactor, place):
    """Run a module's tests by trial, in a new process, on this reactor. Returns its output, or "" if all pass.

    place: a folder for its log, which is created.
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
        return "nothing: it is still running after 9 s."
    return (done.stdout + done.stderr)[-1500:] if done.returncode else ""


def kind(one):
    """Name something that trial has found in the reactor: a port, a client, a server, or its repr."""
    if IListeningPort.providedBy(one):
        return "port"
    if ITransport.providedBy(one):
        return "client" if hasattr(one, "connector") else "server"
    return repr(one)


def words(problem):
    """Describe a reported exception in one line."""
    if isinstance(problem, DirtyReactorAggregateError):
        counts = Counter(sorted(problem.kinds, key="port client server".find))
        names = [f"the {name}" if n == 1 else f"{n} {name}s" for name, n in counts.items()]
        return f"left in the reactor: {', '.join([*names, *problem.delayedCalls])}"
    late = LATE.search(str(problem))
    if isinstance(problem, TimeoutError) and late:
        return f"TimeoutError: its {late[1]} still waits after {late[2]} s"
    return f"{type(problem).__name__}: {problem}".rstrip(": .")


class Outer(SynchronousTestCase):
    """A test of what trial reports of inner tests."""

    longMessage = False  # only our message, without unittest's
    patience = None

    def assert_reported(self, case, expected, when, **how):
        """trial reports exactly these exceptions of an inner test. A NotImplementedError of a step is raised again."""
        began = time.monotonic()
        got = problems(case, patience=self.patience, **how)
        if got != expected and time.monotonic() - began > PATIENCE:
            # The step fails: from here on, its other tests wait for a shorter time.
            type(self).patience = PATIENCE
        for problem in got:
            if isinstance(problem, NotImplementedError):
                raise problem
        wanted = "; ".join(map(words, expected)) or "no problem"
        said = "; ".join(map(words, got)) or "none"
        kinds = {type(problem) for problem in got}
        if TimeoutError in kinds and DirtyReactorAggregateError not in kinds:
            said += "; nothing is left in the reactor: what it waits for is over, or will never end"
        self.assertEqual(
            got, expected, f"Expected trial to report {wanted} {when}; it reported {said}."
        )

    def assert_clean(self, case, when, **how):
        """trial reports nothing of an inner test."""
        self.assert_reported(case, [], when, **how)

    def assert_over(self, sides, when):
        """The connections of these protocols are over. over: as in lines.py."""
        left = [type(side).__name__ for side in sides if not side.over.called]
        self.assertEqual(left, [], f"Expected both sides to be over {when}; still open: {left}.")
