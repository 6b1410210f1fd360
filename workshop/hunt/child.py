"""What runs tests: a process that has imported them, and forks for each job.

It reads jobs from standard input, a JSON object a line, and answers each with one on its original standard output. What
tests print goes nowhere. Many histories run in one fork, up to the first that fails: whatever a failed test leaves behind
disturbs no other.
"""

from __future__ import annotations

import contextlib
import copy
import faulthandler
import gc
import importlib
import json
import mmap
import os
import pkgutil
import re
import select
import signal
import struct
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from twisted.internet.main import installReactor
from twisted.logger import globalLogBeginner
from twisted.python.failure import Failure
from twisted.python.reflect import filenameToModuleName
from twisted.trial import reporter, runner, unittest

from workshop.hunt.histories import Chosen, Sown, choices
from workshop.hunt.timeline import Recorder, drawn
from workshop.simulated.reactor import SimulatedReactor
from workshop.simulated.trial import again, one_history_each
from workshop.simulated.weather import History

Job = dict[str, Any]
POLL = 0.1
"""Seconds between two looks at a fork that runs."""
LAST_WORDS = 0.5
"""Seconds that a fork which hangs has to write where it is."""
LONGEST = 3000
"""Characters of a failure's message that are kept."""
POSITION = struct.Struct("=q")
SELDOM = 50_000
"""Objects between two collections of garbage within a history; after each there is one anyway."""
ADDRESS = re.compile(r"\b(?:0x)?(?=[a-f]*\d)[0-9a-f]{10,16}\b")
"""An object's address, which differs from run to run."""
DIED = 70
"""The exit code of a fork in which our own code failed."""
OURS = (f"{os.sep}site-packages{os.sep}", f"{os.sep}workshop{os.sep}", f"{os.sep}lib{os.sep}python")
"""Parts of paths whose frames explain nothing."""


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

    def load(self, target: str, paths: list[str]) -> Job:
        """Load a target's tests: their names, or why there are none."""
        sys.path[:0] = paths
        if os.path.exists(target) and os.sep in target:
            target = filenameToModuleName(target)
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

    def run(self, number: int) -> reporter.TestResult:
        """Run a test, as new, in the history that make() returns."""
        result = reporter.TestResult()
        fresh(self.tests[number]).run(result)
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
    """The names beside one that does not exist, each in full; None if it exists, and fails for another reason."""
    found: Any = None
    done: list[str] = []
    for part in name.split("."):
        full = ".".join([*done, part])
        try:
            found = importlib.import_module(full)
        except ModuleNotFoundError as error:
            if error.name != full:
                return None
        except BaseException:
            return None
        else:
            done.append(part)
            continue
        if found is not None and hasattr(found, part):
            found = getattr(found, part)
            done.append(part)
            continue
        names = [one for one in dir(found) if one[:1] != "_"] if found is not None else []
        names += [one.name for one in pkgutil.iter_modules(getattr(found, "__path__", None) or [])]
        return [".".join([*done, one]) for one in sorted({*names})]
    return None


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


def _places(failure: Any) -> list[str]:
    """Where in the user's own files it failed."""
    frames = traceback.extract_tb(failure.getTracebackObject())
    found = [(one.filename, one.lineno) for one in frames]
    found = found or [(file, line) for _, file, line, *_ in failure.frames]
    return [
        f"{Path(file).name}, line {line}"
        for file, line in found
        if not any(part in file for part in OURS) and os.path.isabs(file)
    ]


def failure_of(result: reporter.TestResult) -> tuple[str, str] | None:
    """A failed test's kind of failure and its text; None if it did not fail."""
    problems = [failure for _, failure in [*result.errors, *result.failures]]
    if not problems:
        return None
    failure: Any = problems[0]
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


class Forks:
    """Runs jobs in forks of this process, and watches over them."""

    def __init__(self, tests: Tests, limit: float, answers: int) -> None:
        self._tests = tests
        self._limit = limit
        self._answers = answers
        self._parent = os.getppid()
        self._shared = mmap.mmap(-1, POSITION.size)
        self._stack, self._its_stack = os.pipe()

    def at(self, history: int) -> None:
        """Note which history begins, so that one that hangs can be named."""
        POSITION.pack_into(self._shared, 0, history)

    def forked(self, do: Callable[[], Job]) -> Job:
        """What a function returns in a fork; or {"hung": where it was} or {"died": its status}, and "at"."""
        reading, writing = os.pipe()
        self.at(-1)
        pid = os.fork()
        if pid == 0:
            code = DIED
            try:
                os.close(reading)
                os.close(self._answers)
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                faulthandler.register(signal.SIGUSR1, file=self._its_stack, all_threads=False)
                answer = json.dumps(do()).encode()
                with open(writing, "wb") as file:
                    file.write(answer)
                code = 0
            finally:
                os._exit(code)
        os.close(writing)
        data = b""
        try:
            data, why = self._read(reading)
        finally:
            os.close(reading)
        place: Job = {"at": max(0, *POSITION.unpack_from(self._shared, 0))}
        if why:
            hung = self._stack_of(pid)
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return place | {"hung": hung}
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if status or not data:
            return place | {"died": status}
        found: Job = json.loads(data)
        return found

    def _read(self, file: int) -> tuple[bytes, bool]:
        """What a fork answers; and whether it hangs, that is, has been at the same place for longer than the limit."""
        data = b""
        place, since = b"", time.monotonic()
        while True:
            if select.select([file], [], [], POLL)[0]:
                part = os.read(file, 1 << 20)
                data += part
                if not part:
                    return data, False
                continue
            if self._shared[:] != place:
                place, since = self._shared[:], time.monotonic()
            elif time.monotonic() - since > self._limit:
                return data, True
            if os.getppid() != self._parent:
                os.killpg(0, signal.SIGKILL)  # whoever started this is gone

    def _stack_of(self, pid: int) -> str:
        """Where a fork is, in the user's own files."""
        os.kill(pid, signal.SIGUSR1)
        if not select.select([self._stack], [], [], LAST_WORDS)[0]:
            return ""
        for line in os.read(self._stack, 1 << 16).decode("utf-8", "replace").splitlines():
            words = line.strip().split('"')
            if len(words) == 3 and not any(part in words[1] for part in OURS):
                return f"{Path(words[1]).name}{words[2].replace(' in ', ', in ')}".strip()
        return ""


class Serve:
    """Does the jobs."""

    def __init__(self, tests: Tests, forks: Forks) -> None:
        self._tests = tests
        self._forks = forks

    def do(self, job: Job) -> Job:
        """Answer a job."""
        found: Job = getattr(self, job["do"])(job)
        return found

    def sweep(self, job: Job) -> Job:
        """Run tests through seeds: for each seed all the tests. With "stop", up to the first that fails.

        The histories are numbered; "histories" has the first, and the one after the last. Answers with how many ran, the
        failures, the reasons of skipped tests, and which tests decided nothing.
        """
        begin, end = job["histories"]
        found: Job = {"ran": 0, "failures": [], "skipped": {}, "idle": []}
        while begin < end:
            part = self._forks.forked(partial(self._sweep_on, job, begin, end))
            if "ran" not in part:
                at = part["at"]
                part["ran"] = at + 1 - begin
                part["failures"] = [self._gone(part) | {"at": at}]
            begin += part["ran"]
            found["ran"] += part["ran"]
            found["failures"] += part["failures"]
            found["skipped"] |= part.get("skipped", {})
            found["idle"] += part.get("idle", [])
            if part["failures"] and job["stop"]:
                break
        return found

    def _gone(self, part: Job) -> Job:
        """A failure for a fork that hung or is dead."""
        if "hung" in part:
            where = f": {part['hung']}" if part["hung"] else ""
            said = (
                f"It still ran after {self._forks._limit:g} s of real time, and was ended{where}."
            )
            return {"kind": "hung", "text": said}
        status = part["died"]
        how = f"killed by signal {-status}" if status < 0 else f"with exit code {status}"
        return {"kind": "died", "text": f"It ended its process, {how}."}

    def _sweep_on(self, job: Job, begin: int, end: int) -> Job:
        """Run, from a place on, up to the first failure. This is in a fork."""
        tests, weather, suite = job["tests"], job["weather"], self._tests
        found: Job = {"ran": 0, "failures": [], "skipped": {}, "idle": []}
        for at in range(begin, end):
            self._forks.at(at)
            turn, which = divmod(at, len(tests))
            suite.make = partial(_sown, job["first"] + turn, weather, (), job["rows"])
            result = suite.run(tests[which])
            found["ran"] += 1
            if result.skips:
                found["skipped"][tests[which]] = str(result.skips[0][1])
            if not suite.last.decisions and weather != "calm":
                found["idle"].append(tests[which])
            if failed := failure_of(result):
                found["failures"] = [{"kind": failed[0], "text": failed[1], "at": at}]
                break
            gc.collect()
        return found

    def replay(self, job: Job) -> Job:
        """Run one history. Answers with whether and how it failed, its choices, and the command that repeats it."""
        part = self._forks.forked(lambda: self._replay(job))
        if "choices" in part:
            return part
        return {"choices": [], "weather": job["weather"], "command": "", "timeline": []} | (
            self._gone(part)
        )

    def _replay(self, job: Job) -> Job:
        suite, options = self._tests, job.get("options")
        if options is None:
            put_back = job.get("put_back", ())
            suite.make = partial(_sown, job["seed"], job["weather"], put_back, job["rows"])
        else:
            suite.make = partial(_chosen, job["weather"], options)
        test = fresh(suite.tests[job["test"]])
        result = reporter.TestResult()
        recorder = Recorder(suite.reactor)
        with recorder.recording(test) if job.get("record") else contextlib.nullcontext():
            test.run(result)
        kind, text = failure_of(result) or ("", "")
        return {
            "kind": kind,
            "text": text,
            "timeline": drawn(recorder.events),
            "choices": choices(suite.last),
            "weather": suite.last.weather,
            "command": again(test, suite.last),
        }

    def walk(self, job: Job) -> Job:
        """Run listed histories of a test. Answers, for each, with the decisions that came after those of the list."""
        many = job["histories"]
        found: Job = {"later": [], "failures": []}
        while len(found["later"]) < len(many):
            done = len(found["later"])
            part = self._forks.forked(partial(self._walk_on, job, done))
            if "later" not in part:
                at = part["at"]
                part["later"] = [[]] * (at + 1 - done)
                part["failures"] = [self._gone(part) | {"at": at}]
            found["later"] += part["later"]
            found["failures"] += part["failures"]
            if part["failures"]:
                break
        return found

    def _walk_on(self, job: Job, begin: int) -> Job:
        """Run, from a place on, up to the first failure. This is in a fork."""
        suite, many = self._tests, job["histories"]
        found: Job = {"later": [], "failures": []}
        for at in range(begin, len(many)):
            self._forks.at(at)
            suite.make = partial(_chosen, job["weather"], many[at])
            result = suite.run(job["test"])
            history = suite.last
            found["later"].append(history.later() if isinstance(history, Chosen) else [])
            if failed := failure_of(result):
                found["failures"] = [{"kind": failed[0], "text": failed[1], "at": at}]
                break
            gc.collect()
        return found


def _sown(
    seed: int, weather: str, put_back: Any, rows: list[str] | None, own: str | None
) -> History:
    """A seed's history. In calm weather a test's own weather does not count: it is run to see whether it fails at all."""
    own = weather if weather == "calm" else own or weather
    if rows is None:
        return History(seed, own, put_back)
    return Sown(seed, own, put_back, rows)


def _chosen(weather: str, options: dict[str, int], own: str | None) -> History:
    return Chosen(own or weather, options)


def main() -> None:
    """Serve, until standard input ends."""
    jobs, answers = os.fdopen(os.dup(0), "rb"), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for file in (0, 1, 2):
        os.dup2(nothing, file)

    def answer(what: Job) -> None:
        data = json.dumps(what).encode() + b"\n"
        while data:
            data = data[os.write(answers, data) :]

    # Otherwise Twisted keeps the last messages, since it waits for somebody to read them.
    globalLogBeginner.beginLoggingTo([], discardBuffer=True, redirectStandardIO=False)
    first: Job = json.loads(jobs.readline())
    tests = Tests()
    answer(tests.load(first["target"], first["paths"]))
    serve = Serve(tests, Forks(tests, first["limit"], answers))
    gc.collect()
    gc.freeze()
    gc.set_threshold(SELDOM)
    # Not by iteration, which reads ahead: a fork has a copy of what is read.
    for line in iter(jobs.readline, b""):
        answer(serve.do(json.loads(line)))


if __name__ == "__main__":
    main()
