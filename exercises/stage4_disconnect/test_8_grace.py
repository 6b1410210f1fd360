"""The mixin's grace: connections that have not closed by then are aborted, over TCP, TLS and UNIX sockets."""

import gc
from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import (
    UNIXClientEndpoint,
    UNIXServerEndpoint,
)
from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.internet.interfaces import IReactorUNIX
from twisted.internet.protocol import Factory, Protocol
from twisted.trial.unittest import SkipTest

from .cases import (
    FakeConnecting,
    Halfway,
    Inner,
    Sides,
    SlowGoodbye,
    ending_as_one,
    silent_port,
    unread,
)
from .fakes import ERRORS, AlikeRecorder
from .inner import Outer
from .lines import CLOGGED, LATE_CLIENT, LATE_SERVER, MORE_THAN_FITS, QUIET, Client, Side
from .tidy import TidyConnections


class Pushing(Client):
    """A client that sends more than a connection holds. lost: why it ended."""

    def connectionMade(self):
        self.transport.write(MORE_THAN_FITS)

    def connectionLost(self, reason):
        self.lost = reason.value
        super().connectionLost(reason)


class Silent(Client):
    """A client that sends nothing."""

    def connectionMade(self):
        """Nothing."""


class NoAbort:
    """A transport without abortConnection, like pipes and some fakes."""

    def __init__(self, transport):
        self.transport = transport

    def __getattr__(self, name):
        if name == "abortConnection":
            raise AttributeError(name)
        return getattr(self.transport, name)


class Step16MixinGrace(Outer):
    """A connection that has not closed within the grace is aborted.

    Write the lines of _end() after within(), in tidy.py. self.grace seconds later, or at half of
    `limit` if that is sooner, and not before, abort each connection that is not over when its turn
    comes, even if its close has raised. `yield within(seconds, Deferred())` waits so long, or until
    everything has ended: within() is given. A transport without abortConnection is left alone, or
    closed again. If an abort raises, the others are still aborted: add the Failure to `raised`, so
    that it is reported after all have ended. TLS and UNIX sockets need no code of their own.
    """

    def test_unread(self):
        """A connection with unsent bytes, which nobody reads, is aborted after self.grace seconds."""
        number, clients = silent_port(self), Sides(Pushing)

        class Pushes(Inner):
            limit = 0.5

            async def runTest(self):
                await self.connect(self.client(number), clients)

        when = "for a client whose peer reads nothing, with a grace of 0.05 s"
        self.assert_clean(Pushes, when)
        self.assert_over(clients.sides, when)
        lost = clients.sides[0].lost
        self.assertIsInstance(
            lost,
            ConnectionAborted,
            f"Expected the end {when} to be ConnectionAborted; got {lost!r}.",
        )

    def test_not_sooner(self):
        """A connection that closes within the grace is not aborted, and no delayed call is left in the reactor."""
        servers = []

        class Slow(Inner):
            grace, limit = 2.0, 2.5

            async def runTest(self):
                servers.append((await self.pair(Client, SlowGoodbye))[1])

        when = "when a close takes 0.05 s, with a grace of 2 s"
        self.assert_clean(Slow, when)
        lost = servers[0].lost
        self.assertIsInstance(
            lost, ConnectionDone, f"Expected ConnectionDone {when}; got {lost!r}."
        )

    def test_when(self):
        """Connections that are not over are aborted self.grace seconds after the test, not before, and no others are."""
        events, calls = [], []

        class Noted(FakeConnecting):
            def connect(self, factory):
                connecting = super().connect(factory)
                transport = self.made[-1].transport
                abort = transport.abortConnection
                transport.abortConnection = lambda: (events.append("abort"), abort())
                return connecting

        for grace in (0.06, 0.24):
            events.clear()
            calls.clear()
            closing, aborting = (
                Noted(ends_by=["loseConnection"]),
                Noted(ends_by=["abortConnection"]),
            )

            class Waits(Inner):
                limit = 1.1

                async def runTest(self, closing=closing, aborting=aborting):
                    for endpoint in (closing, aborting, aborting):
                        await self.connect(endpoint, Factory.forProtocol(Protocol))
                    self.addCleanup(self.note)

                def note(self):
                    from twisted.internet import reactor

                    for name, when in (("before", 0.8 * self.grace), ("after", 2.5 * self.grace)):
                        calls.append(reactor.callLater(when, events.append, name))

                def tearDown(self):
                    events.append("over")
                    for call in calls:
                        if call.active():
                            call.cancel()

            Waits.grace = grace
            when = f"with a grace of {grace} s"
            self.assert_clean(Waits, when)
            self.assertEqual(
                events,
                ["before", "abort", "abort", "over"],
                f"Expected an abort, then another, after the grace {when}; got {events}.",
            )
            asked = [*closing.asked, *aborting.asked]
            expected = [["loseConnection"], *[["loseConnection", "abortConnection"]] * 2]
            self.assertEqual(asked, expected, f"Expected the calls {expected}; got {asked}.")

    def test_own_grace(self):
        """A test may set self.grace itself, even to 0."""
        endpoint, events = FakeConnecting(ends_by=["abortConnection"]), []
        for own in (0.02, 0):

            class Hurries(Inner):
                grace, limit = 5.0, 10.0

                async def runTest(self, own=own):
                    from twisted.internet import reactor

                    await self.connect(endpoint, Factory.forProtocol(Protocol))
                    self.grace = own
                    self.after = reactor.callLater(0.3, events.append, "0.3 s have passed")

                def tearDown(self):
                    if self.after.active():
                        self.after.cancel()

            when = f"if a test sets self.grace to {own}, and its class has 5"
            self.assert_clean(Hurries, when)
            self.assertEqual(events, [], f"Expected an abort after {own} s {when}; {events}.")

    def test_half_of_the_limit(self):
        """A grace above half of the limit, or of what the test's timeout leaves, is cut to that."""
        endpoint, events, calls = FakeConnecting(ends_by=["abortConnection"]), [], []
        for grace, limit, timeout in ((0.35, 0.4, 1.2), (5.0, 6.0, 0.4)):
            events.clear()
            half = min(limit, 0.9 * timeout) / 2

            class Hurries(Inner):
                async def runTest(self, half=half):
                    await self.connect(endpoint, Factory.forProtocol(Protocol))
                    self.addCleanup(self.note, half)

                def note(self, half):
                    from twisted.internet import reactor

                    calls[:] = [
                        reactor.callLater(0.85 * half, events.append, "before"),
                        reactor.callLater(1.6 * half, events.append, "after"),
                    ]

                def tearDown(self):
                    events.append("over")
                    for call in calls:
                        if call.active():
                            call.cancel()

            Hurries.grace, Hurries.limit, Hurries.timeout = grace, limit, timeout
            when = f"with a grace of {grace} s, a limit of {limit} s, a timeout of {timeout} s"
            self.assert_clean(Hurries, when)
            expected = ["before", "over"]
            self.assertEqual(
                events, expected, f"Expected an abort after {half} s {when}; {events}."
            )

    def test_close_raised(self):
        """A connection whose loseConnection has raised is aborted too; so is each of several of one name."""
        for error in ERRORS:
            endpoint = FakeConnecting(ends_by=["abortConnection"], raises=error)

            class Raises(Inner):
                grace = 0.02

                async def runTest(self, endpoint=endpoint):
                    for _ in range(2):
                        await self.connect(endpoint, Factory.forProtocol(AlikeRecorder))

            self.assert_reported(Raises, [error, error], "when two closes raise that")
            expected = [["loseConnection", "abortConnection"]] * 2
            self.assertEqual(
                endpoint.asked, expected, f"Expected {expected}; calls: {endpoint.asked}."
            )

    def test_what_an_abort_gives(self):
        """What abortConnection returns is neither an end nor a failure."""
        for gives in (Deferred(), OSError("no failure"), False):
            endpoint = FakeConnecting(gives=gives)

            class Aborts(Inner):
                grace = 0.02

                async def runTest(self, endpoint=endpoint):
                    await self.connect(endpoint, Factory.forProtocol(Protocol))
                    self.addCleanup(self.later, endpoint.made[0].transport)

                def later(self, transport):
                    from twisted.internet import reactor

                    reactor.callLater(0.06, transport.end)

            self.assert_clean(Aborts, f"if abortConnection() returns {gives!r}")

    def test_default(self):
        """By default the grace is 1 s, and the limit 3 s."""
        got = TidyConnections.grace, TidyConnections.limit
        self.assertEqual(got, (1.0, 3.0), f"Expected a grace of 1 s, a limit of 3 s; got {got}.")

    def test_abort_raises(self):
        """If aborts raise anything, the others are still aborted, and each is reported after all have ended."""
        for error in ERRORS:
            sides = []

            def refuse(abort, error=error):
                abort()
                raise error

            class Raises(Inner):
                async def runTest(self, sides=sides, refuse=refuse):
                    for _ in range(3):
                        sides += await self.pair(CLOGGED.client, CLOGGED.server)
                        await sides[-2].answer
                    for side in sides[:4]:
                        abort = side.transport.abortConnection
                        side.transport.abortConnection = lambda abort=abort: refuse(abort)

            when = f"when aborting four sides of six raises {error!r}"
            self.assert_reported(Raises, [error] * 4, when)
            self.assert_over(sides, when)
            # What the six had left to write, up to 16 MB each, goes before the next six.
            sides.clear()
            error.__traceback__ = None
            gc.collect()

    def test_last_abort_raises(self):
        """An abort that ends the last connection, and then raises, is reported."""
        error, endpoint = RuntimeError("ended, but not well"), FakeConnecting()

        class Raises(Inner):
            async def runTest(self):
                for number in (1, 2):
                    protocol = await self.connect(endpoint, Factory.forProtocol(Protocol))
                    protocol.transport.abortConnection = getattr(self, f"abort_{number}")

            def abort_1(self):
                endpoint.made[0].transport.end()

            def abort_2(self):
                endpoint.made[1].transport.end()
                raise error

        self.assert_reported(Raises, [error], "when the last side's abort ends it, then raises")

    def test_close_and_abort_raise(self):
        """If closes and aborts raise, each is reported: the closes first, then the aborts."""
        aborts = [RuntimeError("the first abort"), RuntimeError("the second abort")]
        for close in (None, RuntimeError("the second close")):

            class Raises(Inner):
                async def runTest(self, close=close):
                    for raises, abort_raises in zip((None, close), aborts, strict=True):
                        endpoint = FakeConnecting(raises=raises, abort_raises=abort_raises)
                        await self.connect(endpoint, Factory.forProtocol(Protocol))
                        self.addCleanup(self.later, endpoint.made[0].transport)

                def later(self, transport):
                    from twisted.internet import reactor

                    reactor.callLater(0.15, transport.end)

            expected = [close, *aborts] if close else aborts
            self.assert_reported(Raises, expected, "when closes, then aborts, raise those")

    def test_no_abort(self):
        """A transport may have no abortConnection: that is not a failure, and the others are still aborted."""
        others = FakeConnecting(ends_by=["abortConnection"])

        class Connects(Inner):
            async def runTest(self):
                endpoint = FakeConnecting(through=NoAbort)
                await self.connect(endpoint, Factory.forProtocol(Protocol))
                await self.connect(others, Factory.forProtocol(Protocol))
                self.addCleanup(self.later, endpoint.made[0].transport)

            def later(self, transport):
                from twisted.internet import reactor

                reactor.callLater(0.15, transport.end)

        self.assert_clean(Connects, "for a transport that has no abortConnection")
        expected = [["loseConnection", "abortConnection"]]
        self.assertEqual(
            others.asked, expected, f"Expected {expected} for the other; calls: {others.asked}."
        )

    def test_over_within_an_abort(self):
        """A connection that was ended by another's abort is over when its turn comes: it is not aborted."""
        endpoint = FakeConnecting(ends_by=["abortConnection"])
        self.assert_clean(ending_as_one(endpoint), "for two connections that end as one")
        aborts = sum(asked.count("abortConnection") for asked in endpoint.asked)
        self.assertEqual(aborts, 1, f"Expected one abort of the two; calls: {endpoint.asked}.")

    def test_clogged(self):
        """A connection that both sides have filled, and neither reads, ends on both sides."""
        sides = []

        class Clogs(Inner):
            async def runTest(self):
                sides.extend(await self.pair(CLOGGED.client, CLOGGED.server))
                await sides[0].answer

        self.assert_clean(Clogs, "on a clogged line")
        self.assert_over(sides, "on a clogged line")

    def test_setup_fails(self):
        """A connection is also aborted if setUp fails."""
        number, error = silent_port(self), Halfway("on purpose")

        class Fails(Inner):
            async def setUp(self):
                await self.connect(self.client(number), Factory.forProtocol(Pushing))
                raise error

        self.assert_reported(Fails, [error], "when setUp fails with that after connecting")

    def test_tls(self):
        """TLS connections end on both sides: quiet ones, unread ones, clogged ones."""
        from .inner_tls import InnerTLS

        sides = []

        class Talks(InnerTLS):
            async def runTest(self):
                for pair in ((Client, Side), (unread(Client), Side), (Client, unread(Side))):
                    sides.extend(await self.pair(*pair))
                await sides[0].answer
                sides.extend(await self.pair(CLOGGED.client, CLOGGED.server))
                await sides[-2].answer

        self.assert_clean(Talks, "for TLS connections")
        self.assert_over(sides, "for TLS connections")

    def test_tls_own_method_set_later(self):
        """Over TLS, too, a test may set its client's connectionLost after connecting."""
        from .inner_tls import InnerTLS

        heard, sides = [], []

        class Sets(InnerTLS):
            async def runTest(self):
                client, server = await self.pair()
                client.connectionLost = heard.append
                await client.answer
                sides.append(server)

        when = "for a TLS client whose connectionLost the test sets"
        self.assert_clean(Sets, when)
        self.assert_over(sides, when)
        self.assertEqual(len(heard), 1, f"Expected one call of it {when}; got {len(heard)}.")

    def test_tls_handshake(self):
        """A TLS connection whose handshake is never answered ends, with and without unsent bytes."""
        from .inner_tls import InnerTLS

        number, clients = silent_port(self), []

        class Waits(InnerTLS):
            async def runTest(self):
                for kind in (Client, Silent):
                    factory = Factory.forProtocol(kind)
                    clients.append(await self.connect(self.client(number), factory))

        self.assert_clean(Waits, "for a TLS handshake that is never answered")
        self.assert_over(clients, "for a TLS handshake that is never answered")

    def test_unix(self):
        """Connections over UNIX sockets end on both sides: on the quiet, late and clogged lines."""
        from twisted.internet import reactor

        if not IReactorUNIX.providedBy(reactor):
            raise SkipTest("This platform has no UNIX sockets.")
        sides = []
        path = Path(self.mktemp())

        class Talks(Inner):
            async def runTest(self):
                for number, line in enumerate((QUIET, LATE_SERVER, LATE_CLIENT, CLOGGED)):
                    servers, place = Sides(line.server), str(path.with_suffix(f".{number}"))
                    await self.listen(UNIXServerEndpoint(reactor, place), servers)
                    client = await self.connect(
                        UNIXClientEndpoint(reactor, place), Factory.forProtocol(line.client)
                    )
                    await client.answer
                    sides.extend([client, await servers.first])

        self.assert_clean(Talks, "for connections over UNIX sockets")
        self.assert_over(sides, "for connections over UNIX sockets")
