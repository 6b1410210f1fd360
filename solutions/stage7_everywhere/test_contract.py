"""The contract that each reactor keeps, over each kind of connection."""

import gc
import threading
import weakref
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.error import ConnectError, ConnectionDone
from twisted.internet.interfaces import IConnector
from twisted.internet.protocol import ClientFactory, Protocol, ServerFactory
from twisted.python.context import get
from twisted.python.log import ILogContext
from twisted.trial.unittest import SkipTest
from zope.interface.verify import verifyObject

from .everywhere import Somewhere, everywhere
from .sides import ClosingSide, Side

### BEGIN SOLUTION Step 1: the contract
### STARTER
### STARTER class Connecting(Somewhere):
### STARTER     """How connections begin, or do not: promises 1 to 6."""
### STARTER
### STARTER
### STARTER class Ending(Somewhere):
### STARTER     """While a connection lasts, and when it is over: promises 7 to 11."""
### STARTER
### STARTER
### STARTER class Running(Somewhere):
### STARTER     """The reactor itself: promises 12 and 13."""
### STARTER
### STARTER


class Nothing(ClientFactory):
    """Returns no protocol."""

    def buildProtocol(self, address: Any) -> None:
        return None


class Broken:
    """A TLS context without a key."""

    def getContext(self) -> Any:
        raise ValueError("no key")


class Producer:
    """Produces nothing."""

    def resumeProducing(self) -> None: ...
    def pauseProducing(self) -> None: ...
    def stopProducing(self) -> None: ...


class Connecting(Somewhere):
    """How connections begin, or do not: promises 1 to 6."""

    def test_connectEvent(self) -> None:
        """connectionMade is called on both sides, once, even if nothing is sent."""
        made = []

        class Waiting(Protocol):
            def connectionMade(protocol) -> None:
                made.append(protocol.factory)
                if len(made) == 2:
                    # Later, so that a second call would be seen.
                    self.reactor.callLater(0.01, self.reactor.stop)

        server, client = ServerFactory.forProtocol(Waiting), ClientFactory.forProtocol(Waiting)
        self.listen(server)
        self.connect(client)
        self.run_reactor()
        self.assertCountEqual(made, [server, client])

    def test_interface(self) -> None:
        """Connecting returns an IConnector."""
        connector = self.connect_to_nobody(ClientFactory())
        self.addCleanup(connector.disconnect)
        self.assertTrue(verifyObject(IConnector, connector))

    def test_clientConnectionFailedStopsReactor(self) -> None:
        """clientConnectionFailed is called once, with the attempt's connector, and may stop the reactor."""
        failed = []

        class Failing(ClientFactory):
            def clientConnectionFailed(factory, connector: Any, reason: Any) -> None:
                failed.append((connector, reason.check(ConnectError)))
                self.reactor.stop()

        connector = self.connect_to_nobody(Failing())
        self.run_reactor()
        self.assertEqual(failed, [(connector, ConnectError)])

    def test_buildProtocolReturnsNone(self) -> None:
        """If a factory returns no protocol, the other side's connection ends cleanly, for server and client."""
        if self.where[1] == "TLS":
            raise SkipTest("Twisted's TLS treats None as a protocol.")
        ends = []

        class Other(Protocol):
            def connectionLost(protocol, reason: Any = None) -> None:
                ends.append(reason.type)
                if len(ends) == 1:
                    self.listen(Nothing())
                    self.connect(ClientFactory.forProtocol(Other))
                else:
                    self.reactor.stop()

        self.listen(ServerFactory.forProtocol(Other))
        self.connect(Nothing())
        self.run_reactor()
        self.assertEqual(ends, [ConnectionDone] * 2)

    def test_addresses(self) -> None:
        """Each side has its own address and the other's: resolved, of the family's type."""

        class Asking(ClosingSide):
            def ready(self) -> None:
                self.host, self.peer = self.transport.getHost(), self.transport.getPeer()
                super().ready()

        server, client = Asking(), Asking()
        self.run_between(server, client, by_name=True)
        self.assertEqual((server.host, server.peer), (client.peer, client.host))
        types = {"TCP6": (IPv6Address, "::1"), "UNIX": (UNIXAddress, None)}
        kind, host = types.get(self.where[1], (IPv4Address, "127.0.0.1"))
        for address in (client.host, client.peer):
            self.assertIsInstance(address, kind)
            self.assertEqual(getattr(address, "host", None), host)

    def test_badContext(self) -> None:
        """An error in a TLS context is raised by the call that was given the context."""
        raised = []

        class Starting(ClosingSide):
            def ready(protocol) -> None:
                raised.append(self.assertRaises(ValueError, protocol.transport.startTLS, Broken()))
                super().ready()

        if self.where[1] == "TLS":
            real = self.reactor
            for call in (
                lambda: real.listenSSL(0, ServerFactory(), Broken(), interface="127.0.0.1"),
                lambda: real.connectSSL("127.0.0.1", 1, ClientFactory(), Broken()),
            ):
                raised.append(self.assertRaises(ValueError, call))
        else:
            self.run_between(Starting(), Starting())
        self.assertEqual([str(error) for error in raised], ["no key"] * 2)
        # Twisted warns of contexts that do not declare their interface.
        self.flushWarnings()


class Ending(Somewhere):
    """While a connection lasts, and when it is over: promises 7 to 11."""

    def test_logPrefix(self) -> None:
        """While a protocol is called, the log's system has its prefix, on both sides."""

        class Logging(ClosingSide):
            def __init__(self, name: str) -> None:
                self.name, self.system = name, ""

            def logPrefix(self) -> str:
                return self.name

            def ready(self) -> None:
                self.system = get(ILogContext)["system"]
                super().ready()

        server, client = Logging("the server"), Logging("the client")
        self.run_between(server, client)
        self.assertIn("the server", server.system)
        self.assertIn("the client", client.system)

    def test_writeAfterDisconnect(self) -> None:
        """Once the connection is over, writing does nothing, on both sides."""

        class Writing(ClosingSide):
            def connectionLost(self, reason: Any = None) -> None:
                super().connectionLost(reason)
                self.transport.write(b"too late")
                self.transport.writeSequence([b"too", b"late"])

        server, client = Writing(), Writing()
        self.run_between(server, client)
        self.assertEqual((len(server.ends), len(client.ends)), (1, 1))

    def test_protocolGarbageAfterLostConnection(self) -> None:
        """Once the connection is over, the reactor holds neither side's protocol."""
        server, client = Side(), ClosingSide()
        held: list[Any] = [weakref.ref(server), weakref.ref(client)]
        self.run_between(server, client)
        del server, client
        gc.collect()
        self.assertEqual([one() for one in held], [None, None])

    def run_both_ways(self, one: type[Side], other: type[Side]) -> list[Any]:
        """Connect a server of one class with a client of the other, then the reverse, and run the reactor until all is over.

        Returns the four protocols: server and client of the first connection, then those of the second.
        """
        left = [1, 2, 3, 4]

        def hears(kind: type[Side]) -> Any:
            class Hearing(kind):  # type: ignore[valid-type, misc]
                def connectionLost(protocol, reason: Any = None) -> None:
                    super().connectionLost(reason)
                    left.pop()
                    if not left:
                        self.reactor.stop()

            return Hearing()

        sides = [hears(kind) for kind in (one, other, other, one)]
        first, second, third, fourth = sides
        self.listen(ServerFactory.forProtocol(lambda: first))
        self.connect(ClientFactory.forProtocol(lambda: second))
        self.listen(ServerFactory.forProtocol(lambda: third))
        self.connect(ClientFactory.forProtocol(lambda: fourth))
        self.run_reactor()
        return sides

    def test_unregisterProducerAfterDisconnect(self) -> None:
        """Unregistering a producer after the connection's end does nothing: its transport is not watched again."""
        watched: list[Any] = []
        # The iocp reactor has no such list.
        writers = getattr(self.reactor, "getWriters", list)

        class Unregistering(Side):
            def ready(self) -> None:
                self.transport.registerProducer(Producer(), True)
                self.transport.loseConnection()

            def connectionLost(protocol, reason: Any = None) -> None:
                super().connectionLost(reason)
                before = set(writers())
                protocol.transport.unregisterProducer()
                watched.extend(set(writers()) - before)

        self.run_both_ways(ClosingSide, Unregistering)
        self.assertEqual(watched, [])

    def test_disconnectWhileProducing(self) -> None:
        """loseConnection waits for a pull producer: its last bytes arrive, and then a clean end."""

        class Producing(Side):
            def ready(self) -> None:
                self.transport.registerProducer(Producer(), False)
                self.transport.loseConnection()
                self.later(5)

            def later(protocol, turns: int) -> None:
                if turns:
                    self.reactor.callLater(0, protocol.later, turns - 1)
                else:
                    protocol.transport.write(b", and the rest")
                    # Over TLS, written bytes go out in the next turn.
                    self.reactor.callLater(0, protocol.transport.unregisterProducer)

        server, _, _, client = self.run_both_ways(Side, Producing)
        for reader in (server, client):
            self.assertEqual(
                (reader.data, reader.ends), (b"hello, and the rest", (ConnectionDone,))
            )


class Running(Somewhere):
    """The reactor itself: promises 12 and 13."""

    def test_callWhenRunning(self) -> None:
        """Functions of callWhenRunning are called when the reactor runs, once, in order; at once if it already runs."""
        called: list[str] = []

        def running() -> None:
            self.reactor.callWhenRunning(called.append, "at once")
            called.append("after it")
            self.reactor.callLater(0, self.reactor.stop)

        self.reactor.callWhenRunning(called.append, "first")
        self.reactor.callWhenRunning(running)
        self.assertEqual(called, [])
        self.run_reactor()
        self.assertEqual(called, ["first", "at once", "after it"])

    def test_threads(self) -> None:
        """callInThread uses another thread, callFromThread the reactor's; after the stop, the other thread is over."""
        here = []

        def work() -> None:
            here.append(threading.current_thread())
            self.reactor.callFromThread(answer)

        def answer() -> None:
            here.append(threading.current_thread())
            self.reactor.stop()

        self.reactor.callInThread(work)
        self.run_reactor()
        there, back = here
        self.assertIs(back, threading.current_thread())
        self.assertIsNot(there, back)
        self.assertFalse(there.is_alive())


### END SOLUTION
# This must stay the last line: it builds the test cases.
globals().update(everywhere(globals()))
