"""Requests for each processor second of the solved HTTP stage, against twisted.web.server.Site with the same answer.

    python tests/benchmarks/http_speed.py
    python tests/benchmarks/http_speed.py --rounds 20 --seconds 3

Both do the same work: the same fields and content, and no access log. Each has a process of its own, and Twisted's default
reactor. wrk (one thread, 16 connections) asks them in turn, first over connections that stay open, then with Connection:
close. Counted is what the server's own process takes of the processor, so that what else the machine does matters little.
Prints the median of each, the ratio of the medians, and the lowest and highest ratio of two rounds that were neighbours.

The ratio to expect is 1.4 to 1.5, and not much more: a third of what either server takes is the kernel's and the reactor's,
for a connection that reads and writes as many bytes. Linux only.
"""

from __future__ import annotations

import argparse
import http.client
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import serving
from serving import BOUND, lay_solved, running

WAYS = {"kept open": [], "Connection: close": ["-H", "Connection: close"]}


def processor_seconds(pid: int) -> float:
    """What a process has taken of the processor so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def one_round(port: int, pid: int, seconds: int, words: list[str]) -> float:
    """Requests for each processor second in a round of wrk. Every answer must be a 200, and no connection may fail."""
    before = processor_seconds(pid)
    done = subprocess.run(
        ["wrk", "-t1", "-c16", f"-d{seconds}s", *words, f"http://127.0.0.1:{port}/"],
        capture_output=True,
        text=True,
        timeout=seconds + BOUND,
        check=True,
    )
    took = processor_seconds(pid) - before
    found = re.search(r"(\d+) requests in", done.stdout)
    if not found or "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise SystemExit(f"Not all was answered:\n{done.stdout}{done.stderr}")
    return int(found[1]) / took


def answer(port: int) -> tuple[int, dict[str, str], bytes]:
    """What a server answers: status, fields and content, with the time of day left out."""
    one = http.client.HTTPConnection("127.0.0.1", port, timeout=BOUND)
    one.request("GET", "/")
    response = one.getresponse()
    fields = {name.lower(): value for name, value in response.getheaders()}
    fields["date"] = "now" if "date" in fields else "none"
    content = response.read()
    one.close()
    return response.status, fields, content


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Requests for a processor second, two servers.")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=int, default=2)
    options = parser.parse_args()
    print(f"{options.rounds} rounds of {options.seconds} s, Python {sys.version.split()[0]}")
    with tempfile.TemporaryDirectory() as at:
        place = lay_solved(Path(at))
        with (
            running(place, serving.__file__, "plain") as (ours, our_line),
            running(place, serving.__file__, "twisted") as (theirs, their_line),
        ):
            if answer(ours) != answer(theirs):
                raise SystemExit(f"Other answers: {answer(ours)}, {answer(theirs)}")
            both = [(ours, int(our_line.split()[-1])), (theirs, int(their_line.split()[-1]))]
            for way, words in WAYS.items():
                for port, pid in both:
                    one_round(port, pid, 1, words)  # not counted: both warm up
                rounds = [
                    [one_round(port, pid, options.seconds, words) for port, pid in both]
                    for _ in range(options.rounds)
                ]
                medians = [statistics.median(column) for column in zip(*rounds, strict=True)]
                ratios = sorted(one / other for one, other in rounds)
                print(f"{way}: requests for each processor second")
                print(f"  the solution                     {medians[0]:.0f}")
                print(f"  twisted.web.server.Site          {medians[1]:.0f}")
                print(f"  ratio of the medians             {medians[0] / medians[1]:.2f}")
                print(f"  ratios of neighbouring rounds    {ratios[0]:.2f} to {ratios[-1]:.2f}")


if __name__ == "__main__":
    main()
