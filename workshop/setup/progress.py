"""Run a program for set-up: its output goes to a log, its progress to standard error.

Standard library only, in syntax that Python 3.7 reads (see environment.py).
"""

from __future__ import annotations

import contextlib
import os
import queue
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from typing import IO

from workshop.setup.requirements import installed
from workshop.setup.variables import plain


class Screen:
    """Standard error: lines that stay, and one that shows the progress.

    On a terminal that one is overwritten; elsewhere it is a plain line every ten seconds.
    """

    def __init__(self) -> None:
        self.terminal = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self.began = self.spoke = time.monotonic()
        self.line = ""

    def seconds(self) -> int:
        return int(time.monotonic() - self.began)

    def say(self, text: str) -> None:
        self.erase()
        print(text, file=sys.stderr, flush=True)
        self.spoke = time.monotonic()

    def show(self, text: str) -> None:
        text = f"  {text} ({self.seconds()} s)"
        if not self.terminal:
            if time.monotonic() - self.spoke > 10:
                self.say(text)
            return
        try:
            width = os.get_terminal_size(sys.stderr.fileno()).columns
        except OSError:
            width = 80
        text = text[: width - 1]
        if text != self.line:
            sys.stderr.write("\r" + text.ljust(len(self.line)))
            sys.stderr.flush()
            self.line = text

    def erase(self) -> None:
        if self.line:
            sys.stderr.write("\r" + " " * len(self.line) + "\r")
            sys.stderr.flush()
            self.line = ""


class Watched:
    """A running program, and its progress according to its output."""

    def __init__(self, screen: Screen, log: str, doing: str) -> None:
        self.screen, self.log, self.doing = screen, log, doing
        self.collected = 0
        self.to_install = 0  # 0 until pip has begun to write packages
        self.installing_since = 0.0
        self.output = ""

    def run(self, command: list[str], folder: str, more: Mapping[str, str] = {}) -> int:
        """Run to the end, with more environment variables; return the exit code."""
        with open(self.log, "w", encoding="utf-8") as log:
            process = subprocess.Popen(
                command,
                cwd=folder,
                # A user's setting for installs outside virtual environments would make pip refuse.
                env=dict(plain(), PIP_USER="0", PYTHONIOENCODING="utf-8", **more),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
            )
            # A thread, because Windows cannot wait for a line and a time limit at once.
            lines: queue.Queue[str] = queue.Queue()
            threading.Thread(target=read, args=(process.stdout, lines), daemon=True).start()
            try:
                for line in self.progress(lines):
                    log.write(line)
                    log.flush()
                return process.wait()
            finally:
                self.screen.erase()
                if process.poll() is None:
                    # Ctrl-C has reached it as well: give it a moment to clean up.
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        process.wait(2)
                    process.kill()
                    process.wait()

    def progress(self, lines: queue.Queue[str]) -> Iterator[str]:
        """Yield the lines up to the empty one, and show the progress five times a second."""
        line = None
        while line != "":
            self.screen.show(self.far())
            try:
                line = lines.get(timeout=0.2)
            except queue.Empty:
                continue
            self.hear(line)
            yield line

    def hear(self, line: str) -> None:
        """Update the progress from a line of pip's output."""
        self.output += line
        if re.match("(Collecting|Processing) ", line):
            self.collected += 1
            self.doing = f"collecting packages: {self.collected} so far"
        elif line.startswith("Installing collected packages:"):
            self.to_install, self.installing_since = line.count(",") + 1, time.time()
        elif "Retrying (" in line:
            self.doing = "the package index does not answer; trying again"

    def far(self) -> str:
        """Return the progress in words."""
        if not self.to_install:
            return self.doing
        # pip prints nothing while it installs, but each package leaves a folder.
        done = 0
        for _, folder in installed().values():
            with contextlib.suppress(OSError):
                done += os.path.getmtime(folder) >= self.installing_since
        return f"installing packages: {min(done, self.to_install)} of {self.to_install}"


def read(stream: IO[str], lines: queue.Queue[str]) -> None:
    """Put each line in the queue; an empty one is the end."""
    with stream:
        for line in stream:
            lines.put(line)
    lines.put("")
