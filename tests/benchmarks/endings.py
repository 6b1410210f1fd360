"""Draw the pictures in stage4_disconnect's README, naive.svg and right.svg, from two real runs.

    python tests/benchmarks/endings.py exercises/stage4_disconnect

One has a naive teardown, the other the right one, on the late server's line.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))
LINE = "late-server"


def draw(folder: Path) -> None:
    """Run, and write the pictures there."""
    from workshop.pictures import endings

    # A stage's own files have no types.
    picture = import_module("exercises.stage4_disconnect.picture")
    picture.record(picture.RUNS["right"], "quiet")  # what is slow only the first time
    for name, teardown in picture.RUNS.items():
        run, _ = picture.record(teardown, LINE)
        events = [(event.line, event.name) for event in run.events]
        before = events[: events.index((None, picture.LOOK))]
        over = [side for side, what in before if what == picture.OVER]
        does = teardown.__doc__.partition(".")[0]
        row = {"name": teardown.__name__, "does": does, "over": over, "open": run.still_open()}
        title = f"On the line {LINE}; the bar is the moment when trial looks"
        drawn = endings([row], title, left=285, room=345).svg
        (folder / f"{name}.svg").write_text(drawn, "utf-8", newline="\n")


if __name__ == "__main__":
    draw(Path(sys.argv[1]))
