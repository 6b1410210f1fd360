"""What a client that takes all bytes makes of three answers, if the connection ends after each of their bytes."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "code"))

import stage6_weather as weather

# In pixels: the picture's width, where the answer begins, a byte's width, a row's height, the room between two blocks.
WIDTH, LEFT, BYTE, ROW, GAP = 1200, 196, 42, 44, 18
INK, PAPER = "#1f2328", "#f3f4f6"
FILLS = {
    weather.RIGHT: "#dbe9f6",
    weather.WRONG: "#bc4c00",
    weather.FAILURE: "white",
    weather.EXCEPTION: INK,
}
SIGNS = {weather.RIGHT: "=", weather.WRONG: "!", weather.FAILURE: "f", weather.EXCEPTION: "E"}
MIDDLE = ' text-anchor="middle"'


def text(x, y, words, style=""):
    return f'<text x="{x:g}" y="{y}"{style}>{words}</text>'


def sign(x, y, what):
    """A box for the result after a number of bytes."""
    ink = "white" if what in (weather.WRONG, weather.EXCEPTION) else INK
    print(
        f'<rect x="{x}" y="{y + 2}" width="{BYTE - 3}" height="{ROW - 4}" fill="{FILLS[what]}"'
        f' stroke="{INK}"/>'
    )
    style = f'{MIDDLE} font-weight="bold" fill="{ink}"'
    print(text(x + (BYTE - 3) / 2, y + 32, SIGNS[what], style))


def draw(title, blocks):
    """The picture. blocks: for each the words beside it, the client, and the answer."""
    height = len(blocks) * (3 * ROW + GAP) + ROW
    print(
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{WIDTH}" height="{height}"'
        f' viewBox="0 0 {WIDTH} {height}">'
    )
    print(f"<title>{title}</title>")
    print(f'<g font-family="ui-monospace, Menlo, Consolas, monospace" font-size="27" fill="{INK}">')
    y, seen = 0, set()
    for label, program, answer in blocks:
        print(text(0, y + 32, label, ' font-weight="bold"'))
        for i, byte in enumerate(answer, 1):
            x = LEFT + i * BYTE
            print(f'<rect x="{x}" y="{y + 2}" width="{BYTE}" height="{ROW - 4}" fill="{PAPER}"/>')
            letter = chr(byte) if byte != ord("\n") else "\\n"
            print(text(x + BYTE / 2, y + 32, letter, MIDDLE))
        for name, end in weather.ENDS.items():
            y += ROW
            print(text(0, y + 32, name))
            for i, what in enumerate(weather.offsets(program, answer, end)):
                seen.add(what)
                sign(LEFT + i * BYTE, y, what)
        y += ROW + GAP
    x = LEFT
    for what in (one for one in SIGNS if one in seen):
        sign(x, y, what)
        print(text(x + BYTE + 10, y + 32, what))
        x += 250
    print("</g>")
    print("</svg>")


if __name__ == "__main__":
    blocks = [(name, weather.TakesWhatCame, wire) for name, wire in weather.ANSWERS.items()]
    draw("Three answers, ended after each of their bytes", blocks)
