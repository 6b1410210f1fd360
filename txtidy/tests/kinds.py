"""Kinds of leftover: each is a test that opens something and leaves it behind. table.py runs them."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tempfile
import threading
from typing import Any, Callable

from inner import Innocent, Quiet, factory, waited
from twisted.application.internet import ClientService, StreamServerEndpointService
from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import (
    TCP4ClientEndpoint,
    TCP4ServerEndpoint,
    UNIXClientEndpoint,
    UNIXServerEndpoint,
)
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.protocol import (
    ClientFactory,
    DatagramProtocol,
    Factory,
    ProcessProtocol,
    ReconnectingClientFactory,
)
from twisted.internet.task import LoopingCall, deferLater
from twisted.internet.testing import StringTransport
from twisted.python.threadpool import ThreadPool
from twisted.web.client import Agent, HTTPConnectionPool, readBody
from twisted.web.resource import Resource
from twisted.web.server import Site
from zope.interface import implementer

from txtidy import Tidy

LOOPBACK = "127.0.0.1"


class Without:
    """The interface of Tidy, with nothing behind it: a test as it is written today."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        from twisted.internet import reactor

        self.reactor: Any = reactor

    def listen(self, endpoint: Any, made: Any) -> Any:
        return endpoint.listen(made)

    def connect(self, endpoint: Any, made: Any) -> Any:
        return endpoint.connect(made)

    def watched(self, made: Any) -> Any:
        return made

    def endpoint(self, endpoint: Any) -> Any:
        return endpoint

    def tidied(self, thing: Any) -> Any:
        return thing


def server() -> Any:
    from twisted.internet import reactor

    return TCP4ServerEndpoint(reactor, 0, interface=LOOPBACK)


def client(port: Any) -> Any:
    from twisted.internet import reactor

    return TCP4ClientEndpoint(reactor, LOOPBACK, port.getHost().port)


def nobody() -> int:
    """The number of a port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        return int(taken.getsockname()[1])


class Greeted(Quiet):
    """A protocol that says when it is connected."""

    def __init__(self) -> None:
        self.connected_at: Deferred[Any] = Deferred()

    def connectionMade(self) -> None:
        self.connected_at.callback(self)


KINDS: list[tuple[str, str, Callable[[Any], Any]]] = []


def kind(title: str, alone: str = "") -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """Add a test to the table. alone: which of its two versions needs a process of its own."""

    def add(test: Callable[[Any], Any]) -> Callable[[Any], Any]:
        KINDS.append((title, alone, waited(test)))
        return test

    return add


@kind("a port")
async def a_port(t: Any) -> None:
    await t.listen(server(), factory())


@kind("a port that was asked to stop, and not waited for")
async def port_not_waited_for(t: Any) -> None:
    port = await t.listen(server(), factory())
    port.stopListening()


@kind("a client's connection by an endpoint, and the server's side of it")
async def both_sides(t: Any) -> None:
    port = await t.listen(server(), factory())
    await t.connect(client(port), factory())


@kind("a client by reactor.connectTCP")
async def by_connector(t: Any) -> None:
    port = t.reactor.listenTCP(0, factory(), interface=LOOPBACK)
    mine = ClientFactory()
    mine.noisy = False
    greeted = Greeted()
    mine.buildProtocol = lambda address: greeted  # type: ignore[assignment]
    t.reactor.connectTCP(LOOPBACK, port.getHost().port, mine)
    await greeted.connected_at


@kind("a server's side that stays open after the client has closed")
async def half_closed(t: Any) -> None:
    from twisted.internet.interfaces import IHalfCloseableProtocol

    @implementer(IHalfCloseableProtocol)
    class Stays(Greeted):
        def readConnectionLost(self) -> None:
            self.left.callback(None)

        def writeConnectionLost(self) -> None:
            pass

    stays = Stays()
    stays.left = Deferred()  # type: ignore[attr-defined]
    made = factory()
    made.buildProtocol = lambda address: stays
    port = await t.listen(server(), made)
    mine = await t.connect(client(port), factory())
    mine.transport.loseWriteConnection()
    await stays.left  # type: ignore[attr-defined]


@kind("a connection that is clogged: its peer does not read")
async def clogged(t: Any) -> None:
    deaf = Greeted()
    made = factory()
    made.buildProtocol = lambda address: deaf
    port = await t.listen(server(), made)
    mine = await t.connect(client(port), factory())
    (await deaf.connected_at).transport.pauseProducing()
    mine.transport.write(b"x" * 20_000_000)


@kind("a connection that has changed its protocol")
async def upgraded(t: Any) -> None:
    port = await t.listen(server(), factory())
    mine = await t.connect(client(port), factory())
    transport, other = mine.transport, Quiet()
    transport.protocol = other
    other.makeConnection(transport)


@implementer(IStreamClientEndpoint)
class SaysGoodbye:
    """An endpoint that connects for ever, and winds something down when it is cancelled."""

    def __init__(self, clock: Any) -> None:
        self.clock = clock

    def __repr__(self) -> str:
        return "<an endpoint that says goodbye>"

    @waited
    async def connect(self, made: Any) -> None:
        try:
            await deferLater(self.clock, 60)
        except CancelledError:
            await deferLater(self.clock, 0.05)


@kind("an attempt to connect that still goes on, and winds down when cancelled")
async def attempt(t: Any) -> None:
    from twisted.internet import reactor

    t.connect(SaysGoodbye(reactor), factory()).addErrback(lambda _: None)


@kind("a ReconnectingClientFactory that nobody answers")
async def reconnecting(t: Any) -> None:
    class Again(ReconnectingClientFactory):
        noisy = False
        initialDelay = maxDelay = 0.01
        tries = 0

        def clientConnectionFailed(self, connector: Any, reason: Any) -> None:
            super().clientConnectionFailed(connector, reason)
            self.tries += 1
            if self.tries == 2:
                twice.callback(None)

    twice: Deferred[None] = Deferred()
    t.reactor.connectTCP(LOOPBACK, nobody(), Again())
    await twice


@kind("a ClientService, connected")
async def client_service(t: Any) -> None:
    port = await t.listen(server(), factory())
    service = t.tidied(ClientService(t.endpoint(client(port)), factory()))
    service.startService()
    await service.whenConnected()


@kind("a StreamServerEndpointService with a client")
async def server_service(t: Any) -> None:
    number = nobody()
    from twisted.internet import reactor

    endpoint = TCP4ServerEndpoint(reactor, number, interface=LOOPBACK)
    service = t.tidied(StreamServerEndpointService(t.endpoint(endpoint), factory()))
    service.startService()
    await t.connect(TCP4ClientEndpoint(reactor, LOOPBACK, number), factory())


@kind("a UNIX socket and its connection")
async def unix(t: Any) -> None:
    from twisted.internet import reactor

    folder = tempfile.mkdtemp()
    t.addCleanup(shutil.rmtree, folder)
    path = os.path.join(folder, "s")
    await t.listen(UNIXServerEndpoint(reactor, path), factory())
    await t.connect(UNIXClientEndpoint(reactor, path), factory())


@kind("a UDP port")
async def udp(t: Any) -> None:
    protocol = DatagramProtocol()
    protocol.noisy = False
    t.reactor.listenUDP(0, protocol, interface=LOOPBACK)


class Started(ProcessProtocol):
    def __init__(self) -> None:
        self.started: Deferred[None] = Deferred()

    def __str__(self) -> str:
        return "<Started>"

    def outReceived(self, data: bytes) -> None:
        if not self.started.called:
            self.started.callback(None)


def child(code: str) -> tuple[Any, ...]:
    return (
        sys.executable,
        [sys.executable, "-S", "-c", f'import os; os.write(1, b"1"); {code}'],
        None,
    )


@kind("a child process")
async def child_process(t: Any) -> None:
    protocol = Started()
    t.reactor.spawnProcess(protocol, *child("import time; time.sleep(60)"))
    await protocol.started


@kind("a child process that ignores SIGTERM")
async def stubborn_child(t: Any) -> None:
    protocol = Started()
    ignoring = "import signal, time; signal.signal(15, signal.SIG_IGN)"
    path, words, environment = child("")
    words[-1] = f'{ignoring}; import os; os.write(1, b"1"); time.sleep(60)'
    t.reactor.spawnProcess(protocol, path, words, environment)
    await protocol.started


@kind("a LoopingCall")
async def looping(t: Any) -> None:
    t.tidied(LoopingCall(lambda: None)).start(30)


@kind("a delayed call")
async def delayed(t: Any) -> None:
    t.reactor.callLater(30, lambda: None)


class Hello(Resource):
    isLeaf = True

    def render_GET(self, request: Any) -> bytes:
        return b"hello" * 100_000


async def fetched(t: Any, agent: Agent) -> Any:
    made = Site(Hello())
    made.noisy = False
    port = await t.listen(server(), made)
    return await agent.request(b"GET", b"http://127.0.0.1:%d/" % port.getHost().port)


@kind("an HTTP client's pool, with an idle connection")
async def pool(t: Any) -> None:
    from twisted.internet import reactor

    agent = Agent(reactor, pool=t.tidied(HTTPConnectionPool(reactor)))
    await readBody(await fetched(t, agent))


@kind("an Agent's response whose body was not read")
async def not_read(t: Any) -> None:
    await fetched(t, Agent(t.reactor))


@kind("a thread pool", alone="without")
async def threads(t: Any) -> None:
    pool = t.tidied(ThreadPool(1, 1))
    pool.start()


@kind("a thread that never ends", alone="both")
async def stuck_thread(t: Any) -> None:
    pool = t.tidied(ThreadPool(1, 1, "mine"))
    pool.start()
    pool.callInThread(threading.Event().wait)


@kind("a transport that never reports its end")
async def stubborn(t: Any) -> None:
    class Stubborn(StringTransport):
        def abortConnection(self) -> None:
            pass

    t.watched(Factory.forProtocol(Quiet)).buildProtocol(None).makeConnection(Stubborn())


@kind("a service that does not stop")
async def stubborn_service(t: Any) -> None:
    class Stays(Service):
        def __str__(self) -> str:
            return "<Stays>"

        def stopService(self) -> Any:
            return Deferred()

    service = t.tidied(Stays())
    service.startService()


@kind("a LoopingCall whose function waits for ever")
async def stuck_loop(t: Any) -> None:
    class Waits:
        def __call__(self) -> Any:
            return Deferred()

        def __repr__(self) -> str:
            return "<Waits>"

    t.tidied(LoopingCall(Waits())).start(30)


def case(number: int, mode: str) -> type[Any]:
    """Make the test case of a kind: the test, and an innocent one after it."""
    base = Tidy if mode == "with" else Without
    body = {"grace": 0.1, "limit": 0.4, "test_kind": KINDS[number][2]}
    return type("Case", (base, Innocent), body)
