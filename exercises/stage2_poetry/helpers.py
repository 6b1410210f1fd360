"""What this stage's tests share: texts and poems of every kind, the ways in which connections end, recording fakes."""

import asyncio
import builtins
import gc
import itertools
import weakref

from twisted.internet import error
from twisted.internet.defer import Deferred
from twisted.internet.error import (
    ConnectionAborted,
    ConnectionClosed,
    ConnectionDone,
    ConnectionLost,
    ConnectionRefusedError,
)
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from zope.interface import implementer

from ..wire import ADDRESS

try:
    from OpenSSL.SSL import Error as TlsError
except ImportError:
    TlsError = EOFError  # without TLS, as in a browser, no connection ends with its error

TEXTS = {
    "a byte order mark at the beginning, and another later": "\ufeffOne\ufeff.\n",
    "an accent of its own, a ligature and the unit angstrom": "e\u0301 \ufb01 \u212b\n",
    "everything that Unicode calls a line end": "1\n2\r\n3\r4\v5\f6\x1c7\x1d8\x1e9\x85a\u2028b\u2029c",
    "controls": "\0\x01\x03\x04\x1a\x1b[0m\x7f\u200b\u202e\n",
    "zeros at both ends": "\0One.\n\0",
    "spaces and empty lines at both ends": "\n \t Two \t \n\n.\n\n",
    "the first and the last character of each length": "\x80\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff",
    "the replacement character": "\ufffd\n",
}
"""Texts, by name, that are easily changed on their way."""

LONG = "and then — and then, and\n" * 40_000
"""A text of a million bytes, more than is read or sent at once."""

POEMS = {
    **{what: text.encode("utf-8") for what, text in TEXTS.items()},
    "bytes that are not text": b"\xff\x00\r\n\xfe",
    "nothing": b"",
    "a million bytes": LONG.encode("utf-8"),
}


def is_break(kind):
    """Whether this is an exception class that needs no arguments and may be the reason of a broken connection."""
    if not (isinstance(kind, type) and issubclass(kind, Exception)):
        return False
    # A clean end is not a break; the next two are for generators only; a warning is not an error.
    if issubclass(kind, (ConnectionDone, StopIteration, StopAsyncIteration, Warning)):
        return False
    try:
        kind()
    except TypeError:
        return False
    return True


NAMES = {**vars(builtins), **{f"twisted's {name}": kind for name, kind in vars(error).items()}}
KINDS = list(dict.fromkeys(kind for kind in NAMES.values() if is_break(kind)))
"""All such classes in twisted.internet.error and in Python itself."""


def breaks():
    """New exceptions of every kind that a broken connection may end with."""
    return [
        ConnectionLost(),
        ConnectionAborted(),
        ConnectionClosed(),
        TlsError(),
        OSError(5, "no such luck"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "a mistake"),
        asyncio.CancelledError(),  # not a subclass of Exception
        *(kind() for kind in KINDS),
    ]


def ends():
    """New exceptions of every kind that a connection may end with."""
    return [ConnectionDone(), *breaks()]


def refusals():
    """New exceptions of every kind that an attempt to connect may fail with."""
    return [ConnectionRefusedError(), *breaks()]


def shown(data):
    """Bytes or text for a message: all of it, or its length and its two ends."""
    return (
        repr(data) if len(data) < 300 else f"{len(data)} of them, {data[:20]!r} ... {data[-20:]!r}"
    )


def no_return(got):
    """The question to add to a message if a Deferred's result is None, as that of a callback without a return is."""
    return " Is a return missing in a callback or an errback?" if got is None else ""


def listed(asked):
    """A Recorder's calls, for a message."""
    return ", then ".join(one if isinstance(one, str) else shown(one) for one in asked) or "nothing"


class Recorder(StringTransport):
    """A StringTransport that records its calls in order; forget() starts again."""

    def __init__(self):
        super().__init__()
        self.forget()

    def forget(self):
        self._noted = []

    def write(self, data):
        super().write(data)
        self._noted.append(data)

    def writeSequence(self, data):
        self.write(b"".join(data))

    def loseConnection(self):
        super().loseConnection()
        self._noted.append("close")

    def abortConnection(self):
        self.disconnecting = self.disconnected = True
        self._noted.append("abort")

    def loseWriteConnection(self):
        self._noted.append("half-close")

    @property
    def asked(self):
        """The calls so far: bytes written in a row, joined; "close"; "abort"; "half-close".

        A call that changes nothing is left out.
        """
        found = []
        for written, group in itertools.groupby(self._noted, lambda one: isinstance(one, bytes)):
            ones = list(group)
            found += [b"".join(ones)] if written else dict.fromkeys(ones)
        return [one for one in found if one]


class EndsAtOnce(Recorder):
    """A connection that ends before loseConnection(), abortConnection() or the write with this number returns.

    protocol: its connectionLost is called, once, with the exception error.
    """

    protocol = None

    def __init__(self, error, number=0):
        super().__init__()
        self._error, self._number, self._written = error, number, 0

    def write(self, data):
        super().write(data)
        self._written += 1
        if self._written == self._number:
            self._end()

    def loseConnection(self):
        super().loseConnection()
        self._end()

    def abortConnection(self):
        super().abortConnection()
        self._end()

    def connect(self, factory):
        """As connect(), with this transport."""
        self.protocol = protocol = factory.buildProtocol(ADDRESS)
        protocol.makeConnection(self)

    def _end(self):
        protocol, self.protocol = self.protocol, None
        if protocol is not None:
            protocol.connectionLost(Failure(self._error))


def connect(factory):
    """What a reactor does when a client connects: build a protocol, give it its transport."""
    protocol, transport = factory.buildProtocol(ADDRESS), Recorder()
    protocol.makeConnection(transport)
    return protocol, transport


@implementer(IStreamClientEndpoint)
class PlainEndpoint:
    """A client endpoint whose attempts are Deferreds for the test to fire.

    attempts: all that were begun. factories: their factories. Cancelled, they fail with CancelledError, as may those of an
    endpoint that wraps another.
    """

    def __init__(self):
        self.attempts, self.factories = [], []

    def connect(self, protocolFactory):
        self.factories.append(protocolFactory)
        self.attempts.append(Deferred())
        return self.attempts[-1]


def kept(made):
    """Whether anything still refers to the result of made()."""
    gc.freeze()  # objects made earlier need not be searched, which takes long
    try:
        seen = weakref.ref(made())
        gc.collect()
        return seen() is not None
    finally:
        gc.unfreeze()
