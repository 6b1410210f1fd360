"""Run many cases, with one worker for each core."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from queue import SimpleQueue

from workshop.course.model import Stage
from workshop.runner.result import Result
from workshop.runner.worker import LIMIT, Case, Worker, imports_of

CORES = min(os.cpu_count() or 1, 8)
"""The number of workers in a pool: one for each core, up to 8."""


class Pool:
    """``count`` workers that are ready to run cases of these stages.

    Args:
        limit: Seconds that one test may take.
    """

    def __init__(
        self,
        *stages: Stage,
        workers: int = CORES,
        reactor: str | None = None,
        limit: float = LIMIT,
    ) -> None:
        self._stage, self._reactor = stages[0], reactor
        # In a browser there are no threads.
        self.count = 1 if sys.platform == "emscripten" else workers
        self._free: SimpleQueue[Worker] = SimpleQueue()
        modules = sorted({name for stage in stages for name in imports_of(stage)})
        with ExitStack() as stack:
            for _ in range(self.count):
                self._free.put(stack.enter_context(Worker(modules, limit)))
            self._threads = ThreadPoolExecutor(self.count)
            # After an exception, cases that have not begun are dropped, and closing the workers ends the others.
            stack.callback(self._threads.shutdown, wait=False, cancel_futures=True)
            self._stack = stack.pop_all()

    def run(self, cases: Iterable[Case]) -> Iterator[tuple[Case, Result]]:
        """Run the cases, one on each worker at a time, and yield their results in the order of the cases."""

        def one(case: Case) -> tuple[Case, Result]:
            worker = self._free.get()
            try:
                return case, worker.run(case.stage or self._stage, case, reactor=self._reactor)
            finally:
                self._free.put(worker)

        return self._threads.map(one, cases) if self.count > 1 else map(one, cases)

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
