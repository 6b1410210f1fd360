"""Measure the gallery on this machine: how often trial finds something left, by teardown, line and reactor.

    python3 -m exercises.stage4_disconnect.measure [--times 20] [--reactors select,asyncio] [--lines quiet,late-server]

There is nothing to write here.
"""

import argparse
import asyncio
import os
import select
import subprocess
import sys

try:
    from twisted.application.reactors import installReactor
    from twisted.internet import asyncioreactor
    from twisted.trial.util import DirtyReactorAggregateError
except ModuleNotFoundError:
    python = r".venv\Scripts\python" if os.name == "nt" else ".venv/bin/python"
    sys.exit(f"This Python has no Twisted. Run: {python} -m {__package__}.measure")

from .gallery import TEARDOWNS
from .inner import problems, words
from .lines import LATE_CLIENT, LATE_SERVER, QUIET

LINES = {
    "quiet": (QUIET, "the client closes first, and the server at once after it"),
    "late-server": (LATE_SERVER, "the client closes first, and the server 0.1 s after it"),
    "late-client": (LATE_CLIENT, "the server closes first, and the client 0.1 s after it"),
}
# The select module has the functions that the platform has.
REACTORS = ["select", *(name for name in ("poll", "epoll") if hasattr(select, name)), "asyncio"]
MODULE = f"{__package__}.measure"


class Parser(argparse.ArgumentParser):
    """A parser that reports an error in one line."""

    def error(self, message):
        self.exit(2, f"{message}\n")


def several(known, text):
    """Return the names in a text with commas, all of which must be known."""
    names = list(dict.fromkeys(text.split(",")))
    for name in names:
        if name not in known:
            raise argparse.ArgumentTypeError(f"{name!r} is not here, but {', '.join(known)}")
    return names


def number(text):
    """Return the number of runs: from 1 to 1000, so that a table fits 80 columns."""
    if not text.isdecimal() or not 1 <= int(text) <= 1000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 1000")
    return int(text)


def failures(teardown, line, times):
    """Run a teardown this many times. Returns the number of runs that left something. Any other problem ends the process."""
    names = {"line": LINES[line][0], "runTest": teardown.test_hello}
    case, failed = type(teardown.__name__, (teardown,), names), 0
    for _ in range(times):
        found = problems(case)
        for problem in found:
            if not isinstance(problem, DirtyReactorAggregateError):
                sys.exit(f"{teardown.__name__}, {line}: {words(problem)}")
        failed += bool(found)
    return failed


def install(reactor):
    """Install a reactor in this process, by its name."""
    if reactor == "asyncio":
        # On Windows, asyncio's own choice would be a loop that Twisted cannot use.
        asyncioreactor.install(asyncio.SelectorEventLoop())
    else:
        installReactor(reactor)


def measure_here(reactor, lines, times):
    """Measure on one reactor, in this process. Prints how many runs failed, for each teardown on each line."""
    install(reactor)
    for line in lines:
        for teardown in TEARDOWNS:
            print(line, teardown.__name__, failures(teardown, line, times), flush=True)


def measure(reactor, lines, times):
    """Measure on one reactor, in a new process. Returns the failures, by line and teardown.

    A process keeps the reactor that it has installed.
    """
    options = ["--only", reactor, "--lines", ",".join(lines), "--times", str(times)]
    command, found = [sys.executable, "-m", MODULE, *options], {}
    # In a new session, so that only this process gets Ctrl-C.
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            for text in process.stdout:
                line, teardown, failed = text.split()
                found[line, teardown] = f"{failed} of {times}"
                if teardown == TEARDOWNS[-1].__name__:
                    print(f"measured: {reactor}, {line}", file=sys.stderr, flush=True)
        except BaseException:
            process.kill()
            raise
    return found


def table(line, results):
    """Format a line's table: teardowns down, reactors across. A question mark means that the measurement stopped before."""
    rows = [["", *results]]
    for name in [teardown.__name__ for teardown in TEARDOWNS]:
        rows.append([name, *(found.get((line, name), "?") for found in results.values())])
    text = [f"{row[0]:22}" + "".join(f"{cell:>14}" for cell in row[1:]) for row in rows]
    return "\n".join([f"{line}: {LINES[line][1]}. Failed:", *text])


def main():
    """Measure, and print the tables. Returns the process's exit code."""
    parser = Parser(prog=f"python3 -m {MODULE}", description="Measures the gallery of teardowns.")
    parser.add_argument("--times", type=number, default=20, help="runs of each; 20 if not given")
    for name, known in (("reactors", REACTORS), ("lines", list(LINES))):
        kind, names = (lambda text, known=known: several(known, text)), ",".join(known)
        parser.add_argument(f"--{name}", type=kind, default=known, help=f"{names} if not given")
    parser.add_argument("--only", choices=REACTORS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        measure_here(options.only, options.lines, options.times)
        return 0
    try:
        results = {name: measure(name, options.lines, options.times) for name in options.reactors}
    except KeyboardInterrupt:
        return 130
    print("\n\n".join(table(line, results) for line in options.lines))
    whole = len(options.lines) * len(TEARDOWNS)
    return 0 if all(len(found) == whole for found in results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
