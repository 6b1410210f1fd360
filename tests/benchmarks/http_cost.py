"""What bytes cost the solved HTTP stage: time as they double, and the memory of those who send slowly for ever.

    python tests/benchmarks/http_cost.py
    python tests/benchmarks/http_cost.py --rounds 5 --connections 200

For each way to send, the processor's time for twice the bytes against that for the bytes (bound 2.2 for each
doubling): the shortest of several rounds, the two sizes in turn. A cost in proportion to the bytes doubles; one in
proportion to their square takes four times as long. Then the most memory that 1,000 connections take together, while
their clients send, a little at a time, requests that never end (bound: the limits of each, plus 1 MiB for all). No
network: only our code is measured.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from serving import module
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

KIB, MIB = 1024, 1024 * 1024
PACKET = 1460
READ = 64 * KIB  # what Twisted's TCP transports read at a time
HOST = b"POST / HTTP/1.1\r\nHost: a\r\n"


class Transport:
    """Counts what is written, and keeps none of it."""

    written = 0
    paused = closing = False

    def write(self, data: bytes) -> None:
        self.written += len(data)

    def loseConnection(self) -> None:
        self.closing = True

    abortConnection = loseConnection

    def pauseProducing(self) -> None:
        self.paused = True

    def resumeProducing(self) -> None:
        self.paused = False


def connect(handler: Callable[[Any], Any], limits: Any = None) -> tuple[Any, Transport]:
    """A connection to a new server."""
    transport = Transport()
    protocol = module("server").HTTPFactory(handler, Clock(), 60, limits).buildProtocol(None)
    protocol.makeConnection(transport)
    return protocol, transport


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    """The data, so many bytes at a time."""
    for at in range(0, len(data), size):
        yield data[at : at + size]


def seconds(data: bytes, size: int) -> float:
    """How long one request takes, in chunks of that size. It must be answered with a 200."""
    messages = module("messages")
    seen = []

    def handler(request: Any) -> Any:
        seen.append(request)
        return messages.Response(200)

    protocol, transport = connect(handler, messages.Limits(fields=MIB, content=32 * MIB))
    chunks = list(pieces(data, size))
    gc.collect()
    began = time.thread_time()
    for chunk in chunks:
        protocol.dataReceived(chunk)
    took = time.thread_time() - began
    if len(seen) != 1 or transport.closing:
        raise SystemExit(f"Not answered: {data[:100]!r}…")
    return took


def with_length(count: int) -> bytes:
    """A request whose content has that many bytes."""
    return HOST + b"Content-Length: %d\r\n\r\n" % count + b"x" * count


def chunked(count: int) -> bytes:
    """The same, in chunks of one byte each."""
    return HOST + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * count + b"0\r\n\r\n"


def one_field(count: int) -> bytes:
    """A request with one field of about that many bytes."""
    return HOST + b"X-Long: " + b"x" * count + b"\r\n\r\n"


def many_fields(count: int) -> bytes:
    """A request with about that many bytes of fields, all of one name."""
    return HOST + b"X-Short: a\r\n" * (count // 12) + b"\r\n"


# What it is, the request of some size, how many bytes arrive at once (0: all), the first and the last size.
WAYS: list[tuple[str, Callable[[int], bytes], int, int, int]] = [
    ("content, byte by byte", with_length, 1, 64 * KIB, MIB),
    ("content, 1,460 bytes at a time", with_length, PACKET, MIB, 16 * MIB),
    ("content, 64 KiB at a time", with_length, READ, MIB, 16 * MIB),
    ("one field, byte by byte", one_field, 1, 16 * KIB, 64 * KIB),
    ("one field, all at once", one_field, 0, 128 * KIB, 512 * KIB),
    ("many fields, byte by byte", many_fields, 1, 16 * KIB, 64 * KIB),
    ("many fields, all at once", many_fields, 0, 16 * KIB, 64 * KIB),
    ("chunks of 1 byte, byte by byte", chunked, 1, 16 * KIB, 128 * KIB),
    ("chunks of 1 byte, 1,460 bytes at a time", chunked, PACKET, 64 * KIB, 512 * KIB),
    ("chunks of 1 byte, all at once", chunked, 0, 64 * KIB, 512 * KIB),
]


def ratios(
    make: Callable[[int], bytes], size: int, low: int, high: int, rounds: int
) -> list[float]:
    """The time of twice the bytes against the time of the bytes, for each doubling from low to high."""
    found = []
    while low < high:
        times = [
            [seconds(data, size or len(data)) for data in (make(low), make(2 * low))]
            for _ in range(rounds)
        ]
        found.append(min(b for _, b in times) / min(a for a, _ in times))
        low *= 2
    return found


def never(request: Any) -> Deferred[Any]:
    """A handler that works for ever."""
    return Deferred()


def head(limits: Any) -> Iterator[bytes]:
    """A line of a request that never ends."""
    yield from pieces(b"GET /" + b"x" * 2 * limits.line, 500)


def fields(limits: Any) -> Iterator[bytes]:
    """Fields that never end."""
    yield HOST
    yield from pieces(b"X-Short: a\r\n" * (limits.fields // 6), 500)


def content(limits: Any) -> Iterator[bytes]:
    """Content that never quite ends."""
    yield HOST + b"Content-Length: %d\r\n\r\n" % limits.content
    yield from pieces(b"x" * (limits.content - 1), 500)


def chunks(limits: Any) -> Iterator[bytes]:
    """Chunks of one byte that never end."""
    yield HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    yield from pieces(b"1\r\nx\r\n" * (limits.content // 16), 500)


def trailers(limits: Any) -> Iterator[bytes]:
    """Trailers that never end."""
    yield HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n"
    yield from pieces(b"X-Short: a\r\n" * (limits.fields // 6), 500)


def behind(limits: Any) -> Iterator[bytes]:
    """A request that is worked on for ever, and requests behind it."""
    for _ in range(2 * limits.fields // 500):
        yield b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 18


SLOW = [head, fields, content, chunks, trailers, behind]


def memory(way: Callable[[Any], Iterator[bytes]], limits: Any, connections: int) -> int:
    """The most bytes that so many connections took together, over what they take before the first byte comes."""
    lines = [connect(never, limits) for _ in range(connections)]
    chunks = list(way(limits))
    gc.collect()
    tracemalloc.start()
    for chunk in chunks:
        for protocol, transport in lines:
            # As a real one would: it delivers nothing while it is paused. Those that are to be closed are not yet.
            if not transport.paused:
                # A copy, for the clients of a network share no memory.
                protocol.dataReceived(bytes(bytearray(chunk)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="What bytes cost: time and memory.")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--connections", type=int, default=1000)
    options = parser.parse_args()
    print(f"Python {sys.version.split()[0]}; the time of twice the bytes, bound 2.2")
    for name, make, size, low, high in WAYS:
        found = ratios(make, size, low, high, options.rounds)
        shown = "  ".join(f"{ratio:.2f}" for ratio in found)
        print(f"{name:42} {low // KIB:5} to {high // KIB:5} KiB   {shown}", flush=True)
    print(f"Memory of {options.connections} connections, most at any moment, MiB")
    limits = module("messages").Limits(line=2 * KIB, fields=16 * KIB, content=16 * KIB)
    one = limits.line + limits.fields + limits.content
    bound = one * options.connections / MIB + 1
    print(
        f"limits: line 2, fields 16, content 16 KiB; in all {one * options.connections / MIB:.1f}"
    )
    for way in SLOW:
        peak = memory(way, limits, options.connections) / MIB
        print(f"{(way.__doc__ or '').rstrip('.'):52} {peak:6.1f}  (bound {bound:.1f})", flush=True)


if __name__ == "__main__":
    main()
