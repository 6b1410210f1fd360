"""The page of the demo: functions from a Request to HTML. A client may send anything, so the page escapes it."""

from __future__ import annotations

from html import escape

from .messages import Fields, Request, Response

PLAIN = Fields([(b"Content-Type", b"text/plain; charset=utf-8")])
HTML = Fields([(b"Content-Type", b"text/html; charset=utf-8")])
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 28px/1.4 sans-serif; max-width: 75rem; margin: auto; padding: 0 1rem; }}
pre {{ white-space: pre-wrap; overflow-wrap: anywhere; }}
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


def handle(request: Request) -> Response:
    """The demo's handler."""
    if request.target.partition(b"?")[0] != b"/":
        return Response(404, b"There is no such page.\n", PLAIN)
    if request.method != b"GET":
        allow = (b"Allow", b"GET")
        return Response(405, b"This page does not do that.\n", Fields([*PLAIN, allow]))
    page = PAGE.format(title="What your browser asked", body=asked(request))
    return Response(200, page.encode("utf-8"), HTML)


def readable(data: bytes) -> str:
    """Any bytes as text. It is not escaped."""
    return data.decode("utf-8", "backslashreplace")


def asked(request: Request) -> str:
    """A piece of HTML that shows the request's line and fields, each on its own line."""
    raise NotImplementedError("Step 7: show the request line and the fields, escaped")
