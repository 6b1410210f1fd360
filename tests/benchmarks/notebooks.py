"""What validating the notebooks costs, and whether it gives the same each time.

    python tests/benchmarks/notebooks.py [--times 50] [--busy] [--workers 2]

Each time, nbval runs all notebooks, on so many workers, and compares every output; the first times, then the same number of
notebooks with one cell that does nothing: what Jupyter, nbval and pytest cost themselves. Prints the seconds a notebook and
their ratio, measured in turn in the same run. Exit code 1 if any run fails; what it said is printed once. The project's
bound: 1.5 s a notebook on two cores.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import nbformat
from busy import busy
from nbformat.v4 import new_code_cell, new_notebook

BARE = 5
"""How often the bare ones are run, at most."""
FOLDER = Path(__file__).resolve().parent.parent.parent / "notebooks"


def validate(folder: Path, workers: int) -> tuple[float, str]:
    """Run nbval on a folder. Returns the seconds, and what it said if it failed, else ""."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull]
    command += ["--nbval", "--nbval-current-env", "-n", str(workers), "--dist", "loadfile"]
    began = time.monotonic()
    done = subprocess.run(
        [*command, "--rootdir", str(folder), str(folder)],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    return time.monotonic() - began, done.stdout if done.returncode else ""


def bare(folder: Path, count: int) -> None:
    """Notebooks of one cell that does nothing."""
    for n in range(count):
        cell = new_code_cell("pass", execution_count=1)
        nbformat.write(new_notebook(cells=[cell]), folder / f"bare{n}.ipynb")


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Validate the notebooks many times.")
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--busy", action="store_true", help="keep every core busy meanwhile")
    options = parser.parse_args()
    names = sorted(FOLDER.glob("*.ipynb"))
    took: list[float] = []
    least: list[float] = []
    failures: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as at, busy(options.busy) as loops:
        ours, others = Path(at, "ours"), Path(at, "bare")
        for folder in (ours, others):
            folder.mkdir()
        for path in names:
            shutil.copy(path, ours)
        bare(others, len(names))
        print(f"{len(names)} notebooks, {options.workers} workers, {loops} busy loops", flush=True)
        for n in range(options.times):
            seconds, said = validate(ours, options.workers)
            took.append(seconds / len(names))
            failures.update([said] if said else [])
            if n < BARE:
                least.append(validate(others, options.workers)[0] / len(names))
    good = options.times - failures.total()
    middle, floor = statistics.median(took), statistics.median(least)
    print(
        f"{good} of {options.times} runs passed; a notebook: {middle:.2f} s, at most {max(took):.2f} s"
    )
    print(f"a bare one: {floor:.2f} s; ratio {middle / floor:.1f}")
    for text, count in failures.items():
        print(f"{count} times:\n{text}")
    return 0 if good == options.times else 1


if __name__ == "__main__":
    sys.exit(main())
