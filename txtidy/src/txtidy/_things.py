"""A Thing is something that a test has opened: its name, who opened it, and how it ends."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable
from typing import Any

import twisted
from twisted.internet.defer import Deferred

_OURS = os.path.dirname(os.path.abspath(__file__)) + os.sep
_TWISTED = os.path.dirname(os.path.abspath(twisted.__file__)) + os.sep
_RUNS = ("internet/base.py", "internet/asyncioreactor.py", "trial/")  # beyond: not the tests' code
_LOOPS = tuple(_TWISTED + os.path.join(*name.split("/")) for name in _RUNS)


class NotTidy(AssertionError):
    """Something would not end, or raised when it was asked to. The message names all of it."""


def opened_at(default: str = "") -> str:
    """Return FILE:LINE of the nearest caller outside of Twisted and this package, if there is one."""
    frame = sys._getframe(1)
    while frame.f_back is not None and not frame.f_code.co_filename.startswith(_LOOPS):
        file = frame.f_code.co_filename
        if not file.startswith(("<", _OURS, _TWISTED)):
            return f"{file}:{frame.f_lineno}"
        frame = frame.f_back
    return default or "an unknown place"


class Replaced:
    """One object's method, replaced until put_back. The program may replace it again."""

    kind: Any = None

    def __init__(self, thing: Any, name: str, new: Any) -> None:
        self.thing, self.name, self.new = thing, name, new
        self.bound = getattr(thing, name)  # now, for a proxy: the object behind it changes, too
        own = name in getattr(thing, "__dict__", {})
        self.plain = not own and getattr(self.bound, "__self__", None) is thing
        try:
            setattr(thing, name, new)
        except (AttributeError, TypeError):  # __slots__, or frozen: it has a subclass meanwhile
            self.plain, self.kind = False, type(thing)
            body = {"__slots__": (), name: lambda _, *args, **more: new(*args, **more)}
            object.__setattr__(thing, "__class__", type(self.kind.__name__, (self.kind,), body))

    def intact(self) -> bool:
        return self.kind is not None or getattr(self.thing, self.name) is self.new

    def put_back(self) -> None:
        if self.kind is not None:
            object.__setattr__(self.thing, "__class__", self.kind)
        elif self.intact() and self.plain:
            delattr(self.thing, self.name)
        elif self.intact():
            setattr(self.thing, self.name, self.bound)
        self.new = None  # a cycle would keep a failed Deferred, and a later test would be blamed

    def before(self, *args: Any, **more: Any) -> Any:
        """Call the method that the object would have, also if a test has patched its class since."""
        method = self.bound
        if self.plain:
            static = inspect.getattr_static(type(self.thing), self.name)
            method = static.__get__(self.thing) if hasattr(static, "__get__") else static
        return method(*args, **more)


class Thing:
    """Something that must end with the test. It is asked once all things of lower orders are over."""

    def __init__(
        self, name: Callable[[], Any], site: str, ask: Any, force: Any, advice: str, order: int = 1
    ) -> None:
        self.name, self.site, self.ask, self.force = name, site, ask, force
        self.advice, self.order, self.asked = advice, order, 0.0  # asked: when
        self.over: Deferred[None] = Deferred()
        self.hook: Any = None

    def ended(self, result: Any = None) -> Any:
        """Note that it is over. Returns its argument, so it can be a callback and errback."""
        if not self.over.called:
            self.over.callback(None)
        return result

    def ends_with(self, thing: Any, name: str) -> None:
        """Let it be over after the next call of this method."""

        def last(*args: Any, **more: Any) -> Any:
            hook.put_back()  # before the call, so that a patched class gets it
            try:
                return getattr(thing, name)(*args, **more)
            finally:
                self.ended()

        self.hook = hook = Replaced(thing, name, last)

    def describe(self, advice: str = "") -> str:
        """Return what it is and who opened it; nothing if another thing's description says so."""
        try:
            name = self.name()
        except Exception as error:  # names are the program's code, such as __str__
            name = f"something whose name raises {error!r}"
        return f"{name}, opened at {self.site}. {advice}".rstrip() if name else ""
