"""Clients for a small protocol: they ask "weather?", and the server sends a line about its answer, then the answer."""

from __future__ import annotations

from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from exercises.wire import Failed, outcome

TEXT = b"rain\nby noon"
ANSWERS = {
    "close": b"close\n" + TEXT,
    "length": b"length 12\n" + TEXT,
    "parts": b"parts\n" + b"4rain" + b"8\nby noon" + b"0",
}
"""The same text, with each of three ways to mark its end."""

ENDS = {"clean end": ConnectionDone, "broken end": ConnectionLost}
RIGHT, WRONG, FAILURE, EXCEPTION = "the text", "wrong text", "failure", "exception"


class TakesWhatCame(Protocol):
    def __init__(self):
        self.came, self.answer = b"", Deferred()

    def connectionMade(self):
        self.transport.write(b"weather?\n")

    def dataReceived(self, data):
        self.came += data

    def connectionLost(self, reason):
        self.answer.callback(self.came.partition(b"\n")[2])


class Counts(TakesWhatCame):
    def dataReceived(self, data):
        self.came += data
        first, newline, text = self.came.partition(b"\n")
        if newline and len(text) >= int(first.split()[1]):
            self.answer.callback(text)

    def connectionLost(self, reason):
        self.answer.errback(reason)


class TellsOnce(Counts):
    def dataReceived(self, data):
        if not self.answer.called:
            super().dataReceived(data)

    def connectionLost(self, reason):
        if not self.answer.called:
            super().connectionLost(reason)


def ended_after(program: type[TakesWhatCame], came: bytes, end: type[Exception]) -> str:
    """Return the outcome of a client's answer if the connection ends after these bytes."""
    client = program()
    client.makeConnection(StringTransport())
    try:
        if came:
            client.dataReceived(came)
        client.connectionLost(Failure(end()))
    except Exception:
        return EXCEPTION
    result = outcome(client.answer)
    if isinstance(result, Failed):
        return FAILURE
    return RIGHT if result == TEXT else WRONG


def offsets(program: type[TakesWhatCame], answer: bytes, end: type[Exception]) -> list[str]:
    """Return the outcome for each number of bytes, from 0 to all of them."""
    return [ended_after(program, answer[:n], end) for n in range(len(answer) + 1)]


class Slow(SynchronousTestCase):
    """The test on the slide; its last line fails."""

    def test_slow(self):
        clock, client, transport = Clock(), TellsOnce(), StringTransport()
        client.makeConnection(transport)
        asked = client.answer.addTimeout(30, clock)
        for byte in (b"l", b"e", b"n"):
            clock.advance(10)
            client.dataReceived(byte)
        self.failureResultOf(asked, TimeoutError)
        self.assertTrue(transport.disconnecting)
