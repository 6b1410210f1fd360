"""Two of the gallery's teardowns, as trial saw them on a quiet line; from the runs recorded for the stage's notebook."""

from workshop.pictures.base import BOLD, OUTLINE, PALE, box, recorded, slide, word

# In pixels: the picture's width, a run's height, a box's, a letter's width, where trial looks.
WIDTH, RUN, BOX, LETTER, LOOK = 1200, 124, 48, 16.3, 700
OVER, OPEN, LATE = PALE, "#ffd8b5", "#9a3c00"


def draw(title, line, names):
    """Print the picture of these teardowns' runs on this line."""
    runs = {run["name"]: run for run in recorded("stage4_disconnect")[line]}
    parts, y = [], 0
    for run in (runs[name] for name in names):
        parts.append(word(0, y + 30, run["does"], BOLD))
        verdict, style = ("[ERROR]", f'{BOLD} fill="{LATE}"') if run["open"] else ("[OK]", "")
        parts.append(word(WIDTH - LETTER * len(verdict), y + 30, verdict, style))
        boxes = [(f"{side} over", OVER) for side in run["over"]]
        if run["open"]:
            boxes.append((f"open: {', '.join(run['open'])}", OPEN))
        x = 1
        for words, fill in boxes:
            x = LOOK + 20 if fill == OPEN else x
            wide = round(LETTER * len(words)) + 24
            parts += [box(x, y + 46, wide, BOX, fill, OUTLINE), word(x + 12, y + 79, words)]
            x += wide + 14
        parts.append(f'<path d="M{LOOK} {y + 42}v{BOX + 8}" {OUTLINE} stroke-width="5"/>')
        y += RUN
    parts.append(word(LOOK - LETTER * 5.5, y + 14, "trial looks"))
    print(slide(y + 28, title, parts), end="")


if __name__ == "__main__":
    draw("What trial saw on a quiet line", "quiet", ["Teardown2PortOnly", "Teardown4Port"])
