"""What this stage's tests share: texts and poems of every kind, the ways in which connections end, fakes that remember."""

import asyncio
import builtins
import gc
import itertools
import weakref

from OpenSSL import SSL
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

TEXTS = {
    "a byte order mark at the beginning, and another later": "\ufeffOne\ufeff.\n",
    "an accent of its own, a ligature and the unit angstrom": "e\u0301 \ufb01 \u212b\n",
    "all that Unicode calls an end of a line": "1\n2\r\n3\r4\v5\f6\x1c7\x1d8\x1e9\x85a\u2028b\u2029c",
    "controls": "\0\x01\x03\x04\x1a\x1b[0m\x7f\u200b\u202e\n",
    "zeros at both ends": "\0One.\n\0",
    "spaces and empty lines at both ends": "\n \t Two \t \n\n.\n\n",
    "the first and the last character of each length": "\x80\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff",
    "the character that stands for what cannot be read": "\ufffd\n",
}
"""Texts that are easily changed on their way, by what is in them."""

LONG = "and then — and then, and\n" * 40_000
"""A text of a million bytes, more than what is read or sent at once."""

POEMS = {
    **{what: text.encode("utf-8") for what, text in TEXTS.items()},
    "bytes that are no text": b"\xff\x00\r\n\xfe",
    "nothing": b"",
    "a million bytes": LONG.encode("utf-8"),
}


def is_break(kind):
    """Whether it is a class of exceptions that needs no arguments, and that a connection which breaks may end with."""
    if not (isinstance(kind, type) and issubclass(kind, Exception)):
        return False
    # A clean end is no break; generators end with the next two, and with no others; a warning is no error.
    if issubclass(kind, (ConnectionDone, StopIteration, StopAsyncIteration, Warning)):
        return False
    try:
        kind()
    except TypeError:
        return False
    return True


NAMES = {**vars(builtins), **{f"twisted's {name}": kind for name, kind in vars(error).items()}}
KINDS = list(dict.fromkeys(kind for kind in NAMES.values() if is_break(kind)))
"""All of those that twisted.internet.error and Python itself have."""


def breaks():
    """New exceptions of every kind, with which a connection may end that was not closed well."""
    return [
        ConnectionLost(),
        ConnectionAborted(),
        ConnectionClosed(),
        SSL.Error(),
        OSError(5, "no such luck"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "a mistake"),
        asyncio.CancelledError(),  # no Exception
        *(kind() for kind in KINDS),
    ]


def ends():
    """New exceptions of every kind, with which a connection may end."""
    return [ConnectionDone(), *breaks()]


def refusals():
    """New exceptions of every kind, with which an attempt to connect may fail."""
    return [ConnectionRefusedError(), *breaks()]


def shown(data):
    """What a message says of bytes or text: all of it, or how long it is."""
    return (
        repr(data) if len(data) < 300 else f"{len(data)} of them, {data[:20]!r} ... {data[-20:]!r}"
    )


def told(asked):
    """What a message says of that which a Recorder was asked for."""
    return ", then ".join(one if isinstance(one, str) else shown(one) for one in asked) or "nothing"


class Recorder(StringTransport):
    """A StringTransport that notes in which order it was asked for what; forget() begins anew."""

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
        """The bytes that were written one after another, joined; "close"; "abort"; "half-close".

        What changes nothing is left out.
        """
        found = []
        for written, group in itertools.groupby(self._noted, lambda one: isinstance(one, bytes)):
            ones = list(group)
            found += [b"".join(ones)] if written else dict.fromkeys(ones)
        return [one for one in found if one]


class EndsAtOnce(Recorder):
    """A connection that is over before loseConnection() or abortConnection() returns, or the write with this number.

    protocol: is told of its end, once, with the exception error.
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
        """What connect() does, with this transport."""
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
    """A client endpoint whose attempts are Deferreds that the test fires.

    attempts: all that were begun. factories: what they were begun with. Cancelled, they fail with CancelledError, as those
    of an endpoint that stands around another may.
    """

    def __init__(self):
        self.attempts, self.factories = [], []

    def connect(self, protocolFactory):
        self.factories.append(protocolFactory)
        self.attempts.append(Deferred())
        return self.attempts[-1]


def kept(made):
    """Whether anything still refers to what the function made() gave."""
    gc.freeze()  # what there was before need not be gone through, which takes long
    try:
        seen = weakref.ref(made())
        gc.collect()
        return seen() is not None
    finally:
        gc.unfreeze()
