"""Requests a second of the solved HTTP stage, against twisted.web.server.Site with the same answer.

    python tests/benchmarks/http_speed.py
    python tests/benchmarks/http_speed.py --rounds 20 --seconds 3

Each server has a process of its own, and Twisted's default reactor. wrk (one thread, 16 connections kept open) asks
them in turn, so that whatever else the machine does meanwhile hits both. Prints the median of each, the ratio of the
medians (bound: 1.5 or more), and the lowest and highest ratio of two rounds that were neighbours.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from serving import BOUND, HELLO, lay_solved, server


def requests_a_second(port: int, seconds: int) -> float:
    """One round of wrk. Every answer must be a 200, and no connection may fail."""
    done = subprocess.run(
        ["wrk", "-t1", "-c16", f"-d{seconds}s", f"http://127.0.0.1:{port}/"],
        capture_output=True,
        text=True,
        timeout=seconds + BOUND,
        check=True,
    )
    found = re.search(r"Requests/sec:\s+([0-9.]+)", done.stdout)
    if not found or "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise SystemExit(f"Not all was answered:\n{done.stdout}{done.stderr}")
    return float(found[1])


def same_answer(*ports: int) -> None:
    """Both must answer a request with the same content, or the comparison means nothing."""
    import urllib.request

    for port in ports:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=BOUND) as response:
            if (response.status, response.read()) != (200, HELLO):
                raise SystemExit(f"port {port} gives another answer")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Requests a second, ours against twisted.web.")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as at:
        place = lay_solved(Path(at))
        with server(place, "plain") as ours, server(place, "twisted") as theirs:
            same_answer(ours, theirs)
            for port in (ours, theirs):
                requests_a_second(port, 1)  # not counted: both warm up
            rounds = [
                tuple(requests_a_second(port, options.seconds) for port in (ours, theirs))
                for _ in range(options.rounds)
            ]
    medians = [statistics.median(column) for column in zip(*rounds, strict=True)]
    ratios = sorted(one / other for one, other in rounds)
    print(f"{options.rounds} rounds of {options.seconds} s, Python {sys.version.split()[0]}")
    print(f"the solution, requests a second          {medians[0]:.0f}")
    print(f"twisted.web.server.Site                  {medians[1]:.0f}")
    print(f"ratio of the medians                     {medians[0] / medians[1]:.2f}  (bound 1.5)")
    print(f"ratios of neighbouring rounds            {ratios[0]:.2f} to {ratios[-1]:.2f}")


if __name__ == "__main__":
    main()
