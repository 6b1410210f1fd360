"""Requests that are well formed, and still refused."""

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from ..wire import every_chunking
from .conversation import (
    GET,
    Conversation,
    Recorder,
    assert_apart,
    assert_not_repeated,
    refuse,
    refuse_whole,
)
from .messages import Fields, Limits, Response

EXPECT = b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: %s\r\n\r\n"


class Step10Refused(SynchronousTestCase):
    """Requests that this server does not serve are refused.

    Write check_request in messages.py, and your part of _send, and _continue, in server.py.
    check_request follows the README's table. A target may have any visible ASCII, as browsers
    send it, but no #, and no % without its two digits: is_target knows that. _continue writes
    HTTP/1.1 100 Continue and an empty line, when a head that expects it is here and its
    content, of known length or in chunks, is not: in its turn, as an answer; once for each
    request, even if the next one looks the same; never to HTTP/1.0. It moves no deadline. Each
    response, even a 500 or 408, has one Date: the handler's own, or else self.factory.date().
    """

    longMessage = False

    def ok(self, *requests):
        for data in requests:
            conversation = Conversation(self)
            conversation.send(data)
            got = conversation.statuses()
            self.assertEqual(got, [200], f"Expected 200 for {data!r}; got {got!r}.")

    def test_version(self):
        """Another major version is answered with 505 (RFC 9110 15.6.6); a later minor one is served."""
        for version in (b"2.0", b"0.9", b"3.1", b"9.9"):
            refuse(self, b"GET / HTTP/%s\r\nHost: a\r\n\r\n" % version, 505)
        self.ok(*(b"GET / HTTP/1.%d\r\nHost: a\r\n\r\n" % minor for minor in range(10)))

    def test_no_host(self):
        """An HTTP/1.1 request without Host is answered with 400 (RFC 9112 3.2)."""
        refuse(self, b"GET / HTTP/1.1\r\n\r\n", 400)
        refuse(self, b"GET / HTTP/1.1\r\nX-Host: a\r\n\r\n", 400)
        refuse(self, b"GET / HTTP/1.2\r\n\r\n", 400)
        refuse(self, b"GET http://a/ HTTP/1.1\r\n\r\n", 400)

    def test_two_hosts(self):
        """Two Host fields are answered with 400, even if they agree, and in HTTP/1.0 (RFC 9112 3.2)."""
        for version in (b"1.1", b"1.0"):
            for second in (b"host: a", b"hOST: b", b"Host:", b"X: x\r\nHost: a"):
                data = b"GET / HTTP/%b\r\nHost: a\r\n%b\r\n\r\n" % (version, second)
                refuse_whole(self, data, 400)

    def test_bad_host(self):
        """A Host that is not a name or address, with a port or without, is answered with 400 (RFC 9112 3.2)."""
        for host in (
            b"a b",
            b"a, b",
            *(
                b"a/b a@b a:b a:80:80 [::1 <a> caf\xe9 a\tb [:::] [1] [1.2.3.4] [12345::] "
                b"[1::2::3] [] [:] [::1]a [1:2:3:4:5:6:7] [1:2:3:4:5:6:7:8:9] [1::2:3:4:5:6:7:8] "
                b"[::1.2.3] [::1.2.3.256] [::1%25eth0] [::g] [v1.] [v.a] [vg.a] [v1.a[] [::1]:x "
                b'::1 a%zz % %4 a%4 a:-1 a:+1 a\x0b a?b a#b http://a a:\xd9\xa1 "a" a\\b [::1 '
                b"::1] a^b {a}"
            ).split(b" "),
        ):
            for version in (b"1.0", b"1.1"):
                refuse_whole(self, b"GET / HTTP/%b\r\nHost: %b\r\n\r\n" % (version, host), 400)

    def test_good_host(self):
        """A name, an IPv4 or IPv6 address, each with a port or without, and an empty Host are served."""
        for host in (
            b"",
            b"a" * 1000,
            *(
                b"a.example a.example:8080 127.0.0.1 [::1] [::1]:80 A-B_c~d a: [::] [1::] "
                b"[1:2:3:4:5:6:7:8] [1:2:3:4:5:6:1.2.3.4] [::ffff:1.2.3.4] [1:2:3:4:5:6:7::] "
                b"[::2:3:4:5:6:7:8] [ABCD:ef::0]:0 [v1.a] [V1f.~:$]:1 a%41 %c3%A9 a,b;c=d "
                b"!$&'()*+ 1.2.3.256 a:00080"
            ).split(b" "),
        ):
            self.ok(b"GET / HTTP/1.1\r\nHost: %s\r\n\r\n" % host)

    def test_old_client(self):
        """HTTP/1.0 has no Host: such a request is served without one."""
        self.ok(b"GET / HTTP/1.0\r\n\r\n", b"GET / HTTP/1.0\r\nHost: a\r\n\r\n")

    def test_connect(self):
        """CONNECT is answered with 501: this is not a proxy (RFC 9110 15.6.2)."""
        refuse(self, b"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", 501)
        self.ok(b"connect / HTTP/1.1\r\nHost: a\r\n\r\n")  # Methods have case.

    def test_order(self):
        """If several reasons apply, the first in the README's table counts."""
        line, fields = b"CONNECT x HTTP/%b\r\n", b"%bExpect: x\r\n\r\n"
        for data, status in (
            (line % b"2.0" + fields % b"", 505),
            (line % b"1.1" + fields % b"", 400),
            (line % b"1.1" + fields % b"Host: [\r\n", 400),
            (line % b"1.1" + fields % b"Host: a\r\n", 501),
            (b"GET x HTTP/1.1\r\n" + fields % b"Host: a\r\n", 400),
        ):
            refuse_whole(self, data, status)

    def test_repeats_nothing(self):
        """The answer repeats nothing of the request."""
        for line, field in (
            (b"GET /script HTTP/2.0", b"Host: script"),
            (b"GET /script HTTP/1.1", b"X: script"),
            (b"GET / HTTP/1.1", b"Host: <script>"),
            (b"CONNECT script HTTP/1.1", b"Host: script"),
            (b"GET script HTTP/1.1", b"Host: script"),
            (b"GET /script HTTP/1.1", b"Host: script\r\nExpect: script"),
            (b"GET / HTTP/1.1", b"Host: a\r\nTransfer-Encoding: script"),
            (b"GET / HTTP/1.1", b"Host: a\r\nContent-Length: script"),
        ):
            assert_not_repeated(self, line + b"\r\n" + field + b"\r\n\r\n")

    def test_other_fields(self):
        """No other field changes the answer: the handler may look at them."""
        fields = (
            b"Accept: x/y|Accept-Encoding: gzip|Range: bytes=0-1|If-None-Match: *|If-Match: x|TE: trailers|"
            b"Upgrade: h2c|HTTP2-Settings: x|Trailer: X|Keep-Alive: timeout=1|Proxy-Connection: close|Via: 1.1 a|"
            b"Max-Forwards: 0|Content-Encoding: gzip|Content-Type: x/y|Origin: null|Prefer: wait=1|Server: x|"
            b"X-HTTP-Method-Override: HEAD|Forwarded: host=b|Date: x|Status: 404|Location: /|Cookie: a|Referer: x"
        ).split(b"|")
        expected = Conversation(self)
        expected.send(GET)
        for field in (*fields, b"\r\n".join(fields)):
            conversation = Conversation(self)
            conversation.send(GET[:-2] + field + b"\r\n\r\n")
            self.assertEqual(
                (conversation.sent, conversation.state),
                (expected.sent, "open"),
                f"Expected {expected.sent!r} also with {field!r}; got {conversation.sent!r}.",
            )

    def test_target(self):
        """A target other than a path, an http address or the asterisk of OPTIONS is answered with 400 (RFC 9112 3.2)."""
        for line in (
            b"OPTIONS **",
            b"POST *",
            b"HEAD *",
            b"options *",
            b"OPTIONS *?a",
            b"OPTIONS a",
            *(
                b"GET " + target
                for target in (
                    b"* a a:80 ?q ftp://a/ http:/a http:// http:///a http://:80/ http://?a http:a "
                    b"http://a:x/ http://[::1/ http://[1]/ http://u@a/ https:///a xhttp://a/ "
                    b"httpss://a/ http://a%zz/ # /a#b /# /?#a http://a/#b http://a#b /%zz /% /a%4 "
                    b"/?% /%4g/ http://a/%zz"
                ).split(b" ")
            ),
        ):
            refuse_whole(self, line + b" HTTP/1.1\r\nHost: a\r\n\r\n", 400)

    def test_forms(self):
        """OPTIONS * and a full address are served, and the handler gets them unchanged (RFC 9112 3.2.2, 3.2.4)."""
        for line in (
            b"OPTIONS *",
            b"OPTIONS /",
            b"GET http://a/b?c",
            b"GET HTTP://a/b",
            b"GET //a",
            *(
                b"GET https://a/",
                b"GET HTTPS://a",
                b"GET http://a",
                b"GET http://a?b",
                b"GET hTtP://a",
            ),
            *(b"GET http://[::1]:80/a", b"GET http://a:/", b"GET http://%41/", b"OPTIONS http://a"),
            *(
                b"GET /%41%c3%A9",
                b"GET /a?b?c/d=%25",
                b'GET /?<b>"|^`{}[]\\',
                b"GET /:80",
                b"GET /http://",
            ),
            *(b"GET /../..//%2F", b"OPTIONS /*", b"GET /*", b"X-A /", b"get /"),
        ):
            data = line + b" HTTP/1.1\r\nHost: a\r\n\r\n"
            self.ok(data)
            conversation = Conversation(self)
            conversation.send(data)
            got = conversation.handler.targets
            self.assertEqual(
                got, [line.split()[1]], f"Expected the target as in {line!r}; got {got!r}."
            )

    def test_continue(self):
        """A client that expects 100-continue gets one 100 when its head is here (RFC 9110 10.1.1)."""
        for word in (b"100-continue", b"100-Continue", b"100-CONTINUE"):
            data = EXPECT.replace(b"Expect", b"EXPECT" if word.isupper() else b"Expect") % word
            for cut in range(1, len(data)):
                conversation = Conversation(self)
                conversation.send(data[:cut])
                sent = conversation.sent
                self.assertEqual(
                    sent, b"", f"Expected nothing after half a head, {data[:cut]!r}; got {sent!r}."
                )
                conversation.send(data[cut:])
                sent = conversation.sent
                self.assertEqual(
                    sent,
                    b"HTTP/1.1 100 Continue\r\n\r\n",
                    f"Expected 'HTTP/1.1 100 Continue' and an empty line after {data!r}; got {sent!r}.",
                )
                conversation.send(b"o", b"k", GET)
                got = conversation.statuses()
                self.assertEqual(
                    got,
                    [100, 200, 200],
                    f"Expected 100, 200, 200 for {data!r}, its content and a GET; got {got!r}.",
                )

    def test_continue_again(self):
        """The next request of the connection gets its own 100, even if it looks the same."""
        conversation, data = Conversation(self), EXPECT % b"100-continue"
        conversation.send(data, b"ok", data, b"ok")
        got = conversation.statuses()
        self.assertEqual(
            got,
            [100, 200, 100, 200],
            f"Expected 100, 200 for each of two requests, {data!r} twice; got {got!r}.",
        )
        conversation.wait(60)
        got = conversation.statuses(), conversation.state
        self.assertEqual(
            got,
            ([100, 200] * 2, "closed"),
            f"Expected a close without an answer, 60 s later; got {got!r}.",
        )

    def test_no_need_to_wait(self):
        """If the content comes with the head, or there is none, the request is answered without a 100."""
        none = EXPECT.replace(b"Length: 2", b"Length: 0") % b"100-continue"
        for data in (EXPECT % b"100-continue" + b"ok", none, none.replace(b"Content-", b"X-")):
            conversation = Conversation(self)
            conversation.send(data)
            sent = conversation.sent
            self.assertTrue(
                sent.startswith(b"HTTP/1.1 200 "),
                f"Expected no 100 if there is no content to wait for, {data!r}; got {sent!r}.",
            )
        for chunks in every_chunking(EXPECT % b"100-continue" + b"ok" + GET):
            conversation = Conversation(self)
            conversation.send(*chunks)
            got = [status for status in conversation.statuses() if status != 100]
            self.assertEqual(got, [200, 200], f"Expected two answers to {chunks!r}; got {got!r}.")

    def test_continue_with_chunks(self):
        """A client that will send its content in chunks gets a 100 too."""
        data = EXPECT.replace(b"Content-Length: 2", b"Transfer-Encoding: chunked") % b"100-continue"
        assert_apart(self, data + b"2\r\nok\r\n0\r\n\r\n", data + b"0\r\n\r\n")
        conversation = Conversation(self)
        conversation.send(data, b"2\r\nok\r\n0\r\n\r\n")
        got = conversation.statuses()
        self.assertEqual(got, [100, 200], f"Expected 100, then 200, for {data!r}; got {got!r}.")

    def test_continue_on_two_connections(self):
        """Two connections that send a byte in turn each get one 100."""
        data = EXPECT % b"100-continue"
        assert_apart(self, data + b"ok" + data + b"ok", data.replace(b"/a", b"/b") + b"no" + GET)

    def test_continue_in_turn(self):
        """A 100 waits its turn, as an answer does: otherwise a client takes it for an earlier answer."""
        slow = Deferred()
        results = iter([slow])
        conversation = Conversation(self, Recorder(lambda r: next(results, Response(201))))
        conversation.send(GET + EXPECT % b"100-continue")
        self.assertEqual(conversation.sent, b"", "Expected nothing before the first answer.")
        slow.callback(Response(200))
        got = conversation.statuses()
        self.assertEqual(got, [200, 100], f"Expected 200, then the 100; got {got!r}.")
        conversation.send(b"ok")
        got = conversation.statuses()
        self.assertEqual(got, [200, 100, 201], f"Expected 201 at the end; got {got!r}.")

    def test_continue_is_no_answer(self):
        """A 100 does not give the client more time: a 408 may follow it."""
        conversation = Conversation(self)
        conversation.send(b"P")
        conversation.wait(30)
        conversation.send((EXPECT % b"100-continue")[1:])
        for seconds, state, statuses in ((29.75, "open", [100]), (0.25, "closed", [100, 408])):
            conversation.wait(seconds)
            got = conversation.state, conversation.statuses()
            self.assertEqual(
                got,
                (state, statuses),
                f"Expected a 408, 60 s after a request's first byte, 30 s after its 100; got {got!r}.",
            )

    def test_not_for_old_clients(self):
        """HTTP/1.0 has no 100: its expectation is ignored (RFC 9110 10.1.1)."""
        conversation, data = Conversation(self), EXPECT.replace(b"1.1", b"1.0") % b"100-continue"
        conversation.send(data, b"ok")
        got = conversation.statuses()
        self.assertEqual(got, [200], f"Expected the answer to {data!r} alone; got {got!r}.")

    def test_later_minor(self):
        """A later minor version is served as HTTP/1.1 is, its 100 and chunks too (RFC 9110 2.5)."""
        for minor in range(2, 10):
            data = EXPECT.replace(b"1.1", b"1.%d" % minor) % b"100-continue"
            chunked = data.replace(b"Content-Length: 2", b"Transfer-Encoding: chunked")
            conversation = Conversation(self)
            conversation.send(data, b"ok", chunked, b"2\r\nok\r\n0\r\n\r\n")
            got = conversation.statuses(), conversation.state
            self.assertEqual(
                got,
                ([100, 200] * 2, "open"),
                f"Expected 100, 200 for {data!r}, and for the same with chunks, and no close; got {got!r}.",
            )

    def test_too_much(self):
        """A client that expects 100-continue for too much content gets its 413 at once."""
        refuse(self, EXPECT % b"100-continue", 413, limits=Limits(content=1))

    def test_other_expectation(self):
        """Any other expectation is answered with 417, before the content (RFC 9110 15.5.18)."""
        refuse(self, EXPECT % b"200-ok", 417)
        for value in (
            *(
                b"",
                b"100",
                b"100-continued",
                b"100-continue;a=b",
                b'"100-continue"',
                b"100 continue",
            ),
            *(
                b"100-continue, x",
                b"x, 100-continue",
                b"100-continue\r\nExpect: x",
                b"x-100-continue",
            ),
            *(b"x\r\nExpect: 100-continue", b"100-continue\x0b", b"100-continue\r\nEXPECT: x"),
        ):
            refuse_whole(self, EXPECT % value, 417)
        refuse_whole(self, EXPECT.replace(b"Expect", b"eXPECT") % b"x", 417)
        refuse_whole(self, EXPECT.replace(b"1.1", b"1.0") % b"x", 417)

    def test_date(self):
        """Each response has the Date at which it was made, whatever its status (RFC 9110 6.6.1)."""
        clock = Clock()
        clock.advance(784111777)
        conversation = Conversation(self, clock=clock)
        conversation.send(GET, b"bad\r\n\r\n")
        got = [answer.fields.get(b"date") for answer in conversation.answers()]
        expected = [b"Sun, 06 Nov 1994 08:49:37 GMT"] * 2
        self.assertEqual(got, expected, f"Expected {expected!r}; got {got!r}.")

    def test_date_of_each(self):
        """A 500, a 408, a 204, the answer to HEAD or HTTP/1.0, and a late one have a Date too."""
        late, half = Deferred(), GET[:5]
        for what, result, data in (
            *(("a 500", RuntimeError(), GET), ("a late answer", late, GET), ("a 408", None, half)),
            *(("a 204", Response(204), GET), ("a result that is no Response", 0, GET)),
            ("HEAD", None, GET.replace(b"GET", b"HEAD")),
            ("HTTP/1.0", None, GET.replace(b"1.1", b"1.0")),
            *(("a refusal", None, GET.replace(b"1.1", version)) for version in (b"2.0", b"x")),
            *(("a 417", None, EXPECT % b"x"), ("a 431", None, GET[:-2] + b"x" * 2**17)),
            ("a 413", None, EXPECT.replace(b"2", b"9" * 9) % b"100-continue"),
            ("a 404", Response(404, b"", Fields([(b"X-B", b"c")])), GET),
        ):
            conversation = Conversation(self, Recorder(result))
            conversation.send(data)
            conversation.wait(60)
            if result is late:
                late.errback(RuntimeError())
            self.flushLoggedErrors()
            when = b"Thu, 01 Jan 1970 00:0%d:00 GMT" % (result is late or data is half)
            for answer in conversation.answers(*[0] * (what == "HEAD")):
                got = answer.fields.get(b"date")
                self.assertEqual(
                    got, when, f"Expected the Date {when!r} for {what}; got {conversation.sent!r}."
                )

    def test_date_of_the_handler(self):
        """A handler's own Date, in any case, replaces the server's: a response has one (RFC 9110 6.6.1)."""
        own = b"Sun, 06 Nov 1994 08:49:37 GMT"
        for name in (b"Date", b"date", b"DATE"):
            for data in (GET, GET.replace(b"1.1", b"1.0"), GET.replace(b"GET", b"HEAD")):
                fields = Fields([(b"X-B", b"c"), (name, own)])
                conversation = Conversation(self, Recorder(Response(200, b"", fields)))
                conversation.send(data)
                lines = conversation.sent.split(b"\r\n")
                got = [line[6:] for line in lines if line.lower().startswith(b"date: ")]
                self.assertEqual(
                    got,
                    [own],
                    f"Expected the handler's Date alone, as {name!r}; got {conversation.sent!r}.",
                )

    def test_date_goes_on(self):
        """Each of a connection's answers has the second in which it was made."""
        conversation = Conversation(self)
        for seconds in (0, 0.75, 0.25, 1, 0.5, 57, 2.5):
            conversation.wait(seconds)
            conversation.send(GET)
        got = [answer.fields[b"date"][-11:-4] for answer in conversation.answers()]
        expected = [
            b"0:00:00",
            b"0:00:00",
            b"0:00:01",
            b"0:00:02",
            b"0:00:02",
            b"0:00:59",
            b"0:01:02",
        ]
        self.assertEqual(got, expected, f"Expected the times {expected!r}; got {got!r}.")
