"""All nine teardowns of the gallery on three lines, as trial saw them; from the runs recorded for the stage's notebook."""

from stage4_quiet import CODE, GREEN, MIDDLE, OUTLINE, PALE_GREEN, PALE_RED, RED, SHADE

from workshop.pictures.base import BOLD, box, recorded, slide, word

LINES = {"quiet": "a quiet line", "late-server": "a late server", "late-client": "a late client"}

# In pixels: a row's height, a chip's width, where the lines begin, a line's width.
ROW, CHIP, LEFT, WIDE = 50, 46, 516, 236

runs = recorded("stage4_disconnect")
parts = [word(LEFT + n * WIDE, 28, name, BOLD) for n, name in enumerate(LINES.values())]
for row, run in enumerate(runs["quiet"]):
    y = 44 + row * ROW
    if row % 2 == 0:
        parts.append(box(0, y, 1200, ROW, SHADE))
    does = run["does"].removeprefix("Ends everything, ")
    style = BOLD if row == len(runs["quiet"]) - 1 else ""
    parts.append(word(12, y + 34, f"{row + 1}  {does[0].lower()}{does[1:]}", style))
    # The results come after the class has guessed.
    parts.append('<g class="fragment">')
    for column, line in enumerate(LINES):
        found = runs[line][row]
        x = LEFT + column * WIDE
        for name in found["over"]:
            parts.append(box(x, y + 6, CHIP - 4, ROW - 12, PALE_GREEN, OUTLINE))
            parts.append(word(x + CHIP / 2 - 2, y + 34, name[0], f"{MIDDLE} {CODE}"))
            x += CHIP
        parts.append(f'<path d="M{x + 6} {y + 3}v{ROW - 6}" {OUTLINE} stroke-width="5"/>')
        x += 14
        for name in found["open"]:
            look = f'stroke="{RED}" stroke-width="3" stroke-dasharray="8 5"'
            parts.append(box(x, y + 6, CHIP - 4, ROW - 12, PALE_RED, look))
            parts.append(word(x + CHIP / 2 - 2, y + 34, name[0], f"{MIDDLE} {CODE}"))
            x += CHIP
        if not found["open"]:
            tick = f'd="M{x + 6} {y + 26}l8 9l16 -20" fill="none" stroke="{GREEN}" stroke-width="5"'
            parts.append(f"<path {tick}/>")
    parts.append("</g>")
legend = "p: port, c: client, s: server; those left of the bar had ended when trial looked"
parts.append(word(12, 44 + ROW * 9 + 34, legend))
print(slide(44 + ROW * 9 + 44, "Nine teardowns on three lines", parts), end="")
