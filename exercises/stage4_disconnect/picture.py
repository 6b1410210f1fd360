"""Draws what happens after a test's end, from two real runs: one with a naive teardown, one with the right one.

    python3 -m exercises.stage4_disconnect.picture [--line late-server] [--svg FOLDER]

There is nothing to write here.
"""

import os
import sys
from pathlib import Path

try:
    from twisted.internet.defer import maybeDeferred
except ModuleNotFoundError:
    python = r".venv\Scripts\python" if os.name == "nt" else ".venv/bin/python"
    sys.exit(f"This Python has no Twisted. Run: {python} -m {__package__}.picture")

# The course's own recorder, which the notebooks use too. This is the one thing that the stage takes from outside of
# itself and Twisted: no step needs it, and where the course is installed, so is the tool.
from workshop.pictures.timeline import OVER, Timeline

from .gallery import Teardown4Port, Teardown9AllThree
from .inner import problems
from .measure import LINES, Parser

RUNS = {"naive": Teardown4Port, "right": Teardown9AllThree}


def recording(teardown, line, began):
    """A subclass of a teardown's class. At the end of its test it begins a timeline, and gives it to began."""

    class Recording(teardown):
        async def runTest(self):
            await self.test_hello()
            does = teardown.__doc__.split(". ")[0].rstrip(".")
            title = f"{teardown.__name__}, {line}: {does[0].lower()}{does[1:]}"
            self.timeline = Timeline(title, ["port", "client", "server"], since="the test's end")
            began(self.timeline)
            self.client.over.addBoth(self.note, "client")
            self.server.over.addBoth(self.note, "server")
            stop = self.port.stopListening
            self.port.stopListening = lambda: maybeDeferred(stop).addBoth(self.note, "port")

        def note(self, result, name):
            self.timeline.note(name, OVER)
            return result

        def tearDown(self):
            self.timeline.mark("teardown begins")
            return maybeDeferred(super().tearDown).addBoth(self.watch)

        def watch(self, result):
            """The teardown has what it waited for. Now trial lets the reactor turn twice, then asks it what is left."""
            from twisted.internet import reactor

            def look():
                del reactor.getDelayedCalls
                self.timeline.look()
                return reactor.getDelayedCalls()

            reactor.getDelayedCalls = look
            return result

    Recording.line = LINES[line][0]
    return Recording


def record(teardown, line):
    """Run a teardown on a line, by its name. Gives the timeline, and what trial said."""
    timelines = []
    found = problems(recording(teardown, line, timelines.append))
    if not timelines:
        raise found[0]  # what keeps even the small test from running on this machine
    return timelines[0], found


def main():
    """Run and draw. Gives the process's exit code."""
    parser = Parser(
        prog=f"python3 -m {__package__}.picture",
        description="Draws two real runs: a naive teardown, and the right one.",
    )
    parser.add_argument(
        "--line", choices=LINES, default="late-server", help="late-server if not given"
    )
    parser.add_argument(
        "--svg", type=Path, metavar="FOLDER", help="write naive.svg and right.svg there"
    )
    options = parser.parse_args()
    if options.svg is not None and not options.svg.is_dir():
        parser.error(f"--svg {options.svg}: no such folder")
    # What is slow only the first time in a process is no part of the picture.
    record(Teardown9AllThree, "quiet")
    for name, teardown in RUNS.items():
        timeline, found = record(teardown, options.line)
        said = f"trial: {type(found[0]).__name__}." if found else "trial: nothing is left."
        print(timeline.text() + said + "\n")
        if options.svg is not None:
            (options.svg / f"{name}.svg").write_text(timeline.svg(), "utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
