"""A class's plan as course.toml states it: which steps are done where, the tracks, the breaks, the talks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

IN_CLASS, QUICK, HOME = "in class", "for the quick", "at home"
PLACES = (IN_CLASS, QUICK, HOME)
CORE, ALL = "core", "all"
FIRST, LAST = "first", "last"
STEPS = re.compile(r"(\d+(-\d+)?(, \d+(-\d+)?)*)?")


@dataclass(frozen=True)
class Part:
    """A range of a stage's steps, or kinds of mistake, and how many minutes they take besides the reading.

    ``steps`` are written "1-3, 5"; ``what`` is for work that belongs to no step. ``place`` is one of PLACES, in the shortest
    track; longer tracks do what is "for the quick" in class, too.
    """

    place: str
    minutes: int
    steps: str
    what: str

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of its steps."""
        return numbers(self.steps)


@dataclass(frozen=True)
class Track:
    """A selection for a class of that many minutes, breaks included; 0 for any number.

    It has the core stages and those of ``extra``. If ``quick``, what the core stages have for the quick is done in class.
    """

    name: str
    title: str
    minutes: int
    extra: tuple[str, ...]
    quick: bool


@dataclass(frozen=True)
class Break:
    """A pause of that many minutes after a stage, in these tracks; in all, if none is named."""

    after: str
    minutes: int
    name: str
    tracks: tuple[str, ...]


@dataclass(frozen=True)
class Talk:
    """A deck that belongs to no stage. ``place`` is "first" or "last"."""

    name: str
    title: str
    minutes: int
    place: str


def numbers(text: str) -> tuple[int, ...]:
    """Return the numbers of "1-3, 5", in their order."""
    found: list[int] = []
    for first, last in re.findall(r"(\d+)(?:-(\d+))?", text):
        found += range(int(first), int(last or first) + 1)
    return tuple(found)


def written(some: Sequence[int]) -> str:
    """Write numbers as course.toml does: "1-3, 5"."""
    ranges: list[list[int]] = []
    for number in some:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in ranges)
