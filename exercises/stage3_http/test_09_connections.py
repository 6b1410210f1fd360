"""Several requests on one connection: when it goes on, and in which order."""

import re

from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from ..wire import Failed, every_chunking, outcome
from .conversation import (
    GET,
    Conversation,
    Recorder,
    assert_a_loop,
    assert_nothing_kept,
    refuse_whole,
)
from .messages import Fields, Response

POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok"


def saying(*fields, version=b"1.1"):
    """A GET with these field lines."""
    lines = b"".join(field + b"\r\n" for field in fields)
    return b"GET / HTTP/%s\r\nHost: a\r\n%s\r\n" % (version, lines)


class Step20Persistent(SynchronousTestCase):
    """A connection goes on until one side says close.

    Write keeps_open in messages.py, and your part of RequestParser._take_head. HTTP/1.1 keeps the
    connection open unless the request or the response has Connection: close; HTTP/1.0 closes (RFC
    9112 9.3). Connection is a list of names, in any case. The last response says close as well;
    after it, what still comes is not looked at.
    """

    longMessage = False

    def assert_closes(self, data, response=None):
        for chunks in every_chunking(data):
            conversation = Conversation(self, Recorder(response))
            conversation.send(*chunks)
            conversation.send(GET)
            got = conversation.statuses()
            self.assertEqual(
                got,
                [200],
                f"Expected one answer to {chunks!r}, and none to what follows; got {got!r}.",
            )
            self.assertTrue(conversation.closing, f"Expected a close after {chunks!r}; it is open.")
            head = conversation.sent.partition(b"\r\n\r\n")[0].lower()
            said = b",".join(re.findall(rb"\r\nconnection: ([^\r]*)", head))
            self.assertTrue(
                b"close" in re.split(rb"[ \t]*,[ \t]*", said),
                f"Expected Connection: close in the last answer, to {chunks!r}; got {head!r}.",
            )

    def assert_stays(self, data, response=None):
        for chunks in every_chunking(data):
            conversation = Conversation(self, Recorder(response))
            conversation.send(*chunks)
            conversation.send(GET)
            got = conversation.statuses()
            self.assertEqual(
                got, [200, 200], f"Expected two answers, {chunks!r} first; got {got!r}."
            )
            self.assertFalse(conversation.closing, f"Expected an open connection after {chunks!r}.")
            said = [answer.fields.get(b"connection") for answer in conversation.answers()]
            self.assertFalse(b"close" in said, f"Expected no Connection: close after {chunks!r}.")

    def test_close(self):
        """A request that says Connection: close, in any case, is answered, and then the connection is closed."""
        for field in (b"Connection: close", b"connection:CLOSE", b"Connection: Close"):
            self.assert_closes(saying(field))

    def test_list(self):
        """close may be one of several options, in one field or in two (RFC 9110 7.6.1)."""
        for options in (b"keep-alive, close", b"close,x", b"x ,\tclose , y", b",close,"):
            self.assert_closes(saying(b"Connection: " + options))
        fields = [
            b"Connection: x",
            b"X-B: c",
            b"connection: CLOSE",
            b"Connection:",
            b"Connection: y",
        ]
        for i in range(len(fields)):
            self.assert_closes(saying(*fields[i:], *fields[:i]))

    def test_pipelined(self):
        """A request that came in the same bytes, after one that said close, is not answered (RFC 9112 9.6)."""
        self.assert_closes(saying(b"Connection: close") + GET)

    def test_stays(self):
        """Without close, the connection goes on; a word that has close in it is not close."""
        self.assert_stays(GET)
        for options in (
            *(b"keep-alive", b"closed", b"x-close", b"", b"close-not", b"close;x", b'"close"'),
            *(b"x close", b"close\x0b", b"\x85close", b"clo, se", b"x;close"),
        ):
            self.assert_stays(saying(b"Connection: " + options))

    def test_other_fields(self):
        """close counts in Connection only."""
        self.assert_stays(saying(b"X-Connection: close", b"X-B: close", b"Proxy-Connection: close"))

    def test_other_versions(self):
        """HTTP/1.2 goes on, as HTTP/1.1 does."""
        self.assert_stays(saying(version=b"1.2"))

    def test_old_client(self):
        """After an HTTP/1.0 request the connection is closed: such a client waits for that."""
        self.assert_closes(saying(version=b"1.0"))
        self.assert_closes(b"GET / HTTP/1.0\r\n\r\n")
        self.assert_closes(saying(b"Connection: keep-alive", version=b"1.0"))

    def test_handler_says_close(self):
        """A handler may end the connection with its response's fields."""
        for value in (b"close", b"Close", b"x, close"):
            self.assert_closes(GET, Response(200, b"", Fields([(b"Connection", value)])))

    def test_both_sides(self):
        """close of either side counts, whatever the other says; half of it from each is none."""
        for asked, answered in ((b"close", b"x"), (b"x", b"close"), (b"", b"close")):
            response = Response(200, b"", Fields([(b"Connection", answered)]))
            self.assert_closes(saying(b"Connection: " + asked), response)
        response = Response(200, b"", Fields([(b"Connection", b"se")]))
        self.assert_stays(saying(b"Connection: clo"), response)

    def test_content_first(self):
        """The content of a request that says close is read first."""
        data = saying(b"Content-Length: 2", b"Connection: close") + b"ok"
        self.assert_closes(data)

    def test_errors_say_close(self):
        """An answer after which the server closes says so."""
        conversation = Conversation(self)
        conversation.send(b"bad\r\n\r\n")
        said = conversation.answers()[0].fields.get(b"connection")
        self.assertEqual(said, b"close", f"Expected Connection: close in the 400; got {said!r}.")

    def test_empty_lines(self):
        """Empty lines before a request, as some clients send them after content, are left out (RFC 9112 2.2)."""
        for chunks in every_chunking(b"\r\n" + POST + b"\r\n" + GET + b"\r\n\r\n" + GET):
            conversation = Conversation(self)
            conversation.send(*chunks)
            got = conversation.statuses()
            self.assertEqual(got, [200] * 3, f"Expected three answers to {chunks!r}; got {got!r}.")

    def test_almost_empty_lines(self):
        """A line that is not empty, or does not end with CRLF, is none of them: 400 (RFC 9112 2.2)."""
        for line in (b" \r\n", b"\t\r\n", b"\n", b"\r\r\n", b"\0\r\n", b"\r\n ", b"\r\n\n", b"\r"):
            refuse_whole(self, line + GET, 400)

    def test_drops_the_rest(self):
        """What comes after the last answer is dropped, not kept."""
        assert_nothing_kept(self, saying(b"Connection: close"), "Connection: close")

    def test_empty_lines_take_time(self):
        """A client that sends nothing but empty lines gets a 408, its time over from the first of them (P10)."""
        conversation = Conversation(self)
        conversation.wait(20)
        for _ in range(6):
            conversation.send(b"\r\n")
            conversation.wait(9.75)
        conversation.wait(1.25)
        self.assertFalse(
            conversation.closing, "Expected an open connection 59.75 s after an empty line."
        )
        conversation.wait(0.25)
        got = conversation.statuses()
        self.assertEqual(
            got, [408], f"Expected a 408 60 s after the first empty line; got {got!r}."
        )
        self.assertTrue(conversation.closing, "Expected a close after the 408; it is open.")


class Step21Pipelined(SynchronousTestCase):
    """Requests that come before the answer wait their turn.

    Write your parts of _serve and _wait_for, and _go_on, in server.py. A client may send its next
    request before it has the answer to the first. It takes the answers in the order of its
    requests, for nothing else says which is which (CVE-2023-46137, RFC 9112 9.3.2). So take one
    request at a time. What comes meanwhile is kept, and to keep little, reading stops once some
    of the next request has come: transport.pauseProducing(). Not before, though, or nobody hears
    the client leave. After the answer, transport.resumeProducing().
    """

    longMessage = False

    def setUp(self):
        self.waiting = {}

    def handler(self, request):
        self.waiting[request.target] = deferred = Deferred()
        return deferred

    def answer(self, target):
        """Let the handler answer. A callback of yours that raises would else be noticed by nobody."""
        deferred = self.waiting[target]
        deferred.callback(Response(200, target))
        got = outcome(deferred)
        if isinstance(got, Failed) and isinstance(got.reason, NotImplementedError):
            raise got.reason
        self.assertFalse(
            isinstance(got, Failed),
            f"Expected the answer to {target!r} to raise nothing in the server; it raised {got!r}.",
        )

    def asking(self, *targets):
        return b"".join(GET.replace(b"/", target, 1) for target in targets)

    def assert_answered(self, conversation, *targets):
        got = [answer.content for answer in conversation.answers()]
        self.assertEqual(
            got, list(targets), f"Expected the answers {targets!r}, in order; got {got!r}."
        )

    def assert_asked(self, *targets):
        got = list(self.waiting)
        self.assertEqual(
            got, list(targets), f"Expected the handler to have {targets!r}; it got {got!r}."
        )

    def test_one_at_a_time(self):
        """The handler gets the second request when the first is answered, not before."""
        for chunks in every_chunking(self.asking(b"/1", b"/2", b"/3")):
            self.waiting.clear()
            conversation = Conversation(self, self.handler)
            conversation.send(*chunks)
            self.assert_asked(b"/1")
            self.answer(b"/1")
            self.assert_asked(b"/1", b"/2")
            self.assert_answered(conversation, b"/1")
            self.answer(b"/2")
            self.answer(b"/3")
            self.assert_answered(conversation, b"/1", b"/2", b"/3")

    def test_slow_first(self):
        """A quick second answer does not overtake a slow first one (CVE-2023-46137)."""
        slow = Deferred()
        conversation = Conversation(
            self, Recorder(lambda r: slow if r.target == b"/1" else Response(200, r.target))
        )
        conversation.send(self.asking(b"/1", b"/2"), self.asking(b"/3"))
        self.assertEqual(conversation.sent, b"", "Expected nothing before the first answer.")
        slow.callback(Response(200, b"/1"))
        self.assert_answered(conversation, b"/1", b"/2", b"/3")

    def test_quick_ones(self):
        """Requests whose Deferreds have fired already are answered in a loop: Python's stack is not deep enough else."""
        assert_a_loop(self, lambda request: succeed(Response(200)))

    def test_quick_ones_after_a_slow_one(self):
        """So are those that waited for a slow one."""
        slow = Deferred()
        results = iter([slow])
        assert_a_loop(
            self,
            lambda request: next(results, None) or succeed(Response(200)),
            then=lambda: slow.callback(Response(200)),
        )

    def test_paused(self):
        """Reading stops once some of the next request has come, and goes on after the answer."""
        conversation = Conversation(self, self.handler)
        conversation.send(self.asking(b"/1"), self.asking(b"/2")[:5])
        got = conversation.transport.producerState
        self.assertEqual(
            got,
            "paused",
            f"Expected transport.pauseProducing() while the handler works; it is {got}.",
        )
        self.answer(b"/1")
        got = conversation.transport.producerState
        self.assertEqual(
            got, "producing", f"Expected transport.resumeProducing() after the answer; it is {got}."
        )
        conversation.send(self.asking(b"/2")[5:])
        self.assert_asked(b"/1", b"/2")

    def test_paused_again(self):
        """It stops for each request anew."""
        conversation = Conversation(self, self.handler)
        conversation.send(self.asking(b"/1", b"/2"), self.asking(b"/3"))
        self.answer(b"/1")
        got = conversation.transport.producerState
        self.assertEqual(
            got,
            "paused",
            f"Expected reading to stop while /2 is worked on and /3 is here; it is {got}.",
        )
        self.answer(b"/2")
        self.answer(b"/3")
        got = conversation.transport.producerState
        self.assertEqual(got, "producing", f"Expected reading to go on after /3; it is {got}.")
        self.assert_answered(conversation, b"/1", b"/2", b"/3")

    def test_not_paused_alone(self):
        """Reading goes on while the handler works on the only request: else nobody hears the client leave."""
        conversation = Conversation(self, self.handler)
        conversation.send(self.asking(b"/1"))
        got = conversation.transport.producerState
        self.assertEqual(got, "producing", f"Expected reading to go on; it is {got}.")

    def test_close_alone(self):
        """After the last answer the connection closes, and nothing is resumed: a closing transport refuses that."""
        conversation = Conversation(self, self.handler)
        conversation.send(saying(b"Connection: close"))
        self.answer(b"/")
        self.assertTrue(conversation.closing, "Expected a close after the answer; it is open.")

    def test_close_in_between(self):
        """What came after a request that says close is never asked of the handler."""
        conversation = Conversation(self, self.handler)
        conversation.send(saying(b"Connection: close") + self.asking(b"/2"))
        self.answer(b"/")
        self.assert_asked(b"/")
        self.assert_answered(conversation, b"/")
        self.assertTrue(conversation.closing, "Expected a close after the answer; it is open.")

    def test_bad_one_waits(self):
        """A bad request is answered in its turn too."""
        conversation = Conversation(self, self.handler)
        conversation.send(self.asking(b"/1") + b"bad\r\n\r\n")
        self.assertEqual(conversation.sent, b"", "Expected nothing before the first answer.")
        self.answer(b"/1")
        got = conversation.statuses()
        self.assertEqual(got, [200, 400], f"Expected 200, then 400; got {got!r}.")
        self.assertTrue(conversation.closing, "Expected a close after the 400; it is open.")

    def test_failure_in_between(self):
        """After a handler that failed late, the next request has its turn."""
        conversation = Conversation(self, self.handler)
        conversation.send(self.asking(b"/1", b"/2"))
        self.waiting[b"/1"].errback(RuntimeError())
        self.flushLoggedErrors(RuntimeError)
        self.answer(b"/2")
        got = conversation.statuses()
        self.assertEqual(got, [500, 200], f"Expected 500, then 200; got {got!r}.")

    def test_client_leaves(self):
        """When the client leaves, what waits is never asked of the handler."""
        conversation = Conversation(self, self.handler)
        conversation.send(self.asking(b"/1", b"/2"))
        conversation.lose()
        self.flushLoggedErrors()
        self.assert_asked(b"/1")
        self.assertEqual(conversation.sent, b"", "Expected no write to a client that left.")
