"""What the stage's client makes of the same first bytes, with each kind of end."""

from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from exercises.stage2_poetry.client import PoemProtocol
from workshop.pictures.base import (
    BOLD,
    CODE,
    GREEN,
    OUTLINE,
    PALE,
    PALE_GREEN,
    PALE_RED,
    RED,
    box,
    slide,
    word,
)

POEM = "A sea, a sea."
SENT = ((POEM, ConnectionDone), (POEM[:6], ConnectionLost))

# In pixels: a row's height, a box's; where the ends and the poems begin, and how wide they are.
ROW, BOX, ENDS, END, POEMS = 118, 56, 330, 310, 720

parts = [
    word(x, 30, words, BOLD)
    for x, words in ((0, "the bytes"), (ENDS, "connectionLost"), (POEMS, "the poem's Deferred"))
]
for n, (sent, reason) in enumerate(SENT):
    client = PoemProtocol()
    client.makeConnection(StringTransport())
    client.dataReceived(sent.encode())
    client.connectionLost(Failure(reason()))
    outcome = client.poem.result
    failed = isinstance(outcome, Failure)
    client.poem.addErrback(lambda _: None)
    y = 60 + n * ROW
    parts.append(box(0, y, 22 + 17 * len(sent), BOX, PALE, OUTLINE))
    parts.append(word(12, y + 38, sent, CODE))
    parts.append(
        f'<path d="M{22 + 17 * len(sent)} {y + BOX / 2:g}H{ENDS}" {OUTLINE} stroke-width="3"/>'
    )
    parts.append(box(ENDS, y, END, BOX, PALE_RED if failed else PALE_GREEN, OUTLINE))
    parts.append(word(ENDS + 14, y + 38, reason.__name__, CODE))
    parts.append(
        f'<path d="M{ENDS + END} {y + BOX / 2:g}h58m-14 -10l14 10l-14 10" fill="none" {OUTLINE} stroke-width="3"/>'
    )
    told = f"fails: {outcome.type.__name__}" if failed else repr(outcome)
    parts.append(
        box(
            POEMS,
            y,
            480,
            BOX,
            "white",
            f'stroke="{RED if failed else GREEN}" stroke-width="5" rx="6"',
        )
    )
    parts.append(word(POEMS + 16, y + 38, told, f'{CODE} fill="{RED if failed else GREEN}"'))
print(slide(60 + 2 * ROW - 40, "Two ends, two outcomes", parts), end="")
