"""What judging a learner's tests costs against plain trial, and whether the verdict is the same each time.

    python tests/benchmarks/judging.py stage6_client [--times 50] [--suite tests/suites/stage5_weak.py] [--busy]

Judges the reference's tests, or those of a suite in the place of the reference's. Prints the seconds, how many verdicts were
the same, and, with the reference, the ratio to the sum of cold trial runs, measured in turn in the same run: the whole suite
once on each right answer and once on each mutant. The project's bounds: 0.35 of that sum, and 10 s on two cores.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from busy import busy

from workshop.course import Stage, load
from workshop.course.solutions import Overlay, answer, with_bug
from workshop.judge.programs import is_test, right_answers
from workshop.judge.suite import assess
from workshop.report.suite_text import as_data
from workshop.runner.layout import lay

ROOT = Path(__file__).resolve().parent.parent.parent


def cold(stage: Stage, overlay: Overlay) -> float:
    """The wall time of plain trial on the whole suite, on a fresh copy with no compiled files."""
    with tempfile.TemporaryDirectory() as at:
        lay(stage, Path(at) / "x", overlay)
        began = time.monotonic()
        subprocess.run(
            [sys.executable, "-m", "twisted.trial", stage.target],
            cwd=Path(at) / "x",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return time.monotonic() - began


def verdict(stage: Stage) -> tuple[str, float]:
    """A verdict, without what may differ from one run to the next: its seconds. And how long it took."""
    began = time.monotonic()
    data = as_data(assess(stage), {}, 10)
    seconds = time.monotonic() - began
    data["seconds"] = 0
    for test in data["tests"]:
        test["seconds"] = 0
    return json.dumps(data, sort_keys=True), seconds


def main() -> int:
    """The command line. Exit code 1 if any verdict differs from the others."""
    parser = argparse.ArgumentParser(description="Judge tests again and again.")
    parser.add_argument("stage")
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--suite", type=Path, help="tests in the place of the reference's")
    parser.add_argument("--busy", action="store_true", help="keep every core busy meanwhile")
    options = parser.parse_args()
    with busy(options.busy), tempfile.TemporaryDirectory() as at:
        for folder in ("exercises", "solutions"):
            skip = shutil.ignore_patterns("__pycache__", "_trial_temp*")
            shutil.copytree(ROOT / folder, Path(at) / folder, ignore=skip)
        return judge(load(Path(at)).stage(options.stage), options.suite, options.times)


def judge(stage: Stage, suite: Path | None, times: int) -> int:
    """Judge, and print."""
    files = answer(stage)
    if suite:
        tests = [name for name in files if is_test(name)]
        files |= {name: "" for name in tests} | {tests[-1]: suite.read_text("utf-8")}
    for file, text in files.items():
        (stage.folder / file).write_text(text, "utf-8")
    verdicts: Counter[str] = Counter()
    took = []
    for _ in range(times):
        said, seconds = verdict(stage)
        verdicts[said] += 1
        took.append(seconds)
    print(
        f"{verdicts.most_common(1)[0][1]} of {times} verdicts the same, {max(took):.1f} s at most"
    )
    print(f"it says: {json.loads(verdicts.most_common(1)[0][0])['message'] or 'passed'}")
    if not suite:
        answers = right_answers(stage)
        code = next(iter(answers.values()))
        programs = [*answers.values(), *(with_bug(code, m) for m in stage.mutants)]
        whole = sum(cold(stage, program) for program in programs)
        print(f"{len(programs)} cold trial runs: {whole:.1f} s; ratio {min(took) / whole:.2f}")
    return 0 if len(verdicts) == 1 else 1


if __name__ == "__main__":
    sys.exit(main())
