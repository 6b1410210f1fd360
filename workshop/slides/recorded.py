"""The real runs on the slides: commands' output, and pictures. One function regenerates it, and a test compares it.

slides/terminal.toml names commands; the output of each is slides/terminal/NAME.txt. slides/pictures/NAME.py prints
slides/pictures/NAME.svg.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from workshop.course import Course, CourseError, Stage, visible
from workshop.course.solutions import answer, mutated
from workshop.course.toml_fields import checked_fields, read
from workshop.runner.layout import temporary_folder
from workshop.slides.decks import COLUMNS

BOUND = 60
"""Seconds that one run may take."""
LEFT_OUT = shutil.ignore_patterns("__pycache__", "_trial_temp*", ".*")
STARTER, SOLUTION = "starter", "solution"
PROGRAMS = {"trial": ["-m", "twisted.trial"], "python3": []}


@dataclass(frozen=True)
class Output:
    """A command, and the contents of its stage's files: "starter", "solution", or a mutant's name."""

    name: str
    run: str
    stage: str
    files: str


def outputs(course: Course) -> list[Output]:
    """Return the entries of slides/terminal.toml.

    Raises:
        CourseError: An entry is wrong.
    """
    path = course.root / "slides" / "terminal.toml"
    found = read(path).items() if path.exists() else ()
    return [
        Output(**checked_fields({"name": name, **entry}, Output, f"terminal.toml, {name}"))
        for name, entry in found
    ]


def record(course: Course) -> Iterator[tuple[Path, str]]:
    """Run everything again; yield each file that the slides show, and the text that it should have.

    Raises:
        CourseError: A command or a script is missing, fails, or takes too long; the message names it.
    """
    slides = course.root / "slides"
    for output in outputs(course):
        with temporary_folder() as place:
            lay(course, place, output.stage, output.files)
            shown = f"$ {output.run}\n{tidy(printed(course, place, output))}"
        yield slides / "terminal" / f"{output.name}.txt", shown
    scripts = visible(slides / "pictures", "*.py")
    if scripts:
        with temporary_folder() as place:
            lay(course, place, "", SOLUTION)
            for script in scripts:
                code, drawn, err = _run(course, place, [str(script.resolve())])
                if code or not drawn.startswith("<svg"):
                    raise CourseError(f"{script} draws nothing: {(err or drawn).strip()[-500:]}")
                yield script.with_suffix(".svg"), drawn


def lay(course: Course, place: Path, stage: str, files: str) -> None:
    """Copy the course into a folder, with starters everywhere except in the named stage; "" stands for all stages."""
    for name in ("exercises", "solutions"):
        shutil.copytree(course.root / name, place / name, ignore=LEFT_OUT)
    # Pictures of decks and of notebooks may be drawn from the same run.
    for recorded in visible(course.root / "notebooks", "*.json"):
        (place / "notebooks").mkdir(exist_ok=True)
        shutil.copy(recorded, place / "notebooks")
    for one in course.stages:
        own = files if one.name == stage or not stage else STARTER
        for name, text in _overlay(one, own).items():
            (place / "exercises" / one.name / name).write_text(text, "utf-8")


def _overlay(stage: Stage, files: str) -> dict[str, str]:
    if files in (STARTER, SOLUTION):
        return answer(stage, 0) if files == STARTER else answer(stage)
    for mutant in stage.mutants:
        if mutant.name == files:
            return mutated(stage, mutant)
    raise CourseError(f'terminal.toml: {stage.name} has no mutant "{files}".')


def printed(course: Course, place: Path, output: Output) -> str:
    """Return a command's output, run in that copy of the course."""
    program, *words = output.run.split()
    if program not in PROGRAMS:
        raise CourseError(
            f"terminal.toml, {output.name}: must begin with one of {', '.join(PROGRAMS)}."
        )
    if words[:2] == ["-m", "workshop"]:
        words[2:2] = ["--root", str(place)]
    _, out, err = _run(course, place, [*PROGRAMS[program], *words])
    return out.replace(str(place), "...") + err.replace(str(place), "...")


def _run(course: Course, place: Path, words: list[str]) -> tuple[int, str, str]:
    """Run Python in that folder; return its exit code and its output."""
    path = os.pathsep.join([str(place), str(Path(__file__).resolve().parent.parent.parent)])
    plain = {"PYTHONPATH": path, "PYTHONUTF8": "1", "NO_COLOR": "1", "COLUMNS": str(COLUMNS)}
    plain["PYTHONDONTWRITEBYTECODE"] = "1"
    try:
        done = subprocess.run(
            [sys.executable, *words],
            cwd=place,
            env={**os.environ, **plain},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=BOUND,
        )
    except subprocess.TimeoutExpired:
        raise CourseError(f"{' '.join(words)} did not end in {BOUND} s.") from None
    return done.returncode, done.stdout, done.stderr


def tidy(text: str) -> str:
    """Return output as a terminal of COLUMNS columns would show it, without this machine's paths."""
    rows: list[str] = []
    for line in _own_frames(text.splitlines()):
        # trial draws for 79 columns: its rules, and its verdicts at the right.
        if re.fullmatch(r"=+|-+", line):
            line = line[:COLUMNS]
        if verdict := re.fullmatch(r"(.*?\.\.\.) +(\[\w+\])", line):
            line = verdict[1] + verdict[2].rjust(COLUMNS - len(verdict[1]))
        rows += textwrap.wrap(line, COLUMNS, drop_whitespace=True, break_on_hyphens=False) or [""]
    return "".join(f"{row}\n" for row in rows).rstrip("\n") + "\n"


def _own_frames(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines, with each run of a traceback's frames from outside the course as one "  ..."."""
    foreign = dots = False
    for line in map(str.rstrip, lines):
        if frame := re.fullmatch(r'  File "(.+)", (line \d+, in .+)', line):
            _, ours, rest = frame[1].replace("\\", "/").rpartition("/exercises/")
            foreign = not ours
            line = "  ..." if foreign else f'  File ".../{rest}", {frame[2]}'
            if not (foreign and dots):
                yield line
            dots = foreign
        elif foreign and line.startswith("    "):
            continue  # its line of code
        else:
            foreign = dots = False if not line.startswith("    ") else foreign
            yield line


def normal(text: str) -> str:
    """Return a text without what differs from one run, or one release of Twisted, to the next."""
    text = re.sub(r"\b\d+\.\d+ ?s\b", "N s", text)
    return re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:N", re.sub(r"0x[0-9a-f]+", "0xN", text))


def stale(course: Course) -> dict[Path, str]:
    """Return the files shown on the slides that a run would change, each with the text that it should have."""
    wrong = {}
    for path, text in record(course):
        have = path.read_text("utf-8") if path.is_file() else ""
        if normal(have) != normal(text):
            wrong[path] = text
    return wrong
