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
SUSPENDABLE: dict[type, Any] = {
    CoroutineType: ("cr_frame", inspect.getcoroutinestate),
    GeneratorType: ("gi_frame", inspect.getgeneratorstate),
}


def is_limit_of_trial(call: Any) -> bool:
    """Whether a delayed call is trial's own timeout of a test."""
    return getattr(call.func, "__module__", "") == "twisted.trial._asynctest"


def frames(test: Any) -> list[FrameType]:
    """Where the coroutines and generators of a test's file are suspended, but for those that other tests have left."""
    file = getattr(sys.modules.get(type(test).__module__), "__file__", None)
    found = []
    # type() and not isinstance(): there are a hundred thousand objects.
    for one in [one for one in gc.get_objects() if type(one) in SUSPENDABLE]:
        name, state = SUSPENDABLE[type(one)]
        frame = getattr(one, name)
        if frame and frame.f_code.co_filename == file and state(one).endswith("SUSPENDED"):
            itself = frame.f_locals.get("self")
            if itself is test or not isinstance(itself, TestCase):
                found.append(frame)
    return sorted(found, key=lambda frame: frame.f_lineno)


def of_socket(one: Any) -> str:
    """One socket in words."""
    owner = one.owner
    if one.waiting is not None:
        return f"{one.label} listens: {owner!r}"
    if owner is None:
        return f"{one.label} is open, not accepted"
    if one.connecting:
        return f"{one.label} is connecting to {owner.addr}"
    facts = {
        f"{len(one.inbox)} bytes not read": one.inbox,
        "it does not read (paused?)": owner not in owner.reactor.getReaders(),
        "its peer does not read, so its bytes wait": not one.writable
        and owner in owner.reactor.getWriters(),
        "its peer has ended": one.ended,
        "it has ended its half": one.shut_write,
    }
    protocol = owner.protocol
    for wrapper in ("wrappedProtocol", "_wrappedProtocol"):  # of TLS, of an endpoint
        protocol = getattr(protocol, wrapper, None) or protocol
    words = ", ".join(words for words, true in facts.items() if true)
    return f"{one.label} ({type(protocol).__name__}) is open" + f": {words}" * bool(words)


def waits(reactor: Any) -> str:
    """Who waits, and what is open. The rest of a sentence, and lines below it."""
    who, lines = "the reactor still runs.", []
    if reactor.test is not None:
        who = f"{reactor.test.id()} still waits."
        for frame in frames(reactor.test)[:MOST_LINES]:
            name = Path(frame.f_code.co_filename).name
            lines.append(f"{frame.f_code.co_name} waits at {name}, line {frame.f_lineno}")
        lines = lines or ["a Deferred that it returned never fires"]
        others = [one.name for one in threading.enumerate() if one is not threading.main_thread()]
        if others:
            does = "real threads run, for which the simulation does not wait"
            lines.append(f"{does}: {', '.join(others)}")
    sockets = [of_socket(one) for one in list(reactor.network.sockets)[:MOST_LINES]]
    lines += sockets or ["no port and no connection is open"]
    return who + "".join(f"\n  {line}" for line in lines)
