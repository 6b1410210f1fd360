"""The child as a process of the page's machine, in place of one of the system's."""

from __future__ import annotations

import json
import queue
from pathlib import Path
from typing import Any

from workshop.browser.machine import BASE, run_process
from workshop.browser.process import JOB
from workshop.runner.child_process import Output
from workshop.runner.result import MOST_OUTPUT
from workshop.runner.worker import GRACE, WHOLE_JOB

_ready: tuple[str, ...] | None = None
READY = "ready"
"""The name of the memory in which the child has imported what it may import ahead."""


class InterpreterChild:
    """A Child whose job is over when give() returns. Only the last one's imports are kept."""

    alive = True
    pid: int | None = None

    def __init__(self, modules: tuple[str, ...]) -> None:
        self._modules = modules
        self.events: queue.Queue[dict[str, Any]] = queue.Queue()
        self.output = Output()

    def give(self, job: dict[str, Any]) -> None:
        """Run the job."""
        self._prepare()
        JOB.write_text(json.dumps(job), "utf-8")
        found = run_process(
            "from workshop.browser.process import job; job()",
            image=READY,
            limit=WHOLE_JOB,
            most=MOST_OUTPUT,
            grace=GRACE,
        )
        printed = found["output"]
        self.output = Output(printed["size"], printed["tail"].encode(), printed["recursed"])
        self.output.ended.set()
        for line in found["events"]:
            self.events.put(json.loads(line))
        if found["killed"] == "time":
            # As faulthandler begins when it ends a process. Where the job was, it has reported before.
            (Path(job["place"]) / "stacks").write_text("Timeout (")
        by = "output" if found["killed"] == "output" else None
        status = found["status"]
        self.events.put({"event": "exit", "status": 70 if status is None else status, "by": by})

    def _prepare(self) -> None:
        """Have a memory in which the modules are imported."""
        global _ready
        if _ready != self._modules:
            code = f"from workshop.browser.process import ready; ready({list(self._modules)!r})"
            run_process(code, image=BASE, keep=READY)
            _ready = self._modules

    def kill(self, how: int) -> None:
        """Do nothing: no job runs."""

    def end(self) -> None:
        """Do nothing: no job runs."""

    def end_job(self) -> None:
        """Do nothing: no job runs."""

    def close(self) -> None:
        """Do nothing: the memory serves the next child."""
