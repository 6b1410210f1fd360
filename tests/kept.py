"""Children that outlive the pool that started them, for the next pool in the same test process.

A child forks for each job, so a job starts as clean in a used child as in a new one, without another import of Twisted. The
tool, when a test starts it as a process, has children of its own.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterable
from typing import Any

from workshop.commands import run
from workshop.judge import verdict
from workshop.runner import pool
from workshop.runner.result import Result
from workshop.runner.worker import LIMIT, Worker

MOST = 6
"""Children that are kept at most: each takes some 40 MB."""
_idle: list[Kept] = []


class Kept(Worker):
    """A worker whose child, if no job of it runs, is kept when it is closed."""

    made_for: object
    busy = False

    def run(self, *args: Any, **kwargs: Any) -> Result:
        """Run the case."""
        self.busy = True
        result = super().run(*args, **kwargs)
        self.busy = False
        return result

    def close(self) -> None:
        """Keep the child, and end the oldest instead, if there are too many."""
        if self.busy or not self._child.alive:
            return self.end()
        _idle.append(self)
        if len(_idle) > MOST:
            _idle.pop(0).end()

    def end(self) -> None:
        """End the child."""
        super().close()


def kept(modules: Iterable[str] = (), limit: float = LIMIT) -> Kept:
    """Return a worker for these modules, in this environment."""
    named = tuple(modules)
    environment = {n: text for n, text in os.environ.items() if n != "PYTEST_CURRENT_TEST"}
    for one in _idle:
        if one.made_for == (named, environment):
            _idle.remove(one)
            one._limit = limit
            return one
    new = Kept(named, limit)
    new.made_for = named, environment
    return new


def use() -> None:
    """Let all pools, the judge, and commands that run in this process, take their workers from here."""
    modules: list[Any] = [pool, verdict, run]
    for module in modules:
        module.Worker = kept
    atexit.register(lambda: [one.end() for one in _idle])
