"""Runs `python -m twisted`, which is twist, as a process, in a folder that has only the daemon's files."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.protocol import ProcessProtocol

from .helpers import new_folder

HERE = Path(__file__).parent
FILES = ("poetry_daemon.py", "poem.txt", "twisted/plugins/poetry_plugin.py")
NOT_KEPT = "PYTHONSAFEPATH", "PYTHONDEVMODE", "PYTHONWARNINGS"
RUNS = b"Starting reactor"
PATIENCE = 6.0  # seconds to wait for something that a process does


def environment():
    """The process's environment: the user's, without the variables that change Python's path or its warnings."""
    kept = {name: text for name, text in os.environ.items() if name not in NOT_KEPT}
    return {**kept, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"}


def shipped():
    """Copy the daemon's files to a new folder. Returns it."""
    folder = Path(new_folder("daemon-")).resolve()
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(HERE / name, folder / name)
    return folder


def python(case, folder, *words):
    """Run Python with these arguments in the folder until it ends. Returns its exit code, output and errors.

    If twist starts its reactor, the test fails at once: the process would not end.
    """
    command, said = [sys.executable, *words], b""
    with open(folder / "errors", "w+b") as errors:
        how = {"cwd": folder, "env": environment(), "stdin": subprocess.DEVNULL}
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, **how)
        late = threading.Timer(PATIENCE, process.kill)
        late.start()
        with process:
            for line in process.stdout:
                said += line
                if RUNS in line:
                    process.kill()
        ended = late.is_alive() and RUNS not in said
        late.cancel()
        late.join()
        errors.seek(0)
        texts = (text.decode("utf-8", "replace") for text in (said, errors.read()))
    said, errors = (text.replace("\r\n", "\n") for text in texts)
    if not ended:
        case.fail(f"Expected python {' '.join(words)} to end; it runs on. Output: {said}{errors}")
    return process.returncode, said, errors


def twist(case, folder, *words):
    """Run twist with these arguments, as python() does."""
    return python(case, folder, "-m", "twisted", *words)


class Daemon(ProcessProtocol):
    """A running twist. output: its output so far. code: its exit code, once it has ended; negative for a signal."""

    def __init__(self, case):
        self.case, self.output, self.code = case, "", None
        self._waits = []

    def childDataReceived(self, file, data):
        self.output += data.decode("utf-8", "replace")
        self._look()

    def processEnded(self, reason):
        end = reason.value
        self.code = -end.signal if end.exitCode is None else end.exitCode
        self._look()

    def _look(self):
        for wait in list(self._waits):
            found, fired = wait
            if found() is not None or self.code is not None:
                self._waits.remove(wait)
                fired.callback(found())

    async def _until(self, found, seconds):
        """Wait until found() is not None, and return that; None if the process ends first, or it takes too long."""
        from twisted.internet import reactor

        fired = Deferred()
        fired.addTimeout(seconds, reactor, onTimeoutCancel=lambda result, after: None)
        self._waits.append((found, fired))
        self._look()
        return await fired

    async def says(self, pattern, what):
        """Wait until its output matches the pattern. Returns the match; without one, the test fails."""
        match = await self._until(lambda: re.search(pattern, self.output), PATIENCE)
        if match is None:
            end = "it runs on" if self.code is None else f"it ended, with exit code {self.code}"
            self.case.fail(f"Expected {what}; {end}. Output: {self.output[-1500:]}")
        return match

    async def last_words(self):
        """Wait a second at most for its end. Returns its last output."""
        await self._until(lambda: self.code, 1.0)
        return self.output[-1500:]

    async def ends(self, when):
        """Wait for its end. Returns its exit code; if it does not end, the test fails."""
        code = await self._until(lambda: self.code, PATIENCE / 2)
        if code is None:
            self.case.fail(f"Expected it to end {when}; it runs on. Output: {self.output[-1500:]}")
        return code

    async def kill(self):
        """Kill it, if it still runs, and wait for its end."""
        if self.code is None:
            with contextlib.suppress(ProcessExitedAlready):
                self.transport.signalProcess("KILL")
            await self.ends("after SIGKILL")


def start(case, folder, *words):
    """Start twist with these arguments in the folder. Returns the Daemon; a cleanup ends it."""
    from twisted.internet import reactor

    daemon = Daemon(case)
    command = [sys.executable, "-m", "twisted", "--log-format=text", *words]
    reactor.spawnProcess(daemon, sys.executable, command, environment(), str(folder))
    case.addCleanup(daemon.kill)
    return daemon
