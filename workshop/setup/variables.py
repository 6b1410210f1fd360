"""The environment variables for what we start, without the user's own settings of Python.

These may stop us (warnings as errors), hide the course (a safe path), or put other modules before Python's and the course's.
Standard library only, in syntax that Python 3.7 reads (see environment.py).
"""

from __future__ import annotations

import os
from collections.abc import Mapping

# These only say how text is written, and where compiled files are kept.
KEPT = (
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONIOENCODING",
    "PYTHONPYCACHEPREFIX",
    "PYTHONUNBUFFERED",
    "PYTHONUTF8",
)


PATH = "WORKSHOP_PATH"
"""The user's PYTHONPATH, for those of our processes that also look there, but last: some systems have all packages there."""


def plain(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment without the user's settings of Python."""
    found = {
        name: text
        for name, text in environment.items()
        if name in KEPT or not name.startswith("PYTHON")
    }
    if environment.get("PYTHONPATH"):
        found[PATH] = environment["PYTHONPATH"]
    return found
