"""What a process has open and running, so that a test can be asked what it left. Nothing here is to be edited."""

import gc
import os
import threading
from typing import Any

from twisted.internet.interfaces import IListeningPort


class Before:
    """What there was when this was made: file descriptors and threads."""

    def __init__(self) -> None:
        self._descriptors = set(descriptors())
        self._threads = set(threading.enumerate())

    def more(self) -> list[str]:
        """What there is now and was not then, in words."""
        new = descriptors().keys() - self._descriptors
        if new:
            # What nobody holds any more is closed when it is collected; that takes time, so only if need be.
            gc.collect()
        left = [f"file descriptor {n}: {what}" for n, what in descriptors().items() if n in new]
        threads = set(threading.enumerate()) - self._threads
        return left + [f"a thread: {one.name}" for one in threads]


def descriptors() -> dict[int, str]:
    """The open file descriptors, with what each is of. None where the system does not list them, as on Windows."""
    folder = next((one for one in ("/proc/self/fd", "/dev/fd") if os.path.isdir(one)), None)
    found = {}
    for name in os.listdir(folder) if folder else ():
        try:
            # That of the listing itself is closed by now.
            os.fstat(int(name))
        except OSError:
            continue
        link = f"{folder}/{name}"
        what = os.readlink(link) if os.path.islink(link) else "open"
        # The first port of a process makes Twisted open this one, for the day when there are no more descriptors.
        if what != os.devnull:
            found[int(name)] = what
    return found


def in_reactor(reactor: Any, apart: Any) -> list[str]:
    """The calls that are yet to come, but for ``apart``, and the ports and connections of a real reactor, in words.

    What is due at once does not count: when a reactor stops, there may be no turn left for it. What callWhenRunning was
    given counts where the reactor never ran: on a reactor that tests share, the next of them would be blamed for it.
    """
    calls = [one for one in reactor.getDelayedCalls() if one is not apart]
    due = [one for one in calls if one.getTime() > reactor.seconds()]
    left = [f"a call in {one.getTime() - reactor.seconds():.1f} s: {name(one.func)}" for one in due]
    startup = reactor._eventTriggers.get("startup")
    left += [f"a call for when it runs: {name(call)}" for call, *_ in getattr(startup, "after", ())]
    if hasattr(reactor, "getReaders"):
        open_ones = {*reactor.getReaders(), *reactor.getWriters()} - reactor._internalReaders
        left += [opened(one) for one in open_ones]
    return left


def opened(one: Any) -> str:
    """What is open, in words."""
    what = "a port" if IListeningPort.providedBy(one) else "a connection"
    return f"{what}, still open: {type(one).__module__}.{type(one).__name__}"


def name(function: Any) -> str:
    """A function's name, with its class's."""
    return str(getattr(function, "__qualname__", type(function).__name__))
