"""Which means sees which part of a program's life."""

from workshop.pictures.base import BOLD, CODE, INK, MIDDLE, PALE, box, slide, word

NAMES = ("import", "options", "make", "start", "stop")
SEEN = [
    ("a call of parseOptions", "an option is refused badly", 0.6, 1.4),
    ("fakes, and a Clock", "a stop ends too early, or never", 1.6, 4.4),
    ("a log observer", "a line is missing, or has a secret", 2.6, 4.4),
    ("one process", "the parts do not fit together", -0.4, 4.4),
]

# In pixels: where the line begins, the way between two stations, a row's height.
LEFT, WAY, ROW = 560, 146, 88

parts = [
    f'<path d="M{LEFT - 60} 54H1200m-16 -9l16 9l-16 9" fill="none" stroke="{INK}" stroke-width="4"/>'
]
for n, name in enumerate(NAMES):
    x = LEFT + WAY * n
    parts.append(f'<circle cx="{x}" cy="54" r="10" fill="{INK}"/>')
    parts.append(word(x, 30, name, f"{MIDDLE} {CODE} {BOLD}"))
for row, (means, wrong, begin, end) in enumerate(SEEN):
    y = 84 + row * ROW
    parts.append(word(0, y + 30, means, BOLD))
    parts.append(word(0, y + 64, wrong))
    wide = WAY * (end - begin) - 4
    parts.append(box(LEFT + WAY * begin, y + 10, wide, 50, PALE, f'stroke="{INK}" rx="6"'))
print(slide(84 + ROW * len(SEEN) - 8, "Fakes for every moment, and one process", parts), end="")
