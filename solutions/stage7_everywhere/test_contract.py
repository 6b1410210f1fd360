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
    """Has no protocol for anybody."""

    def buildProtocol(self, address: Any) -> None:
        return None


class Broken:
    """A TLS context whose key is lost."""

    def getContext(self) -> Any:
        raise ValueError("no key")


class Producer:
    """Has nothing for now."""

    def resumeProducing(self) -> None: ...
    def pauseProducing(self) -> None: ...
    def stopProducing(self) -> None: ...


class Connecting(Somewhere):
    """How connections begin, or do not: promises 1 to 6."""

    def test_connectEvent(self) -> None:
        """Both sides are told that they are connected, once, though nothing is sent."""
        made = []

        class Waiting(Protocol):
            def connectionMade(protocol) -> None:
                made.append(protocol.factory)
                if len(made) == 2:
                    # Later, so that a second time would be seen.
                    self.reactor.callLater(0.01, self.reactor.stop)

        server, client = ServerFactory.forProtocol(Waiting), ClientFactory.forProtocol(Waiting)
        self.listen(server)
        self.connect(client)
        self.run_reactor()
        self.assertCountEqual(made, [server, client])

    def test_interface(self) -> None:
        """Connecting gives an IConnector."""
        connector = self.connect_to_nobody(ClientFactory())
        self.addCleanup(connector.disconnect)
        self.assertTrue(verifyObject(IConnector, connector))

    def test_clientConnectionFailedStopsReactor(self) -> None:
        """A factory hears once of an attempt that failed, with its connector, and may stop the reactor then."""
        failed = []

        class Failing(ClientFactory):
            def clientConnectionFailed(factory, connector: Any, reason: Any) -> None:
                failed.append((connector, reason.check(ConnectError)))
                self.reactor.stop()

        connector = self.connect_to_nobody(Failing())
        self.run_reactor()
        self.assertEqual(failed, [(connector, ConnectError)])

    def test_buildProtocolReturnsNone(self) -> None:
        """If a factory gives no protocol, the other side sees a clean end, whichever side that is."""
        if self.where[1] == "TLS":
            raise SkipTest("Twisted's TLS wraps None as if it were a protocol.")
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
        """Each side knows its own address and the other's: resolved, of the family's type."""

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
        """What a TLS context raises is raised to whoever gave it."""
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
        # Twisted would rather have contexts that say what they are; those are asked later.
        self.flushWarnings()


class Ending(Somewhere):
    """While a connection lasts, and when it is over: promises 7 to 11."""

    def test_logPrefix(self) -> None:
        """What is logged while a protocol is called is logged with that protocol's prefix, on both sides."""

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
        """Connect a server of the one class with a client of the other, and the other way round, and run the reactor until
        all is over. Gives the four protocols: of the first connection the server and the client, then of the second."""
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
        """To unregister a producer once the connection is over does nothing: its transport is not watched again."""
        watched: list[Any] = []
        # The iocp reactor has no list of them.
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
        """loseConnection waits for a pull producer: what that still writes arrives, and then a clean end."""

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
                    # Over TLS, what is written goes out in the next turn.
                    self.reactor.callLater(0, protocol.transport.unregisterProducer)

        server, _, _, client = self.run_both_ways(Side, Producing)
        for reader in (server, client):
            self.assertEqual(
                (reader.data, reader.ends), (b"hello, and the rest", (ConnectionDone,))
            )


class Running(Somewhere):
    """The reactor itself: promises 12 and 13."""

    def test_callWhenRunning(self) -> None:
        """Calls for when the reactor runs are made then, once, in order; and at once where it runs already."""
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
        """Work is done in a thread, answers in the reactor's; when the reactor has stopped, the thread is over."""
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
