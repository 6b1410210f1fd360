"""The course as its files describe it: stages, steps, mutants and hints.

Nothing here runs or imports a learner's code: course.toml and mutants.toml are read as TOML, hints.md as headings, and the
steps from the syntax tree of the provided tests. So a stage is added with files alone.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

from workshop.course.plan import (
    ALL,
    CORE,
    FIRST,
    LAST,
    PLACES,
    STEPS,
    Break,
    Part,
    Talk,
    Track,
    written,
)
from workshop.course.steps import Step, read_steps
from workshop.course.toml_fields import CourseError as CourseError
from workshop.course.toml_fields import entries, read

TIERS = ("Question", "Pointer", "Shape")


@dataclass(frozen=True)
class Mutant:
    """A named mistake: an edit of one solved file, the step that must catch it, and what its user would notice.

    If only some places have the mistake, ``on`` has words in the names of the classes whose tests run there.
    """

    name: str
    bug: str
    source: str
    file: str
    step: int
    find: str
    replace: str
    on: tuple[str, ...] = ()

    def meets(self, test: str) -> bool:
        """Return whether a test, by its full name, runs in a place that has the mistake: Contract_epoll_TCP6 is on epoll."""
        return set(self.on) <= set(test.split(".")[-2].split("_"))


@dataclass(frozen=True)
class Kind:
    """A kind of mistake that learners' tests must catch; its mutants have its number as their ``step``. ``scene`` is a
    moment in which such a bug bites. ``words`` are patterns: a line of a learner's list that matches one is about this kind.
    """

    number: int
    title: str
    scene: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Stage:
    """One stage: an entry of course.toml, with the contents of its files.

    ``slides`` is the part of its ``minutes`` for the talk; the rest is for the exercise, which longer tracks give ``longer``
    more. ``alone`` says how many minutes the exercise takes without a class; "" if nobody has measured it.
    """

    root: Path
    name: str
    title: str
    minutes: int
    alone: str
    slides: int
    longer: int
    part: tuple[Part, ...]
    track: str
    kind: str
    edit: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """The folder in which the learner reads and edits."""
        return self.root / "exercises" / self.name

    def path(self, name: str) -> str:
        """Return a file's path in that folder, below the course's root and with slashes, as messages name it."""
        return f"exercises/{self.name}/{name}"

    @property
    def number(self) -> str:
        """The number by which a user may call it."""
        return stage_names(self.name)[-1]

    @property
    def notebook(self) -> Path:
        """The file of its lecture; it need not exist."""
        return self.root / "notebooks" / f"{self.name}.ipynb"

    @property
    def answers(self) -> Path:
        """The folder of the solved files and mutants.toml."""
        return self.root / "solutions" / self.name

    def need_answers(self) -> None:
        """Raise CourseError if this copy has no solutions of the stage."""
        if not self.answers.is_dir():
            raise CourseError(
                f"This copy of the course has no solutions/{self.name}, which this needs."
            )

    @property
    def target(self) -> str:
        """The name with which plain trial runs the whole stage."""
        return f"exercises.{self.name}"

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The steps in working order, which is trial's: modules by name, then classes by name."""
        given = (path for path in visible(self.folder, "test_*.py") if path.name not in self.edit)
        return tuple(step for path in given for step in read_steps(path))

    @property
    def judged(self) -> bool:
        """Whether the learner writes the tests: then right answers and mutants judge them."""
        return self.kind not in ("check", "provided tests")

    @cached_property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of mistake that a learner's tests must catch, from kinds.toml; empty if the tests are provided."""
        path = self.answers / "kinds.toml"
        return entries(read(path), Kind, path.name, words=[]) if path.exists() else ()

    @property
    def topics(self) -> tuple[Step, ...] | tuple[Kind, ...]:
        """What a learner works on in turn: steps, or kinds of mistake."""
        return self.kinds if self.judged else self.steps

    def place(self, number: int) -> str:
        """Return where a step, or a kind of mistake, is done, one of PLACES; "" if course.toml does not say."""
        return next((part.place for part in self.part if number in part.numbers), "")

    def done(self, place: str, after: int | None = None) -> str:
        """Return what is done there, in order: "the gallery, 1-2"; "" if nothing is.

        Args:
            after: Only what follows this step; all, if it is done elsewhere.
        """
        items: list[int | str] = []
        for part in self.part:
            if part.place == place:
                items += [part.what] * bool(part.what) + [*part.numbers]
        if after in items:
            items = items[items.index(after) + 1 :]
        found: list[str] = []
        for _, some in groupby(items, lambda item: isinstance(item, int)):
            group = [*some]
            numbers = [item for item in group if isinstance(item, int)]
            found += [written(numbers)] if numbers else [str(item) for item in group]
        return ", ".join(found)

    @property
    def places(self) -> str:
        """What is done where, as the first line of its README has it; "" if course.toml does not say."""
        places = [f"{place}: {self.done(place)}." for place in PLACES if self.done(place)]
        if not places:
            return ""
        first, *rest = places
        noun = "Numbers" if self.judged else "Steps"
        return " ".join([f"**{noun} {first}**", *(text[0].upper() + text[1:] for text in rest)])

    @cached_property
    def mutants(self) -> tuple[Mutant, ...]:
        """The known wrong programs, from mutants.toml; empty if there is no such file."""
        path = self.answers / "mutants.toml"
        return entries(read(path), Mutant, path.name, on=[]) if path.exists() else ()

    @cached_property
    def placed(self) -> bool:
        """Whether the learner's tests are built for several places: reactors and kinds of connection."""
        return any(mutant.on for mutant in self.mutants)

    def only(self, numbers: Sequence[int]) -> Stage:
        """Return this stage with these kinds of mistake, and their mutants, and no others."""
        part = replace(self)
        kinds = tuple(kind for kind in self.kinds if kind.number in numbers)
        mutants = tuple(mutant for mutant in self.mutants if mutant.step in numbers)
        # These are read from files at the first use.
        vars(part).update(kinds=kinds, mutants=mutants, placed=self.placed)
        return part

    def kinds_named(self, text: str) -> tuple[int, ...]:
        """Return the numbers of the kinds that a user named: ``5``, or ``1-5``.

        Raises:
            CourseError: There is no such kind.
        """
        found = re.fullmatch(r"(\d+)(?:-(\d+))?", text)
        numbers = tuple(range(int(found[1]), int(found[2] or found[1]) + 1)) if found else ()
        if not numbers or not set(numbers) <= {kind.number for kind in self.kinds}:
            self.need_answers()
            has = f"It has 1 to {len(self.kinds)}; write 2, or 1-{len(self.kinds)}."
            raise CourseError(f'{self.name} has no number "{text}". {has}')
        return numbers

    @cached_property
    def hints(self) -> Mapping[int, tuple[str, ...]]:
        """The hints by step number, gentlest first: a question, a pointer, the code's shape."""
        path = self.folder / "hints.md"
        if not path.exists():
            return {}
        hints: dict[int, tuple[str, ...]] = {}
        for part in re.split(r"^## Step ", path.read_text("utf-8"), flags=re.M)[1:]:
            number, _, body = part.partition("\n")
            tiers = re.split(r"^### (\w+)\n", body, flags=re.M)
            if tuple(tiers[1::2]) != TIERS or not number.strip().isdigit():
                raise CourseError(
                    f"{self.name}/hints.md: Step {number}: it must have the headings {', '.join(TIERS)}."
                )
            hints[int(number)] = tuple(tier.strip() for tier in tiers[2::2])
        return hints

    def topic(self, text: str) -> Step | Kind:
        """Return the step that a user named or, if the learner writes the tests, the kind of mistake.

        Raises:
            CourseError: There is no such topic.
        """
        if not self.judged:
            return self.step(text)
        for kind in self.kinds:
            if text.strip() == str(kind.number):
                return kind
        self.need_answers()
        raise CourseError(f'{self.name} has no number "{text}". It has 1 to {len(self.kinds)}.')

    def step(self, text: str) -> Step:
        """Return the step that a user named by number, by ``Step03`` or by its name.

        Raises:
            CourseError: There is no such step; the message has the nearest names.
        """
        if not self.steps:
            raise CourseError(f"{self.name} has no steps: you write its tests.")
        wanted = re.fullmatch(r"(?i)(?:step|check)?[\s_-]*0*(\d+)\w*", text)
        for step in self.steps:
            if wanted and int(wanted[1]) == step.number:
                return step
            if text.lower() in (step.name.lower(), step.cls.lower()):
                return step
        names = [step.name for step in self.steps]
        raise CourseError(
            f'{self.name} has no step "{text}". {nearest(text, names)}'
            f"Its steps: {self.steps[0].number} to {self.steps[-1].number}."
        )


@dataclass(frozen=True)
class Course:
    """The table of contents.

    Attributes:
        root: The folder above exercises/ and solutions/.
        tracks: Those of course.toml; "core" and "all" always exist.
    """

    root: Path
    title: str
    stages: tuple[Stage, ...]
    breaks: tuple[Break, ...]
    talks: tuple[Talk, ...]
    tracks: tuple[Track, ...]

    def track(self, name: str) -> Track:
        """Return a track.

        Raises:
            CourseError: There is none of this name.
        """
        for track in self.tracks:
            if track.name == name:
                return track
        names = ", ".join(track.name for track in self.tracks)
        raise CourseError(f'There is no track "{name}". Tracks: {names}.')

    def stage(self, text: str) -> Stage:
        """Return the stage that a user named: ``stage2_poetry``, ``stage2``, ``2``, ``poetry`` or its folder's path.

        Raises:
            CourseError: There is no such stage; the message has the nearest names.
        """
        wanted = text.replace("\\", "/").rstrip("/").rpartition("/")[2]
        wanted = wanted.removeprefix("exercises.").lower()
        for stage in self.stages:
            if wanted in stage_names(stage.name):
                return stage
        names = [stage.name for stage in self.stages]
        raise CourseError(
            f'There is no stage "{text}". {nearest(text, names)}Stages: {", ".join(names)}.'
        )


def load(root: Path) -> Course:
    """Read exercises/course.toml below root.

    Raises:
        CourseError: The file is missing, is not TOML, or has a wrong entry; the message says which.
    """
    path = root / "exercises" / "course.toml"
    if not path.exists():
        raise CourseError(f"{path} is missing: it lists the stages. Is this the course's folder?")
    data = read(path)
    tracks = entries(data, Track, path.name, minutes=0, title="", extra=[], quick=False)
    for name in (CORE, ALL):
        if name not in [track.name for track in tracks]:
            tracks += (Track(name, "", 0, (), False),)
    course = Course(
        root,
        str(data.get("title", root.name)),
        _stages(data, root, path.name),
        entries(data, Break, path.name, name="Break", tracks=[]),
        entries(data, Talk, path.name),
        tracks,
    )
    if why := _fault(course):
        raise CourseError(f"course.toml: {why}")
    return course


def _stages(data: Mapping[str, Any], root: Path, file: str) -> tuple[Stage, ...]:
    """Return the stages of course.toml, each with its parts.

    Raises:
        CourseError: A stage or a part has a missing or unknown field, or a value of another type.
    """
    found = []
    for entry in data.get("stage", []):
        where = f"{file}, {entry.get('name')}"
        parts = entries(entry, Part, where, steps="", what="")
        found.append({**entry, "part": [*parts]})
    return entries({"stage": found}, Stage, file, root=root, slides=0, longer=0, alone="")


def _fault(course: Course) -> str:
    """Return what is wrong with a course, apart from the single fields of its entries; "" if nothing is."""
    names = [stage.name for stage in course.stages]
    if not names:
        return "it has no [[stage]]."
    for stage in course.stages:
        if not 0 <= stage.slides < stage.minutes:
            return f"{stage.name}: slides = {stage.slides} leaves none of its {stage.minutes} minutes for the exercise."
        for part in stage.part:
            if part.place not in PLACES:
                return f'{stage.name}: place is "{part.place}"; it must be {", ".join(PLACES)}.'
            if not STEPS.fullmatch(part.steps):
                return f'{stage.name}: steps is "{part.steps}"; write it as 1-3, 5.'
    for pause in course.breaks:
        if pause.after not in names:
            return f"a break comes after {pause.after}, which is not a stage."
        if wrong := {*pause.tracks} - {track.name for track in course.tracks}:
            return f"the break after {pause.after}: there is no track {', '.join(sorted(wrong))}."
    for track in course.tracks:
        if wrong := {*track.extra} - {*names}:
            return f"the track {track.name}: {', '.join(sorted(wrong))} is not a stage."
    for talk in course.talks:
        if talk.place not in (FIRST, LAST):
            return f'the talk {talk.name}: place is "{talk.place}"; it must be first or last.'
    return ""


def nearest(text: str, names: Iterable[str]) -> str:
    """Return a question with the names nearest to a user's text, and a space; "" if none is near."""
    near = difflib.get_close_matches(text, list(names), n=3, cutoff=0.5)
    return f"Did you mean {' or '.join(near)}? " if near else ""


def stage_names(name: str) -> tuple[str, ...]:
    """Return the names by which a user may call a stage or its deck: ``stage2_poetry``, ``stage2``, ``poetry``, ``2``."""
    head, _, tail = name.partition("_")
    return name, head, tail, head.removeprefix("stage")


def visible(folder: Path, pattern: str) -> list[Path]:
    """Return the files in a folder that match a pattern, by name, without those that begin with a dot.

    macOS puts a ._x beside each x on a foreign file system, and editors use such names for their own files.
    """
    return sorted(path for path in folder.glob(pattern) if not path.name.startswith("."))
