"""Prints what this stage's notebook draws its pictures from: stage4_disconnect.json. In the course's folder, it is run by

python3 -m workshop dev notebooks --record --write stage4_disconnect
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from typing import Any


def disconnections() -> dict[str, Any]:
    """Run the gallery of teardowns on each of its lines, as trial does."""
    # A stage's own files have no types.
    gallery, measure, picture = (
        import_module(f"exercises.stage4_disconnect.{name}")
        for name in ("gallery", "measure", "picture")
    )

    # What is slow only the first time in a process is no part of the picture.
    picture.record(gallery.Teardown9AllThree, "quiet")
    found: dict[str, Any] = {}
    for line in measure.LINES:
        found[line] = []
        for teardown in gallery.TEARDOWNS:
            ran, _ = picture.record(teardown, line)
            events = [(event.line, event.name) for event in ran.events]
            before = events[: events.index((None, picture.LOOK))]
            over = [name for name, what in before if what == picture.OVER]
            run = {
                "name": teardown.__name__,
                "does": (teardown.__doc__ or "").split(".")[0],
                "over": over,
                "open": [name for name in picture.ENDS if name not in over],
            }
            found[line].append(run)
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(disconnections(), indent=1) + "\n")
