"""The same two requests, as dataReceived may get them: three ways to cut them, each a chunk a box."""

from workshop.pictures.base import BOLD, DARK, OUTLINE, PALE, box, slide, word

ONE, OTHER = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /b HTTP/1.1\r\nHost: a\r\n\r\n"
WAYS = {
    "each whole": [ONE, OTHER],
    "both at once": [ONE + OTHER],
    "cut anywhere": [ONE[:5], ONE[5:27], ONE[27:] + OTHER[:19], OTHER[19:]],
}

# In pixels: where the bytes begin, a byte's width, a row's height, a chunk's, the room between two.
LEFT, BYTE, ROW, BOX, GAP = 230, 15, 82, 54, 8

parts = []
for n, (way, chunks) in enumerate(WAYS.items()):
    y, x, at = n * ROW, LEFT, 0
    assert b"".join(chunks) == ONE + OTHER
    parts.append(word(0, y + 38, way, BOLD))
    for chunk in chunks:
        # The bytes of the first request are light, those of the second dark.
        mine = max(0, min(len(chunk), len(ONE) - at))
        parts.append(box(x, y, BYTE * mine, BOX, PALE))
        parts.append(box(x + BYTE * mine, y, BYTE * (len(chunk) - mine), BOX, DARK))
        parts.append(box(x, y, BYTE * len(chunk), BOX, "none", f'{OUTLINE} stroke-width="4"'))
        x += BYTE * len(chunk) + GAP
        at += len(chunk)
    calls = f"{len(chunks)} call{'s' * (len(chunks) > 1)}"
    parts.append(word(1200, y + 38, calls, 'text-anchor="end"'))
y = len(WAYS) * ROW
for x, fill, words in ((LEFT, PALE, "first request"), (LEFT + 260, DARK, "second request")):
    parts += [box(x, y + 2, 30, 30, fill), word(x + 42, y + 27, words)]
print(slide(y + 36, "Two requests, as they may arrive", parts), end="")
