"""Of how many builds one is red, if each test fails once in 1,000 runs: without a retry, and with one."""

from fractions import Fraction

from workshop.pictures.base import BOLD, OUTLINE, PALE_GREEN, RED, box, slide, word

FAILS = Fraction(1, 1000)
WAYS = {"no retry": FAILS, "one retry": FAILS**2}
SAID = {
    (100, "no retry"): ("one build in 10 is red", Fraction(1, 10)),
    (1000, "no retry"): ("6 builds in 10 are red", Fraction(6, 10)),
    (100, "one retry"): ("one build in 10,000", Fraction(1, 10_000)),
    (1000, "one retry"): ("one build in 1,000", Fraction(1, 1000)),
}

# In pixels: where each way begins, a build's width, a row's height.
PLACES, BUILD, ROW = {"no retry": 226, "one retry": 740}, 44, 130

parts = [word(x, 30, way, BOLD) for way, x in PLACES.items()]
for row, tests in enumerate((100, 1000)):
    y = 56 + row * ROW
    parts.append(word(0, y + 34, f"{tests:,} tests", BOLD))
    for way, x in PLACES.items():
        red = float(1 - (1 - WAYS[way]) ** tests)
        said, about = SAID[tests, way]
        assert abs(red / about - 1) < 0.1
        for build in range(10):
            fails = build < round(10 * red)
            left = x + build * BUILD
            parts.append(box(left, y, BUILD - 6, 46, RED if fails else PALE_GREEN, OUTLINE))
            if fails:
                cross = f"M{left + 10} {y + 13}l18 20m0 -20l-18 20"
                parts.append(f'<path d="{cross}" stroke="white" stroke-width="4"/>')
        parts.append(word(x, y + 84, said))
print(slide(56 + 2 * ROW - 36, "What a retry does to builds", parts), end="")
