"""What runs in a process of the machine: a job of trial's, or a module as ``python -m`` runs it."""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import runpy
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from workshop.browser.machine import ask
from workshop.course.toml_fields import read
from workshop.runner.signs import CUT_OFF

JOB = Path("/tmp/job.json")
CHILD = Path(__file__).resolve().parent.parent / "runner"
LOGS = Path("/tmp/_trial_temp")
REACTOR = "simulated"
"""The only one that a browser has."""
ELSEWHERE = Path(__file__).resolve().parent.parent / "web" / "elsewhere.toml"
"""What needs what no browser has: by name in ``stages``, whole stages, and in ``tests``, provided tests."""
_child: Any = None


def ready(modules: list[str]) -> None:
    """Import the child of the runner, and what it may import ahead."""
    global _child
    # It is started as a script elsewhere, and takes its folder off the path itself.
    sys.path.insert(0, str(CHILD))
    _child = import_module("child")
    import gc

    gc.disable()
    for name in modules:
        try:
            import_module(name)
        except ImportError:
            continue
    gc.freeze()
    gc.enable()


def job() -> None:
    """Run the job in JOB; its events go to /dev/events."""
    facts = json.loads(JOB.read_text("utf-8"))
    facts["reactor"] = facts["reactor"] or REACTOR
    events = _child._aside(os.open("/dev/events", os.O_WRONLY))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)

    def send(event: str, **facts: Any) -> None:
        try:
            os.write(events, json.dumps({"event": event, **facts}).encode() + b"\n")
        except OSError:
            # A learner's code has closed this file too.
            os._exit(CUT_OFF)

    _leave_out(read(ELSEWHERE)["tests"])
    signal.signal(signal.SIGUSR1, partial(_write_stack, Path(facts["place"], "stacks")))
    send("started", pid=os.getpid())
    _child._run(facts, send)
    sys.stdout.flush()
    sys.stderr.flush()


def trial(facts: str) -> None:
    """Run trial as its command does, with the words in ``facts``; each test has its limit, as in a job."""
    asked = json.loads(facts)
    os.dup2(1, 2)
    events = os.open("/dev/events", os.O_WRONLY)
    from twisted.trial.reporter import Reporter

    plain: Any = Reporter.startTest

    def send(**what: Any) -> None:
        os.write(events, json.dumps(what).encode() + b"\n")

    def start(reporter: Any, test: Any) -> None:
        ask("deadline", seconds=asked["limit"])
        send(event="start", test=test.id())
        plain(reporter, test)

    reporters: Any = Reporter
    reporters.startTest = start
    # That the network is the simulated one, and calm, is so of every failure here.
    simulated: Any = import_module("workshop.simulated.trial")
    simulated.noted = lambda add, history: add
    _leave_out(read(ELSEWHERE)["tests"])
    # A file that is changed twice within a second may look like its compiled form.
    sys.dont_write_bytecode = True
    ask("deadline", seconds=asked["limit"])
    shutil.rmtree(LOGS, ignore_errors=True)
    words = ["twisted.trial", f"--temp-directory={LOGS}", *asked["words"]]
    module(
        json.dumps({"words": words, "folder": asked["folder"], "environment": dict(os.environ)}),
        lambda: send(ended=True),
    )


def _write_stack(file: Path, number: int, frame: Any) -> None:
    """Write where the job is, as faulthandler does elsewhere when it is ended for what it prints."""
    with contextlib.suppress(OSError), open(file, "w") as stacks:
        faulthandler.dump_traceback(stacks)


def _leave_out(tests: dict[str, str]) -> None:
    """Have trial skip these tests, for the reason that is given for each."""
    from twisted.trial.runner import TestLoader

    plain: Any = TestLoader.loadByName

    def mark(test: Any) -> Any:
        try:
            return [mark(one) for one in test]
        except TypeError:
            if why := tests.get(test.id()):
                test.skip = why

    def load(loader: Any, *args: Any, **options: Any) -> Any:
        suite = plain(loader, *args, **options)
        mark(suite)
        return suite

    vars_of: Any = TestLoader
    vars_of.loadByName = load


def module(facts: str, over: Callable[[], None] = lambda: None) -> None:
    """Run a module as ``python -m`` does, with these words, folder and environment; end with its status.

    Args:
        over: Called once the module has ended, but not if it ends its process.
    """
    asked = json.loads(facts)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    name, *words = asked["words"]
    if name in ("twisted.trial", "twisted.trial.__main__"):
        words = [f"--reactor={REACTOR}", *(w for w in words if not w.startswith("--reactor"))]
    sys.argv = [name, *words]
    sys.path.insert(0, asked["folder"])
    status: object = 0
    try:
        runpy.run_module(name, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        status = end.code
    except BaseException:
        traceback.print_exc()
        status = 1
    over()
    sys.stdout.flush()
    sys.stderr.flush()
    if status is not None and not isinstance(status, int):
        print(status, file=sys.stderr, flush=True)
        status = 1
    os._exit(int(status or 0))
