"""get_poetry, with no network and no waiting: a FakeEndpoint connects when told to, a Clock goes on when told to."""

from twisted.internet.defer import AlreadyCalledError, CancelledError, Deferred, TimeoutError
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from ..wire import PENDING, Failed, FakeEndpoint, failed_with, outcome
from .client import get_poetry

TEXT = "Half an é, and the rest.\n"
POEM = TEXT.encode("utf-8")


class Step06Get(SynchronousTestCase):
    """get_poetry connects and gives the poem.

    connectProtocol gives a Deferred that fires with the protocol once it is connected. What
    get_poetry returns must wait for more: for that protocol's poem. A callback that returns a
    Deferred makes the outer Deferred wait for the inner one.
    """

    longMessage = False  # Our message alone, not unittest's before it.

    def setUp(self):
        self.endpoint, self.clock = FakeEndpoint(), Clock()

    def test_deferred(self):
        """The call returns a Deferred, and begins the attempt to connect."""
        poem = get_poetry(self.endpoint, self.clock)
        self.assertTrue(
            isinstance(poem, Deferred),
            f"Expected get_poetry to return a Deferred; got {poem!r}. Is a return missing? An async "
            "function gives a coroutine, which does nothing until Deferred.fromCoroutine has it.",
        )
        self.endpoint.accept()

    def test_poem(self):
        """The Deferred fires with the text once the server has sent its poem and closed."""
        poem = get_poetry(self.endpoint, self.clock)
        protocol, _ = self.endpoint.accept()
        protocol.dataReceived(POEM)
        got = outcome(poem)
        self.assertIs(
            got, PENDING, f"Expected no result while the poem is still coming; got {got!r}."
        )
        protocol.connectionLost(Failure(ConnectionDone()))
        got = outcome(poem)
        self.assertEqual(got, TEXT, f"Expected {TEXT!r} once the server has closed; got {got!r}.")

    def test_refused(self):
        """Where the connection is refused, the Deferred fails with the endpoint's reason."""
        poem = get_poetry(self.endpoint, self.clock)
        error = self.endpoint.refuse()
        got = outcome(poem)
        self.assertEqual(got, Failed(error), f"Expected {error!r}, from the endpoint; got {got!r}.")

    def test_broken(self):
        """Where the connection breaks, the Deferred fails with that reason."""
        poem = get_poetry(self.endpoint, self.clock)
        protocol, _ = self.endpoint.accept()
        protocol.dataReceived(POEM[:10])
        error = ConnectionLost()
        protocol.connectionLost(Failure(error))
        got = outcome(poem)
        self.assertEqual(
            got, Failed(error), f"Expected {error!r}, from the connection; got {got!r}."
        )

    def test_two_calls(self):
        """Two calls at once share nothing: each gets its own poem."""
        poems = [get_poetry(self.endpoint, self.clock) for _ in range(2)]
        (first, _), (second, _) = self.endpoint.accept(), self.endpoint.accept()
        first.dataReceived(b"one\n")
        second.dataReceived(b"two\n")
        first.connectionLost(Failure(ConnectionDone()))
        got = [outcome(poem) for poem in poems]
        self.assertEqual(
            got,
            ["one\n", PENDING],
            f"Expected the first call to have 'one\\n', and the second to wait; got {got!r}.",
        )
        second.connectionLost(Failure(ConnectionDone()))
        got = [outcome(poem) for poem in poems]
        self.assertEqual(
            got, ["one\n", "two\n"], f"Expected each call to have its own poem; got {got!r}."
        )


class Step07Cancel(SynchronousTestCase):
    """Cancelling gives up: the attempt, or the connection.

    Whoever has a Deferred may cancel() it. While get_poetry connects, that must end the attempt
    (the endpoint's own Deferred does so; only its ConnectingCancelledError is to become a
    CancelledError). While the poem is coming, it must close the connection: that is
    PoemProtocol._cancel. The Deferred fails with CancelledError at once. The connection's end is
    told later, to connectionLost, and must not fire self.poem again.
    """

    longMessage = False

    def setUp(self):
        self.endpoint, self.clock = FakeEndpoint(), Clock()
        self.poem = get_poetry(self.endpoint, self.clock)

    def assert_cancelled(self, when):
        got = outcome(self.poem)
        self.assertTrue(
            failed_with(got, CancelledError),
            f"Expected CancelledError at once when cancelled {when}; got {got!r}.",
        )

    def test_connecting(self):
        """Cancelled while connecting, the Deferred fails with CancelledError at once."""
        self.poem.cancel()
        self.assert_cancelled("while connecting")

    def test_connecting_ends_the_attempt(self):
        """Cancelled while connecting, the attempt to connect is given up."""
        self.poem.addErrback(lambda failure: None)
        self.poem.cancel()
        self.assertEqual(
            self.endpoint.cancelled,
            1,
            "Expected the endpoint's attempt to be cancelled with the poem; it still goes on.",
        )

    def test_receiving(self):
        """Cancelled while the poem is coming, the Deferred fails with CancelledError at once."""
        protocol, _ = self.endpoint.accept()
        protocol.dataReceived(POEM[:10])
        self.poem.cancel()
        self.assert_cancelled("while receiving")

    def test_receiving_closes(self):
        """Cancelled while the poem is coming, the connection is closed."""
        self.poem.addErrback(lambda failure: None)
        _, transport = self.endpoint.accept()
        self.poem.cancel()
        self.assertTrue(
            transport.disconnecting,
            "Expected transport.abortConnection() (or loseConnection()) when cancelled while "
            "receiving; the connection was left open, with no one to read it.",
        )

    def test_end_after_cancel(self):
        """The end of the connection, which comes after the cancellation, fires nothing a second time."""
        for error in (ConnectionAborted(), ConnectionDone()):
            endpoint = FakeEndpoint()
            poem = get_poetry(endpoint, self.clock)
            protocol, _ = endpoint.accept()
            protocol.dataReceived(POEM[:10])
            poem.cancel()
            outcome(poem)
            try:
                protocol.connectionLost(Failure(error))
            except AlreadyCalledError:
                self.fail(
                    f"Expected connectionLost with {error!r} to do nothing after a cancellation; "
                    "it fired self.poem a second time: AlreadyCalledError."
                )

    def test_after_the_poem(self):
        """Cancelling once the poem is here changes nothing."""
        protocol, _ = self.endpoint.accept()
        protocol.dataReceived(POEM)
        protocol.connectionLost(Failure(ConnectionDone()))
        self.poem.cancel()
        got = outcome(self.poem)
        self.assertEqual(got, TEXT, f"Expected {TEXT!r} to stay the result; got {got!r}.")


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
