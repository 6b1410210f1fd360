"""Shared by this stage's tests: parsed options, a service on a fake reactor, the log, a client that reads a poem."""

import os
import tempfile

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.internet.protocol import Protocol
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.logger import eventAsJSON, formatEvent, globalLogPublisher
from twisted.python.failure import Failure
from twisted.python.usage import UsageError

from ..wire import PENDING, outcome
from .poetry_daemon import Options, PoetryFactory, PoetryService

PARTS = "No part of this", "may be in any line of a log"
POEM = f"{PARTS[0]}: é\n{PARTS[1]}.\n".encode()
ADDRESS = IPv4Address("TCP", "127.0.0.1", 40123)


def poem_file(data=POEM):
    """Make a file with these bytes in trial's working folder. Returns its name, which is short, for use in messages."""
    number, name = tempfile.mkstemp(prefix="poem-", suffix=".txt", dir=os.curdir)
    with open(number, "wb") as file:
        file.write(data)
    return os.path.basename(name)


def new_folder(prefix):
    """Make a folder in trial's working folder. Returns its name, which begins with the prefix."""
    return os.path.basename(tempfile.mkdtemp(prefix=prefix, dir=os.curdir))


def parsed(case, *words):
    """Parse these words as twist would. Returns the options; if they are refused, the test fails."""
    options = Options()
    try:
        options.parseOptions(list(words))
    except UsageError as error:
        case.fail(f"Expected the options {words} to be accepted; they were refused: {error}")
    return options


def logged(case):
    """Observe poetry_daemon's `log` until the test ends. Returns the list to which its events are added.

    A cleanup removes the observer. Twisted's capturedLogs() would not remove it if the test fails inside.
    """
    events = []

    def observe(event):
        if event.get("log_namespace", "").rpartition(".")[2] == "poetry_daemon":
            events.append(event)

    globalLogPublisher.addObserver(observe)
    case.addCleanup(globalLogPublisher.removeObserver, observe)
    return events


def lines(events):
    """Each event as its line in a log file, without the time."""
    return [formatEvent(event) for event in events]


def leaks(events):
    """The parts of the poem that appear in these events: in their lines, or in their JSON, which has every field."""
    text = "".join(formatEvent(event) + eventAsJSON(event) for event in events)
    return [part for part in PARTS if part in text]


class FakePort:
    """A listening port. result: what stopListening() returns. stopped: how often it was called."""

    def __init__(self, result=None):
        self.result, self.stopped = result, 0

    def getHost(self):
        return ADDRESS

    def stopListening(self):
        self.stopped += 1
        return self.result


class FakeEndpoint:
    """A server endpoint whose listen() returns one Deferred, which the test fires. factory: listen()'s argument."""

    def __init__(self, result=None):
        self.cancelled, self.factory = 0, None
        self.listening = Deferred(self._cancel)
        if result is not None:
            self.listening.callback(result)

    def _cancel(self, deferred):
        self.cancelled += 1

    def listen(self, factory):
        self.factory = factory
        return self.listening


def fake_service(result=None):
    """Start a service. Returns it, its fake endpoint and its fake reactor.

    result: the port that listen()'s Deferred fires with; None if it does not fire yet.
    """
    endpoint, reactor = FakeEndpoint(result), MemoryReactorClock()
    service = PoetryService(reactor, endpoint, PoetryFactory(POEM))
    service.startService()
    return service, endpoint, reactor


class EndsAtOnce(StringTransport):
    """A connection that ends within abortConnection(), which calls connectionLost. Over TCP, that comes later."""

    protocol = None

    def abortConnection(self):
        super().abortConnection()
        end(self.protocol, ConnectionAborted)


def client(factory, kind=StringTransport):
    """Connect a client. Returns the server's protocol and its transport, which records."""
    protocol, transport = factory.buildProtocol(None), kind()
    transport.protocol = protocol
    protocol.makeConnection(transport)
    return protocol, transport


def end(protocol, kind=ConnectionDone):
    """End the protocol's connection."""
    protocol.connectionLost(Failure(kind()))


class StopCase:
    """A test that stops a service on fakes."""

    longMessage = False  # Our message alone, not unittest's before it.

    def stop(self, service):
        """Call stopService. Returns the Deferred that it returned."""
        stopping = service.stopService()
        self.assertTrue(
            isinstance(stopping, Deferred),
            f"Expected stopService to return a Deferred, for twist to wait for; got {stopping!r}.",
        )
        return stopping

    def assert_pending(self, stopping, when):
        """Assert that the stop is not over yet."""
        got = outcome(stopping)
        self.assertIs(got, PENDING, f"Expected the stop not to be over {when}; got {got!r}.")

    def assert_over(self, stopping, when):
        """Assert that the stop is over, without a failure."""
        got = outcome(stopping)
        self.assertFalse(
            got is PENDING or hasattr(got, "reason"),
            f"Expected the stop to be over {when}; got {got!r}.",
        )


class Reader(Protocol):
    """A real client. over: fires with the received bytes when its connection is over. paused: it does not read yet."""

    def __init__(self, paused=False):
        self.over, self.received, self.paused = Deferred(), [], paused

    def connectionMade(self):
        if self.paused:
            self.transport.pauseProducing()

    def dataReceived(self, data):
        self.received.append(data)

    def connectionLost(self, reason):
        self.over.callback(b"".join(self.received))

    def abort(self):
        """Abort the connection. Returns the Deferred that fires when it is over."""
        self.transport.abortConnection()
        return self.over
