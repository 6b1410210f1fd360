"""What this stage's tests share: options from words, a service on a fake reactor, the log, a reader of a poem."""

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.logger import eventAsJSON, formatEvent, globalLogPublisher
from twisted.python.usage import UsageError

from .poetry_daemon import Options, PoetryFactory, PoetryService

PARTS = "No part of this", "may be in any line of a log"
POEM = f"{PARTS[0]}: é\n{PARTS[1]}.\n".encode()
WHERE = r"127\.0\.0\.1\D+(\d+)"  # how a line tells a port of this machine, in any wording
ADDRESS = IPv4Address("TCP", "127.0.0.1", 40123)


def poem_file(case, data=POEM):
    """A file with these bytes, in a folder of the test's own. Gives its name."""
    name = f"{case.mktemp()}-poem.txt"
    with open(name, "wb") as file:
        file.write(data)
    return name


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


def client(factory):
    """A client connects. Gives the server's protocol and its transport, which records."""
    protocol, transport = factory.buildProtocol(None), StringTransport()
    protocol.makeConnection(transport)
    return protocol, transport


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
        """End it from this side. Gives the Deferred of its end."""
        self.transport.abortConnection()
        return self.over
