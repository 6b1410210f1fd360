"""The server over real TCP, on 127.0.0.1, asked by Twisted's own HTTP client."""

from html import unescape

from twisted.trial.unittest import TestCase

from ..page import Shown
from .conversation import Recorder
from .loopback import ask, serve
from .messages import Fields, Request, Response
from .pages import asked, handle

HTML = b"text/html; charset=utf-8"


class Step07Get(TestCase):
    """A real client gets a page over TCP, and so does a browser.

    Write asked in pages.py: a piece of HTML that shows the request line and each field (Name:
    value), each on its own line, whatever bytes they have; UTF-8 is shown as its characters.
    All of it is escaped exactly once, both quotes too (CVE-2022-39348). For TCP there is
    nothing more to write.
    """

    longMessage = False
    timeout = 5

    def test_shows_the_request(self):
        """A browser shows the request line and each field as they were sent, each on its own line."""
        pairs = [(b"Host", b"a"), (b"X-B", b"c: d"), (b"Host", b"C:\\new\\x41"), (b"X-C", b"")]
        page = asked(Request(b"PUT", b"/%41?q=+", Fields(pairs), version=b"HTTP/1.0"))
        expected = ["PUT /%41?q=+ HTTP/1.0", "Host: a", "X-B: c: d", "Host: C:\\new\\x41", "X-C:"]
        shown = Shown(page)
        got = [line for line in shown.lines if line in expected]
        self.assertEqual(
            got,
            expected,
            f"Expected each of {expected!r} on its own line; a browser shows {shown.lines!r} for {page!r}.",
        )
        wrong = shown.wrong
        self.assertEqual(
            wrong, [], f"Expected matching tags; in {page!r} these do not match: {wrong}."
        )

    def test_escapes(self):
        """Whatever was sent is text in the page: no <, > or & of it is markup (CVE-2022-39348)."""
        evil = b"<script>alert('&amp;')</script>"
        for request in (
            Request(b"GET", b"/" + evil, Fields([(b"Host", b"a")])),
            Request(b"GET", b"/", Fields([(b"Host", b"a"), (b"User-Agent", evil)])),
        ):
            page = asked(request)
            self.assertFalse(
                "<script" in page,
                f"Expected no <script> of the client's in the page for {request!r}; got {page!r}.",
            )
            self.assertTrue(
                evil.decode("ascii") in unescape(page),
                f"Expected {evil!r} to be shown as it was sent, each <, > and & escaped once; got {page!r}.",
            )

    def test_escapes_quotes(self):
        """Neither of the client's quotes is markup, so the text is safe in an attribute as well."""
        for quote in (b'"', b"'"):
            for name, value in ((b"X-B", b"one" + quote), (b"X-B" + quote, b"one")):
                page = asked(Request(b"GET", b"/" + quote, Fields([(name, value)])))
                for place in (b"GET /", b"one" if value != b"one" else b"X-B"):
                    text = (place + quote).decode("ascii")
                    self.assertFalse(
                        text in page, f"Expected each {quote!r} to be escaped; got {page!r}."
                    )
                    self.assertTrue(
                        text in unescape(page), f"Expected {text!r} to be shown; got {page!r}."
                    )

    def test_any_bytes(self):
        """A field that is not text in any encoding is shown too."""
        page = asked(
            Request(b"GET", b"/", Fields([(b"Host", b"a"), (b"X-B", b"caf\xff \xc3\xa9")]))
        )
        self.assertTrue(
            "é" in unescape(page), f"Expected é, sent as UTF-8, in the page; got {page!r}."
        )
        for byte in (b"\xe9", b"\x80", b"\xff", b"\xc3"):
            page = asked(Request(b"GET", b"/", Fields([(b"X-B", b"caf" + byte)])))
            page.encode("utf-8")
            self.assertTrue(
                "X-B: caf" in Shown(page).text and "X-B: caf" not in Shown(page).lines,
                f"Expected a line X-B: caf, and something for the byte {byte!r}; got {page!r}.",
            )

    def test_pages(self):
        """The demo, which is given, has one page, for GET, with any query."""
        title = "What your browser asked"
        for target in (b"/", b"/?", b"/?/form"):
            response = handle(Request(b"GET", target))
            got = (response.status, response.fields.get(b"Content-Type"))
            self.assertEqual(got, (200, HTML), f"Expected HTML for GET {target!r}; got {got!r}.")
            page = response.content.decode("utf-8")
            self.assertEqual(
                Shown(page).wrong, [], f"Expected a page with matching tags; got {page}"
            )
            self.assertTrue(
                page.count(title) == 2 and f"<title>{title}</title>" in page,
                f"Expected the page {title!r} for {target!r}; got {page}",
            )

    def test_no_page(self):
        """A page that it does not have is a 404; a method other than GET is a 405 with Allow; both are text."""
        for method, target, status, text in (
            *(
                (b"GET", target, 404, b"There is no such page.\n")
                for target in (b"/a", b"//", b"*")
            ),
            *(
                (method, b"/", 405, b"This page does not do that.\n")
                for method in (b"POST", b"get")
            ),
        ):
            response = handle(Request(method, target))
            got = (response.status, response.fields.get(b"Content-Type"), response.content)
            expected = (status, b"text/plain; charset=utf-8", text)
            self.assertEqual(
                got, expected, f"Expected {expected!r} for {method} {target!r}; got {got!r}."
            )
            allow = response.fields.get(b"Allow") or b""
            self.assertEqual(
                b"GET" in allow.split(b", "),
                status == 405,
                f"Expected GET in Allow in a 405 only; for {method} {target!r} it is {allow!r}.",
            )

    async def test_get(self):
        """Over real TCP, Twisted's client gets the handler's status, fields and content."""
        handler = Recorder(Response(203, b"Words.\n", Fields([(b"X-B", b"c")])))
        response, content = await ask(self, await serve(self, handler), b"GET", "/words?n=1")
        got = (response.code, response.headers.getRawHeaders(b"X-B"), content)
        expected = (203, [b"c"], b"Words.\n")
        self.assertEqual(got, expected, f"Expected {expected!r} from the server; got {got!r}.")
        targets = handler.targets
        self.assertEqual(
            targets, [b"/words?n=1"], f"Expected one request, for '/words?n=1'; got {targets!r}."
        )

    async def test_page(self):
        """Over real TCP, the demo's first page is HTML that shows the request."""
        response, content = await ask(self, await serve(self, handle), b"GET", "/?a<b")
        self.assertEqual(response.code, 200, f"Expected a 200; got {response.code}.")
        kind = response.headers.getRawHeaders(b"Content-Type")
        self.assertEqual(kind, [b"text/html; charset=utf-8"], f"Expected HTML; got {kind!r}.")
        self.assertTrue(
            b"GET /?a" in content, f"Expected 'GET /?a…' in the page; got {content.decode()}"
        )

    async def test_no_such_page(self):
        """A browser's request for /favicon.ico gets a 404."""
        response, _ = await ask(self, await serve(self, handle), b"GET", "/favicon.ico")
        self.assertEqual(response.code, 404, f"Expected a 404; got {response.code}.")

    async def test_large(self):
        """Content of a million bytes, more than fits into one packet or one buffer, arrives whole."""
        content = bytes(range(256)) * 4096
        _, got = await ask(self, await serve(self, Recorder(Response(200, content))), b"GET", "/")
        self.assertTrue(
            got == content,
            f"Expected {len(content)} bytes; got {len(got)} bytes, or different ones.",
        )
