"""Tells what happens after a test's end, from two real runs: one with a naive teardown, one with the right one.

    python3 -m exercises.stage4_disconnect.picture [--line late-server]

There is nothing to write here.
"""

import os
import sys
import time
from dataclasses import dataclass

try:
    from twisted.internet.defer import maybeDeferred
except ModuleNotFoundError:
    python = r".venv\Scripts\python" if os.name == "nt" else ".venv/bin/python"
    sys.exit(f"This Python has no Twisted. Run: {python} -m {__package__}.picture")

from .gallery import Teardown4Port, Teardown9AllThree
from .inner import problems
from .measure import LINES, Parser

RUNS = {"naive": Teardown4Port, "right": Teardown9AllThree}
ENDS = ("port", "client", "server")
OVER, LOOK = "over", "trial looks"


@dataclass(frozen=True)
class Event:
    """Something that happened. line: to which of the three ends, or None. seconds: since the test's end."""

    line: str | None
    name: str
    seconds: float


class Run:
    """What happened after a test's end: events, in their order. title: a sentence."""

    def __init__(self, title):
        self.title, self.events, self.began = title, [], time.perf_counter()

    def note(self, line, name):
        """This happens now."""
        self.events.append(Event(line, name, time.perf_counter() - self.began))

    def still_open(self):
        """Which of the three were not over when trial looked."""
        came = [(event.line, event.name) for event in self.events]
        before = came[: came.index((None, LOOK))]
        return [line for line in ENDS if (line, OVER) not in before]

    def text(self):
        """A line for each event."""
        rows = [f"{self.title}\n"]
        for event in self.events:
            what = f"{event.line}: {event.name}" if event.line else event.name
            if event.name == LOOK:
                late = ", ".join(self.still_open())
                what += f"; not over: {late}" if late else "; all was over"
            rows.append(f"{1000 * event.seconds:9.2f} ms  {what}\n")
        return "".join(rows)


def recording(teardown, line, began):
    """A subclass of a teardown's class. At the end of its test it begins a Run, and gives it to began."""

    class Recording(teardown):
        async def runTest(self):
            await self.test_hello()
            does = teardown.__doc__.split(". ")[0].rstrip(".")
            self.ran = Run(f"{teardown.__name__}, {line}: {does[0].lower()}{does[1:]}")
            began(self.ran)
            self.client.over.addBoth(self.note, "client")
            self.server.over.addBoth(self.note, "server")
            stop = self.port.stopListening
            self.port.stopListening = lambda: maybeDeferred(stop).addBoth(self.note, "port")

        def note(self, result, name):
            self.ran.note(name, OVER)
            return result

        def tearDown(self):
            self.ran.note(None, "teardown begins")
            return maybeDeferred(super().tearDown).addBoth(self.watch)

        def watch(self, result):
            """The teardown has what it waited for. Now trial lets the reactor turn twice, then asks it what is left."""
            from twisted.internet import reactor

            def look():
                del reactor.getDelayedCalls
                self.ran.note(None, LOOK)
                return reactor.getDelayedCalls()

            reactor.getDelayedCalls = look
            return result

    Recording.line = LINES[line][0]
    return Recording


def record(teardown, line):
    """Run a teardown on a line, by its name. Returns the Run, and what trial said."""
    runs = []
    found = problems(recording(teardown, line, runs.append))
    if not runs:
        raise found[0]  # what keeps even the small test from running on this machine
    return runs[0], found


def main():
    """Run and tell. Returns the process's exit code."""
    parser = Parser(
        prog=f"python3 -m {__package__}.picture",
        description="Tells of two real runs: a naive teardown, and the right one.",
    )
    parser.add_argument(
        "--line", choices=LINES, default="late-server", help="late-server if not given"
    )
    options = parser.parse_args()
    # What is slow only the first time in a process is no part of the picture.
    record(Teardown9AllThree, "quiet")
    for teardown in RUNS.values():
        run, found = record(teardown, options.line)
        said = f"trial: {type(found[0]).__name__}." if found else "trial: nothing is left."
        print(run.text() + said + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
