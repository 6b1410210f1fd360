"""Responses that must not be sent as the handler returned them."""

from twisted.internet.defer import Deferred, fail, succeed
from twisted.trial.unittest import SynchronousTestCase

from .conversation import GET, Conversation, Recorder
from .messages import Fields, Response, response_bytes

HEAD = GET.replace(b"GET", b"HEAD")


class Step04Splitting(SynchronousTestCase):
    """A response that a client would misread is refused.

    Write check_response in messages.py. It raises ValueError, and the server answers 500, for:
    a field's name that is not a token; a value with CR, LF or NUL in it; a handler's own
    Content-Length or Transfer-Encoding, in any case; a status outside 200 to 599; content in a
    204, 205 or 304. Other names and values are sent as they are.
    """

    longMessage = False

    def refuse(self, *responses):
        for response in responses:
            try:
                got = response_bytes(response)
            except Exception as error:
                got = error
            self.assertTrue(
                isinstance(got, ValueError), f"Expected ValueError for {response!r}; got {got!r}."
            )
            conversation = Conversation(self, Recorder(response))
            conversation.send(GET)
            self.flushLoggedErrors()
            got = conversation.statuses()
            self.assertEqual(got, [500], f"Expected the answer 500 for {response!r}; got {got!r}.")
            self.assertFalse(
                b"evil" in conversation.sent,
                f"Expected nothing of {response!r} to be sent; got {conversation.sent!r}.",
            )

    def field(self, *pairs):
        self.refuse(*(Response(200, b"", Fields([pair])) for pair in pairs))

    def test_value(self):
        """A value with CR, LF or NUL in it is refused (RFC 9110 5.5)."""
        self.field(
            (b"Location", b"/\r\nevil: yes"),
            (b"Location", b"/\nevil: yes"),
            (b"Location", b"/\revil: yes"),
            (b"Location", b"/\0evil"),
            (b"Location", b"evil\n"),
            (b"Location", b"/\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"),
        )

    def test_name(self):
        """A name that is not a token is refused (RFC 9110 5.1)."""
        self.field(
            *(
                (name, b"evil")
                for name in (b"", b"X B", b"X:", b"X\r\nB", b"X\n", b"X\0", b"X\xe9")
            ),
            *((name, b"evil") for name in (b" X", b"X ", b"X\t", b"\rX", b"\x0bX", b"X\x85")),
            *((b"X%c" % byte, b"evil") for byte in b'"(),/;<=>?@[\\]{}\x7f'),
        )

    def test_second_field(self):
        """Every field is checked, not only the first or the last."""
        good = (b"X", b"fine")
        for bad in ((b"Y", b"\nevil: yes"), (b"Y Z", b"evil"), (b"Content-Length", b"4")):
            for pairs in ([good, bad], [bad, good], [good, bad, good]):
                self.refuse(Response(200, b"", Fields(pairs)))

    def test_framing(self):
        """The server says where the content ends, not the handler (RFC 9112 6)."""
        for name in (b"Content-Length", b"Transfer-Encoding"):
            for cased in (name, name.lower(), name.upper(), name.capitalize(), name.swapcase()):
                self.field((cased, b"0"), (cased, b"chunked"), (cased, b""))

    def test_status(self):
        """A status outside 200 to 599 is refused: after a 1xx a client waits for another response (RFC 9110 15.2)."""
        self.refuse(*(Response(status) for status in (0, -200, 99, 100, 101, 199, 600, 2000)))

    def test_every_status(self):
        """Each status from 200 to 599 is sent, known or not."""
        for status in range(200, 600):
            sent = response_bytes(Response(status))
            self.assertTrue(
                sent.startswith(b"HTTP/1.1 %d " % status),
                f"Expected a response {status}; got {sent!r}.",
            )

    def test_content_of_none(self):
        """Content is refused if the status allows none (RFC 9110 6.4.1)."""
        self.refuse(*(Response(status, b"evil") for status in (204, 205, 304)))

    def test_harmless(self):
        """Other values are sent as they are."""
        every = bytes(set(range(256)) - set(b"\r\n\0"))
        for value in (b"", b"a b\tc", b"caf\xe9", b'a: b, c; d="e"', b" a  b ", every):
            sent = response_bytes(Response(200, b"", Fields([(b"X-B", value)])))
            self.assertTrue(b"X-B: " + value + b"\r\n" in sent, f"Expected {value!r} in {sent!r}.")

    def test_harmless_names(self):
        """Any token is a good name, even one that only looks like Content-Length."""
        for name in (b"!#$%&'*+.^_`|~09azAZ-", b"Content_Length", b"X-Transfer-Encoding"):
            sent = response_bytes(Response(200, b"", Fields([(name, b"0")])))
            self.assertTrue(name + b": 0\r\n" in sent, f"Expected {name!r} in {sent!r}.")


class Step05Head(SynchronousTestCase):
    """The answer to HEAD has the same fields as that to GET, and no content.

    Write your parts of response_bytes in messages.py. The answer to HEAD, even a 500, has the
    status and fields of the answer to GET, with the same Content-Length, and no content (RFC
    9110 9.3.2): _send passes content=False. Methods have case: head is not HEAD. To any method,
    a 204 and a 304 have no Content-Length: a 204 may not have one, and a 304's would be that of
    the page, which is not here (RFC 9110 8.6). A 205 has 0.
    """

    longMessage = False

    def answer(self, data, response):
        conversation = Conversation(self, Recorder(response))
        conversation.send(data)
        return conversation

    def test_no_content(self):
        """The answer to HEAD ends with its fields, even if the request has content."""
        for data in (
            *(HEAD, HEAD[:-2] + b"Content-Length: 2\r\n\r\nhi"),
            *(HEAD[:-2] + b"Connection: close\r\n\r\n", HEAD.replace(b"1.1", b"1.0")),
        ):
            sent = self.answer(data, Response(200, b"Words.\n")).sent
            self.assertTrue(
                sent.endswith(b"\r\n\r\n"),
                f"Expected no content in the answer to {data!r}; got {sent!r}.",
            )

    def test_same_fields(self):
        """The answer to HEAD has the status and fields of the answer to GET, the length among them."""
        fields = Fields([(b"X-B", b"c")])
        for status in (200, 203, 204, 205, 206, 299, 301, 304, 404, 405, 500, 599):
            content = b"" if status in (204, 205, 304) else b"Words.\n"
            response = Response(status, content, fields)
            (get,) = self.answer(GET, response).answers()
            (head,) = self.answer(HEAD, response).answers(0)
            self.assertEqual(
                (head.status, head.fields),
                (get.status, get.fields),
                f"Expected the same status and fields; GET has {get!r}, HEAD {head!r}.",
            )
            length = head.fields.get(b"content-length")
            expected = {204: None, 205: b"0", 304: None}.get(status, b"7")
            self.assertEqual(
                length, expected, f"Expected the Content-Length {expected} for HEAD; got {length}."
            )

    def test_next_request(self):
        """After the fields of the answer to HEAD, the next answer follows at once."""
        for response in (Response(200, b"Words.\n"), RuntimeError()):
            conversation = self.answer(HEAD + GET + HEAD + HEAD + GET, response)
            self.flushLoggedErrors()
            got = [answer.content != b"" for answer in conversation.answers(0, 2, 3)]
            expected = [False, True, False, False, True]
            self.assertEqual(
                got,
                expected,
                f"Expected answers with content {expected}, from {response!r}; got {conversation.sent!r}.",
            )

    def test_failure(self):
        """The 500 to a HEAD has no content either."""
        conversation = Conversation(self, Recorder(RuntimeError()))
        conversation.send(HEAD)
        self.flushLoggedErrors(RuntimeError)
        self.assertTrue(
            conversation.sent.endswith(b"\r\n\r\n"),
            f"Expected no content in the 500 to HEAD; got {conversation.sent!r}.",
        )

    def test_any_handler(self):
        """The answer to HEAD has no content, at once or late, success or failure."""
        response = Response(203, b"Words.\n")

        async def coroutine(request):
            return response

        def later(end):
            def handler(request):
                self.ends.append(lambda: end(deferred))
                deferred = Deferred()
                return deferred

            return handler

        for status, handler in (
            (203, lambda request: succeed(response)),
            (203, coroutine),
            (203, later(lambda deferred: deferred.callback(response))),
            (500, lambda request: fail(RuntimeError())),
            (500, later(lambda deferred: deferred.errback(RuntimeError()))),
            (500, later(lambda deferred: deferred.callback(None))),
            (500, lambda request: None),
        ):
            self.ends = []
            conversation = Conversation(self, handler)
            conversation.send(HEAD)
            for end in self.ends:
                end()
            self.flushLoggedErrors()
            got = [(a.status, a.content) for a in conversation.answers(0)]
            self.assertEqual(
                got,
                [(status, b"")],
                f"Expected {status} and no content for HEAD; got {conversation.sent!r}.",
            )
            (answer,) = conversation.answers(0)
            length = answer.fields.get(b"content-length")
            self.assertNotIn(
                length,
                (None, b"0"),
                f"Expected the Content-Length of the answer to GET; got {length}.",
            )

    def test_case(self):
        """Methods have case: head is not HEAD (RFC 9110 9.1)."""
        (answer,) = self.answer(GET.replace(b"GET", b"head"), Response(200, b"Words.\n")).answers()
        self.assertEqual(
            answer.content, b"Words.\n", f"Expected content for 'head'; got {answer!r}."
        )

    def test_without_content(self):
        """A 204 and a 304 have no Content-Length, and the next answer follows at once (RFC 9110 8.6)."""
        for status in (204, 304):
            conversation = self.answer(
                GET + GET, Response(status, b"", Fields([(b"ETag", b'"1"')]))
            )
            answers = conversation.answers()
            got = [(answer.status, b"content-length" in answer.fields) for answer in answers]
            expected = [(status, False)] * 2
            self.assertEqual(
                got, expected, f"Expected two answers {status} without Content-Length; got {got!r}."
            )

    def test_reset_content(self):
        """A 205 has Content-Length: 0 (RFC 9110 15.3.6)."""
        (answer,) = self.answer(GET, Response(205)).answers()
        got = answer.fields.get(b"content-length")
        self.assertEqual(got, b"0", f"Expected Content-Length: 0 in a 205; got {got!r}.")
