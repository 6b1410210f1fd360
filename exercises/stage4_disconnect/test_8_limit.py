"""The mixin's limit: everything that has not ended by then is named."""

from twisted.internet.defer import CancelledError, Deferred, TimeoutError, succeed
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Factory, Protocol
from twisted.python.failure import Failure
from twisted.trial.util import DirtyReactorAggregateError

from ..wire import FakeEndpoint
from .cases import FakeConnecting, FakeListening, Halfway, Inner, Nowhere, unread
from .fakes import ERRORS, FakePort
from .inner import Outer, problems, words
from .lines import Client, Side


class Impatient(Inner):
    """An inner test in which something never ends."""

    timeout = 0.7
    limit = 0.05


async def opened(test, seen, kind=Side):
    """Open a connection whose transport never calls connectionLost. Its protocol is added to seen."""
    endpoint = FakeEndpoint()
    attempt = test.connect(endpoint, Factory.forProtocol(kind))
    endpoint.accept()
    seen.append(await attempt)


class Step17MixinLimit(Outer):
    """What has not ended by the limit is named, and fails the test.

    Write the last lines of _end(), in tidy.py, and one before step 16's, which calls
    within(limit, Deferred()): its seconds count from there. Wait for that Deferred after step 16's
    lines. If something has not ended by then, put a Failure with an AssertionError before the
    others in `raised`, which are reported, too. Its message names each thing that has not ended,
    and no others, by the str() of the first two in its place in `ends`: a connection by its
    protocol and its transport, an attempt by its endpoint. Call str() then, and not sooner. What
    has failed has ended, whatever the exception, even CancelledError: waiting.resultList shows
    what has not. An end after the limit raises nothing.
    """

    def assert_named(self, case, things, when, own=(), after=()):
        """trial reports the test's own exceptions and one more, which has the str() of these. Returns its message.

        after: the exceptions that it reports after that.
        """
        got = problems(case)
        said = "; ".join(map(words, got)) or "none"
        late = got[len(own) : len(own) + 1]
        wrong = [p for p in late if isinstance(p, TimeoutError | DirtyReactorAggregateError)]
        self.assertTrue(
            got == [*own, *late, *after] and late and not wrong,
            f"Expected trial to report one failure, that of the limit, {case.limit} s, {when}, with {len(own)} "
            f"before it and {len(after)} after it; it reported {said}.",
        )
        self.assertIs(
            type(late[0]), AssertionError, f"Expected an AssertionError {when}; it reported {said}."
        )
        for thing in things:
            self.assertIn(
                str(thing), str(late[0]), f"Expected {thing} to be named {when}; it says: {late[0]}"
            )
        return str(late[0])

    def test_connection(self):
        """A connection that does not end is named: its protocol, and its transport."""
        seen = []

        class Named(Side):
            def __str__(self):
                return "a protocol with a name"

        class Stays(Impatient):
            async def runTest(self):
                await opened(self, seen, Named)
                seen.append(seen[0].transport)

        message = self.assert_named(Stays, seen, "for a connection that does not end")
        places = [message.index(str(thing)) for thing in seen]
        self.assertEqual(
            places,
            sorted(places),
            f"Expected the protocol, then its transport; it says: {message}",
        )

    def test_port(self):
        """A port that does not stop is named."""
        port = FakePort(Deferred())

        class Stays(Impatient):
            async def runTest(self):
                await self.listen(FakeListening(port), Factory())

        self.assert_named(Stays, [port], "for a port that does not stop")

    def test_port_s_callback(self):
        """So is a port whose Deferred waits in a callback, though its `called` is true."""
        port = FakePort(succeed(None).addCallback(lambda _: Deferred()))

        class Stays(Impatient):
            async def runTest(self):
                await self.listen(FakeListening(port), Factory())

        self.assert_named(Stays, [port], "when a callback of a port's Deferred still waits")

    def test_attempts(self):
        """An attempt to connect, or to listen, that does not end is named by its endpoint."""

        class Goes:
            def __init__(self, name):
                self.name = name

            def __str__(self):
                return self.name

            def listen(self, factory):
                return Deferred().addErrback(lambda failure: Deferred())

            connect = listen

        class Stays(Impatient):
            async def runTest(self):
                self.connect(Goes("a client endpoint"), Factory.forProtocol(Client))
                self.listen(Goes("a server endpoint"), Factory.forProtocol(Side))
                self.connect(FakeEndpoint(), Factory.forProtocol(Client))

        when = "for attempts that are cancelled, and do not end"
        message = self.assert_named(Stays, ["a client endpoint", "a server endpoint"], when)
        self.assertNotIn(
            "FakeEndpoint",
            message,
            f"Expected no ended attempt to be named; it says: {message}",
        )

    def test_fails_in_time(self):
        """A failure within the limit is reported as it is, and nothing is named."""
        for error in ERRORS:
            for port in (FakePort(error), FakePort(Deferred())):

                class Fails(Impatient):
                    limit = 0.3

                    async def runTest(self, port=port):
                        await self.listen(FakeListening(port), Factory())
                        self.addCleanup(self.later, port.gives)

                    def later(self, gives, error=error):
                        from twisted.internet import reactor

                        if isinstance(gives, Deferred):
                            reactor.callLater(0.01, gives.errback, error)

                self.assert_reported(Fails, [error], "for a port that fails with that, in time")

            class Raises(Impatient):
                limit = 0.5

                async def runTest(self, error=error):
                    sides = await self.pair()

                    def refuse():
                        raise error

                    sides[0].transport.loseConnection = refuse

            self.assert_reported(Raises, [error], "when a close raises that, in time")

    def test_not_before(self):
        """A connection that ends just before the limit is in time."""

        class Ends(Impatient):
            limit = 0.15

            async def runTest(self):
                endpoint = FakeConnecting()
                await self.connect(endpoint, Factory.forProtocol(Protocol))
                self.addCleanup(self.later, endpoint.made[0].transport.end)

            def later(self, end):
                from twisted.internet import reactor

                reactor.callLater(0.8 * self.limit, end)

        self.assert_clean(Ends, "for a connection that ends after 0.8 of the limit")

    def test_when(self):
        """The wait ends self.limit seconds after the test, not before and not much later, whatever the grace is."""
        events, calls = [], []

        class Stays(Impatient):
            grace, limit = 0.2, 0.25

            async def runTest(self):
                await self.listen(FakeListening(FakePort(Deferred())), Factory())
                self.addCleanup(self.note)

            def note(self):
                from twisted.internet import reactor

                for name, when in (("before", 0.8 * self.limit), ("after", 1.6 * self.limit)):
                    calls.append(reactor.callLater(when, events.append, name))

            def tearDown(self):
                events.append("over")
                for call in calls:
                    if call.active():
                        call.cancel()

        self.assert_named(Stays, [], "for a port that does not stop")
        self.assertEqual(
            events,
            ["before", "over"],
            f"Expected the wait to end {Stays.limit} s after the test, after the event of 0.2 s and before that "
            f"of 0.4 s; got {events}.",
        )

    def test_own_limit(self):
        """A test may set self.limit itself."""
        events = []

        class Hurries(Inner):
            limit = 1.0

            async def runTest(self):
                from twisted.internet import reactor

                await self.listen(FakeListening(FakePort(Deferred())), Factory())
                self.limit = 0.05
                self.after = reactor.callLater(0.6, events.append, "0.6 s have passed")

            def tearDown(self):
                if self.after.active():
                    self.after.cancel()

        when = "for a test that sets self.limit to 0.05, and whose class has 1"
        self.assert_named(Hurries, [], when)
        self.assertEqual(events, [], f"Expected the wait to end after 0.05 s {when}; {events}.")

    def test_one_name(self):
        """If several things have one name, and one of them has not ended, the name is reported."""

        class Port(FakePort):
            def __str__(self):
                return "a port"

        for late in range(3):
            ports = [Port(Deferred() if number == late else None) for number in range(3)]

            class Stays(Impatient):
                async def runTest(self, ports=ports):
                    for port in ports:
                        await self.listen(FakeListening(port), Factory())

            self.assert_named(Stays, ["a port"], f"when no. {late + 1} of three has not ended")

    def test_what_failed(self):
        """What has failed has ended, and is not named; it is reported after what is named."""
        for error in (OSError("no, it will not"), CancelledError()):
            late, fails = [FakePort(Deferred())], FakePort(error)
            raising = FakeConnecting(raises=error, abort_raises=error)

            class Stays(Impatient):
                grace = 0.01

                async def runTest(self, late=late, fails=fails, raising=raising):
                    for port in (fails, late[0]):
                        await self.listen(FakeListening(port), Factory())
                    late.append(await self.connect(raising, Factory.forProtocol(Protocol)))

            when = (
                f"when a port, a close and an abort fail with {error!r}, and a port does not stop"
            )
            message = self.assert_named(Stays, late, when, after=[error] * 3)
            self.assertNotIn(
                str(fails), message, f"Expected no failed port to be named; it says: {message}"
            )

    def test_name_when_it_is_needed(self):
        """A name is asked for at the limit, not sooner, and not at all if everything ends in time."""
        states = []

        class Named(Side):
            state = "connecting"

            def __str__(self):
                states.append(self.state)
                return f"a side that is {self.state}"

        class Stays(Impatient):
            limit = 0.1

            async def runTest(self):
                from twisted.internet import reactor

                seen = []
                await opened(self, seen, Named)
                self.addCleanup(lambda: reactor.callLater(0.05, setattr, seen[0], "state", "late"))

        class Ends(Inner):
            async def runTest(self):
                await self.pair(Client, Named)

        self.assert_named(Stays, ["a side that is late"], "for a side whose name changes")
        self.assert_clean(Ends, "for a connection that ends in time")
        self.assertEqual(
            set(states), {"late"}, f"Expected str() at the limit only; it was called when {states}."
        )

    def test_no_addresses(self):
        """It is the same if the transport has no addresses."""
        endpoint = FakeConnecting(through=Nowhere)

        class Stays(Impatient):
            async def runTest(self):
                await self.connect(endpoint, Factory.forProtocol(Protocol))

        self.assert_named(Stays, endpoint.made, "for a connection whose addresses are unknown")

    def test_timeout(self):
        """If the test's own timeout is shorter, 0.9 of that is the limit."""
        port = FakePort(Deferred())

        class Hurries(Impatient):
            timeout, limit = 0.1, 0.3

            async def runTest(self):
                await self.listen(FakeListening(port), Factory())

        self.assert_named(Hurries, [port], "if the test's timeout is 0.1 s")

    def test_several(self):
        """Everything that does not end is named, and nothing else; everything else has ended."""
        stubborn, sides = [FakePort(Deferred())], []

        class Stays(Impatient):
            limit = 0.2

            async def runTest(self):
                await self.listen(FakeListening(stubborn[0]), Factory())
                await opened(self, stubborn)
                sides.extend(await self.pair())
                self.connect(FakeEndpoint(), Factory.forProtocol(Client))
                await opened(self, stubborn)

        when = "for a port and two connections that do not end, and others that do"
        message = self.assert_named(Stays, stubborn, when)
        self.assert_over(sides, when)
        for side in sides:
            self.assertNotIn(
                str(side),
                message,
                f"Expected {side}, which has ended, not to be named; it says: {message}",
            )

    def test_in_time(self):
        """If everything ends in time, no delayed call is left in the reactor."""

        class Ends(Inner):
            async def runTest(self):
                await self.pair()

        self.assert_clean(Ends, "for a connection that ends well before the limit")

    def test_late(self):
        """An end after the limit raises nothing."""
        port, seen = FakePort(Deferred()), []

        class Late(Impatient):
            async def runTest(self):
                await self.listen(FakeListening(port), Factory())
                await opened(self, seen)

            def tearDown(self):
                seen[0].connectionLost(Failure(ConnectionDone()))
                port.gives.callback(None)

        self.assert_named(Late, [port], "for ends after the limit")

    def test_setup_fails(self):
        """It is the same if setUp fails: trial reports both failures, and everything that can end has ended."""
        error, stubborn, sides = Halfway("on purpose"), [], []

        class Fails(Impatient):
            limit = 0.1

            async def setUp(self):
                await opened(self, stubborn)
                sides.extend(await self.pair(unread(Client), unread(Side)))
                raise error

        when = "for a connection that does not end, if setUp fails"
        self.assert_named(Fails, stubborn, when, own=[error])
        self.assert_over(sides, when)
