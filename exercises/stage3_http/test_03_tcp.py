"""The server over real TCP, on 127.0.0.1, asked by Twisted's own HTTP client."""

import re
from html import unescape
from html.parser import HTMLParser

from twisted.trial.unittest import TestCase

from .conversation import Recorder
from .loopback import ask, serve
from .messages import Fields, Request, Response
from .pages import asked, handle

HTML = b"text/html; charset=utf-8"


class Shown(HTMLParser):
    """The lines of text that a browser would show: a line ends with a block or a br, and in a pre also with a line feed."""

    INLINE = {
        "a",
        "b",
        "code",
        "em",
        "i",
        "kbd",
        "samp",
        "small",
        "span",
        "strong",
        "td",
        "th",
        "tt",
    }

    def __init__(self):
        super().__init__()
        self.text, self.pre = "", 0

    def handle_starttag(self, tag, attributes):
        self.pre += tag == "pre"
        self.text += "" if tag in self.INLINE else "\n"

    def handle_endtag(self, tag):
        self.pre -= tag == "pre"
        self.text += "" if tag in self.INLINE else "\n"

    def handle_data(self, data):
        self.text += data if self.pre else re.sub(r"\s+", " ", data)


def shown_lines(page):
    """A page's lines as a browser shows them, without spaces around them."""
    shown = Shown()
    shown.feed(page)
    shown.close()
    return [line.strip() for line in shown.text.split("\n")]


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
        """A browser shows the request line and each field as they were sent, each on a line of its own."""
        pairs = [(b"Host", b"a"), (b"X-B", b"c: d"), (b"Host", b"C:\\new\\x41"), (b"X-C", b"")]
        page = asked(Request(b"PUT", b"/?q=1", Fields(pairs), b"content", b"HTTP/1.0"))
        expected = ["PUT /?q=1 HTTP/1.0", "Host: a", "X-B: c: d", "Host: C:\\new\\x41", "X-C:"]
        lines = [[one for one in expected if one in line] for line in shown_lines(page)]
        got = [line for line in lines if line]
        self.assertEqual(
            got,
            [[one] for one in expected],
            f"Expected {expected!r}, each on a line of its own; the lines of {page!r} have {got!r}.",
        )

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

    def test_escapes_quotes(self):
        """Neither quote of the client's is markup, so that what was sent may stand in an attribute as well."""
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
        """A field that is no text in any encoding is shown all the same."""
        page = asked(
            Request(b"GET", b"/", Fields([(b"Host", b"a"), (b"X-B", b"caf\xe9 \xc3\xa9")]))
        )
        self.assertTrue(
            "é" in unescape(page), f"Expected é, sent as UTF-8, in the page; got {page!r}."
        )
        for byte in (b"\xe9", b"\x80", b"\xff", b"\xc3"):
            page = asked(Request(b"GET", b"/", Fields([(b"X-B", b"caf" + byte)])))
            page.encode("utf-8")
            self.assertTrue(
                "X-B: caf" in page and "X-B: caf" not in shown_lines(page),
                f"Expected something to be shown for the byte {byte!r}; got {page!r}.",
            )

    def test_pages(self):
        """The demo, which is given, has two pages, for GET and HEAD, whatever the query and the form of the target."""
        ask, form = "What your browser asked", "A form"
        for target, title in (
            *(
                (b"/", ask),
                (b"/?", ask),
                (b"/?/form", ask),
                (b"/form", form),
                (b"/form?a=b?c", form),
            ),
            *(
                (b"http://a:80/", ask),
                (b"http://a", ask),
                (b"http://a?b", ask),
                (b"HTTPS://a/", ask),
            ),
            *((b"http://a/form", form), (b"https://a:1/form?b", form), (b"/?http://a/form", ask)),
        ):
            for method in (b"GET", b"HEAD"):
                response = handle(Request(method, target))
                got = (response.status, response.fields.get(b"Content-Type"))
                self.assertEqual(
                    got, (200, HTML), f"Expected HTML for {method} {target!r}; got {got!r}."
                )
                page = response.content.decode("utf-8")
                self.assertTrue(
                    page.count(title) == 2 and f"<title>{title}</title>" in page,
                    f"Expected the page {title!r} for {target!r}; got {page}",
                )

    def test_no_page(self):
        """What it does not have is a 404, what it does not do a 405 that says what it does; both are text."""
        for method, target, status, allow in (
            *((b"GET", target, 404, None) for target in (b"/a", b"//", b"/forms", b"*", b"/Form")),
            *(
                (b"GET", target, 404, None)
                for target in (b"http://a/b", b"http:///x", b"/http://a/")
            ),
            *(
                (method, b"/", 405, b"GET, HEAD")
                for method in (b"POST", b"PUT", b"get", b"OPTIONS")
            ),
            *((method, b"/form", 405, b"GET, HEAD, POST") for method in (b"PUT", b"post")),
        ):
            response = handle(Request(method, target))
            got = (
                *(response.status, response.fields.get(b"Content-Type")),
                *(response.fields.get(b"Allow"), response.content[-2:]),
            )
            expected = (status, b"text/plain; charset=utf-8", allow, b".\n")
            self.assertEqual(
                got, expected, f"Expected {expected!r} for {method} {target!r}; got {got!r}."
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
