"""What a cell waits for: a Deferred or a coroutine, for a bounded time; and what is said if there is no result.

await within(5, client.over)
TimeoutError: no result after 5 s from client.over
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import linecache
from collections.abc import Awaitable, Callable
from types import FrameType, TracebackType
from typing import Any

from twisted.internet.defer import Deferred


async def within(seconds: float, what: Deferred[Any] | Awaitable[Any]) -> Any:
    """Return the result of a Deferred or a coroutine; after so many seconds, cancel it and raise TimeoutError.

    The error names what the caller waited for and, for a coroutine, the line at which it waits.
    """
    caller = inspect.currentframe()
    name = _argument(caller.f_back if caller else None)
    coroutine = None
    if not isinstance(what, Deferred):
        if not asyncio.iscoroutine(what):
            raise TypeError(f"within(seconds, what) waits for a Deferred or a coroutine: {what!r}")
        coroutine, what = what, Deferred.fromCoroutine(what)
    future = what.asFuture(asyncio.get_running_loop())
    try:
        await asyncio.wait([future], timeout=seconds)
        if future.done():
            return future.result()
        # Before it is cancelled: then it waits no longer.
        place = _waits_at(coroutine)
    finally:
        if not future.done():
            future.cancel()
            # The future passes this on to the Deferred in the loop's next turn.
            await asyncio.sleep(0)
    raise TimeoutError(f"no result after {seconds:g} s{name and f' from {name}'}{place}")


def bare_await(error: BaseException | None) -> str | None:
    """Say what to write instead of a bare ``await`` of a Deferred, if that is what has raised this; else return None."""
    if not isinstance(error, RuntimeError) or "got bad yield: <Deferred" not in str(error):
        return None
    awaited = _awaited(error.__traceback__) or "..."
    return (
        "await alone cannot wait for a Deferred here, since a cell runs in asyncio's loop."
        f" Write: await within(5, {awaited}). That waits for 5 seconds at most."
    )


def _waits_at(coroutine: Any) -> str:
    """Say at which line a coroutine waits, as the end of a sentence: the innermost of those that await each other."""
    last: FrameType | None = None
    while inspect.iscoroutine(coroutine):
        last, coroutine = coroutine.cr_frame or last, coroutine.cr_await
    if last is None:
        return ""
    line = linecache.getline(last.f_code.co_filename, last.f_lineno).strip()
    return f"; {last.f_code.co_name} waits{line and f' at: {line}'}"


def _argument(frame: FrameType | None) -> str:
    """Return the source of the second argument of the call of ``within`` that this frame is at; "" if it is not found."""

    def argument(node: ast.AST) -> ast.AST | None:
        called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        if called and node.func.id == "within" and len(node.args) == 2:  # type: ignore[attr-defined]
            return node.args[1]  # type: ignore[attr-defined, no-any-return]
        return None

    return _source(frame.f_code.co_filename, frame.f_lineno, argument) if frame else ""


def _awaited(trace: TracebackType | None) -> str:
    """Return the source of what the cell itself awaits; "" if it is not found."""
    while trace is not None:
        file, line = trace.tb_frame.f_code.co_filename, trace.tb_lineno
        if trace.tb_frame.f_code.co_flags & inspect.CO_COROUTINE and _is_cell(trace.tb_frame):
            return _source(
                file, line, lambda one: one.value if isinstance(one, ast.Await) else None
            )
        trace = trace.tb_next
    return ""


def _is_cell(frame: FrameType) -> bool:
    return frame.f_code.co_name.startswith("<") and frame.f_globals.get("__name__") == "__main__"


def _source(file: str, line: int, wanted: Callable[[ast.AST], ast.AST | None]) -> str:
    """Return the source of the only wanted part of a file's line; "" if there is none, or more than one."""
    text = "".join(linecache.getlines(file))
    try:
        tree = ast.parse(text)
    except SyntaxError:  # a magic is no Python
        return ""
    found = [
        part
        for node in ast.walk(tree)
        if getattr(node, "lineno", 0) <= line <= (getattr(node, "end_lineno", None) or 0)
        and (part := wanted(node)) is not None
    ]
    segment = ast.get_source_segment(text, found[0]) if len(found) == 1 else None
    return " ".join((segment or "").split())
