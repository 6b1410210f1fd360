"""Runs the gallery's teardowns through many histories: python3 tests/simulated_gallery.py WEATHER HISTORIES [LINE…]

Prints one JSON object: by line and teardown, the seeds of the histories in which trial found something left. It has to run
where exercises/ is importable. Other failures do not count: the gallery's test is not of what a teardown leaves.
"""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any

from twisted.internet.main import installReactor
from twisted.trial.reporter import TestResult
from twisted.trial.util import DirtyReactorAggregateError

from workshop.simulated.reactor import SimulatedReactor
from workshop.simulated.trial import one_history_each
from workshop.simulated.weather import History


class Seeds:
    """Which history the next test has."""

    weather, seed = "calm", 0

    def history(self, weather: str | None = None) -> History:
        return History(self.seed, self.weather)


def main(weather: str, histories: int, lines: list[str]) -> None:
    """Run, and print what was found."""
    reactor, seeds = SimulatedReactor(), Seeds()
    installReactor(reactor)
    one_history_each(reactor, seeds)
    seeds.weather = weather
    stage = "exercises.stage4_disconnect"
    gallery: Any = importlib.import_module(f"{stage}.gallery")
    measure: Any = importlib.import_module(f"{stage}.measure")
    found: dict[str, dict[str, list[int]]] = {}
    for line in lines or measure.LINES:
        for teardown in gallery.TEARDOWNS:
            case: Any = type(teardown.__name__, (teardown,), {"line": measure.LINES[line][0]})
            dirty = found.setdefault(line, {}).setdefault(teardown.__name__, [])
            for seeds.seed in range(histories):
                result = TestResult()
                case("test_hello").run(result)
                if any(one.check(DirtyReactorAggregateError) for _, one in result.errors):
                    dirty.append(seeds.seed)
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
