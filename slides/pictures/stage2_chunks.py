"""A poem on its way from the stage's slow server to its client, over a line in memory that cuts as a network may."""

from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from exercises.stage2_poetry.client import PoemProtocol
from exercises.stage2_poetry.server import SlowPoetryFactory

POEM = "Half an é.\nThe rest.\n".encode()
LATE = 0.125
"""Seconds that a piece is under way, one after another."""
PIECE = 9
"""Bytes: the first cut is inside of the é."""

# In pixels: the picture's width, where the boxes begin, a box's width, a row's height.
WIDTH, LEFT, BOX, ROW = 1200, 378, 37, 62
INK, SERVER, CLIENT, LIFTED = "#1f2328", "#dbe9f6", "#f3f4f6", "#ffe08a"

clock = Clock()
rows = []  # what happened: when, what, which bytes, and where in the poem they stand


class Line(StringTransport):
    """The server's side: what is written arrives piece by piece."""

    written = came = 0
    arrives = 0.0

    def write(self, data):
        rows.append((clock.seconds(), "server writes", data, self.written))
        self.written += len(data)
        self.arrives = clock.seconds()
        while data:
            piece, data = data[:PIECE], data[PIECE:]
            self.later(self.arrive, piece)

    def loseConnection(self):
        self.later(client.connectionLost, Failure(ConnectionDone()))

    def later(self, what, argument):
        self.arrives += LATE
        clock.callLater(self.arrives - clock.seconds(), what, argument)

    def arrive(self, data):
        rows.append((clock.seconds(), "client gets", data, self.came))
        self.came += len(data)
        client.dataReceived(data)


def letter(byte):
    """A byte, as it is shown."""
    if byte == ord("\n"):
        return r"\n"
    return chr(byte) if 32 <= byte < 127 else f"{byte:02x}"


def text(x, y, words, style=""):
    return f'<text x="{x}" y="{y}"{style}>{words}</text>'


client = PoemProtocol()
server = SlowPoetryFactory(POEM, clock, interval=1.0).buildProtocol(None)
client.makeConnection(StringTransport())
server.makeConnection(Line())
while not client.poem.called:
    clock.advance(LATE)
rows.append((clock.seconds(), "poem fires", b"", 0))

height = ROW * len(rows)
print(
    f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{WIDTH}" height="{height}"'
    f' viewBox="0 0 {WIDTH} {height}">'
)
print("<title>Written in two pieces, read in four</title>")
print('<g font-family="ui-monospace, Menlo, Consolas, monospace" font-size="27" fill="#1f2328">')
for n, (when, what, data, at) in enumerate(rows):
    y = n * ROW
    print(text(0, y + 38, f"{when:.2f} s"))
    print(text(132, y + 38, what, "" if data else ' font-weight="bold"'))
    for i, byte in enumerate(data, at):
        x = LEFT + i * BOX
        fill = LIFTED if byte > 127 else SERVER if what.startswith("server") else CLIENT
        print(f'<rect x="{x}" y="{y + 8}" width="{BOX}" height="42" fill="{fill}" stroke="{INK}"/>')
        print(text(x + BOX // 2, y + 38, letter(byte), ' text-anchor="middle"'))
    if not data:
        print(text(LEFT, y + 38, repr(client.poem.result).replace("<", "&lt;")))
print("</g>")
print("</svg>")
