"""A posted form; at the end over TCP."""

import re
from html import unescape
from urllib.parse import urlencode

from twisted.trial.unittest import TestCase

from ..page import Shown
from .conversation import Recorder
from .loopback import ask, serve
from .messages import Request, Response
from .pages import handle, posted

HTML = b"text/html; charset=utf-8"


class Step11Post(TestCase):
    """A real client posts a form, and so does a browser.

    Write posted in pages.py: a piece of HTML that shows each name and value of a form, those of
    empty and repeated fields too, in UTF-8, escaped once, as asked does. In the content, =
    joins a name and a value, & alone separates pairs, not a semicolon, + is a space.
    urllib.parse.parse_qsl knows all that. Bytes that are not text, or not a pair, are no
    failure.
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
            wrong, [], f"Expected matching tags; in {page!r} these do not match: {wrong}."
        )

    def test_form(self):
        """The demo's form posts its two fields to itself, and is shown again below them."""
        for method, content in ((b"GET", b""), (b"POST", b"name=%C3%A9&words=a+b")):
            response = handle(Request(method, b"/form", content=content))
            page = response.content.decode("utf-8")
            for text in (
                *('<form method="post" action="form">', 'name="name"', 'name="words"', "</form>"),
                *('<label for="name">', 'id="name"', '<label for="words">', 'id="words"'),
                *("<button>", 'href="./"', "What you sent" if content else "A form"),
            ):
                self.assertTrue(text in page, f"Expected {text!r} in the page; got {page}")
            self.assertEqual(Shown(page).wrong, [], f"Expected matching tags; got {page}")
            got = (response.status, response.fields.get(b"Content-Type"))
            self.assertEqual(got, (200, HTML), f"Expected a page of HTML; got {got!r}.")
            for text in ("é", "a b"):
                self.assertEqual(
                    text in page, bool(content), f"Expected {text!r} if it was posted; got {page}"
                )

    def test_pages(self):
        """The demo, most of which is given, has two pages, for GET and HEAD, with any query and any form of the target."""
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
                # Relative: a proxy may have the pages below a path of its own.
                link = 'href="form">' if title == ask else 'href="./">'
                self.assertTrue(link in page, f"Expected a link to the other page; got {page}")
                self.assertEqual(
                    Shown(page).wrong, [], f"Expected a page with matching tags; got {page}"
                )
                self.assertTrue(
                    page.count(title) == 2 and f"<title>{title}</title>" in page,
                    f"Expected the page {title!r} for {target!r}; got {page}",
                )

    def test_no_page(self):
        """A page that it does not have is a 404; a method that it does not allow is a 405 with Allow; both are text."""
        text = b"text/plain; charset=utf-8"
        nowhere = (404, text, None, b"There is no such page.\n")
        cannot = b"This page does not do that.\n"
        targets = [
            b"/a",
            b"//",
            b"/forms",
            b"/Form",
            b"*",
            b"http://a/b",
            b"http:///x",
            b"/http://a",
        ]
        for method, target, expected in (
            *((b"GET", target, nowhere) for target in targets),
            *((m, b"/", (405, text, b"GET, HEAD", cannot)) for m in (b"POST", b"PUT", b"get")),
            *((m, b"/form", (405, text, b"GET, HEAD, POST", cannot)) for m in (b"PUT", b"post")),
        ):
            response = handle(Request(method, target))
            kind, allow = (response.fields.get(name) for name in (b"Content-Type", b"Allow"))
            got = (response.status, kind, allow, response.content)
            self.assertEqual(
                got, expected, f"Expected {expected!r} for {method} {target!r}; got {got!r}."
            )

    def test_names_and_values(self):
        """Each name and value is shown, even of an empty or repeated field."""
        self.shows(
            b"name=Ada&words=one+two%0D%0A%3D%26&words=three&empty=", "name", "Ada", "one two", "=&"
        )
        self.shows(b"name=Ada&words=one+two&words=three&empty=", "three", "empty")
        self.shows(b"=nameless", "nameless")

    def test_only_ampersands(self):
        """Only & separates two pairs, not ; as some readers have it (CVE-2021-23336)."""
        self.shows(b"words=one;two=three&a;b=four", "one;two=three", "a;b", "four")

    def test_no_pairs(self):
        """Content without a pair, or with half of one, is not a failure, and hides no other pair."""
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
        """A form may have any number of pairs, of any length."""
        pairs = [(f"name{i}", "v" * 50 + str(i)) for i in range(2000)]
        shown = Shown(posted(urlencode(pairs).encode("ascii")))
        missing = [text for text in sum(pairs[::333], ()) if not shown.has(text)]
        self.assertEqual(
            missing, [], f"Expected all 2000 names and values to be shown; not shown are {missing}."
        )

    def test_characters(self):
        """Characters of several bytes are shown whole."""
        self.shows(b"words=%C3%A9+%F0%9D%84%BD+%E2%80%94", "é 𝄽 —")

    def test_any_bytes(self):
        """A form with bytes that are not text is shown as well as possible, not a failure."""
        self.shows(b"name=Ada&words=caf%E9&x=\xff%", "Ada", "caf")

    def test_escapes(self):
        """Posted names and values are text in the page, not markup (CVE-2022-39348)."""
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
        """Over real TCP, the handler gets all of the content that Twisted's client posts."""
        handler = Recorder(lambda request: Response(200, request.content[::-1]))
        content = bytes(range(256)) * 1000
        _, got = await ask(self, await serve(self, handler), b"POST", "/a", content=content)
        self.assertTrue(
            got == content[::-1],
            f"Expected the {len(content)} bytes reversed; got {len(got)} bytes.",
        )

    async def test_form_over_tcp(self):
        """Over real TCP, the demo's form is shown and posted, and its values are shown."""
        port = await serve(self, handle)
        _, form = await ask(self, port, b"GET", "/form")
        self.assertTrue(b"<form" in form, f"Expected a form; got {form.decode()}")
        content = urlencode([("name", "Ada <b>"), ("words", "é\r\n")]).encode("ascii")
        kind = {"Content-Type": ["application/x-www-form-urlencoded"]}
        response, page = await ask(self, port, b"POST", "/form", kind, content)
        self.assertEqual(response.code, 200, f"Expected a 200; got {response.code}.")
        text = page.decode("utf-8")
        self.assertTrue(
            "Ada &lt;b&gt;" in text and "é" in text, f"Expected the posted values; got {text}"
        )
