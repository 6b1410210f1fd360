"""The end: the port, the connections, and those that do not end."""

import re

from twisted.internet.defer import Deferred, fail
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.error import ConnectError, ConnectionAborted, ConnectionDone
from twisted.internet.task import deferLater
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase, TestCase

from ..wire import PENDING, Failed, outcome
from .helpers import (
    POEM,
    WHERE,
    FakePort,
    Reader,
    client,
    fake_service,
    lines,
    logged,
    parsed,
    poem_file,
)
from .poetry_daemon import makeService

LONG = b"a line\n" * 3_000_000  # more than the buffers of a connection over loopback take


def end(protocol, kind=ConnectionDone):
    """The protocol's connection is over."""
    protocol.connectionLost(Failure(kind()))


class StopCase:
    """A test of a service that stops, on fakes."""

    longMessage = False  # Our message alone, not unittest's before it.

    def stop(self, service):
        """Call stopService. Gives the Deferred that it returned."""
        stopping = service.stopService()
        self.assertTrue(
            isinstance(stopping, Deferred),
            f"Expected stopService to give a Deferred, for twist to wait for; got {stopping!r}.",
        )
        return stopping

    def assert_pending(self, stopping, when):
        """The stop is not over yet."""
        got = outcome(stopping)
        self.assertIs(got, PENDING, f"Expected the stop not to be over {when}; got {got!r}.")

    def assert_over(self, stopping, when):
        """The stop is over, well."""
        got = outcome(stopping)
        self.assertFalse(
            got is PENDING or hasattr(got, "reason"),
            f"Expected the stop to be over {when}: {got!r}.",
        )


class Step08StopPort(StopCase, SynchronousTestCase):
    """Stopping closes the port, waits until it is closed, and says so.

    Write, in PoetryService.stopService, a Deferred named closing. self.listening fires with the
    port, or with None where there is none; a callback on it calls port.stopListening(), which gives
    a Deferred or None. An attempt to listen that is still under way is cancelled. And write the
    line that tells the log that it has stopped, in PoetryService._stopped.
    """

    def test_at_once(self):
        """Where stopListening() gives None, the stop is over, and the port was told once."""
        port = FakePort(None)
        service, _, _ = fake_service(port)
        self.assert_over(self.stop(service), "where stopListening() gives None")
        self.assertEqual(port.stopped, 1, f"Expected one stopListening(); got {port.stopped}.")

    def test_later(self):
        """Where it gives a Deferred, the stop is over when that fires, not before."""
        port = FakePort(Deferred())
        service, _, _ = fake_service(port)
        stopping = self.stop(service)
        self.assertEqual(port.stopped, 1, f"Expected one stopListening(); got {port.stopped}.")
        self.assert_pending(stopping, "before stopListening()'s Deferred fires")
        port.gives.callback(None)
        self.assert_over(stopping, "once stopListening()'s Deferred has fired")

    def test_fails(self):
        """Where the port cannot be closed, the stop fails with what stopListening() failed with."""
        error = OSError("the port would not close")
        service, _, _ = fake_service(FakePort(fail(error)))
        got = outcome(self.stop(service))
        self.assertEqual(got, Failed(error), f"Expected {error!r}; got {got!r}.")

    def test_attempt(self):
        """An attempt to listen that is still under way is given up, and that is no failure."""
        service, endpoint, reactor = fake_service()
        events = logged(self)
        stopping = self.stop(service)
        self.assertEqual(
            endpoint.cancelled, 1, "Expected the attempt to listen to be cancelled; it was not."
        )
        self.assert_over(stopping, "where the attempt to listen was given up")
        self.assertEqual(
            len(events), 1, f"Expected the line of the stop alone; got {lines(events)}."
        )
        self.assertFalse(reactor.hasStopped, "Expected the reactor to be left alone.")

    def test_log(self):
        """The log has one line of it, when all is over and not before."""
        port = FakePort(Deferred())
        service, _, _ = fake_service(port)
        events = logged(self)
        self.stop(service)
        self.assertEqual(lines(events), [], "Expected no line before the port is closed.")
        port.gives.callback(None)
        said = lines(events)
        self.assertEqual(len(said), 1, f"Expected one line when it has stopped; got {said}.")


class Step09Connections(StopCase, SynchronousTestCase):
    """Stopping waits for the connections that are open.

    Write, in PoetryService.stopService, a Deferred named waiting. self.factory.open has, for each
    connection that is not over, a Deferred that fires when it is. The protocol has asked for the
    close already, right after the poem, so that nothing need be asked again: what is sent still
    arrives. The port and the connections end in any order.
    """

    def test_waits(self):
        """The stop is over when the port and every connection are, in whichever order they end, and not before the last."""
        for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0), (0, 2, 1)):
            port = FakePort(Deferred())
            service, endpoint, _ = fake_service(port)
            sides = [client(endpoint.factory)[0] for _ in range(2)]
            events = logged(self)
            stopping = self.stop(service)
            names = ["the port", "connection 1", "connection 2"]
            for number in order:
                self.assert_pending(stopping, f"before {names[number]} is, the order being {order}")
                said = lines(events)
                self.assertEqual(
                    said, [], f"Expected no line before {names[number]} is over: {said}"
                )
                if number:
                    end(sides[number - 1])
                else:
                    port.gives.callback(None)
            self.assert_over(stopping, f"once all three are, the order being {order}")

    def test_broken(self):
        """A connection that breaks is over too."""
        service, endpoint, _ = fake_service(FakePort())
        protocol, _ = client(endpoint.factory)
        stopping = self.stop(service)
        end(protocol, ConnectionAborted)
        self.assert_over(stopping, "once the only connection has broken")

    def test_not_cut_short(self):
        """A connection is not aborted when the service is told to stop: its poem still arrives."""
        service, endpoint, _ = fake_service(FakePort())
        protocol, transport = client(endpoint.factory)
        self.stop(service)
        self.assertFalse(
            transport.disconnected,
            "Expected no abortConnection(), which throws away what is unsent.",
        )
        end(protocol)

    def test_ended_before(self):
        """A connection that was over before is not waited for."""
        service, endpoint, _ = fake_service(FakePort())
        end(client(endpoint.factory)[0])
        self.assert_over(self.stop(service), "where the only connection had ended before")


class Step10Grace(StopCase, TestCase):
    """What does not end within the grace is aborted.

    Write, in PoetryService.stopService, a call on self.reactor, self.grace seconds from then, that
    aborts each connection that is still open: with a client that does not read, a close waits for
    ever. When all has ended before, the call is taken off: take_off, which is given, does it. The
    last tests are over TCP.
    """

    timeout = 5

    def stubborn(self, grace=None):
        """A service that was told to stop while a connection is open. Gives the Deferred, the connection, the reactor."""
        service, endpoint, reactor = fake_service(FakePort())
        if grace:
            service.grace = grace
        protocol, transport = client(endpoint.factory)
        return self.stop(service), protocol, transport, reactor

    def test_aborts(self):
        """At the moment of the grace, and not before, a connection that is open is aborted; its end ends the stop."""
        for grace in (5.0, 2.0, 60.0):
            stopping, protocol, transport, reactor = self.stubborn(grace)
            reactor.advance(grace - 0.01)
            self.assertFalse(
                transport.disconnected, f"Expected no abort {grace - 0.01} s after, of {grace} s."
            )
            reactor.advance(0.01)
            self.assertTrue(
                transport.disconnected, f"Expected abortConnection() after the grace, {grace} s."
            )
            self.assert_pending(stopping, "before connectionLost, though it was asked to abort")
            end(protocol, ConnectionAborted)
            self.assert_over(stopping, "once the aborted connection is over")

    def test_only_the_open(self):
        """A connection that ended within the grace is not aborted."""
        service, endpoint, reactor = fake_service(FakePort())
        (early, seen), (late, other) = client(endpoint.factory), client(endpoint.factory)
        self.stop(service)
        end(early)
        reactor.advance(service.grace)
        got = seen.disconnected, other.disconnected
        self.assertEqual(
            got, (False, True), f"Expected the open connection alone to be aborted; got {got}."
        )
        end(late)

    def test_nothing_left(self):
        """When all has ended within the grace, or at once, nothing is left on the clock."""
        stopping, protocol, _, reactor = self.stubborn()
        end(protocol)
        self.assert_over(stopping, "once its only connection is")
        service, _, other = fake_service(FakePort())
        self.stop(service)
        left = len(reactor.getDelayedCalls()), len(other.getDelayedCalls())
        self.assertEqual(
            left,
            (0, 0),
            f"Expected no call on the clock after one connection, and none; got {left}.",
        )

    def start(self, data=POEM):
        """A real service, on a free port of 127.0.0.1, and an endpoint that connects to it. It is stopped with the test."""
        from twisted.internet import reactor

        events, name = logged(self), poem_file(self, data)
        port = "tcp:0:interface=127.0.0.1"
        service = makeService(parsed(self, "--port", port, "--poem", name))
        service.startService()
        self.addCleanup(lambda: service.stopService() if service.running else None)
        where = re.search(WHERE, "".join(lines(events)))
        self.assertTrue(where, f"Expected the log to have the address; it has {lines(events)}.")
        return service, TCP4ClientEndpoint(reactor, "127.0.0.1", int(where[1]))

    async def test_tcp_poem(self):
        """Over TCP, a client gets the poem; once the service has stopped, its port refuses."""
        service, endpoint = self.start()
        got = await (await connectProtocol(endpoint, Reader())).over
        self.assertEqual(got, POEM, f"Expected {POEM!r} over TCP; got {got!r}.")
        await service.stopService()
        try:
            await connectProtocol(endpoint, Reader())
        except ConnectError:
            return
        self.fail("Expected the port to refuse once the service has stopped; it took a client.")

    async def test_tcp_finishes(self):
        """Over TCP, a client that has not read yet when the service is told to stop still gets all of a long poem."""
        service, endpoint = self.start(LONG)
        reader = await connectProtocol(endpoint, Reader(paused=True))
        await self.opened(service)
        stopping = self.stop(service)
        self.assert_pending(stopping, "while a client has not read")
        reader.transport.resumeProducing()
        got = await reader.over
        self.assertEqual(len(got), len(LONG), "Expected the client to get all of a long poem.")
        await stopping

    async def test_tcp_never_reads(self):
        """Over TCP, a client that never reads is aborted after the grace, and the stop is over."""
        service, endpoint = self.start(LONG)
        service.grace = 0.1
        reader = await connectProtocol(endpoint, Reader(paused=True))
        self.addCleanup(reader.abort)
        await self.opened(service)
        await self.stop(service)
        left = len(service.factory.open)
        self.assertEqual(left, 0, f"Expected no connection to be open; {left} are.")

    async def opened(self, service):
        """Wait until the server has the client's connection as well; bounded by the test's own time."""
        from twisted.internet import reactor

        while not service.factory.open:
            await deferLater(reactor, 0)
