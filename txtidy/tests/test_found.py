"""What was found wrong with a smaller mixin of this kind, in ordinary projects: each is right here."""

from __future__ import annotations

import contextlib
import os
import sys
import unittest
from typing import Any

import inner
import kinds
import pytest
from cases import OK, both, named, stubborn, tidy
from inner import Innocent, Quiet, factory, waited
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import ProcessEndpoint
from twisted.internet.interfaces import IProtocol
from twisted.internet.task import deferLater
from twisted.python.components import proxyForInterface
from twisted.trial.unittest import SynchronousTestCase

from txtidy import Tidy

# 1. However the program hears of the end, over is over.


def test_connection_lost_set_after_connecting() -> None:
    """A test sets connectionLost on its protocol, as Twisted's own suite does."""
    ended = []

    async def test(t: Any) -> None:
        client = await both(t)
        client.connectionLost = ended.append

    tidy(test)
    assert len(ended) == 1


def test_class_patched() -> None:
    """A spy that a test patches into the class after connecting is called."""
    spied = []

    async def test(t: Any) -> None:
        client = await both(t)
        lost: Deferred[Any] = Deferred()
        t.patch(
            Quiet, "connectionLost", lambda *args: lost.called or lost.callback(spied.append(1))
        )
        client.transport.loseConnection()
        await lost

    tidy(test)
    assert spied == [1]


def test_proxied_protocol() -> None:
    """A protocol behind proxyForInterface is watched, too."""
    Proxy = proxyForInterface(IProtocol)

    async def test(t: Any) -> None:
        made = factory()
        made.buildProtocol = lambda address: Proxy(Quiet())
        await both(t, made)

    tidy(test)


def test_without_connection_lost_of_its_own() -> None:
    """Over a transport that is not a real one, the protocol's connectionLost is the end, also if it was replaced."""

    class Memory:
        def __init__(self, protocol: Any) -> None:
            self.protocol = protocol

        def loseConnection(self) -> None:
            self.protocol.connectionLost(None)

    ended = []

    async def test(t: Any) -> None:
        for replaced in (False, True):
            protocol: Any = t.watched(factory()).buildProtocol(None)
            protocol.makeConnection(Memory(protocol))
            if replaced:
                protocol.connectionLost = ended.append

    tidy(test)
    assert ended == [None]


# 2. A timeout below limit or grace.


@pytest.mark.parametrize("timeout", [0.3, 0.05])
def test_short_timeout(timeout: float) -> None:
    """The limit keeps below the test's timeout, and names."""

    async def test(t: Any) -> None:
        stubborn(t)

    (line,) = named(test, timeout=timeout, limit=3.0, grace=1.0)
    assert line.startswith(
        f"not over {0.8 * timeout:g} s after the test: the connection of <Quiet>"
    )


# 3. Test cases that wait for nothing.


@pytest.mark.parametrize("base", [SynchronousTestCase, unittest.TestCase])
def test_refused(base: Any) -> None:
    """A test case that waits for no cleanup is refused at the first use, before anything is open."""

    class Case(Tidy, base):  # type: ignore[misc]
        def test_it(self) -> None:
            with self.assertRaisesRegex(TypeError, "Case waits for no cleanup: Tidy needs twisted"):
                self.listen(None, None)
            with self.assertRaisesRegex(TypeError, "Tidy needs"):
                self.reactor.callLater(0, None)

    assert inner.run(Case) == {"test_it": OK}


# 4. A transport whose getHost raises.


@pytest.mark.parametrize("word", ["", "import signal; signal.signal(15, signal.SIG_IGN)"])
def test_process_endpoint(word: str) -> None:
    """A process by an endpoint is ended, and waited for."""
    from twisted.internet import reactor

    pids = []

    async def test(t: Any) -> None:
        code = f"{word}\nimport os, time; os.write(1, b'1'); time.sleep(60)"
        greeted: Deferred[bytes] = Deferred()
        made = factory()
        endpoint = ProcessEndpoint(
            reactor, sys.executable, [sys.executable, "-S", "-c", code], None
        )
        client = await t.connect(endpoint, made)
        client.dataReceived = greeted.callback
        pids.append(client.transport.pid)
        await greeted

    tidy(test)
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


# 5. A port that is stopping already.


def test_port_stops_already() -> None:
    """A stopListening that the test did not wait for is waited for, and not called again."""

    async def test(t: Any) -> None:
        port = await t.listen(kinds.server(), factory())
        port.stopListening()

    tidy(test)


def test_slow_port_stops_already() -> None:
    """So is one that takes its time, however often the test or its program asks."""
    calls = []

    class Slow:
        def stopListening(self) -> Any:
            from twisted.internet import reactor

            calls.append(self)
            return deferLater(reactor, 0.05)

    async def test(t: Any) -> None:
        port = t.tidied(Slow())
        port.stopListening()
        port.stopListening()

    tidy(test)
    assert len(calls) == 1


def test_port_stopped() -> None:
    """A port that has stopped is left alone, and can be stopped again."""

    async def test(t: Any) -> None:
        port = await t.listen(kinds.server(), factory())
        await port.stopListening()
        assert port.stopListening() is None

    tidy(test)


def test_port_whose_stop_raises() -> None:
    """If a port cannot be stopped, the message says why, and everything else is ended."""

    async def test(t: Any) -> None:
        client = await both(t)
        port = t.tidied(Bad())
        assert client and port

    class Bad:
        def __str__(self) -> str:
            return "<Bad>"

        def stopListening(self) -> None:
            raise LookupError("no such port")

    assert named(test)[0] == (
        "LookupError: no such port, raised when this was to end: the port <Bad>, opened at test_found.py:N."
    )


# 6. One that raises keeps no other from its end.


@pytest.mark.parametrize("name", ["loseConnection", "abortConnection"])
def test_raises(name: str) -> None:
    """If a connection raises when it is to end, the others are ended all the same, and all of it is told."""

    def refuse() -> None:
        raise OSError("not now")

    async def test(t: Any) -> None:
        first = stubborn(t)
        setattr(first.transport, name, refuse)
        await kinds.clogged(t)

    said = named(test)
    assert any(
        line.startswith("OSError: not now, raised when this was to end: the co") for line in said
    )
    assert len([line for line in said if line.startswith("not over")]) == 1


# 7. An attempt that is given up is waited for.


@pytest.mark.parametrize("by_test", [False, True])
def test_goodbye(by_test: bool) -> None:
    """What an endpoint does when it is cancelled, by the test or at its end, is waited for, and not cut short."""
    said = []

    class Goodbye:
        @waited
        async def connect(self, made: Any) -> None:
            from twisted.internet import reactor

            try:
                await deferLater(reactor, 60)
            except CancelledError:
                await deferLater(reactor, 0.03)
                said.append("goodbye")

    async def test(t: Any) -> None:
        attempt = t.connect(Goodbye(), factory())
        attempt.addErrback(lambda failure: None)
        if by_test:
            attempt.cancel()

    tidy(test)
    assert said == ["goodbye"]


def test_coroutine_endpoint() -> None:
    """An endpoint whose connect is a coroutine is waited for."""

    class Slow:
        async def connect(self, made: Any) -> str:
            return "connected"

    async def test(t: Any) -> None:
        assert await t.connect(Slow(), factory()) == "connected"

    tidy(test)


def test_attempt_that_goes_on() -> None:
    """An attempt that cancelling does not end is named, with its opener."""

    class Never:
        def __str__(self) -> str:
            return "<Never>"

        async def connect(self, made: Any) -> None:
            while True:
                with contextlib.suppress(CancelledError):
                    await Deferred()

    async def test(t: Any) -> None:
        t.connect(Never(), factory())

    assert named(test) == [
        "not over 0.4 s after the test: connect of <Never>, opened at test_found.py:N. "
        "Cancelling does not end it."
    ]


# 8. Several failures; protocols with slots; names.


def test_all_are_named() -> None:
    """Each of several that do not end is named, as it is called then."""

    class Named(Quiet):
        name = "too early"

        def __str__(self) -> str:
            return self.name

    async def test(t: Any) -> None:
        for name in ("one", "two"):
            stubborn(t, Named()).name = name

    assert [line.split(" from")[0] for line in named(test)] == [
        "not over 0.4 s after the test: the connection of one",
        "not over 0.4 s after the test: the connection of two",
    ]


def test_name_that_raises() -> None:
    """A protocol whose name raises does not hide the rest."""

    class Nameless(Quiet):
        def __str__(self) -> str:
            raise ValueError("no name")

    async def test(t: Any) -> None:
        stubborn(t, Nameless())
        stubborn(t)

    first, second = named(test)
    assert "something whose name raises ValueError('no name')" in first and "<Quiet>" in second


def test_slots() -> None:
    """A protocol and a factory that take no attributes are watched, and keep their classes."""

    class Slots:
        __slots__ = ("transport",)

        def makeConnection(self, transport: Any) -> None:
            self.transport = transport

        def connectionLost(self, reason: Any) -> None:
            pass

        def dataReceived(self, data: bytes) -> None:
            pass

    class Makes:
        __slots__ = ()

        def doStart(self) -> None:
            pass

        doStop = doStart

        def buildProtocol(self, address: Any) -> Slots:
            return Slots()

    makes = Makes()

    async def test(t: Any) -> None:
        client = await both(t, makes)
        assert type(client) is Slots

    tidy(test)
    assert type(makes) is Makes


# 9. is in the table: an Agent's unread body, connectTCP, a thread pool, a child. A program hands these over.


def test_leaves_no_trace() -> None:
    """A factory that outlives the test, and what it made, have their own methods again."""
    made = factory()
    lost: list[Any] = []

    async def test(t: Any) -> None:
        client = await both(t, made)
        assert "makeConnection" not in vars(client)
        lost.append(client)

    tidy(test)
    assert "buildProtocol" not in vars(made) and "connectionLost" not in vars(lost[0])


# 10. The oldest versions.


def test_cleanup_is_a_deferred() -> None:
    """The cleanup is no coroutine, which Twisted before 24.7 never awaits."""

    class Case(Tidy, Innocent):
        def test_it(self) -> None:
            self.watched(factory())
            ending = self._tidy_end()
            assert isinstance(ending, Deferred)
            self._cleanups.pop()
            self.addCleanup(lambda: ending)

    assert inner.run(Case)["test_it"] == OK


# 11. A connection that changes its protocol.


def test_upgrade() -> None:
    """After transport.protocol = other, the end is the transport's."""
    ended = []

    async def test(t: Any) -> None:
        client = await both(t)
        other = Quiet()
        other.connectionLost = ended.append  # type: ignore[method-assign, assignment]
        client.transport.protocol = other
        other.makeConnection(client.transport)

    tidy(test)
    assert len(ended) == 1


def test_upgrade_that_tells_the_old_one() -> None:
    """A program that tells the old protocol that it is over has not ended the connection."""

    async def test(t: Any) -> None:
        client = await both(t)
        transport = client.transport
        transport.protocol = Quiet()
        transport.protocol.makeConnection(transport)
        client.connectionLost(None)

    tidy(test)
