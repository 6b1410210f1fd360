"""How long tests take, and how long one may take on a program with a known bug before that counts as noticing it."""

from __future__ import annotations

from collections.abc import Iterable

BUG_LIMIT = 3.0
"""The least limit, in seconds, for a test on a program with a known bug."""
PART = 5
"""A test that runs out of time has noticed something only if right answers took at most this part (1/PART) of the time."""
PATIENCE = 0.1
"""The least limit, in seconds, if only a note depends on it."""
SLOW = 1.0
"""Seconds from which a test is reported as slow, and runs only on programs that no quicker test catches."""
BUDGET = 120.0
"""Seconds that slow tests may take in all on programs with a known bug. Tests for which no time is left are not run."""


class Pace:
    """The times of each test on the learner's own code and on right answers; ``limit`` is the most that any may take."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._seen: dict[str, list[float]] = {}

    def note(self, test: str, seconds: float) -> None:
        """Record how long a test took on a program without a known bug."""
        self._seen.setdefault(test, []).append(seconds)

    def quickest(self, test: str) -> float:
        """Return the least time of a test: what it needs by itself, whatever else the machine does."""
        return min(self._seen.get(test, [0.0]))

    def slowest(self, test: str) -> float:
        """Return the most time that a test took."""
        return max(self._seen.get(test, [0.0]))

    def limits(self, tests: Iterable[str]) -> dict[str, float]:
        """Return each test's limit, in seconds, on a program with a known bug."""
        return {test: min(max(BUG_LIMIT, PART * self.slowest(test)), self._limit) for test in tests}

    def patience(self, tests: Iterable[str]) -> dict[str, float]:
        """Return the seconds after which each test counts as having noticed something, if no verdict depends on it."""
        return {test: max(PATIENCE, PART * self.slowest(test)) for test in tests}

    def notices(self, test: str) -> bool:
        """Return whether running out of time would show something about the program, and not about the test."""
        return PART * self.slowest(test) <= self.limits([test])[test]

    def is_slow(self, test: str) -> bool:
        """Return whether a test always takes long."""
        return self.quickest(test) >= SLOW
