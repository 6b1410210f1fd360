"""Messages without a connection: functions from bytes to objects and back."""

from twisted.trial.unittest import SynchronousTestCase

from .messages import BadRequest, Fields, Response, parse_fields, parse_request_line, response_bytes


class Step01Response(SynchronousTestCase):
    r"""A response becomes bytes.

    Write your parts of response_bytes and check_bytes in messages.py. A response is: the status
    line (HTTP/1.1, a space, the status, a space, the phrase from REASONS or nothing); a line
    "name: value" for each of the response's fields, then for each in own, then for
    Content-Length, which the starter has already put into fields; an empty line; the content
    (RFC 9112 2.1). Every line ends with \r\n. If a value is not bytes, check_bytes raises a
    TypeError whose message contains it.
    """

    longMessage = False  # Our message alone, not unittest's before it.

    def check(self, expected, *arguments):
        got = response_bytes(*arguments)
        given = ", ".join(map(repr, arguments))
        self.assertEqual(got, expected, f"Expected {expected!r} for {given}; got {got!r}.")

    def test_content(self):
        """A response is its status line, Content-Length, an empty line and its content (RFC 9112 4)."""
        self.check(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nOne", Response(200, b"One"))

    def test_no_content(self):
        """A response without content has the length 0, so that the client does not wait for more (RFC 9110 8.6)."""
        self.check(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", Response(404))

    def test_any_bytes(self):
        """Content is any bytes, and its length is counted in bytes."""
        content = b"\x00\xff\r\n\r\n" + "é".encode()
        self.check(
            b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n" + content, Response(200, content)
        )

    def test_fields(self):
        """The response's fields come first, in their order, a repeated name each time."""
        fields = Fields([(b"X-B", b"1"), (b"Set-Cookie", b"a=1"), (b"Set-Cookie", b"b=2")])
        self.check(
            b"HTTP/1.1 200 OK\r\nX-B: 1\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n"
            b"Content-Length: 0\r\n\r\n",
            Response(200, b"", fields),
        )

    def test_own_fields(self):
        """The server's own fields come after those of the response."""
        self.check(
            b"HTTP/1.1 200 OK\r\nX-B: 1\r\nConnection: close\r\nContent-Length: 2\r\n\r\nOK",
            Response(200, b"OK", Fields([(b"X-B", b"1")])),
            [(b"Connection", b"close")],
        )

    def test_unknown_status(self):
        """A status without a reason phrase keeps the space before the missing phrase (RFC 9112 4)."""
        self.check(b"HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n", Response(299))

    def test_text(self):
        """Text instead of bytes is a TypeError whose message contains it."""
        for response in (
            Response(200, "words"),
            Response(200, b"", Fields([(b"X-A", "words")])),
            Response(200, b"", Fields([("words", b"1")])),
            Response(200, "words", Fields([(b"X-A", b"1")])),
        ):
            try:
                got = response_bytes(response)
            except (TypeError, AttributeError) as error:
                got = error
            self.assertTrue(
                isinstance(got, TypeError) and "words" in str(got),
                f"Expected a TypeError whose message contains words, since that is text and not bytes, for "
                f"{response!r}; got {got!r}.",
            )


class Step02RequestLine(SynchronousTestCase):
    """A request line is parsed.

    Write parse_request_line in messages.py. It returns method, target and version as bytes,
    unchanged (RFC 9112 3). There is exactly one space between them. The method is a TOKEN; the
    target is one or more characters of visible ASCII (! to ~); the version is HTTP/, a digit, a
    dot, a digit. For any other line, raise BadRequest; its status is 400 unless it is given
    another.
    """

    longMessage = False

    def test_parts(self):
        """The method, the target and the version are returned unchanged."""
        for expected in (
            (b"GET", b"/", b"HTTP/1.1"),
            (b"POST", b"/a/b.html?q=1&r=%C3%A9", b"HTTP/1.0"),
            (b"OPTIONS", b"*", b"HTTP/1.1"),
            (b"GET", b"http://a.example/b", b"HTTP/1.1"),
            (b"get", b"/", b"HTTP/1.1"),
            (b"M-SEARCH", b"/~x!$'()*+,;=:@[]|\\\"<>^`{}#", b"HTTP/2.0"),
            (b"!#$%&'*+.^_`|~09azAZ-", b"//a/../%2e?%zz", b"HTTP/1.9"),
            (b"X" * 3000, b"/" + b"x" * 3000, b"HTTP/1.1"),
        ):
            line = b" ".join(expected)
            try:
                got = parse_request_line(line)
            except BadRequest as error:
                got = error
            self.assertEqual(got, expected, f"Expected {expected!r} from {line!r}; got {got!r}.")

    def refuse(self, *lines):
        for line in lines:
            try:
                got = parse_request_line(line)
            except NotImplementedError:
                raise
            except Exception as error:
                got = error
            self.assertTrue(
                isinstance(got, BadRequest),
                f"Expected BadRequest for the line {line!r}; got {got!r}.",
            )
            self.assertEqual(
                got.status, 400, f"Expected status 400 for {line!r}; got {got.status}."
            )

    def test_three_parts(self):
        """A line without three parts, or with more than one space between them, is refused."""
        self.refuse(
            *(
                b"",
                b"GET",
                b"GET /",
                b"GET / ",
                b" / HTTP/1.1",
                b"GET  HTTP/1.1",
                b"GET  / HTTP/1.1",
            ),
            *(b"GET /  HTTP/1.1", b"GET\t/\tHTTP/1.1", b"GET / HTTP/1.1 ", b" GET / HTTP/1.1"),
        )

    def test_space_in_target(self):
        """A target with a space in it is refused, not cut or repaired."""
        self.refuse(b"GET /a b HTTP/1.1", b"GET /a HTTP/1.1 b HTTP/1.1")

    def test_target(self):
        """A target with anything but visible ASCII in it is refused."""
        self.refuse(*(b"GET /%c HTTP/1.1" % c for c in b"\0\t\n\v\f\r\x1b\x7f\x80\xa0\xe9\xff"))

    def test_method(self):
        """A method that is not a token is refused."""
        self.refuse(*(b"G%cT / HTTP/1.1" % c for c in b'\0\t\n\r(),/:;<=>?@[]{}"\\\x7f\xe9'))

    def test_each_byte_between(self):
        """Each fixed byte of the line, a space, letter, slash or dot, is that byte and no other."""
        line = b"GET / HTTP/1.1"
        for place in (3, *range(5, 11), 12):
            self.refuse(
                *(
                    b"%b%c%b" % (line[:place], byte, line[place + 1 :])
                    for byte in range(256)
                    if byte != line[place]
                )
            )

    def test_why(self):
        """A BadRequest has a status, 400 by default, and a reason, for debugging."""
        got = [(error.status, str(error)) for error in (BadRequest("a"), BadRequest("b", 501))]
        expected = [(400, "a"), (501, "b")]
        self.assertEqual(got, expected, f"Expected the statuses and reasons {expected}; got {got}.")

    def test_version(self):
        """A version that is not HTTP/, a digit, a dot and a digit is refused."""
        self.refuse(
            *(
                b"GET / HTTP/1",
                b"GET / HTTP/11",
                b"GET / HTTP/1.",
                b"GET / HTTP/1.10",
                b"GET / HTTP/1x1",
            ),
            *(b"GET / http/1.1", b"GET / HTTPS/1.1", b"GET / HTTP/1.1\n", b"GET / HTTP/1.\xb9"),
        )


class Step03Fields(SynchronousTestCase):
    """Fields are parsed, and found whatever their case.

    Write your part of parse_fields, and the methods _values, all and get of Fields, in
    messages.py. In a field line, the name ends at the first colon; spaces and tabs around the
    value, and nothing else, are stripped, if there are any (RFC 9112 5). Names are compared
    without case (RFC 9110 5.1), but kept as they came, as values are. all returns a new list of
    a name's values, in order; get joins them with b", ", or returns None if there are none.
    _values is there to help these two, and no test asks for it: delete it if you do not need
    it.
    """

    longMessage = False

    def check(self, lines, expected):
        got = list(parse_fields(lines))
        self.assertEqual(got, expected, f"Expected {expected!r} from {lines!r}; got {got!r}.")

    def test_pairs(self):
        """Fields keep their order, names and values stay as they were sent."""
        self.check(
            [b"Host: a", b"X-B: Some  Words", b"content_LENGTH: x,  y"],
            [(b"Host", b"a"), (b"X-B", b"Some  Words"), (b"content_LENGTH", b"x,  y")],
        )

    def test_any_bytes(self):
        """A value may have any bytes in it, even if they are not text: they stay bytes."""
        value = b"a" + bytes(set(range(256)) - set(b"\r\n\0")) + b"\xff\xc3\xa9\xe9z"
        self.check([b"A: " + value], [(b"A", value)])
        ((name, got),) = parse_fields([b"A: " + value])
        kinds = {type(name), type(got)}
        self.assertEqual(kinds, {bytes}, f"Expected bytes for name and value; got {kinds!r}.")

    def test_no_lines(self):
        """No lines mean no fields."""
        self.check([], [])

    def test_first_colon(self):
        """The name ends at the first colon; the others belong to the value."""
        self.check([b"Host: a:80", b"T: 1:2:3:"], [(b"Host", b"a:80"), (b"T", b"1:2:3:")])

    def test_whitespace(self):
        """Spaces and tabs around a value are not part of it; those inside are."""
        for line in (b"A:b c", b"A: b c", b"A:\tb c\t ", b"A:   b c  "):
            self.check([line], [(b"A", b"b c")])

    def test_only_space_and_tab(self):
        """Nothing but SP and HTAB is stripped (CVE-2022-24801): any other byte belongs to the value."""
        for byte in set(range(256)) - set(b" \t\r\n\0"):
            value = b"%c5%c" % (byte, byte)
            self.check([b"A: " + value + b" "], [(b"A", value)])

    def test_empty(self):
        """A value may be empty."""
        self.check([b"A:", b"B:  \t"], [(b"A", b""), (b"B", b"")])

    def find(self, fields, method, name, expected):
        got = getattr(fields, method)(name)
        self.assertEqual(
            got,
            expected,
            f"Expected {expected!r} from {method}({name!r}) of {fields!r}; got {got!r}.",
        )

    def test_get(self):
        """get returns the value of the field of that name, whatever the case of either, or None if there is none."""
        fields = Fields([(b"Content-LENGTH", b"5"), (b"empty", b"")])
        for name in (b"Content-Length", b"content-length", b"CONTENT-LENGTH"):
            self.find(fields, "get", name, b"5")
        self.find(fields, "get", b"Empty", b"")
        self.find(fields, "get", b"Content", None)
        self.find(Fields(), "get", b"Content", None)

    def test_repeated(self):
        """all returns every value of a repeated name, and get joins them with b", " (RFC 9110 5.3)."""
        fields = Fields([(b"a", b"1"), (b"b", b"2"), (b"A", b"3"), (b"a", b"1")])
        self.find(fields, "all", b"A", [b"1", b"3", b"1"])
        self.find(fields, "get", b"A", b"1, 3, 1")
        self.find(fields, "all", b"B", [b"2"])
        self.find(fields, "all", b"C", [])
        self.find(Fields([(b"a", b""), (b"a", b"1"), (b"a", b"")]), "get", b"a", b", 1, ")

    def test_other_names(self):
        """A name that only looks like the requested one does not match."""
        names = (b"Content_Length", b"Content-Length2", b"X-Content-Length", b"ContentLength")
        fields = Fields([(name, b"5") for name in names])
        self.find(fields, "all", b"Content-Length", [])
        self.find(fields, "get", b"Content-Length", None)
        self.find(fields, "get", b"content_length", b"5")

    def test_in(self):
        """A name is in the fields whatever its case, even if its value is empty."""
        fields = Fields([(b"Host", b"a"), (b"Empty", b"")])
        for name, expected in ((b"hOST", True), (b"EMPTY", True), (b"Hos", False)):
            got = name in fields
            self.assertIs(
                got, expected, f"Expected {name!r} in {fields!r} to be {expected}; it is {got}."
            )

    def test_pairs_stay(self):
        """Looking a name up changes nothing: Fields made from an iterator can be searched and read again."""
        pairs = [(b"A", b"1"), (b"a", b"2")]
        fields = Fields(iter(pairs))
        fields.all(b"a").append(b"3")
        got, expected = fields.all(b"a"), [b"1", b"2"]
        self.assertEqual(
            got,
            expected,
            f"Expected {expected!r} from all(b'a') after b'3' was appended to the list from an earlier call; got {got!r}.",
        )
        got = [list(fields), list(fields)]
        self.assertEqual(got, [pairs] * 2, f"Expected the pairs {pairs!r} each time; got {got!r}.")

    def test_compared(self):
        """Fields are equal if names, values and order are the same; equal ones have the same hash."""
        fields, same = (Fields([(b"A", b"1"), (b"B", b"2")]) for _ in range(2))
        fields.get(b"a")  # What was looked up makes no difference.
        self.assertEqual(fields, same, f"Expected {fields!r} to equal {same!r}.")
        self.assertEqual(hash(fields), hash(same), f"Expected the same hash for two of {fields!r}.")
        for pairs in (
            [(b"B", b"2"), (b"A", b"1")],
            [(b"A", b"1")],
            [(b"a", b"1"), (b"B", b"2")],
            [(b"A", b"1"), (b"B", b"3")],
        ):
            other = Fields(pairs)
            self.assertNotEqual(fields, other, f"Expected {fields!r} not to equal {other!r}.")
        pairs = ((b"A", b"1"), (b"B", b"2"))
        self.assertNotEqual(fields, pairs, f"Expected {fields!r} not to equal {pairs!r}.")
        got, expected = repr(fields), "Fields([(b'A', b'1'), (b'B', b'2')])"
        self.assertEqual(got, expected, f"Expected {expected} for repr(); got {got}.")
