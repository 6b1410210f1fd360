"""Two of the gallery's teardowns, as trial saw them on a quiet line; from the runs recorded for the stage's notebook."""

import inspect
import textwrap

from exercises.stage4_disconnect import gallery
from workshop.pictures.base import (
    BOLD,
    CODE,
    GREEN,
    MIDDLE,
    OUTLINE,
    PALE_GREEN,
    PALE_RED,
    RED,
    SHADE,
    box,
    recorded,
    slide,
    word,
)

# In pixels: a line of code's height, a chip's width and height, where chips begin, where trial looks.
LINE, CHIP, HIGH, CHIPS, LOOK = 34, 101, 48, 548, 862


def body(name):
    """Yield the lines of code in a teardown, with an item of a long list on each."""
    source = inspect.getsource(getattr(gallery, name).tearDown)
    lines = textwrap.dedent(source.partition("\n")[2]).splitlines()
    for line in lines:
        if len(line) <= 32:
            yield line
            continue
        begin, _, rest = line.partition("([")
        yield f"{begin}(["
        yield from (f"    {part}," for part in rest.removesuffix("])").split(", "))
        yield "])"


def chip(x, y, name, over):
    """Draw something that was open: green if it has ended, red and dashed if not."""
    look = OUTLINE if over else f'stroke="{RED}" stroke-width="3" stroke-dasharray="8 5"'
    yield box(x, y, CHIP - 5, HIGH, PALE_GREEN if over else PALE_RED, f'rx="6" {look}')
    yield word(x + (CHIP - 5) / 2, y + 33, name, MIDDLE)


def draw(title, line, names):
    """Print the picture of these teardowns' runs on this line."""
    runs = {run["name"]: run for run in recorded("stage4_disconnect")[line]}
    parts = [
        word(CHIPS, 28, "over", f'{BOLD} fill="{GREEN}"'),
        word(LOOK, 28, "trial looks", MIDDLE),
        word(LOOK + 88, 28, "open", f'{BOLD} fill="{RED}"'),
    ]
    y = 48
    for run in (runs[name] for name in names):
        lines = [*body(run["name"])]
        high = LINE * len(lines) + 24
        parts.append(box(0, y, CHIPS - 12, high, SHADE, 'rx="6"'))
        parts += [word(8, y + 37 + n * LINE, text, CODE) for n, text in enumerate(lines)]
        middle = y + (high - HIGH) / 2
        for n, name in enumerate(run["over"]):
            parts += chip(CHIPS + n * CHIP, middle, name, over=True)
        for n, name in enumerate(run["open"]):
            parts += chip(LOOK + 11 + n * CHIP, middle, name, over=False)
        parts.append(f'<path d="M{LOOK} {y}v{high}" {OUTLINE} stroke-width="5"/>')
        verdict, ink = ("ERROR", RED) if run["open"] else ("OK", GREEN)
        parts.append(word(1198, middle + 33, verdict, f'text-anchor="end" {BOLD} fill="{ink}"'))
        y += high + 24
    print(slide(y - 20, title, parts), end="")


if __name__ == "__main__":
    draw("What trial saw on a quiet line", "quiet", ["Teardown2PortOnly", "Teardown4Port"])
