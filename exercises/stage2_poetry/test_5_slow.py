"""The slow server: a poem that takes many seconds, tested in none, on a Clock."""

from twisted.internet.error import AlreadyCalled, AlreadyCancelled, ConnectionLost
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from .server import SlowPoetryFactory

LINES = ["One — waits.\n".encode(), b"Two.\r\n", b"\n", b"Four, and the end"]
POEM = b"".join(LINES)


def connect(factory):
    """What a reactor does when a client connects: build a protocol, give it its transport."""
    protocol, transport = factory.buildProtocol(None), StringTransport()
    protocol.makeConnection(transport)
    return protocol, transport


class Step09Slow(SynchronousTestCase):
    """The slow server sends a line a second.

    Write SlowPoetryProtocol.connectionMade, and what it needs. self.factory has poem, clock and
    interval. A protocol may not wait: it sends one line, asks the clock to call it later for the
    next, and returns. The clock is the reactor in real life, and a Clock in these tests, which goes
    on only when the test says so.
    """

    longMessage = False  # Our message alone, not unittest's before it.

    def setUp(self):
        self.clock = Clock()

    def connect(self, poem=POEM, interval=1.0):
        return connect(SlowPoetryFactory(poem, self.clock, interval))[1]

    def assert_sent(self, transport, lines, seconds):
        sent, expected = transport.value(), b"".join(lines)
        self.assertEqual(
            sent, expected, f"Expected {expected!r} to be sent by {seconds} s; got {sent!r}."
        )

    def test_first_line(self):
        """The first line, and only that, is sent at once, line ending and all."""
        self.assert_sent(self.connect(), LINES[:1], 0)

    def test_line_a_second(self):
        """Each second brings one line more, and nothing comes before its second is over."""
        transport = self.connect()
        for second in range(1, len(LINES)):
            self.clock.advance(0.75)
            self.assert_sent(transport, LINES[:second], second - 0.25)
            self.clock.advance(0.25)
            self.assert_sent(transport, LINES[: second + 1], second)

    def test_interval(self):
        """The interval is the factory's."""
        transport = self.connect(interval=60.0)
        self.clock.advance(59.75)
        self.assert_sent(transport, LINES[:1], 59.75)
        self.clock.pump([0.25, 60.0])
        self.assert_sent(transport, LINES[:3], 120)

    def test_closes_with_the_last_line(self):
        """The connection is closed at the moment of the last line, not before, not an interval later."""
        transport = self.connect()
        self.clock.pump([1.0] * (len(LINES) - 2))
        self.assertFalse(
            transport.disconnecting, "Expected an open connection until the last line; it closed."
        )
        self.clock.advance(1.0)
        self.assert_sent(transport, LINES, len(LINES) - 1)
        self.assertTrue(
            transport.disconnecting,
            "Expected loseConnection() right after the last line; the connection was left open.",
        )

    def test_nothing_left(self):
        """After the last line nothing is left on the clock."""
        self.connect()
        self.clock.pump([1.0] * (len(LINES) - 1))
        left = self.clock.getDelayedCalls()
        self.assertEqual(
            len(left), 0, f"Expected an empty clock after the last line; it still has {left!r}."
        )

    def test_one_line(self):
        """A poem of one line is sent and over at once."""
        transport = self.connect(b"Short.\n")
        self.assert_sent(transport, [b"Short.\n"], 0)
        self.assertTrue(
            transport.disconnecting,
            "Expected loseConnection() at once after a poem of one line; it was left open.",
        )

    def test_empty(self):
        """An empty poem is over at once."""
        transport = self.connect(b"")
        self.assert_sent(transport, [], 0)
        self.assertTrue(
            transport.disconnecting,
            "Expected loseConnection() at once for an empty poem; it was left open.",
        )


class Step10Gone(SynchronousTestCase):
    """The server stops paying for a client that left.

    Write SlowPoetryProtocol.connectionLost. The client may leave between two lines. The call that
    waits on the clock must go then, or it keeps the connection's objects alive, and writes to a
    transport whose connection is over. After a poem that was sent whole, connectionLost comes as
    well, and there is nothing to stop.
    """

    longMessage = False

    def setUp(self):
        self.clock = Clock()
        self.factory = SlowPoetryFactory(POEM, self.clock)

    def leave(self, protocol, when):
        try:
            protocol.connectionLost(Failure(ConnectionLost()))
        except (AlreadyCalled, AlreadyCancelled) as error:
            self.fail(
                "Expected connectionLost to cancel only a call that waits, where one does; "
                f"{when} it raised {error!r}."
            )

    def test_nothing_left(self):
        """When the client leaves, its call goes from the clock."""
        protocol, _ = connect(self.factory)
        self.clock.advance(1.0)
        self.leave(protocol, "between two lines")
        left = self.clock.getDelayedCalls()
        self.assertEqual(
            len(left), 0, f"Expected an empty clock once the only client left; it has {left!r}."
        )

    def test_nothing_written(self):
        """After the client left, nothing is written and the connection is not closed again."""
        protocol, transport = connect(self.factory)
        self.leave(protocol, "after the first line")
        transport.clear()
        self.clock.pump([1.0] * len(LINES))
        sent = transport.value()
        self.assertEqual(sent, b"", f"Expected no write after connectionLost; got {sent!r}.")
        self.assertFalse(
            transport.disconnecting,
            "Expected no loseConnection() after connectionLost: there is nothing left to close.",
        )

    def test_others_go_on(self):
        """The other connections go on as if nothing had happened."""
        for leaver in range(3):
            connections = [connect(self.factory) for _ in range(3)]
            self.leave(connections[leaver][0], "after the first line")
            self.clock.pump([1.0] * (len(LINES) - 1))
            for number, (_, transport) in enumerate(connections):
                expected = LINES[0] if number == leaver else POEM
                sent = transport.value()
                self.assertEqual(
                    sent,
                    expected,
                    f"Expected client {number + 1} of 3 to have {expected!r} after client "
                    f"{leaver + 1} left; it has {sent!r}. Keep what one connection needs on it.",
                )

    def test_after_the_poem(self):
        """The end of a connection whose poem was sent whole does no harm, however short the poem."""
        for poem in (POEM, b"One line.\n", b""):
            protocol, transport = connect(SlowPoetryFactory(poem, self.clock))
            self.clock.pump([1.0] * (len(LINES) - 1))
            self.leave(protocol, f"after the last line of {poem!r}")
            sent = transport.value()
            self.assertEqual(sent, poem, f"Expected {poem!r} and no more; got {sent!r}.")

    def test_before_the_second_line(self):
        """A client that leaves within the first second costs nothing from then on."""
        protocol, _ = connect(self.factory)
        self.clock.advance(0.5)
        self.leave(protocol, "within the first second")
        left = self.clock.getDelayedCalls()
        self.assertEqual(
            len(left), 0, f"Expected an empty clock once the only client left; it has {left!r}."
        )
