"""What happens while a test runs and is not raised to it, though it may be why it fails.

Errors that are logged; Deferreds that failed with nobody to take it; coroutines that nobody awaits; where a test waits; who
runs the reactor. The child imports this from beside it, before any reactor is installed.
"""

import gc
import inspect
import os
import sys
import types
import weakref
from collections.abc import Callable, Iterator
from typing import Any, cast

# How many are told of one test, of each kind.
FEW = 5
# How many logged errors are known again when trial tells them.
MOST = 200
CREATED, SUSPENDED = "CREATED", "SUSPENDED"
REACTOR = "twisted.internet.reactor"
Fact = dict[str, Any]


class Heard:
    """Listens from the first test of a job on, and sends what cannot wait until the test is over.

    Parameters:
        send: tells the tool of an event.
        describe: a Failure as plain data.
        place: the folder that has exercises/.
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
        # Weakly: a Failure that is kept keeps its frames, and what a test leaves would then be noticed in another one.
        self._logged: list[tuple[weakref.ref[Any], str]] = []
        self._unheard: list[tuple[weakref.ref[Any], Fact]] = []
        self._warned: dict[str, Fact] = {}
        globalLogPublisher.addObserver(cast(Any, self._event))
        self._watch_the_reactor(ReactorBase)

    def begin(self, test: Any) -> None:
        """This test begins."""
        self._test, self._since = test, self._failures.count
        self._logged, self._unheard, self._warned = [], [], {}
        self._reactor, self._ran = sys.modules.get(REACTOR), None

    def failed(self, error: Any) -> Fact:
        """What trial tells as an error of this test, with how it came to trial; and all that is there now is noted."""
        fact = {**self._describe(error), "how": self._how(error)}
        if "still running at" in fact["message"]:
            fact["frames"] = [*fact["frames"], *self.waits()]
        if self._test is not None:
            self._note(error)
        return fact

    def end(self, problems: list[Fact]) -> list[Fact]:
        """The test is over: what happened besides these problems."""
        self._test = None
        if self._ran and self._ran[0] is sys.modules.get(REACTOR):
            self._send("ran", frames=self._ran[1])
        told = [(p["exception"], p["message"]) for p in problems]
        known = {id(ref()) for ref, _ in self._logged}
        unheard = [
            fact
            for ref, fact in self._unheard
            if id(ref()) not in known and (fact["exception"], fact["message"]) not in told
        ]
        return [*unheard[:FEW], *list(self._warned.values())[:FEW]]

    def waits(self) -> list[tuple[str, int, str]]:
        """Where the running test waits, if an await or a yield of it tells: the frames, outermost first."""
        name = getattr(self._test, "_testMethodName", None)
        found: dict[str, list[tuple[str, int, str]]] = {}
        for one in gc.get_objects():
            if isinstance(one, (types.CoroutineType, types.GeneratorType)):
                code = _code(one)
                if code.co_filename.startswith(self._place) and _state(one) == SUSPENDED:
                    found.setdefault(code.co_name, list(self._chain(one)))
        for wanted in (name, "setUp", "tearDown"):
            if wanted in found:
                return found[wanted]
        # The test waits for what code of the course's has begun, and that waits there.
        return max(found.values(), key=len, default=[])

    def _chain(self, one: Any) -> Iterator[tuple[str, int, str]]:
        while isinstance(one, (types.CoroutineType, types.GeneratorType)):
            code, frame = _code(one), _frame(one)
            if frame is not None and code.co_filename.startswith(self._place):
                yield code.co_filename, frame.f_lineno, code.co_name
            one = one.cr_await if isinstance(one, types.CoroutineType) else one.gi_yieldfrom

    def _how(self, error: Any) -> str:
        """By which way an error came to trial: '' where it was raised."""
        how = next((how for ref, how in self._logged if ref() is error), "")
        began_before = getattr(error, "count", self._since + 1) <= self._since
        return "earlier" if how and began_before else how

    def _note(self, error: Any) -> None:
        """Note what nobody has heard of: Deferreds that have failed, coroutines that have not begun."""
        known = {id(ref()) for ref, _ in self._unheard}
        for one in gc.get_objects():
            kind = type(one)
            if kind is self._holder:
                failure = one.failResult
                if failure is None or failure.value is error.value or id(failure) in known:
                    continue
                if getattr(failure, "count", 0) > self._since:
                    known.add(id(failure))
                    fact = {**self._describe(failure), "how": "unheard"}
                    self._unheard.append((weakref.ref(failure), fact))
            elif kind is types.CoroutineType:
                code = one.cr_code
                if code.co_filename.startswith(self._place) and _state(one) == CREATED:
                    at = (code.co_filename, code.co_firstlineno, code.co_name)
                    self._warn(f"coroutine '{one.__qualname__}' was never awaited", at)

    def _event(self, event: dict[str, Any]) -> None:
        """Something was logged."""
        # twisted.python.log, which has the second name, tells of failures that are no errors too.
        failure = event.get("log_failure") or (event.get("isError") and event.get("failure"))
        if self._test is None or len(self._logged) >= MOST:
            return
        if failure:
            unhandled = event.get("log_namespace") == "twisted.internet.defer"
            self._logged.append((weakref.ref(failure), "unhandled" if unhandled else "logged"))
            if len(self._logged) <= FEW:
                # At once: a test that never ends has no other chance.
                self._send("logged", problem={**self._describe(failure), "how": "logged"})
        elif "warning" in event and str(event.get("category")).endswith("RuntimeWarning"):
            at = (str(event.get("filename")), int(event.get("lineno") or 0), "")
            self._warn(str(event["warning"]).partition("\n")[0], at)

    def _warn(self, message: str, at: tuple[str, int, str]) -> None:
        fact = {"exception": "RuntimeWarning", "message": message, "frames": [at], "how": "warned"}
        self._warned.setdefault(message, fact)

    def _watch_the_reactor(self, base: Any) -> None:
        """Tell where anybody but trial runs the reactor while a test runs.

        One that a test made itself is its own, also where the test lets it stand for the reactor until it is over.
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


def _outer() -> list[tuple[str, int, str]]:
    """The frames outside of the function that calls this, outermost first."""
    frames, frame = [], sys._getframe(2)
    while frame is not None:
        frames.append((frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name))
        frame = frame.f_back  # type: ignore[assignment]
    return frames[::-1]


def _code(one: Any) -> types.CodeType:
    code: types.CodeType = one.cr_code if isinstance(one, types.CoroutineType) else one.gi_code
    return code


def _frame(one: Any) -> Any:
    return one.cr_frame if isinstance(one, types.CoroutineType) else one.gi_frame


def _state(one: Any) -> str:
    """CREATED, RUNNING, SUSPENDED or CLOSED."""
    if isinstance(one, types.CoroutineType):
        return inspect.getcoroutinestate(one).removeprefix("CORO_")
    return inspect.getgeneratorstate(one).removeprefix("GEN_")
