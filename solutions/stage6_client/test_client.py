"""The client, with no network and no waiting: the test plays the server, the connection and the clock. TCP at the end."""

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
REDIRECT = b"HTTP/1.1 %d Found\r\nContent-Length: 0\r\nLocation: %s\r\n\r\n"
# Whole answers: the method that asks, the bytes, their content. Names have no case. OPEN's content ends with the connection.
WHOLE = [
    ("GET", OK + b"Server: x\r\ncOnTENT-lENGTH: 5\r\n\r\na\r\nbc", b"a\r\nbc"),
    ("GET", CHUNKED + b"0a;x=y\r\n01234567\r\n\r\n1\r\nd\r\n0\r\nT: t\r\n\r\n", b"01234567\r\nd"),
    ("GET", CHUNKED.upper() + b"1A\r\n" + b"x" * 26 + b"\r\n0\r\n\r\n", b"x" * 26),
    ("HEAD", OK + b"Content-Length: 5\r\n\r\n", b""),
    ("GET", b"HTTP/1.1 103 Hints\r\nX: y\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + SHORT, b"abc"),
    ("GET", OPEN + b"a\r\n\r\nbc", b"a\r\n\r\nbc"),
    ("GET", OPEN, b""),
]


class AnswerTests(ClientTestCase):
    """From bytes to an answer, or to a failure."""

    def test_any_chunks(self) -> None:
        """However an answer is cut, it is the same, and it is there with its last byte, not before."""
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
        """An answer that is cut short is BrokenOff, wherever that is, and whether the connection ends cleanly or not."""
        for method, wire, _ in WHOLE:
            for cut in range(len(wire)):
                for end in (DONE, LOST):
                    if end is LOST or not wire[:cut].startswith(OPEN):
                        chunks = [wire[:cut]] if cut else []
                        got = self.receive(*chunks, end=end, method=method)
                        self.assertFailed(got, BrokenOff, chunks)
        self.assertFailed(self.receive(OPEN + b"all of it", end=LOST), BrokenOff)

    def test_what_follows(self) -> None:
        """What comes after the content is no part of it, and the connection's end is not waited for."""
        for wire, content in (
            (SHORT + b"d", b"abc"),
            (OK + b"Content-Length: 0\r\n\r\nabc", b""),
            (CHUNKED + b"1\r\na\r\n0\r\n\r\nb", b"a"),
        ):
            self.assertContent(self.receive(wire), content, wire)

    def test_no_content(self) -> None:
        """The answer to HEAD, a 204 and a 304 have no content, whatever their fields say."""
        for method, status in (("HEAD", b"200"), ("GET", b"204"), ("GET", b"304")):
            for field in (b"", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n"):
                wire = b"HTTP/1.1 %s X\r\n%s\r\n" % (status, field)
                self.assertContent(self.receive(wire, method=method), b"", (method, wire))

    def test_content_too_long(self) -> None:
        """Content of ``longest`` bytes passes, however it ends; one more is TooLong, as soon as it is here."""
        for exact, end, longer in (
            (OPEN + b"abc", DONE, OPEN + b"abcd"),
            (SHORT, None, OK + b"Content-Length: 4\r\n\r\nabcd"),
            (CHUNKED + b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", None, CHUNKED + b"2\r\nab\r\n2\r\ncd"),
        ):
            self.assertContent(self.receive(exact, end=end, longest=3), b"abc", exact)
            self.assertFailed(self.receive(longer, longest=3), TooLong, longer)

    def test_status_and_fields(self) -> None:
        """Status, reason and fields are what came, a name that came twice included; only outer blanks are dropped."""
        fields = [("a", "b:c"), ("A", "d  e"), ("X", ""), ("Set-Cookie", "1"), ("Set-Cookie", "2")]
        wire = b"a: b:c\r\nA:\t d  e \r\nX:\r\nSet-Cookie: 1\r\nSet-Cookie:2\r\n\r\n"
        got = self.receive(b"HTTP/1.1 404 Not  h\xe9re\r\n" + wire, end=DONE)
        self.assertEqual(got, Response(404, "Not  h\xe9re", fields, b""))
        for line in (b"HTTP/1.1 200", b"HTTP/1.0 200 "):
            got = self.receive(line + b"\r\n\r\n", end=DONE)
            self.assertEqual(got, Response(200, "", [], b""), line)

    def test_not_http(self) -> None:
        """What is no answer in HTTP/1 is a BadAnswer."""
        lines = [b"ICY 200 OK", b"HTTP/2 200 OK", b"HTTP/1.1 2000 OK", b"HTTP/1.1  200 OK", b""]
        lines += [b"HTTP/1.1 abc OK", b"HTTP/1.1 200OK", b"HTTP/1.1 099 OK", b"SSH-2.0-x"]
        fields = [b"no colon", b"X : y", b": y", b" folded: y", b"X: y\nZ: z", b"X: \0", b"X: \rx"]
        sizes = [b"g", b"", b"-1", b"+1", b"0x1", b"1_0", b" 1", b"1 1", b"1\n"]
        wires = [line + b"\r\n\r\n" for line in lines] + [OK + f + b"\r\n\r\n" for f in fields]
        wires += [CHUNKED + size + b"\r\na\r\n0\r\n\r\n" for size in sizes]
        for wire in [*wires, CHUNKED + b"1\r\nabc\r\n0\r\n\r\n"]:
            self.assertFailed(self.receive(wire), BadAnswer, wire)

    def test_contradictions(self) -> None:
        """A length that is no number, or is said twice, is a BadAnswer, and so is an unknown coding."""
        numbers = (b"+5", b"-5", b"0x5", b"1_0", b"5 5", b"5, 5", b"five", b"", b"5.0")
        two = (b"5\r\nContent-Length: 5", b"5\r\nTransfer-Encoding: chunked")
        bad = [b"Content-Length: " + value for value in (*numbers, *two)]
        for field in [*bad, b"Transfer-Encoding: gzip", b"Transfer-Encoding: gzip, chunked"]:
            got = self.receive(OK + field + b"\r\n\r\n5\r\nabcde\r\n0\r\n\r\n", end=DONE)
            self.assertFailed(got, BadAnswer, field)

    def test_head_too_long(self) -> None:
        """A head of LONGEST_HEAD bytes passes; one that goes on is TooLong, and so is the line of a chunk's size."""
        head = OK + b"X: ".ljust(LONGEST_HEAD - len(OK) - 4, b"y") + b"\r\n\r\n"
        self.assertContent(self.receive(head[:-1], head[-1:], end=DONE), b"")
        for begun in (OK + b"X: ", OK + b"X: y\r\n" * 8_000, CHUNKED + b"1;"):
            self.assertFailed(self.receive(begun, b"y" * LONGEST_HEAD), TooLong, begun[:50])


class EndTests(ClientTestCase):
    """Time, cancellation, and that nothing is left, whatever ended a request."""

    def assertNothingLeft(self, transport: Any, aborted: bool, case: object = "") -> None:
        """See that the connection is closed, or even aborted, and that no call is on the clock."""
        closed = transport.disconnected if aborted else transport.disconnecting
        self.assertTrue(closed, f"Expected {'an abort' if aborted else 'a close'}. Case: {case!r}")
        self.assertEqual(self.clock.getDelayedCalls(), [], f"Case: {case!r}")

    def test_connecting_in_time(self) -> None:
        """Connecting has ``connect_patience`` seconds; then the attempt is given up."""
        asking = self.client(connect_patience=50).get(URL)
        self.clock.advance(49)
        self.assertIs(outcome(asking), PENDING)
        self.clock.advance(1)
        self.assertFailed(outcome(asking), TimeoutError)
        self.assertEqual((self.endpoint.cancelled, self.clock.getDelayedCalls()), (1, []))

    def test_answered_in_time(self) -> None:
        """From when it is connected, the whole answer has ``patience`` seconds, however much of it is here."""
        for chunks in ([], [b"H", b"T"], [OK, b"Content-Length: 4\r\n\r\n", b"a", b"b"]):
            asking = self.client(connect_patience=50, patience=80).get(URL)
            self.clock.advance(40)
            protocol, transport = self.endpoint.accept()
            for chunk in chunks:
                self.clock.advance(19)
                protocol.dataReceived(chunk)
            self.clock.advance(79 - 19 * len(chunks))
            self.assertIs(outcome(asking), PENDING, chunks)
            self.clock.advance(1)
            self.assertFailed(outcome(asking), TimeoutError, chunks)
            self.assertNothingLeft(transport, True, chunks)

    def test_cancelled(self) -> None:
        """Cancelled at any moment, a request fails with CancelledError, once, and the connection is aborted."""
        for wire in (b"H", SHORT[:-1], OPEN + b"abc"):
            asking, protocol, transport = self.begin()
            protocol.dataReceived(wire)
            asking.cancel()
            protocol.dataReceived(b"c")
            protocol.connectionLost(ABORTED)
            self.assertFailed(outcome(asking), CancelledError, wire)
            self.assertNothingLeft(transport, True, wire)

    def test_not_connected(self) -> None:
        """A request that is cancelled or refused before it is connected leaves nothing either."""
        asking = self.client().get(URL)
        refused = self.endpoint.refuse()
        self.assertFailed(outcome(asking), type(refused))
        asking = self.client().get(URL)
        asking.cancel()
        self.assertFailed(outcome(asking), CancelledError)
        self.assertEqual((self.endpoint.cancelled, self.clock.getDelayedCalls()), (1, []))

    def test_nothing_left(self) -> None:
        """A whole answer closes the connection, a bad one aborts it; its end later on changes nothing."""
        for wire in (SHORT, OK + b"X\r\n\r\n", CHUNKED + b"4\r\nabcd\r\n"):
            asking, protocol, transport = self.begin(longest=3)
            protocol.dataReceived(wire)
            self.assertNothingLeft(transport, wire is not SHORT, wire)
            protocol.connectionLost(LOST)
            self.assertIsNot(outcome(asking), PENDING)
        self.assertFailed(self.receive(SHORT[:-1], end=DONE), BrokenOff)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_many(self) -> None:
        """Two requests of one client that are answered in turns do not mix, and later ones are like the first."""
        client = self.client()
        for _ in range(2):
            asking = [client.get(URL), client.get(URL)]
            protocols = [self.endpoint.accept()[0] for _ in asking]
            for parts in ((CHUNKED, CHUNKED), (b"1\r\na\r\n", b"1\r\nb\r\n"), (b"0\r\n\r\n",) * 2):
                for protocol, part in zip(protocols, parts, strict=True):
                    protocol.dataReceived(part)
            self.assertContent(outcome(asking[0]), b"a")
            self.assertContent(outcome(asking[1]), b"b")


class RequestTests(ClientTestCase):
    """What is sent, and where to."""

    def test_sent(self) -> None:
        """Method, target, Host, fields and content go to the URL's host and port."""
        url = "http://Example.org:8080/a?b#c"
        self.client().request("POST", url, [("X", "y"), ("X", "")], b"\r\nd")
        head, _, content = self.endpoint.accept()[1].value().partition(b"\r\n\r\n")
        first, *fields = head.split(b"\r\n")
        self.assertEqual((first, content), (b"POST /a?b HTTP/1.1", b"\r\nd"))
        for field in (b"X: y", b"X: ", b"Host: example.org:8080", b"Content-Length: 3"):
            self.assertIn(field, fields)
        self.assertEqual(self.asked, [("example.org", 8080)])

    def test_not_sent(self) -> None:
        """What would be another request than was meant, or two, is a ValueError; nothing is connected."""
        ends = ("\r\nY: z", "\r\n", "\n", "\r", "\0", "\xe9")
        urls = [f"http://a/b{end}" for end in (*ends, " ", "\t", " HTTP/1.1\r\nX: y\r\n\r\n")]
        urls += ["http://a\r\nX/", "http://a b/", "http://u@a/", "http:///", "https://a/"]
        bad: list[tuple[str, str, list[tuple[str, str]]]] = [("GET", url, []) for url in urls]
        bad += [(f"GET{end}", URL, []) for end in (*ends, " /evil")] + [("", URL, [])]
        bad += [("GET", URL, [("X", f"a{end}")]) for end in ends]
        bad += [("GET", URL, [(f"X{end}", "a")]) for end in (*ends, " ", ":")]
        bad += [("GET", URL, [(n, "1")]) for n in ("content-length", "Host", "Transfer-Encoding")]
        for request in bad:
            try:
                self.client().request(*request)
            except ValueError:
                continue
            self.fail(f"Expected ValueError for {request!r}")
        self.assertEqual(self.asked, [])


class RedirectTests(ClientTestCase):
    """Answers that lead on."""

    def test_followed(self) -> None:
        """A redirect of GET or HEAD leads to where its Location points, seen from where it came from."""
        for location, asked, target in (
            (b"http://b:81/c#d", ("b", 81), b"/c"),
            (b"/c", ("example.org", 80), b"/c"),
            (b"c?d", ("example.org", 80), b"/dir/c?d"),
        ):
            for status in (301, 302, 303, 307, 308):
                method = "HEAD" if status == 303 else "GET"
                asking, protocol, _ = self.begin(method)
                protocol.dataReceived(REDIRECT % (status, location))
                protocol, transport = self.endpoint.accept()
                line = b"%s %s HTTP/1.1\r\n" % (method.encode(), target)
                self.assertEqual((self.asked[-1], transport.value()[: len(line)]), (asked, line))
                protocol.dataReceived(SHORT)
                self.assertContent(outcome(asking), b"" if method == "HEAD" else b"abc")

    def test_not_followed(self) -> None:
        """To a POST, a redirect is the answer; one to where the client cannot go is a BadAnswer."""
        self.assertEqual(self.receive(REDIRECT % (302, b"/c"), method="POST").status, 302)
        for location in (b"https://b/", b"http://b/c d", b"http://b:x/", b"http://b/\xe9"):
            self.assertFailed(self.receive(REDIRECT % (302, location)), BadAnswer, location)

    def test_secrets(self) -> None:
        """To another host or port, a redirect takes the fields along, but none of the caller's secrets."""
        fields = [("authorization", "secret"), ("Cookie", "secret"), ("X", "y")]
        for location, count in ((b"/c", 2), (b"http://b/", 0), (b"http://example.org:81/", 0)):
            self.client().get(URL, fields)
            self.endpoint.accept()[0].dataReceived(REDIRECT % (302, location))
            sent = self.endpoint.accept()[1].value()
            self.assertEqual((sent.count(b"secret"), sent.count(b"X: y")), (count, 1), location)

    def test_loop(self) -> None:
        """``most_redirects`` of them are followed; the next one is TooManyRedirects."""
        for most in (0, 1, 3):
            asking = self.client(most_redirects=most).get(URL)
            for _ in range(most + 1):
                self.assertIs(outcome(asking), PENDING)
                self.endpoint.accept()[0].dataReceived(REDIRECT % (302, b"/again"))
            self.assertFailed(outcome(asking), TooManyRedirects, most)


class TCPTests(TestCase):
    """The client's own endpoints and the real reactor, over loopback."""

    timeout = 2

    async def test_tcp(self) -> None:
        """An answer comes over TCP; from a port that is closed, a ConnectError."""
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
        url = f"http://127.0.0.1:{port.getHost().port}/"
        got = await Client().get(url)
        self.assertEqual(got.content, b"abc")
        # The client closes, the server does not: when the server sees the end, both sides have ended.
        await lost
        await port.stopListening()
        with self.assertRaises(ConnectError):
            await Client().get(url)


### END SOLUTION
