"""First, checks that this machine can do the course; then a function to write, and two tests to fix."""

import sys
import unittest

import twisted
from twisted.internet.defer import Deferred, TimeoutError, gatherResults
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP4ServerEndpoint, connectProtocol
from twisted.internet.error import CannotListenError, ConnectError
from twisted.internet.protocol import Factory, Protocol
from twisted.trial.reporter import TestResult
from twisted.trial.unittest import SynchronousTestCase, TestCase

from . import lines, test_yours

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
    """as_line returns the bytes of one line.

    Write as_line in lines.py. A wire carries bytes, never text: so text is encoded, here as
    UTF-8, and the end of the line is marked by two bytes, CR and LF.
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


class Step02Yours(SynchronousTestCase):
    """Your tests can fail.

    Fix the two tests in test_yours.py. A test is worth something if it fails on wrong
    code, so these tests run yours: once with a correct as_line, where yours must pass, and
    then with some wrong ones, where yours must fail. To see it for yourself, break lines.py and
    run: README.md has the steps.
    """

    def run_yours(self, as_line):
        """Run all tests of test_yours.py with as_line replaced. Returns trial's TestResult."""
        for module in (lines, test_yours):
            if hasattr(module, "as_line"):
                self.patch(module, "as_line", as_line)
        result = TestResult()
        unittest.defaultTestLoader.loadTestsFromModule(test_yours).run(result)
        return result

    def assert_noticed(self, as_line, what):
        if self.run_yours(as_line).wasSuccessful():
            self.fail(
                f"Your tests stay green with an as_line that {what}: it makes {as_line('café')!r} of "
                "'café'. Compare the result of as_line with bytes that you write out yourself."
            )

    def test_right(self):
        """Your tests pass with a correct as_line."""
        result = self.run_yours(lambda text: text.encode("utf-8") + b"\r\n")
        for test, failure in [*result.failures, *result.errors]:
            self.fail(
                f"Your {test.id().rpartition('.')[2]} fails on a correct as_line. It asks for "
                "more than README.md says, or it has a mistake itself: "
                f"{failure.type.__name__}: {failure.getErrorMessage()}"
            )
        self.assertTrue(
            result.successes,
            "Expected test_yours.py to have a test that runs; trial found none.",
        )

    def test_no_ending(self):
        """Your tests fail with an as_line that adds no line ending."""
        self.assert_noticed(lambda text: text.encode("utf-8"), "adds no line ending")

    def test_line_feed_only(self):
        """Your tests fail with an as_line that ends the line with LF alone."""
        self.assert_noticed(
            lambda text: text.encode("utf-8") + b"\n", "ends the line with LF, without CR"
        )

    def test_latin_1(self):
        """Your tests fail with an as_line that encodes as Latin-1."""
        self.assert_noticed(
            lambda text: text.encode("latin-1", "replace") + b"\r\n", "encodes as Latin-1"
        )

    def test_letters_dropped(self):
        """Your tests fail with an as_line that drops the letters outside ASCII."""
        self.assert_noticed(
            lambda text: text.encode("ascii", "ignore") + b"\r\n", "drops letters outside ASCII"
        )

    def test_each(self):
        """Each of your tests fails with some wrong as_line: one of these, or of two that return None and text."""
        suite = unittest.defaultTestLoader.loadTestsFromModule(test_yours)
        names = [test.id() for case in suite for test in case]
        # The loader takes SynchronousTestCase itself, which is imported there, for a case of one test.
        green = [name for name in names if not name.endswith(".runTest")]
        for as_line in (
            lambda text: text.encode("utf-8"),
            lambda text: text.encode("utf-8") + b"\n",
            lambda text: text.encode("latin-1", "replace") + b"\r\n",
            lambda text: text.encode("ascii", "ignore") + b"\r\n",
            lambda text: None,
            lambda text: text + "\r\n",
        ):
            result = self.run_yours(as_line)
            failed = {test.id() for test, _ in [*result.failures, *result.errors]}
            green = [name for name in green if name not in failed]
        for name in green:
            self.fail(
                f"Your {name.rpartition('.')[2]} stays green with every wrong as_line. Compare "
                "the result of as_line with bytes that you write out yourself."
            )
