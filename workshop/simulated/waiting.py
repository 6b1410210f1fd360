"""Who waits, and what is open, in words: for a test that cannot end."""

from __future__ import annotations

import gc
import inspect
import sys
import threading
from pathlib import Path
from types import CoroutineType, FrameType, GeneratorType
from typing import Any
from unittest import TestCase

MOST_LINES = 8
SUSPENDABLE = {CoroutineType, GeneratorType}


def is_limit_of_trial(call: Any) -> bool:
    """Whether a delayed call is trial's own timeout of a test."""
    func = call.func
    where = getattr(func, "__module__", ""), getattr(func, "__name__", "")
    return where == ("twisted.trial._asynctest", "onTimeout")


def frames(test: Any) -> list[FrameType]:
    """Where the coroutines and generators of a test's file are suspended: what each of them awaits is at this line.

    Those of other tests, which may be left from earlier, are left out.
    """
    file = getattr(sys.modules.get(type(test).__module__), "__file__", None)
    found = []
    # type() and not isinstance(): there are a hundred thousand objects.
    for one in [one for one in gc.get_objects() if type(one) in SUSPENDABLE]:
        if isinstance(one, CoroutineType) and inspect.getcoroutinestate(one) == "CORO_SUSPENDED":
            frame = one.cr_frame
        elif isinstance(one, GeneratorType) and inspect.getgeneratorstate(one) == "GEN_SUSPENDED":
            frame = one.gi_frame
        else:
            continue
        if frame is not None and frame.f_code.co_filename == file:
            itself = frame.f_locals.get("self")
            if itself is test or not isinstance(itself, TestCase):
                found.append(frame)
    return sorted(found, key=lambda frame: frame.f_lineno)


def of_socket(one: Any) -> str:
    """One socket in words."""
    reactor = one.owner.reactor if one.owner is not None else None
    if one.waiting is not None:
        return f"{one.label} listens: {one.owner!r}"
    if one.connecting:
        return f"{one.label} is connecting to {one.owner.addr if one.owner else 'somewhere'}"
    words = []
    if one.inbox:
        words.append(f"{len(one.inbox)} bytes not read")
    if reactor is not None and one.owner not in reactor.getReaders():
        words.append("it does not read (paused?)")
    if reactor is not None and one.owner in reactor.getWriters() and not one.writable:
        words.append("its peer does not read, so its bytes wait")
    if one.ended:
        words.append("its peer has ended")
    if one.shut_write:
        words.append("it has ended its half")
    protocol = getattr(one.owner, "protocol", None)
    for wrapper in ("wrappedProtocol", "_wrappedProtocol"):  # of TLS, of an endpoint
        protocol = getattr(protocol, wrapper, None) or protocol
    who = (
        f"{one.label} ({type(protocol).__name__})"
        if one.owner is not None
        else f"{one.label}, not accepted"
    )
    return f"{who} is open" + (": " + ", ".join(words) if words else "")


def waits(reactor: Any) -> str:
    """Who waits, and what is open. The rest of a sentence, and lines below it."""
    test = reactor.test
    lines = []
    if test is None:
        who = "the reactor still runs."
    else:
        who = f"{test.id()} still waits."
        for frame in frames(test)[:MOST_LINES]:
            name = Path(frame.f_code.co_filename).name
            lines.append(f"{frame.f_code.co_name} waits at {name}, line {frame.f_lineno}")
        if not lines:
            lines.append("a Deferred that it returned never fires")
    lines += [of_socket(one) for one in list(reactor.network.sockets)[:MOST_LINES]]
    if not reactor.network.sockets:
        lines.append("no port and no connection is open")
    others = [one.name for one in threading.enumerate() if one is not threading.main_thread()]
    if others and test is not None:
        lines.append(
            f"real threads run, for which the simulation does not wait: {', '.join(others)}"
        )
    return who + "".join(f"\n  {line}" for line in lines)
