"""The mixin's connections: both sides of each, in every state in which a test may leave them."""

import os
import socket

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.internet.interfaces import IReactorProcess
from twisted.internet.protocol import Factory, Protocol
from twisted.trial.unittest import SkipTest
from twisted.web.resource import Resource
from twisted.web.server import Site

from .cases import FakeConnecting, Inner, Kinds, Nowhere, Sides, SlowGoodbye, ending_as_one, unread
from .fakes import ERRORS, AlikeRecorder, Recorder
from .heard import (
    HalfOpen,
    Spied,
    kill,
    mocking,
    raising_when_made,
    running,
    serving_again,
    setting,
    watching,
    wrapping,
)
from .lines import LATE_CLIENT, LATE_SERVER, QUIET, Client, Side


class Step14MixinConnections(Kinds):
    """Both sides of each connection are closed, and waited for.

    Write _noted(), in tidy.py. It gets each result of a factory's buildProtocol, and returns it; it
    may be None. Replace makeConnection of that one object with a function that notes the
    connection, then calls the object's own. To note it, add to opened the protocol, the transport,
    a Deferred, and a function that calls the transport's loseConnection. The Deferred fires with
    None after connectionLost of the transport or, if the transport's class has no such method, of
    the protocol: _over(), which is given, makes it. The lines of _end that are given call the
    function of each connection that is not over when its turn comes, even if another's raises.
    """

    def test_both_sides(self):
        """A client and a server are over when the test is, on a quiet line and on slow lines."""
        for name, line in (
            ("quiet", QUIET),
            ("late server", LATE_SERVER),
            ("late client", LATE_CLIENT),
        ):
            sides = []

            class Talks(Inner):
                async def runTest(self, line=line, sides=sides):
                    sides += await self.pair(line.client, line.server)
                    await sides[0].answer

            self.assert_clean(Talks, f"for one connection on the {name} line")
            self.assert_over(sides, f"on the {name} line")

    def test_same_protocol(self):
        """The protocol's own connectionLost gets the reason, or none, as without the mixin; the protocol keeps its class."""
        endpoint, kinds, reasons = FakeConnecting(ends_by=["loseConnection"]), [], []
        for error in (ConnectionAborted(), *ERRORS, None, "by a keyword"):

            class Notes(Protocol):
                def connectionLost(self, reason="none", error=error):
                    reasons.append(
                        (getattr(reason, "value", reason), "none" if error is None else error)
                    )

            class Ends(Inner):
                async def runTest(self, kind=Notes, error=error):
                    protocol = await self.connect(endpoint, Factory.forProtocol(kind))
                    kinds.append((type(protocol), kind))
                    if not isinstance(error, Exception):
                        protocol.transport.connected = False
                        protocol.connectionLost(**({"reason": error} if error else {}))
                    else:
                        protocol.transport.end(error)

            self.assert_clean(Ends, f"for a connection that ends with {error!r} during the test")
        for got, expected in kinds:
            self.assertIs(got, expected, f"Expected the protocol's class, {expected}; got {got}.")
        for got, expected in reasons:
            self.assertIs(got, expected, f"Expected the reason, {expected!r}; got {got!r}.")

    def test_program_first(self):
        """The test is over after the protocol's own connectionLost, not before."""
        events = []

        class Ends(Inner):
            async def runTest(self):
                from twisted.internet import reactor

                protocol = await self.connect(FakeConnecting(), Factory.forProtocol(Recorder))
                protocol.events = events
                reactor.callLater(0.02, protocol.transport.end)

            def tearDown(self):
                events.append("tearDown")

        self.assert_clean(Ends, "for a connection that ends 0.02 s after the test")
        last = events[-1:]
        self.assertEqual(
            (len(events), last),
            (2, ["tearDown"]),
            f"Expected the protocol's own connectionLost, then tearDown; got {events}.",
        )

    def test_once(self):
        """Each is closed once, and waited for, whatever loseConnection returns, even if protocols are false, or equal."""
        cases = [(kind, None) for kind in (Protocol, AlikeRecorder)]
        results = (Deferred(), OSError("no failure"), False)
        cases += [(Protocol, gives) for gives in results]
        for kind, gives in cases:
            endpoint, factory = FakeConnecting(gives=gives), Factory.forProtocol(kind)

            class Connects(Inner):
                async def runTest(self, endpoint=endpoint, factory=factory):
                    from twisted.internet import reactor

                    for number in (1, 2, 3):
                        protocol = await self.connect(endpoint, factory)
                        protocol.transport.pauseProducing()
                        reactor.callLater(0.01 * number, protocol.transport.end)

                def tearDown(self, endpoint=endpoint):
                    if any(protocol.transport.connected for protocol in endpoint.made):
                        self.fail("not over when its test was")

            when = (
                f"for three {kind.__name__}s of one factory, if loseConnection() returns {gives!r}"
            )
            self.assert_clean(Connects, when)
            expected = [["loseConnection"]] * 3
            self.assertEqual(
                endpoint.asked, expected, f"Expected {expected} {when}; calls: {endpoint.asked}."
            )
            states = {protocol.transport.producerState for protocol in endpoint.made}
            self.assertEqual(
                states, {"paused"}, f"Expected paused transports to stay paused; got {states}."
            )

    def test_own_methods(self):
        """A protocol's own methods are the object's, which its factory may have replaced."""
        heard = []

        class Connects(Inner):
            async def runTest(self):
                await self.connect(FakeConnecting(ends_by=["loseConnection"]), Spied(heard))

        self.assert_clean(Connects, "for a protocol whose methods its factory has replaced")
        expected = ["makeConnection", "connectionLost"]
        self.assertEqual(heard, expected, f"Expected {expected} of the object; called: {heard}.")

    def test_own_method_set_later(self):
        """A test may set connectionLost of a protocol, or of its class, or the transport's protocol, after connecting."""
        for what in ("protocol", "class", "transport's protocol"):
            heard, sides = [], []
            when = f"for a test that sets the {what} after connecting"
            self.assert_clean(setting(what, heard, sides), when)
            self.assert_over(sides, when)
            got = len(heard)
            self.assertEqual(got, 1, f"Expected one call of that connectionLost {when}; got {got}.")

    def test_another_test(self):
        """A factory may serve one test after another, even if it returns the same protocol each time."""
        one, same = Protocol(), Factory()
        same.buildProtocol = lambda address: one
        for factory in (Factory.forProtocol(Protocol), same):
            for number in (1, 2, 3):
                endpoint = FakeConnecting(ends_by=["loseConnection"])

                class Connects(Inner):
                    async def runTest(self, endpoint=endpoint, factory=factory):
                        await self.connect(endpoint, factory)

                self.assert_clean(Connects, f"for test no. {number} with one factory")
                asked, expected = endpoint.asked, [["loseConnection"]]
                self.assertEqual(
                    asked, expected, f"Expected one close in test no. {number}; calls: {asked}."
                )

    def test_over_within_a_close(self):
        """A connection that was ended by another's close is over when its turn comes: it is not closed."""
        endpoint = FakeConnecting(ends_by=["loseConnection"])
        self.assert_clean(ending_as_one(endpoint), "for two connections that end as one")
        asked = sorted(endpoint.asked)
        self.assertEqual(
            asked,
            [[], ["loseConnection"]],
            f"Expected one close of the two; calls: {endpoint.asked}.",
        )

    def test_sides_that_hear_nothing(self):
        """Each side is closed separately: neither depends on the other's end."""
        sides = []

        class Unhearing(Inner):
            async def runTest(self):
                sides.extend(await self.pair(unread(Client), Side))
                sides.extend(await self.pair(Client, unread(Side)))

        when = "when one side of a connection reads nothing"
        self.assert_clean(Unhearing, when)
        self.assert_over(sides, when)

    def test_many(self):
        """One factory may have any number of connections; all are over when the test is."""
        sides = []

        class Many(Inner):
            async def runTest(self):
                servers, clients = Sides(Side), Sides(Client)
                port = await self.listen(self.server(), servers)
                for _ in range(10):
                    client = await self.connect(self.client(port.getHost().port), clients)
                    await client.answer
                sides.extend(servers.sides + clients.sides)

        self.assert_clean(Many, "for ten connections")
        self.assert_over(sides, "for ten connections")

    def test_each_kind(self):
        """This works in each kind of test, and if setUp or the test fails."""
        sides = []

        async def opening(test):
            sides.extend(await test.pair(unread(Client), unread(Side)))

        self.assert_clean_in_each_kind(opening, "a connection")
        self.assert_over(sides, "in each kind of test")

    def test_closed_not_aborted(self):
        """A side that takes time to close is waited for, not aborted, even if the test has closed it."""
        for asks in (False, True):
            servers = []

            class Slow(Inner):
                grace, limit = 2.0, 2.5

                async def runTest(self, asks=asks, servers=servers):
                    servers.append((await self.pair(Client, SlowGoodbye))[1])
                    if asks:
                        servers[0].transport.loseConnection()

            when = "when a server has a producer for another 0.05 s"
            when += ", and the test has closed it" * asks
            self.assert_clean(Slow, when)
            self.assert_over(servers, when)
            lost = servers[0].lost
            self.assertIsInstance(
                lost, ConnectionDone, f"Expected ConnectionDone {when}; got {lost!r}."
            )

    def test_ends_while_it_is_connected(self):
        """A connection is also closed, and not aborted, if the test ends within the protocol's connectionMade."""
        servers = Sides(unread(HalfOpen))

        class Connects(Inner):
            async def runTest(self):
                port = await self.listen(self.server(), servers)
                client = socket.create_connection(("127.0.0.1", port.getHost().port))
                self.addCleanup(client.close)
                await servers.first

        when = "for a test that ends within a server's connectionMade"
        self.assert_clean(Connects, when)
        self.assert_over(servers.sides, when)
        lost = servers.sides[0].lost
        self.assertIs(type(lost), ConnectionDone, f"Expected ConnectionDone {when}; got {lost!r}.")

    def test_gone(self):
        """The test may close or abort a connection itself, and wait for the end or not."""

        async def end(test, stroke, waits):
            client, server = await test.pair()
            getattr(client.transport, stroke)()
            if waits:
                await client.over
                await server.over

        class Ends(Inner):
            async def runTest(self):
                for stroke in ("loseConnection", "abortConnection"):
                    await end(self, stroke, waits=False)
                    await end(self, stroke, waits=True)

        self.assert_clean(Ends, "for a test that ends its connections itself")

    def test_half_closed(self):
        """A half-closed connection ends too, whichever side has closed its half."""
        sides = []

        class Halves(Inner):
            async def runTest(self):
                for closes in (0, 1):
                    pair = await self.pair(HalfOpen, HalfOpen)
                    pair[closes].transport.loseWriteConnection()
                    await pair[1 - closes].half
                    sides.extend(pair)

        when = "when one side of a connection has closed its half"
        self.assert_clean(Halves, when)
        self.assert_over(sides, when)
        for side in sides:
            self.assertIsInstance(
                side.lost, ConnectionDone, f"Expected ConnectionDone {when}; got {side.lost!r}."
            )

    def test_close_raises(self):
        """If closing a connection raises, the exception is reported, and everything else is still closed."""
        for error in ERRORS:
            sides = []

            def refuse(error=error):
                raise error

            class Raises(Inner):
                async def runTest(self, sides=sides, refuse=refuse):
                    sides.extend([*await self.pair(), *await self.pair()])
                    sides[0].transport.loseConnection = refuse

            self.assert_reported(Raises, [error], "when closing the first connection raises that")
            self.assert_over(sides, "when closing the first connection raises")

    def test_closes_raise(self):
        """If several raise, each exception is reported, in the order in which the connections were made."""
        errors, sides = [RuntimeError("the first"), RuntimeError("the second")], []

        def refuse(error):
            raise error

        class Raises(Inner):
            async def runTest(self):
                for error in errors:
                    pair = await self.pair()
                    pair[0].transport.loseConnection = lambda error=error: refuse(error)
                    sides.extend(pair)

        self.assert_reported(Raises, errors, "when closing two connections raises those")
        self.assert_over(sides, "when closing two connections raises")

    def test_connection_made_raises(self):
        """A connection is noted before its protocol's own method is called: it is closed even if connectionMade raises."""
        error, sides = RuntimeError("from connectionMade"), []
        case = raising_when_made(error, sides)
        self.assert_reported(case, [error], "when a server's connectionMade raises that")
        self.assert_over(sides, "when a server's connectionMade raises")

    def test_build_protocol_none(self):
        """A factory whose buildProtocol returns None refuses a connection, as without the mixin."""
        clients = []

        class Refuses(Factory):
            def buildProtocol(self, address):
                return None

        class Refused(Inner):
            async def runTest(self):
                port = await self.listen(self.server(), Refuses())
                endpoint = self.client(port.getHost().port)
                clients.append(await self.connect(endpoint, Factory.forProtocol(Client)))
                await clients[0].over

        self.assert_clean(Refused, "when the server's buildProtocol returns None")

    def test_connection_lost_raises(self):
        """If a protocol's own connectionLost raises, that is logged, as without the mixin, and the connection is over."""
        error = RuntimeError("from connectionLost")

        class Raises(Side):
            def connectionLost(self, reason):
                super().connectionLost(reason)
                raise error

        class Loses(Inner):
            async def runTest(self):
                await self.pair(Client, Raises)

        self.assert_reported(Loses, [error], "when a server's connectionLost raises that")

    def test_protocol_again(self):
        """A factory may return one protocol for one connection after another, even within one test."""
        ends = []
        self.assert_clean(
            serving_again(ends), "when one protocol serves two connections, one after the other"
        )
        self.assertEqual(
            len(ends), 2, f"Expected two calls of its connectionLost; there were {len(ends)}."
        )

    def test_no_addresses(self):
        """A transport whose getHost() or getPeer() raises is like any other."""
        endpoint = FakeConnecting(through=Nowhere, ends_by=["loseConnection"])

        class Connects(Inner):
            async def runTest(self):
                await self.connect(endpoint, Factory.forProtocol(Protocol))

        self.assert_clean(Connects, "for a transport without addresses")
        asked = [protocol.transport.transport.asked for protocol in endpoint.made]
        self.assertEqual(asked, [["loseConnection"]], f"Expected it to be closed; calls: {asked}.")

    def test_wrapped(self):
        """A transport may be wrapped by an object that passes on all other attributes: its protocol hears of the end."""
        sides, when = [], "for a transport that is wrapped"
        self.assert_clean(wrapping(sides), when)
        self.assert_over(sides, when)

    def test_process(self):
        """A process that reads its input to the end is ended, and waited for."""
        from twisted.internet import reactor

        if os.name != "posix" or not IReactorProcess.providedBy(reactor):
            raise SkipTest("This test needs POSIX processes.")
        pids = []
        self.addCleanup(kill, pids)
        self.assert_clean(running(pids), "for a test that runs a process")
        with self.assertRaises(ProcessLookupError):
            os.kill(pids[0], 0)

    def test_watched(self):
        """watched(factory) returns a factory whose connections end with the test, though something else opens it."""
        servers, when = Sides(unread(Side)), "for a port that the test opens in another way"
        self.assert_clean(watching(servers), when)
        self.assert_over(servers.sides, when)

    def test_mock(self):
        """A mock may stand for a factory: it still builds the protocol that it is told to."""
        protocol, built = Protocol(), []
        self.assert_clean(mocking(protocol, built), "for a test with a mock as its factory")
        self.assertIs(built[0], protocol, f"Expected the mock's protocol; got {built[0]!r}.")

    def test_no_attribute_transport(self):
        """A protocol may have no attribute `transport`, like that of twisted.web's Site."""

        class Asks(Client):
            def connectionMade(self):
                self.transport.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")

        class Serves(Inner):
            async def runTest(self):
                port = await self.listen(self.server(), Site(Resource()))
                client = await self.connect(
                    self.client(port.getHost().port), Factory.forProtocol(Asks)
                )
                await client.answer

        self.assert_clean(Serves, "for a test with twisted.web's Site")
