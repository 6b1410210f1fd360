"""What a job leaves behind in its process, besides what trial looks at: threads, processes, sockets, files, patches.

The child imports this from beside it. Nothing here imports anything of the tool, or of Twisted.
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

# Where a test patches what is not its own: in the course, in Twisted, and in these.
PATCHED = {"asyncio", "builtins", "datetime", "os", "random", "socket", "ssl", "time"}


def still_running(threads: set[threading.Thread]) -> list[dict[str, Any]]:
    """The threads that would keep plain trial from ending, with the frames of each."""
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
    """Whether a process that was started here still runs."""
    if sys.platform == "win32":
        return False
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
        return True
    return False


def closed(given: dict[str, tuple[int, os.stat_result]]) -> str | None:
    """The first of the files given to this process that was closed, or replaced by another."""
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
    """What tests do outside of their folder and their process's own state, from begin() on.

    place: the folder in which they may write.
    """

    def __init__(self, place: str) -> None:
        self._place = os.path.join(os.path.realpath(place), "")
        self._on = False
        self._written: dict[str, None] = {}
        self._removed: dict[str, None] = {}
        self._sockets: set[int] = set()
        self._names: list[_Names] = []

    def begin(self) -> None:
        """The tests are loaded, and about to run."""
        self._sockets = set(_sockets())
        self._names = list(_names())
        self._on = True
        # A hook cannot be taken away: it is for a process that ends with its job.
        sys.addaudithook(self._hook)

    def found(self) -> dict[str, list[str]]:
        """What is left: sockets, files outside of the folder, replaced names, delayed calls. Nothing, if no test ran."""
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
            # One that is there already is no new one: that fails, and often is meant to.
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
                # What is new in the reactor, or in a class of the course, hides what it had of its class.
                patched = before.owner == REACTOR and not _own_method(has[name])
                course = before.owner.startswith("exercises.") and before.owner in classes
                if patched or course:
                    yield f"{before.owner}.{name}"


def _in_memory(name: str, place: str) -> bool:
    """Whether a file is one that is kept in memory, and not in this folder, which may be there too."""
    return name.startswith("/dev/shm/") and not os.path.join(name, "").startswith(place)


REACTOR, REACTOR_MODULE = "reactor", "twisted.internet.reactor"


def _own_method(value: Any) -> bool:
    """Whether this is the reactor's own method: trial replaces some of them while a test waits, and puts them back so."""
    own = getattr(type(getattr(value, "__self__", None)), getattr(value, "__name__", ""), None)
    return own is not None and getattr(value, "__func__", None) is own


class _Names(NamedTuple):
    """What a module, a class or the reactor had by name: ``of`` itself, ``owner`` its full name."""

    owner: str
    of: Any
    had: dict[str, Any]


def _names() -> Iterator[_Names]:
    """What tests reach by name: in modules, in their classes, in the reactor. All of it: the copy of a whole namespace takes
    far less time than a look at each name, and few change."""
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
    """The functions, classes and properties of a namespace."""
    for name, value in list(names.items()):
        if not name.startswith("__") and (callable(value) or isinstance(value, property)):
            yield name, value


def _calls() -> list[str]:
    """What is still to be called by the real reactor. trial looks for these itself, but after asynchronous tests only."""
    reactor: Any = sys.modules.get("twisted.internet.reactor")
    called = [getattr(call, "func", call) for call in reactor.getDelayedCalls()] if reactor else []
    return [getattr(one, "__qualname__", type(one).__name__) for one in called]


def _sockets() -> dict[int, str]:
    """The process's network sockets, by file descriptor, with their addresses."""
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
