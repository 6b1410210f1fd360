"""What this stage's tests share: options from words, a service on a fake reactor, the log, a reader of a poem."""

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
    """A new file with these bytes, in the folder that trial runs in. Returns its name, a short one, as messages have it."""
    number, name = tempfile.mkstemp(prefix="poem-", suffix=".txt", dir=os.curdir)
    with open(number, "wb") as file:
        file.write(data)
    return os.path.basename(name)


def new_folder(prefix):
    """A new folder in the one that trial runs in. Returns its name, which begins with the prefix."""
    return os.path.basename(tempfile.mkdtemp(prefix=prefix, dir=os.curdir))


def parsed(case, *words):
    """The options that twist would make of these words; a refusal fails the test."""
    options = Options()
    try:
        options.parseOptions(list(words))
    except UsageError as error:
        case.fail(f"Expected the options {words} to be taken; they were refused: {error}")
    return options


def logged(case):
    """The events that poetry_daemon's own `log` is given from now on, until the test ends: a list that grows.

    The observer is taken out by a cleanup. Twisted's capturedLogs() would leave it in where the test fails within it.
    """
    events = []

    def observe(event):
        if event.get("log_namespace", "").rpartition(".")[2] == "poetry_daemon":
            events.append(event)

    globalLogPublisher.addObserver(observe)
    case.addCleanup(globalLogPublisher.removeObserver, observe)
    return events


def lines(events):
    """The line that a log file has of each event, without the time."""
    return [formatEvent(event) for event in events]


def leaks(events):
    """Those parts of the poem that are anywhere in these events: in their lines, or as JSON, which has every field."""
    text = "".join(formatEvent(event) + eventAsJSON(event) for event in events)
    return [part for part in PARTS if part in text]


class FakePort:
    """A listening port whose stopListening() gives what it is told to give. stopped: how often that was called."""

    def __init__(self, gives=None):
        self.gives, self.stopped = gives, 0

    def getHost(self):
        return ADDRESS

    def stopListening(self):
        self.stopped += 1
        return self.gives


class FakeEndpoint:
    """A server endpoint whose listen() gives one Deferred, which the test fires. factory: what is served, once it is."""

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
    """A service that was started, its endpoint and its reactor, both fake. result: the port, or None to leave it open."""
    endpoint, reactor = FakeEndpoint(result), MemoryReactorClock()
    service = PoetryService(reactor, endpoint, PoetryFactory(POEM))
    service.startService()
    return service, endpoint, reactor


class EndsAtOnce(StringTransport):
    """A connection that is over within abortConnection(): it calls connectionLost there. Over TCP, that comes later."""

    protocol = None

    def abortConnection(self):
        super().abortConnection()
        end(self.protocol, ConnectionAborted)


def client(factory, kind=StringTransport):
    """A client connects. Returns the server's protocol and its transport, which records."""
    protocol, transport = factory.buildProtocol(None), kind()
    transport.protocol = protocol
    protocol.makeConnection(transport)
    return protocol, transport


def end(protocol, kind=ConnectionDone):
    """The protocol's connection is over."""
    protocol.connectionLost(Failure(kind()))


class StopCase:
    """A test of a service that stops, on fakes."""

    longMessage = False  # Our message alone, not unittest's before it.

    def stop(self, service):
        """Call stopService. Returns the Deferred that it returned."""
        stopping = service.stopService()
        self.assertTrue(
            isinstance(stopping, Deferred),
            f"Expected stopService to give a Deferred, for twist to wait for; got {stopping!r}.",
        )
        return stopping

    def assert_pending(self, stopping, when):
        """The stop is not over yet."""
        got = outcome(stopping)
        self.assertIs(got, PENDING, f"Expected the stop not to be over {when}; got {got!r}.")

    def assert_over(self, stopping, when):
        """The stop is over, well."""
        got = outcome(stopping)
        self.assertFalse(
            got is PENDING or hasattr(got, "reason"),
            f"Expected the stop to be over {when}: {got!r}.",
        )


class Reader(Protocol):
    """A real client. over: fires with the bytes that came, when its connection is over. paused: it does not read yet."""

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
        """End it from this side. Returns the Deferred of its end."""
        self.transport.abortConnection()
        return self.over
