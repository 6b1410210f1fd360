"""Tests with a race each, which pass on a quiet machine. As a program, it runs each of them many times:

python3 tests/simulated_races.py REACTOR TIMES WEATHER prints one JSON object: by test, in which runs it failed. On the
simulated reactor the runs are histories. On epoll, on a busy machine, five passed 1,000 times
of 1,000; test_soon failed once, test_jobs 74 times.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from twisted.internet import defer, protocol, task, threads
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.trial.unittest import TestCase


class Side(protocol.Protocol):
    """Answers each line; keeps what came."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.over = defer.Deferred[None]()

    def dataReceived(self, data: bytes) -> None:
        self.pieces.append(data)
        if data.endswith(b"?"):
            self.transport.write(b"an answer")  # type: ignore[union-attr]

    def connectionLost(self, reason: object) -> None:
        self.over.callback(None)


class Races(TestCase):
    """Each assumes something that TCP, or a thread pool, does not promise."""

    timeout = 20

    def setUp(self) -> None:
        from twisted.internet import reactor

        self.reactor: Any = reactor
        self.servers: list[Side] = []
        self.clients: list[Side] = []
        factory = protocol.ServerFactory()
        factory.buildProtocol = lambda _: self.keep(self.servers)  # type: ignore[method-assign]
        self.port = self.reactor.listenTCP(0, factory, interface="127.0.0.1")

    def keep(self, sides: list[Side]) -> Side:
        """A new side."""
        sides.append(Side())
        return sides[-1]

    async def connect(self) -> Any:
        """A connected client."""
        factory: Any = protocol.Factory()
        factory.buildProtocol = lambda _: self.keep(self.clients)
        endpoint = TCP4ClientEndpoint(self.reactor, "127.0.0.1", self.port.getHost().port)
        return await endpoint.connect(factory)

    async def tearDown(self) -> None:
        """Ends everything, and waits for it."""
        await self.port.stopListening()
        for side in self.clients:
            side.transport.abortConnection()  # type: ignore[union-attr]
        await defer.gatherResults([side.over for side in self.clients + self.servers])

    async def test_one_piece(self) -> None:
        """Assumes that what was sent at once arrives at once."""
        client = await self.connect()
        client.transport.write(b"what?")
        while not client.pieces:
            await task.deferLater(self.reactor, 0.01)
        self.assertEqual(client.pieces, [b"an answer"])

    async def test_two_pieces(self) -> None:
        """Assumes that what was sent separately, with a pause, arrives separately."""
        client = await self.connect()
        for word in (b"one", b"two"):
            client.transport.write(word)
            await task.deferLater(self.reactor, 0.03)
        await task.deferLater(self.reactor, 0.2)
        self.assertEqual(self.servers[0].pieces, [b"one", b"two"])

    async def test_soon(self) -> None:
        """Waits for some time, and not for the answer."""
        client = await self.connect()
        client.transport.write(b"what?")
        await task.deferLater(self.reactor, 0.03)
        self.assertEqual(b"".join(client.pieces), b"an answer")

    async def test_accepted(self) -> None:
        """Assumes that the server has accepted when the client is connected."""
        await self.connect()
        await task.deferLater(self.reactor, 0.01)
        self.assertEqual(len(self.servers), 1)

    async def test_in_order(self) -> None:
        """Assumes that the server accepts in the order in which clients ask."""
        waits = [defer.ensureDeferred(self.connect()) for _ in range(3)]
        for number, client in enumerate([await one for one in waits]):
            client.transport.write(b"%d" % number)
        await task.deferLater(self.reactor, 0.2)
        self.assertEqual([b"".join(one.pieces) for one in self.servers], [b"0", b"1", b"2"])

    async def test_both_over(self) -> None:
        """Assumes that the server's side is over soon after the client's."""
        client = await self.connect()
        client.transport.write(b"hello")
        client.transport.loseConnection()
        await client.over
        await task.deferLater(self.reactor, 0.01)
        self.assertTrue(self.servers[0].over.called)

    async def test_jobs(self) -> None:
        """Assumes that jobs of the thread pool end in the order in which they were given."""
        done: list[int] = []
        jobs = [threads.deferToThread(int, number) for number in range(2)]
        for one in jobs:
            one.addCallback(done.append)
            await task.deferLater(self.reactor, 0.005)
        await defer.gatherResults(jobs)
        self.assertEqual(done, [0, 1])


def main(reactor_name: str, times: int, weather: str) -> None:
    """Run each, and print in which runs it failed."""
    from simulated_seeds import Seeds
    from twisted.application.reactors import installReactor
    from twisted.internet.main import installReactor as install
    from twisted.trial.reporter import TestResult

    from workshop.simulated.reactor import SimulatedReactor
    from workshop.simulated.trial import one_history_each

    seeds = Seeds()
    seeds.weather = weather
    if reactor_name == "simulated":
        reactor = SimulatedReactor()
        install(reactor)
        one_history_each(reactor, seeds)
    else:
        installReactor(reactor_name)
    failed: dict[str, list[int]] = {}
    for name in sorted(name for name in dir(Races) if name.startswith("test_")):
        for seeds.seed in range(times):
            result = TestResult()
            Races(name).run(result)
            if not result.wasSuccessful():
                failed.setdefault(name, []).append(seeds.seed)
    print(json.dumps(failed))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
