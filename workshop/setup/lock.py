"""A lock that only one process has, and that the system frees when that process ends, however it ends.

Standard library only, in syntax that Python 3.7 reads (see environment.py).
"""

from __future__ import annotations

import sys

if sys.platform == "win32":
    import msvcrt

    def lock(number: int) -> bool:
        """Take the lock of an open file, if no other process has it."""
        try:
            msvcrt.locking(number, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

else:
    import fcntl

    def lock(number: int) -> bool:
        """Take the lock of an open file, if no other process has it."""
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            pass  # some network file systems have no locks: then there is only luck
        return True
