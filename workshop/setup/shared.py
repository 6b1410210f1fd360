"""A .venv for a learner whose environment has everything but the course itself, such as that of a JupyterHub.

All learners can share the packages, but not the course: each has a copy to edit. Such a .venv is a virtual environment
like any other, of a few kilobytes. A .pth file, which Python itself reads at each start, names the course's folder
and those of the shared packages.
Standard library only, in syntax that Python 3.7 reads (see environment.py).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from glob import escape, glob

from workshop.setup.requirements import CHECKOUT, PATHS, installed, missing, paths

# It begins as pip's own programs do if the path has a space or is long: with a shell, to which the second line is a
# command, and to Python a text.
TRIAL = """#!/bin/sh
'''exec' "{python}" "$0" "$@"
' '''
import sys
from twisted.scripts.trial import run

sys.exit(run())
"""


def shared_folders(root: str, files: Sequence[str]) -> list[str]:
    """Return the folders of the running environment's packages if it lacks this checkout only; else an empty list."""
    if sys.platform == "win32" or missing(root, files) != [CHECKOUT]:
        return []  # on Windows, trial must be an .exe, which only pip makes
    folders = [os.path.dirname(folder) for _, folder in installed().values()]
    found = [folder for folder in sys.path if folder in folders]
    inside = os.path.join(os.path.realpath(root), "")
    # A .venv that is to be made again cannot be its own base.
    return [] if any(os.path.realpath(one).startswith(inside) for one in found) else found


def share(root: str, venv: str, folders: Sequence[str]) -> None:
    """Let a new, empty virtual environment find the course and the packages in these folders, and run trial."""
    (folder,) = packages(venv)
    with open(os.path.join(folder, PATHS), "wb") as file:
        file.write(b"".join(os.fsencode(line) + b"\n" for line in (root, *folders)))
    trial = os.path.join(venv, "bin", "trial")
    with open(trial, "wb") as file:
        file.write(os.fsencode(TRIAL.format(python=os.path.join(venv, "bin", "python"))))
    os.chmod(trial, 0o755)


def parted(venv: str) -> bool:
    """Return whether a .venv relies on shared packages in a folder that no longer exists."""
    return not all(os.path.isdir(one) for own in packages(venv) for one in paths(own)[1:])


def packages(venv: str) -> list[str]:
    """Return the folders for packages in a virtual environment: one for each version of Python that it was made with."""
    return glob(os.path.join(escape(venv), "lib", "python*", "site-packages"))
