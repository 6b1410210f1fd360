"""Plain end-to-end tests of stages 2 and 3: no split, order or break is made by hand; the weather does that.

python3 tests/simulated_plain.py STAGE HISTORIES, from a folder with exercises/, prints the first failing seeds as JSON.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from typing import Any

from twisted.internet import defer, error, protocol, task
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.trial.unittest import TestCase

BROKEN = (error.ConnectError, error.ConnectionLost)


class Plain(TestCase):
    """Serves a factory, and waits for the end of every connection."""

    def setUp(self) -> None:
        from twisted.internet import reactor

        self.reactor: Any = reactor
        self.over: list[defer.Deferred[None]] = []
        self.stormy = self.reactor.network.history.weather == "storm"

    def endpoint(self, factory: Any) -> TCP4ClientEndpoint:
        """Listen, and note each connection's end."""
        build = factory.buildProtocol

        def noted(address: Any) -> Any:
            made = build(address)
            lost, own = defer.Deferred[None](), made.connectionLost

            def connection_lost(reason: Any) -> None:
                own(reason)
                if not lost.called:
                    lost.callback(None)

            made.connectionLost = connection_lost
            self.over.append(lost)
            return made

        factory.buildProtocol = noted
        port = self.reactor.listenTCP(0, factory, interface="127.0.0.1")
        self.addCleanup(lambda: defer.gatherResults(self.over))
        self.addCleanup(port.stopListening)
        return TCP4ClientEndpoint(self.reactor, "127.0.0.1", port.getHost().port)


class Stage2(Plain):
    """The poem arrives whole, or, in a storm, fails as the connection did."""

    def serve(self, factory: Any, poem: str) -> Any:
        """Two clients at once."""
        client = import_module("exercises.stage2_poetry.client")
        endpoint = self.endpoint(factory)
        fetched = [client.get_poetry(endpoint, self.reactor, 10_000.0) for _ in range(2)]
        waited = defer.DeferredList(fetched, consumeErrors=True)
        return waited.addCallback(self.check, poem)

    def check(self, results: list[tuple[bool, Any]], poem: str) -> None:
        """Each is the poem, or a failure of the network."""
        for well, result in results:
            if well:
                self.assertEqual(result, poem)
            else:
                self.assertTrue(self.stormy and result.check(*BROKEN), result)

    def test_poem(self) -> Any:
        """All at once."""
        poem = "Blümchen, süßer Frühling, où est-tu ?\n" * 100
        server: Any = import_module("exercises.stage2_poetry.server")
        return self.serve(server.PoetryFactory(poem.encode()), poem)

    def test_long(self) -> Any:
        """More than goes into a socket's buffer."""
        server: Any = import_module("exercises.stage2_poetry.server")
        return self.serve(server.PoetryFactory(b"line\n" * 20_000), "line\n" * 20_000)

    def test_slow(self) -> Any:
        """Line by line."""
        poem = "".join(f"Zeile {number}: süß\n" for number in range(6))
        server: Any = import_module("exercises.stage2_poetry.server")
        return self.serve(server.SlowPoetryFactory(poem.encode(), self.reactor, 0.05), poem)


class Asks(protocol.Protocol):
    """Sends three requests, the last of which closes; keeps the answers."""

    def __init__(self, name: bytes) -> None:
        self.name, self.data, self.lost = name, b"", defer.Deferred[Any]()

    def connectionMade(self) -> None:
        for target, version in ((b"now", b"1.1"), (b"again", b"1.1"), (b"later", b"1.0")):
            head = b"GET /%s/%s HTTP/%s\r\nHost: here\r\n\r\n"
            self.transport.write(head % (self.name, target, version))  # type: ignore[union-attr]

    def dataReceived(self, data: bytes) -> None:
        self.data += data
        if self.name == b"leaves":
            self.transport.loseConnection()  # type: ignore[union-attr]

    def connectionLost(self, reason: Any) -> None:
        self.lost.callback(reason.value)


class Stage3(Plain):
    """Each client has its answers, in order, or, in a storm, the beginning of them."""

    async def test_requests(self) -> None:
        """Two clients at once, and one that leaves after its first answer."""
        messages: Any = import_module("exercises.stage3_http.messages")
        server: Any = import_module("exercises.stage3_http.server")

        def handler(request: Any) -> Any:
            answer = messages.Response(200, b"<" + request.target + b" " + b">" * 500)
            later = request.target.endswith(b"later")
            return task.deferLater(self.reactor, 0.2, lambda: answer) if later else answer

        endpoint = self.endpoint(server.HTTPFactory(handler, self.reactor, 60.0))

        async def ask(name: bytes) -> None:
            factory = protocol.Factory()
            factory.buildProtocol = lambda _: Asks(name)  # type: ignore[method-assign]
            try:
                client: Any = await endpoint.connect(factory)
            except error.ConnectError:
                return
            reason = await client.lost
            if name == b"leaves":
                return
            found = [part.split(b" ")[0] for part in client.data.split(b"<")[1:]]
            wanted = [b"/%s/%s" % (name, word) for word in (b"now", b"again", b"later")]
            if isinstance(reason, error.ConnectionDone) or not self.stormy:
                self.assertEqual(found, wanted)
                self.assertEqual(client.data.count(b">"), 1500)
            else:
                self.assertIn(client.data.count(b" 200 "), range(4))
                self.assertTrue(wanted[len(found) - 1].startswith(found[-1]) if found else True)

        await defer.gatherResults(
            [defer.ensureDeferred(ask(name)) for name in (b"a", b"b", b"leaves")]
        )


def main(stage: str, histories: int) -> None:
    """Run, and print."""
    from simulated_seeds import Seeds
    from twisted.internet.main import installReactor
    from twisted.python.failure import Failure
    from twisted.trial.reporter import TestResult

    from workshop.simulated.errors import Stuck
    from workshop.simulated.reactor import SimulatedReactor
    from workshop.simulated.trial import one_history_each

    reactor, seeds = SimulatedReactor(), Seeds()
    installReactor(reactor)
    one_history_each(reactor, seeds)
    case = {"stage2_poetry": Stage2, "stage3_http": Stage3}[stage]
    first: dict[str, list[object]] = {}
    for weather in ("calm", "windy", "storm"):
        seeds.weather = weather
        for seeds.seed in range(histories if weather != "calm" else 1):
            result = TestResult()
            for name in sorted(one for one in dir(case) if one.startswith("test_")):
                try:
                    case(name).run(result)
                except (
                    Stuck
                ) as problem:  # raised by trial's own wait, whose timeout the mutant has cancelled
                    result.addError(case(name), Failure(problem))
            if not result.wasSuccessful():
                problem = (result.errors + result.failures)[0][1]
                why = problem.getErrorMessage() if hasattr(problem, "getErrorMessage") else problem
                first[weather] = [seeds.seed, str(why)[:200]]
                break
    print(json.dumps(first))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
