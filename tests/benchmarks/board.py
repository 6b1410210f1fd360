"""What a class of so many pairs costs the board, and the board a pair: python tests/benchmarks/board.py [--pairs 60]

Prints: how long a message takes if all pairs send at once, alone and beside slow connections; the page with a row for each
pair; the board's memory and processor time; what a run waits for, with a board, with one that has ended and with one that
is silent; and `status --line`, beside --help. The board is a process of its own, on loopback. Linux: memory is read from
/proc.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from workshop.board.message import Message, Status  # noqa: E402
from workshop.board.share import PATIENT, WITHIN, Share, send  # noqa: E402

TOOL = [sys.executable, "-m", "workshop"]
ROUNDS = 20
STATUS = Status("stage2_poetry", 6, 12, 7, "step", 2, 3, 660, False)


def pair(number: int, to: str) -> tuple[Share, Message]:
    """A pair, and what it sends."""
    id_, name = f"{number:016x}", f"Pair {number}, in the back row"
    return Share(to, name, id_), Message(id_, name, STATUS)


@contextlib.contextmanager
def board() -> Iterator[tuple[int, str, str]]:
    """A board: its process, the page's address and the one for pairs."""
    command = [*TOOL, "board", "--no-browser"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(5)]
        page, to = lines[1].strip(), lines[3].split(" share ")[1].rpartition(" --as")[0]
        yield process.pid, page, to
        process.send_signal(signal.SIGINT)


def at_once(pairs: int, to: str, at: int) -> tuple[list[float], list[str]]:
    """All pairs send at the same moment: the seconds that each took, and what went wrong."""
    took, wrong = [0.0] * pairs, [""] * pairs
    start = threading.Barrier(pairs)

    def run(number: int) -> None:
        share, message = pair(number, to)
        message = replace(message, status=replace(STATUS, at=at))
        start.wait()
        began = time.monotonic()
        wrong[number] = send(share, message, PATIENT)
        took[number] = time.monotonic() - began

    threads = [threading.Thread(target=run, args=[number]) for number in range(pairs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return took, [why for why in wrong if why]


def cost(pid: int) -> tuple[float, float]:
    """A process's seconds of processor time, and its most memory in MB."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    peak = Path(f"/proc/{pid}/status").read_text().partition("VmHWM:")[2].split()[0]
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK"), int(peak) / 1024


def show(what: str, took: list[float], wrong: list[str]) -> None:
    """Print a row."""
    took = sorted(took)
    middle, late, last = statistics.median(took), took[int(len(took) * 0.99)], took[-1]
    print(
        f"{what}: median {middle * 1000:.0f} ms, 99% within {late * 1000:.0f} ms, "
        f"slowest {last * 1000:.0f} ms; of {len(took)}, {sum(one > WITHIN for one in took)} took longer than a run "
        f"waits, and {len(wrong)} failed {set(wrong) or ''}"
    )


def class_(pairs: int) -> None:
    """Print what a class costs."""
    with board() as (pid, page, to):
        host, port = page.split("/")[2].split(":")
        show("the first message of each pair", *at_once(pairs, to, 1))
        before, _ = cost(pid)
        rounds = [at_once(pairs, to, n) for n in range(ROUNDS)]
        after, _ = cost(pid)
        show(
            f"{ROUNDS} times all at once",
            [one for took, _ in rounds for one in took],
            [one for _, wrong in rounds for one in wrong],
        )
        print(f"the board's processor: {(after - before) / ROUNDS / pairs * 1000:.1f} ms a message")
        with contextlib.ExitStack() as stack:
            for _ in range(60):
                slow = stack.enter_context(socket.create_connection((host, int(port))))
                slow.sendall(b"POST / HTTP/1.1\r\n")
            show("beside 60 connections that send half a line", *at_once(pairs, to, 30))
        took = []
        for _ in range(ROUNDS):
            began = time.monotonic()
            with urllib.request.urlopen(page) as answer:
                text = answer.read()
            took.append(time.monotonic() - began)
        rows = text.count(b"<tr") - 1
        print(
            f"the page: {rows} rows, {len(text) / 1024:.0f} KB, {statistics.median(took) * 1000:.0f} ms"
        )
        print(f"the board's memory: {cost(pid)[1]:.0f} MB")


def run() -> None:
    """Print what a pair waits for, beside its run."""

    def wait(to: str) -> tuple[float, str]:
        found = []
        for _ in range(5):
            began = time.monotonic()
            why = send(*pair(1, to))
            found.append(time.monotonic() - began)
        return statistics.median(found), why or "sent"

    with board() as (_, _, to):
        took, why = wait(to)
        print(f"a pair alone: {took * 1000:.0f} ms ({why})")
    took, why = wait(to)
    print(f"with a board that has ended: {took * 1000:.0f} ms ({why})")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        took, why = wait(f"http://127.0.0.1:{silent.getsockname()[1]}/x")
        print(f"with a board that is silent: {took * 1000:.0f} ms ({why})")
    with tempfile.TemporaryDirectory() as at:
        root = Path(at) / "course"
        shutil.copytree(ROOT / "tests" / "mini", root)
        words = [*TOOL, "--root", str(root)]
        subprocess.run([*words, "run", "1"], cwd=ROOT, capture_output=True)
        for command in (["status", "--line"], ["--help"]):
            found = []
            for _ in range(5):
                began = time.monotonic()
                subprocess.run([*words, *command], cwd=ROOT, capture_output=True)
                found.append(time.monotonic() - began)
            print(f"{' '.join(command)}: {min(found):.2f} s at best of {len(found)}")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description="What a class costs the board.")
    parser.add_argument("--pairs", type=int, default=60)
    class_(parser.parse_args().pairs)
    run()


if __name__ == "__main__":
    main()
