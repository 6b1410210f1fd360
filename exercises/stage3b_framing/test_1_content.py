"""Content: where it ends, how attackers exploit mistakes about that, and how long it may be."""

from twisted.internet.defer import Deferred, fail
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.trial.unittest import SynchronousTestCase

from ..wire import every_chunking
from .conversation import (
    GET,
    METHODS,
    Conversation,
    LogTestCase,
    assert_apart,
    assert_bytes,
    assert_nothing_copied,
    assert_refused,
    in_chunks,
    refuse,
    shown,
)
from .messages import Limits, Response

POST = b"POST /a HTTP/1.1\r\nHost: a\r\n"


def framed(*fields, content=b""):
    """A POST with these field lines."""
    return POST + b"".join(field + b"\r\n" for field in fields) + b"\r\n" + content


class Step01Content(LogTestCase):
    """The content is as many bytes as Content-Length says.

    Write the last part of content_length, and your part of RequestParser._take_content, in
    parser.py. The content is any bytes, of a request of any method and version, in any chunks
    (RFC 9112 6.2). The length may have leading zeros. 0, or no such field, means no content; no
    other field counts. The handler is called at the last byte; until then the deadline holds.
    Content that the connection's end cuts short never reaches it. Received bytes are not copied
    again for each chunk.
    """

    longMessage = False

    def check(self, data, *expected):
        for chunks in every_chunking(data):
            conversation = Conversation(self)
            conversation.send(*chunks)
            got = [(r.method + b" " + r.target, r.content) for r in conversation.handler.requests]
            self.assertEqual(
                got,
                list(expected),
                f"Expected requests and contents {expected!r} from {chunks!r}; got {got!r}, "
                f"and the answers {conversation.statuses()}.",
            )

    def test_content(self):
        """The handler gets exactly the content, however it is cut."""
        for content in (b"words", b"w", b"\n"):
            data = framed(b"Content-Length: %d" % len(content), content=content)
            self.check(data, (b"POST /a", content))

    def test_not_before_its_end(self):
        """The handler is not called before the last byte of the content."""
        data = framed(b"Content-Length: 5", content=b"words")
        for cut in range(1, len(data)):
            conversation = Conversation(self)
            conversation.send(data[:cut])
            got = conversation.handler.requests
            self.assertEqual(got, [], f"Expected no call after {data[:cut]!r}; got {got!r}.")

    def test_bytes_past_it(self):
        """Bytes after the content are not content, but the next request (RFC 9112 6.2)."""
        self.check(
            framed(b"Content-Length: 2", content=b"ok") + GET, (b"POST /a", b"ok"), (b"GET /", b"")
        )

    def test_two_contents(self):
        """Each request of a connection has its own content."""
        self.check(
            framed(b"Content-Length: 3", content=b"one")
            + framed(b"Content-Length: 2", content=b"zw"),
            (b"POST /a", b"one"),
            (b"POST /a", b"zw"),
        )

    def test_any_bytes(self):
        """Content is any bytes, even if they look like the end of a head, or like a request."""
        content = b"\r\n\r\n\0\xff" + GET
        self.check(
            framed(b"Content-Length: %d" % len(content), content=content), (b"POST /a", content)
        )

    def test_none(self):
        """Content-Length: 0, and no Content-Length at all, mean no content (RFC 9112 6.3)."""
        self.check(framed(b"Content-Length: 0") + GET, (b"POST /a", b""), (b"GET /", b""))
        self.check(framed() + GET, (b"POST /a", b""), (b"GET /", b""))

    def test_leading_zeros(self):
        """A length may begin with zeros (RFC 9110 8.6: any digits)."""
        self.check(
            framed(b"Content-Length: 003", content=b"one") + GET,
            (b"POST /a", b"one"),
            (b"GET /", b""),
        )
        self.check(
            framed(b"Content-Length: 0010", content=b"0123456789"), (b"POST /a", b"0123456789")
        )

    def test_any_case(self):
        """The field's name may have any case."""
        for name in (b"content-length", b"CONTENT-LENGTH", b"cONTENT-lENGTH"):
            self.check(framed(name + b":2", content=b"ok"), (b"POST /a", b"ok"))

    def test_any_method(self):
        """A request of any method and version may have content (RFC 9110 9.3.1)."""
        data = framed(b"Content-Length: 2", content=b"ok")
        self.check(data.replace(b"POST", b"GET") + GET, (b"GET /a", b"ok"), (b"GET /", b""))
        for method in METHODS:
            one = data.replace(b"POST", method)
            conversation = Conversation(self)
            conversation.send(one + one.replace(b"HTTP/1.1", b"HTTP/1.2") + GET)
            got = [request.content for request in conversation.handler.requests]
            expected = [b"ok", b"ok", b""]
            self.assertEqual(
                got, expected, f"Expected {expected!r} for two of {one!r} and a GET; got {got!r}."
            )
        conversation = Conversation(self)
        conversation.send(data.replace(b"HTTP/1.1", b"HTTP/1.0"))
        got = [request.content for request in conversation.handler.requests]
        self.assertEqual(got, [b"ok"], f"Expected b'ok' from HTTP/1.0; got {got!r}.")

    def test_other_names(self):
        """No field but Content-Length says how long the content is."""
        for name in (b"Content_Length", b"X-Content-Length", b"Content-Length-2", b"Length"):
            self.check(framed(name + b": 2") + GET, (b"POST /a", b""), (b"GET /", b""))

    def test_large(self):
        """Large content arrives unchanged, as bytes, in few pieces and in many."""
        content = b"".join(b"%07d," % i for i in range(2**15))
        data = framed(b"Content-Length: %d" % len(content), content=content)
        for size in (len(data), 2**16, 1000):
            conversation = Conversation(self)
            conversation.send(*[data[i : i + size] for i in range(0, len(data), size)])
            requests = conversation.handler.requests
            same = [request.content == content for request in requests]
            self.assertEqual(
                same,
                [True],
                f"Expected one request with {len(content)} bytes, numbers counting up from 0, in pieces of {size}; "
                f"got {[shown(request.content) for request in requests]}.",
            )
            assert_bytes(self, requests[0])

    def test_cut_short(self):
        """Content that is cut short by the connection's end, even a clean one, never reaches the handler."""
        for error in (ConnectionDone(), ConnectionLost()):
            conversation = Conversation(self)
            conversation.send(framed(b"Content-Length: 5", content=b"word"))
            conversation.lose(error)
            got = conversation.handler.requests
            self.assertEqual(
                got, [], f"Expected no call for four of five bytes, then {error!r}; got {got!r}."
            )

    def test_deadline_holds(self):
        """A request without all of its content is half a request: 408 when its time is over."""
        conversation, data = Conversation(self), framed(b"Content-Length: 5", content=b"wor")
        conversation.send(data[:5])
        conversation.wait(30)
        conversation.send(data[5:])
        conversation.wait(29.75)
        conversation.send(b"d")
        self.assertEqual(
            conversation.sent, b"", "Expected no answer while the content is not complete."
        )
        conversation.wait(0.25)
        assert_refused(self, conversation, [408], "content that was never complete")

    def test_log_keeps_secrets(self):
        """If the handler fails, the log has nothing of the content, which may be a password."""
        self.keeps_secrets(
            framed(b"Content-Length: 6", content=b"hidden"),
            lambda request: 1 / 0,
            lambda request: fail(RuntimeError("why")),
            lambda request: Deferred(),
            lambda request: None,
            lambda request: Response(200, "text"),
        )

    def test_two_connections(self):
        """Two connections that send a byte in turn each have their own content."""
        other = framed(b"Content-Length: 10", content=b"other ones").replace(b"/a", b"/b")
        assert_apart(self, framed(b"Content-Length: 5", content=b"words") + GET, other + GET)

    def test_work(self):
        """Eight million bytes of content are not copied again for each further byte."""
        begin = framed(b"Content-Length: %d" % 2**24)
        assert_nothing_copied(self, begin, Limits(content=2**24))


class Step02Framing(SynchronousTestCase):
    """Whatever two readers could understand differently is refused.

    Write your part of content_length in parser.py. 400 is for two lengths, even equal ones; a
    length that is not digits only, though int() may accept it (+5, 1_0); a length together with
    Transfer-Encoding; Transfer-Encoding in HTTP/1.0. 400 or 501 is for any coding but chunked
    alone, in any case, in one field or in several, and for an empty one (,chunked). All with a
    close.
    """

    longMessage = False

    def refuse(self, *fields, statuses=(400,), content=b"0\r\n\r\n"):
        refuse(self, framed(*fields, content=content), *statuses)

    def test_two_lengths(self):
        """Two Content-Length fields are answered with 400, even if they agree (CVE-2020-10108, RFC 9112 6.3)."""
        self.refuse(b"Content-Length: 0", b"Content-Length: 5")
        self.refuse(b"Content-Length: 5", b"Content-Length: 0")
        self.refuse(b"Content-Length: 5", b"content-length: 5")
        for value in (b"5, 5", b"5,5", b"5,", b",5", b"5, ", b", 5", b",", b"5, 0", b"0, 0"):
            self.refuse(b"Content-Length: " + value)
        self.refuse(b"Content-Length: 5", b"Content-Length: 5", b"Content-Length: 5")
        self.refuse(b"Content-Length: 5", b"Content-Length:")
        self.refuse(b"Content-Length:", b"Content-Length: 5")

    def test_not_a_number(self):
        """A Content-Length that is not a number is answered with 400, not with an exception (#6029)."""
        for value in (
            *(b"five", b"", b"5 5", b"5.0", b"0x5", b"5;5", b"\xd9\xa5", b"1e0"),
            *(b'"5"', b"5;", b"'5'", b"a", b"\xb2", b"\xb9", b"5\0", b"\xef\xbb\xbf5"),
        ):
            self.refuse(b"Content-Length: " + value)

    def test_what_int_takes(self):
        """A length that int() accepts and HTTP does not is answered with 400 (CVE-2022-24801)."""
        for value in (b"+5", b"-5", b"-0", b"0_5", b"1_0", b"\x0b5", b"5\x0c", b"\x1c5", b"\x855"):
            self.refuse(b"Content-Length: " + value)

    def test_both(self):
        """Content-Length with Transfer-Encoding is answered with 400 (CVE-2020-10109, RFC 9112 6.1)."""
        for length in (b"5", b"0", b"00"):
            self.refuse(b"Content-Length: " + length, b"Transfer-Encoding: chunked")
            self.refuse(b"Transfer-Encoding: chunked", b"Content-Length: " + length)
        self.refuse(b"Transfer-Encoding: chunked", b"content-length: 5")
        self.refuse(b"tRANSFER-eNCODING: chunked", b"CONTENT-LENGTH: 5")
        self.refuse(b"Content-Length: 0", b"Transfer-Encoding: identity", statuses=(400, 501))

    def test_unknown_coding(self):
        """A coding that is unknown or empty, or chunked twice, is answered with 501 or 400 (RFC 9112 6.1, 7)."""
        for value in (
            *(b"gzip, chunked", b"chunked, chunked", b"x, chunked", b"chunked,chunked"),
            *(b",chunked", b", chunked", b"x-chunked", b"identity, chunked", b"gzip;a=b, chunked"),
        ):
            self.refuse(b"Transfer-Encoding: " + value, statuses=(400, 501))

    def test_two_fields(self):
        """Two Transfer-Encoding fields name two codings, in either order: 501 or 400 (RFC 9110 5.3)."""
        for other in (b" x", b" identity", b" chunked", b"", b" gzip"):
            fields = [b"Transfer-Encoding:" + other, b"Transfer-Encoding: chunked"]
            self.refuse(*fields, statuses=(400, 501))
            self.refuse(*reversed(fields), statuses=(400, 501))

    def test_chunked_is_not_last(self):
        """If chunked is not the last coding, nothing says where the content ends: 400 or 501 (RFC 9112 6.3)."""
        for value in (
            b"chunked, gzip",
            *(b"identity", b"xchunked", b"", b"\x0bchunked", b"chunked;a=b"),
            *(b"chunked,", b"chunked, ", b"chunked,identity", b'"chunked"', b"'chunked'"),
            *(b"chunked\x0c", b"chunked;", b"chunked chunked", b"chunke", b"chunkedd", b","),
            *(b"chunk\xe9ed", b"\xef\xbb\xbfchunked"),
        ):
            self.refuse(b"Transfer-Encoding: " + value, statuses=(400, 501))

    def test_old_client(self):
        """Transfer-Encoding from an HTTP/1.0 client is answered with 400 (RFC 9112 6.1)."""
        data = framed(b"Transfer-Encoding: chunked", content=b"0\r\n\r\n")
        refuse(self, data.replace(b"HTTP/1.1", b"HTTP/1.0"), 400)


class Step03Limits(SynchronousTestCase):
    """A request may not be longer than the limits, even if it never ends.

    Write RequestParser._check_limits, and your parts of _take_head and content_length, in
    parser.py. self._limits has: line, for the request line without its CRLF (414, RFC 9110 15.5.15; 501 if
    the method alone is longer); fields, for all field lines with their CRLFs (431, RFC 6585 5);
    content (413, before it comes). Anything exactly as long as its limit passes, even if a
    chunk ends within a CRLF; a byte more does not. Input that never ends is refused as soon as
    it is too long, so _take_head must call _check_limits even while the head's end is not here. A
    length of thousands of digits is 413 or 400; leading zeros do not count, and some dozens of
    them pass. The limits apply to each request separately; there are no others.
    """

    longMessage = False

    def passes(self, data, **limits):
        head, _, content = data.partition(b"\r\n\r\n")
        line, _, fields = head.partition(b"\r\n")
        sizes = {"line": len(line), "fields": len(fields) + 2, "content": len(content)}
        sent = {name: sizes[name] for name in limits}
        for chunks in every_chunking(data):
            conversation = Conversation(self, limits=Limits(**limits))
            conversation.send(*chunks)
            got = conversation.statuses()
            self.assertEqual(
                got,
                [200],
                f"Expected 200 for {sent} bytes, limits {limits}, {in_chunks(chunks)}; got {got!r}.",
            )

    def never_ends(self, statuses, begin, most, **limits):
        """Input that never ends is refused at most this many bytes after its beginning."""
        for size, before in ((1, 0), (7, 0), (64, 0), (7, 2)):
            conversation, sent = Conversation(self, limits=Limits(**limits)), 0
            conversation.send(*[GET] * before, begin)
            while len(conversation.statuses()) == before and sent < 10 * most:
                conversation.send(b"x" * size)
                sent += size
            what = f"{begin!r} and {sent} bytes without an end, after {before} requests"
            assert_refused(self, conversation, statuses, what, after=before)
            self.assertTrue(
                sent < most + size,
                f"Expected {statuses} after {most} bytes, sent {size} at a time; it came after {sent}.",
            )

    def test_line(self):
        """A request line of the limit's length passes; a byte more is answered with 414."""
        data = b"GET /%s HTTP/1.1\r\nHost: a\r\n\r\n"
        self.passes(data % (b"x" * 16), line=30)
        refuse(self, data % (b"x" * 17), 414, limits=Limits(line=30))

    def test_line_never_ends(self):
        """A request line that never ends is answered with 414 as soon as it is too long."""
        self.never_ends([414], b"GET /", 27, line=30)

    def test_method(self):
        """A method longer than the limit of a line is answered with 501, even if it never ends (RFC 9112 3)."""
        self.never_ends([501], b"GET", 29, line=30)
        data = b"%s / HTTP/1.1\r\nHost: a\r\n\r\n" % (b"GET" * 20)
        refuse(self, data, 501, limits=Limits(line=30))
        for size, status in ((30, 414), (31, 501)):
            data = b"G" * size + b" / HTTP/1.1\r\nHost: a\r\n\r\n"
            refuse(self, data, status, limits=Limits(line=30))

    def test_line_feed_first(self):
        """Input that begins with a bare line feed and never ends is refused as well."""
        self.never_ends([400, 414, 431], b"\n", 80, line=30, fields=40)
        self.never_ends([400, 414, 431], b"\n", 80, line=40, fields=30)

    def test_fields(self):
        """Fields of the limit's length pass; a byte more is answered with 431."""
        data = b"GET / HTTP/1.1\r\nHost: a\r\nX: %s\r\nY: y\r\n\r\n"
        self.passes(data % (b"x" * 10), fields=30)
        refuse(self, data % (b"x" * 11), 431, limits=Limits(fields=30))

    def test_line_is_no_field(self):
        """The request line does not count towards the fields, nor the fields towards the line."""
        line = b"GET /%s HTTP/1.1\r\nHost: a\r\n\r\n" % (b"x" * 50)
        self.passes(line, fields=10)
        self.passes(b"GET / HTTP/1.1\r\nHost: %s\r\n\r\n" % (b"x" * 50), line=15)

    def test_many_fields(self):
        """All field lines count together."""
        data = b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X:\r\n" * 10 + b"\r\n"
        self.passes(data, fields=49)
        refuse(self, data, 431, limits=Limits(fields=48))

    def test_fields_never_end(self):
        """A field that never ends is answered with 431 as soon as it is too long."""
        self.never_ends([431], b"GET / HTTP/1.1\r\nHost: a\r\nX: ", 30, fields=40)

    def test_line_after_line(self):
        """Field lines without an empty line at the end are answered with 431 too."""
        conversation = Conversation(self, limits=Limits(fields=100))
        conversation.send(b"GET / HTTP/1.1\r\nHost: a\r\n", *[b"X: x\r\n"] * 20)
        assert_refused(self, conversation, [431], "fields after fields")

    def test_content(self):
        """Content of the limit's length passes; a byte more is answered with 413, before it comes."""
        self.passes(framed(b"Content-Length: 10", content=b"0123456789"), content=10)
        refuse(self, framed(b"Content-Length: 11"), 413, limits=Limits(content=10))

    def test_leading_zeros(self):
        """Leading zeros do not count: dozens of them pass, and do not change the length."""
        zeros = b"Content-Length: " + b"0" * 30
        self.passes(framed(zeros + b"10", content=b"0123456789"), content=10)
        self.passes(framed(zeros), content=0)
        refuse(self, framed(zeros + b"11"), 413, limits=Limits(content=10))

    def test_huge_length(self):
        """A length of thousands of digits is answered with 413 or 400: Python makes no int of it."""
        for digits in (b"9" * 20, b"9" * 5000, b"0" * 5000 + b"9" * 20):
            conversation = Conversation(self)
            conversation.send(framed(b"Content-Length: " + digits))
            assert_refused(self, conversation, [413, 400], f"a length of {len(digits)} digits")

    def test_as_they_are(self):
        """By default, the limits are 8192, 65536 and 1 MiB."""
        line = b"GET /%s HTTP/1.1\r\nHost: a\r\n\r\n"
        fields = b"GET / HTTP/1.1\r\nHost: a\r\nX: %s\r\n\r\n"
        for what, data, status in (
            ("a line of 8192", line % (b"x" * (8192 - 14)), 200),
            ("a line of 8193", line % (b"x" * (8193 - 14)), 414),
            ("fields of 65536", fields % (b"x" * (65536 - 14)), 200),
            ("fields of 65537", fields % (b"x" * (65537 - 14)), 431),
            ("content of 1048576", framed(b"Content-Length: 1048576", content=b"x" * 2**20), 200),
            ("content of 1048577", framed(b"Content-Length: 1048577"), 413),
        ):
            conversation = Conversation(self)
            conversation.send(data)
            got = conversation.statuses()
            self.assertEqual(got, [status], f"Expected {status} for {what} bytes; got {got!r}.")

    def test_own_limits(self):
        """The limits apply to each request separately: long ones in a row pass, then one that is too long does not."""
        data = framed(b"Content-Length: 9", content=b"012345678")
        for status, bad in (
            (414, GET.replace(b"/", b"/abc", 1)),
            (431, GET.replace(b"a", b"a" * 23)),
            (413, framed(b"Content-Length: 11", content=b"01234567890")),
        ):
            conversation = Conversation(self, limits=Limits(line=16, fields=30, content=10))
            conversation.send(data[:20], data[20:] + data, data + bad)
            got = conversation.statuses()
            expected = [200] * 3 + [status]
            self.assertEqual(
                got,
                expected,
                f"Expected {expected} for three of {data!r}, then {bad!r}; got {got}.",
            )

    def test_no_other_limits(self):
        """There are no other limits: many short fields, a long name, a long value and a long method pass."""
        for data in (
            GET[:-2] + b"X:\r\n" * 2000 + b"\r\n",
            GET[:-2] + b"X" * 60000 + b": x\r\n\r\n",
            GET[:-2] + b"X: " + b"x" * 60000 + b"\r\n\r\n",
            GET.replace(b"GET", b"X" * 8000),
        ):
            conversation = Conversation(self)
            conversation.send(data)
            got = conversation.statuses()
            self.assertEqual(got, [200], f"Expected 200 for {shown(data)}; got {got!r}.")
