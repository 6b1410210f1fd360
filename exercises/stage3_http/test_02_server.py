"""The server's protocol and factory, without a network: see conversation.py."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from ..wire import every_chunking
from ..yours import YourTests
from .conversation import (
    GET,
    Conversation,
    Recorder,
    assert_a_loop,
    assert_bytes,
    assert_nothing_copied,
    assert_request,
)
from .messages import Fields, Request, Response
from .server import HTTPFactory
from .wrong import ByTwisted, NewestFactory, OneForAll, OneParser, RefusesAll

ASK = (
    b"GET /poem?line=2 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nAccept:text/html\r\n"
    b"X-Words: one: two \r\nX-Words:\tthree\r\n\r\n"
)
ASKED = Request(
    b"GET",
    b"/poem?line=2",
    Fields(
        [
            (b"Host", b"127.0.0.1:8080"),
            (b"Accept", b"text/html"),
            (b"X-Words", b"one: two"),
            (b"X-Words", b"three"),
        ]
    ),
)
# Requests that may follow each other on a connection.
REQUESTS = [ASK, GET, b"DELETE /a HTTP/1.1\r\nHost:a\r\nEmpty:\r\n\r\n"]
TARGETS = [b"/poem?line=2", b"/", b"/a"]


class Step04Answer(SynchronousTestCase):
    """The handler is called with the request, and answered.

    Write RequestParser._read_head in parser.py, and your parts of dataReceived, _answer and
    _send in server.py. _read_head makes a Request, all of bytes, from its line and its fields,
    with its version. dataReceived feeds the parser, then calls _serve. _answer calls
    self.factory.handler once. _send writes the response's bytes, with the fields in own, in one
    transport.write. The connection stays open; only after HTTP/1.0 the given code closes it.
    """

    longMessage = False  # Our message alone, not unittest's before it.

    def test_request(self):
        """The handler is called once, with the request's method, target, fields and version."""
        conversation = Conversation(self)
        conversation.send(ASK)
        got = conversation.handler.requests
        assert_request(self, got, ASKED, repr(ASK))
        assert_bytes(self, got[0])

    def test_version(self):
        """The request has its version, here an older one."""
        conversation = Conversation(self)
        conversation.send(b"GET / HTTP/1.0\r\n\r\n")
        got = [request.version for request in conversation.handler.requests]
        self.assertEqual(got, [b"HTTP/1.0"], f"Expected one HTTP/1.0 request; got {got!r}.")

    def test_own_fields(self):
        """The server's own fields are in the answer, after the response's: HTTP/1.0 gets Connection: close."""
        fields = Fields([(b"X-B", b"c")])
        conversation = Conversation(self, Recorder(Response(200, b"", fields)))
        conversation.send(b"GET / HTTP/1.0\r\n\r\n")
        conversation.answers()
        sent = conversation.sent
        self.assertTrue(
            b"\r\nconnection: close\r\n" in sent.partition(b"\r\nX-B: c")[2].lower(),
            f"Expected X-B: c, then Connection: close, which is in own, in _send's answer; got {sent!r}.",
        )

    def test_nothing_changes(self):
        """A request and a response are immutable."""
        for one in (ASKED, Response(200)):
            for name in one.__dataclass_fields__:
                try:
                    setattr(one, name, b"other")
                except AttributeError:
                    continue
                self.fail(f"Expected AttributeError when {name} is set; it was changed: {one!r}.")

    def test_response(self):
        """The response's status, fields and content go to the client."""
        fields = Fields([(b"Content-Type", b"text/plain")])
        conversation = Conversation(self, Recorder(Response(203, b"Words.\n", fields)))
        conversation.send(GET)
        answers = conversation.answers()
        got = [(a.status, a.fields.get(b"content-type"), a.content) for a in answers]
        expected = [(203, b"text/plain", b"Words.\n")]
        self.assertEqual(got, expected, f"Expected the answer {expected!r}; got {got!r}.")

    def test_one_write(self):
        """A response of any size is one write: each costs a system call, and perhaps a packet."""
        for size in (0, 1, 2**21):
            writes = []
            conversation = Conversation(self, Recorder(Response(200, b"x" * size)))
            conversation.transport.write = writes.append
            conversation.send(GET)
            got = [data.count(b"x") for data in writes]
            self.assertEqual(
                got, [size], f"Expected one transport.write with {size} bytes; got writes of {got}."
            )

    def test_next_request(self):
        """The connection stays open, and the next request is answered after the first (RFC 9112 9.3)."""
        conversation = Conversation(self, Recorder(lambda request: Response(200, request.target)))
        conversation.send(GET, ASK)
        got = [answer.content for answer in conversation.answers()]
        self.assertEqual(
            got, [b"/", b"/poem?line=2"], f"Expected two answers, in order; got {got!r}."
        )
        got = conversation.state
        self.assertEqual(got, "open", f"Expected an open connection; it is {got}.")
        said = [answer.fields.get(b"connection") for answer in conversation.answers()]
        self.assertEqual(said, [None] * 2, f"Expected no Connection: close; got {said!r}.")

    def test_two_connections(self):
        """Each connection has its own answer, and its own parser."""
        factory = HTTPFactory(lambda request: Response(200, request.target), Clock())
        first, second = Conversation(self, factory=factory), Conversation(self, factory=factory)
        second.send(ASK)
        first.send(GET)
        got = [[answer.content for answer in one.answers()] for one in (first, second)]
        expected = [[b"/"], [b"/poem?line=2"]]
        self.assertEqual(got, expected, f"Expected {expected!r} on two connections; got {got!r}.")


class Step05Chunks(SynchronousTestCase):
    """A request may come in any chunks.

    Write your part of RequestParser._take_head. A head ends at its empty line, which HEAD_END
    finds. The handler is called once for each request, at its last byte. Two connections do not
    mix. Many requests in one chunk cause no recursion. Received bytes are not copied again for
    each chunk: the buffer grows in place. _scanned is where the next search begins: two bytes
    before the end of what has been searched, since a chunk may end within the empty line. Once a
    head has been taken out of the buffer, it is 0 again.
    """

    longMessage = False

    def test_every_chunking(self):
        """The handler gets each request once, at its last byte: whole, cut in two anywhere, and byte by byte."""
        for data, target in zip(REQUESTS, TARGETS, strict=True):
            for chunks in every_chunking(data):
                conversation = Conversation(self)
                for chunk in chunks[:-1]:
                    conversation.send(chunk)
                    got = conversation.handler.targets
                    self.assertEqual(
                        got, [], f"Expected no call before the last of {chunks!r}; it had {got!r}."
                    )
                conversation.send(chunks[-1])
                got = conversation.handler.targets
                self.assertEqual(
                    got, [target], f"Expected {[target]!r} from {chunks!r}; got {got!r}."
                )
                got = conversation.statuses()
                self.assertEqual(got, [200], f"Expected one 200 for {chunks!r}; got {got!r}.")

    def test_same_request(self):
        """The handler's request does not depend on the chunks."""
        for chunks in every_chunking(ASK):
            conversation = Conversation(self)
            conversation.send(*chunks)
            got = conversation.handler.requests
            assert_request(self, got, ASKED, f"the chunks {chunks!r}")

    def test_several_in_any_chunks(self):
        """Three requests in a row are three, wherever the chunks are cut."""
        for chunks in every_chunking(b"".join(REQUESTS)):
            conversation = Conversation(self)
            conversation.send(*chunks)
            got = conversation.handler.targets
            self.assertEqual(got, TARGETS, f"Expected {TARGETS!r} from {chunks!r}; got {got!r}.")
            got = conversation.statuses()
            self.assertEqual(got, [200] * 3, f"Expected three answers to {chunks!r}; got {got!r}.")

    def test_many_at_once(self):
        """Many requests in one chunk are answered in a loop: recursion would be too deep for Python's stack."""
        assert_a_loop(self, lambda request: Response(200))

    def test_after_the_last(self):
        """A request in the same bytes, after one of HTTP/1.0, is not answered: the connection closes."""
        for chunks in every_chunking(b"GET / HTTP/1.0\r\n\r\n" + GET):
            conversation = Conversation(self)
            conversation.send(*chunks)
            got = conversation.statuses(), conversation.state
            self.assertEqual(
                got, ([200], "closed"), f"Expected a 200 and a close for {chunks!r}; got {got!r}."
            )

    def test_two_connections(self):
        """Two connections that send a byte in turn do not mix their requests."""
        factory = HTTPFactory(lambda request: Response(200, request.target), Clock())
        both = [Conversation(self, factory=factory) for _ in range(2)]
        one, other = GET, GET.replace(b"GET /", b"PUT /x", 1)
        for i in range(len(other)):
            for conversation, data in zip(both, (one, other), strict=True):
                if data[i : i + 1]:
                    conversation.send(data[i : i + 1])
        got = [[answer.content for answer in one.answers()] for one in both]
        self.assertEqual(got, [[b"/"], [b"/x"]], f"Expected b'/' and b'/x' apart; got {got!r}.")

    def test_work(self):
        """Sixty thousand bytes of a head are not copied again for each further byte."""
        assert_nothing_copied(self, b"GET / HTTP/1.1\r\nHost: a\r\nX: ", 60000)


class Step06Factory(YourTests):
    """You test that connections share nothing but their factory.

    Write the class Connections in test_yours.py. Its tests do what a reactor does with a new
    connection: they call the factory's buildProtocol, then the protocol's makeConnection, and then
    dataReceived. This step runs your tests on two right factories and on three wrong ones.
    """

    program, cases = "server.HTTPFactory", "Connections"

    def test_right(self):
        """Your tests pass with the given factory, and with one that uses Twisted's buildProtocol."""
        self.assert_right()
        self.assert_right(ByTwisted, "a factory that uses Twisted's own buildProtocol")

    def test_one_for_all(self):
        """One of your tests fails with a factory that returns one protocol for all connections."""
        self.assert_noticed(OneForAll, "a factory that returns one protocol for all connections")

    def test_one_parser(self):
        """One of your tests fails if the connections of a factory share a parser."""
        self.assert_noticed(OneParser, "a factory whose connections share one parser")

    def test_newest_factory(self):
        """One of your tests fails if all connections use the factory that was made last."""
        self.assert_noticed(
            NewestFactory, "factories whose connections all use the one that was made last"
        )

    def test_each(self):
        """Each of your tests fails with one of these three, or with a factory that refuses all connections."""
        self.assert_each(OneForAll, OneParser, NewestFactory, RefusesAll)
