"""The IPython extension for the notebooks: a real reactor in the kernel's own loop, and trial for the tests of a cell.

    %load_ext workshop.notebook

provides:

    reactor               Twisted's asyncio reactor, which runs between cells, and while a cell awaits
    await within(5, d)    the result of a Deferred or a coroutine, or TimeoutError after so many seconds, with what was
                          waited for. An await without it cannot wait for a Deferred, and says so
    %%trial [options]     runs the cell's TestCases with trial, in a process of their own; options are trial's, and
                          --limit SECONDS for all of it. Settings of the simulated network may come first:
                          SIMULATED_SEED=7 SIMULATED_WEATHER=windy --reactor=simulated
    %places [title]       a picture of where the last %%trial's tests ran, for cases named Contract_REACTOR_KIND
    %nothing_left         the last cell: fails if the reactor has something left, or a callback has raised

The reactor runs as long as the kernel: reactor.run() and reactor.stop() do nothing, and say so.

An exception in a callback, which Twisted would only log, fails the running cell or, if none is running, the next one. What
a callback prints after its cell has ended is in no cell's stored output: the last cell reports it.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import gc
import shlex
import sys
import threading
from collections.abc import Awaitable, Callable
from typing import Any

from twisted.logger import globalLogBeginner, globalLogPublisher

from workshop.notebook import cell
from workshop.notebook.cell import CellTrouble
from workshop.notebook.colour import show
from workshop.notebook.waits import bare_await, within

NAMES = ("reactor", "within")
STAYS = (
    "did nothing: this reactor is the notebook's own, and runs as long as the kernel does. Go on with the next cell."
    " Ports and connections stay open until you close them. To test code that stops its reactor, use %%trial"
)
INSTEAD = {
    "run": "did nothing: the notebook's reactor runs already. Leave this call out, and use await within(5, ...) to wait",
    "stop": STAYS,
    "crash": STAYS,
}
"""What the reactor's methods say that would begin or end its run."""
RESTART = "Restart the kernel, and let %load_ext workshop.notebook be the first cell"


class Left(Exception):
    """Something that a notebook has left in the reactor."""

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]


class Unusable(Left):
    """Why this kernel can have no reactor, or why a magic cannot be carried out."""


class NoVerdict(Left):
    """Why a cell's tests have no verdict."""


def load_ipython_extension(shell: Any) -> None:
    """Start the reactor and register the magics; IPython calls this for %load_ext."""
    reactor = _reactor()
    if cell.WARM is not None:
        cell.WARM.start()
    watch = CallbackWatch(shell)
    shell.workshop_watch = watch
    watch.begin()
    shell.push({"reactor": reactor, "within": within})
    shell.register_magic_function(functools.partial(_trial, watch), "cell", "trial")
    shell.register_magic_function(functools.partial(_places, watch), "line", "places")
    shell.register_magic_function(
        functools.partial(_nothing_left, reactor, watch), "line", "nothing_left"
    )


def unload_ipython_extension(shell: Any) -> None:
    """Undo load_ipython_extension. The reactor keeps running: a process has one all its life."""
    shell.workshop_watch.end()
    if cell.WARM is not None:
        cell.WARM.stop()
    shell.drop_by_id({name: shell.user_ns.get(name) for name in NAMES})
    shell.magics_manager.magics["cell"].pop("trial", None)
    for name in ("places", "nothing_left"):
        shell.magics_manager.magics["line"].pop(name, None)


def _reactor() -> Any:
    """Install Twisted's reactor over the kernel's own loop, start it, and return it."""
    from twisted.internet import asyncioreactor

    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        raise Unusable("This shell has no running event loop: use a notebook.") from None
    if "twisted.internet.reactor" not in sys.modules:
        try:
            asyncioreactor.install(loop)
        except TypeError as error:
            raise Unusable(f"Twisted cannot use this kernel's event loop: {error}") from None
    from twisted.internet import reactor as installed

    reactor: Any = installed
    if getattr(reactor, "_asyncioEventloop", None) is not loop:
        raise Unusable(
            f"Another reactor is installed already ({type(reactor).__name__}). {RESTART}."
        )
    if not reactor.running:
        reactor.startRunning(installSignalHandlers=False)
        # They would end the kernel's loop, and with it the kernel.
        for name, instead in INSTEAD.items():
            setattr(reactor, name, functools.partial(_refuse, name, instead))
        # A thread of the pool that still waits must not keep the kernel from ending.
        reactor.getThreadPool().threadFactory = functools.partial(threading.Thread, daemon=True)
    return reactor


def _refuse(name: str, instead: str, *words: Any, **named: Any) -> None:
    raise Unusable(f"reactor.{name}() {instead}.")


CELL: contextvars.ContextVar[int] = contextvars.ContextVar("cell")
"""The number of the cell that the running code belongs to. What a cell schedules runs in a copy of the cell's context."""


class CallbackWatch:
    """A listener to Twisted's log that fails cells with exceptions, and notes what is printed too late.

    ``printed``: the output of the last %%trial, if its tests had a verdict.
    """

    def __init__(self, shell: Any) -> None:
        self.failures: list[Any] = []
        self.late: list[str] = []
        self.printed = ""
        self._writes: list[tuple[Any, Any]] = []
        self._cells = 0
        self._running: int | None = None
        self._shell = shell
        self._run: Callable[..., Awaitable[Any]] = shell.run_ast_nodes
        self._show: Callable[..., None] = shell.showtraceback
        self._observer: Any = self._observe

    def begin(self) -> None:
        """Start listening."""
        # Otherwise Twisted, whose log nothing has begun, prints failures between the notebook's own output.
        globalLogBeginner.beginLoggingTo([], discardBuffer=True, redirectStandardIO=False)
        globalLogPublisher.addObserver(self._observer)
        self._shell.run_ast_nodes = self._run_ast_nodes
        self._shell.showtraceback = self._showtraceback
        # Not now: while a cell runs, IPython has its own write there, and then restores the previous one.
        asyncio.get_running_loop().call_soon(self._listen)

    def _listen(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            self._writes.append((stream, stream.write))
            stream.write = functools.partial(self._write, stream.write)  # type: ignore[method-assign]

    def end(self) -> None:
        """Stop listening."""
        globalLogPublisher.removeObserver(self._observer)
        self._shell.run_ast_nodes = self._run
        self._shell.showtraceback = self._show
        for stream, write in self._writes:
            stream.write = write

    def _write(self, write: Callable[[str], Any], text: str) -> Any:
        if CELL.get(self._running) != self._running and text.strip():
            self.late.append(text)
        return write(text)

    def _observe(self, event: Any) -> None:
        failure = event.get("log_failure") or event.get("failure")
        if failure is not None:
            self.failures.append(failure)

    async def _run_ast_nodes(self, nodes: Any, *words: Any, **named: Any) -> Any:
        """Run a cell's statements as IPython does, and return whether they raised an exception."""
        self._cells += 1
        self._running = self._cells
        CELL.set(self._cells)
        try:
            return await self._run_and_report(nodes, *words, **named)
        finally:
            self._running = None

    def _showtraceback(self, exc_tuple: Any = None, *words: Any, **named: Any) -> None:
        """Show an exception as IPython does; instead of asyncio's about a Deferred, say what to write."""
        instead = bare_await(exc_tuple[1] if exc_tuple else sys.exc_info()[1])
        if instead:
            exc_tuple = Unusable, Unusable(instead), None
        self._show(exc_tuple, *words, **named)

    async def _run_and_report(self, nodes: Any, *words: Any, **named: Any) -> Any:
        early = len(self.failures)
        raised = await self._run(nodes, *words, **named)
        info = getattr(named.get("result"), "info", None)
        if not self.failures or getattr(info, "silent", False):
            return raised
        failures, self.failures = self.failures, []
        if raised:
            # The cell has its own exception to show.
            for failure in failures:
                print(f"In a callback: {_words(failure)}", file=sys.stderr)
            return raised
        when = "since the cell before ended" if early else "while this cell ran"
        for failure in failures[1:]:
            print(f"In a callback: {_words(failure)}", file=sys.stderr)
        print(f"In a callback, {when}:", file=sys.stderr)
        error = failures[0].value
        self._shell.showtraceback((type(error), error, error.__traceback__))
        if named.get("result") is not None:
            named["result"].error_in_exec = error
        return True


def _words(failure: Any) -> str:
    return f"{failure.type.__name__}: {failure.getErrorMessage()}"


def _trial(watch: CallbackWatch, line: str, source: str) -> None:
    """Run the cell's TestCases with trial, in a separate process, and print its output."""
    limit, watch.printed = cell.LIMIT, ""
    try:
        words = shlex.split(line)
        if "--limit" in words:
            at = words.index("--limit")
            limit = float(words[at + 1])
            del words[at : at + 2]
        if not 0 < limit <= 300:
            raise ValueError("--limit takes a number of seconds, at most 300")
    except (ValueError, IndexError) as error:
        raise Unusable(f"%%trial {line}: {error}") from None
    try:
        printed = cell.run(source, words, limit)
    except CellTrouble as trouble:
        show(trouble.printed)
        raise NoVerdict(str(trouble)) from None
    watch.printed = printed
    show(printed)


def _places(watch: CallbackWatch, line: str) -> None:
    """Show where the tests of the last %%trial ran. The magic's line is the picture's title."""
    from IPython.display import display

    from workshop.pictures import places
    from workshop.pictures.places import ran

    try:
        picture = places(ran(watch.printed), line or "Where the tests ran")
    except ValueError as error:
        raise Unusable(f"%places: {error}.") from None
    display(picture)  # type: ignore[no-untyped-call]


def _nothing_left(reactor: Any, watch: CallbackWatch, line: str = "") -> None:
    """Fail if something is left in the reactor. It is removed, so that the notebook can be run again."""
    # A failed Deferred that nothing has handled is logged when it is deleted.
    gc.collect()
    left = [_call(call) for call in reactor.getDelayedCalls()]
    for call in reactor.getDelayedCalls():
        call.cancel()
    for one in reactor.removeAll():
        left.append(cell.plain(repr(one)))
        close = getattr(one, "connectionLost", None)
        if close is not None and hasattr(one, "socket"):
            one.socket.close()
    late, watch.late[:] = list(watch.late), []
    if left:
        raise Left(f"in the reactor: {'; '.join(sorted(left))}")
    if late:
        raise Left(
            f"printed after its cell had ended: {late[0]!r}. Append it to a list, and print that in a later cell"
        )
    if not watch.failures:
        print(
            "Nothing is left: no delayed call, no port, no connection, no exception in a callback."
        )


def _call(call: Any) -> str:
    return f"a delayed call of {getattr(call.func, '__qualname__', repr(call.func))}"
