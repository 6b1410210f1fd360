"""The deadline of get_poetry, on a Clock that goes on when told to."""

from twisted.internet.defer import AlreadyCalledError, CancelledError, TimeoutError
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from ..wire import PENDING, FakeEndpoint, failed_with, outcome
from .client import get_poetry

TEXT = "Half an é, and the rest.\n"
POEM = TEXT.encode("utf-8")


class Step08Timeout(SynchronousTestCase):
    """The whole poem must be here by a deadline.

    Write the end of get_poetry. The deadline is timeout seconds after the call, over connecting and
    receiving together; what arrives does not move it, or a server that sends a byte a minute could
    hold the client for ever. It is kept on the clock that was passed in: then a test can go through
    it in no time. Give up as a cancellation does, but with TimeoutError from
    twisted.internet.defer. Deferred.addTimeout does all of this, and takes its call off the clock
    when it is not needed.
    """

    longMessage = False

    def setUp(self):
        self.endpoint, self.clock = FakeEndpoint(), Clock()

    def get(self, timeout=10.0):
        self.poem = get_poetry(self.endpoint, self.clock, timeout)

    def assert_waiting(self, seconds):
        got = outcome(self.poem)
        self.assertIs(
            got, PENDING, f"Expected no result {seconds} s into a timeout of 10 s; got {got!r}."
        )

    def assert_timed_out(self, when):
        got = outcome(self.poem)
        self.assertTrue(
            failed_with(got, TimeoutError),
            f"Expected twisted.internet.defer.TimeoutError after 10 s of 10 s {when}; got {got!r}.",
        )

    def assert_clock_empty(self, when):
        left = self.clock.getDelayedCalls()
        self.assertEqual(
            len(left), 0, f"Expected no call to be left on the clock {when}; these are: {left!r}."
        )

    def test_connecting(self):
        """An attempt to connect that takes too long fails at the deadline, not before, and is given up."""
        self.get()
        self.clock.advance(9.75)
        self.assert_waiting(9.75)
        self.clock.advance(0.25)
        self.assert_timed_out("while connecting")
        self.assertEqual(
            self.endpoint.cancelled,
            1,
            "Expected the attempt to connect to be given up at the deadline; it still goes on.",
        )

    def test_receiving(self):
        """A poem that takes too long fails at the deadline, not before; connecting counts, and the connection is closed."""
        self.get()
        self.clock.advance(4)
        protocol, transport = self.endpoint.accept()
        protocol.dataReceived(POEM[:10])
        self.clock.advance(5.75)
        self.assert_waiting(9.75)
        self.assertFalse(
            transport.disconnecting, "Expected the connection to be left open for all of the 10 s."
        )
        self.clock.advance(0.25)
        self.assert_timed_out("(4 to connect, 6 to receive)")
        self.assertTrue(
            transport.disconnecting,
            "Expected the connection to be closed at the deadline; it was left open.",
        )

    def test_bytes_do_not_move_it(self):
        """A byte each second does not move the deadline."""
        self.get()
        protocol, _ = self.endpoint.accept()
        for _ in range(9):
            self.clock.advance(1)
            protocol.dataReceived(b".")
        self.assert_waiting(9)
        self.clock.advance(1)
        self.assert_timed_out("with a byte each second")

    def test_default(self):
        """The timeout is 30 seconds unless another is given."""
        self.poem = get_poetry(self.endpoint, self.clock)
        self.clock.advance(29.75)
        got = outcome(self.poem)
        self.assertIs(got, PENDING, f"Expected no result 29.75 s into the default; got {got!r}.")
        self.clock.advance(0.25)
        got = outcome(self.poem)
        self.assertTrue(
            failed_with(got, TimeoutError), f"Expected TimeoutError at 30 s; got {got!r}."
        )

    def test_end_after_timeout(self):
        """The end of the connection, which comes after the deadline, fires nothing a second time."""
        self.get()
        protocol, _ = self.endpoint.accept()
        self.clock.advance(10)
        self.assert_timed_out("while receiving")
        try:
            protocol.connectionLost(Failure(ConnectionAborted()))
        except AlreadyCalledError:
            self.fail(
                "Expected connectionLost to do nothing after the deadline; it fired self.poem a "
                "second time: AlreadyCalledError."
            )
        self.assert_clock_empty("after the deadline")

    def test_in_time(self):
        """A poem that is here before the deadline leaves nothing on the clock, and stays."""
        self.get()
        protocol, _ = self.endpoint.accept()
        protocol.dataReceived(POEM)
        self.clock.advance(9.75)
        protocol.connectionLost(Failure(ConnectionDone()))
        self.assert_clock_empty("once the poem is here")
        self.clock.advance(1)
        got = outcome(self.poem)
        self.assertEqual(got, TEXT, f"Expected {TEXT!r}, 9.75 s into 10 s; got {got!r}.")

    def test_broken(self):
        """A connection that breaks leaves nothing on the clock."""
        self.get()
        protocol, _ = self.endpoint.accept()
        protocol.connectionLost(Failure(ConnectionLost()))
        outcome(self.poem)
        self.assert_clock_empty("after the connection broke")

    def test_refused(self):
        """A refusal leaves nothing on the clock."""
        self.get()
        self.endpoint.refuse()
        outcome(self.poem)
        self.assert_clock_empty("after a refusal")

    def cancel(self, when):
        self.poem.cancel()
        got = outcome(self.poem)
        self.assertTrue(
            failed_with(got, CancelledError), f"Expected CancelledError {when}; got {got!r}."
        )
        self.assert_clock_empty(f"after a cancellation {when}")

    def test_cancelled_connecting(self):
        """A cancellation while connecting stays CancelledError, and leaves nothing on the clock."""
        self.get()
        self.cancel("while connecting")

    def test_cancelled_receiving(self):
        """A cancellation while receiving stays CancelledError, and leaves nothing on the clock."""
        self.get()
        self.endpoint.accept()
        self.cancel("while receiving")
