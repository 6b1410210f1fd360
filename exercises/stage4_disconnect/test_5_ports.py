"""The mixin's ports: what trial reports of small tests that listen with it."""

import unittest
from pathlib import Path

from twisted.internet.defer import fail
from twisted.internet.endpoints import UNIXServerEndpoint
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IReactorUNIX
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import deferLater
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from .cases import FakeListening, Inner, Kinds
from .fakes import ERRORS, Alike, FakePort
from .tidy import TidyConnections


class SlowPort:
    """A port that takes some time to stop. stopped: whether it has stopped."""

    def __init__(self):
        self.stopped = False

    def stopListening(self):
        from twisted.internet import reactor

        return deferLater(reactor, 0.05, setattr, self, "stopped", True)


class Step13MixinPorts(Kinds):
    """A port that a test listens on is stopped when the test ends.

    Write what is missing in listen() and _end() for it, in tidy.py. In listen, add the port to
    self._ports; the Deferred of listen still has the endpoint's result, a port or a failure. Call
    _once(port, "stopListening"), which is given, so that a test may stop the port, and not wait.
    trial calls _end when the test is over: watched(), which is given, adds that cleanup. In _end,
    `ends` has all of `opened` and, before that, for each port: the port, "port", a Deferred for its
    end, and None. Stop each port, once. If stopListening() raises, or its Deferred fails, the other
    ports are still stopped, and each such failure is reported, in order.
    """

    def test_gives_the_port(self):
        """The Deferred that listen returns fires with the endpoint's port."""
        port, seen = FakePort(None), []

        class Listens(Inner):
            async def runTest(self):
                seen.append(await self.listen(FakeListening(port), Factory()))

        self.assert_clean(Listens, "for a test that listens")
        self.assertIs(seen[0], port, f"Expected the endpoint's port from listen; got {seen[0]}.")

    def test_several(self):
        """Any number of ports are stopped."""

        class Listens(Inner):
            async def runTest(self):
                for _ in range(3):
                    await self.listen(self.server(), Factory.forProtocol(Protocol))

        self.assert_clean(Listens, "for a test that listens on three ports")

    def test_stopped_once(self):
        """Each port is stopped once, even if two have one factory and one name, are equal, or false."""

        class Port(Alike, FakePort):
            def __str__(self):
                return "a port"

        ports, factory = [Port(), Port()], Factory()

        class Listens(Inner):
            async def runTest(self):
                for port in ports:
                    await self.listen(FakeListening(port), factory)

        self.assert_clean(Listens, "for a test with two ports of one factory")
        stops = [port.stops for port in ports]
        self.assertEqual(stops, [1, 1], f"Expected one stopListening() of each; got {stops}.")

    def test_unix(self):
        """A UNIX socket is stopped like a TCP port."""
        from twisted.internet import reactor

        if not IReactorUNIX.providedBy(reactor):
            raise SkipTest("This platform has no UNIX sockets.")
        path = Path(self.mktemp())

        class Listens(Inner):
            async def runTest(self):
                await self.listen(UNIXServerEndpoint(reactor, str(path)), Factory())

        self.assert_clean(Listens, "for a test that listens on a UNIX socket")
        self.assertFalse(path.exists(), f"Expected the socket {path} to be deleted.")

    def test_setup_fails(self):
        """A port is also stopped if setUp fails, and when the same test runs again."""

        async def opening(test):
            await test.listen(test.server(), Factory.forProtocol(Protocol))

        self.assert_clean_in_each_kind(opening, "a port", most=2)

    def test_waits(self):
        """The test is not over before each port has stopped."""
        ports = [SlowPort(), SlowPort()]

        class Listens(Inner):
            async def runTest(self):
                for port in ports:
                    await self.listen(FakeListening(port), Factory())

        self.assert_clean(Listens, "for a test with two ports that take 0.05 s to stop")
        for port in ports:
            self.assertTrue(port.stopped, "Expected the test to wait until both ports had stopped.")

    def test_stopped_before(self):
        """The test may stop a port itself, and wait for that."""

        class Stops(Inner):
            async def runTest(self):
                port = await self.listen(self.server(), Factory())
                await port.stopListening()

        self.assert_clean(Stops, "for a test that stops its port")

    def test_stopping(self):
        """If the test stops a port, and does not wait, the port is waited for, and not stopped again."""
        slow, stops = SlowPort(), []

        class Stops(Inner):
            async def runTest(self):
                slow.stopListening = lambda: stops.append(1) or SlowPort.stopListening(slow)
                for endpoint in (self.server(), FakeListening(slow)):
                    port = await self.listen(endpoint, Factory())
                    port.stopListening()

        self.assert_clean(Stops, "for a test that stops two ports, and does not wait")
        self.assertTrue(slow.stopped, "Expected the test to wait until the port had stopped.")
        self.assertEqual(len(stops), 1, f"Expected one stopListening(); there were {len(stops)}.")

    def test_started_again(self):
        """A port that the test has stopped and started again is stopped."""

        class Restarts(Inner):
            async def runTest(self):
                port = await self.listen(self.server(), Factory())
                await port.stopListening()
                port.startListening()

        self.assert_clean(Restarts, "for a test that stops a port, and starts it again")

    def test_wrong_test_case(self):
        """In a test case that does not wait for cleanups, listen and connect raise a TypeError, and open nothing."""
        for kind in (SynchronousTestCase, unittest.TestCase):
            names = {"runTest": lambda self: None}
            test, calls = type("Wrong", (TidyConnections, kind), names)(), []
            for opens in (test.listen, test.connect):
                endpoint = FakeListening(FakePort(None))
                endpoint.listen = endpoint.connect = lambda factory: calls.append(factory)  # noqa: B023
                with self.assertRaises(TypeError) as raised:
                    opens(endpoint, Factory())
                self.assertIn(
                    "twisted.trial.unittest.TestCase",
                    str(raised.exception),
                    f"Expected the class that is needed to be named; it says: {raised.exception}",
                )
            self.assertEqual(calls, [], f"Expected nothing to be opened in a {kind}.")

    def test_taken(self):
        """If the port is in use, listen fails as the endpoint's Deferred does, and nothing is left."""
        seen = []

        class Fails(Inner):
            async def runTest(self):
                port = await self.listen(self.server(), Factory())
                try:
                    await self.listen(self.server(port.getHost().port), Factory())
                except CannotListenError as error:
                    seen.append(error)

        self.assert_clean(
            Fails, "for a test that listens on a port in use, and handles the failure"
        )
        self.assertEqual(
            len(seen), 1, "Expected listen to fail with CannotListenError; it did not."
        )

    def test_port_fails(self):
        """If a port raises or fails, that is reported, and the others are still stopped."""
        for error in ERRORS:
            failed = fail(error)
            self.addCleanup(failed.addErrback, lambda failure: None)
            for result in (failed, error):

                class Fails(Inner):
                    async def runTest(self, result=result):
                        await self.listen(FakeListening(FakePort(result)), Factory())
                        await self.listen(self.server(), Factory())

                raised = "raises" if result is error else "returns a Deferred that fails with"
                self.assert_reported(Fails, [error], f"when a port's stopListening() {raised} that")

    def test_several_fail(self):
        """If several raise, each exception is reported, in the order in which the ports were opened."""
        errors = [OSError("the first port"), OSError("the second port")]

        class Fails(Inner):
            async def runTest(self):
                for error in errors:
                    await self.listen(FakeListening(FakePort(error)), Factory())

        self.assert_reported(Fails, errors, "when two ports raise those")
