"""Content that comes in chunks."""

from twisted.trial.unittest import SynchronousTestCase

from ..wire import every_chunking
from .conversation import GET, Conversation, assert_nothing_copied, assert_refused, refuse
from .messages import Limits

CHUNKED = b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


class Step22Chunked(SynchronousTestCase):
    """Content may come in chunks, each with its size before it.

    Write your part of content_length, and Chunks.take with what it needs, in parser.py. Who does
    not know the length beforehand sends chunks (RFC 9112 7.1): the size in hexadecimal, perhaps
    with extensions after a semicolon, CRLF; so many bytes, CRLF; and so on. The last chunk has
    the size 0; then come perhaps fields, the trailers, and an empty line. Extensions and trailers
    are checked and dropped. The limits hold: content for all chunks together (413), line for the
    line of a size (400), fields for all trailers (431).
    """

    longMessage = False

    def check(self, content, expected, **options):
        for chunks in every_chunking(CHUNKED + content + GET):
            conversation = Conversation(self, **options)
            conversation.send(*chunks)
            got = [(r.target, r.content) for r in conversation.handler.requests]
            wanted = [(b"/a", expected), (b"/", b"")]
            self.assertEqual(
                got, wanted, f"Expected {wanted!r} from the chunks {chunks!r}; got {got!r}."
            )

    def refuse(self, *contents, status=400, **options):
        for content in contents:
            refuse(self, CHUNKED + content, status, **options)

    def test_chunks(self):
        """The content is that of all chunks, one after the other."""
        self.check(b"3\r\none\r\n4\r\n two\r\n0\r\n\r\n", b"one two")

    def test_none(self):
        """The last chunk may be the only one."""
        self.check(b"0\r\n\r\n", b"")

    def test_sizes(self):
        """Sizes are hexadecimal, in either case, and may begin with zeros."""
        self.check(
            b"A\r\n0123456789\r\n00b\r\n0123456789a\r\n10\r\n0123456789abcdef\r\n000\r\n\r\n",
            b"01234567890123456789a0123456789abcdef",
        )

    def test_any_bytes(self):
        """A chunk may have anything in it, also what looks like the end."""
        self.check(b"9\r\n\r\n0\r\n\r\n\r\n\r\n1\r\n\0\r\n0\r\n\r\n", b"\r\n0\r\n\r\n\r\n\0")

    def test_extensions(self):
        """Extensions after a size are dropped (RFC 9112 7.1.1)."""
        self.check(b'3;a=b\r\none\r\n1 ; c="d;e"\r\n!\r\n0;last\r\n\r\n', b"one!")

    def test_trailers(self):
        """Trailers are dropped: they are no fields of the request (RFC 9110 6.5.1)."""
        self.check(b"3\r\none\r\n0\r\nX-B: c\r\nContent-Length: 9\r\n\r\n", b"one")

    def test_any_case(self):
        """The coding's name counts in any case (RFC 9112 7)."""
        conversation = Conversation(self)
        conversation.send(CHUNKED.replace(b"chunked", b"Chunked") + b"1\r\n!\r\n0\r\n\r\n")
        got = [request.content for request in conversation.handler.requests]
        self.assertEqual(got, [b"!"], f"Expected the content b'!'; got {got!r}.")

    def test_two_requests(self):
        """Each request has its own chunks."""
        conversation = Conversation(self)
        conversation.send((CHUNKED + b"1\r\n!\r\n0\r\n\r\n") * 2)
        got = [request.content for request in conversation.handler.requests]
        self.assertEqual(got, [b"!", b"!"], f"Expected the content b'!' twice; got {got!r}.")

    def test_bad_size(self):
        """A size that is no hexadecimal number is answered with 400 (CVE-2022-24801)."""
        self.refuse(
            *(
                size + b"\r\nwords\r\n0\r\n\r\n"
                for size in (b"+5", b"-5", b"0x5", b"0_5", b"", b"g", b"5 5")
            ),
            *(
                size + b"\r\nwords\r\n0\r\n\r\n"
                for size in (b" 5", b"\x0b5", b"5\x0c", b"\xd9\xa5", b"5,")
            ),
        )

    def test_bad_end(self):
        """A chunk that does not end with CRLF after its size is answered with 400."""
        self.refuse(
            b"3\r\nword\r\n0\r\n\r\n",
            b"3\r\none..0\r\n\r\n",
            b"3\r\none\n0\r\n\r\n",
            b"3\r\none0\r\n\r\n",
            b"3\r\none\r0\r\n\r\n",
        )

    def test_bare_line_feed(self):
        r"""A bare \n, \r or NUL in the line of a size or a trailer is answered with 400."""
        self.refuse(
            b"3\none\r\n0\r\n\r\n", b"3;a\rb\r\none\r\n0\r\n\r\n", b"3;a\0\r\none\r\n0\r\n\r\n"
        )
        self.refuse(b"0\r\nX: y\nZ: z\r\n\r\n", b"0\n\n", b"0\r\n\n", b"0\r\nX: \0\r\n\r\n")

    def test_bad_trailer(self):
        """A trailer that is no field is answered with 400."""
        self.refuse(b"0\r\nno field\r\n\r\n", b"0\r\nX : y\r\n\r\n", b"0\r\n X: y\r\n\r\n")

    def test_content_limit(self):
        """All chunks together have the content's limit; more is answered with 413, before it has come."""
        self.check(
            b"5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n", b"0123456789", limits=Limits(content=10)
        )
        self.refuse(b"5\r\n01234\r\n6\r\n", b"b\r\n", status=413, limits=Limits(content=10))

    def test_huge_size(self):
        """A size of very many digits is answered with 413, or 400."""
        for digits in (b"f" * 16, b"f" * 5000):
            conversation = Conversation(self)
            conversation.send(CHUNKED + digits + b"\r\n")
            assert_refused(self, conversation, [413, 400], f"a size of {len(digits)} digits")

    def test_lines_never_end(self):
        """Extensions or trailers that never end are answered when they pass their limits."""
        for begin, status in ((b"3;a=", 400), (b"0\r\nX: ", 431)):
            conversation = Conversation(self, limits=Limits(line=100, fields=100))
            conversation.send(CHUNKED + begin, *[b"x"] * 110)
            assert_refused(self, conversation, [status], f"{begin!r} and 110 bytes")

    def test_many_trailers(self):
        """All trailers together have the limit of the fields."""
        trailers = b"0\r\n" + b"X:\r\n" * 25
        self.check(trailers + b"\r\n", b"", limits=Limits(fields=100))
        conversation = Conversation(self, limits=Limits(fields=100))
        conversation.send(CHUNKED + trailers + b"X:\r\n" * 10)
        assert_refused(
            self, conversation, [431], "35 trailers of four bytes, where 100 bytes are the limit"
        )

    def test_work(self):
        """Eight million bytes of a chunk are not copied again for each further byte."""
        assert_nothing_copied(self, CHUNKED + b"1000000\r\n", Limits(content=2**24))
