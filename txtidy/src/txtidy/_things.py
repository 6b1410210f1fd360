"""What a test has opened: one Thing for each, with its name, who opened it, and how it ends."""

from __future__ import annotations

import inspect
import os
import sys
from typing import Any, Callable, Optional

import twisted
from twisted.internet.defer import Deferred

_OURS = os.path.dirname(os.path.abspath(__file__)) + os.sep
_TWISTED = os.path.dirname(os.path.abspath(twisted.__file__)) + os.sep
# Past these, the frames are those of whoever runs the tests.
_LOOPS = (os.path.join(_TWISTED, "internet", "base.py"), os.path.join(_TWISTED, "trial", ""))


class NotTidy(AssertionError):
    """Something would not end, or raised when it was asked to. The message names all of it."""


def opened_at(default: str = "") -> str:
    """Return FILE:LINE of the nearest caller outside of Twisted and this package.

    If the reactor called Twisted's code, nobody else did: then the default is returned.
    """
    frame = sys._getframe(1)
    while frame.f_back is not None:
        file = frame.f_code.co_filename
        if file.startswith(_LOOPS):
            break
        if file[0] != "<" and not file.startswith((_OURS, _TWISTED)):
            return f"{file}:{frame.f_lineno}"
        frame = frame.f_back
    return default or "an unknown place"


class Replaced:
    """One object's method, replaced until put_back. The object keeps its class.

    An object that takes no attributes (__slots__, frozen) has a subclass of its class meanwhile.
    """

    def __init__(self, thing: Any, name: str, new: Callable[..., Any]) -> None:
        self.thing, self.name, self.new = thing, name, new
        self.bound = getattr(thing, name)  # early: an object behind a proxy gets the new one, too
        own = name in getattr(thing, "__dict__", {})
        self.plain = not own and getattr(self.bound, "__self__", None) is thing
        self.kind: Optional[type] = None
        try:
            setattr(thing, name, new)
        except (AttributeError, TypeError):
            self.kind = type(thing)
            body = {"__slots__": (), name: lambda _, *args, **more: new(*args, **more)}
            watched = type(self.kind)(self.kind.__name__, (self.kind,), body)
            object.__setattr__(thing, "__class__", watched)

    def intact(self) -> bool:
        """Whether nobody has replaced the replacement."""
        return self.kind is not None or getattr(self.thing, self.name) is self.new

    def put_back(self) -> None:
        """Undo it, unless someone else has replaced the method since."""
        if self.kind is not None:
            object.__setattr__(self.thing, "__class__", self.kind)
        elif self.intact():
            if self.plain:
                delattr(self.thing, self.name)
            else:
                setattr(self.thing, self.name, self.bound)

    def before(self, *args: Any, **more: Any) -> Any:
        """Call what would have been called, with regard to a test that patches the class."""
        method = self.bound
        if self.plain and self.kind is None:
            method = inspect.getattr_static(type(self.thing), self.name)
            if hasattr(type(method), "__get__"):
                method = method.__get__(self.thing, type(self.thing))
        return method(*args, **more)


class Thing:
    """Something that must end with the test. `over` fires with None when it has.

    ask: ends it politely. force: ends it after the grace. order: things of a higher order are asked
    once those of the lower ones are over: 0 for what would open others, 2 for what others use.
    """

    def __init__(
        self,
        name: Callable[[], Optional[str]],
        site: str,
        ask: Callable[[], object],
        force: Callable[[], object] = lambda: None,
        advice: str = "",
        order: int = 1,
    ) -> None:
        self.name, self.site, self.ask, self.force = name, site, ask, force
        self.advice, self.order = advice, order
        self.asked = self.forced = False
        self.over: Deferred[None] = Deferred()
        self.hook: Optional[Replaced] = None

    def ended(self, result: Any = None) -> Any:
        """Note that it is over. Returns its argument, so that it can be a callback and errback."""
        if not self.over.called:
            self.over.callback(None)
        return result

    def ends_with(self, thing: Any, name: str) -> None:
        """Let it be over after the next call of the thing's method of this name."""

        def last(*args: Any, **more: Any) -> Any:
            hook.put_back()  # first, so that a test that patches the class sees the call
            try:
                return getattr(thing, name)(*args, **more)
            finally:
                self.ended()

        self.hook = hook = Replaced(thing, name, last)

    def describe(self, advice: str = "") -> Optional[str]:
        """One sentence or more: what it is, who opened it, what to do. None if another one says so."""
        try:
            name = self.name()
        except Exception as error:  # a name is the program's own code: __str__, getDestination
            name = f"something whose name raises {error!r}"
        return name and f"{name}, opened at {self.site}. {advice}".rstrip()
