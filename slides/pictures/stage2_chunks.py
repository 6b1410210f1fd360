"""A poem on its way from the stage's slow server to its client, over a line in memory that cuts as a network may."""

from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from exercises.stage2_poetry.client import PoemProtocol
from exercises.stage2_poetry.server import SlowPoetryFactory
from workshop.pictures.base import BOLD, CODE, MIDDLE, OUTLINE, PALE, SHADE, box, slide, word

POEM = "Half an é.\nThe rest.\n".encode()
LATE = 0.125
"""Seconds that a piece is under way, one after another."""
PIECE = 9
"""Bytes: the first cut is inside of the é."""

# In pixels: where the boxes begin, a box's width, a row's height.
LEFT, BOX, ROW = 330, 39, 60
SERVER, CLIENT, HIGHLIGHT = PALE, SHADE, "#ffe08a"

clock = Clock()
rows = []  # each event: its time, what it is, the bytes, and their place in the poem


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
    """Return a byte as it is shown."""
    if byte == ord("\n"):
        return r"\n"
    return chr(byte) if 32 <= byte < 127 else f"{byte:02x}"


client = PoemProtocol()
server = SlowPoetryFactory(POEM, clock, interval=1.0).buildProtocol(None)
client.makeConnection(StringTransport())
server.makeConnection(Line())
while not client.poem.called:
    clock.advance(LATE)
rows.append((clock.seconds(), "poem fires", b"", 0))

parts = []
for n, (when, what, data, at) in enumerate(rows):
    y = n * ROW
    parts.append(word(0, y + 38, f"{when:.2f} s"))
    parts.append(word(112, y + 38, what, "" if data else BOLD))
    for i, byte in enumerate(data, at):
        x = LEFT + i * BOX
        fill = HIGHLIGHT if byte > 127 else SERVER if what.startswith("server") else CLIENT
        parts.append(box(x, y + 8, BOX, 42, fill, OUTLINE))
        parts.append(word(x + BOX // 2, y + 38, letter(byte), f"{MIDDLE} {CODE}"))
    if not data:
        parts.append(word(LEFT, y + 38, repr(client.poem.result), CODE))
print(slide(ROW * len(rows), "Written in two pieces, read in four", parts), end="")
