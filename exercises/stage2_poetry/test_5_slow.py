"""The slow server: a poem that takes many seconds, tested in none, on a Clock."""

from twisted.internet.error import (
    AlreadyCalled,
    AlreadyCancelled,
    ConnectionDone,
    ConnectionLost,
)
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from .helpers import EndsAtOnce, connect, ends, kept, listed, shown
from .server import SlowPoetryFactory

LINES = ["One — waits.\n".encode(), b"Two.\r\n", b"\n", b"Four, and the end"]
POEM = b"".join(LINES)
MOMENT = 2**-10  # a fraction of a second that floats can add up without an error
WEEK = 7 * 24 * 3600.0
# Lines of every kind; a poem ends within or after one of them.
STRANGE = [
    "\ufeffA byte order mark, and spaces at the end: \t \n".encode(),
    b"\t  Spaces at the beginning.\n",
    "A next line\x85, a line separator\u2028, a paragraph separator\u2029 and\v\f\x1c\x1d\x1e.\n".encode(),
    b"No text: \xff\0\xc3\n",
    b"\r\n",
    b"\n",
    b"long, " * 20_000 + b"\n",
    b"\n",
]


class Step09Slow(SynchronousTestCase):
    r"""The slow server sends a line a second.

    Write SlowPoetryProtocol.connectionMade, and the methods it needs. It sends the poem's first
    line at once and one more every interval seconds, not earlier and not later, by the
    factory's clock; each connection counts from its own beginning. The interval may be a
    fraction, a week, or 0, which still leaves each next line to the clock. A line ends with \n
    and nowhere else, and goes out unchanged, text or not. At the moment of the last line, after
    it, loseConnection closes the connection, once, and nothing is left on the clock. So a poem
    of one line is over at once, as is an empty one. What a client sends changes nothing. Two
    factories share nothing.
    """

    longMessage = False  # Our message alone, not unittest's before it.

    def setUp(self):
        self.clock = Clock()

    def connect(self, poem=POEM, interval=1.0):
        self.protocol, transport = connect(SlowPoetryFactory(poem, self.clock, interval))
        return transport

    def assert_sent(self, transport, lines, seconds):
        sent, expected = transport.value(), b"".join(lines)
        self.assertTrue(
            sent == expected,
            f"Expected {shown(expected)} to be sent by {seconds} s; got {shown(sent)}.",
        )

    def test_first_line(self):
        """The first line, and only that, is sent at once, line ending and all."""
        self.assert_sent(self.connect(), LINES[:1], 0)

    def test_line_a_second(self):
        """Each second brings one more line, and nothing comes early."""
        transport = self.connect()
        for second in range(1, len(LINES)):
            self.clock.advance(0.75)
            self.assert_sent(transport, LINES[:second], second - 0.25)
            self.clock.advance(0.25)
            self.assert_sent(transport, LINES[: second + 1], second)

    def test_interval(self):
        """The interval is the factory's, from one line to the next, not earlier and not later."""
        for interval in (2 * MOMENT, 0.25, 1.0, 2.5, 60.0, 3600.0, WEEK):
            self.clock.advance(0.125)
            transport, began = self.connect(interval=interval), self.clock.seconds()
            for count in range(1, len(LINES)):
                self.clock.advance(interval - MOMENT)
                seconds = f"{self.clock.seconds() - began} s, at an interval of {interval}"
                self.assert_sent(transport, LINES[:count], seconds)
                self.clock.advance(MOMENT)
                self.assert_sent(transport, LINES[: count + 1], self.clock.seconds() - began)

    def test_no_interval(self):
        """With an interval of 0, each line still waits for the clock, so that other connections get their turns."""
        transport = self.connect(interval=0)
        self.assert_sent(transport, LINES[:1], 0)
        self.clock.pump([0] * len(LINES))
        self.assertEqual(
            transport.asked,
            [POEM, "close"],
            f"Expected {POEM!r} and a close in no time, at an interval of 0; the transport was "
            f"asked: {listed(transport.asked)}.",
        )

    def test_two_factories(self):
        """Two factories share nothing: each has its own poem, clock and interval."""
        # Both poems have the same length, and as many lines.
        poems = [b"one\ntwo\nten\n", b"1: a\n2\n3: b\n"]
        clocks = Clock(), Clock()
        factories = [
            SlowPoetryFactory(poem, clock, interval)
            for poem, clock, interval in zip(poems, clocks, (1.0, 2.0), strict=True)
        ]
        transports = [connect(factories[number % 2])[1] for number in range(60)]
        for lines, clock, seconds in (
            ((1, 1), None, 0),
            ((2, 1), clocks[0], 1),
            ((2, 2), clocks[1], 2),
            ((3, 2), clocks[0], 1),
            ((3, 3), clocks[1], 2),
        ):
            if clock is not None:
                clock.advance(seconds)
            for number, transport in enumerate(transports):
                which = number % 2
                expected = b"".join(poems[which].splitlines(True)[: lines[which]])
                sent = transport.value()
                self.assertEqual(
                    sent,
                    expected,
                    f"Expected a client of server {which + 1} of 2, with {poems[which]!r} at an interval "
                    f"of {which + 1} s, to have {expected!r} when the servers' clocks are at "
                    f"{[one.seconds() for one in clocks]} s; it has {sent!r}.",
                )

    def test_each_its_own(self):
        """Each connection's seconds count from its own beginning."""
        factory = SlowPoetryFactory(POEM, self.clock)
        _, first = connect(factory)
        self.clock.advance(0.25)
        _, second = connect(factory)
        self.clock.advance(0.75)
        self.assert_sent(first, LINES[:2], 1)
        self.assert_sent(second, LINES[:1], 0.75)
        self.clock.advance(0.25)
        self.assert_sent(first, LINES[:2], 1.25)
        self.assert_sent(second, LINES[:2], 1)

    def test_lines(self):
        """A line ends with \\n and nowhere else, whatever its bytes are, and goes out unchanged."""
        for poem in (STRANGE, STRANGE[:-2], [*STRANGE, b"\xff"], [b"%d\n" % n for n in range(500)]):
            transport = self.connect(b"".join(poem))
            for count in range(1, len(poem)):
                self.assert_sent(transport, poem[:count], count - 1)
                self.clock.advance(1)
            self.assert_sent(transport, poem, len(poem) - 1)

    def test_client_speaks(self):
        """What a client sends changes nothing: no line comes earlier, later or twice, and no line is left out."""
        transport = self.connect()
        for count in range(1, len(LINES)):
            for data in (b"Next!\n", b"\n"):
                self.protocol.dataReceived(data)
                self.assert_sent(transport, LINES[:count], self.clock.seconds())
                self.clock.advance(0.5)
        self.protocol.dataReceived(b"Next!\n")
        self.clock.pump([0.5] * 10)
        self.assertEqual(
            transport.asked,
            [POEM, "close"],
            f"Expected {POEM!r} and a close, whatever the client sends; the transport was asked for: "
            f"{listed(transport.asked)}.",
        )

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

    def test_closes_well(self):
        """All is written before the one close, and that is loseConnection, which delivers it."""
        for poem in (POEM, b"Short.\n", b"", b"".join(STRANGE)):
            transport = self.connect(poem)
            self.clock.pump([1.0] * 10)
            self.assertTrue(
                transport.asked == ([poem, "close"] if poem else ["close"]),
                f"Expected {shown(poem)} and then one loseConnection(); the transport was asked for: "
                f"{listed(transport.asked)}.",
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
    """The server stops working for a client that left.

    Write SlowPoetryProtocol.connectionLost. Once a connection is over, at any time and for any
    reason, even ConnectionDone, nothing of it is left on the clock, nothing is written or
    closed, and nothing refers to the protocol. connectionLost may be called within your write
    or close: then, too, no call is left, and nothing more is written; a close after such a
    write is not tested. The other connections go on undisturbed. After a poem that was sent
    whole, even one of one line or none, connectionLost raises nothing.
    """

    longMessage = False

    def setUp(self):
        self.clock = Clock()
        self.factory = SlowPoetryFactory(POEM, self.clock)

    def leave(self, protocol, when, error=None):
        """End the connection, with ConnectionDone if nothing else is given."""
        try:
            protocol.connectionLost(Failure(error or ConnectionDone()))
        except (AlreadyCalled, AlreadyCancelled) as raised:
            self.fail(
                "Expected connectionLost to cancel only a call that is waiting, if there is one; "
                f"{when} it raised {raised!r}."
            )

    def assert_clock_empty(self, when):
        left = self.clock.getDelayedCalls()
        self.assertEqual(
            len(left),
            0,
            f"Expected an empty clock once the only client left {when}; it has {left!r}.",
        )

    def test_nothing_left(self):
        """When the client leaves, in whatever way, its call is taken off the clock."""
        for error in ends():
            protocol, _ = connect(self.factory)
            self.clock.advance(1.0)
            self.leave(protocol, "between two lines", error)
            self.assert_clock_empty(f"between two lines, with {error!r}")

    def test_at_any_time(self):
        """A client that leaves, at any time, costs nothing from then on: no call waits, and nothing is written or closed."""
        for moments in range(2 * len(LINES) + 2):
            protocol, transport = connect(self.factory)
            self.clock.pump([0.5] * moments)
            when = f"after {moments / 2} s"
            transport.forget()
            self.leave(protocol, when)
            self.assert_clock_empty(when)
            self.clock.pump([1.0] * len(LINES))
            self.assertEqual(
                transport.asked,
                [],
                f"Expected nothing to be written or closed once the client left {when}; the "
                f"transport was asked for: {listed(transport.asked)}.",
            )

    def test_others_go_on(self):
        """The other connections go on undisturbed, a line each second."""
        for leaver in range(3):
            connections = [connect(self.factory) for _ in range(3)]
            self.clock.advance(0.5)
            self.leave(connections[leaver][0], "after the first line")
            self.clock.advance(0.25)
            for count in range(1, len(LINES) + 1):
                for number, (_, transport) in enumerate(connections):
                    expected = LINES[0] if number == leaver else b"".join(LINES[:count])
                    sent = transport.value()
                    self.assertEqual(
                        sent,
                        expected,
                        f"Expected client {number + 1} of 3 to have {expected!r} after {count - 0.25} "
                        f"s, of which client {leaver + 1} left after 0.5; it has {sent!r}. Keep what "
                        "one connection needs on its protocol.",
                    )
                self.clock.advance(1.0)

    def test_after_the_poem(self):
        """The end of a connection after a whole poem does no harm, however short the poem and whatever the reason."""
        for poem in (POEM, b"One line.\n", b""):
            for error in ends():
                protocol, transport = connect(SlowPoetryFactory(poem, self.clock))
                self.clock.pump([1.0] * (len(LINES) - 1))
                transport.forget()
                self.leave(protocol, f"after the last line of {poem!r}", error)
                self.assertEqual(
                    transport.asked,
                    [],
                    f"Expected {poem!r} and a close, and no more once it is over; the transport "
                    f"was asked for: {listed(transport.asked)}.",
                )

    def test_over_at_once(self):
        """A connection may be over before a write or the close returns: then nothing is left on the clock or written."""
        for number in range(len(LINES) + 1):
            for error in (ConnectionDone(), ConnectionLost()):
                transport = EndsAtOnce(error, number)
                transport.connect(self.factory)
                self.clock.pump([1.0] * (number or len(LINES)))
                when = f"within {f'write {number}' if number else 'the close'}, with {error!r}"
                self.assert_clock_empty(when)
                sent, expected = transport.value(), b"".join(LINES[: number or None])
                self.assertEqual(
                    sent,
                    expected,
                    f"Expected {expected!r} to be all that is written to a client that left {when}; "
                    f"got {sent!r}.",
                )

    def test_forgets(self):
        """Once a connection is over, nothing refers to its protocol, whether the client stayed to the end or not."""
        for poem in (POEM, b"One line.\n", b""):
            factory = SlowPoetryFactory(poem, self.clock)
            for seconds in (0, 1, len(LINES)):
                for kind in (ConnectionDone, OSError):

                    def served(factory=factory, seconds=seconds, kind=kind):
                        protocol, _ = connect(factory)
                        self.clock.pump([1.0] * seconds)
                        self.leave(protocol, f"after {seconds} s", kind())
                        return protocol

                    self.assertFalse(
                        kept(served),
                        f"Expected nothing to refer to the protocol of a connection, for {poem!r}, that "
                        f"ended after {seconds} s with {kind.__name__}; something does.",
                    )
