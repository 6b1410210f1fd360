"""Two requests, cut in two at every offset, for the stage's server and for some with a known bug."""

from pathlib import Path
from types import ModuleType

from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from exercises.stage3_http import server
from exercises.stage3_http.messages import Response
from workshop.course import load
from workshop.course.solutions import mutated
from workshop.pictures.base import (
    BOLD,
    CODE,
    INK,
    OUTLINE,
    PALE_GREEN,
    RED,
    SHADE,
    box,
    slide,
    word,
)

LINES = [b"GET /a HTTP/1.1\r\n", b"Host: a\r\n", b"\r\n"]
BOTH = [LINES, [LINES[0].replace(b"/a", b"/b"), *LINES[1:]]]
ANSWERS = [b"GET /a", b"GET /b"]
ALL = b"".join(b"".join(lines) for lines in BOTH)
WRONG = {
    "chunk_is_a_message": "a chunk is a request",
    "second_pipelined_lost": "drops what is left",
    "delimiter_split_between_chunks": "sees only new bytes",
}
RIGHT, WRONG_ANSWER, NONE = "both answered", "wrong answer", "no answer"

# In pixels: where the bytes begin, a byte's width, a row's height.
LEFT, BYTE, ROW = 350, 15, 62
FILLS = {RIGHT: PALE_GREEN, WRONG_ANSWER: RED, NONE: "url(#stripes)"}
STRIPES = (
    '<defs><pattern id="stripes" width="6" height="10" patternUnits="userSpaceOnUse">'
    f'<rect width="6" height="10" fill="white"/><rect width="6" height="4" fill="{INK}"/>'
    "</pattern></defs>"
)


def answer(request):
    """The server's handler: it repeats the request."""
    return Response(200, b"%s %s" % (request.method, request.target))


def outcome(cut):
    """Return what the client gets if the bytes arrive in two chunks."""
    transport = StringTransport()
    factory = server.HTTPFactory(answer, Clock())
    protocol = factory.buildProtocol(None)
    protocol.makeConnection(transport)
    for chunk in (ALL[:cut], ALL[cut:]):
        protocol.dataReceived(chunk)
    answers = [response.rpartition(b"\n")[2] for response in transport.value().split(b"HTTP/1.1 ")]
    if answers[1:] == ANSWERS:
        return RIGHT
    return NONE if set(answers[1:]) < set(ANSWERS) else WRONG_ANSWER


def with_bug(mutant):
    """Return the outcomes of the server with this bug."""
    module = ModuleType("exercises.stage3_http.wrong")
    module.__package__ = "exercises.stage3_http"
    exec(mutated(stage, mutant)["parser.py"], module.__dict__)
    right, server.RequestParser = server.RequestParser, module.RequestParser
    try:
        return [outcome(cut) for cut in range(1, len(ALL))]
    finally:
        server.RequestParser = right


stage = load(Path.cwd()).stage("stage3_http")
bugs = {mutant.name: mutant for mutant in stage.mutants}
found = {label: with_bug(bugs[name]) for name, label in WRONG.items()}
found["the solution"] = [outcome(cut) for cut in range(1, len(ALL))]

parts, x, y = [], LEFT, 64
for line in (line for lines in BOTH for line in lines):
    shown, wide = line.strip().decode("ascii"), BYTE * len(line)
    parts.append(box(x, 4, wide, 44, SHADE if shown else INK, OUTLINE))
    if shown:
        parts.append(word(x + 2, 36, shown, CODE))
    x += wide
for label, outcomes in found.items():
    # Row by row, in class.
    parts.append('<g class="fragment">')
    parts.append(word(0, y + 35, label, BOLD if label == "the solution" else ""))
    for cut, one in enumerate(outcomes, 1):
        parts.append(box(LEFT + cut * BYTE - BYTE // 2, y, BYTE - 1, ROW - 12, FILLS[one]))
    parts.append("</g>")
    y += ROW
for n, (name, fill) in enumerate(FILLS.items()):
    parts.append(box(330 * n, y + 18, 30, 30, fill))
    parts.append(word(330 * n + 42, y + 43, name))
print(slide(y + 56, "Two requests, cut in two at every offset", parts, [STRIPES]), end="")
