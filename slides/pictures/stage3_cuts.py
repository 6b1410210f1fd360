"""Two requests, cut in two at every offset, for the stage's server and for some with a known bug."""

from pathlib import Path
from types import ModuleType

from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from exercises.stage3_http import server
from exercises.stage3_http.messages import Response
from workshop.course import load
from workshop.course.solutions import mutated

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

# In pixels: the picture's width, where the bytes begin, a byte's width, a row's height.
WIDTH, LEFT, BYTE, ROW = 1200, 350, 15, 70
INK, PAPER = "#1f2328", "#f3f4f6"
FILLS = {RIGHT: "#dbe9f6", WRONG_ANSWER: "#bc4c00", NONE: "url(#stripes)"}


def answer(request):
    """The server's handler: it repeats the request."""
    return Response(200, b"%s %s" % (request.method, request.target))


def outcome(cut):
    """What the client gets when the bytes come in these two chunks."""
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
    """The outcomes of the server with this bug."""
    module = ModuleType("exercises.stage3_http.wrong")
    module.__package__ = "exercises.stage3_http"
    exec(mutated(stage, mutant)["parser.py"], module.__dict__)
    right, server.RequestParser = server.RequestParser, module.RequestParser
    try:
        return [outcome(cut) for cut in range(1, len(ALL))]
    finally:
        server.RequestParser = right


def text(x, y, words, style=""):
    return f'<text x="{x}" y="{y}"{style}>{words}</text>'


stage = load(Path.cwd()).stage("stage3_http")
bugs = {mutant.name: mutant for mutant in stage.mutants}
found = {label: with_bug(bugs[name]) for name, label in WRONG.items()}
found["the solution"] = [outcome(cut) for cut in range(1, len(ALL))]

height = 64 + ROW * len(found) + 66
print(
    f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{WIDTH}" height="{height}"'
    f' viewBox="0 0 {WIDTH} {height}">'
)
print("<title>Two requests, cut in two at every offset</title>")
print(
    '<defs><pattern id="stripes" width="6" height="10" patternUnits="userSpaceOnUse">'
    f'<rect width="6" height="10" fill="white"/><rect width="6" height="4" fill="{INK}"/>'
    "</pattern></defs>"
)
print(f'<g font-family="ui-monospace, Menlo, Consolas, monospace" font-size="27" fill="{INK}">')
x = LEFT
for line in (line for lines in BOTH for line in lines):
    wide = BYTE * len(line)
    fill = PAPER if line.strip() else INK
    print(f'<rect x="{x}" y="4" width="{wide}" height="44" fill="{fill}" stroke="{INK}"/>')
    if line.strip():
        print(text(x + 4, 36, line.strip().decode("ascii")))
    x += wide
y = 64
for label, outcomes in found.items():
    print(text(0, y + 38, label, ' font-weight="bold"' if label == "the solution" else ""))
    for cut, one in enumerate(outcomes, 1):
        x = LEFT + cut * BYTE - BYTE // 2
        print(f'<rect x="{x}" y="{y}" width="{BYTE - 1}" height="{ROW - 14}" fill="{FILLS[one]}"/>')
    y += ROW
x = 0
for name, wide in ((RIGHT, 330), (WRONG_ANSWER, 330), (NONE, 0)):
    print(f'<rect x="{x}" y="{y + 18}" width="30" height="30" fill="{FILLS[name]}"/>')
    print(text(x + 42, y + 43, name))
    x += wide
print("</g>")
print("</svg>")
