"""A deck as its Markdown has it: the slides, their notes and minutes. slides/README.md describes the form."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

MINUTES = re.compile(r"(\d+(?:\.5)?) minutes?")
YOUR_TURN = re.compile(r"Your turn: (\d+) minutes")


@dataclass(frozen=True)
class Slide:
    """One slide. ``text`` is its Markdown below the heading, without the notes; ``minutes`` is 0 if it has none."""

    title: str
    text: str
    notes: str
    minutes: float

    @property
    def turn(self) -> int | None:
        """The minutes on the clock, if this is the slide "Your turn: 25 minutes"."""
        found = YOUR_TURN.fullmatch(self.title)
        return int(found[1]) if found else None


@dataclass(frozen=True)
class Deck:
    """One deck, from slides/NAME.md."""

    name: str
    slides: tuple[Slide, ...]

    @property
    def title(self) -> str:
        """The title of the first slide."""
        return self.slides[0].title if self.slides else self.name

    @property
    def talk(self) -> float:
        """The minutes of all slides but "Your turn"."""
        return sum(slide.minutes for slide in self.slides if slide.turn is None)

    @property
    def turns(self) -> tuple[Slide, ...]:
        """The slides "Your turn"; a deck has one at most."""
        return tuple(slide for slide in self.slides if slide.turn is not None)


def minutes(text: str) -> float:
    """Return how many minutes "2 minutes" or "0.5 minutes" are; 0 for any other text."""
    found = MINUTES.fullmatch(text.strip())
    return float(found[1]) if found else 0.0


def read(path: Path) -> Deck:
    """Read a deck."""
    slides: list[Slide] = []
    for block in _blocks(path.read_text("utf-8")):
        title, _, text = block.partition("\n")
        length, said = 0.0, ""
        notes = re.search(r"^:::\{notes\}(.*)\n((?:.*\n)*?):::\s*$", text, re.M)
        if notes:
            length, said = minutes(notes[1]), notes[2].strip()
            text = text[: notes.start()] + text[notes.end() :]
        slides.append(Slide(title.lstrip("# ").strip(), text.strip(), said, length))
    return Deck(path.stem, tuple(slides))


def _blocks(text: str) -> Iterable[str]:
    """Cut a deck's text before each heading; inside a fence, what looks like one is not."""
    fence, block = "", ""
    for line in text.splitlines(keepends=True):
        opening = re.match(r"(`{3,}|:{3,})", line)
        if not fence and opening:
            fence = opening[1]
        elif fence and line.strip() == fence:
            fence = ""
        if not fence and re.match(r"##? ", line):
            if block.startswith("#"):
                yield block
            block = ""
        block += line
    if block.startswith("#"):
        yield block
