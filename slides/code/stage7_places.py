"""Two differences, between reactors and between kinds of connection; and a promise, built for four places."""

from __future__ import annotations

from itertools import product
from typing import Any

from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import ClientFactory, Protocol, ServerFactory
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from exercises.stage7_everywhere.everywhere import Built, Somewhere
from exercises.stage7_everywhere.fresh import Fresh
from exercises.stage7_everywhere.sides import Side


def order(reactor):
    called = []
    reactor.callFromThread(called.append, "asked for first")
    reactor.callLater(0, called.append, "asked for second")
    reactor.callLater(0.01, reactor.stop)
    reactor.run(installSignalHandlers=False)
    return called


@implementer(IHalfCloseableProtocol)
class Server(Protocol):
    def __init__(self):
        self.heard, self.ended = b"", ""

    def dataReceived(self, data):
        self.heard += data

    def readConnectionLost(self):
        self.transport.write(b"42")
        self.transport.loseConnection()

    def writeConnectionLost(self):
        pass

    def connectionLost(self, reason):
        self.ended = reason.type.__name__
        self.factory.over()


class Client(Server):
    def connectionMade(self):
        self.transport.write(b"6 times 7?")
        self.transport.loseWriteConnection()

    def readConnectionLost(self):
        self.transport.loseConnection()


# End of the two sides.


def ordered(reactor: str) -> list[str]:
    """Return the result of ``order`` on a fresh reactor of that name."""
    fresh = Fresh((reactor, "TCP4"), 2.0)
    try:
        return order(fresh.real)
    finally:
        fresh.undo()


def asked(reactor: str, family: str) -> list[tuple[bytes, str]]:
    """Return what Server and Client received in that place, and how the connection ended for each."""
    fresh = Fresh((reactor, family), 2.0)
    sides: list[Any] = [Server(), Client()]

    def over() -> None:
        if all(side.ended for side in sides):
            fresh.real.stop()

    listening = ServerFactory.forProtocol(lambda: sides[0])
    connecting = ClientFactory.forProtocol(lambda: sides[1])
    listening.over = connecting.over = over
    try:
        port = fresh.family.listen(fresh.real, listening)
        fresh.family.connect(fresh.real, connecting, port.getHost())
        fresh.run()
    finally:
        fresh.undo()
    return [(side.heard, side.ended) for side in sides]


class Last(Side):
    def ready(self):
        self.transport.write(b", goodbye")
        self.transport.loseConnection()


class Contract(Somewhere):
    def test_arrives(self):
        """What was written before loseConnection arrives."""
        client = Side()
        self.run_between(Last(), client)
        self.assertEqual(client.data, b"hello, goodbye")


for where in product(("select", "asyncio"), ("TCP4", "TLS")):
    name = "_".join(("Contract", *where))
    bases = Built, Contract, SynchronousTestCase
    globals()[name] = type(name, bases, {"where": where})
