"""The order of work: a test is red before the code is there, and green after it; or else the code is broken once."""

from workshop.pictures.base import BOLD, GREEN, INK, MIDDLE, RED, SHADE, box, slide, word

# In pixels: a box's width and height, the room between two.
WIDE, HIGH, GAP = 268, 76, 42
STEPS = [("write the test", "", SHADE), ("run it", "red", RED), ("write the code", "", SHADE)]
STEPS += [("run it", "green", GREEN)]


def arrow(path):
    return f'<path d="{path}" fill="none" stroke="{INK}" stroke-width="4"/>'


def step(x, y, words, verdict, fill, wide=WIDE):
    ink = 'fill="white"' if verdict else ""
    yield box(x, y, wide, HIGH, fill, f'rx="10" stroke="{INK}" stroke-width="2"')
    text = f"{words}: {verdict}" if verdict else words
    yield word(x + wide / 2, y + 48, text, f"{MIDDLE} {BOLD} {ink}".strip())


parts = []
for n, (words, verdict, fill) in enumerate(STEPS):
    x = n * (WIDE + GAP)
    parts += step(x, 2, words, verdict, fill)
    if n:
        parts.append(arrow(f"M{x - GAP} 40h{GAP - 4}m-12 -9l12 9l-12 9"))
# Below: green at once.
x = WIDE + GAP
parts.append(arrow(f"M{WIDE / 2:g} 80v76h{WIDE / 2 + GAP - 4:g}m-12 -9l12 9l-12 9"))
parts += step(x, 118, "at once", "green", GREEN)
parts.append(arrow(f"M{x + WIDE} 156h{GAP - 4}m-12 -9l12 9l-12 9"))
parts += step(x + WIDE + GAP, 118, "break the code", "", SHADE)
parts.append(arrow(f"M{x + 2 * WIDE + GAP} 156h{GAP - 4}m-12 -9l12 9l-12 9"))
parts += step(x + 2 * (WIDE + GAP), 118, "run it", "red", RED)
print(slide(198, "Red first", parts), end="")
