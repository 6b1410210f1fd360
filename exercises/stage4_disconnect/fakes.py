"""The fakes of steps 1 to 10, for a port, a connector and a connection, and the assertions of those steps.

A fake ends only when the test says so, and notes the calls that it gets.
"""

import builtins
import contextlib
import gc
from itertools import permutations

from twisted.internet import error as errors
from twisted.internet.defer import CancelledError, Deferred, fail
from twisted.internet.error import (
    CannotListenError,
    ConnectionAborted,
    ConnectionDone,
    NotConnectingError,
    UserError,
)
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from ..wire import PENDING, Failed, outcome
from .teardown import by_protocol, tear_down

THREE = ("the port", "the client", "the server")
MOMENT = 2**-10  # seconds


class Falsy(Exception):
    """An exception that is false, like one whose length is 0."""

    def __bool__(self):
        return False


ERRORS = (
    OSError("no, it will not"),
    RuntimeError("no, it will not"),
    CancelledError(),
    ConnectionDone(),
    AssertionError("no, it will not"),
    AttributeError("no, it will not"),
    CannotListenError("127.0.0.1", 0, OSError("no, it will not")),
    Falsy("no, it will not"),
)
"""Exceptions of several families: code that catches one kind does not catch the others."""


# A coroutine cannot raise the first two; a warning is not an error; the last says that a step is not written.
NOT_RAISED = StopIteration, StopAsyncIteration, Warning, NotImplementedError


def exceptions():
    """ERRORS, then an exception of each class in Python and in twisted.internet.error that needs no arguments."""
    yield from ERRORS
    found = [*vars(builtins).values(), *vars(errors).values()]
    kinds = [kind for kind in found if isinstance(kind, type) and issubclass(kind, Exception)]
    for kind in dict.fromkeys(kinds):
        if not issubclass(kind, NOT_RAISED):
            with contextlib.suppress(TypeError):  # It needs arguments.
                yield kind()


EXCEPTIONS = tuple(exceptions())


class Alike:
    """False and unhashable, like an empty list, and equal to everything, like some mocks."""

    def __bool__(self):
        return False

    def __eq__(self, other):
        return True


RESULTS = (None, "a result", 0, False, OSError("no failure"), CancelledError())
"""Results of a Deferred. None of them is a failure: an exception that was not raised is an object like any other."""


class FakePort:
    """A listening port. gives: what stopListening() returns, or raises. stops: how often it was called."""

    def __init__(self, gives=None):
        self.gives = gives
        self.stops = 0

    def stopListening(self):
        self.stops += 1
        if isinstance(self.gives, Exception):
            raise self.gives
        return self.gives


class FakeConnection(StringTransport):
    """One side's transport. asked: the names of the calls that asked it to end, in order.

    ends_by: the names of those that end it at once; like a real transport's, loseConnection does so only if no producer
    is registered. raises, abort_raises: what loseConnection and abortConnection raise, if anything. gives: what they
    return. peer: the protocol of the other side, if that is to end at the same moment.

    It is false, as an object with a length may be.
    """

    def __bool__(self):
        return False

    def __init__(self, protocol, ends_by=(), raises=None, abort_raises=None, gives=None):
        super().__init__()
        self.protocol, self.ends_by, self.peer, self.gives = protocol, ends_by, None, gives
        self.raises, self.abort_raises = raises, abort_raises
        self.asked = []

    def loseConnection(self):
        self.asked.append("loseConnection")
        if self.raises is not None:
            raise self.raises
        if "loseConnection" in self.ends_by and self.producer is None:
            self.end()
        return self.gives

    def abortConnection(self):
        self.asked.append("abortConnection")
        if self.abort_raises is not None:
            raise self.abort_raises
        if "abortConnection" in self.ends_by:
            self.end(ConnectionAborted())
        return self.gives

    def end(self, error=None):
        """End the connection, once: call the protocol's connectionLost, as a reactor does."""
        if self.connected:
            self.connected = False
            self.protocol.connectionLost(Failure(ConnectionDone() if error is None else error))
            if self.peer is not None:
                self.peer.transport.end(error)


class Recorder(Protocol):
    """A protocol that notes its events. raises: what its connectionLost raises, if anything."""

    def __init__(self, raises=None):
        self.events, self.raises = [], raises

    def __repr__(self):
        return "the protocol"

    def connectionMade(self):
        self.events.append("connectionMade")

    def connectionLost(self, reason):
        self.events.append(reason.value)
        if self.raises is not None:
            raise self.raises


class AlikeRecorder(Alike, Recorder):
    """A protocol that is false, and equal to everything."""


def connected(protocol=None, **how):
    """Return a protocol that has just been connected to a FakeConnection."""
    protocol = Protocol() if protocol is None else protocol
    protocol.makeConnection(FakeConnection(protocol, **how))
    return protocol


class FakeConnector:
    """A client's connector. asked: as in FakeConnection. connecting: whether it is still connecting.

    Like a real one's, stopConnecting works only while it is connecting, and disconnect always. An attempt that is stopped
    fails at once; a connection ends later.
    """

    def __init__(self, factory, connecting=False):
        self.factory, self.connecting = factory, connecting
        self.asked = []

    def __repr__(self):
        return "the connector"

    def disconnect(self):
        self.asked.append("disconnect")
        if self.connecting:
            self.connecting = False
            self.factory.clientConnectionFailed(self, Failure(UserError()))

    def stopConnecting(self):
        if not self.connecting:
            raise NotConnectingError("we're not trying to connect")
        self.disconnect()


class Opened:
    """The three things that a test has open, a port, the client's side and the server's side, with a clock.

    how: arguments for the FakeConnection of each side.
    """

    def __init__(self, **how):
        self.clock = Clock()
        self.port = FakePort(Deferred())
        self.client, self.server = connected(**how), connected(**how)
        self.sides = [
            by_protocol("the client", self.client),
            by_protocol("the server", self.server),
        ]

    def tear_down(self, **times):
        """Call the function that is tested."""
        return tear_down(self.port, self.sides, self.clock, **times)

    def end(self, *names):
        """End these of the three now."""
        for name in names:
            if name == "the port":
                self.port.gives.callback(None)
            else:
                protocol = self.client if name == "the client" else self.server
                protocol.transport.end()

    @property
    def asked(self):
        """The calls that asked the two sides to end, the client's first."""
        return [self.client.transport.asked, self.server.transport.asked]


def ways():
    """The ways in which a teardown can end, in words, each with a function that returns its Deferred and its clock."""

    def in_order(order, prepare=lambda opened: None):
        def run():
            opened = Opened()
            prepare(opened)
            done = opened.tear_down()
            opened.end(*order)
            return done, opened.clock

        return run

    def raising(opened):
        opened.client.transport.raises = RuntimeError("the client would not close")

    def port_fails(opened):
        opened.port.gives = fail(OSError("the port would not close"))

    def at_once():
        opened = Opened(ends_by=["loseConnection"])
        opened.port.gives = None
        return opened.tear_down(), opened.clock

    def nothing():
        clock = Clock()
        return tear_down(None, [], clock), clock

    def aborted(opened, *late):
        done = opened.tear_down()
        opened.end("the port")
        opened.clock.advance(1)
        opened.end(*late)
        return done, opened.clock

    def abort_raises(opened):
        for protocol in (opened.client, opened.server):
            protocol.transport.abort_raises = RuntimeError("no abort")
        return aborted(opened, *THREE[1:])

    for order in permutations(THREE):
        yield f"after {', then '.join(order)}", in_order(order)
    yield "if the client was over before", in_order(THREE[::2], lambda o: o.end("the client"))
    yield "if closing the client raised", in_order(THREE, raising)
    yield "if the port failed", in_order(THREE[1:], port_fails)
    yield "if everything ended at once", at_once
    yield "if nothing was open", nothing
    yield (
        "if abortConnection() ended the sides at once",
        lambda: aborted(Opened(ends_by=["abortConnection"])),
    )
    yield "if the sides ended after abortConnection()", lambda: aborted(Opened(), *THREE[1:])
    yield "if aborting the sides raised", lambda: abort_raises(Opened())


class Case(SynchronousTestCase):
    """A test of Deferreds."""

    longMessage = False  # only our message, without unittest's

    def look(self, deferred, when):
        """Return the Deferred's result, or PENDING."""
        self.assertTrue(
            isinstance(deferred, Deferred), f"Expected a Deferred {when}; got {deferred!r}."
        )
        return outcome(deferred)

    def assert_pending(self, deferred, when):
        """It has no result yet."""
        got = self.look(deferred, when)
        self.assertIs(got, PENDING, f"Expected no result {when}; the Deferred has {got!r}.")

    def assert_done(self, deferred, when):
        """It has fired with None."""
        got = self.look(deferred, when)
        self.assertIs(got, None, f"Expected the Deferred to fire with None {when}; got {got!r}.")

    def assert_failed(self, deferred, error, when):
        """It has failed with this exception."""
        got = self.look(deferred, when)
        self.assertEqual(
            got, Failed(error), f"Expected the Deferred to fail with {error!r} {when}; got {got!r}."
        )

    def assert_ended(self, deferred, when):
        """It has fired or failed."""
        got = self.look(deferred, when)
        self.assertIsNot(got, PENDING, f"Expected the teardown to be over {when}; it still waits.")

    def assert_class(self, thing, kind, when):
        """Its class is this one, not a subclass."""
        got = type(thing)
        self.assertIs(
            got, kind, f"Expected no other class than {kind.__name__} {when}; got {got!r}."
        )

    def assert_nothing_logged(self, when):
        """No Deferred is left with an unhandled failure, which it would log when it is deleted."""
        gc.collect()
        left = ", ".join(sorted({repr(failure.value) for failure in self.flushLoggedErrors()}))
        self.assertEqual(
            left, "", f"Expected each failure to be handled {when}; left in some Deferred: {left}."
        )

    def assert_clock_empty(self, clock, when):
        """No delayed call is left on the clock."""
        left = clock.getDelayedCalls()
        self.assertEqual(
            len(left), 0, f"Expected no call to be left on the clock {when}; these are: {left!r}."
        )
