"""The stop: the port, and the connections."""

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


class Step05Stop(StopCase, SynchronousTestCase):
    """Stopping closes the port, waits for the connections, and logs it.

    Write closing and waiting in PoetryService.stopService. For closing, cancel an attempt to listen
    that is still under way; then a callback on self.listening calls port.stopListening(), once and at
    once, and returns its result, a Deferred or None. The port is None if listening was cancelled, has
    failed or never began. waiting fires once closing and every Deferred in self.factory.open have
    fired, in any order, even if closing fails. No connection is closed or aborted.

    Write also PoetryService._stopped: one line, with log.info. If closing fails, the stop fails with
    the same reason; _stopped, as given, sees to that.
    """

    def test_at_once(self):
        """If stopListening() returns None, the stop is over; stopListening() is called once."""
        port = FakePort(None)
        service, _, _ = fake_service(port)
        self.assert_over(self.stop(service), "if stopListening() returns None")
        self.assertEqual(port.stopped, 1, f"Expected one stopListening(); got {port.stopped}.")

    def test_later(self):
        """If it returns a Deferred, the stop is over when that fires, not before."""
        port = FakePort(Deferred())
        service, _, _ = fake_service(port)
        stopping = self.stop(service)
        self.assertEqual(port.stopped, 1, f"Expected one stopListening(); got {port.stopped}.")
        self.assert_pending(stopping, "before the Deferred of stopListening() fires")
        port.result.callback(None)
        self.assert_over(stopping, "once the Deferred of stopListening() has fired")

    def test_fails(self):
        """If the port cannot be closed, the stop fails with the same reason, and its line is still logged."""
        for error in (
            OSError("the port would not close"),
            ValueError("it"),
            ConnectionDone(),
            CancelledError(),
            asyncio.CancelledError(),  # not an Exception
        ):
            service, _, _ = fake_service(FakePort(fail(error)))
            events = logged(self)
            got, said = outcome(self.stop(service)), lines(events)
            self.assertEqual(got, Failed(error), f"Expected {error!r}; got {got!r}.")
            self.assertEqual(len(said), 1, f"Expected one line when it has stopped; got {said}.")

    def test_attempt(self):
        """An attempt to listen that is still under way is cancelled, and that is not a failure."""
        service, endpoint, reactor = fake_service()
        events = logged(self)
        stopping = self.stop(service)
        self.assertEqual(
            endpoint.cancelled, 1, "Expected the attempt to listen to be cancelled; it was not."
        )
        self.assert_over(stopping, "if the attempt to listen was cancelled")
        self.assertEqual(
            len(events), 1, f"Expected only the line of the stop; got {lines(events)}."
        )
        self.assertFalse(reactor.hasStopped, "Expected the reactor not to be stopped.")

    def test_never_started(self):
        """A service that was never started can be stopped too, at once."""
        service = PoetryService(MemoryReactorClock(), FakeEndpoint(), PoetryFactory(POEM))
        self.assert_over(self.stop(service), "if it was never started")

    def test_log(self):
        """The stop is logged in one line, when everything is over, not before."""
        port = FakePort(Deferred())
        service, _, _ = fake_service(port)
        events = logged(self)
        self.stop(service)
        self.assertEqual(lines(events), [], "Expected no line before the port is closed.")
        port.result.callback(None)
        said, found = lines(events), leaks(events)
        self.assertEqual(len(said), 1, f"Expected one line when it has stopped; got {said}.")
        level = events[0]["log_level"]
        self.assertIs(level, LogLevel.info, f"Expected log.info, which twist shows; got {level}.")
        self.assertEqual(found, [], f"Expected no part of the poem in the log; found {found}.")

    def test_waits(self):
        """The stop is over when the port and all connections are, in any order, and not before the last."""
        names = ["the port", "connection 1", "connection 2"]
        for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0), (0, 2, 1)):
            ordered = ", ".join(names[number] for number in order)
            port = FakePort(Deferred())
            service, endpoint, _ = fake_service(port)
            sides = [client(endpoint.factory)[0] for _ in range(2)]
            events = logged(self)
            stopping = self.stop(service)
            self.assertEqual(
                port.stopped,
                1,
                "Expected stopListening() at once, even with open connections: there must be no new ones.",
            )
            for number in order:
                self.assert_pending(stopping, f"before {names[number]} is, in the order {ordered}")
                said = lines(events)
                self.assertEqual(
                    said, [], f"Expected no line before {names[number]} is over; got {said}."
                )
                if number:
                    end(sides[number - 1])
                else:
                    port.result.callback(None)
            self.assert_over(stopping, f"once all three are, in the order {ordered}")

    def test_many(self):
        """However many connections are open, the stop waits for the last one."""
        service, endpoint, _ = fake_service(FakePort())
        sides = [client(endpoint.factory)[0] for _ in range(100)]
        stopping = self.stop(service)
        for number, side in enumerate([*sides[50:], *sides[:50]], 1):
            self.assert_pending(stopping, f"before the last of 100 connections, after {number - 1}")
            end(side)
        self.assert_over(stopping, "once all 100 connections are")

    def test_port_fails(self):
        """If the port cannot be closed, the stop still waits for all connections, and only then fails."""
        error = OSError("the port would not close")
        service, endpoint, _ = fake_service(FakePort(fail(error)))
        protocol, _ = client(endpoint.factory)
        stopping = self.stop(service)
        self.assert_pending(stopping, "while a connection is open, even if closing the port failed")
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
        """A connection is not aborted when the stop begins: its poem still arrives."""
        service, endpoint, _ = fake_service(FakePort())
        protocol, transport = client(endpoint.factory)
        self.stop(service)
        self.assertFalse(
            transport.disconnected,
            "Expected no abortConnection(), which discards unsent bytes.",
        )
        end(protocol)

    def test_ended_before(self):
        """The stop does not wait for a connection that was over before."""
        service, endpoint, _ = fake_service(FakePort())
        end(client(endpoint.factory)[0])
        self.assert_over(self.stop(service), "if the only connection had ended before")
