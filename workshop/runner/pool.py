"""Run many cases, with one worker for each core."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from queue import SimpleQueue

from workshop.course.model import Stage
from workshop.course.solutions import Overlay
from workshop.runner.result import Result
from workshop.runner.worker import LIMIT, Worker, imports_of

CORES = min(os.cpu_count() or 1, 8)
"""How many processes this machine runs at once; not more than eight."""


@dataclass(frozen=True)
class Case:
    """One run of a stage: its name, the files laid over it, what to run, and how (see Worker.run).

    ``stage`` is None in a pool of one stage.
    """

    name: str
    overlay: Overlay
    targets: tuple[str, ...]
    stop: bool = True
    limit: float | None = None
    load: bool = False
    traces: bool = False
    limits: Mapping[str, float] = field(default_factory=dict)
    again: bool = False
    collect: bool = False
    stage: Stage | None = None


class Pool:
    """Workers that are ready to run cases of these stages; ``count`` is their number.

    Args:
        workers: How many; None for one for each core, up to 8.
        limit: Seconds that one test may take.
    """

    def __init__(
        self,
        *stages: Stage,
        workers: int | None = None,
        reactor: str | None = None,
        limit: float = LIMIT,
    ) -> None:
        self._stage, self._reactor = stages[0], reactor
        self.count = workers or CORES
        self._free: SimpleQueue[Worker] = SimpleQueue()
        modules = sorted({name for stage in stages for name in imports_of(stage)})
        with ExitStack() as stack:
            for _ in range(self.count):
                self._free.put(stack.enter_context(Worker(modules, limit)))
            self._threads = ThreadPoolExecutor(self.count)
            # After an exception, cases that have not begun are dropped, and closing the workers ends the others.
            stack.callback(self._threads.shutdown, wait=False, cancel_futures=True)
            self._stack = stack.pop_all()

    def run(
        self,
        cases: Iterable[Case],
        watch: Callable[[Case, Result], None] = lambda case, result: None,
    ) -> Iterator[tuple[Case, Result]]:
        """Run the cases, one on each worker at a time, and yield their results in the order of the cases."""

        def one(case: Case) -> tuple[Case, Result]:
            worker = self._free.get()
            try:
                result = worker.run(
                    case.stage or self._stage,
                    case.targets,
                    overlay=case.overlay,
                    stop=case.stop,
                    reactor=self._reactor,
                    limit=case.limit,
                    load=case.load,
                    traces=case.traces,
                    limits=case.limits,
                    again=case.again,
                    collect=case.collect,
                )
            finally:
                self._free.put(worker)
            watch(case, result)
            return case, result

        return self._threads.map(one, cases)

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def run_all(
    stage: Stage,
    cases: Iterable[Case],
    *,
    workers: int | None = None,
    reactor: str | None = None,
    limit: float = LIMIT,
    watch: Callable[[Case, Result], None] = lambda case, result: None,
) -> Iterator[tuple[Case, Result]]:
    """Run the cases, as many at once as there are cores, and yield their results in the order of the cases."""
    with Pool(stage, workers=workers, reactor=reactor, limit=limit) as pool:
        yield from pool.run(cases, watch)
