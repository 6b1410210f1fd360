"""What the tool costs, against plain trial on the same work, both measured in turn in one run.

    python tests/benchmarks/tool.py stage2_poetry

Prints, with the bounds that the project set itself: run against trial, cold (1.5); watch, from a save to the verdict,
against trial (1.0); all mutants against the sum of cold trial runs, one a mutant, on the same step (0.35); the most memory
that a verdict took, all its processes added up (150 MB). Linux: memory is read from /proc.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from workshop.course import Stage, load
from workshop.course.solutions import Overlay, answer, mutated
from workshop.runner.layout import lay
from workshop.runner.pool import Pool
from workshop.runner.worker import Case

ROOT = Path(__file__).resolve().parent.parent.parent
TRIAL = [sys.executable, "-m", "twisted.trial"]


def seconds(command: list[str], place: Path) -> float:
    """The wall time of a command that must start; what it says and its exit code do not matter."""
    began = time.monotonic()
    subprocess.run(command, cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.monotonic() - began


def cold(stage: Stage, overlay: Overlay, target: str) -> float:
    """Plain trial, on a fresh copy with no compiled files, as the tool's own runs have."""
    with tempfile.TemporaryDirectory() as at:
        lay(stage, Path(at) / "x", overlay)
        return seconds([*TRIAL, target], Path(at) / "x")


@contextlib.contextmanager
def solved_copy(name: str) -> Iterator[tuple[Path, Stage]]:
    """A copy of the course in which the stage is solved."""
    with tempfile.TemporaryDirectory() as at:
        place = Path(at) / "course"
        for folder in ("exercises", "solutions"):
            skip = shutil.ignore_patterns("__pycache__", "_trial_temp*")
            shutil.copytree(ROOT / folder, place / folder, ignore=skip)
        stage = load(place).stage(name)
        for file, text in answer(stage).items():
            (stage.folder / file).write_text(text, "utf-8")
        yield place, stage


def run_ratio(name: str, times: int) -> float:
    """run against trial, in turn, each from a cold start."""
    ours, theirs = [], []
    with solved_copy(name) as (place, stage):
        tool = [sys.executable, "-m", "workshop", "--root", str(place), "run", stage.name]
        for _ in range(times):
            theirs.append(cold(stage, answer(stage), stage.target))
            ours.append(seconds(tool, ROOT))
    return statistics.median(ours) / statistics.median(theirs)


def watch_ratio(name: str, times: int) -> float:
    """From a save to the last line of the verdict, against trial."""
    ours, theirs = [], []
    with solved_copy(name) as (place, stage):
        tool = [sys.executable, "-u", "-m", "workshop", "--root", str(place), "watch", stage.name]
        with subprocess.Popen(tool, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            file = stage.folder / stage.edit[0]

            def until(text: str) -> None:
                assert process.stdout is not None
                for line in process.stdout:
                    if text in line:
                        return
                raise RuntimeError(f"watch ended before it said {text!r}")

            until("Saves not noticed")
            for n in range(times):
                theirs.append(cold(stage, answer(stage), stage.target))
                began = time.monotonic()
                file.write_text(f"{answer(stage)[stage.edit[0]]}\n# save {n}\n", "utf-8")
                until("all of it passes")
                ours.append(time.monotonic() - began)
                until("Saves not noticed")
            process.kill()
    return statistics.median(ours) / statistics.median(theirs)


def mutant_ratio(stage: Stage) -> tuple[float, int, int]:
    """All mutants with the tool, against cold trial runs of the same steps, added up. How many, how many caught."""
    cases = [
        Case(m.name, mutated(stage, m), (stage.step(str(m.step)).target(stage.name),))
        for m in stage.mutants
    ]
    theirs = sum(cold(stage, case.overlay, case.targets[0]) for case in cases)
    began = time.monotonic()
    with Pool(stage) as pool:
        caught = sum(not result.passed for _, result in pool.run(cases))
    return (time.monotonic() - began) / theirs, len(cases), caught


def peak_memory(command: list[str]) -> float:
    """MB (10^6 bytes): the most that a command and its descendants took together, shared pages counted once (PSS)."""
    most = 0
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    while process.poll() is None:
        most = max(most, sum(_pss(pid) for pid in _family(process.pid)))
        threading.Event().wait(0.005)
    return most / 1e6


def _family(pid: int) -> list[int]:
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
    family = [pid]
    for one in family:
        family += [child for child, parent in parents.items() if parent == one]
    return family


def _pss(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="What the tool costs, against plain trial.")
    parser.add_argument("stage", nargs="?", default="stage2_poetry")
    parser.add_argument("--times", type=int, default=9)
    options = parser.parse_args()
    stage = load(ROOT).stage(options.stage)
    print(f"{stage.name}, {os.cpu_count()} cores, Python {sys.version.split()[0]}")
    print(f"run / cold trial            {run_ratio(stage.name, options.times):.2f}  (bound 1.5)")
    print(f"watch, save to verdict      {watch_ratio(stage.name, options.times):.2f}  (bound 1.0)")
    ratio, count, caught = mutant_ratio(stage)
    print(f"all mutants / cold trials   {ratio:.2f}  (bound 0.35; {caught} of {count} caught)")
    with solved_copy(stage.name) as (place, copy):
        tool = [sys.executable, "-m", "workshop", "--root", str(place), "run", copy.name]
        print(f"memory of a verdict, MB     {peak_memory(tool):.0f}  (bound 150)")


if __name__ == "__main__":
    main()
