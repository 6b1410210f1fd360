"""Print what the mixin costs a test that opens nothing, as a ratio to a bare test, measured in turns.

python tests/benchmarks/cost.py [--limit MICROSECONDS]    exits with 1 above the limit
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src"))

from twisted.trial.reporter import TestResult
from twisted.trial.unittest import TestCase

from txtidy import Tidy


class Bare(TestCase):
    def test_nothing(self) -> None:
        pass


class Mixed(Tidy, TestCase):
    def test_nothing(self) -> None:
        pass


def seconds(case: type[TestCase], times: int) -> float:
    """The time for one test, on average."""
    tests = [case("test_nothing") for _ in range(times)]
    result = TestResult()
    begun = time.perf_counter()
    for test in tests:
        test.run(result)
    taken = time.perf_counter() - begun
    assert result.wasSuccessful() and result.successes == times
    return taken / times


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--limit", type=float, default=20.0)
    parser.add_argument("--turns", type=int, default=60)
    options = parser.parse_args()
    seconds(Bare, 100), seconds(Mixed, 100)
    pairs = [(seconds(Bare, 100), seconds(Mixed, 100)) for _ in range(options.turns)]
    bare = statistics.median(pair[0] for pair in pairs)
    ratio = statistics.median(mixed / bare for bare, mixed in pairs)
    more = statistics.median(mixed - bare for bare, mixed in pairs) * 1e6
    print(f"a bare test: {bare * 1e6:.0f} microseconds; with the mixin, {ratio:.3f} times that")
    print(f"the difference: {more:.1f} microseconds (at most {options.limit:g})")
    return int(more > options.limit)


if __name__ == "__main__":
    sys.exit(main())
