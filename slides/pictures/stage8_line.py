"""What twist does with a program, from left to right, and what there is at that time."""

from workshop.pictures.base import BOLD, CODE, INK, MIDDLE, PALE, SHADE, box, slide, word

STATIONS = {
    "import": "names itself",
    "options": "refuses bad ones",
    "makeService": "makes a service",
    "startService": "begins",
    "stopService": "ends",
}

# In pixels: where the first station is, the way between two, where lanes begin, a lane's height, a bar's.
LEFT, WAY, LANES, LANE, BAR = 110, 244, 176, 66, 50


def at(station):
    """Return where a station is; fractions are between two."""
    return LEFT + WAY * station


def line(names, y):
    """Draw the line and its stations."""
    yield f'<path d="M0 {y}H1200m-16 -9l16 9l-16 9" fill="none" stroke="{INK}" stroke-width="4"/>'
    for n, name in enumerate(names):
        yield f'<circle cx="{at(n)}" cy="{y}" r="10" fill="{INK}"/>'
        yield word(at(n), y - 26, name, f"{MIDDLE} {CODE} {BOLD}")


BARS = [
    [
        (-0.45, 0.5, "no reactor"),
        (0.5, 3.2, "a reactor, which does not run"),
        (3.2, 4.4, "it runs"),
    ],
    [(1.8, 3, "a service"), (3, 4, "it runs"), (4, 4.4, "ends")],
    [(-0.45, 2.9, "nothing is open"), (2.9, 4.4, "a port, then clients")],
]

if __name__ == "__main__":
    parts = [*line(STATIONS, 64)]
    for n, does in enumerate(STATIONS.values()):
        parts.append(word(at(n), 110, does, MIDDLE))
    for row, bars in enumerate(BARS):
        y = LANES + row * LANE - 30
        for begin, end, words in bars:
            fill = SHADE if words.startswith("no") else PALE
            wide = (end - begin) * WAY - 4
            parts.append(box(at(begin), y, wide, BAR, fill, f'stroke="{INK}" rx="6"'))
            parts.append(word(at(begin) + 14, y + 35, words))
    print(slide(LANES + 3 * LANE - 24, "Made, started, stopped", parts), end="")
