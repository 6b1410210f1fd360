"""The grace for connections that do not end; and the stop over TCP."""

from twisted.internet.address import UNIXAddress
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.error import ConnectError, ConnectionAborted
from twisted.internet.task import Clock, deferLater
from twisted.trial.unittest import TestCase

from ..wire import outcome
from .helpers import (
    ADDRESS,
    POEM,
    EndsAtOnce,
    FakePort,
    Reader,
    StopCase,
    client,
    end,
    fake_service,
    lines,
    logged,
    parsed,
    poem_file,
)
from .poetry_daemon import makeService, take_off

MOMENT = 2**-10  # a fraction of a second that floats add exactly
LONG = b"a line\n" * 3_000_000  # more than the buffers of a connection over loopback take


class Step06Grace(StopCase, TestCase):
    """Connections that do not end within the grace are aborted.

    Write, in PoetryService.stopService, a call on self.reactor after self.grace seconds (0 is
    allowed), counted from stopService, however far the port's closing has got. It aborts each
    connection that is open then; the stop is over once they are. abortConnection may remove a
    connection from the dict before it returns. If everything ends earlier, take_off, which is given,
    cancels the call.
    """

    timeout = 5

    def stubborn(self, grace=None):
        """Stop a service with an open connection. Returns the Deferred, the protocol, the transport and the reactor."""
        service, endpoint, reactor = fake_service(FakePort())
        if grace is not None:
            service.grace = grace
        protocol, transport = client(endpoint.factory)
        return self.stop(service), protocol, transport, reactor

    def test_aborts(self):
        """Open connections are aborted after the grace (5 s by default), not before; their end ends the stop."""
        for grace in (None, 0.0, 0.25, 2.0, 60.0, 24 * 3600.0):
            stopping, protocol, transport, reactor = self.stubborn(grace)
            grace = 5.0 if grace is None else grace
            events = logged(self)
            before = max(0.0, grace - MOMENT)
            if before:
                reactor.advance(before)
            self.assertFalse(
                transport.disconnected,
                f"Expected no abort after {before} s, with a grace of {grace} s.",
            )
            reactor.advance(grace - before)
            self.assertTrue(
                transport.disconnected, f"Expected abortConnection() after the grace, {grace} s."
            )
            self.assert_pending(stopping, "before connectionLost, even after abortConnection")
            said = lines(events)
            self.assertEqual(said, [], f"Expected no line for an abort; got {said}.")
            end(protocol, ConnectionAborted)
            self.assert_over(stopping, "once the aborted connection is over")

    def test_slow_port(self):
        """The grace begins with the stop, even if the port is not closed yet."""
        service, endpoint, reactor = fake_service(FakePort(Deferred()))
        _, transport = client(endpoint.factory)
        self.stop(service)
        reactor.advance(service.grace)
        self.assertTrue(
            transport.disconnected,
            f"Expected abortConnection() {service.grace} s after stopService(), even if the port is not "
            "closed yet.",
        )

    def test_only_the_open(self):
        """Connections that are open at that moment are aborted, even if made after the stop; ended ones are not."""
        service, endpoint, reactor = fake_service(FakePort())
        (early, seen), (late, other) = client(endpoint.factory), client(endpoint.factory)
        self.stop(service)
        end(early)
        new, third = client(endpoint.factory)
        reactor.advance(service.grace)
        got = seen.disconnected, other.disconnected, third.disconnected
        self.assertEqual(
            got,
            (False, True, True),
            "Expected the two open connections to be aborted, and not the one that had ended; "
            f"got {got}.",
        )
        end(late)
        end(new)

    def test_over_at_once(self):
        """If connections end within abortConnection(), all of them are still aborted."""
        service, endpoint, reactor = fake_service(FakePort())
        for number in range(100):
            peer = ADDRESS if number % 2 else UNIXAddress(None)
            client(endpoint.factory, lambda peer=peer: EndsAtOnce(peerAddress=peer))
        stopping = self.stop(service)
        reactor.advance(service.grace)
        self.assert_over(stopping, "once all 100 connections are")

    def test_nothing_left(self):
        """If everything ends within the grace, or at once, the call is off the clock, and no other call is."""
        stopping, protocol, _, reactor = self.stubborn()
        other = reactor.callLater(1000, list)
        end(protocol)
        self.assert_over(stopping, "once its only connection is")
        left = reactor.getDelayedCalls()
        self.assertEqual(
            left,
            [other],
            f"Expected only the call that is not the service's to be left on the clock; got {left}.",
        )
        service, _, reactor = fake_service(FakePort())
        self.stop(service)
        left = reactor.getDelayedCalls()
        self.assertEqual(left, [], f"Expected no call if nobody was connected; got {left}.")

    def test_take_off(self):
        """take_off, which is given, cancels a pending call, and no other, and passes the result on."""
        clock = Clock()
        waits, was = clock.callLater(2, list), clock.callLater(1, list)
        clock.advance(1)
        for call in (waits, waits, was):
            got = take_off("a result", call)
            self.assertEqual(got, "a result", f"Expected the result to be passed on; got {got!r}.")
        left = clock.getDelayedCalls()
        self.assertEqual(left, [], f"Expected the call to be cancelled; the clock has {left}.")

    def start(self, data=POEM):
        """Start a real service on a free port. Returns it and an endpoint that connects to it. A cleanup stops it."""
        from twisted.internet import reactor

        options = "--port", "tcp:0:interface=127.0.0.1", "--poem", poem_file(data)
        service = makeService(parsed(self, *options))
        service.startService()
        self.addCleanup(lambda: service.stopService() if service.running else None)
        port = outcome(service.listening)
        return service, TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port)

    async def test_tcp_poem(self):
        """Over TCP, a client gets the poem; once the service has stopped, its port refuses connections."""
        service, endpoint = self.start()
        got = await (await connectProtocol(endpoint, Reader())).over
        self.assertEqual(got, POEM, f"Expected {POEM!r} over TCP; got {got!r}.")
        await service.stopService()
        try:
            await connectProtocol(endpoint, Reader())
        except ConnectError:
            return
        self.fail(
            "Expected the port to refuse a client once the service has stopped; it accepted one."
        )

    async def test_tcp_finishes(self):
        """Over TCP, a client that has not read yet when the stop begins still gets all of a long poem."""
        service, endpoint = self.start(LONG)
        reader = await connectProtocol(endpoint, Reader(paused=True))
        await self.opened(service)
        stopping = self.stop(service)
        self.assert_pending(stopping, "while a client has not read")
        reader.transport.resumeProducing()
        got = await reader.over
        self.assertEqual(
            len(got),
            len(LONG),
            f"Expected the client to get all {len(LONG)} bytes; got {len(got)}.",
        )
        await stopping

    async def test_tcp_never_reads(self):
        """Over TCP, a client that never reads is aborted after the grace, and then the stop is over."""
        service, endpoint = self.start(LONG)
        service.grace = 0.1
        reader = await connectProtocol(endpoint, Reader(paused=True))
        self.addCleanup(reader.abort)
        await self.opened(service)
        await self.stop(service)
        left = len(service.factory.open)
        self.assertEqual(left, 0, f"Expected no open connection; got {left}.")

    async def opened(self, service):
        """Wait until the server has the client's connection too; bounded by the test's timeout."""
        from twisted.internet import reactor

        while not service.factory.open:
            await deferLater(reactor, 0)
