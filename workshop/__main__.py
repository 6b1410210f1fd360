"""`python3 -m workshop`: set-up first, then the command line.

The syntax is Python 3.7's, so that an older Python gets the sentence that environment.py has for it.
"""

import gc
import os
import sys
import warnings

# Imports leave little garbage, and each look for it takes time.
gc.disable()

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)

if not __package__:
    # Set-up starts this file by its path, which puts this folder on the path, not the one above.
    # click uses the name for its usage line.
    sys.path[:] = [ROOT] + [folder for folder in sys.path if folder != HERE]
    __package__ = "workshop"

import workshop  # noqa: E402,F401  (this one, before any other is looked for)

# python3 -m puts the folder that it was started in first, and PYTHONPATH its own: a queue.py there would be taken for
# Python's.
LAST = {"", ROOT, os.path.abspath(""), *os.environ.get("PYTHONPATH", "").split(os.pathsep)}
sys.path[:] = [f for f in sys.path if f not in LAST] + [f for f in sys.path if f in LAST]

from workshop.setup.pending import finish_interrupted  # noqa: E402

try:
    # First of all: until it is done, the files below may be of two versions.
    FINISHED = finish_interrupted(ROOT)
except OSError as error:
    print(f"An update was interrupted, and cannot be finished: {error}", file=sys.stderr)
    sys.exit(1)
if FINISHED:
    print(FINISHED, file=sys.stderr)

from workshop.setup.environment import ensure, requirement_files  # noqa: E402
from workshop.setup.variables import plain  # noqa: E402


def start() -> None:
    """Set up, then hand over to the commands."""
    # The user's settings of Python are not for us, nor for what we start.
    if sys.warnoptions:
        sys.warnoptions.clear()
        warnings.resetwarnings()
        warnings.simplefilter("ignore")
    ensure(ROOT, requirement_files(ROOT, sys.argv[1:]), sys.argv[1:])
    mine = plain()
    for name in set(os.environ) - set(mine):
        del os.environ[name]
    os.environ.update(mine)
    # Only now are the commands' imports sure to be installed.
    from workshop.commands import main

    gc.freeze()
    gc.enable()
    main()


if __name__ == "__main__":
    start()
