"""Several requests on one connection: when it stays open, and when it closes."""

import re

from twisted.internet.defer import Deferred, fail
from twisted.trial.unittest import SynchronousTestCase

from ..wire import Failed, every_chunking, outcome
from .conversation import (
    GET,
    Conversation,
    Recorder,
    assert_nothing_kept,
    assert_read_or_aborted,
    refuse_whole,
)
from .messages import Fields, Response

POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok"


def saying(*fields, version=b"1.1"):
    """A GET with these field lines."""
    lines = b"".join(field + b"\r\n" for field in fields)
    return b"GET / HTTP/%s\r\nHost: a\r\n%s\r\n" % (version, lines)


class Step06Persistent(SynchronousTestCase):
    """A connection stays open until one side says close.

    Write keeps_open in messages.py, and your part of RequestParser._take_head. A connection is
    closed after an HTTP/1.0 request, whatever it says, and if close, in any case, is one of the
    options in the Connection fields of the request or the response (RFC 9112 9.3). The last
    response says Connection: close, others do not; a handler may have said it already. Later
    bytes are ignored and not kept. Empty lines before a request, each nothing but a CRLF, are
    skipped (RFC 9112 2.2). A request's time begins with the first of them: a client that sends
    nothing else gets a 408.
    """

    longMessage = False

    def assert_closes(self, data, response=None):
        # After another request too, which may have kept it open.
        conversation = Conversation(
            self, lambda r: (r.target == b"/" and response) or Response(200)
        )
        conversation.send(b"X /a HTTP/1.1\r\nHost: b\r\nContent-Length: 1\r\n\r\nx", data)
        conversation.send(GET)
        got = len(conversation.statuses())
        self.assertEqual(got, 2, f"Expected two answers, to a request and to {data!r}; got {got}.")
        for chunks in every_chunking(data):
            conversation = Conversation(self, Recorder(response))
            conversation.send(*chunks)
            conversation.send(GET)
            got = conversation.statuses()
            self.assertEqual(
                got,
                [200],
                f"Expected one answer to {chunks!r}, and none to the GET after it; got {got!r}.",
            )
            self.assertTrue(conversation.closing, f"Expected a close after {chunks!r}; it is open.")
            head = conversation.sent.partition(b"\r\n\r\n")[0].lower()
            options = b",".join(re.findall(rb"\r\nconnection: ([^\r]*)", head))
            self.assertTrue(
                b"close" in re.split(rb"[ \t]*,[ \t]*", options),
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
            state = conversation.state
            self.assertEqual(state, "open", f"Expected it open after {chunks!r}; it is {state}.")
            said = [answer.fields.get(b"connection") for answer in conversation.answers()]
            self.assertFalse(b"close" in said, f"Expected no Connection: close after {chunks!r}.")

    def test_close(self):
        """After the answer to a request with Connection: close, in any case, the connection is closed."""
        for field in (b"Connection: close", b"connection:CLOSE", b"CONNECTION: Close"):
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
        """A request in the same bytes, after one with close, is not answered (RFC 9112 9.6)."""
        self.assert_closes(saying(b"Connection: close") + GET)

    def test_stays(self):
        """Without close, the connection stays open; a word that contains close is not close."""
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
        """After HTTP/1.2 the connection stays open, as after HTTP/1.1."""
        self.assert_stays(saying(version=b"1.2"))

    def test_old_client(self):
        """After an HTTP/1.0 request the connection is closed: such a client waits for the close."""
        self.assert_closes(saying(version=b"1.0"))
        self.assert_closes(b"GET / HTTP/1.0\r\n\r\n")
        self.assert_closes(saying(b"Connection: keep-alive", version=b"1.0"))

    def test_handler_says_close(self):
        """A handler may end the connection with its response's fields."""
        for value in (b"close", b"Close", b"x, close"):
            self.assert_closes(GET, Response(200, b"", Fields([(b"Connection", value)])))

    def test_both_sides(self):
        """close from either side counts, whatever the other says; half a word from each is not close."""
        for asked, answered in ((b"close", b"x"), (b"x", b"close"), (b"", b"close")):
            response = Response(200, b"", Fields([(b"Connection", answered)]))
            self.assert_closes(saying(b"Connection: " + asked), response)
        response = Response(200, b"", Fields([(b"Connection", b"se")]))
        self.assert_stays(saying(b"Connection: clo"), response)

    def test_content_first(self):
        """The content of a request with close is read first."""
        data = saying(b"Content-Length: 2", b"Connection: close") + b"ok"
        self.assert_closes(data)

    def test_errors_say_close(self):
        """A 400, after which the server closes, has Connection: close."""
        conversation = Conversation(self)
        conversation.send(b"bad\r\n\r\n")
        said = conversation.answers()[0].fields.get(b"connection")
        self.assertEqual(said, b"close", f"Expected Connection: close in the 400; got {said!r}.")

    def test_failures_close(self):
        """After a 500, the connection is closed or stays open as after any other answer."""
        late = Response(200, "text", Fields([(b"Connection", b"close")]))
        for handler in (Recorder(RuntimeError()), Recorder(late), lambda request: fail(KeyError())):
            for data, state in (
                (saying(b"Connection: close"), "closed"),
                (saying(b"Connection: x, Close"), "closed"),
                (saying(version=b"1.0"), "closed"),
                (GET, "open"),
            ):
                conversation = Conversation(self, handler)
                conversation.send(data)
                self.flushLoggedErrors()
                (answer,) = conversation.answers()
                got = (answer.status, conversation.state, b"connection" in answer.fields)
                expected = (500, state, state == "closed")
                self.assertEqual(
                    got,
                    expected,
                    f"Expected a 500 to {data!r}, the connection {state}, and Connection: close if it is closed; "
                    f"got {conversation.sent!r}, and it is {conversation.state}.",
                )

    def test_refusals_say_close(self):
        """A 408 has Connection: close, even after other answers."""
        conversation = Conversation(self)
        conversation.send(GET, GET[:5])
        conversation.wait(60)
        said = [answer.fields.get(b"connection") for answer in conversation.answers()]
        self.assertEqual(
            said, [None, b"close"], f"Expected Connection: close in the 408 alone; got {said!r}."
        )

    def test_beside_another_option(self):
        """The handler's own Connection field does not replace the server's close."""
        response = Response(200, b"", Fields([(b"Connection", b"X-B")]))
        conversation = Conversation(self, Recorder(response))
        conversation.send(saying(b"Connection: close"))
        lines = conversation.sent.lower().split(b"\r\n")
        options = b",".join(line[11:] for line in lines if line.startswith(b"connection:"))
        self.assertTrue(
            b"close" in [option.strip() for option in options.split(b",")],
            f"Expected the option close in a Connection field; got {conversation.sent!r}.",
        )

    def test_does_not_read(self):
        """A client that does not read its last answer is aborted after 60 s, whoever said close."""
        close = Response(200, b"", Fields([(b"Connection", b"close")]))
        for what, data, response in (
            ("Connection: close", saying(b"Connection: close"), None),
            ("Connection: close in the response", GET, close),
            ("HTTP/1.0", saying(version=b"1.0"), None),
            ("a 500 and Connection: close", saying(b"Connection: close"), RuntimeError()),
        ):
            for seconds in (0, 100):
                result = Deferred()
                conversation = Conversation(self, Recorder(result))
                conversation.send(data[:5])
                conversation.wait(20)
                conversation.send(data[5:])
                conversation.wait(seconds)
                (result.errback if isinstance(response, Exception) else result.callback)(
                    response or Response(200)
                )
                self.flushLoggedErrors()
                got = outcome(result)
                self.assertFalse(
                    isinstance(got, Failed) and got.reason is not response,
                    f"Expected the server to raise nothing on the answer to {what}; it raised {got!r}.",
                )
                assert_read_or_aborted(self, conversation, f"{what}, {seconds} s into the work")
                left = conversation.clock.getDelayedCalls()
                self.assertEqual(left, [], f"Expected an empty clock after {what}; it has {left}.")

    def test_empty_lines(self):
        """Empty lines before a request, which some clients send after content, are skipped (RFC 9112 2.2)."""
        for chunks in every_chunking(b"\r\n" + POST + b"\r\n" + GET + b"\r\n\r\n" + GET):
            conversation = Conversation(self)
            conversation.send(*chunks)
            got = conversation.statuses()
            self.assertEqual(got, [200] * 3, f"Expected three answers to {chunks!r}; got {got!r}.")

    def test_many_requests(self):
        """There may be any number of requests, and of empty lines before each one."""
        conversation = Conversation(self)
        conversation.send(*[b"\r\n" * 100 + GET] * 300)
        got, state = conversation.statuses(), conversation.state
        self.assertEqual(
            (got.count(200), len(got), state),
            (300, 300, "open"),
            f"Expected 300 answers with 200, and no close; got {len(got)}, and it is {state}.",
        )

    def test_almost_empty_lines(self):
        """A line that is not empty, or does not end with CRLF, is not skipped: 400 (RFC 9112 2.2)."""
        for line in (b" \r\n", b"\t\r\n", b"\n", b"\r\r\n", b"\0\r\n", b"\r\n ", b"\r\n\n", b"\r"):
            refuse_whole(self, line + GET, 400)

    def test_drops_the_rest(self):
        """Bytes after the last answer are dropped, not kept."""
        assert_nothing_kept(self, saying(b"Connection: close"), "Connection: close")

    def test_empty_lines_take_time(self):
        """A client that sends only empty lines gets a 408; its time begins with the first of them."""
        for before in ([], [200]):
            conversation = Conversation(self)
            conversation.send(*[GET] * len(before))
            conversation.wait(20)
            for _ in range(6):
                conversation.send(b"\r\n")
                conversation.wait(9.75)
            conversation.wait(1.25)
            state = conversation.state
            self.assertEqual(
                state, "open", f"Expected it open 59.75 s after an empty line; it is {state}."
            )
            conversation.wait(0.25)
            got = conversation.statuses()
            self.assertEqual(
                got,
                [*before, 408],
                f"Expected a 408 60 s after the first empty line, after {before}; got {got!r}.",
            )
            state = conversation.state
            self.assertEqual(state, "closed", f"Expected a close after the 408; it is {state}.")
