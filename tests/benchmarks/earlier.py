"""Find the mistakes that a step lets a learner make, and only a later step refuses.

    python tests/benchmarks/earlier.py stage4_disconnect

For each of a stage's mutants: with the steps before its own solved, is the code there already that it changes? Then those
steps' tests run on it. Where they pass, a learner who makes the mistake goes on, and hears of it when another step is under
work. That may be correct: the later step's requirement is not the earlier one's. This only reports.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from workshop.course import CourseError, Mutant, Stage, load
from workshop.course.solutions import mutated
from workshop.runner.pool import Pool
from workshop.runner.worker import Case

ROOT = Path(__file__).resolve().parent.parent.parent


def written(stage: Stage, mutant: Mutant) -> int | None:
    """The first step before the mutant's own with which all that it changes is written; None if there is none."""
    for step in stage.steps:
        if step.number < mutant.step:
            try:
                mutated(stage, mutant, step.number)
            except CourseError:
                continue
            return step.number
    return None


def late(stage: Stage) -> list[tuple[int, Mutant]]:
    """The mutants that all steps before their own let through, each with the step whose code it is."""
    first = {mutant.name: written(stage, mutant) for mutant in stage.mutants}
    tried = [mutant for mutant in stage.mutants if first[mutant.name] is not None]
    cases = []
    for mutant in tried:
        before = [step for step in stage.steps if step.number < mutant.step]
        code = mutated(stage, mutant, before[-1].number)
        cases.append(Case(mutant.name, code, tuple(step.target(stage.name) for step in before)))
    with Pool(stage) as pool:
        results = [result for _, result in pool.run(cases)]
    found = []
    for mutant, result in zip(tried, results, strict=True):
        step = first[mutant.name]
        if result.passed and step is not None:
            found.append((step, mutant))
    return sorted(found, key=lambda one: (one[0], one[1].step))


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Which mistakes are refused late?")
    parser.add_argument("stages", nargs="+", metavar="STAGE")
    options = parser.parse_args()
    course = load(ROOT)
    for name in options.stages:
        stage = course.stage(name)
        found = late(stage)
        for step, mutant in found:
            print(
                f"step {step} passes what step {mutant.step} refuses: {mutant.name}: {mutant.bug}"
            )
        print(
            f"{stage.name}: {len(found)} of {len(stage.mutants)} mutants are refused late",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
