"""Right and wrong programs for the tests that you write in steps 4 and 11. README.md says what is wrong with each."""

from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.protocol import connectionDone

from .client import PoemProtocol


class AtTheEnd(PoemProtocol):
    """Right: it keeps the bytes in one place, and looks at them at the end."""

    def __init__(self):
        super().__init__()
        self.all = bytearray()

    def dataReceived(self, data):
        self.all += data

    def connectionLost(self, reason=connectionDone):
        super().dataReceived(bytes(self.all))
        super().connectionLost(reason)


class NewestChunk(AtTheEnd):
    def dataReceived(self, data):
        self.all[:] = data


class DecodesEach(AtTheEnd):
    def dataReceived(self, data):
        super().dataReceived(data.decode("utf-8").encode("utf-8"))


class DropsHalves(AtTheEnd):
    def dataReceived(self, data):
        super().dataReceived(data.decode("utf-8", "ignore").encode("utf-8"))


class Shared(AtTheEnd):
    """Its bytes are kept on the class, though from the beginning of each connection."""

    everyone_s = bytearray()

    def connectionMade(self):
        self.all = self.everyone_s
        self.all.clear()


class Deaf(AtTheEnd):
    def dataReceived(self, data):
        pass


class Early(PoemProtocol):
    def dataReceived(self, data):
        if not self.poem.called:
            self.poem.callback(data.decode("utf-8", "replace"))

    def connectionLost(self, reason=connectionDone):
        if not self.poem.called:
            super().connectionLost(reason)


def waits(port):
    """Right."""
    return maybeDeferred(port.stopListening).addCallback(lambda _: None)


def expects_a_deferred(port):
    return port.stopListening().addCallback(lambda _: None)


def fires_at_once(port):
    stopping = waits(port)
    return stopping if stopping.called else succeed(None)


def swallows_failures(port):
    return waits(port).addErrback(lambda _: None)


def never_asks(port):
    return succeed(None)


def never_fires(port):
    port.stopListening()
    return Deferred()


def passes_the_result_on(port):
    return maybeDeferred(port.stopListening)
