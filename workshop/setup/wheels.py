"""The folder wheels beside README.md: packages from which set-up needs no network.

`python3 -m workshop offline` makes it. Standard library only, in syntax that Python 3.7 reads (see
environment.py).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

FOLDER = "wheels"
FILES = ("requirements.txt", "slides/requirements.txt")  # the folder has what these list
MADE_FOR = "made-for.txt"  # in that folder: a line for each kind of machine


def kind() -> str:
    """Return the kind of machine that a wheel is made for: "Python 3.11 on linux-x86_64"."""
    from sysconfig import get_platform

    system = get_platform()
    if sys.platform == "darwin":
        # Python's own answer has the oldest system that it runs on, and "universal2".
        system = f"macosx-{os.uname().machine}"
    return f"Python {sys.version_info[0]}.{sys.version_info[1]} on {system}"


def made_for(root: str) -> list[str]:
    """Return the kinds of machine that the folder is for; none if there is no such folder."""
    try:
        with open(os.path.join(root, FOLDER, MADE_FOR), encoding="utf-8") as file:
            return [line.strip() for line in file if line.strip()]
    except OSError:
        return []


def options(root: str, files: Sequence[str]) -> list[str]:
    """Return options that make pip install these requirement files from the folder; none if that is impossible."""
    if kind() not in made_for(root) or not set(files) <= set(FILES):
        return []
    return ["--no-index", "--find-links", os.path.join(root, FOLDER)]


def mismatch(root: str) -> str:
    """Say in a sentence whom the folder is for, if not for this Python and machine; else ""."""
    kinds = made_for(root)
    if not kinds or kind() in kinds:
        return ""
    return f"The packages in the folder {FOLDER} are for {', '.join(kinds)}; this is {kind()}."
