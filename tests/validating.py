"""Runs nbval over a folder of notebooks, in a process with a bound."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

LIMIT = 120


def nbval(folder: Path, limit: float = LIMIT) -> tuple[int, str]:
    """Run nbval over a folder's notebooks, in a process with a bound. Returns its exit code, and what it said."""
    command = [sys.executable, "-m", "pytest", "-q", "--color=no", "-p", "no:cacheprovider"]
    command += ["--nbval", "--nbval-current-env", "--nbval-cell-timeout=60", "-c", os.devnull]
    environment = {name: text for name, text in os.environ.items() if "PYTEST" not in name}
    done = subprocess.run(
        [*command, "--rootdir", str(folder), str(folder)],
        cwd=folder,
        env={**environment, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=limit,
    )
    return done.returncode, done.stdout + done.stderr
