"""End processes together with everything that they started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from typing import Any

OWN_GROUP: dict[str, Any] = {"start_new_session": True}
"""Arguments for Popen: the process gets a group of its own, so that a terminal's Ctrl-C does not reach it."""


if sys.platform == "win32":
    OWN_GROUP = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}


def signal_group(leader: int, number: int) -> None:
    """Send a signal to a process and those that it started, if any still runs; do nothing on Windows."""
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            os.killpg(leader, number)


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End a process and, except on Windows, those that it started, even if it has ended itself."""
    if sys.platform == "win32":
        process.kill()
    else:
        signal_group(process.pid, signal.SIGKILL)
