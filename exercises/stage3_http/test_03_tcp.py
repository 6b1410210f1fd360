"""The server over real TCP, on 127.0.0.1, asked by Twisted's own HTTP client."""

from html import unescape

from twisted.trial.unittest import TestCase

from .conversation import Recorder
from .loopback import ask, serve
from .messages import Fields, Request, Response
from .pages import asked, handle


class Step07Get(TestCase):
    """A real client gets a page over TCP, and so does a browser.

    Write asked in pages.py: a piece of HTML that shows the request. What a client sent may be
    anything, also HTML: escape it, or it becomes part of the page (H9, CVE-2022-39348). Over TCP
    there is nothing more to write, if the steps before were right. Then look at it in a browser:
    python3 -m exercises.stage3_http.demo
    """

    longMessage = False
    timeout = 5

    def test_shows_the_request(self):
        """The page shows the request line and each field, as they were sent."""
        request = Request(b"GET", b"/?q=1", Fields([(b"Host", b"a"), (b"X-B", b"c: d")]))
        page = asked(request)
        for line in ("GET /?q=1 HTTP/1.1", "Host: a", "X-B: c: d"):
            self.assertTrue(line in unescape(page), f"Expected {line!r} in the page; got {page!r}.")

    def test_escapes(self):
        """What was sent stands in the page as text: no <, > or & of it is markup (CVE-2022-39348)."""
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

    def test_any_bytes(self):
        """A field that is no text in any encoding is shown all the same."""
        page = asked(
            Request(b"GET", b"/", Fields([(b"Host", b"a"), (b"X-B", b"caf\xe9 \xc3\xa9")]))
        )
        self.assertTrue(
            "é" in unescape(page), f"Expected é, sent as UTF-8, in the page; got {page!r}."
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
        """Over real TCP, the demo's first page is a page of HTML that says what was asked."""
        response, content = await ask(self, await serve(self, handle), b"GET", "/?a<b")
        self.assertEqual(response.code, 200, f"Expected a 200; got {response.code}.")
        kind = response.headers.getRawHeaders(b"Content-Type")
        self.assertEqual(kind, [b"text/html; charset=utf-8"], f"Expected HTML; got {kind!r}.")
        self.assertTrue(
            b"GET /?a" in content, f"Expected 'GET /?a…' in the page; got {content.decode()}"
        )

    async def test_no_such_page(self):
        """A browser asks for /favicon.ico by itself; it gets a 404."""
        response, _ = await ask(self, await serve(self, handle), b"GET", "/favicon.ico")
        self.assertEqual(response.code, 404, f"Expected a 404; got {response.code}.")

    async def test_large(self):
        """Content of a million bytes, more than fits into one packet or one buffer, comes whole."""
        content = bytes(range(256)) * 4096
        _, got = await ask(self, await serve(self, Recorder(Response(200, content))), b"GET", "/")
        self.assertTrue(
            got == content,
            f"Expected {len(content)} bytes; got {len(got)}, or others than were sent.",
        )
