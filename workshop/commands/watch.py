"""Save, and see the verdict: a stage's tests run again whenever one of its files changes."""

from __future__ import annotations

import _thread
import contextlib
import os
import queue
import re
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from watchfiles import watch as changes_in

from workshop.commands.group import Tool
from workshop.commands.last import noted, pass_on
from workshop.commands.progress import fingerprints, remembered
from workshop.course import TOOL, CourseError, Kind, Stage, Step, visible
from workshop.judge.verdict import Judged, judge, refused
from workshop.report.console import Console
from workshop.report.hints import show_hint
from workshop.report.steps import LiveSteps
from workshop.report.verdict import show_refusal, show_verdict
from workshop.runner.worker import Worker, imports_of

KEYS = "Keys: h hint, r run again, q quit."
# Milliseconds without a further change before a save counts as complete: editors write in several steps.
SETTLED = 50
# Files that an editor saves, but not those that it keeps beside them, as Emacs keeps .#client.py.
SAVED = re.compile(r"[^.].*\.py")
# Seconds between two polls, if the file system reports no changes.
LOOK = 0.2


def watch_stage(tool: Tool, stage: Stage, console: Console, poll: bool) -> None:
    """Run the stage's tests now and at each save, until q or Ctrl-C.

    Args:
        poll: Check the files' times, for file systems that send no events (network shares, some containers).
    """
    happened: queue.SimpleQueue[str] = queue.SimpleQueue()
    over = threading.Event()

    def saves() -> None:
        try:
            for names in (
                polled_changes(stage.folder, over) if poll else notified_changes(stage.folder, over)
            ):
                happened.put(f"saved {', '.join(sorted(names))}")
        except Exception as error:
            happened.put(f"!{error}")

    threading.Thread(target=saves, daemon=True).start()
    verdict: Judged | None = None
    with keys(happened) as ended, Worker(imports_of(stage), tool.limit) as worker:
        try:
            verdict = _run(tool, stage, console, worker)
            while True:
                console.line()
                console.line(f"Watching exercises/{stage.name}. {KEYS}")
                if not poll:
                    console.line(f"Saves not noticed? {TOOL} watch {stage.name} --poll")
                while (what := _next(happened)) == "h":
                    _hint(tool, stage, console, verdict)
                if what == "q":
                    return
                if what.startswith("!"):
                    raise CourseError(
                        f"The files cannot be watched ({what[1:]}).\nTry: {TOOL} watch {stage.name} --poll"
                    )
                console.line()
                console.line(
                    f"{time.strftime('%H:%M:%S')} {what if len(what) > 1 else 'run again'}"
                )
                verdict = _run(tool, stage, console, worker)
        except KeyboardInterrupt:
            if not ended.is_set():
                raise
        finally:
            over.set()


def _next(happened: queue.SimpleQueue[str]) -> str:
    """Return the next event. Whichever thread receives a signal from the system, this one must wake to handle it."""
    while True:
        with contextlib.suppress(queue.Empty):
            return happened.get(timeout=LOOK)


def notified_changes(folder: Path, over: threading.Event) -> Iterator[set[str]]:
    """Yield the names of saved Python files, as the system reports them."""
    for changes in changes_in(
        folder,
        watch_filter=lambda change, path: bool(SAVED.fullmatch(os.path.basename(path))),
        stop_event=over,
        step=SETTLED,
        debounce=10 * SETTLED,
        raise_interrupt=False,
    ):
        yield {Path(path).name for _, path in changes}


def polled_changes(folder: Path, over: threading.Event) -> Iterator[set[str]]:
    """Yield the same by polling. watchfiles polls in whole seconds, and so misses the second save within one."""

    def look() -> dict[Path, tuple[int, int, int]]:
        found = {}
        for path in visible(folder, "**/*.py"):
            with contextlib.suppress(OSError):
                stat = path.stat()
                found[path] = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        return found

    before = look()
    while not over.wait(LOOK):
        now = look()
        if now != before:
            yield {path.name for path, _ in now.items() ^ before.items()}
        before = now


def _run(tool: Tool, stage: Stage, console: Console, worker: Worker | None) -> Judged | None:
    """Run the stage's tests and show their verdict; None if they could not be run."""
    try:
        unjudged = refused(tool.course, stage)
        if unjudged and unjudged.refusal:
            show_refusal(console, unjudged.refusal)
            return None
        keys = fingerprints(tool, [stage])
        live = LiveSteps(console, stage)
        verdict = judge(stage, limit=tool.limit, worker=worker, test_ended=live.test)
    except OSError as error:
        # An editor may replace a file while it is copied; the file system reports it when that is done.
        console.line(f"A file changed while it was read ({error}). Save it again, or press r.")
        return None
    live.rest(verdict)
    show_verdict(console, tool.course, verdict, tool.limit)
    noted(tool, stage, verdict)
    return remembered(tool, verdict, keys)


def _hint(tool: Tool, stage: Stage, console: Console, verdict: Judged | None) -> None:
    left: tuple[Step | Kind, ...] = verdict.to_do if verdict else ()
    topic = next(iter(left), None)
    if topic is None:
        console.line("No step fails: there is nothing to hint at.")
        return
    console.line()
    with contextlib.suppress(CourseError):
        show_hint(tool.course, stage, topic, console)
        pass_on(tool)


@contextlib.contextmanager
def keys(happened: queue.SimpleQueue[str]) -> Iterator[threading.Event]:
    """Put h, r and q in the queue as they are pressed, during the block.

    q also interrupts what runs, as Ctrl-C does; the event that this yields is set first.
    """
    ended = threading.Event()
    if not sys.stdin.isatty():
        yield ended
        return

    def pressed(key: str) -> None:
        if key in ("h", "r", "q"):
            if key == "q":
                ended.set()
                _thread.interrupt_main()
            happened.put(key)

    if sys.platform == "win32":
        import msvcrt

        def read() -> None:
            while True:
                pressed(msvcrt.getwch().lower())

        threading.Thread(target=read, daemon=True).start()
        yield ended
        return

    import termios
    import tty

    def read() -> None:
        # Not through sys.stdin: Python closes it at exit, and would wait for a thread that reads it.
        with contextlib.suppress(OSError):
            while key := os.read(sys.stdin.fileno(), 1):
                pressed(key.decode("ascii", "replace").lower())

    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)

    def again(number: int, frame: object) -> None:
        # While we are stopped, a shell uses its own terminal settings. In the background the terminal is not ours.
        if os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp():
            tty.setcbreak(sys.stdin)

    continued = signal.signal(signal.SIGCONT, again)
    threading.Thread(target=read, daemon=True).start()
    try:
        yield ended
    finally:
        signal.signal(signal.SIGCONT, continued)
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
