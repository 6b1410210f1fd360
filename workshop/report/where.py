"""Find where to edit in the learner's files: the place of an error, a mark, or what the step's text says to write."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from workshop.course import CourseError, Stage, Step
from workshop.course.files import passed_before
from workshop.course.solutions import HEAD, answer, line_of, place_of_step
from workshop.runner.result import Frame, Problem

MARKED = re.compile(r"\bStep (\d+):")
# The sentence of a step's text that says what to write, and the names in it.
TASK = re.compile(r"\b(?:Write|Mend|Fix|Repair)\b.*?[.:](?=\s|$)", re.S)
NAME = re.compile(r"\w+(?:[./]\w+)*")
# A name that cannot be a word of the sentence around it.
CODE = re.compile(r"[_.]|[a-z][A-Z]")
# How many further places are named.
FEW = 5
# With these errors a file cannot be run at all: no step is to blame.
BROKEN = ("SyntaxError", "IndentationError", "TabError", "ImportError", "ModuleNotFoundError")


@dataclass(frozen=True)
class Place:
    """A place to look: a file as the learner knows it, and a line that counts from 1; 0 if only the file is known."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}" if self.line else self.file


def edit(stage: Stage, step: Step | None, problem: Problem) -> tuple[str, str]:
    """Return where to edit, and where else; the second is '' if there is no other place.

    The place in the learner's files where an error was raised comes first, or else what may have caused it; then what is
    left of a half-written later step that may have broken this one, or else the places where the step's work belongs. If
    work is left, but none in the file in which the error was raised, what is left comes first: that file is only where it
    showed.
    """
    found = innermost(stage, problem.frames)
    if not found and problem.exception == "SystemExit":
        found = search(stage, stage.edit, CULPRITS["exit"], comments=False)
    places = [found] if found else []
    later = half_written(stage, step, problem) if step else []
    if later:
        places += [place for place in later if place != found]
    else:
        places = places_for(stage, step, places, problem.message)
    left = later or marked(stage, step.number if step else 0)
    if found and left and found.file not in {place.file for place in left}:
        places = [*left, found]
    if not places:
        names = _or(stage.edit)
        return (
            (f"exercises/{stage.name}", names) if len(stage.edit) > 1 else (stage.path(names), "")
        )
    also = places[1 : FEW + 1]
    more = len(places) - 1 - len(also)
    others = f"also {_listed(also)}" + (f"; and {more} more" if more else "")
    return str(places[0]), others if also else ""


def anywhere(stage: Stage) -> str:
    """Name all of the learner's files, for a fault that may be in any of them."""
    if len(stage.edit) == 1:
        return stage.path(stage.edit[0])
    return f"exercises/{stage.name} ({_or(stage.edit)})"


def places_for(
    stage: Stage, step: Step | None, first: Iterable[Place] = (), message: str = ""
) -> list[Place]:
    """Return where the step's work belongs, after the places known already; empty if nothing shows it.

    These are the places marked for it or, if no mark is left, those that its text says to write.

    Args:
        first: The places known already.
        message: The failure's.
    """
    places = list(first)
    number = step.number if step else 0
    found = marked(stage, number)
    if not found and not places and step:
        found = places_named_in(stage, step, message) or _solved(stage, number)
    return places + [place for place in found if place not in places]


def marked(stage: Stage, number: int) -> list[Place]:
    """Return the lines that are still marked for the step of this number."""
    return [
        Place(stage.path(name), line)
        for name, text in _texts(stage).items()
        for line, content in enumerate(text.splitlines(), 1)
        if str(number) in MARKED.findall(content)
    ]


def places_named_in(stage: Stage, step: Step, message: str = "") -> list[Place]:
    """Return the classes and functions that a step's text says to write; or else the files that it names.

    Those that the failure's message names come first.
    """
    texts = _texts(stage)
    task = " ".join(TASK.findall(step.text))
    names = NAME.findall(task or step.text)
    blamed = {name for name in NAME.findall(message) if CODE.search(name)}
    names.sort(key=lambda name: name.rpartition(".")[2] not in blamed)
    files = [name for name in names if name in texts]
    found = []
    for name in names:
        if task or CODE.search(name):
            found += _defined(stage, texts, name, files)
    named = {place.file for place in found}
    alone = [Place(stage.path(name)) for name in files if stage.path(name) not in named]
    return list(dict.fromkeys(found + alone))


def _defined(stage: Stage, texts: dict[str, str], name: str, files: list[str]) -> list[Place]:
    """Return the definition of a class, function or Class.method, if it is unique; in the named files, if there are any."""
    parts = tuple(name.split("."))
    found = []
    for file, text in texts.items():
        count = sum(
            (head := HEAD.match(line)) is not None and head[2] == parts[-1]
            for line in text.splitlines()
        )
        line = line_of(text, parts)
        if line:
            # Several methods may share a name; with its class before it, the name is unique.
            found += [(file, line)] * (count if len(parts) == 1 else 1)
    here = [one for one in found if one[0] in files] if files else found
    return [Place(stage.path(here[0][0]), here[0][1])] if len(here) == 1 else []


def _solved(stage: Stage, number: int) -> list[Place]:
    """Return the place of the step's first part in the solved files, if they exist."""
    name, around = place_of_step(stage, number)
    return [Place(stage.path(name), line_of(_texts(stage).get(name, ""), around))] if name else []


def blame_later_steps(stage: Stage, step: Step | None, problem: Problem) -> str:
    """Say that later changes may have broken a failing step that passed in an earlier run with other files.

    If a later step is half written, say what is left of it to write.

    '' for a step that never passed: then nothing shows which came first.
    """
    if step is None or not _broken_since(stage, step, problem):
        return ""
    number = step.number
    text = f"Step {number} passed in an earlier run: your later changes may have broken it."
    if last := _half_written(stage, step):
        left = _listed(marked(stage, last))
        text += f" Step {last} is half written. Left of step {last}: {left}."
    return text


def half_written(stage: Stage, step: Step, problem: Problem) -> list[Place]:
    """Return what is left of a half-written later step, if the step passed before it was begun; empty otherwise."""
    last = _half_written(stage, step) if _broken_since(stage, step, problem) else 0
    return marked(stage, last) if last else []


def _broken_since(stage: Stage, step: Step, problem: Problem) -> bool:
    """Return whether the step was written, and passed with other files than now."""
    if problem.exception in BROKEN or not passed_before(stage, step):
        return False
    return not marked(stage, step.number)


def _half_written(stage: Stage, step: Step) -> int:
    """Return the last step after this one of which only a part is written; 0 if there is none, or no solutions/."""
    try:
        given = _marks(answer(stage, 0).values())
    except CourseError:
        return 0
    left = _marks(_texts(stage).values())
    return max((n for n in given if n > step.number and 0 < left[n] < given[n]), default=0)


def _marks(texts: Iterable[str]) -> Counter[int]:
    return Counter(int(number) for text in texts for number in MARKED.findall(text))


def _texts(stage: Stage) -> dict[str, str]:
    """Return the learner's files that can be read."""
    texts = {}
    for name in stage.edit:
        try:
            texts[name] = (stage.folder / name).read_text("utf-8", "replace")
        except OSError:
            continue
    return texts


def innermost(stage: Stage, frames: Iterable[Frame]) -> Place | None:
    """Return the innermost frame in a file of the learner's, if there is one."""
    found = _own(stage, frames)
    return found[-1] if found else None


def most_often(stage: Stage, frames: Iterable[Frame]) -> Place | None:
    """Return the learner's line that is on the stack most often, if there is one."""
    return next((place for place, _ in Counter(_own(stage, frames)).most_common(1)), None)


def _own(stage: Stage, frames: Iterable[Frame]) -> list[Place]:
    mine = {stage.path(name) for name in stage.edit}
    return [Place(frame.file, frame.line) for frame in frames if frame.file in mine]


def search(stage: Stage, names: Iterable[str], pattern: str, comments: bool = True) -> Place | None:
    """Return the first line of the learner's files that matches the pattern."""
    texts = _texts(stage)
    for name in names:
        for number, line in enumerate(texts.get(name, "").splitlines(), 1):
            if re.search(pattern, line if comments else line.partition("#")[0]):
                return Place(stage.path(name), number)
    return None


def _listed(places: Iterable[Place]) -> str:
    """List places, each file named once: "a.py, line 3; b.py, lines 1, 7 and 9"."""
    lines: dict[str, list[int]] = {}
    for place in places:
        lines.setdefault(place.file.rpartition("/")[2], []).append(place.line)
    known = {name: [str(n) for n in sorted(numbers) if n] for name, numbers in lines.items()}
    return "; ".join(
        f"{name}, line{'s' * (len(all_) > 1)} {_and(all_)}" if all_ else name
        for name, all_ in known.items()
    )


def _and(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)


def _or(words: Iterable[str]) -> str:
    return " or".join(_and(list(words)).rsplit(" and", 1))


# What may have ended a run, if no frame shows it.
CULPRITS = {
    "died": r"\bos\.(_exit|abort|kill)\b|\bsignal\.",
    "ran": r"\breactor\.run\b",
    "stopped": r"\breactor\.(stop|crash)\b|\.stop\b",
    "exit": r"\bsys\.exit\b|\bexit\(|\bquit\(",
    "thread": r"\bThread\(|\bcallInThread\b|\bdeferToThread\b",
    "process": r"\bPopen\(|\bspawnProcess\b|\bProcess\(|\bos\.(fork|spawn\w+|popen)\b|\bsubprocess\.",
    "closed stdout": r"\bstdout\.close\b|\bos\.close|\bos\.dup2\b|\bstdout\b",
    "closed stderr": r"\bstderr\.close\b|\bos\.close|\bos\.dup2\b|\bstderr\b",
    "closed files": r"\bos\.close",
    "cut off": r"\bos\.close",
    "output": r"\bprint\(|\.write\(",
}
