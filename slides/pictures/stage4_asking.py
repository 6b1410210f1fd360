"""The three things that a test has open: what asks each to end, and the event that is its end, in the order of a run."""

from workshop.pictures.base import (
    BOLD,
    CODE,
    GREEN,
    INK,
    PALE,
    SHADE,
    box,
    recorded,
    slide,
    word,
)

ASKED = {
    "port": "port.stopListening()",
    "client": "transport.loseConnection()",
    "server": "no call: it follows the client",
}
ENDS = {"port": "its Deferred fires", "client": "connectionLost", "server": "connectionLost"}

# In pixels: a row's height, where the bars begin, how far each reaches.
ROW, BEGIN, REACH = 92, 600, {"port": 700, "client": 790, "server": 900}

quiet = recorded("stage4_disconnect")["quiet"]
order = next(run["over"] for run in quiet if run["name"] == "Teardown9AllThree")
assert sorted(order, key=REACH.__getitem__) == order
parts = [
    word(0, 30, "open", BOLD),
    word(160, 30, "you ask", BOLD),
    word(BEGIN, 30, "and it is over later", BOLD),
]
for n, name in enumerate(order):
    y = 52 + n * ROW
    parts.append(word(0, y + 42, name))
    code = CODE if name != "server" else ""
    if code:
        parts.append(box(160, y + 4, 440, 58, SHADE, 'rx="6"'))
    parts.append(word(170, y + 42, ASKED[name], code))
    parts.append(box(BEGIN + 8, y + 4, REACH[name] - BEGIN, 58, PALE, f'stroke="{INK}"'))
    x = REACH[name] + 8
    parts.append(f'<path d="M{x} {y - 4}v74" stroke="{GREEN}" stroke-width="8"/>')
    parts.append(word(x + 16, y + 42, ENDS[name], f'{BOLD} fill="{GREEN}"'))
y = 52 + len(order) * ROW
parts.append(
    f'<path d="M{BEGIN + 8} {y}h370m-16 -9l16 9l-16 9" fill="none" stroke="{INK}" stroke-width="3"/>'
)
parts.append(word(BEGIN + 390, y + 10, "reactor turns"))
print(slide(y + 16, "Asking is not the end", parts), end="")
