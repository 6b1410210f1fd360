"""10,000 streams that nobody thought of: requests of both HTTP stages' tests, mutated, cut anywhere, with pauses between.

Whatever comes, and however the handler answers: nothing that the transport or the clock calls raises; the connection
ends within its deadlines; nothing is left on the clock after it; and what was written are whole responses, one for
each request that the handler got, in order, and at the most one refusal after them. h11, which shares nothing with
our code, reads them.
"""

from __future__ import annotations

import functools
import itertools
import re
import unittest
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from http_wire import AT_ONCE, FAILURES, LATER, TIMEOUT, Wire
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from serving import module
from twisted.trial.unittest import TestCase

EACH = 2_000
"""Streams for each of the five tests."""
LONGEST = 2_000
"""Bytes of the longest request to begin with; those that the suite makes long on purpose are left to it."""
AWKWARD = [b"\r\n", b"\r", b"\n", b"\0", b" ", b"\t", b":", b",", b"0", b"-", b"\xff", b"\r\n\r\n"]
PAUSES = [*[0] * 8, 0.5, 29, TIMEOUT - 0.1, TIMEOUT, TIMEOUT + 1]


@functools.cache
def suite() -> tuple[list[bytes], list[bytes]]:
    """What both stages' own tests send to the server, all but the longest: those that reach the handler, and the others."""
    (good, bad), (more, others) = (sent(stage) for stage in ("stage3_http", "stage3b_framing"))
    return sorted(good | more), sorted((bad | others) - good - more)


def sent(stage: str) -> tuple[set[bytes], set[bytes]]:
    """What a stage's tests send: requests that reach the handler, and others.

    They are taken down while the tests run, so that what a new test sends is in it without a further word.
    """
    conversation = module("conversation", stage).Conversation
    seen: dict[int, tuple[Any, list[bytes]]] = {}
    send = conversation.send

    def send_and_note(self: Any, *chunks: bytes) -> None:
        seen.setdefault(id(self), (self, []))[1].extend(chunks)
        send(self, *chunks)

    conversation.send = send_and_note
    good, bad = set(), set()
    try:
        folder = Path(module("conversation", stage).__file__).parent
        for path in sorted(folder.glob("test_*.py")):
            for group in unittest.defaultTestLoader.loadTestsFromModule(module(path.stem, stage)):
                for case in group:
                    if not isinstance(case, TestCase):  # those that use the reactor
                        case.run(
                            unittest.TestResult()
                        )  # whether it passes is another test's matter
                    for one, chunks in seen.values():
                        data = b"".join(chunks)
                        if len(data) <= LONGEST:
                            delivered = getattr(one.handler, "requests", [])
                            (good if delivered else bad).add(data)
                    seen.clear()
    finally:
        conversation.send = send
    return good, bad


# Drawing costs more than all that is done with a stream. So strategies are made once, and several decisions are parts of one
# number: the change of a stream, its cuts, how the handler answers. Each of these still shrinks on its own.
PLACES = 2**16
"""A place in a stream is drawn before the stream is there: it is taken modulo its length."""
NUMBER = st.binary(min_size=16, max_size=16)
KINDS = ["flip", "alter", "alter", "insert", "insert", "delete", "repeat", "splice"]
LETTERS = b"0159afgzAFGZ:;,. -+x"
SIZES = range(1, 13)
PIECE = st.sampled_from(AWKWARD) | st.binary(max_size=4)
TIMES = [2, 2, 3, 50]
MANY = st.sampled_from([0, 0, 1, 1, 2, 3])
EVENTS = list(itertools.product(PAUSES, [False, True]))
LEAVES = [None, None, None, 0, 1, 2, 4, 100]


def parts(number: bytes, *below: int) -> list[int]:
    """Numbers below these, which are parts of the one that was drawn."""
    rest, found = int.from_bytes(number, "big"), []
    for one in below:
        rest, part = divmod(rest, one)
        found.append(part)
    return found


@functools.cache
def requests() -> st.SearchStrategy[bytes]:
    """One of the suite's requests, the good ones twice as often."""
    good, bad = suite()
    return st.one_of(st.sampled_from(good), st.sampled_from(good), st.sampled_from(bad))


@st.composite
def streams(draw: st.DrawFn) -> list[bytes]:
    """Bytes of a connection, in the chunks in which they come."""
    data = b"".join([draw(requests()) for _ in range(1 + draw(MANY))])
    for _ in range(draw(MANY)):
        data = mutated(draw, data)
    count, *places = parts(draw(NUMBER), 6, *[PLACES] * 5)
    if count == 5:
        return [data[i : i + 1] for i in range(len(data))]
    cuts = sorted({place % (len(data) + 1) for place in places[:count]} | {0, len(data)})
    return [data[a:b] for a, b in itertools.pairwise(cuts)]


def mutated(draw: st.DrawFn, data: bytes) -> bytes:
    """The bytes with one change."""
    sizes = (len(KINDS), PLACES, len(SIZES), 256, len(LETTERS), len(TIMES), PLACES)
    which, place, size, byte, letter, times, there = parts(draw(NUMBER), *sizes)
    kind, size = KINDS[which], SIZES[size]
    at = place % (len(data) + 1)
    if place % 2:  # where a line begins: there are sizes, names, methods
        lines = [match.end() for match in re.finditer(rb"\n|^", data)]
        at = lines[place // 2 % len(lines)]
    before, piece, after = data[:at], data[at : at + size], data[at + size :]
    if kind == "flip":
        return before + bytes([byte]) + data[at + 1 :]
    if kind == "alter":
        return before + LETTERS[letter : letter + 1] + data[at + 1 :]
    if kind == "insert":
        return before + draw(PIECE) + data[at:]
    if kind == "delete":
        return before + after
    if kind == "repeat":
        return before + piece * TIMES[times] + after
    spliced = draw(requests())
    return before + spliced[there % (len(spliced) + 1) :]


@st.composite
def scripts(draw: st.DrawFn, kinds: tuple[str, ...]) -> dict[str, Any]:
    """A stream, what happens after each of its chunks, how the handler answers, and how it ends.

    leaves: the number of the chunk before which the client leaves; None where it stays.
    """
    chunks = draw(streams())
    leaves, reads, many, *events = parts(draw(NUMBER), len(LEAVES), 2, 5, *[len(EVENTS)] * 5)
    some, *answers = parts(draw(NUMBER), 4, *[len(kinds)] * 4)
    return {
        "chunks": chunks,
        "events": [EVENTS[one] for one in events[: many + 1]],
        "kinds": [kinds[one] for one in answers[: some + 1]],
        "leaves": LEAVES[leaves],
        "reads": bool(reads),
    }


def play(script: dict[str, Any], limits: Any = None) -> Wire:
    """Let it happen; what must never happen fails."""
    wire = Wire(script["kinds"], limits)
    for number, chunk in enumerate(script["chunks"]):
        if number == script["leaves"]:
            break
        wire.deliver(chunk)
        seconds, settle = script["events"][number % len(script["events"])]
        if settle:
            wire.settle()
        wire.wait(seconds)
    wire.end(leaves=script["leaves"] is not None, reads=script["reads"])
    wire.check()
    return wire


def run(examples: st.SearchStrategy[Any], check: Callable[[Any], Wire]) -> Counter[Any]:
    """Check so many; count what came of them, so that a test can see that it tested something."""
    seen: Counter[Any] = Counter()

    @settings(
        max_examples=EACH,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(examples)
    def check_one(example: Any) -> None:
        wire = check(example)
        seen["streams"] += 1
        seen["delivered"] += bool(wire.asked)
        seen.update({answer.status for answer in wire.answers})

    check_one()
    print(dict(seen))
    assert seen["streams"] >= EACH
    # A quarter at the least get as far as the handler; and some are refused.
    assert seen["delivered"] > seen["streams"] / 4, seen
    assert seen[400] > seen["streams"] / 10, seen
    return seen


def handlers(*kinds: str) -> st.SearchStrategy[Any]:
    """Scripts in which the handler answers in these ways."""
    return scripts(kinds)


def test_answers_at_once() -> None:
    """The handler answers at once, with all that a handler may answer."""
    seen = run(handlers(*AT_ONCE), play)
    assert min(seen[status] for status in (200, 204, 304, 404, 408)) > 5, seen


def test_answers_later() -> None:
    """The handler answers later or never, and the client leaves meanwhile, or sends on."""
    seen = run(handlers(*LATER), play)
    assert min(seen[status] for status in (200, 500, 408)) > 10, seen


def test_failures() -> None:
    """The handler fails in each way in which one can, at once or later."""
    seen = run(handlers(*AT_ONCE, *FAILURES), play)
    assert min(seen[status] for status in (200, 500)) > 100, seen


def test_small_limits() -> None:
    """Each limit is so small that many requests are beyond one."""
    limits = module("messages").Limits(line=18, fields=60, content=6)
    seen = run(handlers(*AT_ONCE, *LATER), lambda script: play(script, limits))
    assert min(seen[status] for status in (200, 413, 414, 431)) > 10, seen


def test_chunks_do_not_matter() -> None:
    """The same bytes give the same requests and the same answers, whole and in any chunks."""
    limits = module("messages").Limits(line=80, fields=120, content=6)

    def both(chunks: list[bytes]) -> Wire:
        cut, whole = Wire(["now"], limits), Wire(["now"], limits)
        for chunk in chunks:
            cut.deliver(chunk)
        whole.deliver(b"".join(chunks))
        for wire in (cut, whole):
            wire.end(leaves=False, reads=True)
            wire.check()
        assert cut.asked == whole.asked
        assert [a.status for a in cut.answers] == [a.status for a in whole.answers]
        return cut

    seen = run(streams(), both)
    assert min(seen[status] for status in (200, 413, 414, 431)) > 0, seen
