"""The hunt in a browser: one process of the page's machine, with forks that are processes of the machine too."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from workshop.browser.machine import BASE, ask, run_process
from workshop.hunt.crew import Crew, Job, Target
from workshop.hunt.forks import Forks

IMAGE = "hunt"
"""The name of the memory that has a target's tests."""
ASKED = Path("/tmp/hunt.json")
_serve: Any = None
_do: Callable[[], Job] = dict


class InterpreterCrew(Crew):
    """A Crew of one process, whose answers are here when it is asked."""

    def __init__(self, what: Target, limit: float, cores: int, known: tuple[str, ...] = ()) -> None:
        first = {"target": what.name, "paths": what.paths, "limit": limit}
        answer = _process("load", first, keep=IMAGE)
        gone = {"unloadable": f"{what.name} ends the process that imports it, or takes too long."}
        self.tests = self._named(answer or gone, what, known)

    def ask(self, job: Job) -> Job:
        """Have the process do a job."""
        answer = _process("serve", job, image=IMAGE)
        assert answer is not None, "it forks for whatever may end it"
        return answer

    def each(self, jobs: Iterator[Job]) -> Iterator[tuple[int, Job, Job, float]]:
        """Do jobs, one after the other. Yields as Crew.each() does."""
        for number, job in enumerate(jobs):
            began = time.monotonic()
            answer = self.ask(job)
            yield number, job, answer, time.monotonic() - began

    def close(self) -> None:
        """Do nothing: no process runs."""


def _process(what: str, job: Job, image: str = BASE, **options: Any) -> Job | None:
    """Call a function of this module in a process; return its answer, or None if it ended without one."""
    ASKED.write_text(json.dumps(job), "utf-8")
    code = f"from workshop.browser.hunt import {what}; {what}()"
    return _last(run_process(code, image=image, **options))


def _last(found: dict[str, Any]) -> Job | None:
    """Return a process's answer, which is the last that it sent."""
    sent = [json.loads(line) for line in found["events"]]
    answer: Job | None = sent[-1].get("answer") if sent else None
    return answer


def _send(**what: Any) -> None:
    file = os.open("/dev/events", os.O_WRONLY)
    os.write(file, json.dumps(what).encode() + b"\n")
    os.close(file)


# In the processes


def load() -> None:
    """Load a target's tests, and answer with their names."""
    global _serve
    import gc

    from twisted.logger import globalLogBeginner

    from workshop.hunt.child import SELDOM, Serve
    from workshop.hunt.loading import Tests

    first = json.loads(ASKED.read_text("utf-8"))
    os.chdir("/tmp")
    globalLogBeginner.beginLoggingTo([], discardBuffer=True, redirectStandardIO=False)
    tests = Tests()
    ask("deadline", seconds=first["limit"])
    answer = tests.load(first["target"], first["paths"])
    ask("deadline", seconds=None)
    _serve = Serve(tests, InterpreterForks(first["limit"]))
    gc.collect()
    gc.freeze()
    gc.set_threshold(SELDOM)
    _send(answer=answer)


def serve() -> None:
    """Do a job, and answer."""
    _send(answer=_serve.do(json.loads(ASKED.read_text("utf-8"))))


def forked() -> None:
    """Do what the parent was about to do."""
    _send(answer=_do())


class InterpreterForks(Forks):
    """Forks, as processes that begin with this memory."""

    def __init__(self, limit: float) -> None:
        self._limit = self._now = limit

    def at(self, history: int) -> None:
        """Note which history begins; it has its own time."""
        ask("deadline", seconds=self._now)
        _send(at=history)

    def note(self, what: Any) -> None:
        """Keep something for the case that the fork does not end well."""
        _send(note=what)

    def forked(self, do: Callable[[], Job], limit: float = 0) -> Job:
        """As Forks.forked()."""
        global _do
        _do, self._now = do, limit or self._limit
        code = f"from workshop.browser.machine import ask; ask('deadline', seconds={self._now}); "
        found = run_process(code + "from workshop.browser.hunt import forked; forked()")
        if answer := _last(found):
            return answer
        sent = [json.loads(line) for line in found["events"]]
        text = f"It ended its process, with exit code {found['status']}."
        if found["killed"]:
            text = f"It still ran after {self._now:g} s of real time, and was ended."
        return {
            "gone": True,
            "kind": "hung" if found["killed"] else "died",
            "text": text,
            "at": max([0, *(one["at"] for one in sent if "at" in one)]),
            "notes": [one["note"] for one in sent if "note" in one],
        }
