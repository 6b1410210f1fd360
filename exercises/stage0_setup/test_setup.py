"""First, checks that this machine can do the course; then a function to write, and two tests to fix."""

import sys

import twisted
from twisted.internet.defer import Deferred, TimeoutError, gatherResults
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP4ServerEndpoint, connectProtocol
from twisted.internet.error import CannotListenError, ConnectError
from twisted.internet.protocol import Factory, Protocol
from twisted.trial.unittest import SynchronousTestCase, TestCase

from ..yours import YourTests
from . import lines

INSTALL = "python -m pip install -r requirements.txt"
LOOPBACK = (
    "A firewall, a VPN or a security program is the usual cause: let Python listen and connect "
    "on 127.0.0.1, which no one outside can reach."
)


class Peer(Protocol):
    """One end of a connection. received fires when bytes arrive, ended when the connection is over."""

    def __init__(self):
        self.received, self.ended = Deferred(), Deferred()

    def dataReceived(self, data):
        if not self.received.called:
            self.received.callback(data)

    def connectionLost(self, reason):
        self.ended.callback(None)


def close(*peers):
    """Close the connection, if there is one. Returns a Deferred that fires when it is over."""
    connected = [peer for peer in peers if peer.connected]
    for peer in connected:
        peer.transport.loseConnection()
    return gatherResults([peer.ended for peer in connected])


class Check00Machine(TestCase):
    """This machine can do the course.

    There is nothing to write here. If a test fails, its message says how to fix the machine.
    """

    longMessage = False  # Our message alone, not unittest's before it.
    timeout = 5

    def test_python(self):
        """Python is 3.10 or newer."""
        self.assertTrue(
            sys.version_info >= (3, 10),
            f"This is Python {sys.version.split()[0]}; the course needs 3.10 or newer. Install a newer "
            "Python, delete the folder .venv, and start again with that Python.",
        )

    def test_twisted(self):
        """Twisted is 26.4 or newer."""
        version = twisted.version
        self.assertTrue(
            (version.major, version.minor) >= (26, 4),
            f"This is Twisted {version.short()}; the course needs 26.4 or newer: {INSTALL}",
        )

    def test_tls(self):
        """Twisted has what it needs for TLS."""
        try:
            from twisted.internet import ssl  # noqa: F401
        except ImportError as error:
            self.fail(f"Twisted cannot do TLS here ({error}). To fix it, run: {INSTALL}")

    async def test_loopback(self):
        """A byte goes over TCP from this machine to itself, and everything opened for it is closed again."""
        from twisted.internet import reactor

        server, client = Peer(), Peer()
        factory = Factory.forProtocol(lambda: server)
        try:
            port = await TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1").listen(factory)
        except CannotListenError as error:
            self.fail(f"This machine lets no program listen on 127.0.0.1 ({error!r}). {LOOPBACK}")
        # Three things are opened, and trial waits for each: stage4_disconnect is about why.
        self.addCleanup(port.stopListening)
        self.addCleanup(close, client, server)
        endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port, timeout=2)
        try:
            await connectProtocol(endpoint, client)
            client.transport.write(b"?")
            await server.received.addTimeout(2, reactor)
        except (ConnectError, TimeoutError) as error:
            self.fail(f"This machine cannot connect to itself on 127.0.0.1 ({error!r}). {LOOPBACK}")


class Step01Line(SynchronousTestCase):
    r"""as_line returns the bytes of one line.

    Write as_line in lines.py. It returns the text in UTF-8, then CR LF, which is b"\r\n". An empty
    text is a line too.
    """

    longMessage = False

    def check(self, text, expected):
        got = lines.as_line(text)
        self.assertEqual(
            got, expected, f"Called as_line({text!r}). Expected {expected!r}; it returned {got!r}."
        )

    def test_text(self):
        """A line is the text, then CR LF."""
        self.check("poem", b"poem\r\n")

    def test_letters(self):
        """Letters outside ASCII are encoded as UTF-8."""
        self.check("naïve", b"na\xc3\xafve\r\n")

    def test_empty(self):
        """An empty text is a line too: CR LF."""
        self.check("", b"\r\n")


def right(text):
    return text.encode("utf-8") + b"\r\n"


def no_ending(text):
    return text.encode("utf-8")


def line_feed_only(text):
    return text.encode("utf-8") + b"\n"


def latin_1(text):
    return text.encode("latin-1", "replace") + b"\r\n"


def letters_dropped(text):
    return text.encode("ascii", "ignore") + b"\r\n"


class Step02Yours(YourTests):
    """Your tests can fail.

    Fix the two tests in test_yours.py. This step runs them on a correct as_line, and on some wrong
    ones: README.md lists them.
    """

    program, cases = "lines.as_line", "Yours"

    def test_right(self):
        """Your tests pass with a correct as_line."""
        self.assert_right(right, "a correct as_line")

    def test_no_ending(self):
        """Your tests fail with an as_line that adds no line ending."""
        self.assert_noticed(no_ending, "an as_line that adds no line ending")

    def test_line_feed_only(self):
        """Your tests fail with an as_line that ends the line with LF alone."""
        self.assert_noticed(line_feed_only, "an as_line that ends the line with LF, without CR")

    def test_latin_1(self):
        """Your tests fail with an as_line that encodes as Latin-1."""
        self.assert_noticed(latin_1, "an as_line that encodes as Latin-1")

    def test_letters_dropped(self):
        """Your tests fail with an as_line that drops the letters outside ASCII."""
        self.assert_noticed(letters_dropped, "an as_line that drops letters outside ASCII")

    def test_each(self):
        """Each of your tests fails with some wrong as_line: one of these, or of two that return None and text."""
        self.assert_each(
            no_ending,
            line_feed_only,
            latin_1,
            letters_dropped,
            lambda text: None,
            lambda text: text + "\r\n",
        )
