"""A match reports its score to boards in the stadium: a JSON object on a line, at first and after each goal."""

from __future__ import annotations

import json
from collections.abc import Callable

from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

Score = dict[str, int]


class Referee(Protocol):
    """The match's side of a connection."""

    factory: Match  # type: ignore[assignment]

    def connectionMade(self) -> None:
        self.factory.boards.add(self)
        self.send(self.factory.score)

    def send(self, score: Score) -> None:
        """Report a score."""
        self.transport.write(json.dumps(score).encode() + b"\n")  # type: ignore[union-attr]

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.factory.boards.discard(self)


class Match(Factory):
    """Counts the goals."""

    protocol = Referee

    def __init__(self, home: str, guest: str) -> None:
        self.score = {home: 0, guest: 0}
        self.boards: set[Referee] = set()

    def goal(self, team: str) -> None:
        """Count a goal, and report the new score to all boards."""
        self.score[team] += 1
        for board in self.boards:
            board.send(self.score)


class Scoreboard(Protocol):
    """A board. It calls show with each score."""

    def __init__(self, show: Callable[[Score], None]) -> None:
        self.show = show
        self._rest = b""

    def dataReceived(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self.show(json.loads(line))
