"""The Clock that remembers, and the picture of what happened on it."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.error import AlreadyCalled, AlreadyCancelled
from twisted.internet.task import Clock, LoopingCall

from workshop.pictures import Recorded

SVG = "{http://www.w3.org/2000/svg}"


def tick() -> None:
    """Something to call."""


def reported(clock: Recorded, **names: str) -> list[str]:
    """What a picture of a clock says, without its title."""
    return repr(clock.picture("A title", names)).splitlines()[1:]


def drive(clock: Clock) -> list[object]:
    """Do with a clock whatever can be done with it. Returns what happened."""
    seen: list[object] = []

    def again(left: int) -> None:
        seen.append((clock.seconds(), left))
        if left:
            clock.callLater(1, again, left=left - 1)

    again(3)
    moved, earlier, later = (clock.callLater(5, seen.append, x) for x in ("moved", "early", "late"))
    moved.reset(7)
    earlier.reset(1)
    later.delay(2.5)
    gone = clock.callLater(2, seen.append, "gone")
    clock.advance(0.5)
    gone.cancel()
    for raises in (gone.cancel, lambda: gone.reset(1), lambda: gone.delay(1)):
        try:
            raises()
        except AlreadyCancelled as error:
            seen.append(type(error))
    clock.pump([0.5, 4, 2])
    try:
        earlier.cancel()
    except AlreadyCalled as error:
        seen.append(type(error))
    seen.append([call.getTime() for call in clock.getDelayedCalls()])
    return seen


def test_is_a_clock() -> None:
    """What is recorded happens exactly as on Twisted's own Clock."""
    seen = drive(Recorded())
    assert seen == drive(Clock())
    assert seen.count(AlreadyCancelled) == 3 and AlreadyCalled in seen


def test_fates() -> None:
    """A call was called when due, or late, or cancelled, or waits; and it may have been moved."""
    clock = Recorded()
    for after in (1, 1.5):
        clock.callLater(after, tick)
    clock.callLater(4, partial(int, "4"))
    gone, moved = clock.callLater(9, lambda: None), clock.callLater(3, str)
    clock.pump([1, 1])
    gone.cancel()
    moved.reset(8)
    moved.delay(2)
    assert reported(clock) == [
        "time stops: at 1 s, 2 s.",
        "tick: asked for at 0 s, due at 1 s: called at 1 s; asked for at 0 s, due at 1.5 s: called at 2 s, 0.5 s late.",
        "int: asked for at 0 s, due at 4 s: still waits.",
        "lambda: asked for at 0 s, due at 9 s: cancelled at 2 s.",
        "str: asked for at 0 s, due at 3 s, moved 2 times, at last to 12 s: still waits.",
    ]


def test_fractions_are_not_late() -> None:
    """Three steps of a tenth are three tenths, though their sum as floats is a little more."""
    clock = Recorded()
    clock.callLater(0.3, tick)
    clock.pump([0.1] * 3)
    assert clock.seconds() > 0.3
    assert reported(clock)[1] == "tick: asked for at 0 s, due at 0.3 s: called at 0.3 s."


def test_many_calls_are_counted() -> None:
    """More than a few calls of one name are counted by their fates."""
    clock = Recorded()
    loop = LoopingCall(tick)
    loop.clock = clock
    loop.start(1)
    clock.pump([1] * 9)
    calls = [clock.callLater(5, tick) for _ in range(4)]
    calls[0].cancel()
    loop.stop()
    assert reported(clock) == [
        "time stops: 9 times, from 1 s to 9 s.",
        "LoopingCall: 10 calls: 9 called when due, 1 cancelled.",
        "tick: 4 calls: 1 cancelled, 3 waiting still.",
    ]


def test_names() -> None:
    """A call may be shown with another name, notes have their own, and a long name is cut."""
    clock = Recorded()
    Deferred().addTimeout(3, clock)  # type: ignore[var-annotated]
    clock.note("a byte")
    clock.advance(1)
    clock.note("a byte")
    clock.note("x" * 80)
    assert reported(clock, timeItOut="the <deadline>")[1:] == [
        "a byte: at 0 s, 1 s.",
        f"{'x' * 23}...: at 1 s.",
        "the <deadline>: asked for at 0 s, due at 3 s: still waits.",
    ]


def test_nothing_happened() -> None:
    """A clock on which nothing happened can be drawn."""
    assert reported(Recorded()) == ["time stops: never."]
    ElementTree.fromstring(Recorded().picture("Nothing").svg)


def story(change: Callable[[Recorded, Any], object] = lambda clock, call: None) -> str:
    """The picture of a small record, and of one that differs."""
    clock = Recorded()
    call = clock.callLater(3, tick)
    clock.advance(1)
    change(clock, call)
    clock.advance(1)
    return clock.picture("A <title>").svg


def test_same_record_same_bytes() -> None:
    """The same record gives the same picture; each change of it another one."""
    changes: list[Callable[[Recorded, Any], object]] = [
        lambda clock, call: call.cancel(),
        lambda clock, call: call.reset(3),
        lambda clock, call: call.reset(1),
        lambda clock, call: clock.note("a byte"),
        lambda clock, call: clock.callLater(1, tick),
        lambda clock, call: clock.advance(1),
    ]
    pictures = [story(), *map(story, changes)]
    assert [story(), *map(story, changes)] == pictures
    assert len(set(pictures)) == len(pictures)


def test_picture_tells_the_same() -> None:
    """The picture has the words in it, as a description and to read, and a sign for each fate."""
    tree = ElementTree.fromstring(story(lambda clock, call: call.cancel()))
    words = [element.text for element in tree.iter(f"{SVG}text")]
    reported = "asked for at 0 s, due at 3 s: cancelled at 1 s"
    assert f"tick: {reported}." in str(tree.findtext(f"{SVG}desc"))
    assert tree.findtext(f"{SVG}title") == "A <title>" and "A <title>" in words
    # A number and its unit are kept together where they are drawn.
    assert re.sub(r"(?<=\d) ", "\u00a0", reported) in words
    for sign in ("asked for", "due, and not called then", "called", "cancelled", "still waits"):
        assert sign in words
    cross = "M-5 -5l10 10m0 -10l-10 10"
    assert story(lambda clock, call: call.cancel()).count(cross) == story().count(cross) + 1


def test_lanes() -> None:
    """Calls of one name that wait at the same time are drawn one below the other; else in one line."""

    def height(*delays: float) -> int:
        clock = Recorded()
        for delay in delays:
            clock.callLater(delay, tick)
            clock.advance(1)
        svg = ElementTree.fromstring(clock.picture("A title").svg)
        return int(svg.get("height", "0"))

    assert height(1, 1) == height(0.5, 1)
    assert height(2, 1) == height(1, 1) + 20


@pytest.mark.parametrize("seconds", [-1, -0.001])
def test_time_does_not_go_back(seconds: float) -> None:
    """Neither a delay nor a step of time is below 0; nothing is recorded of one that is."""
    clock = Recorded()
    with pytest.raises(ValueError, match=r"in 0 seconds or later, and not in -"):
        clock.callLater(seconds, tick)
    with pytest.raises(ValueError, match=r"time goes on, and not by -"):
        clock.advance(seconds)
    assert reported(clock) == ["time stops: never."] and clock.seconds() == 0


def test_an_exception_passes() -> None:
    """What a call raises comes out of advance, as on a Clock, and the call was called."""
    clock = Recorded()
    clock.callLater(1, int, "x")
    with pytest.raises(ValueError, match="invalid literal"):
        clock.advance(1)
    assert reported(clock)[1] == "int: asked for at 0 s, due at 1 s: called at 1 s."
