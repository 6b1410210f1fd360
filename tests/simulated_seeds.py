"""Histories for tests that are run by hand in one process: Seeds is what one_history_each asks."""

from __future__ import annotations

from workshop.simulated.weather import History


class Seeds:
    """Which history the next test has."""

    weather, seed = "calm", 0

    def history(self, weather: str | None = None) -> History:
        return History(self.seed, self.weather)
