"""Content that comes in chunks."""

from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.trial.unittest import SynchronousTestCase

from ..wire import every_chunking
from .conversation import (
    GET,
    METHODS,
    Conversation,
    assert_apart,
    assert_bytes,
    assert_nothing_copied,
    assert_refused,
    refuse,
    refuse_damaged,
    refuse_whole,
    shown,
    with_options,
)
from .messages import Limits

CHUNKED = b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


class ChunkedTestCase(SynchronousTestCase):
    """A test case that posts chunks, then sends a GET."""

    longMessage = False

    def check(self, content, expected, **options):
        for chunks in every_chunking(CHUNKED + content + GET):
            conversation = Conversation(self, **options)
            conversation.send(*chunks)
            got = [(r.target, r.content) for r in conversation.handler.requests]
            wanted = [(b"/a", expected), (b"/", b"")]
            self.assertEqual(
                got,
                wanted,
                f"Expected {wanted!r} from the chunks {chunks!r}{with_options(options)}; got {got!r}, "
                f"and the answers {conversation.statuses()}.",
            )

    def refuse(self, *contents, status=400, **options):
        for content in contents:
            refuse(self, CHUNKED + content, status, **options)

    def at_once(self, status, data, **options):
        """These bytes are refused without waiting for more."""
        conversation = Conversation(self, **options)
        conversation.send(CHUNKED + data)
        assert_refused(self, conversation, [status], shown(data) + with_options(options))

    def late(self, data):
        """Wherever these chunks stop for 30 s, then after one more byte for ever, the answer is 408 at 60 s."""
        for cut in range(len(data) - 1):
            conversation = Conversation(self)
            conversation.send(CHUNKED + data[:cut])
            conversation.wait(30)
            conversation.send(data[cut : cut + 1])
            conversation.wait(29.75)
            self.assertEqual(
                (conversation.sent, conversation.state),
                (b"", "open"),
                f"Expected an open connection for 60 s; after {data[: cut + 1]!r} it ended before.",
            )
            conversation.wait(0.25)
            assert_refused(
                self, conversation, [408], f"{data[: cut + 1]!r}, not complete after 60 s"
            )


class Step08Chunked(ChunkedTestCase):
    """Content may come in chunks, each with its size before it.

    Write your part of content_length, and in Chunks your parts of take, _begin_chunk and
    _take_line, in parser.py. A chunk is its size in hexadecimal, CRLF, that many bytes, CRLF.
    The last one has the size 0 and no data; an empty line follows (RFC 9112 7.1). chunked
    counts in any case. 400 is for an invalid size; for a chunk without CRLF at its end, as soon
    as two bytes after its data are here; and for a bare CR or LF or a NUL in a line, a bare LF
    at once. Received bytes are not copied again
    for each chunk. take continues where it stopped: _missing says whether data comes next, or a
    line. After the size 0, a line that is not empty is a trailer: pass it to _drop_trailer, for
    the next step.
    """

    def test_chunks(self):
        """The content is the data of all chunks, joined."""
        self.check(b"3\r\none\r\n4\r\n two\r\n0\r\n\r\n", b"one two")

    def test_none(self):
        """The last chunk may be the only one: no content."""
        self.check(b"0\r\n\r\n", b"")

    def test_sizes(self):
        """Sizes are hexadecimal, in either case, and may begin with zeros."""
        self.check(
            b"A\r\n0123456789\r\n00b\r\n0123456789a\r\n10\r\n0123456789abcdef\r\n000\r\n\r\n",
            b"01234567890123456789a0123456789abcdef",
        )
        self.check(b"0" * 30 + b"3\r\none\r\n" + b"0" * 30 + b"\r\n\r\n", b"one")

    def test_any_bytes(self):
        """A chunk may have any bytes in it, even if they look like the end."""
        self.check(b"9\r\n\r\n0\r\n\r\n\r\n\r\n1\r\n\0\r\n0\r\n\r\n", b"\r\n0\r\n\r\n\r\n\0")

    def test_any_case(self):
        """The names of the coding and of the field may have any case (RFC 9112 7)."""
        for data in (CHUNKED.replace(b"chunked", b"Chunked"), CHUNKED.lower(), CHUNKED.upper()):
            data = data.partition(b"\r\n")[2] + b"1\r\n!\r\n0\r\n\r\n"
            conversation = Conversation(self)
            conversation.send(b"POST /a HTTP/1.1\r\n" + data)
            got = [request.content for request in conversation.handler.requests]
            self.assertEqual(
                got,
                [b"!"],
                f"Expected the content b'!' of {data!r}; got {got!r}, and the answers {conversation.statuses()}.",
            )

    def test_two_requests(self):
        """Each request has its own chunks."""
        for chunks in every_chunking((CHUNKED + b"1\r\n!\r\n0\r\n\r\n") * 2):
            conversation = Conversation(self)
            conversation.send(*chunks)
            got = [(request.method, request.content) for request in conversation.handler.requests]
            self.assertEqual(
                got,
                [(b"POST", b"!")] * 2,
                f"Expected a POST with the content b'!' twice, from {chunks!r}; got {got!r}.",
            )

    def test_length_between(self):
        """Requests with a Content-Length may come between requests with chunks."""
        sized = CHUNKED.replace(b"Transfer-Encoding: chunked", b"Content-Length: 3") + b"one"
        for chunks in every_chunking((sized + CHUNKED + b"1\r\n!\r\n0\r\n\r\n") * 2):
            conversation = Conversation(self)
            conversation.send(*chunks)
            got = [request.content for request in conversation.handler.requests]
            expected = [b"one", b"!"] * 2
            self.assertEqual(got, expected, f"Expected {expected} from {chunks!r}; got {got!r}.")

    def test_two_connections(self):
        """Two connections that send a byte in turn each have their own chunks."""
        one = CHUNKED + b"3\r\none\r\n1\r\n!\r\n0\r\n\r\n"
        assert_apart(self, one + GET, CHUNKED + b"A\r\nother ones\r\n0\r\n\r\n" + GET)

    def test_cut_short(self):
        """Chunks that are cut short by the connection's end, even a clean one, never reach the handler."""
        data = CHUNKED + b"3\r\none\r\n0\r\n\r\n"
        for cut in range(len(CHUNKED), len(data)):
            for error in (ConnectionDone(), ConnectionLost()):
                conversation = Conversation(self)
                conversation.send(data[:cut])
                conversation.lose(error)
                got = conversation.handler.requests
                self.assertEqual(
                    got, [], f"Expected no call for {data[:cut]!r}, then {error!r}; got {got!r}."
                )

    def test_any_method(self):
        """A request of any method may have chunks, in HTTP/1.1 and later."""
        for method in METHODS:
            one = CHUNKED.replace(b"POST", method) + b"2\r\nok\r\n0\r\n\r\n"
            conversation = Conversation(self)
            conversation.send(one + one.replace(b"HTTP/1.1", b"HTTP/1.2") + GET)
            got = [request.content for request in conversation.handler.requests]
            expected = [b"ok", b"ok", b""]
            self.assertEqual(
                got, expected, f"Expected {expected!r} for two of {one!r} and a GET; got {got!r}."
            )

    def test_other_names(self):
        """No field but Transfer-Encoding says that content comes in chunks."""
        for name in (b"Transfer_Encoding", b"X-Transfer-Encoding", b"Transfer-Encoding-2", b"TE"):
            conversation = Conversation(self)
            conversation.send(CHUNKED.replace(b"Transfer-Encoding", name) + GET)
            got = conversation.handler.targets
            self.assertEqual(
                got,
                [b"/a", b"/"],
                f"Expected /a, then /, if {name!r} says chunked; got {got!r}.",
            )

    def test_large(self):
        """Large content arrives unchanged, as bytes, in few chunks and in many, in pieces of any size."""
        content = b"".join(b"%07d," % i for i in range(2**15))
        for chunk, size in ((2**18, 2**20), (1000, 2**16), (2**18, 1000), (7777, 777)):
            data = b"".join(
                b"%x\r\n%b\r\n" % (len(part), part)
                for part in (content[i : i + chunk] for i in range(0, len(content), chunk))
            )
            data = CHUNKED + data + b"0\r\n\r\n"
            conversation = Conversation(self)
            conversation.send(*[data[i : i + size] for i in range(0, len(data), size)])
            requests = conversation.handler.requests
            same = [request.content == content for request in requests]
            self.assertEqual(
                same,
                [True],
                f"Expected one request with {len(content)} bytes, numbers counting up from 0, in chunks of {chunk} and "
                f"pieces of {size}; got {[shown(request.content) for request in requests]}.",
            )
            assert_bytes(self, requests[0])

    def test_bad_size(self):
        """A size that is not a hexadecimal number is answered with 400 (CVE-2022-24801)."""
        for size in (
            *(b"+5", b"-5", b"0x5", b"0_5", b"", b"g", b"5 5"),
            *(b" 5", b"5 ", b"\x0b5", b"5\x0c", b"\xd9\xa5", b"5,"),
            *(b"5\t", b'"5"', b"5.", b"5h", b"\x855", b"\xef\xbb\xbf5", b"5\0", b"5\xff"),
        ):
            self.refuse(size + b"\r\nwords\r\n0\r\n\r\n")

    def test_bad_end(self):
        """A chunk whose data is not followed by CRLF is answered with 400."""
        self.refuse(
            b"3\r\nword\r\n0\r\n\r\n",
            b"3\r\none..0\r\n\r\n",
            b"3\r\none\n0\r\n\r\n",
            b"3\r\none0\r\n\r\n",
            b"3\r\none\r0\r\n\r\n",
            *(b"3\r\none%b0\r\n\r\n" % end for end in (b"x\n", b"\rx", b"\n\r", b"\r\r\n", b"  ")),
        )

    def test_bad_end_at_once(self):
        """Two bytes after a chunk's data that are not a CRLF are answered with 400 at once."""
        for end in (b"..", b"x\n", b"\n\n", b"\r\r", b"\rx", b"0\r"):
            self.at_once(400, b"3\r\none" + end)

    def test_each_byte_of_each_crlf(self):
        """Each CRLF, after a size, a chunk and the last one, is exactly its two bytes."""
        refuse_damaged(self, CHUNKED + b"3\r\none\r\n0\r\n\r\n", begin=len(CHUNKED))

    def test_bare_line_feed(self):
        r"""A \n without its \r in the line of a size, or at the end, is answered with 400 at once."""
        for data in (b"3\n", b"0\n", b"0\r\n\n", b"\n"):
            self.at_once(400, data)
        self.at_once(400, b"0\r\n\n" + b"x" * 99, limits=Limits(fields=98))
        self.refuse(b"3\none\r\n0\r\n\r\n", b"0\n\n", b"0\r\n\n")

    def test_bare_carriage_return(self):
        r"""A \r without its \n, or a NUL, in the line of a size is answered with 400."""
        self.refuse(
            b"3\r\r\none\r\n0\r\n\r\n", b"\r3\r\none\r\n0\r\n\r\n", b"3\0\r\none\r\n0\r\n\r\n"
        )

    def test_deadline_holds(self):
        """Chunks that stop anywhere before their end are half a request: 408 when its time is over."""
        self.late(b"A\r\n0123456789\r\n1\r\nx\r\n0\r\n\r\n")

    def test_work(self):
        """Eight million bytes of a chunk are not copied again for each further byte."""
        assert_nothing_copied(self, CHUNKED + b"1000000\r\n", Limits(content=2**24))


class Step09Bounds(ChunkedTestCase):
    """Extensions and trailers are dropped, and everything has a limit.

    Write the other parts of _begin_chunk and _take_line, and _drop_trailer, in parser.py. Drop
    extensions, if they match EXTENSIONS, with the spaces and tabs before their semicolon (RFC
    9112 7.1.1); 400 is for anything else after a size. Drop trailers (7.1.2); 400 is for one
    that is not a field. The limits are those of a request: content for all chunks together
    (413, before it comes; 400 will do for a size of thousands of digits); line for the line of
    a size, without its CRLF (400); fields for all trailers, with their CRLFs, without the empty
    line at the end (431). Anything exactly as long as its limit passes; input that never ends
    is refused as soon as it is too long. There are no other limits.
    """

    def test_extensions(self):
        """Extensions after a size are dropped, with the spaces before their semicolon (RFC 9112 7.1.1)."""
        self.check(b'3;a=b\r\none\r\n1 ; c="d;e"\r\n!\r\n0\t ;last\r\n\r\n', b"one!")
        for extension in (
            *(b";a", b";!#$%&'*+.^_`|~0-9", b";a;b;c", b" \t; \ta \t= \tb \t; c", b";a=b;c=d"),
            *(
                b';a=""',
                b';a="b c\t;=,"',
                b';a="\\"\\\\";b',
                b';a="\xe9\xff\\\xe9"',
                b';a="' + b"x" * 99 + b'"',
            ),
        ):
            conversation = Conversation(self)
            last = b"0%b\r\n\r\n" % extension
            conversation.send(CHUNKED + b"3%b\r\none\r\n" % extension + last)
            got = [request.content for request in conversation.handler.requests]
            self.assertEqual(
                got,
                [b"one"],
                f"Expected the content b'one', with {extension!r} twice; got {got!r}.",
            )

    def test_bad_extension(self):
        """Anything after a size but spaces or tabs and extensions is answered with 400."""
        self.refuse(
            *(size + b"\r\nwords\r\n0\r\n\r\n" for size in (b"5 ", b"5 a;b", b" 5;a", b";a"))
        )
        self.refuse(b"3;a\rb\r\none\r\n0\r\n\r\n", b"3;a\0\r\none\r\n0\r\n\r\n")
        for byte in set(range(256)) - set(b" \t;0123456789abcdefABCDEF"):
            refuse_whole(self, CHUNKED + b"3%c;a\r\none\r\n0\r\n\r\n" % byte, 400)
        for wrong in (
            *(
                b"\x0b;a",
                b"\x0c;a",
                b"\x85;a",
                b"\xa0;a",
                b",;a",
                b";",
                b"; ",
                b";;a",
                b";a;",
                b";a ",
            ),
            *(
                b";a=",
                b";a=;b",
                b";=b",
                b";a b",
                b";a=b c",
                b";a==b",
                b";bad[=x",
                b";a=[",
                b";a,b",
                b";\xe9",
            ),
            *(
                b';a="',
                b';a="b',
                b';a="b"c',
                b';a="\\"',
                b';a="b\x0c"',
                b';a="\\\x0b"',
                b";a\x0b",
                b";\x0ca",
            ),
            *(b";a=\x1b", b";\x7f", b';a="\x7f"', b";a='b'\x01", b';"a"', b";\x0b", b";a\x85=b"),
        ):
            data = b"%b\r\none\r\n0\r\n\r\n"
            refuse_whole(self, CHUNKED + b"3" + data % wrong, 400)
            refuse_whole(self, CHUNKED + b"3\r\none\r\n0%b\r\n\r\n" % wrong, 400)

    def test_trailers(self):
        """Trailers are dropped: they are not among the request's fields (RFC 9110 6.5.1)."""
        data = b"3\r\none\r\n0\r\nX-B: c\r\nContent-Length: 9\r\n\r\n"
        self.check(data, b"one")
        conversation = Conversation(self)
        conversation.send(CHUNKED[:-2] + b"Trailer: X-B\r\nTE: trailers\r\n\r\n" + data)
        got = [b"X-B" in request.fields for request in conversation.handler.requests]
        self.assertEqual(got, [False], f"Expected one request, without X-B; got {got!r}.")

    def test_deadline_holds(self):
        """Extensions and trailers do not give a client more time."""
        self.late(b"1;a=b\r\nx\r\n0\r\nX-B: c\r\n\r\n")

    def test_bad_trailer(self):
        """A trailer that is not a field, or has a bare CR, LF or NUL in it, is answered with 400."""
        self.refuse(b"0\r\nno field\r\n\r\n", b"0\r\nX : y\r\n\r\n", b"0\r\n X: y\r\n\r\n")
        self.refuse(b"0\r\nX: y\nZ: z\r\n\r\n", b"0\r\nX: \0\r\n\r\n", b"0\r\nX: \rY: y\r\n\r\n")
        self.refuse(b"0\r\nX: y\r\n Z: z\r\n\r\n", b"0\r\nX\xe9: y\r\n\r\n", b"0\r\n: y\r\n\r\n")
        self.refuse(b"0\r\n \r\n\r\n", b"0\r\n\t\r\n\r\n", b"0\r\n\x0b\r\n\r\n")
        self.refuse(b"0\r\nX: y\r\nno field\r\n\r\n", b"0\r\nX: yyyyyyyyyyyyyy\0\r\n\r\n")

    def test_each_byte_of_each_crlf(self):
        """Each CRLF, after an extension and a trailer too, is exactly its two bytes."""
        chunks = b'3;a=b\r\none\r\n0;c="d"\r\nX: y\r\nZ:\r\n\r\n'
        refuse_damaged(self, CHUNKED + chunks, begin=len(CHUNKED))

    def test_content_limit(self):
        """The content's limit is for all chunks together; more is answered with 413, before it comes."""
        limits = Limits(content=10)
        self.check(b"5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n", b"0123456789", limits=limits)
        self.refuse(b"5\r\n01234\r\n6\r\n", b"b\r\n", status=413, limits=limits)

    def test_huge_size(self):
        """A size of very many digits is answered with 413 or 400."""
        for digits in (b"f" * 16, b"f" * 5000):
            conversation = Conversation(self)
            conversation.send(CHUNKED + digits + b"\r\n")
            assert_refused(self, conversation, [413, 400], f"a size of {len(digits)} digits")

    def test_size_line(self):
        """The line of a size may be as long as the limit of a line, without its CRLF; a byte more is 400."""
        for fields in (60, 600):
            limits = Limits(line=100, fields=fields)
            line = b"3;" + b"x" * 98
            self.check(line + b"\r\none\r\n0\r\n\r\n", b"one", limits=limits)
            self.at_once(400, line + b"x\r\n", limits=limits)

    def test_limits_of_each(self):
        """The limits apply to each request separately, and that of a line to each size."""
        good = b"1;x\r\nx\r\n" * 9 + b"0\r\n" + b"X:\r\n" * 9 + b"\r\n"
        for bad, status in (
            (b"1\r\nx\r\n" * 9 + b"2\r\n", 413),
            (b"1;%b\r\n" % (b"x" * 16), 400),
            (b"0\r\n" + b"X:\r\n" * 10, 431),
        ):
            conversation = Conversation(self, limits=Limits(line=16, fields=38, content=10))
            head = CHUNKED.replace(b" ", b"").replace(b"POST/aHTTP", b"POST /a HTTP")
            conversation.send(*[head + good] * 2, head + bad)
            got = conversation.statuses()
            expected = [200, 200, status]
            self.assertEqual(
                got, expected, f"Expected {expected} for {good!r} twice, then {bad!r}; got {got!r}."
            )

    def test_no_other_limits(self):
        """There are no other limits: many chunks, many trailers and long extensions pass."""
        for content in (
            b"1\r\nx\r\n" * 5000 + b"0\r\n\r\n",
            b"0\r\n" + b"X:\r\n" * 5000 + b"\r\n",
            b"0;" + b"x" * 8000 + b"\r\n\r\n",
            b'0;a="%b"\r\n\r\n' % (b"x" * 8000),
            b"0%b\r\n\r\n" % (b";a=b" * 1000),
        ):
            conversation = Conversation(self)
            conversation.send(CHUNKED + content)
            got = conversation.statuses()
            self.assertEqual(got, [200], f"Expected 200 for {shown(content)}; got {got!r}.")

    def test_size_line_never_ends(self):
        """The line of a size that never ends is answered with 400 as soon as it is too long."""
        for fields in (60, 600):
            limits = Limits(line=100, fields=fields)
            self.at_once(400, b"3;" + b"x" * 100, limits=limits)

    def test_trailers_limit(self):
        """All trailers together, with their CRLFs, may be as long as the limit of fields; a byte more is 431."""
        for line in (60, 600):
            limits = Limits(line=line, fields=100)
            trailers = b"0\r\n" + b"X:\r\n" * 24
            self.check(trailers + b"\r\n", b"", limits=limits)
            self.check(trailers + b"X:\r\n\r\n", b"", limits=limits)
            self.at_once(431, trailers + b"X:y\r\n", limits=limits)
            self.at_once(431, trailers + b"X:\r\nY:", limits=limits)

    def test_trailers_never_end(self):
        """Trailers that never end, in one line or in many, are answered with 431 as soon as they are too long."""
        for line in (60, 600):
            limits = Limits(line=line, fields=100)
            self.at_once(431, b"0\r\nX: " + b"x" * 100, limits=limits)
            self.at_once(431, b"0\r\n" + b"X:\r\n" * 26, limits=limits)
