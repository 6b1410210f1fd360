"""Make starters from solved files, so that the two cannot drift apart.

A solved file marks what the learner writes, with nbgrader's markers::

    ### BEGIN SOLUTION Step 5: gather the chunks
    self._chunks.append(data)
    ### END SOLUTION

Its starter has ``raise NotImplementedError("Step 5: gather the chunks")`` there; or, if lines between the markers begin with
``### STARTER``, the text of those.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from workshop.course.model import Mutant, Stage
from workshop.course.toml_fields import CourseError

BEGIN = re.compile(r"( *)### BEGIN SOLUTION Step (\d+): (.+)\n")
END = re.compile(r" *### END SOLUTION\n")
STARTER = re.compile(r" *### STARTER ?(.*\n)")
HEAD = re.compile(r"( *)(?:async def|def|class) (\w+)")
MARKER = re.compile(r" *### (BEGIN SOLUTION|END SOLUTION|STARTER)")
ALL_STEPS = 10_000

Overlay = Mapping[str, str]
"""File names in a stage's folder, and the text for each."""


def render(text: str, solved: int) -> str:
    """Return a solved file's text with the steps up to number ``solved`` written, and later ones as the learner gets them.

    Raises:
        CourseError: A marker does not match its pair, or has no step; the message has the line.
    """
    out: list[str] = []
    inside: re.Match[str] | None = None
    instead: list[str] = []
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        begin, end, starter = BEGIN.fullmatch(line), END.fullmatch(line), STARTER.fullmatch(line)
        if begin and not inside:
            inside, instead = begin, []
        elif end and inside:
            if int(inside[2]) > solved:
                what = f"Step {inside[2]}: {inside[3]}".replace('"', '\\"')
                lines = instead or [f'raise NotImplementedError("{what}")\n']
                out += [inside[1] + line if line.strip() else line for line in lines]
            inside = None
        elif starter and inside:
            instead.append(starter[1])
        elif MARKER.match(line):
            raise CourseError(f"line {number}: the marker {line.strip()!r} is out of place.")
        elif not inside or int(inside[2]) <= solved:
            out.append(line)
    if inside:
        raise CourseError(f"{inside[0].strip()!r} has no END SOLUTION.")
    return "".join(out)


def answer(stage: Stage, solved: int = ALL_STEPS) -> dict[str, str]:
    """Return the learner's files with the steps up to ``solved`` written; 0 returns the starters.

    Raises:
        CourseError: A solved file is missing, or its markers are wrong.
    """
    files = {}
    stage.need_answers()
    for name in stage.edit:
        try:
            files[name] = render((stage.answers / name).read_text("utf-8"), solved)
        except (OSError, CourseError) as error:
            raise CourseError(f"solutions/{stage.name}/{name}: {error}") from error
    return files


def mutated(stage: Stage, mutant: Mutant, solved: int = ALL_STEPS) -> dict[str, str]:
    """Return the answer with the mutant's edit made.

    Raises:
        CourseError: The text to find does not occur exactly once.
    """
    return with_bug(answer(stage, solved), mutant)


def with_bug(files: Mapping[str, str], mutant: Mutant) -> dict[str, str]:
    """Return the files, by name, with the mutant's edit made.

    Raises:
        CourseError: The text to find does not occur exactly once.
    """
    text = files.get(mutant.file, "")
    count = text.count(mutant.find)
    if count != 1:
        raise CourseError(
            f"{mutant.name}: the text to find must occur once in {mutant.file}; it occurs {count} times."
        )
    return {**files, mutant.file: text.replace(mutant.find, mutant.replace)}


def place_of_step(stage: Stage, step: int) -> tuple[str, tuple[str, ...]]:
    """Return the file in which a step is to be written, and the classes and functions around it, outermost first.

    ("", ()) if the solutions do not exist, or do not mark the step.
    """
    for name in stage.edit:
        try:
            lines = (stage.answers / name).read_text("utf-8").splitlines(keepends=True)
        except OSError:
            continue
        for number, line in enumerate(lines):
            begin = BEGIN.fullmatch(line)
            if begin and int(begin[2]) == step:
                return name, _around(lines[:number], len(begin[1]))
    return "", ()


def _around(lines: list[str], indent: int) -> tuple[str, ...]:
    names: list[str] = []
    for line in reversed(lines):
        head = HEAD.match(line)
        if head and len(head[1]) < indent:
            names.insert(0, head[2])
            indent = len(head[1])
    return tuple(names)


def line_of(text: str, names: tuple[str, ...]) -> int:
    """Return the line (from 1) of the last of these nested classes and functions; 0 if one is missing."""
    at = 0
    lines = text.splitlines()
    for name in names:
        for number in range(at, len(lines)):
            head = HEAD.match(lines[number])
            if head and head[2] == name:
                at = number + 1
                break
        else:
            return 0
    return at
