"""The pages of the demo: functions from a Request to HTML. A client may send anything, so each page escapes it."""

from __future__ import annotations

import re
from html import escape
from urllib.parse import parse_qsl

from .messages import Fields, Request, Response

PLAIN = Fields([(b"Content-Type", b"text/plain; charset=utf-8")])
HTML = Fields([(b"Content-Type", b"text/html; charset=utf-8")])
SITE = re.compile(rb"^https?://[^/?]*", re.IGNORECASE)
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 28px/1.4 sans-serif; max-width: 75rem; margin: auto; padding: 0 1rem; }}
pre {{ white-space: pre-wrap; overflow-wrap: anywhere; }}
label, input, textarea {{ display: block; max-width: 100%; }}
input, textarea, button {{ font: inherit; }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""
# These addresses are relative: a proxy may have the pages below a path of its own.
LINK = """<p><a href="form">Try the form</a></p>
"""
FORM = """<form method="post" action="form">
<p><label for="name">Your name</label> <input id="name" name="name"></p>
<p><label for="words">Your words</label> <textarea id="words" name="words" rows="4"></textarea></p>
<p><button>Send</button></p>
</form>
<p><a href="./">See what your browser sends</a></p>
"""


def handle(request: Request) -> Response:
    """The demo's handler."""
    # The target may be a full address (RFC 9112 3.2.2); a server of one site may ignore its host.
    path = SITE.sub(b"", request.target).partition(b"?")[0] or b"/"
    if path not in (b"/", b"/form"):
        return Response(404, b"There is no such page.\n", PLAIN)
    allowed = [b"GET", b"HEAD"] + [b"POST"] * (path == b"/form")
    if request.method not in allowed:
        allow = (b"Allow", b", ".join(allowed))
        return Response(405, b"This page does not do that.\n", Fields([*PLAIN, allow]))
    if path == b"/":
        title, body = "What your browser asked", asked(request) + LINK
    elif request.method == b"POST":
        title, body = "What you sent", posted(request.content) + FORM
    else:
        title, body = "A form", FORM
    return Response(200, PAGE.format(title=title, body=body).encode("utf-8"), HTML)


def readable(data: bytes) -> str:
    """Any bytes as text. It is not escaped."""
    return data.decode("utf-8", "backslashreplace")


def asked(request: Request) -> str:
    """A piece of HTML that shows the request's line and fields, each on its own line."""
    lines = [b" ".join([request.method, request.target, request.version])]
    lines += [b"%s: %s" % pair for pair in request.fields]
    text = escape(readable(b"\n".join(lines)))
    return f"<pre>{text}</pre>\n"


def posted(content: bytes) -> str:
    """A piece of HTML that shows each name and value of a form, sent as application/x-www-form-urlencoded."""
    raise NotImplementedError("Step 11: show each name and value, escaped")
