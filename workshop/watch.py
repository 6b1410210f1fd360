"""Save, and see the verdict: a stage's tests run again whenever one of its files changes."""

from __future__ import annotations

import _thread
import contextlib
import queue
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from watchfiles import Change
from watchfiles import watch as changes_in

from workshop.commands.run import Live, say
from workshop.course import Course, CourseError, Stage
from workshop.explain import TOOL
from workshop.hints import show_hint
from workshop.judge import Verdict, by_step, targets
from workshop.keep import Refusal, inspect
from workshop.run import Worker, imports_of
from workshop.show import Shown

KEYS = "Keys: h hint, r run again, q quit."
# Milliseconds without a further change before a save counts as over: editors write in several steps.
SETTLED = 50


def watch_stage(course: Course, stage: Stage, shown: Shown, limit: float, poll: bool) -> None:
    """Run the stage's tests now and at each save, until q or Ctrl-C.

    Parameters:
        poll: look at the files' times, for file systems that send no events (network shares, some containers).
    """
    happened: queue.SimpleQueue[str] = queue.SimpleQueue()
    over = threading.Event()

    def saves() -> None:
        try:
            for changes in changes_in(
                stage.folder,
                watch_filter=lambda change, path: path.endswith(".py"),
                stop_event=over,
                step=SETTLED,
                debounce=10 * SETTLED,
                force_polling=poll or None,
                poll_delay_ms=200,
                raise_interrupt=False,
            ):
                happened.put(_names(changes))
        except Exception as error:
            happened.put(f"!{error}")

    threading.Thread(target=saves, daemon=True).start()
    verdict: Verdict | None = None
    with keys(happened), Worker(imports_of(stage), limit) as worker:
        try:
            verdict = _run(course, stage, shown, limit, worker)
            while True:
                shown.line()
                shown.line(f"Watching exercises/{stage.name}. {KEYS}")
                if not poll:
                    shown.line(f"Saves not noticed? {TOOL} watch {stage.name} --poll")
                while (what := happened.get()) == "h":
                    _hint(course, stage, shown, verdict)
                if what.startswith("!"):
                    raise CourseError(
                        f"The files cannot be watched ({what[1:]}). Try: {TOOL} watch {stage.name} --poll"
                    )
                shown.line()
                shown.line(f"{time.strftime('%H:%M:%S')} {what if len(what) > 1 else 'run again'}")
                verdict = _run(course, stage, shown, limit, worker)
        finally:
            over.set()


def _names(changes: set[tuple[Change, str]]) -> str:
    return "saved " + ", ".join(sorted({Path(path).name for _, path in changes}))


def _run(
    course: Course, stage: Stage, shown: Shown, limit: float, worker: Worker
) -> Verdict | None:
    try:
        inspect(course, stage)
    except Refusal as refusal:
        say(shown, refusal)
        return None
    live = Live(shown, stage)
    verdict = by_step(stage, worker.run(stage, targets(stage), watch=live.test))
    live.rest(verdict)
    shown.verdict(verdict, limit)
    return verdict


def _hint(course: Course, stage: Stage, shown: Shown, verdict: Verdict | None) -> None:
    failure = verdict.first_failure if verdict else None
    if failure is None or failure.step is None:
        shown.line("No step fails: there is nothing to hint at.")
        return
    shown.line()
    with contextlib.suppress(CourseError):
        show_hint(course, stage, failure.step, shown)


@contextlib.contextmanager
def keys(happened: queue.SimpleQueue[str]) -> Iterator[None]:
    """While this lasts, h and r are put in the queue as they are pressed; q is as Ctrl-C."""
    if not sys.stdin.isatty():
        yield
        return

    def pressed(key: str) -> None:
        if key in ("h", "r"):
            happened.put(key)
        elif key == "q":
            _thread.interrupt_main()

    if sys.platform == "win32":
        import msvcrt

        def read() -> None:
            while True:
                pressed(msvcrt.getwch().lower())

        threading.Thread(target=read, daemon=True).start()
        yield
        return

    import termios
    import tty

    def read() -> None:
        while key := sys.stdin.read(1):
            pressed(key.lower())

    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)
    threading.Thread(target=read, daemon=True).start()
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
