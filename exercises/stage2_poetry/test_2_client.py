"""The client's protocol, with no network: the test plays the server, and decides how each connection ends."""

import contextlib

from twisted.internet.defer import AlreadyCalledError, CancelledError
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from ..wire import PENDING, Failed, failed_with, outcome
from ..yours import YourTests
from .client import PoemProtocol
from .helpers import TEXTS, Recorder, breaks, listed
from .wrong import AtTheEnd, Deaf, DecodesEach, DropsHalves, Early, NewestChunk, Shared

# Characters of one, two, three and four bytes.
TEXT = "A rest, 𝄽, half an é — and on.\n"
POEM = TEXT.encode("utf-8")
NOT_UTF_8 = {
    "Latin-1": "A café.\n".encode("latin-1"),
    "Windows-1252": b"\x93A poem.\x94\n",
    "UTF-16": "A poem.\n".encode("utf-16"),
    "half of a surrogate pair": b"A \xed\xa0\x80.\n",
    "NUL in two bytes": b"A \xc0\x80.\n",
    "a byte too many": "é".encode() + b"\xa9.\n",
}


def connected():
    """A client's protocol whose connection was just made."""
    protocol = PoemProtocol()
    protocol.makeConnection(Recorder())
    return protocol


class Step03End(SynchronousTestCase):
    """The poem is complete when the connection ends, not before.

    Write the last part of PoemProtocol.connectionLost. If the connection ends cleanly,
    self.poem fires with all its bytes, decoded as UTF-8, or with "" if none came. No character
    is changed, added or left out. Bytes that are not valid UTF-8 give no text, not even a part
    of it or a substitute; step 5 goes on from there. While the connection is open, the Deferred
    has no result, and the client writes nothing and closes nothing, not even its own half of
    the connection.
    """

    longMessage = False  # Our message alone, not unittest's before it.

    def receive(self, *chunks):
        protocol = connected()
        for data in chunks:
            protocol.dataReceived(data)
        return protocol

    def test_text(self):
        """When the connection has ended cleanly, the Deferred fires with the text that the bytes spell in UTF-8."""
        protocol = self.receive(POEM)
        protocol.connectionLost(Failure(ConnectionDone()))
        got = outcome(protocol.poem)
        self.assertEqual(got, TEXT, f"Expected {POEM!r} to become the text {TEXT!r}; got {got!r}.")

    def test_not_before(self):
        """While the connection is open the Deferred has no result, whatever has arrived."""
        protocol = self.receive(POEM)
        got = outcome(protocol.poem)
        self.assertIs(
            got,
            PENDING,
            "Expected no result while the connection is open, for more may come; "
            f"after the first bytes the poem has {got!r} already.",
        )

    def test_line_endings(self):
        """Line endings, tabs and spaces at the end are part of the poem."""
        protocol = self.receive(b"\tone\r\ntwo \n\n")
        protocol.connectionLost(Failure(ConnectionDone()))
        got, expected = outcome(protocol.poem), "\tone\r\ntwo \n\n"
        self.assertEqual(got, expected, f"Expected {expected!r}, unchanged; got {got!r}.")

    def test_every_character(self):
        """No character is changed, added or left out, whichever it is."""
        for what, text in TEXTS.items():
            protocol = self.receive(text.encode("utf-8"))
            protocol.connectionLost(Failure(ConnectionDone()))
            got = outcome(protocol.poem)
            self.assertEqual(got, text, f"Expected {text!r}, unchanged ({what}); got {got!r}.")

    def test_only_listens(self):
        """The client sends nothing, and leaves it to the server to close."""
        for text in ("", *TEXTS.values()):
            data = text.encode("utf-8")
            asked = self.receive(*(data[i : i + 1] for i in range(len(data)))).transport.asked
            self.assertEqual(
                asked,
                [],
                "Expected the client to write nothing, and not to close, while the poem may still be "
                f"coming; after {data!r} it asked its transport for: {listed(asked)}.",
            )

    def test_nothing(self):
        """A connection that ends cleanly without a byte brings the empty poem."""
        protocol = self.receive()
        protocol.connectionLost(Failure(ConnectionDone()))
        got = outcome(protocol.poem)
        self.assertEqual(got, "", f"Expected '' if no byte came; got {got!r}.")

    def test_no_text(self):
        """Bytes that are not valid UTF-8 give no text, not even in part; step 5 says what happens to them."""
        for what, data in NOT_UTF_8.items():
            protocol = self.receive(data)
            with contextlib.suppress(UnicodeDecodeError):
                protocol.connectionLost(Failure(ConnectionDone()))
            got = outcome(protocol.poem)
            self.assertFalse(
                isinstance(got, str),
                f"Expected no text from {data!r}, which is not UTF-8 ({what}); got {got!r}.",
            )


class Step04Chunks(YourTests):
    """You test that the poem may come in any chunks.

    Write the class Chunks in test_yours.py, which tests the given PoemProtocol.dataReceived.
    This step runs your tests on two right clients and on some wrong ones: README.md lists them.
    """

    program, cases = "client.PoemProtocol", "Chunks"

    def test_right(self):
        """Your tests pass with the given client, and with one that keeps the bytes in another way."""
        self.assert_right()
        self.assert_right(AtTheEnd, "a client that keeps the bytes in a bytearray")

    def test_newest_chunk(self):
        """One of your tests fails with a client that keeps only the newest chunk."""
        self.assert_noticed(NewestChunk, "a client that keeps only the newest chunk")

    def test_decodes_each(self):
        """One of your tests fails with a client that decodes each chunk: dataReceived raises for half a character."""
        self.assert_noticed(DecodesEach, "a client that decodes each chunk when it comes")

    def test_drops_halves(self):
        """One of your tests fails with a client that decodes each chunk, and drops what it cannot decode."""
        self.assert_noticed(DropsHalves, "a client that drops characters that a chunk cuts in two")

    def test_shared(self):
        """One of your tests fails with a client whose connections share their bytes."""
        self.assert_noticed(Shared, "a client that mixes the bytes of two connections")

    def test_each(self):
        """Each of your tests fails with one of these four, with a client that drops all bytes, or one that fires early."""
        self.assert_each(NewestChunk, DecodesEach, DropsHalves, Shared, Deaf, Early)


class Step05Broken(SynchronousTestCase):
    """A poem cut short is a failure, not a short poem.

    Write the two parts of PoemProtocol.connectionLost that are missing. If the reason is
    anything but ConnectionDone, self.poem fails with that reason, an exception of any class,
    even if all bytes are here, or none, or half a character. After a clean end, bytes that are
    not UTF-8 fail it with UnicodeDecodeError, even if only the last letter is incomplete.
    connectionLost raises nothing, and fires self.poem once.
    """

    longMessage = False

    def end(self, data, error):
        """Deliver some bytes, let the connection end so, and look at the poem."""
        protocol = connected()
        if data:
            protocol.dataReceived(data)
        try:
            protocol.connectionLost(Failure(error))
        except UnicodeDecodeError:
            self.fail(
                f"Expected self.poem to fail with UnicodeDecodeError for {data!r}; connectionLost "
                "raised it instead, so it is in the log, and whoever waits for the poem still waits."
            )
        except AlreadyCalledError:
            self.fail(
                f"Expected self.poem to be fired once when {data!r} ends with {error!r}; "
                "connectionLost fired it twice."
            )
        except type(error) as raised:
            self.fail(
                f"Expected self.poem to fail with {error!r} after {data!r}; connectionLost raised "
                f"{raised!r} instead. Ask the reason with check(); trap() raises it."
            )
        return outcome(protocol.poem)

    def assert_broken(self, data):
        """Check that the poem fails with the connection's reason after these bytes, whatever that is."""
        for error in [*breaks(), CancelledError()]:
            got, kind = (
                self.end(data, error),
                f"{type(error).__module__}.{type(error).__qualname__}",
            )
            self.assertEqual(
                got,
                Failed(error),
                f"Expected the poem to fail with {kind} after {data!r}; got {got!r}.",
            )

    def test_broken(self):
        """An end for any reason other than ConnectionDone fails the poem with it, though part of the poem is here."""
        self.assert_broken(POEM[:20])

    def test_broken_at_the_end(self):
        """The same holds if all the bytes are here: the client cannot know that."""
        for data in (POEM, b"The end.\n\n", b"\n.\n", b"The end.\0", b"The end.\x04"):
            self.assert_broken(data)

    def test_broken_at_once(self):
        """A connection that breaks before the first byte fails the poem too."""
        self.assert_broken(b"")

    def test_broken_within_a_character(self):
        """If a break cuts a character in two, the break is the reason that counts."""
        self.assert_broken("é".encode()[:1])

    def test_not_utf_8(self):
        """Bytes that are not UTF-8 fail the poem with UnicodeDecodeError, though the end was clean."""
        for what, data in NOT_UTF_8.items():
            got = self.end(data, ConnectionDone())
            self.assertTrue(
                failed_with(got, UnicodeDecodeError),
                f"Expected {data!r}, which is not UTF-8 ({what}), to fail with UnicodeDecodeError; "
                f"got {got!r}.",
            )

    def test_half_a_character(self):
        """A poem that ends cleanly in the middle of a character fails with UnicodeDecodeError."""
        data = "A café".encode()[:-1]
        got = self.end(data, ConnectionDone())
        self.assertTrue(
            failed_with(got, UnicodeDecodeError),
            f"Expected {data!r}, whose last character is cut, to fail with UnicodeDecodeError; "
            f"got {got!r}.",
        )
