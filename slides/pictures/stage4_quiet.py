"""What trial saw of two of the gallery's teardowns on a quiet line. Drawn from stage4_endings.json.

python3 slides/pictures/stage4_quiet.py --record, from the course's folder, makes that file again, from real runs.
"""

import json
import sys
from pathlib import Path

RECORDED = Path(__file__).with_name("stage4_endings.json")
RUNS = {
    "quiet": ["Teardown2PortOnly", "Teardown4Port"],
    "late-server": ["Teardown4Port", "Teardown9AllThree"],
}

# In pixels: the picture's width, a run's height, a box's, a letter's width, where trial looks.
WIDTH, RUN, BOX, LETTER, LOOK = 1200, 124, 48, 16.3, 700
INK, OVER, OPEN, LATE = "#1f2328", "#dbe9f6", "#ffd8b5", "#9a3c00"


def record():
    """Run the teardowns, and return for each line which ends came before trial looked, and what it reported."""
    from exercises.stage4_disconnect import gallery
    from exercises.stage4_disconnect.picture import record
    from workshop.pictures.timeline import LOOK as LOOKS
    from workshop.pictures.timeline import OVER as ENDED

    # Run once before: some calls are slow only the first time in a process.
    record(gallery.Teardown9AllThree, "quiet")
    runs = {}
    for line, names in RUNS.items():
        runs[line] = []
        for name in names:
            teardown = getattr(gallery, name)
            timeline, found = record(teardown, line)
            came = [(event.line, event.name) for event in timeline.events]
            before = came[: came.index((None, LOOKS))]
            runs[line].append(
                {
                    "name": name,
                    "does": teardown.__doc__.partition(". ")[0].rstrip("."),
                    "over": [side for side, event in before if event == ENDED],
                    "open": timeline.still_open(),
                    "clean": not found,
                }
            )
    return runs


def text(x, y, words, style=""):
    return f'<text x="{x:g}" y="{y}"{style}>{words}</text>'


def box(x, y, words, fill):
    """A box with words, and where it ends."""
    wide = round(LETTER * len(words)) + 24
    frame = f'<rect x="{x}" y="{y}" width="{wide}" height="{BOX}" fill="{fill}" stroke="{INK}"/>'
    return [frame, text(x + 12, y + 33, words)], x + wide


def draw(title, line):
    """The picture of the recorded runs on this line."""
    parts, y = [], 0
    for run in json.loads(RECORDED.read_text("utf-8"))[line]:
        parts.append(text(0, y + 30, run["does"], ' font-weight="bold"'))
        style = "" if run["clean"] else f' font-weight="bold" fill="{LATE}"'
        verdict = "[OK]" if run["clean"] else "[ERROR]"
        parts.append(text(WIDTH - LETTER * len(verdict), y + 30, verdict, style))
        x = 1
        for side in run["over"]:
            drawn, x = box(x, y + 46, f"{side} over", OVER)
            parts += drawn
            x += 14
        parts.append(f'<path d="M{LOOK} {y + 42}v{BOX + 8}" stroke="{INK}" stroke-width="5"/>')
        if run["open"]:
            parts += box(LOOK + 20, y + 46, f"open: {', '.join(run['open'])}", OPEN)[0]
        y += RUN
    parts.append(text(LOOK - LETTER * 5.5, y + 14, "trial looks"))
    y += 28
    print(
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{WIDTH}" height="{y}"'
        f' viewBox="0 0 {WIDTH} {y}">'
    )
    print(f"<title>{title}</title>")
    print(f'<g font-family="ui-monospace, Menlo, Consolas, monospace" font-size="27" fill="{INK}">')
    print(*parts, "</g>", "</svg>", sep="\n")


if __name__ == "__main__":
    if sys.argv[1:] == ["--record"]:
        RECORDED.write_text(json.dumps(record(), indent=1) + "\n", "utf-8", newline="\n")
    else:
        draw("What trial saw on a quiet line", "quiet")
