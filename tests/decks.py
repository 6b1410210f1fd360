"""The contents of the course's decks."""

from __future__ import annotations

from workshop.course import Course
from workshop.course.deck import Deck as Deck
from workshop.course.deck import Slide as Slide
from workshop.course.deck import read as read
from workshop.slides import decks as built


def decks(course: Course) -> list[Deck]:
    """The decks that exist, in the order of the class."""
    return [read(course.root / "slides" / f"{name}.md") for name in built.decks(course)]
