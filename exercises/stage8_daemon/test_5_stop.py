"""The end: the port, and the connections."""

import asyncio

from twisted.internet.defer import CancelledError, Deferred, fail
from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import LogLevel
from twisted.trial.unittest import SynchronousTestCase

from ..wire import Failed, outcome
from .helpers import (
    POEM,
    FakeEndpoint,
    FakePort,
    StopCase,
    client,
    end,
    fake_service,
    leaks,
    lines,
    logged,
)
from .poetry_daemon import PoetryFactory, PoetryService


class Step08StopPort(StopCase, SynchronousTestCase):
    """Stopping closes the port, waits until it is closed, and says so.

    Write, in PoetryService.stopService, a Deferred named closing. self.listening fires with the
    port, or with None where there is none; a callback on it calls port.stopListening(), which gives
    a Deferred or None. An attempt to listen that is still under way is cancelled. Write also the
    line that tells the log that it has stopped, in PoetryService._stopped.
    """

    def test_at_once(self):
        """If stopListening() gives None, the stop is over, and the port was told once."""
        port = FakePort(None)
        service, _, _ = fake_service(port)
        self.assert_over(self.stop(service), "where stopListening() gives None")
        self.assertEqual(port.stopped, 1, f"Expected one stopListening(); got {port.stopped}.")

    def test_later(self):
        """If it gives a Deferred, the stop is over when that fires, not before."""
        port = FakePort(Deferred())
        service, _, _ = fake_service(port)
        stopping = self.stop(service)
        self.assertEqual(port.stopped, 1, f"Expected one stopListening(); got {port.stopped}.")
        self.assert_pending(stopping, "before stopListening()'s Deferred fires")
        port.gives.callback(None)
        self.assert_over(stopping, "once stopListening()'s Deferred has fired")

    def test_fails(self):
        """If the port cannot be closed, for whatever reason, the stop fails with that, and the log has its line still."""
        for error in (
            OSError("the port would not close"),
            ValueError("it"),
            ConnectionDone(),
            CancelledError(),
            asyncio.CancelledError(),  # no Exception
        ):
            service, _, _ = fake_service(FakePort(fail(error)))
            events = logged(self)
            got, said = outcome(self.stop(service)), lines(events)
            self.assertEqual(got, Failed(error), f"Expected {error!r}; got {got!r}.")
            self.assertEqual(len(said), 1, f"Expected one line when it has stopped; got {said}.")

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

    def test_never_started(self):
        """A service that was never started can be stopped, too, and that is over at once."""
        service = PoetryService(MemoryReactorClock(), FakeEndpoint(), PoetryFactory(POEM))
        self.assert_over(self.stop(service), "where it was never started")

    def test_log(self):
        """The log has one line of it, when all is over and not before."""
        port = FakePort(Deferred())
        service, _, _ = fake_service(port)
        events = logged(self)
        self.stop(service)
        self.assertEqual(lines(events), [], "Expected no line before the port is closed.")
        port.gives.callback(None)
        said, found = lines(events), leaks(events)
        self.assertEqual(len(said), 1, f"Expected one line when it has stopped; got {said}.")
        level = events[0]["log_level"]
        self.assertIs(level, LogLevel.info, f"Expected log.info, which twist shows; got {level}.")
        self.assertEqual(found, [], f"Expected no part of the poem in the log; found {found}.")


class Step09Connections(StopCase, SynchronousTestCase):
    """Stopping waits for the connections that are open.

    Write, in PoetryService.stopService, a new Deferred named waiting. self.factory.open has, for
    each connection that is not over, a Deferred that fires when it is. The protocol has asked for
    the close already, right after the poem, so that nothing need be asked again: what is sent still
    arrives. The port and the connections end in any order, and the port may fail to.
    """

    def test_waits(self):
        """The stop is over when the port and every connection are, in whichever order they end, and not before the last."""
        names = ["the port", "connection 1", "connection 2"]
        for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0), (0, 2, 1)):
            told = ", ".join(names[number] for number in order)
            port = FakePort(Deferred())
            service, endpoint, _ = fake_service(port)
            sides = [client(endpoint.factory)[0] for _ in range(2)]
            events = logged(self)
            stopping = self.stop(service)
            self.assertEqual(
                port.stopped,
                1,
                "Expected stopListening() at once, though connections are open: no new ones are wanted.",
            )
            for number in order:
                self.assert_pending(stopping, f"before {names[number]} is, the order being {told}")
                said = lines(events)
                self.assertEqual(
                    said, [], f"Expected no line before {names[number]} is over: {said}"
                )
                if number:
                    end(sides[number - 1])
                else:
                    port.gives.callback(None)
            self.assert_over(stopping, f"once all three are, the order being {told}")

    def test_many(self):
        """However many connections are open, the last to end is waited for."""
        service, endpoint, _ = fake_service(FakePort())
        sides = [client(endpoint.factory)[0] for _ in range(100)]
        stopping = self.stop(service)
        for number, side in enumerate([*sides[50:], *sides[:50]], 1):
            self.assert_pending(
                stopping, f"before the last of 100 connections, after {number - 1},"
            )
            end(side)
        self.assert_over(stopping, "once all of 100 connections are")

    def test_port_fails(self):
        """If the port cannot be closed, the stop still waits for each connection, and fails only then."""
        error = OSError("the port would not close")
        service, endpoint, _ = fake_service(FakePort(fail(error)))
        protocol, _ = client(endpoint.factory)
        stopping = self.stop(service)
        self.assert_pending(stopping, "while a connection is open, though the port has failed")
        end(protocol)
        got = outcome(stopping)
        self.assertEqual(
            got, Failed(error), f"Expected {error!r} once the connection is over; got {got!r}."
        )

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
