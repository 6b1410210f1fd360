"""The log, of a start that succeeds and of one that fails."""

import socket

from twisted.internet.address import UNIXAddress
from twisted.internet.error import (
    CannotListenError,
    ConnectionAborted,
    ConnectionDone,
    ConnectionLost,
)
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.logger import LogLevel
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from .helpers import (
    ADDRESS,
    POEM,
    FakeEndpoint,
    FakePort,
    client,
    end,
    fake_service,
    leaks,
    lines,
    logged,
)
from .poetry_daemon import PoetryFactory, PoetryService
from .twisted_process import shipped, twist

REASONS = [
    CannotListenError("127.0.0.1", 8007, "the {port} is taken"),
    PermissionError("the {port} may not be used"),
    ValueError("who would have thought of {this}"),
]


class Step04Log(SynchronousTestCase):
    """It logs its address, each client's, and why it cannot listen.

    Write PoetryService._is_listening, PoetryProtocol.connectionMade, and the rest of
    PoetryService._is_not_listening. The first two log one line each, with log.info, that has a whole
    address as a field: port.getHost() and self.transport.getPeer(). A UNIX address has neither host
    nor port. In the line of _is_listening, the port is the first number of four or five digits:
    step 7 reads it there.

    If listening fails, for any reason, log one event with log.critical: reason.getErrorMessage() as a
    field, without a traceback. Set self.failed to True, and pass self.reactor.stop to
    self.reactor.callWhenRunning. Apart from these lines and step 5's, log gets none.
    """

    longMessage = False  # Our message alone, not unittest's before it.

    def assert_address(self, events, address, what):
        """There is one event, of log.info, with the host and the port of this address in its line."""
        said = lines(events)
        self.assertEqual(len(said), 1, f"Expected one line {what}; got {said}.")
        level = events[0]["log_level"]
        self.assertIs(
            level, LogLevel.info, f"Expected log.info {what}, which twist shows; got {level}."
        )
        for part in (address.host, str(address.port)):
            self.assertIn(part, said[0], f"Expected {part} in the line {what}; got {said[0]!r}.")
            self.assertNotIn(
                part,
                events[0].get("log_format") or "",
                f"Expected the address as a field {what}, not as part of the format, as in "
                'log.info("... {address} ...", address=...).',
            )

    def test_clients(self):
        """For each client, it logs one line with the client's address."""
        _, endpoint, _ = fake_service(FakePort())
        events = logged(self)
        for number in (1, 2, 3):
            _, transport = client(endpoint.factory)
            self.assert_address(events, transport.getPeer(), f"of connectionMade, client {number}")
            events.clear()

    def test_listening(self):
        """Once it listens, not before, it logs one line with the port's address."""
        events = logged(self)
        _, endpoint, _ = fake_service()
        said = lines(events)
        self.assertEqual(said, [], f"Expected no line before it listens; got {said}.")
        endpoint.listening.callback(FakePort())
        self.assert_address(events, ADDRESS, "of _is_listening")

    def test_no_host(self):
        """An address without host and port, such as that of a UNIX socket, is logged too."""
        events, port, where = logged(self), FakePort(), UNIXAddress("/run/poetry")
        port.getHost = lambda: where
        _, endpoint, _ = fake_service(port)
        protocol = endpoint.factory.buildProtocol(None)
        protocol.makeConnection(StringTransport(peerAddress=UNIXAddress("/run/client")))
        said = lines(events)
        self.assertEqual(len(said), 2, f"Expected two lines, one for each address; got {said}.")
        for path, line in zip(("/run/poetry", "/run/client"), said, strict=True):
            self.assertIn(path, line, f"Expected {path} in the line; got {line!r}.")
        self.assertEqual(
            protocol.transport.value(),
            POEM,
            "Expected the poem to be sent over a UNIX socket too.",
        )

    def test_ends(self):
        """The end of a connection is not logged, however it ends."""
        _, endpoint, _ = fake_service(FakePort())
        for kind in (ConnectionDone, ConnectionLost, ConnectionAborted):
            protocol, _ = client(endpoint.factory)
            events = logged(self)
            end(protocol, kind)
            said = lines(events)
            self.assertEqual(said, [], f"Expected no line after {kind.__name__}; got {said}.")

    def test_no_poem(self):
        """No part of the poem is in the log: neither in a line nor in a field, which a JSON log has."""
        events = logged(self)
        _, endpoint, _ = fake_service(FakePort())
        protocol, _ = client(endpoint.factory)
        found = leaks(events)
        self.assertEqual(found, [], f"Expected no part of the poem in the log; found {found}.")
        self.assertEqual(len(events), 2, f"Expected two lines in all; got {lines(events)}.")
        self.assertIn(
            protocol, endpoint.factory.open, "Expected the connection in the factory's dict open."
        )

    def assert_reason(self, events, reason, when):
        """The log has one event, a critical one, with the reason's message in one line and no traceback."""
        critical = [event for event in events if event["log_level"] is LogLevel.critical]
        said = lines(critical)
        self.assertEqual(
            (len(said), len(events)),
            (1, 1),
            f"Expected one event, a critical one of _is_not_listening, {when}; got {lines(events)}.",
        )
        found = leaks(events)
        self.assertEqual(found, [], f"Expected no part of the poem in the log; found {found}.")
        self.assertIn(
            str(reason), said[0], f"Expected the reason in the log, {when}; got {said[0]!r}"
        )
        self.assertEqual(
            (len(said[0].splitlines()), "log_failure" in critical[0]),
            (1, False),
            f"Expected one line, without a traceback, {when}; got {said[0]!r}.",
        )
        self.assertFalse(
            said[0].startswith("Unable to format"),
            f"Expected the reason as a field, not as part of the format; got {said[0]!r}.",
        )

    def test_fails_at_once(self):
        """If listening fails at once, startService raises SystemExit with exit code 1, and the reason is logged."""
        for reason in REASONS:
            events, reactor = logged(self), MemoryReactorClock()
            endpoint = FakeEndpoint(Failure(reason))
            try:
                PoetryService(reactor, endpoint, PoetryFactory(POEM)).startService()
            except SystemExit as error:
                self.assertEqual(error.code, 1, f"Expected exit code 1; got {error.code!r}.")
            else:
                self.fail(
                    "Expected _is_not_listening to set self.failed, so that startService raises "
                    f"SystemExit, if listening fails at once, with {reason!r}; it returned."
                )
            self.assertFalse(
                reactor.hasStopped,
                "Expected _is_not_listening to pass reactor.stop to callWhenRunning; it was called before "
                "the reactor runs, when a real one raises ReactorNotRunning.",
            )
            self.assert_reason(events, reason, f"if listening fails at once, with {reason!r}")

    def test_fails_later(self):
        """If it fails later, while the reactor runs, the reactor is stopped, and the reason is logged."""
        for reason in REASONS:
            events = logged(self)
            service, endpoint, reactor = fake_service()
            # Not with run(), which would set handlers of real signals once step 7 is written.
            reactor.running = True
            self.assertEqual(lines(events), [], "Expected nothing in the log before the outcome.")
            endpoint.listening.errback(reason)
            self.assertTrue(
                reactor.hasStopped,
                f"Expected _is_not_listening to stop the reactor if listening fails later, with {reason!r}.",
            )
            self.assert_reason(events, reason, f"if listening fails later, with {reason!r}")
            self.assertIs(
                service.failed, True, f"Expected self.failed to be True; got {service.failed}."
            )

    def test_fails_process(self):
        """If the port is in use, twist ends with one line on standard error and an exit code that is not 0."""
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = f"tcp:{other.getsockname()[1]}:interface=127.0.0.1"
            words = "poetry", "--poem", "poem.txt", "--port", port
            code, said, errors = twist(self, shipped(), *words)
        self.assertNotEqual(code, 0, f"Expected an exit code that is not 0; got 0. {said}{errors}")
        self.assertEqual(
            len(errors.splitlines()), 1, f"Expected one line with the reason; got {errors[-1500:]}"
        )
