"""A request and the response of the stage's server: each line's bytes, and the line's name."""

from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from exercises.stage3_http.messages import Fields, Response
from exercises.stage3_http.server import HTTPFactory
from workshop.pictures.base import CODE, DARK, PALE, SHADE, box, slide, word

ASK = b"GET /menu?day=1 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nAccept: text/plain\r\n\r\n"
MENU = Response(200, "Café.\n".encode(), Fields([(b"Content-Type", b"text/plain; charset=utf-8")]))

# In pixels: a row's height, where the names begin.
ROW, NAMES = 46, 790
CLIENT, SERVER = PALE, SHADE


def shown(data):
    """Return bytes as Python writes them."""
    return repr(data)[2:-1]


def rows(data, first, content):
    """Return the lines of a message, each with its name."""
    head, _, rest = data.partition(b"\r\n\r\n")
    lines = [shown(line + b"\r\n") for line in head.split(b"\r\n")] + [shown(b"\r\n")]
    names = [first, "fields: name, colon, value", *[""] * (len(lines) - 3)]
    names.append("an empty line ends the head")
    return [*zip(lines, names, strict=True), *([(shown(rest), content)] if rest else [])]


transport = StringTransport()
server = HTTPFactory(lambda request: MENU, Clock()).buildProtocol(None)
server.makeConnection(transport)
server.dataReceived(ASK)
sent = transport.value()

size = len(MENU.content)
messages = [
    (CLIENT, rows(ASK, "request line: the question", "")),
    (SERVER, rows(sent, "status line: the outcome", f"content: {size} bytes")),
]
parts, y = [], 0
for ground, lines in messages:
    parts.append(box(0, y, NAMES - 24, ROW * len(lines), ground, 'rx="6"'))
    for line, name in lines:
        end = line == shown(b"\r\n")
        if end:
            parts.append(box(6, y + 4, 88, ROW - 8, DARK, 'rx="4"'))
        parts.append(word(14, y + 32, line, f'{CODE} fill="white"' if end else CODE))
        if name:
            parts.append(word(NAMES, y + 32, name))
        y += ROW
    y += ROW // 4
print(slide(y - ROW // 4, "A request and its response", parts), end="")
