"""Events during a test that are not raised in it, though they may be why it fails.

This covers logged errors, failed Deferreds that nothing handles, coroutines that are never awaited, calls on the real
reactor's clock, the place at which a test waits, and who runs the reactor. The child imports this module from its own
folder, before any reactor is installed.
"""

import gc
import inspect
import os
import sys
import types
import weakref
from collections.abc import Callable, Iterator
from typing import Any, cast

# How many of each kind are reported for one test.
FEW = 5
# How many logged errors are remembered, to recognise them when trial reports them.
MOST = 200
CREATED, SUSPENDED = "CREATED", "SUSPENDED"
REACTOR = "twisted.internet.reactor"
Fact = dict[str, Any]


class Observer:
    """An observer from a job's first test on, which sends at once what cannot wait until the test is over.

    Args:
        send: Sends an event to the tool.
        describe: Turns a Failure into plain data.
        place: The folder that contains exercises/.
    """

    def __init__(
        self, send: Callable[..., None], describe: Callable[[Any], Fact], place: str
    ) -> None:
        from twisted.internet.base import ReactorBase
        from twisted.internet.defer import DebugInfo
        from twisted.logger import globalLogPublisher
        from twisted.python import failure

        self._send, self._describe = send, describe
        self._place = os.path.join(place, "exercises", "")
        self._failures, self._holder = failure, DebugInfo
        self._test: Any = None
        self._since = 0
        self._reactor: Any = None
        self._ran: tuple[Any, list[tuple[str, int, str]]] | None = None
        # Weak references: a Failure that is kept keeps its frames, and a test's leftovers would show up in a later test.
        self._logged: list[tuple[weakref.ref[Any], str]] = []
        self._pending: list[tuple[weakref.ref[Any], Fact]] = []
        self._warned: dict[str, Fact] = {}
        self._calls: weakref.WeakSet[Any] = weakref.WeakSet()
        globalLogPublisher.addObserver(cast(Any, self._event))
        self._watch_the_reactor(ReactorBase)

    def begin(self, test: Any) -> None:
        """Note that a test begins."""
        self._test, self._since = test, self._failures.count
        self._logged, self._pending, self._warned = [], [], {}
        self._reactor, self._ran = sys.modules.get(REACTOR), None
        self._calls = weakref.WeakSet(_delayed_calls())

    def failed(self, error: Any) -> Fact:
        """Describe an error that trial reports for this test and how it reached trial; note what is unhandled so far."""
        fact = {**self._describe(error), "how": self._how(error)}
        if "still running at" in fact["message"]:
            fact["frames"] = [*fact["frames"], *self.waits()]
        if self._test is not None:
            self._note(error)
        return fact

    def end(self, problems: list[Fact]) -> list[Fact]:
        """Note that the test is over, and return what happened besides these problems."""
        self._test = None
        if self._ran and self._ran[0] is sys.modules.get(REACTOR):
            self._send("ran", frames=self._ran[1])
        reported = [(p["exception"], p["message"]) for p in problems]
        known = {id(ref()) for ref, _ in self._logged}
        pending = [
            fact
            for ref, fact in self._pending
            if id(ref()) not in known and (fact["exception"], fact["message"]) not in reported
        ]
        # Only asynchronous tests wait for the reactor, and trial itself reports what these leave in it.
        calls = [call for call in _delayed_calls() if problems and call not in self._calls]
        timed = [_fact("", _name(call), [], "reactor") for call in calls[:FEW]]
        return [*pending[:FEW], *list(self._warned.values())[:FEW], *timed]

    def waits(self) -> list[tuple[str, int, str]]:
        """Return the frames at which the running test waits, outermost first, if one of its awaits or yields shows it."""
        name = getattr(self._test, "_testMethodName", None)
        found: dict[str, list[tuple[str, int, str]]] = {}
        for one in gc.get_objects():
            if isinstance(one, (types.CoroutineType, types.GeneratorType)):
                code, _, _, state = _state(one)
                if code.co_filename.startswith(self._place) and state == SUSPENDED:
                    found.setdefault(code.co_name, list(self._chain(one)))
        for wanted in (name, "setUp", "tearDown"):
            if wanted in found:
                return found[wanted]
        # The test waits for code of the course, which waits there.
        return max(found.values(), key=len, default=[])

    def _chain(self, one: Any) -> Iterator[tuple[str, int, str]]:
        while isinstance(one, (types.CoroutineType, types.GeneratorType)):
            code, frame, one, _ = _state(one)
            if frame is not None and code.co_filename.startswith(self._place):
                yield code.co_filename, frame.f_lineno, code.co_name

    def _how(self, error: Any) -> str:
        """Return how an error reached trial; '' if it was raised."""
        how = next((how for ref, how in self._logged if ref() is error), "")
        began_before = getattr(error, "count", self._since + 1) <= self._since
        return "earlier" if how and began_before else how

    def _note(self, error: Any) -> None:
        """Note what nothing has handled so far: failed Deferreds, and coroutines that have not begun."""
        known = {id(ref()) for ref, _ in self._pending}
        for one in gc.get_objects():
            kind = type(one)
            if kind is self._holder:
                failure = one.failResult
                if failure is None or failure.value is error.value or id(failure) in known:
                    continue
                if getattr(failure, "count", 0) > self._since:
                    known.add(id(failure))
                    fact = {**self._describe(failure), "how": "pending"}
                    self._pending.append((weakref.ref(failure), fact))
            elif kind is types.CoroutineType:
                code, _, _, state = _state(one)
                if code.co_filename.startswith(self._place) and state == CREATED:
                    at = (code.co_filename, code.co_firstlineno, code.co_name)
                    self._warn(f"coroutine '{one.__qualname__}' was never awaited", at)

    def _event(self, event: dict[str, Any]) -> None:
        """Handle a log event."""
        # twisted.python.log, which uses the second name, also logs failures that are not errors.
        failure = event.get("log_failure") or (event.get("isError") and event.get("failure"))
        if self._test is None or len(self._logged) >= MOST:
            return
        if failure:
            unhandled = event.get("log_namespace") == "twisted.internet.defer"
            self._logged.append((weakref.ref(failure), "unhandled" if unhandled else "logged"))
            if len(self._logged) <= FEW:
                # Send it at once: for a test that never ends there is no later chance.
                self._send("logged", problem={**self._describe(failure), "how": "logged"})
        elif "warning" in event and str(event.get("category")).endswith("RuntimeWarning"):
            at = (str(event.get("filename")), int(event.get("lineno") or 0), "")
            self._warn(str(event["warning"]).partition("\n")[0], at)

    def _warn(self, message: str, at: tuple[str, int, str]) -> None:
        self._warned.setdefault(message, _fact("RuntimeWarning", message, [at], "warned"))

    def _watch_the_reactor(self, base: Any) -> None:
        """Report the frames of anything but trial that runs the reactor during a test.

        A reactor that a test made itself does not count, even if the test installs it as the reactor until it is over.
        """
        start = base.startRunning

        def startRunning(reactor: Any, *arguments: Any, **more: Any) -> Any:
            if self._test is not None and reactor is sys.modules.get(REACTOR):
                frames = _outer()
                inner = os.path.join("twisted", "internet", "")
                callers = [file for file, _, _ in frames if inner not in file]
                if callers and os.path.join("twisted", "trial", "") not in callers[-1]:
                    if reactor is self._reactor:
                        self._send("ran", frames=frames)
                    else:
                        self._ran = reactor, frames
            return start(reactor, *arguments, **more)

        base.startRunning = startRunning


def _fact(exception: str, message: str, frames: list[tuple[str, int, str]], how: str) -> Fact:
    return {"exception": exception, "message": message, "frames": frames, "how": how}


def _delayed_calls() -> list[Any]:
    """Return what the real reactor, if there is one yet, has still to call."""
    # A test may have put another object in its place.
    calls = getattr(sys.modules.get(REACTOR), "getDelayedCalls", list)
    return list(calls())


def _name(call: Any) -> str:
    """Return the name of a delayed call's function, or of the function that made it."""
    function = getattr(call, "func", call)
    return str(getattr(function, "__qualname__", type(function).__name__)).partition(".<locals>")[0]


def _outer() -> list[tuple[str, int, str]]:
    """Return the frames outside the calling function, outermost first."""
    frames, frame = [], sys._getframe(2)
    while frame is not None:
        frames.append((frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name))
        frame = frame.f_back  # type: ignore[assignment]
    return frames[::-1]


def _state(one: Any) -> tuple[types.CodeType, Any, Any, str]:
    """Return a coroutine's or generator's code, its frame, what it waits for, and its state, such as CREATED."""
    if isinstance(one, types.CoroutineType):
        state = inspect.getcoroutinestate(one).removeprefix("CORO_")
        return one.cr_code, one.cr_frame, one.cr_await, state
    state = inspect.getgeneratorstate(one).removeprefix("GEN_")
    return one.gi_code, one.gi_frame, one.gi_yieldfrom, state
