"""Mutants that a provided test catches only by a split, an order or a break of its own, against plain end-to-end tests.

python3 tests/simulated_mutants.py [HISTORIES [STAGE…]] prints the first history of each weather in which it fails.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from workshop.course import load  # noqa: E402
from workshop.course.solutions import answer, mutated  # noqa: E402
from workshop.runner.layout import lay  # noqa: E402

MUTANTS = {
    "stage2_poetry": """
        first_chunk_is_the_poem newest_chunk_only decoded_chunk_by_chunk halves_of_characters_dropped
        any_end_is_clean break_never_told fired_twice_on_a_break break_as_a_result refusal_swallowed
        aborts long_poems_aborted slow_aborts call_left_by_a_client_that_left all_calls_cancelled
    """,
    "stage3_http": """
        chunk_is_a_message delimiter_split_between_chunks parser_shared one_protocol_for_all
        call_left_on_the_clock handler_works_for_nobody told_of_a_broken_end_only
        written_to_nobody each_leaver_logged aborted_at_once
    """,
}
"""By stage. What the plain tests find in calm weather does not count."""


def found(stage_name: str, mutant: str, histories: int) -> dict[str, list[object]]:
    """By weather, the first history in which a plain test fails, and why; '' as a mutant is the solution."""
    stage = load(ROOT).stage(stage_name)
    by_name = {one.name: one for one in stage.mutants}
    files = mutated(stage, by_name[mutant]) if mutant else answer(stage)
    with tempfile.TemporaryDirectory() as folder:
        lay(stage, Path(folder), files)
        path = os.pathsep.join([folder, str(ROOT), str(ROOT / "tests")])
        done = subprocess.run(
            [
                sys.executable,
                str(ROOT / "tests" / "simulated_plain.py"),
                stage_name,
                str(histories),
            ],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            timeout=300,
        )
    assert done.returncode == 0, done.stderr
    result: dict[str, list[object]] = json.loads(done.stdout.splitlines()[-1])
    return result


def main(histories: int, stages: list[str]) -> None:
    """Print a line for each, and the sum."""
    counted, caught = 0, 0
    for stage in stages or MUTANTS:
        names = MUTANTS[stage]
        for name in ["", *names.split()]:
            first = found(stage, name, histories)
            if name and "calm" not in first:
                counted, caught = counted + 1, caught + bool(first)
            print(stage, name or "the solution", first, flush=True)
    print(
        f"{caught} of {counted} that calm weather lets through are found in {histories} histories"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200, sys.argv[2:])
