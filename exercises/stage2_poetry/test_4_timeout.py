"""The deadline of get_poetry, on a Clock that the test advances."""

from twisted.internet.defer import AlreadyCalledError, CancelledError, TimeoutError
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from ..wire import PENDING, FakeEndpoint, failed_with, outcome
from .client import get_poetry
from .helpers import EndsAtOnce, PlainEndpoint, breaks, ends, no_return, refusals

TEXT = "Half an é, and the rest.\n"
POEM = TEXT.encode("utf-8")
MOMENT = 2**-10  # a fraction of a second that floats can add up without an error
WEEK = 7 * 24 * 3600.0


class Step08Timeout(SynchronousTestCase):
    """The whole poem must be here by a deadline.

    Write the end of get_poetry. If the poem is not here timeout seconds after the call, on the
    given clock, the Deferred fails with TimeoutError, the one in twisted.internet.defer, at
    that moment and not before; the attempt to connect is cancelled, or the connection closed,
    as in step 7. Connecting and receiving count together; neither bytes nor silence move the
    deadline. The timeout is 30 if none is given, and may be a fraction, a week, or 0; even with
    0 the attempt is begun. Nothing that comes after the deadline fires the Deferred a second
    time. A poem that came in time stays the result, and a cancellation stays CancelledError.
    However the call ends, no delayed call of it is left on the clock; those of others stay.
    """

    longMessage = False

    def setUp(self):
        self.endpoint, self.clock = FakeEndpoint(), Clock()

    def get(self, timeout=10.0):
        self.poem = get_poetry(self.endpoint, self.clock, timeout)

    def assert_waiting(self, seconds, timeout=10.0):
        got = outcome(self.poem)
        self.assertIs(
            got,
            PENDING,
            f"Expected no result {seconds} s after the call, with a timeout of {timeout} s; got {got!r}.",
        )

    def assert_timed_out(self, when, timeout=10.0):
        got = outcome(self.poem)
        self.assertTrue(
            failed_with(got, TimeoutError),
            f"Expected twisted.internet.defer.TimeoutError after {timeout} s of {timeout} s {when}; "
            f"got {got!r}.{no_return(got)}",
        )

    def assert_clock_empty(self, when):
        left = self.clock.getDelayedCalls()
        self.assertEqual(
            len(left), 0, f"Expected no call to be left on the clock {when}; got: {left!r}."
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

    def test_connecting_elsewhere(self):
        """So it does if the endpoint's own Deferred fails with CancelledError."""
        self.endpoint = PlainEndpoint()
        self.get()
        self.clock.advance(10)
        self.assert_timed_out("while connecting through another kind of endpoint")

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

    def test_any_timeout(self):
        """Connecting and silence may take all of the timeout, however short or long, and no more."""
        for timeout in (0.25, 1.5, 10.0, 3600.0, WEEK):
            for connecting in (0.0, timeout / 2, timeout - MOMENT):
                self.setUp()
                self.get(timeout)
                self.clock.advance(connecting)
                self.assert_waiting(connecting, timeout)
                protocol, transport = self.endpoint.accept()
                protocol.dataReceived(POEM[:10])
                self.clock.advance(timeout - MOMENT - connecting)
                self.assert_waiting(timeout - MOMENT, timeout)
                self.assertFalse(
                    transport.disconnecting,
                    f"Expected the connection to be left open for all of the {timeout} s.",
                )
                self.clock.advance(MOMENT)
                self.assert_timed_out(f"({connecting} to connect)", timeout)

    def test_zero(self):
        """With a timeout of 0 the time is over at once: the attempt is begun, and given up."""
        self.get(0)
        self.clock.advance(0)
        self.assert_timed_out("while connecting", 0)
        self.assertEqual(
            self.endpoint.cancelled,
            1,
            "Expected the attempt to connect to be begun and given up, with a timeout of 0 as well; "
            f"{self.endpoint.cancelled} were.",
        )

    def test_over_at_once(self):
        """So it does if connectionLost is called before the close or the abort returns."""
        for error in ends():
            self.endpoint = FakeEndpoint(lambda error=error: EndsAtOnce(error))
            self.get()
            self.endpoint.accept()[0].dataReceived(POEM)
            self.clock.advance(10)
            self.assert_timed_out(f"on a transport that calls connectionLost({error!r}) at once")

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
        """The timeout is 30 seconds unless another is given, and all of it may pass in silence."""
        for connected in (False, True):
            self.setUp()
            self.poem = get_poetry(self.endpoint, self.clock)
            if connected:
                self.endpoint.accept()[0].dataReceived(POEM[:10])
            self.clock.advance(30 - MOMENT)
            self.assert_waiting(30 - MOMENT, 30)
            self.clock.advance(MOMENT)
            self.assert_timed_out("by default", 30)

    def test_end_after_timeout(self):
        """Bytes or the connection's end after the deadline fire nothing a second time."""
        for error in ends():
            self.get()
            protocol, _ = self.endpoint.accept()
            self.clock.advance(10)
            self.assert_timed_out("while receiving")
            try:
                protocol.dataReceived(POEM)
                protocol.connectionLost(Failure(error))
            except AlreadyCalledError:
                self.fail(
                    f"Expected connectionLost with {error!r} to do nothing after the deadline; it "
                    "fired self.poem a second time: AlreadyCalledError."
                )
            self.assert_clock_empty("after the deadline")

    def test_in_time(self):
        """A poem that is here a moment before the deadline leaves nothing on the clock, and stays."""
        self.get()
        protocol, _ = self.endpoint.accept()
        protocol.dataReceived(POEM)
        self.clock.advance(10 - MOMENT)
        protocol.connectionLost(Failure(ConnectionDone()))
        self.assert_clock_empty("once the poem is here")
        self.clock.advance(1)
        got = outcome(self.poem)
        self.assertEqual(
            got, TEXT, f"Expected {TEXT!r}, {10 - MOMENT} s after the call, of 10 s; got {got!r}."
        )

    def test_broken(self):
        """A connection that breaks, or a poem that is not UTF-8, leaves nothing on the clock."""
        for error in [*breaks(), ConnectionDone()]:
            self.get()
            protocol, _ = self.endpoint.accept()
            protocol.dataReceived(b"\xff")
            protocol.connectionLost(Failure(error))
            outcome(self.poem)
            self.assert_clock_empty(f"after the byte 0xff and {error!r}")

    def test_refused(self):
        """A refusal, for whatever reason, leaves nothing on the clock."""
        for error in refusals():
            self.endpoint = PlainEndpoint()
            self.get()
            self.endpoint.attempts[0].errback(error)
            outcome(self.poem)
            self.assert_clock_empty(f"after {error!r}")

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

    def test_two_clocks(self):
        """Two calls on two clocks each have a deadline on their own clock."""
        clocks = Clock(), Clock()
        poems = [get_poetry(self.endpoint, clock, 10.0) for clock in clocks]
        for number in (0, 1):
            clocks[number].advance(10)
            got = [outcome(poem) for poem in poems[number:]]
            self.assertTrue(
                failed_with(got[0], TimeoutError) and got[1:] == [PENDING] * (1 - number),
                f"Expected TimeoutError for call {number + 1} of 2 when 10 s have passed on its "
                f"own clock, and for no other call; got, from that one on: {got!r}.",
            )

    def test_other_calls(self):
        """All other calls stay on the clock, above all another poem's deadline, however the first one ends."""
        for first_end in ("the poem", "a cancellation", "the deadline"):
            self.setUp()
            first = get_poetry(self.endpoint, self.clock, 10.0)
            protocol, _ = self.endpoint.accept()
            self.get(20.0)
            self.clock.advance(5)
            if first_end == "the poem":
                protocol.connectionLost(Failure(ConnectionDone()))
            elif first_end == "a cancellation":
                first.cancel()
            self.clock.advance(15 - MOMENT)
            outcome(first)
            self.assert_waiting(20 - MOMENT, 20)
            self.clock.advance(MOMENT)
            self.assert_timed_out(f"when another call on the same clock ended with {first_end}", 20)
