"""Two protocols that talk on a simulated network, and the events of one history of theirs: for the tests of the simulation.

As a program it prints a digest of many histories, to compare Pythons: python3 tests/simulated_sides.py WEATHER SEEDS
"""

from __future__ import annotations

import hashlib
import sys
from typing import Any

from twisted.internet.protocol import ClientFactory, Protocol, ServerFactory

from workshop.simulated.network import EPOCH
from workshop.simulated.reactor import SimulatedReactor
from workshop.simulated.weather import History

SENT = {"client": bytes(range(256)) * 4, "server": b"The answer, in several words." * 20}
LONG = 600.0


class Side(Protocol):
    """Sends its bytes in three parts, and closes when it has all that the peer sends. Notes all that happens to it."""

    def __init__(self, talk: Talk, who: str) -> None:
        self.talk, self.who, self.data, self.inside = talk, who, b"", False
        self.peer = "server" if who == "client" else "client"

    def note(self, *what: object) -> None:
        """Something happened to this side: never within a call that it makes."""
        assert not self.inside, f"{what} came within a call of the {self.who}'s."
        self.talk.events.append((round(self.talk.reactor.seconds() - EPOCH, 6), self.who, *what))

    def connectionMade(self) -> None:
        self.note("made")
        self.inside = True
        sent = SENT[self.who]
        for part in (sent[:1], sent[1:500], sent[500:]):
            self.transport.write(part)  # type: ignore[union-attr]
        self.inside = False

    def dataReceived(self, data: bytes) -> None:
        self.note("data", len(data))
        self.data += data
        if self.data == SENT[self.peer]:
            self.inside = True
            self.transport.loseConnection()  # type: ignore[union-attr]
            self.inside = False

    def connectionLost(self, reason: Any) -> None:
        self.note("lost", reason.type.__name__)
        self.talk.over(self)


class Talk(ClientFactory):
    """One history: a client and a server talk, until both are over, or nothing has happened for long."""

    noisy = False

    def __init__(self, history: History) -> None:
        self.history, self.events = history, list[tuple[object, ...]]()
        self.sides: dict[str, Side] = {}
        self.reactor = SimulatedReactor()
        self.reactor.begin(history)
        server = ServerFactory()
        server.noisy = False
        server.buildProtocol = lambda _: self.side("server")  # type: ignore[method-assign, assignment, misc]
        self.reactor.callWhenRunning(self.start, server)
        self.reactor.callLater(LONG, self.reactor.stop)
        self.left = {"client", "server"}
        self.reactor.run(installSignalHandlers=False)

    def start(self, server: ServerFactory) -> None:
        """Listen and connect."""
        port = self.reactor.listenTCP(0, server, interface="127.0.0.1")
        self.reactor.connectTCP("127.0.0.1", port.getHost().port, self)

    def side(self, who: str) -> Side:
        """A protocol for one side."""
        return self.sides.setdefault(who, Side(self, who))

    def buildProtocol(self, address: object) -> Side:
        return self.side("client")

    def clientConnectionFailed(self, connector: object, reason: Any) -> None:
        self.events.append(("failed", reason.type.__name__))
        self.reactor.stop()

    def over(self, side: Side) -> None:
        """A side is over; stop after both."""
        self.left.discard(side.who)
        if not self.left:
            self.reactor.stop()


def digest(weather: str, seeds: int) -> str:
    """What so many histories are, in short."""
    text = hashlib.sha256()
    for seed in range(seeds):
        talk = Talk(History(seed, weather))
        text.update(repr((talk.events, [one.key for one in talk.history.departures])).encode())
    return text.hexdigest()


if __name__ == "__main__":
    print(digest(sys.argv[1], int(sys.argv[2])))
