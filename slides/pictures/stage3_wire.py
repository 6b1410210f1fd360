"""A request and the response of the stage's server: each line's bytes, and the line's name."""

import time
from xml.sax.saxutils import escape

from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from exercises.stage3_http.messages import Fields, Response
from exercises.stage3_http.server import HTTPFactory

ASK = b"GET /menu?day=1 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nAccept: text/plain\r\n\r\n"
MENU = Response(200, "Café.\n".encode(), Fields([(b"Content-Type", b"text/plain; charset=utf-8")]))
MORNING = 1795258280  # seconds since 1970: some moment in November 2026

# In pixels: the picture's width, a row's height, where the names stand.
WIDTH, ROW, NAMES = 1200, 46, 770
INK, CLIENT, SERVER = "#1f2328", "#dbe9f6", "#f3f4f6"
NAME = ' font-family="Liberation Sans, Segoe UI, Helvetica Neue, Arial, sans-serif"'


def shown(data):
    """Bytes, as Python writes them."""
    return repr(data)[2:-1]


def rows(data, first, content):
    """The lines of a message, each with its name."""
    head, _, rest = data.partition(b"\r\n\r\n")
    lines = [shown(line + b"\r\n") for line in head.split(b"\r\n")] + [shown(b"\r\n")]
    names = [first, "fields: name, colon, value", *[""] * (len(lines) - 3)]
    names.append("an empty line ends the head")
    return [*zip(lines, names, strict=True), *([(shown(rest), content)] if rest else [])]


clock, transport = Clock(), StringTransport()
clock.advance(MORNING)
server = HTTPFactory(lambda request: MENU, clock).buildProtocol(None)
server.makeConnection(transport)
server.dataReceived(ASK)
sent = transport.value()
assert time.strftime("%H:%M:%S", time.gmtime(MORNING)).encode() in sent

size = len(MENU.content)
messages = [
    (CLIENT, rows(ASK, "request line: what is asked", "")),
    (SERVER, rows(sent, "status line: how it went", f"content: {size} bytes, for 6 characters")),
]
gap = ROW // 2
height = ROW * sum(len(lines) for _, lines in messages) + gap
print(
    f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{WIDTH}" height="{height}"'
    f' viewBox="0 0 {WIDTH} {height}">'
)
print("<title>A request and its response</title>")
print(f'<g font-family="ui-monospace, Menlo, Consolas, monospace" font-size="27" fill="{INK}">')
y = 0
for ground, lines in messages:
    tall = ROW * len(lines)
    print(f'<rect x="0" y="{y}" width="{NAMES - 24}" height="{tall}" fill="{ground}"/>')
    for line, name in lines:
        print(f'<text x="14" y="{y + 33}">{escape(line)}</text>')
        if name:
            print(f'<text x="{NAMES}" y="{y + 33}"{NAME}>{escape(name)}</text>')
        y += ROW
    y += gap
print("</g>")
print("</svg>")
