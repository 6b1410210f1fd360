"""A job's traces in its process, beyond those that trial checks: threads, processes, sockets, files, patches.

The child imports this module from its own folder. It imports nothing of the tool or of Twisted.
"""

import contextlib
import os
import socket
import stat
import sys
import threading
import time
from collections.abc import Iterator
from operator import is_
from types import FrameType, ModuleType
from typing import Any, NamedTuple

# Modules outside the course and Twisted that are checked for patches.
PATCHED = {"asyncio", "builtins", "datetime", "os", "random", "socket", "ssl", "time"}


def still_running(threads: set[threading.Thread]) -> list[dict[str, Any]]:
    """Return the threads that would keep plain trial from ending, with the frames of each."""
    found = []
    deadline = time.monotonic() + 0.5
    for thread in threads:
        if not thread.daemon:
            thread.join(max(0.0, deadline - time.monotonic()))
        if not thread.daemon and thread.is_alive():
            frame: FrameType | None = sys._current_frames().get(thread.ident or 0)
            frames = []
            while frame:
                frames.append((frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name))
                frame = frame.f_back
            found.append({"name": thread.name, "frames": frames[::-1]})
    return found


def has_children() -> bool:
    """Return whether a process that was started here still runs."""
    if sys.platform == "win32":
        return False
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
        return True
    return False


def closed(given: dict[str, tuple[int, os.stat_result]]) -> str | None:
    """Return the name of the first given file that this process has closed or replaced."""
    for name, (number, was) in given.items():
        try:
            if hasattr(sys, name):
                getattr(sys, name).flush()
            if not os.path.samestat(os.fstat(number), was):
                return name
        except (AttributeError, OSError, ValueError):
            return name
    return None


class Traces:
    """A record of what tests do outside their folder and their process's own state, from begin() on.

    Args:
        place: The folder in which they may write.
    """

    def __init__(self, place: str) -> None:
        self._place = os.path.join(os.path.realpath(place), "")
        self._on = False
        self._written: dict[str, None] = {}
        self._removed: dict[str, None] = {}
        self._sockets: set[int] = set()
        self._names: list[_Names] = []

    def begin(self) -> None:
        """Start recording, once the tests are loaded and about to run."""
        self._sockets = set(_sockets())
        self._names = list(_names())
        self._on = True
        # An audit hook cannot be removed: use it only in a process that ends with its job.
        sys.addaudithook(self._hook)

    def found(self) -> dict[str, list[str]]:
        """Return what is left: sockets, files outside the folder, replaced names, delayed calls. Nothing, if no test ran."""
        if not self._on:
            return {}
        self._on = False
        lost = [path for path in self._removed if path not in self._written]
        kept = [path for path in self._written if os.path.exists(path)]
        return {
            "sockets": [words for n, words in _sockets().items() if n not in self._sockets],
            "files": [*kept, *(path for path in lost if not os.path.exists(path))],
            "patched": sorted(self._replaced()),
            "calls": _calls(),
        }

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._on:
            return
        if event == "open":
            path, _, flags = arguments
            if isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                self._note(path, self._written)
        elif event == "os.mkdir":
            # Creating a folder that exists leaves no trace: it fails, often on purpose.
            if not os.path.exists(arguments[0]):
                self._note(arguments[0], self._written)
        elif event == "os.rename":
            self._note(arguments[0], self._removed)
            self._note(arguments[1], self._written)
        elif event in ("os.link", "os.symlink"):
            self._note(arguments[1], self._written)
        elif event == "os.truncate":
            self._note(arguments[0], self._written)
        elif event in ("os.remove", "os.rmdir"):
            self._note(arguments[0], self._removed)

    def _note(self, path: Any, paths: dict[str, None]) -> None:
        with contextlib.suppress(Exception):
            name = os.path.realpath(os.fsdecode(path))
            inside = os.path.join(name, "").startswith((self._place, "/dev/", "/proc/"))
            if (not inside or _in_memory(name, self._place)) and name != os.devnull:
                paths[name] = None

    def _replaced(self) -> Iterator[str]:
        classes = {one.owner for one in self._names if isinstance(one.of, type)}
        reactor = sys.modules.get(REACTOR_MODULE)
        known = any(before.owner == REACTOR for before in self._names)
        new = [] if known or reactor is None else [_Names(REACTOR, reactor, {})]
        for before in [*self._names, *new]:
            if isinstance(before.of, ModuleType) and sys.modules.get(before.owner) is not before.of:
                yield before.owner
            now = vars(before.of)
            if len(now) == len(before.had) and all(map(is_, now.values(), before.had.values())):
                continue
            was, has = dict(_callables(before.had)), dict(_callables(now))
            for name in was:
                if has.get(name) is not was[name]:
                    yield f"{before.owner}.{name}"
            for name in has.keys() - was.keys():
                # A new name in the reactor, or in a class of the course, hides what its class has.
                patched = before.owner == REACTOR and not _own_method(has[name])
                course = before.owner.startswith("exercises.") and before.owner in classes
                if patched or course:
                    yield f"{before.owner}.{name}"


def _in_memory(name: str, place: str) -> bool:
    """Return whether a file is in memory and outside this folder, which may be in memory too."""
    return name.startswith("/dev/shm/") and not os.path.join(name, "").startswith(place)


REACTOR, REACTOR_MODULE = "reactor", "twisted.internet.reactor"


def _own_method(value: Any) -> bool:
    """Return whether this is the reactor's own method: trial replaces and restores some while a test waits."""
    own = getattr(type(getattr(value, "__self__", None)), getattr(value, "__name__", ""), None)
    return own is not None and getattr(value, "__func__", None) is own


class _Names(NamedTuple):
    """The names that a module, a class or the reactor had: ``of`` is the object, ``owner`` its full name."""

    owner: str
    of: Any
    had: dict[str, Any]


def _names() -> Iterator[_Names]:
    """Yield what tests reach by name: the names in modules, in their classes and in the reactor.

    Whole namespaces are copied, which takes far less time than checking each name, and few change.
    """
    for name, module in list(sys.modules.items()):
        top, _, last = name.partition(".")[0], name, name.rpartition(".")[2]
        tests = top == "exercises" and last.startswith("test_")
        if not isinstance(module, ModuleType) or tests:
            continue
        if top in ("exercises", "twisted") or name in PATCHED:
            had = dict(vars(module))
            yield _Names(name, module, had)
            for one in had.values():
                if isinstance(one, type) and one.__module__ == name:
                    yield _Names(f"{name}.{one.__name__}", one, dict(vars(one)))
    reactor = sys.modules.get(REACTOR_MODULE)
    if reactor is not None:
        yield _Names(REACTOR, reactor, dict(vars(reactor)))


def _callables(names: Any) -> Iterator[tuple[str, Any]]:
    """Yield the functions, classes and properties of a namespace."""
    for name, value in list(names.items()):
        if not name.startswith("__") and (callable(value) or isinstance(value, property)):
            yield name, value


def _calls() -> list[str]:
    """Return what the real reactor has still to call. trial checks this itself, but only after asynchronous tests."""
    reactor: Any = sys.modules.get("twisted.internet.reactor")
    called = [getattr(call, "func", call) for call in reactor.getDelayedCalls()] if reactor else []
    return [getattr(one, "__qualname__", type(one).__name__) for one in called]


def _sockets() -> dict[int, str]:
    """Return the process's network sockets, by file descriptor, with their addresses."""
    found = {}
    try:
        numbers = [int(n) for n in os.listdir("/proc/self/fd")]
    except OSError:
        numbers = list(range(3, 256)) if sys.platform != "win32" else []
    for number in numbers:
        with contextlib.suppress(OSError):
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                with socket.socket(fileno=os.dup(number)) as one:
                    if one.family in (socket.AF_INET, socket.AF_INET6):
                        found[number] = _address(one)
    return found


def _address(one: socket.socket) -> str:
    here = "{}:{}".format(*one.getsockname()[:2])
    with contextlib.suppress(OSError):
        return "a connection from {} to {}:{}".format(here, *one.getpeername()[:2])
    return f"a socket at {here}"
