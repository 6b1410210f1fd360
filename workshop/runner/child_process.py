"""The child as a process of the system: what runs a Worker's jobs, unless the course runs in a browser."""

from __future__ import annotations

import contextlib
import json
import queue
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from workshop.runner.process import OWN_GROUP, signal_group
from workshop.runner.result import RECURSED
from workshop.runner.signs import END_OF_JOB
from workshop.setup.variables import plain

CHILD = Path(__file__).with_name("child.py")
KEPT_OUTPUT = 4096
PAUSE = 0.01
"""Seconds between reads from a job that was sent a signal."""


@dataclass
class Output:
    """The output of a job: its size, its last part, and whether it mentions recursion; ``ended`` is set once it is whole."""

    size: int = 0
    tail: bytes = b""
    recursed: bool = False
    ended: threading.Event = field(default_factory=threading.Event)

    def add(self, data: bytes) -> None:
        """Add what was printed."""
        self.size += len(data)
        data = self.tail + data
        self.recursed = self.recursed or RECURSED in data
        self.tail = data[-KEPT_OUTPUT:]
        if END_OF_JOB in self.tail:
            self.tail = self.tail.replace(END_OF_JOB, b"")
            self.ended.set()


class Child(Protocol):
    """What a Worker needs of its child.

    Attributes:
        events: The child's events, as child.py sends them; the last of a job is ``exit`` or ``gone``. ``by`` in it is the
            kind of Trouble for which the job was ended, if the worker has not ended it.
        output: What the job prints.
        pid: The process of the job, if it is known.
        alive: Whether it can be given a job at once.
    """

    events: queue.Queue[dict[str, Any]]
    output: Output
    pid: int | None

    @property
    def alive(self) -> bool: ...

    def give(self, job: dict[str, Any]) -> None:
        """Begin a job."""

    def kill(self, how: int) -> None:
        """Send the job a signal; SIGABRT makes it write its stacks."""

    def end(self) -> None:
        """End the child at once."""

    def end_job(self) -> None:
        """Leave nothing of the job running, whatever it started."""

    def close(self) -> None:
        """End the child and everything that it started."""


class ChildProcess:
    """A Child that is a process. It imports ``modules`` ahead, and starts again if a job has ended it."""

    def __init__(self, modules: tuple[str, ...]) -> None:
        self._modules = modules
        self._given = self._ending = False
        self.pid: int | None = None
        self._start()

    def _start(self) -> None:
        environment = {
            **plain(),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUTF8": "1",
            "PYTHONIOENCODING": "utf-8",
        }
        self._process = subprocess.Popen(
            [sys.executable, str(CHILD), *self._modules],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            **OWN_GROUP,
        )
        self.events: queue.Queue[dict[str, Any]] = queue.Queue()
        self.output = Output()
        for target in (self._read_events, self._read_output):
            threading.Thread(target=target, args=(self._process,), daemon=True).start()

    def _read_events(self, process: subprocess.Popen[bytes]) -> None:
        events = self.events
        assert process.stdout is not None
        with process.stdout as stream, contextlib.suppress(ValueError):
            for line in stream:
                events.put(json.loads(line))
        events.put({"event": "gone"})

    def _read_output(self, process: subprocess.Popen[bytes]) -> None:
        output = self.output
        assert process.stderr is not None
        with process.stderr as stream:
            while data := stream.read1(1 << 16):  # type: ignore[attr-defined]
                output.add(data)
                if self._ending:
                    # A job that ignores the signal and prints on now waits for the pipe, and takes no core.
                    time.sleep(PAUSE)
        output.ended.set()

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    def give(self, job: dict[str, Any]) -> None:
        """Begin a job; start the process again if it has ended."""
        if not self.alive:
            self._start()
        # The threads hold on to the object.
        self.output.__init__()  # type: ignore[misc]
        assert self._process.stdin is not None
        self._given, self._ending = True, False
        with contextlib.suppress(OSError):
            self._process.stdin.write(json.dumps(job).encode() + b"\n")
            self._process.stdin.flush()

    def kill(self, how: int) -> None:
        """Send the running job a signal; SIGABRT makes it write its stacks."""
        self._ending = True
        if self.pid is None or sys.platform == "win32":
            self._process.kill()
        else:
            signal_group(self.pid, how)

    def end(self) -> None:
        """End the process at once."""
        self._process.kill()

    def end_job(self) -> None:
        """Leave nothing of the job running, whatever it started."""
        while self._given and self.pid is None:
            # The job was interrupted before its process was known, and would run on: wait until it is known.
            try:
                event = self.events.get(timeout=1)
            except queue.Empty:
                break
            if event["event"] == "started":
                self.pid = event["pid"]
            elif event["event"] in ("exit", "gone"):
                break
        if sys.platform != "win32" and self.pid is not None:
            self.kill(signal.SIGKILL)
        self._given, self.pid = False, None

    def close(self) -> None:
        """End the process and everything that it started."""
        self.end_job()
        self._process.kill()
        self._process.wait()
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
