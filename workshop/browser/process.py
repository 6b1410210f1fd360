"""What runs in a process of the machine: a job of trial's, or a module as ``python -m`` runs it."""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import runpy
import signal
import sys
import traceback
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from workshop.course.toml_fields import read
from workshop.runner.signs import CUT_OFF

JOB = Path("/tmp/job.json")
CHILD = Path(__file__).resolve().parent.parent / "runner"
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


def module(facts: str) -> None:
    """Run a module as ``python -m`` does, with these words, folder and environment; end with its status."""
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
    sys.stdout.flush()
    sys.stderr.flush()
    if status is not None and not isinstance(status, int):
        print(status, file=sys.stderr, flush=True)
        status = 1
    os._exit(status or 0)
