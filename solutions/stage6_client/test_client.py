"""The client without network and waiting: the test plays the server, the connection and the clock. TCP at the end."""

from typing import Any

from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.error import ConnectError, ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from ..wire import PENDING, every_chunking, outcome
from .client import Client
from .conversation import URL, ClientTestCase
from .messages import LONGEST_HEAD, BadAnswer, BrokenOff, Response, TooLong, TooManyRedirects

DONE, LOST, ABORTED = (Failure(e()) for e in (ConnectionDone, ConnectionLost, ConnectionAborted))
### BEGIN SOLUTION Step 1: the tests
### STARTER
### STARTER
### STARTER class ClientTests(ClientTestCase):
### STARTER     """Your tests. Write your list first, in list.md."""
OK = b"HTTP/1.1 200 OK\r\n"
SHORT = OK + b"Content-Length: 3\r\n\r\nabc"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
OPEN = b"HTTP/1.0 200 OK\r\n\r\n"
INTERIM = b"HTTP/1.1 %d Wait\r\nX: y\r\nContent-Length: 1\r\n\r\n"
REDIRECT = b"HTTP/1.1 %d Found\r\nContent-Length: 0\r\nlocation: %s\r\n\r\n"
STATUSES = (301, 302, 303, 307, 308)
# Complete answers: the request's method, the bytes, the content. OPEN's content ends with the connection. Cut short, the
# last two are like others.
WHOLE = [
    ("GET", OK + b"Server: x\r\ncOnTENT-lENGTH: 05\r\n\r\na\r\nbc", b"a\r\nbc"),
    ("GET", CHUNKED + b"0a;x\r\n01234567\r\n\r\n1;\r\nd\r\n00;z\r\nT: t\r\n\r\n", b"01234567\r\nd"),
    ("HEAD", OK + b"Content-Length: 5\r\n\r\n", b""),
    ("GET", b"HTTP/1.1 103 \r\nX: y\r\n\r\nHTTP/1.1 100\r\n\r\n" + SHORT, b"abc"),
    ("GET", OPEN + b"a\r\n\r\nbc", b"a\r\n\r\nbc"),
    ("GET", CHUNKED.upper() + b"1A\r\n" + b"x" * 26 + b"\r\n0\r\n\r\n", b"x" * 26),
    ("GET", OPEN, b""),
]


class AnswerTests(ClientTestCase):
    """From bytes to an answer, or to a failure."""

    def test_any_chunks(self) -> None:
        """An answer is the same however it is cut, and is complete at its last byte, not before."""
        for method, wire, content in WHOLE:
            for chunks in every_chunking(wire):
                asking, protocol, _ = self.begin(method)
                for chunk in chunks:
                    self.assertIs(outcome(asking), PENDING, chunks)
                    protocol.dataReceived(chunk)
                if wire.startswith(OPEN):
                    self.assertIs(outcome(asking), PENDING, chunks)
                    protocol.connectionLost(DONE)
                self.assertContent(outcome(asking), content, chunks)

    def test_broken_at_every_offset(self) -> None:
        """An answer that is cut short at any byte is BrokenOff, whether the connection ends cleanly or not."""
        for method, wire, _ in WHOLE[:-2]:
            for cut in range(len(wire)):
                chunks = [wire[:cut]] if cut else []
                for end in (LOST,) if wire[:cut].startswith(OPEN) else (DONE, LOST):
                    got = self.receive(*chunks, end=end, method=method)
                    self.assertFailed(got, BrokenOff, chunks)

    def test_broken_end(self) -> None:
        """Content without a length must have a clean end: ConnectionDone, and nothing else."""
        for end in (LOST, ABORTED, Failure(OSError("a TLS alert"))):
            self.assertFailed(self.receive(OPEN + b"all of it", end=end), BrokenOff, end.value)

    def test_what_follows(self) -> None:
        """Bytes after the content are not part of it, and the client does not wait for the connection's end."""
        empty = OK + b"Content-Length: 0\r\n\r\n"
        for wire, content in ((SHORT, b"abc"), (empty, b""), (CHUNKED + b"0\r\n\r\n", b"")):
            self.assertContent(self.receive(wire + bytes(LONGEST_HEAD)), content, wire)

    def test_no_content(self) -> None:
        """An answer to HEAD, a 204 and a 304 have no content, whatever their fields say; others do."""
        for method, status in (("HEAD", b"200"), ("GET", b"204"), ("GET", b"304")):
            for field in (b"", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n"):
                wire = b"HTTP/1.1 %s X\r\n%s\r\n" % (status, field)
                self.assertContent(self.receive(wire, method=method), b"", (method, wire))
        for status in (b"205", b"300", b"599"):
            self.assertContent(self.receive(SHORT.replace(b"200", status)), b"abc", status)

    def test_not_yet_the_answer(self) -> None:
        """A 1xx is skipped, whichever it is and whatever its fields say, and so are others after it."""
        got = self.receive(INTERIM % 100 + INTERIM % 101 + INTERIM % 199 + SHORT)
        self.assertEqual(got, Response(200, "OK", [("Content-Length", "3")], b"abc"))

    def test_content_too_long(self) -> None:
        """Content of ``longest`` bytes (by default ten million) passes, however it ends; one more is TooLong."""
        zeros, nines = b"0" * 5_000, b"9" * 5_000
        for exact, end, longer in (
            (OPEN + b"abc", DONE, OPEN + b"abcd"),
            (SHORT, None, OK + b"Content-Length: 4\r\n\r\nabcd"),
            (SHORT.replace(b"3", zeros + b"3"), None, SHORT.replace(b"3", nines) + b"d"),
            (CHUNKED + b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", None, CHUNKED + b"2\r\nab\r\n2\r\ncd"),
            (CHUNKED + zeros + b"3\r\nabc\r\n0\r\n\r\n", None, CHUNKED + nines + b"\r\nabcd"),
        ):
            self.assertContent(self.receive(exact, end=end, longest=3), b"abc", exact[:99])
            self.assertFailed(self.receive(longer, longest=3), TooLong, longer[:99])
        self.assertIs(self.receive(OK + b"Content-Length: 10000000\r\n\r\n"), PENDING)
        self.assertFailed(self.receive(OPEN, bytes(10_000_001)), TooLong)

    def test_status_and_fields(self) -> None:
        """Status, reason and fields are as received, with repeated names; only outer blanks are dropped."""
        fields = [("a", "b:c"), ("A", "X  X"), ("X", ""), ("Set-Cookie", "1"), ("Set-Cookie", "2")]
        wire = b"a: b:c\r\nA:\t X  X \r\nX:\r\nSet-Cookie: 1\r\nSet-Cookie:2\r\n"
        wire += b"!#$%&'*+.^_`|~0: \x0b\xe9\xa0\t\r\n\r\n"
        fields.append(("!#$%&'*+.^_`|~0", "\x0b\xe9\xa0"))
        got = self.receive(b"HTTP/1.1 404 Not  h\xe9re\r\n" + wire, end=DONE)
        self.assertEqual(got, Response(404, "Not  h\xe9re", fields, b""))
        for line in (b"HTTP/1.9 200", b"HTTP/1.0 200 "):
            got = self.receive(line + b"\r\n\r\n", end=DONE)
            self.assertEqual(got, Response(200, "", [], b""), line)

    def test_trailers(self) -> None:
        """Trailers are dropped, whatever they contain; only an empty line ends them."""
        for trailer in (b"T: t", b"no field", b"Content-Length: 9", b" ", b"\n", b"\r", b"\0\xe9"):
            wire = CHUNKED + b"1\r\na\r\n0\r\n" + trailer + b"\r\n"
            self.assertIs(self.receive(wire), PENDING, trailer)
            got = self.receive(wire, b"\r\n")
            self.assertEqual((got.content, len(got.fields)), (b"a", 1), trailer)

    def test_not_http(self) -> None:
        """Bytes that are not an answer in HTTP/1 are a BadAnswer."""
        after = [b"2000 OK", b" 200 OK", b"abc OK", b"200OK", b"099 OK", b"600 OK", b"20\xb2 OK"]
        after += [b"200 O\rK", b"200 O\nK", b"200 O\0K"]
        lines = [b"ICY 200 OK", b"HTTP/2 200 OK", b"SSH-2.0-x", b""]
        lines += [b"HTTP/1.1 " + rest for rest in after]
        fields = [b"no colon", b"X : y", b": y", b" folded: y", b"X: y\nZ: z", b"X: \0", b"X: \rx"]
        fields += [b"X\xe9: y", b"(X): y", b"X\n: y"]
        sizes = [b"g", b"", b"-1", b"+1", b"0x1", b"1_0", b" 1", b"1 1", b"1\n", b"\xb2", b";"]
        wires = [line + b"\r\n\r\n" for line in lines] + [OK + f + b"\r\n\r\n" for f in fields]
        wires += [CHUNKED + size + b"\r\na\r\n0\r\n\r\n" for size in sizes]
        ends = (b"bc\r\n", b"\rb", b"b\n", b"\r\r", b"\n\n")
        wires += [CHUNKED + b"1\r\na" + end + b"0\r\n\r\n" for end in ends]
        for wire in wires:
            self.assertFailed(self.receive(wire), BadAnswer, wire)

    def test_contradictions(self) -> None:
        """A length that is not a number, or given twice, is a BadAnswer, and so is any coding but ``chunked`` alone."""
        numbers = [b"+5", b"-5", b"0x5", b"1_0", b"5 5", b"5, 5", b"", b"5.0", b"\xb2", b"\x0b5"]
        two = [b"5\r\nContent-Length: 5", b"5\r\nTransfer-Encoding: chunked"]
        codings = [b"gzip", b"gzip, chunked", b"chunked, gzip", b"xchunked", b"chunkedx", b""]
        codings += [b"chunked, chunked", b"\x0bchunked", b"gzip\r\nTransfer-Encoding: chunked"]
        codings += [b"chunked\r\nTransfer-Encoding: " + coding for coding in (b"chunked", b"gzip")]
        fields = [b"Content-Length: " + value for value in numbers + two]
        for field in fields + [b"Transfer-Encoding: " + value for value in codings]:
            got = self.receive(OK + field + b"\r\n\r\n5\r\nabcde\r\n0\r\n\r\n", end=DONE)
            self.assertFailed(got, BadAnswer, field)

    def test_head_too_long(self) -> None:
        """A head of LONGEST_HEAD bytes passes, each 1xx counted separately; the first byte too many is TooLong."""
        lines = (b"HTTP/1.1 100 Wait\r\nX: ", OK + b"X: ")
        heads = [line.ljust(LONGEST_HEAD - 4, b"y") + b"\r\n\r\n" for line in lines]
        self.assertContent(self.receive(*heads, end=DONE), b"")
        for begun in (OK + b"X: ", OK + b"X: y\r\n" * 8_000, b"HTTP/1.1 200 "):
            got = self.receive(begun.ljust(LONGEST_HEAD, b"y"), b"y")
            self.assertFailed(got, TooLong, begun[:50])
        whole = (OK + b"X: ").ljust(LONGEST_HEAD - 3, b"y") + b"\r\n\r\n"
        self.assertFailed(self.receive(whole, end=DONE), TooLong)

    def test_line_too_long(self) -> None:
        """A chunk's size line and each trailer may have LONGEST_HEAD bytes; the first byte too many is TooLong."""
        line = b"1;".ljust(LONGEST_HEAD - 2, b"y") + b"\r\n"
        last = b"0\r\n" + b"T: ".ljust(LONGEST_HEAD - 4, b"y") + b"\r\n\r\n"
        self.assertContent(self.receive(CHUNKED + (line + b"a\r\n") * 2 + last), b"aa")
        for before, begun in ((CHUNKED, b"1;"), (CHUNKED + b"0\r\n", b"T: ")):
            got = self.receive(before + begun.ljust(LONGEST_HEAD, b"y"), b"y")
            self.assertFailed(got, TooLong, begun)


class EndTests(ClientTestCase):
    """Time, cancellation, and that nothing is left, however a request ends."""

    def ask(self, again: bool, **settings: Any) -> Deferred[Response]:
        """Begin a request; again: go on to its connecting after a slow redirect."""
        asking = self.client(**settings).get(URL)
        if again:
            self.clock.advance(9)
            protocol, _ = self.endpoint.accept()
            self.clock.advance(29)
            protocol.dataReceived(REDIRECT % (302, b"http://b/"))
        return asking

    def assertNothingLeft(self, transport: Any, aborted: bool, case: object = "") -> None:
        """Assert that the connection is closed, or even aborted, and that no call is on the clock."""
        closed = transport.disconnected if aborted else transport.disconnecting
        self.assertTrue(closed, f"Expected {'an abort' if aborted else 'a close'}. Case: {case!r}")
        self.assertEqual(self.clock.getDelayedCalls(), [], f"Case: {case!r}")

    def assertGivenUp(self, attempts: int) -> None:
        """Assert that this many attempts to connect were cancelled, and that no call is on the clock."""
        self.assertEqual((self.endpoint.cancelled, self.clock.getDelayedCalls()), (attempts, []))

    def test_connecting_in_time(self) -> None:
        """Connecting may take ``connect_patience`` seconds (10), again after a redirect; then it is cancelled."""
        for again, seconds in ((False, 10), (True, 50)):
            asking = self.ask(again, **{"connect_patience": 50} if again else {})
            self.clock.advance(seconds - 0.25)
            self.assertIs(outcome(asking), PENDING)
            self.clock.advance(0.25)
            self.assertFailed(outcome(asking), TimeoutError)
            self.assertGivenUp(1 + again)

    def test_answered_in_time(self) -> None:
        """Once connected, the whole answer may take ``patience`` seconds (30), and again after a redirect."""
        some = [INTERIM % 100, OK + b"Content-Length: 4\r\n\r\n", b"a"]
        for again, time, chunks in ((0, 30, []), (1, 80, []), (0, 80, [b"H", b"T"]), (0, 80, some)):
            settings = {} if time == 30 else {"patience": time}
            asking = self.ask(bool(again), connect_patience=50, **settings)
            self.clock.advance(40)
            protocol, transport = self.endpoint.accept()
            for chunk in chunks:
                self.clock.advance(19)
                protocol.dataReceived(chunk)
            self.clock.advance(time - 0.25 - 19 * len(chunks))
            self.assertIs(outcome(asking), PENDING, chunks)
            self.clock.advance(0.25)
            self.assertFailed(outcome(asking), TimeoutError, chunks)
            self.assertNothingLeft(transport, True, chunks)
            protocol.dataReceived(SHORT)
            protocol.connectionLost(ABORTED)

    def test_cancelled(self) -> None:
        """Cancelled at any moment, a request fails with CancelledError, once, and the connection is aborted."""
        for again, wire in enumerate((b"", b"", b"H", SHORT[:-1], OPEN + b"abc")):
            asking = self.ask(again == 1)
            protocol, transport = self.endpoint.accept()
            if wire:
                protocol.dataReceived(wire)
            asking.cancel()
            self.assertFailed(outcome(asking), CancelledError, wire)
            self.assertNothingLeft(transport, True, wire)
            protocol.dataReceived(b"c")
            protocol.connectionLost(ABORTED)

    def test_cancelled_while_connecting(self) -> None:
        """Cancelled while connecting, at first or after a redirect, a request cancels the attempt: CancelledError."""
        for again in (False, True):
            asking = self.ask(again)
            asking.cancel()
            self.assertFailed(outcome(asking), CancelledError)
            self.assertGivenUp(1 + again)

    def test_not_connected(self) -> None:
        """If connecting fails, a request fails with the endpoint's failure, and leaves nothing."""
        for again in (False, True):
            asking = self.ask(again)
            refused = self.endpoint.refuse()
            self.assertFailed(outcome(asking), type(refused))
            self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_nothing_left(self) -> None:
        """When it fires, the connection is closed, or after a bad answer aborted; later bytes change nothing."""
        for wire in (SHORT, OK + b"X\r\n\r\n", CHUNKED + b"4\r\nabcd\r\n"):
            asking, protocol, transport = self.begin(longest=3)
            closed: Any = asking.addBoth(lambda _, t: t.disconnecting, transport)
            protocol.dataReceived(wire)
            self.assertIs(outcome(closed), True, wire)
            self.assertNothingLeft(transport, wire is not SHORT, wire)
            protocol.dataReceived(wire)
            protocol.connectionLost(LOST)
        self.assertFailed(self.receive(SHORT[:-1], end=DONE), BrokenOff)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_many(self) -> None:
        """Concurrent requests of one client do not mix, and later ones are like the first."""
        client = self.client(most_redirects=1)
        for _ in range(2):
            asking = [client.get(URL), client.get(URL)]
            for _ in asking:
                self.endpoint.accept()[0].dataReceived(REDIRECT % (302, b"/c"))
            protocols = [self.endpoint.accept()[0] for _ in asking]
            for parts in ((CHUNKED, CHUNKED), (b"1\r\na\r\n", b"1\r\nb\r\n"), (b"0\r\n\r\n",) * 2):
                for protocol, part in zip(protocols, parts, strict=True):
                    protocol.dataReceived(part)
            self.assertContent(outcome(asking[0]), b"a")
            self.assertContent(outcome(asking[1]), b"b")


class RequestTests(ClientTestCase):
    """Requests: what is sent, and to which server."""

    def test_sent(self) -> None:
        """Method, target, fields and content go to the URL's host and port; the caller's fields unchanged, in order."""
        theirs = [("X", " y\t"), ("X", "")]
        for method, url, content, asked, line, host, counted in (
            ("get", "http://K.org", b"", ("k.org", 80), b"get /", b"k.org", False),
            ("POST", "HTTP://a:65535/b?c#\r\nd", b"", ("a", 65535), b"POST /b?c", b"a:65535", True),
            ("PUT", "http://[::1]:80?b", b"", ("::1", 80), b"PUT /?b", b"[::1]", True),
            ("PATCH", "http://Xa_.c-d/./~", b"", ("xa_.c-d", 80), b"PATCH /./~", b"xa_.c-d", True),
            ("DELETE", "http://a:1/", b"\r\n", ("a", 1), b"DELETE /", b"a:1", True),
        ):
            self.client().request(method, url, theirs, *filter(None, [content]))
            head, _, sent = self.endpoint.accept()[1].value().partition(b"\r\n\r\n")
            first, *fields = head.split(b"\r\n")
            self.assertEqual((self.asked.pop(), first), (asked, line + b" HTTP/1.1"))
            self.assertEqual(sent, content)
            self.assertEqual([f for f in fields if f[:1] == b"X"], [b"X:  y\t", b"X: "])
            own = [b"Content-Length: %d" % len(content)] * counted
            own += [b"Connection: close", b"Host: " + host]
            self.assertEqual(sorted(f for f in fields if f[:1] != b"X"), sorted(own))

    def test_not_sent(self) -> None:
        """A request that a server would read as another one, or as two, is a ValueError; nothing is connected."""
        ends = ["\r\nY: z", "\r\n", "\n", "\r", "\0", "\xe9", "\x7f", "\x1b", "\u212a"]
        urls = [f"http://a/b{end}" for end in (*ends, " ", "\t", " HTTP/1.1\r\nX: y\r\n\r\n")]
        urls += ["http://a\r\nX/", "http://a b/", "http://u@a/", "http:///", "https://a/", "//a/"]
        urls += ["http://a,b/", "http://\u212a/", "http://a:0/", "http://a:65536/", "http://[1:2]/"]
        own = ("HOST", "connection", "content-length", "Content-Length", "Transfer-encoding")
        fields = [("X", f"a{end}") for end in ends] + [(name, "1") for name in ("", *own)]
        fields += [(f"X{end}", "a") for end in (*ends, " ", ":")]
        bad: list[tuple[str, str, list[tuple[str, str]]]] = [("GET", url, []) for url in urls]
        bad += [(f"GET{end}", URL, []) for end in (*ends, " /evil")] + [("", URL, [])]
        bad += [("GET", URL, [("X", "y"), field]) for field in fields]
        for method, url, pairs in bad:
            for get in {False, method == "GET"}:
                client = self.client()
                try:
                    client.get(url, pairs) if get else client.request(method, url, pairs)
                except ValueError:
                    continue
                self.fail(f"Expected ValueError for {(method, url, pairs)!r}")
        self.assertEqual(self.asked, [])


class RedirectTests(ClientTestCase):
    """Answers that redirect."""

    def test_followed(self) -> None:
        """A redirect of GET or HEAD is followed, with the same content, to its first Location, relative to its URL."""
        here = ("example.org", 80)
        for location, asked, target in (
            (b"http://b:81/c#d", ("b", 81), b"/c"),
            (b"HTTP://B/./c", ("b", 80), b"/./c"),
            (b"//b?c", ("b", 80), b"/?c"),
            (b"/c\r\nLocation: /d", here, b"/c"),
            (b"c?d", here, b"/dir/c?d"),
            (b"?d", here, b"/dir/page?d"),
            (b"../c", here, b"/c"),
            (b"", here, b"/dir/page?a=b"),
        ):
            for status in STATUSES:
                method = "HEAD" if status == 303 else "GET"
                asking = self.client().request(method, URL, (), b"\r\nd")
                protocol, first = self.endpoint.accept()
                protocol.dataReceived(REDIRECT % (status, location))
                protocol, transport = self.endpoint.accept()
                head, _, content = transport.value().partition(b"\r\n\r\n")
                line = b"%s %s HTTP/1.1" % (method.encode(), target)
                self.assertEqual((self.asked[-1], head.split(b"\r\n")[0]), (asked, line))
                protocol.dataReceived(SHORT)
                self.assertContent(outcome(asking), b"" if method == "HEAD" else b"abc")
                self.assertEqual((content, first.disconnecting), (b"\r\nd", True))

    def test_followed_when_whole(self) -> None:
        """A redirect is followed once it is complete; the next one is relative to its URL."""
        begun = (REDIRECT % (302, b"//b/x/y")).replace(b"0\r", b"1\r")
        _, protocol, _ = self.begin()
        protocol.dataReceived(begun)
        self.assertEqual(len(self.asked), 1)
        protocol.dataReceived(b"a")
        self.endpoint.accept()[0].dataReceived(REDIRECT % (302, b"z"))
        sent = self.endpoint.accept()[1].value()
        self.assertEqual((self.asked[1:], sent[:9]), ([("b", 80)] * 2, b"GET /x/z "))
        self.assertFailed(self.receive(begun, end=DONE), BrokenOff)

    def test_not_followed(self) -> None:
        """With another method or status, or without a Location, the answer is the Response."""
        cases = [(m, REDIRECT % (n, b"/c")) for m in ("POST", "PUT", "DELETE") for n in STATUSES]
        cases += [("GET", REDIRECT % (n, b"/c")) for n in (200, 201, 300, 304, 305, 306, 404)]
        for method, wire in [*cases, ("HEAD", SHORT.replace(b"200", b"302"))]:
            self.assertContent(self.receive(wire, method=method), b"", (method, wire))

    def test_leads_nowhere(self) -> None:
        """A Location with a URL that may not be sent is a BadAnswer; nothing is connected, and nothing is left."""
        urls = b"https://b/|http://b:x/|http://b/c d|http://u@b/|http:///c|HTTP:c|///c|x:y|/a\tb"
        for location in (*urls.split(b"|"), b"\x01/", b"#\xe9"):
            asking, protocol, transport = self.begin()
            protocol.dataReceived(REDIRECT % (302, location))
            self.assertFailed(outcome(asking), BadAnswer, location)
            left = (self.asked[1:], self.clock.getDelayedCalls(), not transport.disconnecting)
            self.assertEqual(left, ([], [], False), location)
            self.asked.clear()

    def test_secrets(self) -> None:
        """Secrets are not sent to another host or port, nor after that; other fields are."""
        fields = [("authorization", "secret"), ("Cookie", "secret"), ("X", "y")]
        for locations, count in (
            ([b"http://b/"], 0),
            ([b"http://example.org:81/"], 0),
            ([b"http://b/", b"http://example.org/"], 0),
            ([b"/c", b"http://EXAMPLE.org:80/"], 2),
        ):
            self.client().get(URL, fields)
            for location in locations:
                self.endpoint.accept()[0].dataReceived(REDIRECT % (302, location))
            sent = self.endpoint.accept()[1].value()
            self.assertEqual((sent.count(b"secret"), sent.count(b"X: y")), (count, 1), locations)

    def test_loop(self) -> None:
        """``most_redirects`` redirects (5) are followed; the next one is TooManyRedirects."""
        for most in (0, 1, 3, 5):
            asking = self.client(**({} if most == 5 else {"most_redirects": most})).get(URL)
            for _ in range(most + 1):
                self.assertIs(outcome(asking), PENDING)
                self.endpoint.accept()[0].dataReceived(REDIRECT % (302, b"/again"))
            self.assertFailed(outcome(asking), TooManyRedirects, most)


class TCPTests(TestCase):
    """The client with its default endpoints and the real reactor, over loopback."""

    timeout = 2

    async def test_tcp(self) -> None:
        """Over TCP, a host name works; a closed port, at any address, is a ConnectError."""
        from twisted.internet import reactor

        lost: Deferred[None] = Deferred()

        class Server(Protocol):
            transport: Any

            def dataReceived(self, data: bytes) -> None:
                self.transport.write(SHORT)

            def connectionLost(self, reason: Failure = connectionDone) -> None:
                lost.callback(None)

        endpoint = TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")
        port: Any = await endpoint.listen(Factory.forProtocol(Server))
        self.addCleanup(port.stopListening)
        url = f"http://localhost:{port.getHost().port}/"
        self.assertEqual((await Client().get(url)).content, b"abc")
        # The client closes, the server does not: once the server sees the end, both sides have ended.
        await lost
        await port.stopListening()
        for host in ("127.0.0.1", "[::1]"):
            with self.assertRaises(ConnectError):
                await Client().get(url.replace("localhost", host))


### END SOLUTION
