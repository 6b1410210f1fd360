"""Run the tidy kinds of leftover again and again, and see that each run passes and leaves nothing.

python tests/benchmarks/soak.py [--reactor select] [--times 1000] [--busy]

--busy runs as many busy loops beside it as there are cores. Exits with 1 if any run fails.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "src")]

KINDS = (
    "a port",
    "a port that was asked to stop, and not waited for",
    "a client's connection by an endpoint, and the server's side of it",
    "a client by reactor.connectTCP",
    "a server's side that stays open after the client has closed",
    "a connection that has changed its protocol",
    "an attempt to connect that still goes on, and winds down when cancelled",
    "a ReconnectingClientFactory that nobody answers",
    "a ClientService, connected",
    "a StreamServerEndpointService with a client",
    "an HTTP client's pool, with an idle connection",
    "an Agent's response whose body was not read",
)


def spin() -> None:
    """Keep a core busy."""
    while True:
        pass


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--reactor", default="select")
    parser.add_argument("--times", type=int, default=1000)
    parser.add_argument("--busy", action="store_true")
    options = parser.parse_args()
    loops = [multiprocessing.Process(target=spin, daemon=True) for _ in range(os.cpu_count() or 1)]
    if options.busy:
        for loop in loops:
            loop.start()
    from twisted.application.reactors import installReactor

    installReactor(options.reactor)
    import inner
    import kinds

    numbers = [n for n, (title, _, _) in enumerate(kinds.KINDS) if title in KINDS]
    assert len(numbers) == len(KINDS)
    bad = 0
    begun = time.monotonic()
    for _ in range(options.times):
        for number in numbers:
            said = inner.run(kinds.case(number, "with"))
            if any(verdict != [("OK", "")] for verdict in said.values()):
                bad += 1
                print(kinds.KINDS[number][0], said)
    runs = options.times * len(numbers)
    print(f"{options.reactor}: {runs - bad} of {runs} runs, {time.monotonic() - begun:.0f} s")
    if options.busy:
        for loop in loops:
            loop.kill()
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
