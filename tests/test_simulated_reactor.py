"""The simulated reactor: its time, its order, its limits, and each way in which it differs from real ones."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from twisted.internet import defer, error, protocol, task, threads
from twisted.internet.endpoints import HostnameEndpoint, clientFromString, serverFromString
from twisted.python import threadable

from workshop.simulated import reactor as module
from workshop.simulated.errors import Deadlock, Endless, NotSimulated
from workshop.simulated.network import EPOCH, ROOM, Socket
from workshop.simulated.reactor import SimulatedReactor
from workshop.simulated.trial import watched
from workshop.simulated.weather import History

Reactor = Any


@pytest.fixture
def reactor() -> Reactor:
    """A reactor of its own."""
    return SimulatedReactor()


def run(reactor: Reactor, main: Callable[[], Any]) -> Any:
    """Run until a coroutine is done; return what it returns."""
    results: list[Any] = []

    def begin() -> None:
        waited = defer.ensureDeferred(main())
        waited.addBoth(results.append).addBoth(lambda _: reactor.stop())

    reactor.callWhenRunning(begin)
    reactor.run(installSignalHandlers=False)
    [result] = results
    if hasattr(result, "raiseException"):
        result.raiseException()
    return result


class Sink(protocol.Protocol):
    """Keeps what arrives, and why it ended."""

    def __init__(self) -> None:
        self.data, self.lost = b"", defer.Deferred[Any]()

    def dataReceived(self, data: bytes) -> None:
        self.data += data

    def connectionLost(self, reason: Any) -> None:
        self.lost.callback(reason.type)


class Greets(Sink):
    """Sends much, and closes."""

    def __init__(self, connected: defer.Deferred[Any]) -> None:
        super().__init__()
        self.made = connected

    def connectionMade(self) -> None:
        self.transport.write(b"hello" * 1000)  # type: ignore[union-attr]
        self.transport.loseConnection()  # type: ignore[union-attr]
        self.made.callback(self)


def sinks(kept: list[Sink]) -> protocol.ServerFactory:
    """A server's factory, and where its protocols are."""
    factory = protocol.ServerFactory()
    factory.noisy = False
    factory.buildProtocol = lambda _: kept.append(Sink()) or kept[-1]  # type: ignore[func-returns-value]
    return factory


def client() -> protocol.ClientFactory:
    """A client's factory."""
    return protocol.ClientFactory.forProtocol(Sink)


# Time


def test_a_wait_costs_nothing(reactor: Reactor) -> None:
    """A year passes at once, and is a year by the reactor's clock."""
    began = time.monotonic()
    reactor.callLater(365 * 86400, reactor.stop)
    reactor.run()
    assert time.monotonic() - began < 20
    assert round(reactor.seconds() - EPOCH) == 365 * 86400


def test_calls_due_at_once_run_in_their_order(reactor: Reactor) -> None:
    """Those made in one turn for one time run as they were made, as by a clock that always moves."""
    done: list[int] = []
    for number in range(50):
        reactor.callLater(1, done.append, number)
    reactor.callLater(2, reactor.stop)
    reactor.run()
    assert done == list(range(50))


def test_time_passes_while_the_reactor_is_busy(reactor: Reactor) -> None:
    """A test that asks again and again, without a delay, until some time has passed, ends; so does a loop."""

    def ask() -> None:
        if reactor.seconds() > EPOCH + 0.01:
            reactor.stop()
        else:
            reactor.callLater(0, ask)

    while reactor.seconds() < EPOCH + 0.001:
        pass
    ask()
    reactor.run()


def test_it_imports_without_a_posix_system() -> None:
    """In a browser there are no such modules; TLS is optional everywhere."""
    code = (
        "import sys\n"
        "for name in 'fcntl pwd grp termios pty resource OpenSSL'.split(): sys.modules[name] = None\n"
        "import workshop.simulated.trial\n"
    )
    root = Path(__file__).resolve().parent.parent
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True)


# Limits


def test_nothing_can_happen(reactor: Reactor) -> None:
    """run() raises, and names what is open."""
    port = reactor.listenTCP(0, sinks([]), interface="127.0.0.1")
    with pytest.raises(Deadlock, match=f"port {port.getHost().port} listens"):
        reactor.run()


def test_endless(reactor: Reactor, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that repeats itself without any delay ends the run, after so many turns."""
    monkeypatch.setattr(module, "MOST_TURNS", 3000)

    def again() -> None:
        reactor.callLater(0, again)

    again()
    with pytest.raises(Endless, match="repeat itself without any delay"):
        reactor.run()


def test_code_that_does_not_return_to_the_reactor(
    reactor: Reactor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An alarm ends it."""
    monkeypatch.setattr("workshop.simulated.trial.MOST_SECONDS", 0.1)
    with pytest.raises(Endless, match="Does it block"), watched(reactor):
        while True:
            pass


# Differences from real reactors, each of which the README lists


def test_other_clocks_are_separate(reactor: Reactor) -> None:
    """What sleeps for real takes no virtual time."""
    before = reactor.seconds()
    time.sleep(0.01)
    assert 0 < reactor.seconds() - before < 0.00001


def test_the_reactor_waits_for_each_job(reactor: Reactor) -> None:
    """A job of the pool runs in another thread, after the call that asks for it; meanwhile, nothing else happens."""
    events: list[object] = []
    here = threading.get_ident()

    async def main() -> None:
        events.append("asked")
        reactor.callLater(0.001, events.append, "call")
        waited = threads.deferToThreadPool(reactor, reactor.getThreadPool(), job)
        events.append("asked on")
        events.append(await waited)
        await task.deferLater(reactor, 0.01)

    def job() -> str:
        events.append("began")
        time.sleep(0.05)
        events.append(threading.get_ident() == here or threadable.isInIOThread())
        return "done"

    run(reactor, main)
    assert events == ["asked", "asked on", "began", False, "done", "call"]


def test_nobody_else_is_there(reactor: Reactor) -> None:
    """An attempt elsewhere is not answered: it ends by its timeout, which costs nothing."""
    failed: list[Any] = []
    factory = client()
    factory.clientConnectionFailed = lambda _, why: failed.append(why.type) or reactor.stop()  # type: ignore[method-assign, func-returns-value]
    reactor.connectTCP("192.0.2.1", 80, factory)
    reactor.run()
    assert failed == [error.TimeoutError]
    assert round(reactor.seconds() - EPOCH) == 30


def test_only_localhost_has_a_name(reactor: Reactor) -> None:
    """By either address; other names are not found."""

    async def main() -> tuple[str, list[type]]:
        kinds: list[type] = []
        for interface in ("127.0.0.1", "::1"):
            port = reactor.listenTCP(0, sinks([]), interface=interface)
            endpoint = HostnameEndpoint(reactor, "localhost", port.getHost().port)
            kinds.append(type((await endpoint.connect(client())).transport.getPeer()))  # type: ignore[attr-defined]
        with pytest.raises(error.DNSLookupError):
            await HostnameEndpoint(reactor, "example.org", 80).connect(client())
        return await reactor.resolve("localhost"), kinds

    address, kinds = run(reactor, main)
    assert address == "127.0.0.1"
    assert [one.__name__ for one in kinds] == ["IPv4Address", "IPv6Address"]


def test_a_real_socket_finds_nobody(reactor: Reactor) -> None:
    """The system does not have the port of a simulation; and a real descriptor cannot be watched."""
    port = reactor.listenTCP(0, sinks([]), interface="127.0.0.1")
    with pytest.raises(ConnectionRefusedError), socket.socket() as real:
        real.connect(("127.0.0.1", port.getHost().port))
    with socket.socket() as real, pytest.raises(NotSimulated, match="real file descriptors"):
        reactor.addReader(real)


def test_ipv6_takes_ipv4(reactor: Reactor) -> None:
    """A port on :: is reached at 127.0.0.1 too, from a mapped address, as on Linux; one on 0.0.0.0 takes no IPv6."""

    async def main() -> list[str]:
        kept: list[Sink] = []
        port = reactor.listenTCP(0, sinks(kept), interface="::").getHost().port
        await clientFromString(reactor, f"tcp:127.0.0.1:{port}").connect(client())
        with pytest.raises(error.CannotListenError):
            reactor.listenTCP(port, sinks([]), interface="127.0.0.1")
        other = reactor.listenTCP(0, sinks([])).getHost().port
        with pytest.raises(error.ConnectionRefusedError):
            await clientFromString(reactor, rf"tcp:\:\:1:{other}").connect(client())
        transport: Any = kept[0].transport
        return [transport.getHost().host, transport.getPeer().host]

    assert run(reactor, main) == ["::ffff:127.0.0.1"] * 2


def test_options_of_sockets_have_no_effect(reactor: Reactor) -> None:
    """An address is never taken twice, and is free once its port is closed; no reading half can be shut down."""

    async def main() -> None:
        kept: list[Sink] = []
        port = reactor.listenTCP(0, sinks(kept), interface="127.0.0.1")
        number = port.getHost().port
        with pytest.raises(error.CannotListenError):
            reactor.listenTCP(number, sinks([]), interface="127.0.0.1")
        side: Any = await clientFromString(reactor, f"tcp:127.0.0.1:{number}").connect(client())
        await port.stopListening()
        reactor.listenTCP(number, sinks([]), interface="127.0.0.1")
        with pytest.raises(NotSimulated, match="SHUT_RD"):
            side.transport.getHandle().shutdown(socket.SHUT_RD)

    run(reactor, main)


def test_signals(reactor: Reactor) -> None:
    """A handler's callFromThread is called, but nothing waits for a signal."""
    if sys.platform == "win32":
        pytest.skip("Windows has no such signals.")
    before = signal.signal(signal.SIGUSR1, lambda *_: reactor.callFromThread(reactor.stop))
    try:
        reactor.callLater(1, os.kill, os.getpid(), signal.SIGUSR1)
        reactor.run()
        waits: Reactor = SimulatedReactor()
        with pytest.raises(Deadlock):
            waits.run()
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_tls_has_the_same_history_each_time() -> None:
    """With an RSA key all lengths are the same, although OpenSSL's random numbers are not."""
    pytest.importorskip("OpenSSL")
    from twisted.internet.ssl import ClientContextFactory, DefaultOpenSSLContextFactory
    from twisted.test.ssl_helpers import certPath

    def once(seed: int) -> list[object]:
        reactor: Reactor = SimulatedReactor()
        reactor.begin(History(seed, "windy"))

        async def main() -> None:
            kept: list[Sink] = []
            context = DefaultOpenSSLContextFactory(certPath, certPath)
            port = reactor.listenSSL(0, sinks(kept), context, interface="127.0.0.1")
            connected = defer.Deferred[Any]()
            factory = client()
            factory.protocol = lambda: Greets(connected)  # type: ignore[assignment]
            reactor.connectSSL("127.0.0.1", port.getHost().port, factory, ClientContextFactory())
            side = await connected
            assert await side.lost is error.ConnectionDone
            assert kept[0].data == b"hello" * 1000

        run(reactor, main)
        return [(one.key, one.drawn) for one in reactor.network.history.decisions]

    for seed in range(10):
        first = once(seed)
        assert first and all(once(seed) == first for _ in range(3)), seed


def test_what_is_missing_is_no_attribute(reactor: Reactor) -> None:
    """hasattr says no; a call names what is missing."""
    for name in ("spawnProcess", "listenUDP", "adoptStreamPort", "listenMulticast"):
        assert not hasattr(reactor, name)
        with pytest.raises(NotSimulated, match=f"reactor.{name}"):
            getattr(reactor, name)
    with pytest.raises(AttributeError, match="nonesuch"):
        _ = reactor.nonesuch
    with pytest.raises(NotSimulated, match=r"socket\.sendmsg"):
        _ = Socket(reactor.network, socket.AF_INET).sendmsg


def test_a_cooperative_task_takes_virtual_time(reactor: Reactor, monkeypatch: Any) -> None:
    """A task gets the same number of steps each turn, however fast the machine is: a look at the clock takes 1 µs."""
    monkeypatch.setattr("twisted.internet.reactor", reactor, raising=False)
    steps: list[float] = []

    async def main() -> None:
        cooperator = task.Cooperator(scheduler=lambda call: reactor.callLater(0, call))
        await cooperator.cooperate(steps.append(reactor.seconds()) for _ in range(9000)).whenDone()

    run(reactor, main)
    assert len(steps) == 9000 and 0.016 < steps[-1] - steps[0] < 0.02


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no UNIX sockets here.")
def test_a_unix_socket_is_a_real_file(reactor: Reactor, tmp_path: Path) -> None:
    """Its file is on the disk, with its mode, and goes with the port; its bytes are in memory."""
    path = tmp_path / "s"

    async def main() -> bytes:
        kept: list[Sink] = []
        port = await serverFromString(reactor, f"unix:{path}:mode=600").listen(sinks(kept))
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
        side: Any = await clientFromString(reactor, f"unix:{path}").connect(client())
        with pytest.raises(NotSimulated, match="sendFileDescriptor"):
            side.transport.sendFileDescriptor(0)
        side.transport.write(b"hello")
        side.transport.loseConnection()
        await side.lost
        await kept[0].lost
        await port.stopListening()
        return kept[0].data

    assert run(reactor, main) == b"hello"
    assert not path.exists()


def test_a_writer_stops_for_a_reader_that_does_not_read(reactor: Reactor) -> None:
    """One direction holds so much; the rest goes once the reader reads."""

    async def main() -> tuple[int, int]:
        kept: list[Sink] = []
        port = reactor.listenTCP(0, sinks(kept), interface="127.0.0.1")
        side: Any = await clientFromString(reactor, f"tcp:127.0.0.1:{port.getHost().port}").connect(
            client()
        )
        await task.deferLater(reactor, 0.1)
        kept[0].transport.pauseProducing()  # type: ignore[union-attr]
        side.transport.write(bytes(4 * ROOM))
        side.transport.loseConnection()
        await task.deferLater(reactor, 1)
        there = len(kept[0].transport.socket.inbox)  # type: ignore[union-attr]
        assert not side.transport.socket.writable
        kept[0].transport.resumeProducing()  # type: ignore[union-attr]
        assert await kept[0].lost is error.ConnectionDone
        return there, len(kept[0].data)

    there, came = run(reactor, main)
    assert ROOM // 2 < there <= ROOM and came == 4 * ROOM
