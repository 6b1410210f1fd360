"""Run the provided tests on the solution again and again, on several reactors, and count what fails.

    python tests/benchmarks/soak.py stage2_poetry --times 200
    python tests/benchmarks/soak.py stage2_poetry --times 200 --busy --at-once 6
    python tests/benchmarks/soak.py stage4_disconnect --steps 13,14,15,16,17 --times 12 --busy

--busy keeps every core busy meanwhile; --at-once runs more at a time than there are cores; --steps runs the tests of these
steps alone. Exit code 1 if any run fails; each failure is printed once.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

from busy import busy

from workshop.course import load
from workshop.course.solutions import answer
from workshop.judge.steps import targets
from workshop.runner.pool import CORES, Pool
from workshop.runner.worker import Case

ROOT = Path(__file__).resolve().parent.parent.parent
REACTORS = "select,poll,epoll,asyncio"


def soak(stage_name: str, times: int, reactors: list[str], at_once: int | None, steps: str) -> bool:
    """Print one line a reactor; True if no run failed."""
    stage = load(ROOT).stage(stage_name)
    files = answer(stage)
    asked = [stage.step(number) for number in steps.split(",")] if steps else None
    case = Case("solution", files, tuple(targets(stage, asked)))
    good = True
    for reactor in reactors:
        began = time.monotonic()
        failures: Counter[str] = Counter()
        passed = ran = 0
        with Pool(stage, reactor=reactor, workers=at_once or CORES) as pool:
            results = [result for _, result in pool.run([case] * times)]
        for result in results:
            ran += len(result.tests)
            passed += result.passed
            if not result.passed:
                bad = [t for t in result.tests if t.status == "failed"]
                failures[str((result.trouble, [(t.target, t.problems) for t in bad]))] += 1
        seconds = time.monotonic() - began
        good &= passed == times
        print(
            f"{stage.name} on {reactor}: {passed} of {times} runs passed, {ran} tests in {seconds:.0f} s",
            flush=True,
        )
        for text, count in failures.items():
            print(f"  {count} times: {text}")
    return good


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Run a solution's tests many times.")
    parser.add_argument("stage")
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--reactors", default=REACTORS)
    parser.add_argument("--at-once", type=int, help="runs at a time; as many as cores if not given")
    parser.add_argument("--steps", default="", help="their numbers; all if not given")
    parser.add_argument("--busy", action="store_true", help="keep every core busy meanwhile")
    options = parser.parse_args()
    with busy(options.busy) as count:
        print(f"{count} busy loops beside it", flush=True)
        reactors = options.reactors.split(",")
        good = soak(options.stage, options.times, reactors, options.at_once, options.steps)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
