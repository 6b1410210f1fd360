"""Draw the pictures in stage4_disconnect's README, naive.svg and right.svg, from two real runs.

    python tests/benchmarks/endings.py exercises/stage4_disconnect

The one with a naive teardown, the other with the right one, on the late server's line.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from workshop.pictures.timeline import Event, Timeline

ROOT = Path(__file__).resolve().parent.parent.parent
LINE = "late-server"


def drawn(run: Any) -> Timeline:
    """The timeline of a run that the stage has recorded."""
    ends = import_module("exercises.stage4_disconnect.picture").ENDS
    timeline = Timeline(run.title, ends, since="the test's end")
    timeline.events = [Event(event.line, event.name, event.seconds) for event in run.events]
    return timeline


def draw(folder: Path) -> None:
    """Run, and write the pictures there."""
    # A stage's own files have no types.
    picture = import_module("exercises.stage4_disconnect.picture")
    picture.record(picture.RUNS["right"], "quiet")  # what is slow only the first time
    for name, teardown in picture.RUNS.items():
        run, _ = picture.record(teardown, LINE)
        (folder / f"{name}.svg").write_text(drawn(run).svg(), "utf-8", newline="\n")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    draw(Path(sys.argv[1]))
