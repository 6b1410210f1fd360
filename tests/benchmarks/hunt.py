"""What a history costs in a hunt: python tests/benchmarks/hunt.py

Prints ratios of CPU time, measured side by side: histories of the gallery's right teardown in a hunt and in a walk, against
a bare loop that runs the same test in this process; and a failure, after which a hunt goes on in a new fork.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from time import process_time

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from simulated_seeds import Seeds  # noqa: E402
from twisted.internet.main import installReactor  # noqa: E402
from twisted.trial.reporter import TestResult  # noqa: E402

from workshop.hunt.crew import Target  # noqa: E402
from workshop.hunt.search import Hunt  # noqa: E402
from workshop.simulated.reactor import SimulatedReactor  # noqa: E402
from workshop.simulated.trial import one_history_each  # noqa: E402

TIMES = 3000
PATHS = (str(ROOT / "tests"), str(ROOT))


def bare() -> float:
    """CPU seconds of a history in a loop in this process."""
    reactor, seeds = SimulatedReactor(), Seeds()
    seeds.weather = "windy"
    installReactor(reactor)
    one_history_each(reactor, seeds)
    import hunt_gallery

    case = vars(hunt_gallery)["Teardown9AllThree_quiet"]
    began = process_time()
    for seeds.seed in range(TIMES):
        case("test_hello").run(TestResult())
    return (process_time() - began) / TIMES


def hunting(name: str, do: Callable[[Hunt], int]) -> float:
    """CPU seconds of a history, with everything that the processes of a hunt do, apart from their start."""

    def spent() -> float:
        times = os.times()
        return times.user + times.system + times.children_user + times.children_system

    def whole(do: Callable[[Hunt], int]) -> tuple[float, int]:
        began = spent()
        with Hunt(Target(f"hunt_gallery.{name}_quiet", PATHS)) as running:
            many = do(running)
        return spent() - began, many

    start, _ = whole(lambda running: 1)
    took, many = whole(do)
    return (took - start) / many


def find(running: Hunt) -> int:
    """Hunt through histories of which none fails."""
    assert running.find([0], TIMES) is None
    return running.ran


def walk(running: Hunt) -> int:
    """Walk through as many."""
    return running.walk(0, TIMES).histories


def count(running: Hunt) -> int:
    """Count histories of which nearly half fail."""
    [failed] = running.count([0], 200).values()
    return len(failed)


def main() -> None:
    """Print the figures."""
    base = bare()
    print(f"a bare loop: {1 / base:.0f} histories a second of CPU")
    right = "Teardown9AllThree"
    print(f"in a hunt, a history costs {hunting(right, find) / base:.2f} times as much")
    print(f"in a walk, a history costs {hunting(right, walk) / base:.2f} times as much")
    print(f"a failure costs as much as {hunting('Teardown3Unwaited', count) / base:.0f} histories")


if __name__ == "__main__":
    main()
