"""What a talk and an exercise need, in minutes: the sums that a timetable is checked against.

A talk is what its notes say aloud, and the time for each question, demo, picture and piece of code on its slides. An
exercise is what is said at "Your turn", what is read (the box of the stage's README, what the box links to, the sections
and docstrings of the steps), and the minutes of course.toml for the steps themselves.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass

from workshop.course.deck import Deck, Slide, read
from workshop.course.model import Course, Stage
from workshop.course.plan import IN_CLASS

WORDS_READ, WORDS_SPOKEN = 200, 130
"""A minute."""

QUESTION, DEMO, PICTURE, CODE = 1 / 3, 3 / 4, 1 / 2, 1 / 4
"""The minutes for an answer, for commands typed and their output read, for a picture and for code to be looked at."""


@dataclass(frozen=True)
class Needs:
    """The minutes that something needs, by what they are for."""

    talk: float = 0
    reading: float = 0
    work: float = 0

    @property
    def minutes(self) -> float:
        """The sum."""
        return self.talk + self.reading + self.work

    def __add__(self, other: Needs) -> Needs:
        """Return what both need together."""
        return Needs(self.talk + other.talk, self.reading + other.reading, self.work + other.work)


NOTHING = Needs()


def words(text: str) -> int:
    """Count the words of Markdown: whatever is between spaces and has a letter or a digit."""
    return sum(bool(re.search(r"\w", word)) for word in text.split())


def box(readme: str) -> str:
    """Return a README's box, the first quotation, without its marks; "" if there is none."""
    found = re.search(r"(?:^>.*\n)+", readme, re.M)
    return re.sub(r"^> ?", "", found[0], flags=re.M) if found else ""


def anchor(heading: str) -> str:
    """Return a heading's anchor, made as GitHub makes it."""
    plain = unicodedata.normalize("NFC", heading.lower().replace("`", ""))
    return re.sub(r"[^\w\- ]", "", plain).strip().replace(" ", "-")


def sections(readme: str) -> dict[str, str]:
    """Map each second-level heading's anchor to its section's text."""
    parts = re.split(r"^## (.+)\n", readme, flags=re.M)
    return {anchor(head): text for head, text in zip(parts[1::2], parts[2::2], strict=True)}


def of_slide(slide: Slide) -> Needs:
    """Return what a slide needs, without the exercise if it is "Your turn"."""
    paragraphs = re.split(r"\n\s*\n", slide.notes)
    kinds = [(re.match(r"\w+", text) or [""])[0] for text in paragraphs]
    spoken = sum(
        words(t) for t, kind in zip(paragraphs, kinds, strict=True) if kind in ("Say", "Ask")
    )
    minutes = spoken / WORDS_SPOKEN
    if slide.turn is None:
        minutes += QUESTION * kinds.count("Ask") + DEMO * kinds.count("Demo")
        shown = re.findall(r"^`{3,}\{(\w+)\}", slide.text, re.M)
        minutes += PICTURE * shown.count("picture")
        minutes += CODE * (shown.count("source") + shown.count("terminal"))
    return Needs(talk=minutes)


def of_talk(course: Course, name: str) -> Needs:
    """Return what the talk of a deck needs; nothing if this copy lacks the deck."""
    slides = _deck(course, name).slides
    return sum((of_slide(slide) for slide in slides if slide.turn is None), NOTHING)


def of_exercise(
    course: Course, stage: Stage, deck: str, places: Collection[str] = (IN_CLASS,)
) -> Needs:
    """Return what the steps of a stage that are done in these places need.

    Args:
        deck: The name of the deck that ends with this exercise.
    """
    parts = [part for part in stage.part if part.place in places]
    if not parts:
        return NOTHING
    said = sum((of_slide(slide) for slide in _deck(course, deck).turns), NOTHING)
    return said + Needs(0, reading(stage, places), sum(part.minutes for part in parts))


def reading(stage: Stage, places: Collection[str]) -> float:
    """Return how many minutes it takes to read what the steps in these places need."""
    path = stage.folder / "README.md"
    readme = path.read_text("utf-8") if path.is_file() else ""
    numbers = {number for part in stage.part if part.place in places for number in part.numbers}
    named = set(re.findall(r"\]\(#([\w-]+)\)", box(readme)))
    count = words(box(readme))
    for name, text in sections(readme).items():
        step = re.match(r"(?:step|description)-(\d+)", name)
        if name in named or (step and int(step[1]) in numbers):
            count += words(text)
    for asked in (one for one in stage.steps if one.number in numbers):
        count += words(f"{asked.title} {asked.text}")
        count += sum(words(test.requirement) for test in asked.tests)
    return count / WORDS_READ


def of_all(stage: Stage) -> Needs:
    """Return what the whole stage needs, done alone: all of its README and of its steps' docstrings, and all steps."""
    path = stage.folder / "README.md"
    count = words(path.read_text("utf-8") if path.is_file() else "")
    for step in stage.steps:
        count += words(f"{step.title} {step.text}")
        count += sum(words(test.requirement) for test in step.tests)
    return Needs(0, count / WORDS_READ, sum(part.minutes for part in stage.part))


def _deck(course: Course, name: str) -> Deck:
    """Return a deck; without slides, if this copy lacks it."""
    path = course.root / "slides" / f"{name}.md"
    return read(path) if path.is_file() else Deck(name, ())
