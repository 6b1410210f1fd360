"""The mixin's attempts to listen or connect: those that a test leaves behind, and those that end before it does."""

import gc

from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.error import ConnectingCancelledError, ConnectionRefusedError
from twisted.internet.protocol import Factory
from twisted.internet.task import Clock, deferLater

from ..wire import FakeEndpoint
from .cases import FakeConnecting, FakeListening, Halfway, Inner, Sides
from .fakes import ERRORS, Alike, AlikeRecorder, FakePort
from .inner import Outer
from .lines import Client, Side


class Greeted:
    """A client endpoint whose Deferred waits for a greeting after it has connected; no server here sends one."""

    def __init__(self, endpoint):
        self.endpoint, self.connected, self.greeting = endpoint, Deferred(), Deferred()

    def connect(self, factory):
        def wait(protocol):
            from twisted.internet import reactor

            # Later, so that this callback waits when the test ends.
            reactor.callLater(0, self.connected.callback, None)
            return self.greeting

        return self.endpoint.connect(factory).addCallback(wait)


class Begun:
    """An endpoint whose attempts to listen or connect go on until they are cancelled.

    fails_with: what a cancelled attempt fails with. takes: how many seconds later, or None for at once. cancelled,
    ended: how many were cancelled, and how many of these have ended.
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
    """An attempt to listen or connect that a test leaves behind is cancelled.

    Write _begun(), in tidy.py. It gets `going`, the Deferred that the endpoint's listen or connect
    has returned, and returns it to the test, with the result unchanged. Add to self._opened the
    endpoint, "attempt", a Deferred `over`, and a function. `over` fires with None when the attempt
    has ended, with a result or a failure: its `called` does not show that, but a callback of yours
    does, added after the endpoint's and before the test's. _end calls the function if the attempt
    is not over. It cancels `going`, which then fails, at once or later; that failure is neither
    reported nor left to be logged. A failure that came during the test is not yours. `going` is
    cancelled once, even if the test has cancelled it: _once() is given. If cancelling raises, that
    is reported.
    """

    def assert_nothing_logged(self, when):
        """No Deferred is left with an unhandled failure, which it would log when it is deleted."""
        gc.collect()
        left = [failure.value for failure in self.flushLoggedErrors()]
        self.assertEqual(left, [], f"Expected each failure to be handled {when}; left: {left!r}.")

    def test_still_connecting(self):
        """An attempt that nobody answers is cancelled once, and nothing is reported or logged."""
        endpoint = FakeEndpoint()

        class Leaves(Inner):
            async def runTest(self):
                self.connect(endpoint, Factory.forProtocol(Client))

        when = "for a test that leaves an attempt to connect"
        self.assert_clean(Leaves, when)
        self.assert_nothing_logged(when)
        count = endpoint.cancelled
        self.assertEqual(count, 1, f"Expected the attempt to be cancelled; it was {count} times.")

    def test_just_begun(self):
        """A real attempt that has just begun is cancelled, and what the server has of it by then is closed."""

        class Begins(Inner):
            async def runTest(self):
                port = await self.listen(self.server(), Factory.forProtocol(Side))
                for _ in range(3):
                    self.connect(self.client(port.getHost().port), Factory.forProtocol(Client))

        when = "for a test that begins to connect, and ends"
        self.assert_clean(Begins, when)
        self.assert_nothing_logged(when)

    def test_setup_fails(self):
        """It is also cancelled if setUp fails."""
        endpoint, error = FakeEndpoint(), Halfway("on purpose")

        class Fails(Inner):
            def setUp(self):
                self.connect(endpoint, Factory.forProtocol(Client))
                raise error

        self.assert_reported(Fails, [error], "when setUp fails with that after it began to connect")
        count = endpoint.cancelled
        self.assertEqual(count, 1, f"Expected the attempt to be cancelled; it was {count} times.")

    def test_any_failure(self):
        """Attempts to connect and to listen are cancelled once each, whatever they fail with then."""
        endpoints = [Begun(error) for error in ERRORS]

        class Leaves(Inner):
            async def runTest(self):
                for endpoint in endpoints:
                    self.connect(endpoint, Factory.forProtocol(Client))
                    self.listen(endpoint, Factory.forProtocol(Side))

        when = "for a test that leaves attempts to connect and to listen"
        self.assert_clean(Leaves, when)
        self.assert_nothing_logged(when)
        for endpoint in endpoints:
            self.assert_given_up(endpoint, 2, f"{when}, if they fail with {endpoint.fails_with!r}")

    def assert_given_up(self, endpoint, count, when):
        """This many attempts of an endpoint were cancelled, and have ended."""
        got = endpoint.cancelled, endpoint.ended
        self.assertEqual(
            got,
            (count, count),
            f"Expected {count} to be cancelled, and waited for, {when}; {got[0]} were cancelled, of "
            f"which {got[1]} had ended when the test was over.",
        )

    def test_waits(self):
        """A cancelled attempt that takes time to end is waited for."""
        endpoint = Begun(takes=0.03)

        class Leaves(Inner):
            async def runTest(self):
                self.connect(endpoint, Factory.forProtocol(Client))
                self.listen(endpoint, Factory.forProtocol(Side))

        when = "when attempts end 0.03 s after they were cancelled"
        self.assert_clean(Leaves, when)
        self.assert_nothing_logged(when)
        self.assert_given_up(endpoint, 2, when)

    def test_says_goodbye(self):
        """So is a coroutine's, which says goodbye when it is cancelled."""
        said = []

        class Polite:
            def connect(self, factory):
                return ensureDeferred(self.try_to())

            async def try_to(self):
                from twisted.internet import reactor

                try:
                    await Deferred()
                finally:
                    await deferLater(reactor, 0.03, said.append, "goodbye")

        class Leaves(Inner):
            async def runTest(self):
                self.connect(Polite(), Factory.forProtocol(Client))

            def tearDown(self):
                said.append("tearDown")

        class Cancels(Leaves):
            async def runTest(self):
                attempt = self.connect(Polite(), Factory.forProtocol(Client))
                attempt.addErrback(lambda failure: None).cancel()

        for case, who in ((Leaves, ""), (Cancels, ", by the test")):
            expected, when = ["goodbye", "tearDown"], f"for a coroutine that is cancelled{who}"
            said.clear()
            self.assert_clean(case, when)
            self.assertEqual(said, expected, f"Expected {expected} {when}; got {said}.")

    def test_cancelled_late(self):
        """So is an attempt that the test itself has cancelled, if it has not ended yet."""
        endpoint, seen = Begun(takes=0.03), []

        class Cancels(Inner):
            async def runTest(self):
                attempt = self.connect(endpoint, Factory.forProtocol(Client))
                attempt.cancel()
                attempt.addErrback(lambda failure: seen.append(failure.value))
                listening = self.listen(endpoint, Factory.forProtocol(Side))
                listening.cancel()
                listening.addErrback(lambda failure: seen.append(failure.value))

        when = "for a test that cancels attempts which end 0.03 s later"
        self.assert_clean(Cancels, when)
        self.assert_nothing_logged(when)
        self.assertEqual(len(seen), 2, f"Expected both to have failed {when}; got {seen}.")
        self.assert_given_up(endpoint, 2, when)

    def test_still_listening_up(self):
        """An attempt to listen that takes longer than its test leaves no port, even if setUp fails."""
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
            self.assert_reported(case, expected, f"when {where} ends before its port listens")

    def test_listens_late(self):
        """An attempt to listen that ends during the test has the port as its result, and that is stopped."""
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

        self.assert_clean(Listens, "for a test whose port listens after 0.02 s")

    def test_connected(self):
        """The Deferred that connect returns fires with the endpoint's protocol."""
        seen = []

        class Connects(Inner):
            async def runTest(self):
                servers, clients = Sides(Side), Sides(Client)
                port = await self.listen(self.server(), servers)
                seen.append(await self.connect(self.client(port.getHost().port), clients))
                seen.extend(clients.sides)

        self.assert_clean(Connects, "for a test that connects")
        self.assertIs(seen[0], seen[1], f"Expected {seen[1]} from connect; got {seen[0]}.")

    def test_false(self):
        """The test gets the endpoint's protocol or port, even if that is false."""
        seen = []

        class Port(Alike, FakePort):
            """A port that is false."""

        port, endpoint = Port(), FakeConnecting(ends_by=["loseConnection"])

        class Gets(Inner):
            async def runTest(self):
                seen.append(await self.listen(FakeListening(port), Factory()))
                seen.append(await self.connect(endpoint, Factory.forProtocol(AlikeRecorder)))

        self.assert_clean(Gets, "for a port and a protocol that are false")
        self.assertIs(seen[0], port, f"Expected the port from listen; got {seen[0]!r}.")
        made = endpoint.made[0]
        self.assertIs(seen[1], made, f"Expected the protocol from connect; got {seen[1]!r}.")

    def test_alike(self):
        """Each attempt is cancelled and waited for, even if endpoints are equal, false, or have one name."""

        class Same(Alike, Begun):
            def __str__(self):
                return "an endpoint"

        endpoints = [Same(takes=0.01 * number) for number in (1, 2, 3)]

        class Leaves(Inner):
            async def runTest(self):
                for endpoint in endpoints:
                    self.connect(endpoint, Factory.forProtocol(Client))

        when = "for attempts of endpoints that are equal, and false"
        self.assert_clean(Leaves, when)
        for endpoint in endpoints:
            self.assert_given_up(endpoint, 1, when)

    def test_refused(self):
        """If an attempt fails during the test, the test gets the endpoint's failure, and nothing is reported or logged."""
        endpoint, seen = FakeEndpoint(), []

        class Refused(Inner):
            async def runTest(self):
                attempt = self.connect(endpoint, Factory.forProtocol(Client))
                error = endpoint.refuse()
                try:
                    await attempt
                except ConnectionRefusedError as raised:
                    seen.append(raised is error)

        self.assert_clean(Refused, "for a test that handles a refusal")
        self.assertEqual(
            seen, [True], "Expected connect to fail with the endpoint's own exception."
        )
        self.assert_nothing_logged("for a test that handles a refusal")

    def test_unhandled(self):
        """A failure that comes during the test, and that the test does not handle, is reported by trial."""
        endpoint, seen = FakeEndpoint(), []

        class Refused(Inner):
            async def runTest(self):
                self.connect(endpoint, Factory.forProtocol(Client))
                seen.append(endpoint.refuse())

            def tearDown(self):
                gc.collect()

        self.assert_reported(Refused, seen, "for a test that does not handle a refusal")

    def test_cancelled(self):
        """If the test cancels connect's Deferred, the attempt is cancelled, and the test gets the failure."""
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

        self.assert_clean(Cancels, "for a test that cancels its attempt to connect")
        self.assertEqual(
            seen,
            [1, "failed"],
            "Expected the attempt to be cancelled at once, and to fail with ConnectingCancelledError; "
            f"it was cancelled {seen[0]} times, then {seen[1:]}.",
        )

    def test_timed_out(self):
        """It is the same if a timeout that the test has added cancels it."""
        endpoint, clock, seen = FakeEndpoint(), Clock(), []

        class TimesOut(Inner):
            async def runTest(self):
                attempt = self.connect(endpoint, Factory.forProtocol(Client))
                attempt.addTimeout(5, clock)
                attempt.addErrback(lambda failure: seen.append(failure.type))
                clock.advance(5)

        self.assert_clean(TimesOut, "for a test whose attempt to connect times out")
        self.assertEqual(
            endpoint.cancelled, 1, "Expected the attempt to be cancelled by the timeout."
        )
        self.assertEqual(
            seen, [ConnectingCancelledError], f"Expected ConnectingCancelledError; got {seen}."
        )

    def test_cancel_raises(self):
        """If cancelling an attempt raises, the exception is reported, and everything else is still ended."""
        error, other = RuntimeError("no, it goes on"), FakeEndpoint()

        def refuse(deferred):
            from twisted.internet import reactor

            reactor.callLater(0.03, deferred.errback, OSError("given up late"))
            raise error

        class Stubborn:
            def connect(self, factory):
                return Deferred(refuse)

        class Raises(Inner):
            async def runTest(self):
                await self.listen(self.server(), Factory())
                self.connect(Stubborn(), Factory())
                self.connect(other, Factory())

        self.assert_reported(Raises, [error], "when cancelling an attempt raises that")
        self.assertEqual(other.cancelled, 1, "Expected the other attempt to be cancelled, too.")

    def test_callbacks(self):
        """The test's callbacks get the protocol; if one of them waits for ever, the connection still ends."""
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

        when = "for a test whose callback on connect's Deferred never ends"
        self.assert_clean(Waits, when)
        self.assert_over(clients.sides, when)

    def test_endpoint_s_callbacks(self):
        """An attempt goes on, and is cancelled, while the endpoint's own callbacks wait for something."""
        seen = []

        class Waits(Inner):
            async def runTest(self):
                port = await self.listen(self.server(), Factory.forProtocol(Side))
                endpoint = Greeted(self.client(port.getHost().port))
                endpoint.greeting.addErrback(lambda failure: seen.append("cancelled") or failure)
                self.connect(endpoint, Factory.forProtocol(Client))
                await endpoint.connected

        self.assert_clean(Waits, "for a test whose server does not greet")
        self.assertEqual(
            seen, ["cancelled"], "Expected an attempt that waits for a greeting to be cancelled."
        )
