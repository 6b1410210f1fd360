"""get_poetry, with no network and no waiting: the test decides when a FakeEndpoint connects and a Clock advances."""

from twisted.internet.defer import AlreadyCalledError, CancelledError, Deferred
from twisted.internet.error import ConnectError, ConnectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from ..wire import ADDRESS, PENDING, Failed, FakeEndpoint, failed_with, outcome
from .client import get_poetry
from .helpers import (
    EndsAtOnce,
    PlainEndpoint,
    Recorder,
    breaks,
    ends,
    kept,
    listed,
    no_return,
    refusals,
)

TEXT = "Half an é, and the rest.\n"
POEM = TEXT.encode("utf-8")


class Step06Get(SynchronousTestCase):
    """get_poetry connects and fetches the poem.

    Write the middle of get_poetry. It begins to connect through the endpoint, once, and returns
    a Deferred of the poem's text, which waits until the server has closed. If the attempt
    fails, for whatever reason, the Deferred fails with that reason at once; after the end of a
    connection, it fails as self.poem does. Until then the client writes nothing and closes
    nothing. Calls share nothing: two at once each get their own poem, a later one fetches it
    again. Once a call is over, nothing refers to its protocol or its Deferred, whether it was
    ever connected or not.
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
            "function returns a coroutine, which does nothing until Deferred.fromCoroutine gets it.",
        )
        self.endpoint.accept()

    def test_poem(self):
        """The Deferred fires with the text once the server has sent its poem and closed."""
        poem = get_poetry(self.endpoint, self.clock)
        protocol, _ = self.endpoint.accept()
        protocol.dataReceived(POEM)
        got = outcome(poem)
        self.assertIs(
            got,
            PENDING,
            f"Expected no result while the poem is still coming; got {got!r}.{no_return(got)}",
        )
        protocol.connectionLost(Failure(ConnectionDone()))
        got = outcome(poem)
        self.assertEqual(
            got, TEXT, f"Expected {TEXT!r} once the server has closed; got {got!r}.{no_return(got)}"
        )

    def test_refused(self):
        """If the attempt fails, for whatever reason, the Deferred fails with that reason, at once."""
        poem = get_poetry(self.endpoint, self.clock)
        errors = [self.endpoint.refuse()]
        seen = [outcome(poem)]
        for error in refusals():
            endpoint = PlainEndpoint()
            poem = get_poetry(endpoint, self.clock)
            endpoint.attempts[0].errback(error)
            errors.append(error)
            seen.append(outcome(poem))
        for error, got in zip(errors, seen, strict=True):
            self.assertEqual(
                got,
                Failed(error),
                f"Expected {error!r}, from the endpoint; got {got!r}.{no_return(got)}",
            )

    def test_broken(self):
        """If the connection breaks, for whatever reason, the Deferred fails with that reason, at once."""
        for error in breaks():
            poem = get_poetry(self.endpoint, self.clock)
            protocol, _ = self.endpoint.accept()
            protocol.dataReceived(POEM[:10])
            protocol.connectionLost(Failure(error))
            got = outcome(poem)
            self.assertEqual(
                got,
                Failed(error),
                f"Expected {error!r}, from the connection; got {got!r}.{no_return(got)}",
            )

    def test_not_utf_8(self):
        """If the bytes are not UTF-8, the Deferred fails with UnicodeDecodeError."""
        poem = get_poetry(self.endpoint, self.clock)
        protocol, _ = self.endpoint.accept()
        protocol.dataReceived(POEM[:9])
        protocol.connectionLost(Failure(ConnectionDone()))
        got = outcome(poem)
        self.assertTrue(
            failed_with(got, UnicodeDecodeError),
            f"Expected UnicodeDecodeError for {POEM[:9]!r}; got {got!r}.",
        )

    def test_once(self):
        """Each call begins one attempt, and a failure begins no other."""
        endpoint = PlainEndpoint()
        for count in (1, 2, 3):
            poem = get_poetry(endpoint, self.clock)
            endpoint.attempts[-1].errback(ConnectError())
            outcome(poem)
            got = len(endpoint.attempts)
            self.assertEqual(
                got, count, f"Expected {count} attempts to connect in {count} calls; got {got}."
            )

    def test_forgets(self):
        """Once a call is over, with a poem or without, nothing refers to its protocol or its Deferred."""
        # An exception that was raised refers to the frame that raised it, so each is made where nothing keeps it.
        for data, kind in ((POEM, ConnectionDone), (b"\xff", ConnectionDone), (POEM, OSError)):

            def received(data=data, kind=kind):
                poem = get_poetry(self.endpoint, self.clock)
                protocol, _ = self.endpoint.accept()
                protocol.dataReceived(data)
                protocol.connectionLost(Failure(kind()))
                outcome(poem)
                return protocol, poem

            for number, what in enumerate(("the protocol", "the Deferred")):
                self.assertFalse(
                    kept(lambda number=number: received()[number]),
                    f"Expected nothing to refer to {what} once {data!r} has ended with "
                    f"{kind.__name__}; something does.",
                )

    def test_forgets_attempts(self):
        """The same holds once an attempt has failed, though the endpoint had its protocol already."""
        for kind in (ConnectError, CancelledError):

            def refused(kind=kind):
                endpoint = PlainEndpoint()
                poem = get_poetry(endpoint, self.clock)
                protocol = endpoint.factories[0].buildProtocol(ADDRESS)
                if kind is CancelledError:
                    poem.cancel()
                else:
                    endpoint.attempts[0].errback(kind())
                outcome(poem)
                return protocol

            self.assertFalse(
                kept(refused),
                "Expected nothing to refer to the protocol once the attempt to connect has failed "
                f"with {kind.__name__}; something does.",
            )

    def test_only_listens(self):
        """All the while, the client sends nothing, and leaves it to the server to close."""
        endpoint = FakeEndpoint(Recorder)
        poem = get_poetry(endpoint, self.clock)
        protocol, transport = endpoint.accept()
        for data in (b"", POEM[:9], POEM[9:]):
            if data:
                protocol.dataReceived(data)
            self.clock.advance(1)
            self.assertEqual(
                transport.asked,
                [],
                "Expected the client to write nothing, and to close neither the connection nor its "
                f"half of it, while the poem may still be coming; after {data!r} it asked its "
                f"transport for: {listed(transport.asked)}.",
            )
        protocol.connectionLost(Failure(ConnectionDone()))
        outcome(poem)

    def test_anew(self):
        """A later call fetches the poem again, even from the same endpoint."""
        for text in ("the first\n", "", "the third\n"):
            poem = get_poetry(self.endpoint, self.clock)
            protocol, _ = self.endpoint.accept()
            if text:
                protocol.dataReceived(text.encode())
            protocol.connectionLost(Failure(ConnectionDone()))
            got = outcome(poem)
            self.assertEqual(got, text, f"Expected {text!r}, sent in this call; got {got!r}.")

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
    """Cancelling gives up the attempt, or the connection.

    Write PoemProtocol._cancel, the first part of connectionLost, and the next part of
    get_poetry. Cancelling the Deferred cancels the attempt to connect, or closes the
    connection, by loseConnection or abortConnection, and sends nothing. In both cases the
    Deferred fails at once with CancelledError, the one in twisted.internet.defer, even if the
    close calls connectionLost before it returns. Bytes that still follow, and connectionLost,
    whatever its reason, raise nothing and fire nothing a second time. Once the poem is here,
    cancelling changes nothing. It never affects another call.
    """

    longMessage = False

    def setUp(self):
        self.endpoint, self.clock = FakeEndpoint(), Clock()
        self.poem = get_poetry(self.endpoint, self.clock)

    def assert_cancelled(self, when):
        got = outcome(self.poem)
        self.assertTrue(
            failed_with(got, CancelledError),
            f"Expected CancelledError at once when cancelled {when}; got {got!r}.{no_return(got)}",
        )

    def test_connecting(self):
        """Cancelled while connecting, the Deferred fails with CancelledError at once."""
        self.poem.cancel()
        self.assert_cancelled("while connecting")

    def test_connecting_elsewhere(self):
        """So it does if the endpoint's own Deferred fails with CancelledError, and not with ConnectingCancelledError."""
        self.endpoint = PlainEndpoint()
        self.poem = get_poetry(self.endpoint, self.clock)
        self.poem.cancel()
        self.assert_cancelled("while connecting through another kind of endpoint")

    def test_connecting_ends_the_attempt(self):
        """Cancelled while connecting, the attempt to connect is given up."""
        self.poem.addErrback(lambda failure: None)
        self.poem.cancel()
        self.assertEqual(
            self.endpoint.cancelled,
            1,
            "Expected the endpoint's attempt to be cancelled with the poem; it still goes on.",
        )

    def received(self, data):
        """Start again, and deliver these chunks. Returns the client's protocol and its transport."""
        self.endpoint = FakeEndpoint(Recorder)
        self.poem = get_poetry(self.endpoint, self.clock)
        protocol, transport = self.endpoint.accept()
        for chunk in data:
            protocol.dataReceived(chunk)
        return protocol, transport

    def test_receiving(self):
        """Cancelled while receiving, the Deferred fails with CancelledError at once, and the connection is closed."""
        for data in ([], [POEM[:10]], [POEM[:9], POEM[9:]]):
            _, transport = self.received(data)
            self.poem.cancel()
            self.assert_cancelled(f"after {data!r}")
            self.assertTrue(
                transport.disconnecting,
                "Expected transport.abortConnection() (or loseConnection()) when cancelled after "
                f"{data!r}; the connection was left open, with no one to read it.",
            )
            sent = transport.value()
            self.assertEqual(
                sent,
                b"",
                f"Expected nothing to be sent when cancelled after {data!r}; got {sent!r}.",
            )

    def test_over_at_once(self):
        """So it does if connectionLost is called before the close or the abort returns."""
        for error in ends():
            self.endpoint = FakeEndpoint(lambda error=error: EndsAtOnce(error))
            self.poem = get_poetry(self.endpoint, self.clock)
            protocol, _ = self.endpoint.accept()
            protocol.dataReceived(POEM)
            self.poem.cancel()
            self.assert_cancelled(f"on a transport that calls connectionLost({error!r}) at once")

    def test_end_after_cancel(self):
        """Bytes or the connection's end after the cancellation fire nothing a second time."""
        for error in ends():
            protocol, _ = self.received([POEM[:10]])
            self.poem.cancel()
            outcome(self.poem)
            try:
                protocol.dataReceived(POEM[10:])
                protocol.connectionLost(Failure(error))
            except AlreadyCalledError:
                self.fail(
                    f"Expected connectionLost with {error!r} to do nothing after a cancellation; "
                    "it fired self.poem a second time: AlreadyCalledError."
                )

    def test_after_the_poem(self):
        """Cancelling once the poem is here changes nothing."""
        protocol, _ = self.received([POEM])
        protocol.connectionLost(Failure(ConnectionDone()))
        self.poem.cancel()
        got = outcome(self.poem)
        self.assertEqual(got, TEXT, f"Expected {TEXT!r} to stay the result; got {got!r}.")

    def test_other_calls(self):
        """Cancelling one call does not affect another."""
        other = get_poetry(self.endpoint, self.clock)
        (_, _), (protocol, transport) = self.endpoint.accept(), self.endpoint.accept()
        self.poem.cancel()
        self.assert_cancelled("while receiving")
        self.assertFalse(
            transport.disconnecting, "Expected the other call's connection to be left open."
        )
        protocol.dataReceived(POEM)
        protocol.connectionLost(Failure(ConnectionDone()))
        got = outcome(other)
        self.assertEqual(got, TEXT, f"Expected the other call to have {TEXT!r}; got {got!r}.")
