"""How long tests take, and how long one may take on a program with a known bug before that counts as having noticed it."""

from __future__ import annotations

from collections.abc import Iterable

BUG_LIMIT = 3.0
"""Seconds that a test may take on a program with a known bug, at the least."""
PART = 5
"""A test that runs out of time has noticed something only if it took one part in so many of that on right answers."""
PATIENCE = 0.5
"""Seconds that a test may take at the least, if only a note hangs on it."""
SLOW = 1.0
"""Seconds from which on a test is told to be slow, and run on those programs only that no quicker one notices."""
BUDGET = 120.0
"""Seconds that slow tests may take in all on programs with a known bug. Those for which no time is left are not run."""


class Pace:
    """What each test took on the learner's own code and on right answers; ``limit`` is the most that any may take."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._seen: dict[str, list[float]] = {}

    def note(self, test: str, seconds: float) -> None:
        """A test took so long on a program that is no known bug."""
        self._seen.setdefault(test, []).append(seconds)

    def quickest(self, test: str) -> float:
        """The least it took: what it takes by itself, whatever else the machine does."""
        return min(self._seen.get(test, [0.0]))

    def slowest(self, test: str) -> float:
        """The most it took."""
        return max(self._seen.get(test, [0.0]))

    def limits(self, tests: Iterable[str]) -> dict[str, float]:
        """Seconds for each of the tests on a program with a known bug."""
        return {test: min(max(BUG_LIMIT, PART * self.slowest(test)), self._limit) for test in tests}

    def patience(self, tests: Iterable[str]) -> dict[str, float]:
        """Seconds after which each of the tests is taken to have noticed something, if no verdict hangs on it."""
        return {test: max(PATIENCE, PART * self.slowest(test)) for test in tests}

    def notices(self, test: str) -> bool:
        """Whether running out of its time says something of the program, and not of the test."""
        return PART * self.slowest(test) <= self.limits([test])[test]

    def is_slow(self, test: str) -> bool:
        """Whether it takes long in any case."""
        return self.quickest(test) >= SLOW
