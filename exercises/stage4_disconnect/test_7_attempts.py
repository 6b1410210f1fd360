"""The mixin's attempts to connect: those that a test leaves behind, and those that end before it does."""

import gc

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectingCancelledError, ConnectionRefusedError
from twisted.internet.protocol import Factory
from twisted.internet.task import Clock, deferLater

from ..wire import FakeEndpoint
from .cases import FakeConnecting, FakeListening, Halfway, Inner, Sides
from .fakes import ERRORS, Alike, AlikeRecorder, FakePort
from .inner import Outer
from .lines import Client, Side


class Greeted:
    """A client endpoint that gives the protocol once it is connected and the server has greeted it; no server does."""

    def __init__(self, endpoint):
        self.endpoint, self.connected, self.greeting = endpoint, Deferred(), Deferred()

    def connect(self, factory):
        def wait(protocol):
            from twisted.internet import reactor

            # Not from here: the test's end must find that this callback waits.
            reactor.callLater(0, self.connected.callback, None)
            return self.greeting

        return self.endpoint.connect(factory).addCallback(wait)


class Begun:
    """An endpoint at which nothing ever listens, or connects.

    fails_with: what an attempt that is given up fails with. takes: how many seconds later, if not at once. cancelled,
    ended: how many were given up, and how many of these have ended.
    """

    def __init__(self, fails_with=None, takes=None):
        self.fails_with, self.takes = fails_with or OSError("given up"), takes
        self.cancelled = self.ended = 0

    def listen(self, factory):
        return Deferred(self.give_up).addErrback(self.wind_down)

    connect = listen

    def give_up(self, deferred):
        self.cancelled += 1
        deferred.errback(self.fails_with)

    def wind_down(self, failure):
        from twisted.internet import reactor

        def end(_=None):
            self.ended += 1
            return failure

        return end() if self.takes is None else deferLater(reactor, self.takes).addCallback(end)


class Step15MixinAttempts(Outer):
    """An attempt to connect or listen that a test leaves is given up.

    Write _begun(), and the lines of _end() that give up, in tidy.py. An attempt is given up by
    cancelling the endpoint's Deferred, which then fails, perhaps a little later; a test that has
    ended does not handle that failure, so _end must. But a test may put callbacks on the Deferred
    that it is given, and an endpoint may have done so too: then its `called` does not tell
    whether the attempt goes on. A callback of yours, added between the endpoint's and the test's,
    does.
    """

    def assert_nothing_logged(self, when):
        """No Deferred is left with a failure that nobody handled: such a one logs it when it is deleted."""
        gc.collect()
        left = [failure.value for failure in self.flushLoggedErrors()]
        self.assertEqual(left, [], f"Expected each failure to be handled {when}; left: {left!r}.")

    def test_still_connecting(self):
        """An attempt that nobody answers is cancelled, once, and nothing is reported or logged."""
        endpoint = FakeEndpoint()

        class Leaves(Inner):
            async def runTest(self):
                self.connect(endpoint, Factory.forProtocol(Client))

        when = "of a test that leaves an attempt to connect"
        self.assert_clean(Leaves, when)
        self.assert_nothing_logged(when)
        count = endpoint.cancelled
        self.assertEqual(count, 1, f"Expected the attempt to be cancelled; it was {count} times.")

    def test_just_begun(self):
        """A real attempt that has just begun is given up, with whatever the server has of it by then."""

        class Begins(Inner):
            async def runTest(self):
                port = await self.listen(self.server(), Factory.forProtocol(Side))
                for _ in range(3):
                    self.connect(self.client(port.getHost().port), Factory.forProtocol(Client))

        when = "of a test that begins to connect, and ends"
        self.assert_clean(Begins, when)
        self.assert_nothing_logged(when)

    def test_setup_fails(self):
        """It is given up where setUp fails, too."""
        endpoint, error = FakeEndpoint(), Halfway("on purpose")

        class Fails(Inner):
            def setUp(self):
                self.connect(endpoint, Factory.forProtocol(Client))
                raise error

        self.assert_reported(
            Fails, [error], "where setUp fails with that after it began to connect"
        )
        count = endpoint.cancelled
        self.assertEqual(count, 1, f"Expected the attempt to be cancelled; it was {count} times.")

    def test_any_failure(self):
        """Attempts to connect and to listen are cancelled, once each, whatever they fail with then."""
        endpoints = [Begun(error) for error in ERRORS]

        class Leaves(Inner):
            async def runTest(self):
                for endpoint in endpoints:
                    self.connect(endpoint, Factory.forProtocol(Client))
                    self.listen(endpoint, Factory.forProtocol(Side))

        when = "of a test that leaves attempts to connect and to listen"
        self.assert_clean(Leaves, when)
        self.assert_nothing_logged(when)
        for endpoint in endpoints:
            self.assert_given_up(
                endpoint, 2, f"{when}, where they fail with {endpoint.fails_with!r}"
            )

    def assert_given_up(self, endpoint, count, when):
        """So many attempts at an endpoint were cancelled, and have ended since."""
        got = endpoint.cancelled, endpoint.ended
        self.assertEqual(
            got,
            (count, count),
            f"Expected {count} to be cancelled, and waited for, {when}; {got[0]} were cancelled, of "
            f"which {got[1]} had ended when the test was over.",
        )

    def test_waits(self):
        """An attempt that takes a while to end, once it is cancelled, is waited for."""
        endpoint = Begun(takes=0.03)

        class Leaves(Inner):
            async def runTest(self):
                self.connect(endpoint, Factory.forProtocol(Client))
                self.listen(endpoint, Factory.forProtocol(Side))

        when = "where attempts end 0.03 s after they were cancelled"
        self.assert_clean(Leaves, when)
        self.assert_nothing_logged(when)
        self.assert_given_up(endpoint, 2, when)

    def test_cancelled_late(self):
        """So is one that the test itself has cancelled, and that is still about to end."""
        endpoint, seen = Begun(takes=0.03), []

        class Cancels(Inner):
            async def runTest(self):
                attempt = self.connect(endpoint, Factory.forProtocol(Client))
                attempt.cancel()
                attempt.addErrback(lambda failure: seen.append(failure.value))
                listening = self.listen(endpoint, Factory.forProtocol(Side))
                listening.cancel()
                listening.addErrback(lambda failure: seen.append(failure.value))

            def tearDown(self):
                seen.append("tearDown")

        when = "of a test that cancels attempts which end 0.03 s later"
        self.assert_clean(Cancels, when)
        self.assert_nothing_logged(when)
        self.assertEqual(
            (len(seen), seen[-1]),
            (3, "tearDown"),
            f"Expected both to have failed when the test is over, {when}; got {seen}.",
        )

    def test_still_listening_up(self):
        """An attempt to listen that takes longer than its test leaves no port, where setUp fails too."""
        for where in ("runTest", "setUp"):

            class Slow:
                def __init__(self, endpoint):
                    self.endpoint = endpoint

                def listen(self, factory):
                    from twisted.internet import reactor

                    return deferLater(reactor, 0.02, self.endpoint.listen, factory)

            error = Halfway("on purpose")

            async def begin(test, slow=Slow, where=where, error=error):
                test.listen(slow(test.server()), Factory.forProtocol(Side))
                if where == "setUp":
                    raise error

            case = type("Leaves", (Inner,), {where: begin})
            expected = [error] if where == "setUp" else []
            self.assert_reported(
                case, expected, f"where {where} ends while its port is not there yet"
            )

    def test_listens_late(self):
        """An attempt to listen that ends during the test gives the test its port, and that is stopped."""
        stopped = []

        class Port:
            def stopListening(self):
                stopped.append(self)

        class Slow:
            def listen(self, factory):
                from twisted.internet import reactor

                return deferLater(reactor, 0.02, Port)

        class Listens(Inner):
            async def runTest(self):
                self.port = await self.listen(Slow(), Factory())

            def tearDown(self):
                if stopped != [self.port]:
                    raise AssertionError(f"stopped: {stopped}")

        self.assert_clean(Listens, "of a test whose port takes 0.02 s to be there")

    def test_connected(self):
        """The Deferred that connect returns fires with the endpoint's protocol."""
        seen = []

        class Connects(Inner):
            async def runTest(self):
                servers, clients = Sides(Side), Sides(Client)
                port = await self.listen(self.server(), servers)
                seen.append(await self.connect(self.client(port.getHost().port), clients))
                seen.extend(clients.sides)

        self.assert_clean(Connects, "of a test that connects")
        self.assertIs(seen[0], seen[1], f"Expected connect to give {seen[1]}; got {seen[0]}.")

    def test_false(self):
        """The test gets the endpoint's protocol, or port, also where that is false."""
        seen = []

        class Port(Alike, FakePort):
            """A port that is false."""

        port, endpoint = Port(), FakeConnecting(ends_by=["loseConnection"])

        class Gets(Inner):
            async def runTest(self):
                seen.append(await self.listen(FakeListening(port), Factory()))
                seen.append(await self.connect(endpoint, Factory.forProtocol(AlikeRecorder)))

        self.assert_clean(Gets, "of a port and a protocol that are false")
        self.assertIs(seen[0], port, f"Expected listen to give the port; got {seen[0]!r}.")
        made = endpoint.made[0]
        self.assertIs(seen[1], made, f"Expected connect to give the protocol; got {seen[1]!r}.")

    def test_alike(self):
        """Endpoints that are equal, or of one name, have attempts of their own: each is cancelled, and waited for."""

        class Same(Alike, Begun):
            def __str__(self):
                return "an endpoint"

        endpoints = [Same(takes=0.01 * number) for number in (1, 2, 3)]

        class Leaves(Inner):
            async def runTest(self):
                for endpoint in endpoints:
                    self.connect(endpoint, Factory.forProtocol(Client))

        when = "of attempts at endpoints that are equal, and false"
        self.assert_clean(Leaves, when)
        for endpoint in endpoints:
            self.assert_given_up(endpoint, 1, when)

    def test_refused(self):
        """An attempt that fails during the test gives the test the endpoint's failure, and nothing else happens."""
        endpoint, seen = FakeEndpoint(), []

        class Refused(Inner):
            async def runTest(self):
                attempt = self.connect(endpoint, Factory.forProtocol(Client))
                error = endpoint.refuse()
                try:
                    await attempt
                except ConnectionRefusedError as raised:
                    seen.append(raised is error)

        self.assert_clean(Refused, "of a test that handles a refusal")
        self.assertEqual(
            seen, [True], "Expected connect to fail with the endpoint's own exception."
        )
        self.assert_nothing_logged("of a test that handles a refusal")

    def test_unhandled(self):
        """A failure that comes during the test, and that it does not handle, is not hidden from it."""
        endpoint, seen = FakeEndpoint(), []

        class Refused(Inner):
            async def runTest(self):
                self.connect(endpoint, Factory.forProtocol(Client))
                seen.append(endpoint.refuse())

            def tearDown(self):
                gc.collect()

        self.assert_reported(Refused, seen, "of a test that does not handle a refusal")

    def test_cancelled(self):
        """A test that cancels connect's Deferred cancels the attempt, and gets the failure."""
        endpoint, seen = FakeEndpoint(), []

        class Cancels(Inner):
            async def runTest(self):
                attempt = self.connect(endpoint, Factory.forProtocol(Client))
                attempt.cancel()
                seen.append(endpoint.cancelled)
                try:
                    await attempt
                except ConnectingCancelledError:
                    seen.append("failed")

        self.assert_clean(Cancels, "of a test that cancels its attempt to connect")
        self.assertEqual(
            seen,
            [1, "failed"],
            "Expected the attempt to be cancelled at once, and to fail with ConnectingCancelledError; "
            f"cancelled {seen[0]} times, then {seen[1:]}.",
        )

    def test_timed_out(self):
        """So does one that adds a timeout to it."""
        endpoint, clock, seen = FakeEndpoint(), Clock(), []

        class TimesOut(Inner):
            async def runTest(self):
                attempt = self.connect(endpoint, Factory.forProtocol(Client))
                attempt.addTimeout(5, clock)
                attempt.addErrback(lambda failure: seen.append(failure.type))
                clock.advance(5)

        self.assert_clean(TimesOut, "of a test whose attempt to connect times out")
        self.assertEqual(
            endpoint.cancelled, 1, "Expected the attempt to be cancelled by the timeout."
        )
        self.assertEqual(
            seen, [ConnectingCancelledError], f"Expected ConnectingCancelledError; got {seen}."
        )

    def test_cancel_raises(self):
        """If giving up an attempt raises, that is reported, and all else is ended all the same."""
        error, other = RuntimeError("no, it goes on"), FakeEndpoint()

        def refuse(deferred):
            raise error

        class Stubborn:
            def connect(self, factory):
                return Deferred(refuse)

        class Raises(Inner):
            async def runTest(self):
                await self.listen(self.server(), Factory())
                self.connect(Stubborn(), Factory())
                self.connect(other, Factory())

        self.assert_reported(Raises, [error], "where giving up an attempt raises that")
        self.assertEqual(other.cancelled, 1, "Expected the other attempt to be cancelled, too.")

    def test_callbacks(self):
        """Callbacks that the test adds get the protocol, and may wait for ever."""
        clients = Sides(Client)

        class Waits(Inner):
            async def runTest(self):
                reached = Deferred()

                def wait(client):
                    reached.callback(client)
                    return Deferred()

                port = await self.listen(self.server(), Factory.forProtocol(Side))
                self.connect(self.client(port.getHost().port), clients).addCallback(wait)
                if await reached not in clients.sides:
                    self.fail("Expected the test's callback to get the protocol.")

        when = "of a test whose callback on connect's Deferred never ends"
        self.assert_clean(Waits, when)
        self.assert_over(clients.sides, when)

    def test_endpoint_s_callbacks(self):
        """An attempt goes on, and is cancelled, while the endpoint's own callbacks are still at it."""
        seen = []

        class Waits(Inner):
            async def runTest(self):
                port = await self.listen(self.server(), Factory.forProtocol(Side))
                endpoint = Greeted(self.client(port.getHost().port))
                endpoint.greeting.addErrback(lambda failure: seen.append("cancelled") or failure)
                self.connect(endpoint, Factory.forProtocol(Client))
                await endpoint.connected

        self.assert_clean(Waits, "of a test whose server does not greet")
        self.assertEqual(
            seen, ["cancelled"], "Expected to cancel an attempt that waits for a greeting."
        )
