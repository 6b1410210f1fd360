"""Errors: bytes that are not requests, handlers that fail."""

from twisted.internet.defer import CancelledError
from twisted.trial.unittest import SynchronousTestCase

from ..wire import every_chunking
from .conversation import (
    GET,
    SECRET,
    Conversation,
    LogTestCase,
    Recorder,
    assert_a_loop,
    assert_not_repeated,
    assert_nothing_kept,
    assert_refused,
    refuse,
    refuse_damaged,
    refuse_whole,
    shown,
)
from .messages import BadRequest, Response


class Step08BadRequest(SynchronousTestCase):
    """A bad request gets a 400 and a close, and nothing more is read.

    Write your parts of parse_fields, RequestParser._take_head and HTTPProtocol._serve. Answer a
    BadRequest with its status, then close, always with loseConnection. The answer repeats
    nothing of the request. Later bytes are ignored and not kept; good requests before the bad
    one are answered. 400 is for a bad request line; a field line without a colon, or whose name
    is not a token (it is empty, ends with a space, or begins with a space or tab); CR, LF or
    NUL anywhere but in a CRLF. HEAD_END also finds the end of a head whose lines, all or only
    the last, end with a bare LF: refuse it at once, without waiting for more.
    """

    longMessage = False

    def test_request_line(self):
        """A bad request line is answered with 400 (RFC 9112 3)."""
        for line in (
            b"GET /",
            b"GET  / HTTP/1.1",
            b"GET /a b HTTP/1.1",
            b"G(T / HTTP/1.1",
            b"GET / HTTP/1",
        ):
            refuse(self, line + b"\r\nHost: a\r\n\r\n", 400)

    def field(self, *lines):
        for line in lines:
            refuse(self, b"GET / HTTP/1.1\r\nHost: a\r\n" + line + b"\r\n\r\n", 400)

    def test_no_colon(self):
        """A field line without a colon, or without a name, is answered with 400 (RFC 9112 5)."""
        self.field(b"X-B", b": b", b"X-B\r\nX-C: c")

    def test_space_before_colon(self):
        """A space or tab between name and colon is answered with 400 (RFC 9112 5.1)."""
        self.field(b"X-B : b", b"X-B\t: b", b"Content-Length : 5")

    def test_folded(self):
        """A line that begins with a space or tab, which once continued a line, is answered with 400 (RFC 9112 5.2)."""
        self.field(b"X-B: b\r\n c", b"X-B: b\r\n\tc: d", b" X-B: b")

    def test_space_before_the_first_field(self):
        """Whitespace between the request line and the first field is answered with 400 (RFC 9112 2.2)."""
        refuse(self, b"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400)

    def test_name(self):
        """A name that is not a token is answered with 400 (RFC 9110 5.1)."""
        self.field(b"X B: b", b"X(B): b", b"X\xe9: b", b"X\x7f: b", b"\x0bX: b", b"X\x0c: b")
        for byte in b'"(),/;<=>?@[\\]{}':
            refuse_whole(self, b"GET / HTTP/1.1\r\nHost: a\r\nX%c: b\r\n\r\n" % byte, 400)

    def test_any_token(self):
        """A name of a token's characters, and a value of any bytes but CR, LF and NUL, pass unchanged."""
        pair = (b"!#$%&'*+.^_`|~09azAZ-", bytes(set(range(256)) - set(b"\r\n\0")) + b"\xc3\xa9.")
        conversation = Conversation(self)
        conversation.send(GET[:-2] + b"%s: a%s\r\n\r\n" % pair)
        got = [list(request.fields)[1:] for request in conversation.handler.requests]
        expected = [[(pair[0], b"a" + pair[1])]]
        self.assertEqual(got, expected, f"Expected the fields {expected!r}; got {got!r}.")

    def test_bare_line_feed(self):
        r"""A \n without its \r ends no line: it is answered with 400 (RFC 9112 2.2, #12754)."""
        self.field(b"X-B: b\nX-C: c", b"X-B: b\n c")
        refuse(self, b"GET / HTTP/1.1\nHost: a\r\n\r\n", 400)

    def test_only_line_feeds(self):
        r"""A head whose lines all end with a bare \n is answered with 400 at once, without waiting for more."""
        refuse(self, b"GET / HTTP/1.1\nHost: a\n\n", 400)
        refuse(self, b"GET / HTTP/1.1\r\nHost: a\r\n\n", 400)
        for chunks in every_chunking(b"\n\n"):
            for before in (0, 1):
                conversation = Conversation(self)
                conversation.send(*[GET] * before, *chunks)
                what = f"the chunks {chunks!r} after {before} requests"
                assert_refused(self, conversation, [400], what, after=before)

    def test_bare_carriage_return(self):
        r"""A \r without its \n is answered with 400 (RFC 9112 2.2)."""
        self.field(b"X-B: b\rX-C: c", b"X-B: \r", b"X\r-B: b")

    def test_nul(self):
        """A NUL anywhere in a head is answered with 400 (RFC 9110 5.5)."""
        self.field(b"X-B: b\0c", b"X-B: \0")
        for i in range(1, len(GET) - 1):
            refuse_whole(self, GET[:i] + b"\0" + GET[i:] + GET, 400)

    def test_each_byte_of_each_crlf(self):
        """Each CRLF of a head is exactly its two bytes (RFC 9112 2.2)."""
        refuse_damaged(self, GET[:-2] + b"X-B: c\r\n\r\n")

    def test_byte_order_mark(self):
        """Bytes before a request, such as UTF-8's byte order mark, belong to its line: 400."""
        for byte in (b"\xef\xbb\xbf", b" ", b"\t", b"\0", b"\x0b", b"\xff", b"\n"):
            refuse_whole(self, byte + GET, 400)
            conversation = Conversation(self)
            conversation.send(GET + byte + GET)
            got = conversation.statuses()
            self.assertEqual(
                got,
                [200, 400],
                f"Expected 200, then 400, for a GET, {byte!r} and a GET; got {got}.",
            )

    def test_good_one_before(self):
        """A good request before the bad one is answered; the one after it never is."""
        conversation = Conversation(self)
        conversation.send(GET + b"bad\r\n\r\n" + GET)
        got = conversation.statuses()
        self.assertEqual(got, [200, 400], f"Expected 200, then 400, and no third; got {got!r}.")
        assert_refused(self, conversation, [400], "the second request", after=1)

    def test_ignores_the_rest(self):
        """Whatever comes after a bad request is ignored: no second answer, no call, no exception."""
        conversation = Conversation(self)
        conversation.send(b"bad\r\n\r\n", GET, b"bad\r\n\r\n", b"\xff" * 100, GET)
        assert_refused(self, conversation, [400], "the first of five chunks")
        assert_nothing_kept(self, b"bad\r\n\r\n", "a bad request")

    def test_repeats_nothing(self):
        """The answer repeats nothing that the client sent."""
        for data in (
            b"<script>\r\n\r\n",
            b"<script> / HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET /<script> HTTP/x\r\nHost: a\r\n\r\n",
            GET[:-2] + b"<script>\r\n\r\n",
            GET[:-2] + b"<script>: b\r\n\r\n",
            GET[:-2] + b"X-B: <script>\0\r\n\r\n",
        ):
            assert_not_repeated(self, data)


class Step09Failure(LogTestCase):
    """If a handler raises, the answer is a 500, and only the log says why.

    Write your part of HTTPProtocol._answer, and _fail. Any Exception of a handler, even a
    BadRequest, is a 500, which shows nothing of it. The log gets the failure, once:
    log.failure("some words", failure). The log shows nothing of the request's fields and content.
    If you log the target, pass it as a value, not in the format: it may have braces in it. The
    connection stays open or is closed, as after any other answer.
    """

    def test_any_exception(self):
        """Whatever Exception a handler raises, the client gets a 500, and the log has the exception."""

        class Odd(Exception):
            pass

        kinds = (
            RuntimeError,
            KeyError,
            OSError,
            StopIteration,
            AssertionError,
            CancelledError,
            Odd,
        )
        for error in [BadRequest("secret", 404), *(kind("secret") for kind in kinds)]:
            text = self.answer(Recorder(error), f"a handler raises {error!r}")
            self.assertTrue(
                "secret" in text, f"Expected {error!r} in the log; it has: {text or 'nothing'}"
            )

    def test_hides_the_exception(self):
        """The answer has nothing of the exception: no message, no name, no traceback, no file."""
        self.answer(Recorder(RuntimeError("secret")), "a handler raises")
        for word in (b"secret", b"RuntimeError", b"Traceback", b".py"):
            self.assertFalse(
                word in self.sent, f"Expected a 500 without {word!r}; got {shown(self.sent)}."
            )

    def test_log_keeps_secrets(self):
        """The log has nothing of the request's fields, which may be passwords."""
        self.keeps_secrets(SECRET, lambda request: 1 / 0, Recorder(RuntimeError("why")))

    def test_braces(self):
        """Client data is not a format string: if the log has the target, braces in it are unchanged."""
        for target in (b"/{", b"/}", b"/{log_level}", b"/{0}", b"/{a.b[c]!r:>9}"):
            text = self.answer(Recorder(RuntimeError("why")), "a handler raises", target)
            self.assertFalse(
                "Unable to format" in text or "LogLevel" in text,
                f"Expected the target {target!r} to be logged as a value, or not at all; the log has: {text}",
            )

    def test_many_at_once(self):
        """Many requests whose handler fails are answered in a loop too, and the log has each failure."""
        assert_a_loop(self, lambda request: 1 / 0, status=500)
        got = len(self.flushLoggedErrors(ZeroDivisionError))
        self.assertEqual(got, 50, f"Expected 50 failures in the log, one for each 500; got {got}.")

    def test_next_request(self):
        """The connection stays usable: the next request is answered."""
        conversation = Conversation(
            self, Recorder(lambda r: 1 / 0 if r.target == b"/" else Response(200, b"fine"))
        )
        conversation.send(GET, GET.replace(b"/", b"/a", 1))
        self.flushLoggedErrors(ZeroDivisionError)
        got = conversation.statuses()
        self.assertEqual(got, [500, 200], f"Expected 500, then 200; got {got!r}.")
