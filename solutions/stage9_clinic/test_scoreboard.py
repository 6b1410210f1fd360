"""Boards show the score of a match."""

from __future__ import annotations

from twisted.internet.defer import DeferredQueue

from .network import NetworkTestCase
from .scoreboard import Match, Score, Scoreboard


class ScoreboardTests(NetworkTestCase):
    """A match, and boards that are connected to it."""

    def setUp(self) -> None:
        super().setUp()
        self.match = Match("Leeds", "York")
        self.endpoint = self.listen(self.match)

    async def board(self) -> DeferredQueue[Score]:
        """Connect a board. Returns what it shows."""
        shown: DeferredQueue[Score] = DeferredQueue()
        await self.connect(self.endpoint, Scoreboard(shown.put))
        return shown

    async def test_score(self) -> None:
        """A board shows the score at first, and after each goal."""
        shown = await self.board()
        self.assertEqual(await shown.get(), {"Leeds": 0, "York": 0})
        self.match.goal("York")
        self.assertEqual(await shown.get(), {"Leeds": 0, "York": 1})
        self.match.goal("Leeds")
        self.assertEqual(await shown.get(), {"Leeds": 1, "York": 1})

    async def test_late(self) -> None:
        """A board that connects late shows the score of that moment."""
        self.match.goal("Leeds")
        shown = await self.board()
        self.assertEqual(await shown.get(), {"Leeds": 1, "York": 0})
