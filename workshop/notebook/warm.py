"""A process that has imported Twisted, and forks for each run of a cell's tests, which then need not wait for imports.

It installs no reactor and runs no code of a cell: each run starts as clean as plain trial does. It is for platforms with
fork.
"""

from __future__ import annotations

import contextlib
import json
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workshop.runner.process import OWN_GROUP, signal_group

PRINTED = "printed"
"""The file in a run's folder for everything that the run prints."""
POLL = 0.05
"""Seconds between two checks of how much was printed."""


class ForkServer:
    """The forking process. It ends when its standard input closes: at the latest, with the process that started it."""

    def __init__(self, child: Path, environment: Mapping[str, str]) -> None:
        self._command = [sys.executable, str(child), "serve"]
        self._environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process if it is not running, without waiting for it."""
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                self._command,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,  # both answers may come at once, and select sees only what is not read yet
                **OWN_GROUP,
            )

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def run(
        self, place: Path, limit: float, most: int, words: list[str]
    ) -> tuple[int | None, bytes]:
        """Run with these arguments in a folder; return the exit code (None if it was killed) and its output."""
        self.start()
        printed = place / PRINTED
        printed.touch()
        pid: int | None = None
        code: int | None = None
        deadline = time.monotonic() + limit
        try:
            self._send({"place": str(place), "words": words})
            while True:
                answer = self._answer(POLL)
                if answer == {}:
                    break  # it is gone
                if answer and "pid" in answer:
                    pid = answer["pid"]
                elif answer:
                    code = answer["code"]
                    break
                if time.monotonic() > deadline or printed.stat().st_size > most:
                    break
        finally:
            # This also ends what the tests have started.
            if pid is not None:
                signal_group(pid, signal.SIGKILL)
            if code is None:
                # It may still wait for a run that is lost: the next one gets a new process.
                self.stop()
        with printed.open("rb") as file:
            return code, file.read(most)

    def _send(self, job: dict[str, Any]) -> None:
        assert self._process is not None and self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.write(json.dumps(job).encode() + b"\n")
            self._process.stdin.flush()

    def _answer(self, seconds: float) -> dict[str, Any] | None:
        """Return its answer, or None if none comes in time; {} if it is gone."""
        assert self._process is not None and self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], seconds)[0]:
            return None
        line = self._process.stdout.readline()
        answer: dict[str, Any] = json.loads(line) if line.endswith(b"\n") else {}
        return answer
