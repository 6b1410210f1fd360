"""List the events after a test's end, from two real runs: one with a naive teardown, one with the right teardown.

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
    """An event. line: which of the three ends it belongs to, or None. seconds: since the test's end."""

    line: str | None
    name: str
    seconds: float


class Run:
    """The events after a test's end, in order. title: a sentence."""

    def __init__(self, title):
        self.title, self.events, self.began = title, [], time.perf_counter()

    def note(self, line, name):
        """Add an event that happens now."""
        self.events.append(Event(line, name, time.perf_counter() - self.began))

    def still_open(self):
        """Return those of the three that were not over when trial looked."""
        came = [(event.line, event.name) for event in self.events]
        before = came[: came.index((None, LOOK))]
        return [line for line in ENDS if (line, OVER) not in before]

    def text(self):
        """Return the title, and a line for each event."""
        rows = [f"{self.title}\n"]
        for event in self.events:
            what = f"{event.line}: {event.name}" if event.line else event.name
            if event.name == LOOK:
                late = ", ".join(self.still_open())
                what += f"; not over: {late}" if late else "; all was over"
            rows.append(f"{1000 * event.seconds:9.2f} ms  {what}\n")
        return "".join(rows)


def recording(teardown, line, began):
    """Return a subclass of a teardown's class that calls began() with a new Run when its test ends."""

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
            """Note when trial asks the reactor for what is left: after the teardown, and two turns of the reactor."""
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
    """Run a teardown on the line of this name. Returns the Run, and the exceptions that trial reports."""
    runs = []
    found = problems(recording(teardown, line, runs.append))
    if not runs:
        raise found[0]  # the small test itself cannot run on this machine
    return runs[0], found


def main():
    """Run both teardowns, and print their events. Returns the process's exit code."""
    parser = Parser(
        prog=f"python3 -m {__package__}.picture",
        description="Lists the events of two real runs: a naive teardown, and the right one.",
    )
    parser.add_argument(
        "--line", choices=LINES, default="late-server", help="late-server if not given"
    )
    options = parser.parse_args()
    # The first run in a process is slower, and is not shown.
    record(Teardown9AllThree, "quiet")
    for teardown in RUNS.values():
        run, found = record(teardown, options.line)
        said = f"trial: {type(found[0]).__name__}." if found else "trial: nothing is left."
        print(run.text() + said + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
