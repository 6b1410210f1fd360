"""A match reports its score to boards in the stadium: a JSON object on a line, at first and after each goal."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

### BEGIN SOLUTION Step 1: what splits lines
### STARTER from twisted.internet.interfaces import ITransport
### STARTER from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.interfaces import ITransport
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.protocols.basic import LineOnlyReceiver

### END SOLUTION
from twisted.python.failure import Failure

Score = dict[str, int]


class Referee(Protocol):
    """The match's side of a connection."""

    transport: ITransport
    factory: Any  # the Match

    def connectionMade(self) -> None:
        self.factory.boards.add(self)
        self.send(self.factory.score)

    def send(self, score: Score) -> None:
        """Report a score."""
        self.transport.write(json.dumps(score).encode() + b"\n")

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


### BEGIN SOLUTION Step 1: the pair
### STARTER class Scoreboard(Protocol):
class Scoreboard(LineOnlyReceiver):
    ### END SOLUTION
    """A board. It calls show with each score."""

    def __init__(self, show: Callable[[Score], None]) -> None:
        self.show = show

    ### BEGIN SOLUTION Step 1: one line is one score
    ### STARTER def dataReceived(self, data: bytes) -> None:
    ### STARTER     self.show(json.loads(data))
    delimiter = b"\n"

    def lineReceived(self, line: bytes) -> None:
        self.show(json.loads(line))

    ### END SOLUTION
