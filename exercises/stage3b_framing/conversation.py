"""A client for the tests: a connection without a network, and responses parsed from its bytes.

It knows as much HTTP as the answers need, and nothing of how your code works inside.
"""

import re
import traceback
import tracemalloc
from dataclasses import dataclass
from inspect import stack
from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionAborted, ConnectionLost
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.logger import formatEvent, globalLogPublisher
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from ..wire import every_chunking
from .messages import Response
from .server import HTTPFactory, HTTPProtocol

FOLDER = Path(__file__).parent
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
# The usual ones except CONNECT, which opens a tunnel; and two that nobody has registered.
METHODS = [
    b"GET",
    b"HEAD",
    b"POST",
    b"PUT",
    b"PATCH",
    b"DELETE",
    b"OPTIONS",
    b"TRACE",
    b"get",
    b"X",
]


@dataclass(frozen=True)
class Answer:
    """One response. fields: each name in lower case, with its last value."""

    status: int
    reason: bytes
    fields: dict
    content: bytes


class Recorder:
    """A handler that records its requests.

    result: returned for each request, or raised if it is an exception; or a function that returns it for a request.
    """

    def __init__(self, result=None):
        self.result = Response(200, b"Hello.\n") if result is None else result
        self.requests = []

    def __call__(self, request):
        self.requests.append(request)
        result = self.result(request) if callable(self.result) else self.result
        if isinstance(result, Exception):
            raise result
        return result

    @property
    def targets(self):
        return [request.target for request in self.requests]


def _place(error):
    """Return where an exception was raised: the last line of the code under test that it passed."""
    frames = traceback.extract_tb(error.__traceback__)
    *_, last = (frame for frame in frames if Path(frame.filename).parent == FOLDER)
    return f" ({Path(last.filename).name}, line {last.lineno})"


class Conversation:
    """A client connected to your server. It has a Clock, which only the test advances."""

    def __init__(self, case, handler=None, factory=None, **options):
        self.case = case
        self.handler = Recorder() if handler is None else handler
        self.clock = options.pop("clock", None) or Clock()
        self.factory = factory or HTTPFactory(self.handler, self.clock, **options)
        self.transport = StringTransport()
        self.protocol = HTTPProtocol()
        self.protocol.factory = self.factory
        self.protocol.makeConnection(self.transport)

    def send(self, *chunks):
        """Deliver bytes, one chunk at a time, as a transport would. If dataReceived raises, the test fails."""
        for chunk in chunks:
            try:
                self.protocol.dataReceived(chunk)
            except NotImplementedError:
                raise
            except Exception as error:
                self.case.fail(
                    f"Expected dataReceived to raise nothing, since Twisted then closes the connection with "
                    f"no answer; for {shown(chunk)} it raised {type(error).__name__}: {error}{_place(error)}"
                )

    def lose(self, error=None):
        """Let the connection end, with ConnectionLost if no other error is given."""
        self.protocol.connectionLost(Failure(error or ConnectionLost()))

    def wait(self, seconds):
        """Let time pass, a quarter of a second at a time."""
        self.clock.pump([0.25] * round(seconds * 4))

    @property
    def sent(self):
        """All bytes that the server has written."""
        return self.transport.value()

    @property
    def state(self):
        """What the server has asked of its connection: "open"; "closed", after everything that was written is sent; or
        "aborted", which drops anything not sent yet."""
        if self.transport.disconnected:
            return "aborted"
        return "closed" if self.transport.disconnecting else "open"

    @property
    def closing(self):
        """Whether the server has called loseConnection, and not abortConnection."""
        return self.state == "closed"

    def answers(self, *heads):
        """The responses that the server has written. heads: the indexes of the answers to HEAD."""
        found, rest = [], self.sent
        while rest:
            head, empty, rest = rest.partition(b"\r\n\r\n")
            line, *fields = head.split(b"\r\n")
            match = re.fullmatch(rb"HTTP/1\.1 ([0-9]{3}) ([^\r\n]*)", line)
            if not (
                match and empty and all(re.fullmatch(rb"[^:\s]+: [^\r\n]*", f) for f in fields)
            ):
                self.case.fail(f"Expected HTTP/1.1 responses only; got {shown(self.sent)}.")
            named = {n.lower(): v for n, v in (field.split(b": ", 1) for field in fields)}
            status = int(match[1])
            bare = len(found) in heads or status in (100, 204, 304)
            length = 0 if bare else int(named.get(b"content-length", len(rest)))
            if len(rest) < length:
                self.case.fail(f"Expected {length} bytes of content; got {shown(self.sent)}.")
            found.append(Answer(status, match[2], named, rest[:length]))
            rest = rest[length:]
        return found

    def statuses(self, *heads):
        """The responses' statuses."""
        return [answer.status for answer in self.answers(*heads)]


class LogTestCase(SynchronousTestCase):
    """A test case that records Twisted's log."""

    longMessage = False

    def setUp(self):
        self.events = []
        globalLogPublisher.addObserver(self.events.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.events.append)

    def keeps_secrets(self, request, *handlers):
        """Whichever of these handlers fails, the log has no "hidden" of the request.

        handlers: each fails at once, or returns a Deferred, which then fails later.
        """
        for handler in handlers:
            before, given = len(self.events), []
            conversation = Conversation(self, keeping(handler, given))
            conversation.send(request)
            for result in given:
                if isinstance(result, Deferred) and not result.called:
                    result.errback(RuntimeError("why"))
            got = conversation.statuses()
            self.assertEqual(got, [500], f"Expected a 500 to {shown(request)}; got {got!r}.")
            texts = [formatEvent(event) for event in self.events[before:]]
            # All values of an event: a log in JSON has them all.
            texts += [repr(event) for event in self.events[before:]]
            texts += [failure.getTraceback() for failure in self.flushLoggedErrors()]
            self.assertFalse(
                "hidden" in "".join(texts),
                f"Expected nothing of the fields and content of {shown(request)} in the log; it has: {texts}",
            )


def keeping(handler, given):
    """A handler that also puts the other handler's result into a list."""

    def kept(request):
        given.append(handler(request))
        return given[-1]

    return kept


def assert_apart(case, one, other):
    """Two connections of one factory that send a byte in turn get the same as alone, whichever is ahead."""
    factory = HTTPFactory(lambda r: Response(200, r.target + b" " + r.content), Clock())
    alone = []
    for data in (one, other):
        conversation = Conversation(case, factory=factory)
        conversation.send(*[data[i : i + 1] for i in range(len(data))])
        alone.append(conversation.sent)
    for behind in range(0, len(one), 5):
        both = [Conversation(case, factory=factory) for _ in range(2)]
        for i in range(max(len(one), behind + len(other))):
            both[0].send(*[one[i : i + 1]] * (i < len(one)))
            both[1].send(*[other[i - behind :][:1]] * (behind <= i < behind + len(other)))
        got = [conversation.sent for conversation in both]
        case.assertEqual(
            got,
            alone,
            f"Expected {alone!r} for {one!r} and {other!r}, on two connections, a byte in turn, the second {behind} bytes "
            f"behind; got {got!r}.",
        )


def refuse_whole(case, data, *statuses, **options):
    """A request, in one chunk, gets one of these statuses and a close."""
    conversation = Conversation(case, **options)
    conversation.send(data)
    assert_refused(case, conversation, statuses, shown(data) + with_options(options))


def assert_not_repeated(case, data):
    """The answer to a bad request that has "script" in it does not repeat that."""
    conversation = Conversation(case)
    conversation.send(data)
    got = conversation.statuses()
    case.assertTrue(got and got[-1] >= 400, f"Expected {data!r} to be refused; got {got!r}.")
    case.assertFalse(
        b"script" in conversation.sent,
        f"Expected nothing of {data!r} in the {got[-1]}; got {conversation.sent!r}.",
    )


def refuse(case, data, *statuses, **options):
    """A request, in any chunks, gets one of these statuses and a close, at once; a request after it gets nothing."""
    for chunks in every_chunking(data):
        conversation = Conversation(case, **options)
        conversation.send(*chunks)
        what = f"the chunks {chunks!r}{with_options(options)}"
        assert_refused(case, conversation, statuses, what)
        conversation.send(GET)
        assert_refused(case, conversation, statuses, f"{what}, and a GET after them")


def in_chunks(chunks):
    """How some bytes were cut, in words for a message."""
    sizes = [len(chunk) for chunk in chunks]
    if len(sizes) == 1:
        return "in one chunk"
    if len(sizes) == 2:
        return f"in two chunks, of {sizes[0]} and {sizes[1]} bytes"
    return "byte by byte"


def shown(data):
    """Bytes for a message, cut if there are many."""
    return repr(data) if len(data) <= 200 else f"{data[:150]!r}… ({len(data)} bytes)"


def with_options(options):
    """A conversation's options, the limits for instance, in words for a message."""
    return "".join(f", with {value!r}" for value in options.values())


def assert_refused(case, conversation, statuses, what, after=0):
    """One answer with one of these statuses, then a close; nothing to the handler.

    after: how many good requests were answered before.
    """
    wanted = " or ".join(map(str, statuses))
    got = conversation.statuses()[after:]
    case.assertTrue(
        len(got) == 1 and got[0] in statuses,
        f"Expected one answer, {wanted}, to {what}; got {got or 'none'}.",
    )
    case.assertTrue(
        conversation.closing,
        f"Expected loseConnection() after the {got[0]} to {what}; the connection is {conversation.state}.",
    )
    case.assertEqual(
        len(conversation.handler.requests),
        after,
        f"Expected {what} never to reach the handler; it got {conversation.handler.requests!r}.",
    )


def assert_read_or_aborted(case, conversation, what):
    """The server has just closed. Its client has 60 s to read everything, and sends meanwhile; then it is aborted."""
    sent = conversation.sent
    for seconds, expected in ((0, "closed"), (59.75, "closed"), (0.25, "aborted")):
        conversation.send(GET)
        conversation.wait(seconds)
        got = conversation.state
        case.assertEqual(
            got,
            expected,
            "Expected loseConnection(), and abortConnection() 60 s later, not sooner, if the client does not read; "
            f"after {what}, and {seconds} s more, the connection is {got}, not {expected}.",
        )
        more = conversation.sent[len(sent) :]
        case.assertEqual(
            more,
            b"",
            f"Expected no write after the close; after {what}, and {seconds} s, {more!r}.",
        )
    conversation.lose(ConnectionAborted())


def damaged(data, begin=0):
    """The bytes, each time with one byte of one CRLF after ``begin`` removed, replaced, or with another before it."""
    others = (b"", b"x", b" ", b"\0", b"\r", b"\n", b"\x0b", b"\x0c", b"\x85")
    for i in range(begin, len(data)):
        here = data[i : i + 1]
        if here in (b"\r", b"\n"):
            yield from (data[:i] + other + data[i + 1 :] for other in others if other != here)
            # A space or tab before a CRLF may belong to the line.
            yield from (data[:i] + other + data[i:] for other in (b"\r", b"\n", b"\0"))


def refuse_damaged(case, data, begin=0):
    """A request with one wrong byte in a CRLF after ``begin`` gets a 400 and a close, whole and byte by byte."""
    for wrong in damaged(data, begin):
        if wrong.startswith(data):
            continue  # The request itself is unchanged; the wrong byte comes after it.
        wrong += GET
        for chunks in ([wrong], [wrong[i : i + 1] for i in range(len(wrong))]):
            conversation = Conversation(case)
            conversation.send(*chunks)
            size = f"{wrong!r}, in {len(chunks)} chunk{'s' * (len(chunks) > 1)}"
            assert_refused(case, conversation, [400], size)


def assert_bytes(case, request):
    """All parts of a request are bytes: a bytearray compares equal, but is not hashable, and may change."""
    parts = [request.method, request.target, request.version, request.content]
    parts += [part for pair in request.fields for part in pair]
    for part in parts:
        case.assertIs(
            type(part),
            bytes,
            f"Expected all parts of a request to be bytes; one is a {type(part).__name__}, {shown(part)}.",
        )


def assert_nothing_kept(case, begin, what):
    """Data after the server's last answer is dropped: eight million bytes take no memory."""
    conversation, more = Conversation(case), b"x" * 2**20
    conversation.send(begin)
    case.assertTrue(conversation.closing, f"Expected a close after {what}; it is open.")
    tracemalloc.start()
    case.addCleanup(tracemalloc.stop)
    before = tracemalloc.get_traced_memory()[0]
    conversation.send(*[more] * 8)
    took = tracemalloc.get_traced_memory()[0] - before
    case.assertLess(
        took,
        2**20,
        f"Expected bytes after {what} to be dropped; of 2**23 bytes, {took} are kept.",
    )


def assert_nothing_copied(case, begin, limits):
    """Eight million bytes of half a request are not copied again for each further byte.

    The test measures the memory that the further bytes take: copying the received bytes takes as much memory again.
    A buffer that grows in place, or a list of chunks, takes little.
    """
    conversation = Conversation(case, limits=limits)
    tracemalloc.start()
    case.addCleanup(tracemalloc.stop)
    conversation.send(begin, b"x" * 2**23)
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    conversation.send(*[b"x"] * 50)
    took = tracemalloc.get_traced_memory()[1] - before
    case.assertLess(
        took,
        2**22,
        f"Expected 50 more bytes to take little memory after {begin!r} and 2**23 bytes; at the peak they take {took} "
        "bytes. Are all received bytes copied for each chunk?",
    )


def assert_a_loop(case, answer, then=lambda: None, status=200):
    """Fifty requests in one chunk are answered in a loop, not each from within the one before.

    With some hundreds of them, recursion ends in a RecursionError. The test measures the depth of Python's stack when the
    handler is called, so that fifty are enough.

    answer: returns the handler's result for a request. then: called when all have come, to let a slow handler answer.
    status: that of the answers.
    """
    depths = []

    def handler(request):
        depths.append(len(stack(0)))
        return answer(request)

    conversation = Conversation(case, handler)
    conversation.send(GET * 50)
    then()
    got = conversation.statuses()
    case.assertEqual(
        got, [status] * 50, f"Expected 50 answers with {status}; got {len(got)}: {got!r}."
    )
    deeper = depths[-1] - depths[1]
    case.assertLess(
        deeper,
        40,
        f"Expected the 50th answer as deep in Python's stack as the second; it is {deeper} calls deeper: a recursion.",
    )
