"""`python3 -m workshop`: set-up first, then the command line.

The syntax is Python 3.7's, so that an older Python gets the sentence that environment.py has for it.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)

if not __package__:
    # Set-up starts this file by its path, which puts this folder on the path, not the one above.
    # The name is what click looks at for its usage line.
    sys.path[:] = [ROOT] + [folder for folder in sys.path if folder != HERE]
    __package__ = "workshop"

from workshop.environment import ensure, requirement_files  # noqa: E402


def start() -> None:
    """Set up, then hand over to the commands."""
    ensure(ROOT, requirement_files(ROOT, sys.argv[1:]), sys.argv[1:])
    # Only now is what the commands import sure to be there.
    from workshop.commands import main

    main()


if __name__ == "__main__":
    start()
