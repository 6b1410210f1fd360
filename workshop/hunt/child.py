"""What runs tests: a process that has imported them, and forks for each job.

It reads jobs from standard input, a JSON object a line, and answers each with one on its original standard output. What
tests print goes nowhere. Many histories run in one fork, up to the first that fails: whatever a failed test leaves behind
disturbs no other.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from unittest import mock

from twisted.logger import globalLogBeginner

from workshop.hunt.forks import Forks, Job
from workshop.hunt.histories import Chosen, Sown, choices
from workshop.hunt.loading import Tests, failure_of, fresh
from workshop.hunt.timeline import Recorder, drawn
from workshop.simulated.trial import again
from workshop.simulated.weather import History

SELDOM = 50_000
"""Objects between two collections of garbage within a history; after each there is one anyway."""


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
            if "gone" in part:
                part = {"ran": part["at"] + 1 - begin, "failures": [part]}
            begin += part["ran"]
            found["ran"] += part["ran"]
            found["failures"] += part["failures"]
            found["skipped"] |= part.get("skipped", {})
            found["idle"] += part.get("idle", [])
            if part["failures"] and job["stop"]:
                break
        return found

    def _sweep_on(self, job: Job, begin: int, end: int) -> Job:
        """Run, from a place on, up to the first failure. This is in a fork."""
        tests, weather, suite = job["tests"], job["weather"], self._tests
        found: Job = {"ran": 0, "failures": [], "skipped": {}, "idle": []}
        for at in range(begin, end):
            self._forks.at(at)
            turn, which = divmod(at, len(tests))
            suite.make = partial(_sown, job["first"] + turn, weather, (), job["rows"])
            result = suite.run(fresh(suite.tests[tests[which]]))
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
        part = self._forks.forked(partial(self._replay, job), job.get("limit", 0))
        if "gone" in part:
            # Its last note has what was decided until then.
            part |= {"choices": [], "timeline": [], "command": "", "weather": job["weather"]}
            part |= part["notes"][-1] if part["notes"] else {}
        return part

    def _replay(self, job: Job) -> Job:
        suite, options = self._tests, job.get("options")
        if options is None:
            put_back = job.get("put_back", ())
            suite.make = partial(_sown, job["seed"], job["weather"], put_back, job["rows"])
        else:
            suite.make = partial(_chosen, job["weather"], options)
        test = fresh(suite.tests[job["test"]])
        recorder = Recorder(suite.reactor)

        def facts() -> Job:
            return {
                "timeline": drawn(recorder.events),
                "choices": choices(suite.last),
                "weather": suite.last.weather,
                "command": again(test, suite.last),
            }

        with contextlib.ExitStack() as stack:
            if job.get("record"):
                stack.enter_context(recorder.recording(test))
            if job.get("noted") and job.get("record"):
                recorder.noted = lambda: self._forks.note(facts())
            elif job.get("noted"):
                stack.enter_context(noted(lambda: self._forks.note(facts())))
            result = suite.run(test)
        kind, text = failure_of(result) or ("", "")
        return {"kind": kind, "text": text} | facts()

    def walk(self, job: Job) -> Job:
        """Run listed histories of a test. Answers, for each, with the decisions after those of the list."""
        many = job["histories"]
        found: Job = {"later": [], "failures": []}
        while len(found["later"]) < len(many):
            done = len(found["later"])
            part = self._forks.forked(partial(self._walk_on, job, done))
            if "gone" in part:
                part = {"later": [[]] * (part["at"] + 1 - done), "failures": [part]}
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
            result = suite.run(fresh(suite.tests[job["test"]]))
            history = suite.last
            found["later"].append(history.later() if isinstance(history, Chosen) else [])
            if failed := failure_of(result):
                found["failures"] = [{"kind": failed[0], "text": failed[1], "at": at}]
                break
            gc.collect()
        return found


@contextlib.contextmanager
def noted(note: Callable[[], None]) -> Iterator[None]:
    """Call note() after each decision that is not the default, during the block."""
    plain = History.draw

    def draw(history: History, *words: Any) -> Any:
        before = len(history.decisions)
        drawn = plain(history, *words)
        if any(one.drawn for one in history.decisions[before:]):
            note()
        return drawn

    with mock.patch.object(History, "draw", draw):
        yield


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
    tests = Tests()
    answer({"ready": True})
    first: Job = json.loads(jobs.readline())
    answer(tests.load(first["target"], first["paths"]))
    serve = Serve(tests, Forks(first["limit"], answers))
    gc.collect()
    gc.freeze()
    gc.set_threshold(SELDOM)
    # Not by iteration, which reads ahead: a fork has a copy of what is read.
    for line in iter(jobs.readline, b""):
        answer(serve.do(json.loads(line)))


if __name__ == "__main__":
    main()
