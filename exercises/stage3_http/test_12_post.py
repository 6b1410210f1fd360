"""A form that is posted, over TCP at the end."""

import re
from html import unescape
from urllib.parse import urlencode

from twisted.trial.unittest import TestCase

from .conversation import Recorder
from .loopback import ask, serve
from .messages import Request, Response
from .page import Shown
from .pages import handle, posted


class Step25Post(TestCase):
    """A real client posts a form, and so does a browser.

    Write posted in pages.py: take the form apart, and show each name and value, escaped. A form's
    content is names and values, joined with = and &, with + for a space and %C3%A9 for é: bytes
    of UTF-8, which make no sense one by one. urllib.parse.parse_qsl knows all that. Then run the
    demo once more, and fill in the form.
    """

    longMessage = False
    timeout = 5

    def shows(self, content, *texts):
        page = posted(content)
        shown = Shown(page)
        for text in texts:
            self.assertTrue(
                shown.has(text),
                f"Expected to see {text!r} in the page for {content!r}; got {page!r}.",
            )
        wrong = shown.wrong + re.findall(r"/?\w+>|</?\w+", shown.text)
        self.assertEqual(
            wrong, [], f"Expected tags that are opened and closed; {page!r} has these not: {wrong}."
        )

    def test_form(self):
        """The demo's form posts to itself what stands in its two fields, and is shown again under what was posted."""
        for method, content in ((b"GET", b""), (b"POST", b"name=%C3%A9&words=a+b")):
            response = handle(Request(method, b"/form", content=content))
            page = response.content.decode("utf-8")
            for text in (
                *('<form method="post" action="/form">', 'name="name"', 'name="words"', "</form>"),
                *('<label for="name">', 'id="name"', '<label for="words">', 'id="words"'),
                *("<button>", 'href="/"', "What you sent" if content else "A form"),
            ):
                self.assertTrue(text in page, f"Expected {text!r} in the page; got {page}")
            self.assertEqual(Shown(page).wrong, [], f"Expected right tags; got {page}")
            got = (response.status, response.fields.get(b"Content-Type"))
            self.assertEqual(
                got, (200, b"text/html; charset=utf-8"), f"Expected a page of HTML; got {got!r}."
            )
            for text in ("é", "a b"):
                self.assertEqual(
                    text in page, bool(content), f"Expected {text!r} if it was posted; got {page}"
                )

    def test_names_and_values(self):
        """Each name and value is shown, those of an empty or repeated field too."""
        self.shows(
            b"name=Ada&words=one+two%0D%0A%3D%26&words=three&empty=", "name", "Ada", "one two", "=&"
        )
        self.shows(b"name=Ada&words=one+two&words=three&empty=", "three", "empty")
        self.shows(b"=nameless", "nameless")

    def test_only_ampersands(self):
        """Only & stands between two pairs: another reader takes no ; for one (CVE-2021-23336)."""
        self.shows(b"words=one;two=three&a;b=four", "one;two=three", "a;b", "four")

    def test_no_pairs(self):
        """Content that has no pairs, or half of one, is no failure, and hides none beside it."""
        for content in (
            b"",
            b"&",
            b"&&",
            b"=",
            b"a",
            b"%",
            b"%zz",
            b"+",
            b"==",
            b"a&b",
            b";",
            b"\0",
            b"\xff",
        ):
            self.shows(content)
            self.shows(b"x=one&" + content + b"&y=two", "one", "two")

    def test_many(self):
        """A form may have as many names as fit into its content, and values as long."""
        pairs = [(f"name{i}", "v" * 50 + str(i)) for i in range(2000)]
        shown = Shown(posted(urlencode(pairs).encode("ascii")))
        missing = [text for text in sum(pairs[::333], ()) if not shown.has(text)]
        self.assertEqual(
            missing, [], f"Expected all 2000 names and values to be shown; not shown are {missing}."
        )

    def test_characters(self):
        """Characters of several bytes come out whole (P3)."""
        self.shows(b"words=%C3%A9+%F0%9D%84%BD+%E2%80%94", "é 𝄽 —")

    def test_any_bytes(self):
        """A form that is no text is shown as well as may be, not a failure."""
        self.shows(b"name=Ada&words=caf%E9&x=\xff%", "Ada", "caf")

    def test_escapes(self):
        """What was posted stands in the page as text, names as well as values (CVE-2022-39348)."""
        for pair in (("words", "<script>alert('&amp;')</script>"), ("<script>'&lt;'", "1")):
            content = urlencode([pair]).encode("ascii")
            page = posted(content)
            self.assertFalse(
                "<script" in page, f"Expected no <script> for {content!r}; got {page!r}."
            )
            for text in pair:
                self.assertTrue(text in unescape(page), f"Expected {text!r} as text; got {page!r}.")
        page = posted(urlencode([('n"n', "v'v"), ("n'n", 'v"v')]).encode("ascii"))
        for text in ('n"n', "n'n", 'v"v', "v'v"):
            self.assertTrue(
                text in unescape(page) and text not in page,
                f"Expected the quote of {text!r} to be escaped; got {page!r}.",
            )

    async def test_post(self):
        """Over real TCP, Twisted's client posts content, and the handler gets all of it."""
        handler = Recorder(lambda request: Response(200, request.content[::-1]))
        content = bytes(range(256)) * 1000
        _, got = await ask(self, await serve(self, handler), b"POST", "/a", content=content)
        self.assertTrue(
            got == content[::-1],
            f"Expected the {len(content)} bytes reversed; got {len(got)} bytes.",
        )

    async def test_form_over_tcp(self):
        """Over real TCP, the demo's form is shown, posted, and shows what was posted."""
        port = await serve(self, handle)
        _, form = await ask(self, port, b"GET", "/form")
        self.assertTrue(b"<form" in form, f"Expected a form; got {form.decode()}")
        content = urlencode([("name", "Ada <b>"), ("words", "é\r\n")]).encode("ascii")
        kind = {"Content-Type": ["application/x-www-form-urlencoded"]}
        response, page = await ask(self, port, b"POST", "/form", kind, content)
        self.assertEqual(response.code, 200, f"Expected a 200; got {response.code}.")
        text = page.decode("utf-8")
        self.assertTrue(
            "Ada &lt;b&gt;" in text and "é" in text, f"Expected what was posted; got {text}"
        )
