"""Run trial's own loader and runner inside the child process, with a reporter that prints events.

The child is started as a script. It imports nothing of the tool but its neighbours, and then takes their folder off the
path, so that a learner's ``traces.py`` is the learner's own. It reads jobs from standard input, one JSON object a line, and
answers with events, one JSON object a line, on its original standard output. What a learner's code prints goes to standard
error instead. If the platform can fork, each job runs in a fork of this process, which has imported Twisted but no learner's
code, and has installed no reactor: so a job starts cold, but quickly.

A job has these keys: ``place`` (the folder that contains exercises/), ``targets`` (what trial runs, in order), ``stop`` (end
after the first target that fails), ``reactor`` (a name that trial knows, or null), ``limit`` (seconds that one test may
take), ``load`` (only load the tests and report their names), ``traces`` (report what tests leave outside their folder),
``limits`` (seconds for single tests, by name), ``again`` (run failed tests once more, in the same process), ``collect``
(collect garbage after each test, so that errors of unhandled Deferreds are reported with the test that left them).
"""

import contextlib
import faulthandler
import gc
import importlib
import io
import json
import os
import signal
import sys
import threading
import time
import unittest
from collections.abc import Callable
from functools import partial
from typing import Any

Send = Callable[..., None]

# With this file's own folder first on the path, learners would import the tool's modules by accident.
traces: Any = importlib.import_module("traces")
observer: Any = importlib.import_module("observer")
signs: Any = importlib.import_module("signs")
sys.path.pop(0)
sys.path += filter(None, os.environ.pop("WORKSHOP_PATH", "").split(os.pathsep))
del sys.modules["traces"], sys.modules["observer"], sys.modules["signs"]

LONGEST_MESSAGE = 4000
FEW_CALLS = 2
LONGEST_CALL = 300
MEMORY = 2 << 30
ASIDE = 200
MOST_FRAMES = 100  # as many as faulthandler writes
# The fraction of a test's limit after which the child reports the frames at which the test waits.
ASKED = 0.9


def main(modules: list[str]) -> None:
    """Import ``modules``, then serve jobs until standard input ends."""
    events = os.fdopen(_aside(1), "w", buffering=1, encoding="utf-8", errors="backslashreplace")
    os.dup2(2, 1)

    def send(event: str, **facts: Any) -> None:
        try:
            events.write(json.dumps({"event": event, **facts}) + "\n")
        except OSError:
            # The tool is gone, or a learner's code has closed this file too: either way, nobody would read the rest.
            os._exit(signs.CUT_OFF)

    # Imports leave little garbage, and each look for it takes time.
    gc.disable()
    for module in modules:
        # A name may be a class's: then only its module can be imported.
        with contextlib.suppress(ImportError):
            importlib.import_module(module)
    # trial sets this in every module before each test. In a fork, each first write copies memory.
    for imported in list(sys.modules.values()):
        with contextlib.suppress(Exception):
            imported.__warningregistry__ = None  # type: ignore[attr-defined]
    # A garbage collection in a fork need not scan what is here already, nor copy its memory.
    gc.freeze()
    gc.enable()
    send("ready")
    # Use readline: iteration would read ahead, and a fork would inherit the buffered data.
    for line in iter(sys.stdin.buffer.readline, b""):
        job = json.loads(line)
        if hasattr(os, "fork"):
            status = _forked(job, send)
            os.write(2, signs.END_OF_JOB)
            send("exit", status=status)
        else:
            send("started", pid=os.getpid())
            _run(job, send)
            sys.stdout.flush()
            os.write(2, signs.END_OF_JOB)
            send("exit", status=0)
            os._exit(0)


def _aside(file: int) -> int:
    """Duplicate a file descriptor, with a number that a learner's os.closerange is unlikely to reach."""
    if sys.platform != "win32":
        import fcntl

        with contextlib.suppress(OSError):
            return fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, ASIDE)
    return os.dup(file)


def _forked(job: dict[str, Any], send: Send) -> int:
    pid = os.fork()
    if pid == 0:
        code = 70
        try:
            os.setsid()
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            send("started", pid=os.getpid())
            _bound_memory()
            _run(job, send)
            code = 0
        finally:
            # Neither clean up the parent's copies nor wait for threads that never end.
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _bound_memory() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def _run(job: dict[str, Any], send: Send) -> None:
    place, limit = job["place"], job["limit"]
    os.chdir(place)
    sys.path.insert(0, place)
    file = os.open(os.path.join(place, "stacks"), os.O_WRONLY | os.O_CREAT)
    stacks = os.fdopen(_aside(file), "w")
    faulthandler.enable(stacks)
    if hasattr(signal, "SIGALRM"):
        # Ignore the alarm until a handler is installed.
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
    before = set(threading.enumerate())
    given = {name: (n, os.fstat(n)) for name, n in (("stdout", 1), ("stderr", 2), ("files", file))}

    def arm(test: str = "") -> None:
        # Ends this process from C, with every thread's stack in the file, whatever Python code does.
        seconds = job["limits"].get(test, limit)
        faulthandler.dump_traceback_later(seconds, exit=True, file=stacks)
        _ask_later(seconds * ASKED)

    arm()
    watched = traces.Traces(place)
    interrupted: str | None = None
    try:
        _trial(job, send, arm, watched.begin if job["traces"] else lambda: None)
    except SystemExit:
        interrupted = "exit"
    except KeyboardInterrupt:
        # trial raises this if the reactor was stopped while trial waited for a test.
        interrupted = "stop"
    except OSError:
        # trial's own log was closed under it: reported below, after the tests.
        if not traces.closed(given):
            raise
    faulthandler.cancel_dump_traceback_later()
    _ask_later(0)
    threads = traces.still_running(set(threading.enumerate()) - before)
    facts: dict[str, Any] = watched.found() if job["traces"] else {}
    facts |= {
        "threads": threads,
        "processes": traces.has_children(),
        "closed": traces.closed(given),
    }
    send("end", interrupted=interrupted, **facts)


def _ask_later(seconds: float) -> None:
    """Set the alarm whose handler reports the frames at which a test waits; 0 cancels it.

    It is a signal because a call in the reactor would be found there, and a thread would get in the way of a fork.
    """
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _stack(frame: Any) -> list[tuple[str, int, str]]:
    """Return the frames of a call, outermost first: the inner ones, if there are many."""
    found: list[tuple[str, int, str]] = []
    while frame is not None and len(found) < MOST_FRAMES:
        found.append((frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name))
        frame = frame.f_back
    return found[::-1]


def _trial(
    job: dict[str, Any], send: Send, arm: Callable[..., None], begin: Callable[[], None]
) -> None:
    if job["reactor"]:
        from twisted.application.reactors import installReactor

        installReactor(job["reactor"])
    from twisted.trial import runner

    loader = runner.TestLoader()
    suites = [loader.loadByName(target, recurse=True) for target in job["targets"]]
    groups = [_ids(suite) for suite in suites]
    send("loaded", tests=[id for group in groups for id in group])
    if job["load"]:
        return
    watcher = observer.Observer(send, _describe, job["place"])
    reporter = make_reporter(send, arm, groups, job["stop"], watcher)

    def ask(number: int, frame: Any) -> None:
        with contextlib.suppress(Exception):
            send("waits", frames=watcher.waits(), stack=_stack(frame))

    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, ask)
    begin()
    if job["collect"]:
        gc.collect()
    # Exempt what exists now from later scans, both for what a failed test left and by the garbage collector.
    gc.freeze()
    suite: Any = runner.TestSuite(suites)
    if job["again"]:
        suite = _Again([suite], lambda: _again(job, send, arm, reporter, loader, watcher))
    made = runner.TrialRunner(
        lambda *_: reporter, stream=io.StringIO(), forceGarbageCollection=job["collect"]
    )
    made.run(suite)


class _Again(unittest.TestSuite):
    """Tests, and a function to call after them while trial still runs."""

    def __init__(self, tests: Any, then: Callable[[], None]) -> None:
        super().__init__(tests)
        self._then = then

    def run(self, result: Any, debug: bool = False) -> Any:
        for test in self:
            test.run(result)
        self._then()
        return result


def _again(
    job: dict[str, Any], send: Send, arm: Callable[..., None], first: Any, loader: Any, watcher: Any
) -> None:
    """Run the failed tests once more, up to the first that fails again."""
    from twisted.trial import itrial, unittest

    names = [job["targets"][n] for n in sorted(first.failed_groups)]
    suites = [loader.loadByName(name, recurse=True) for name in names]
    groups = [_ids(one) for one in suites]
    result = make_reporter(partial(send, again=True), arm, groups, True, watcher)
    for suite in suites:
        if not result.shouldStop:
            unittest.decorate(suite, itrial.ITestCase).run(result)


def _ids(suite: Any) -> list[str]:
    try:
        return [id for test in suite for id in _ids(test)]
    except TypeError:
        return [suite.id()]


def make_reporter(
    send: Send, arm: Callable[..., None], groups: list[list[str]], stop: bool, watcher: Any
) -> Any:
    """Make a trial reporter that sends a ``test`` event for each test, once everything that belongs to it is known.

    A leaked selectable is reported after the success of the test that left it, so a test's status is the worst reported for
    it, never the last.

    Args:
        groups: The test ids of each target.
        watcher: The observer of whatever else happens.
    """
    from twisted.trial.reporter import TestResult

    class Reporter(TestResult):
        def __init__(self) -> None:
            super().__init__()
            self.problems: list[dict[str, Any]] = []
            self.status = "passed"
            self.began = 0.0
            self.failed = False
            self.failed_groups: set[int] = set()
            self.running = False
            self.group = 0
            self.left = [len(group) for group in groups]
            self.owner = {id: n for n, group in enumerate(groups) for id in group}

        def startTest(self, test: Any) -> None:
            super().startTest(test)
            arm(test.id())
            self.problems, self.status, self.began = [], "passed", time.monotonic()
            self.running = True
            watcher.begin(test)
            send("start", test=test.id())

        def stopTest(self, test: Any) -> None:
            super().stopTest(test)
            seconds = time.monotonic() - self.began
            send(
                "test",
                test=test.id(),
                status=self.status,
                problems=self.problems,
                besides=watcher.end(self.problems),
                seconds=round(seconds, 4),
            )
            self.running = False
            group = self.owner.get(test.id(), self.group)
            if group != self.group:
                self.group, self.failed = group, False
            self.failed |= self.status == "failed"
            if self.status == "failed":
                self.failed_groups.add(group)
            self.left[group] -= 1
            if stop and self.failed and self.left[group] == 0:
                self.stop()

        def _problem(self, error: Any) -> None:
            problem = watcher.failed(self._getFailure(error))
            if self.running:
                self.status = "failed"
                self.problems.append(problem)
            else:
                send("late", problem=problem)

        def addFailure(self, test: Any, fail: Any) -> None:
            self._problem(fail)

        def addError(self, test: Any, error: Any) -> None:
            self._problem(error)

        def addSkip(self, test: Any, reason: Any) -> None:
            if self.status == "passed":
                self.status = "skipped"
                # Marked in the test's own code, or raised by whatever it runs.
                marked = getattr(test, "getSkip", lambda: None)()
                name = "" if marked else "SkipTest"
                self.problems.append({"exception": name, "message": str(reason), "frames": []})

        def addUnexpectedSuccess(self, test: Any, todo: Any = None) -> None:
            self.status = "failed"
            message = f"passes, though it is marked as todo: {getattr(todo, 'reason', todo)}"
            self.problems.append({"exception": "", "message": message, "frames": []})

    return Reporter()


def _describe(failure: Any) -> dict[str, Any]:
    """Describe a failure as plain data: the exception's name, its message and its frames as (file, line, function)."""
    value = failure.value
    frames = [(file, line, name) for name, file, line, *_ in failure.frames]
    try:
        dirty = type(value).__name__ == "DirtyReactorAggregateError"
        message = _left_behind(value) if dirty else str(value)
    except Exception as error:
        message = f"(its message could not be made: {error!r})"
    if isinstance(value, SyntaxError) and value.filename:
        frames.append((value.filename, value.lineno or 1, ""))
        message = value.msg
    if len(message) > LONGEST_MESSAGE:
        message = f"{message[:LONGEST_MESSAGE]} ..."
    return {"exception": type(value).__name__, "message": message, "frames": frames}


def _left_behind(error: Any) -> str:
    """List what was left in the reactor: for delayed calls and for selectables, their number and the first few."""
    lines = ["Reactor was unclean."]
    for kind, left in (("DelayedCalls", error.delayedCalls), ("Selectables", error.selectables)):
        if left:
            lines.append(f"{kind}: {len(left)}")
            lines += [f"  {' '.join(str(one).split())[:LONGEST_CALL]}" for one in left[:FEW_CALLS]]
    return "\n".join(lines)


if __name__ == "__main__":
    main(sys.argv[1:])
