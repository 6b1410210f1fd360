"""The slides: the contents of a deck's Markdown, and how it is built and served.

A deck is a file in slides/, as slides/README.md describes it. Nothing here imports Sphinx, which runs in its own process.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workshop.course import Course, CourseError, stage_names, timetable

COLUMNS, LINES = 72, 16
"""How much code a slide holds."""

SAID = 40
"""How many lines of Sphinx's output are shown."""

MINUTES = re.compile(r"(\d+(?:\.5)?) minutes?")
YOUR_TURN = re.compile(r"Your turn: (\d+) minutes")


def minutes(text: str) -> float:
    """Return how many minutes "2 minutes" or "0.5 minutes" are; 0 for any other text."""
    found = MINUTES.fullmatch(text.strip())
    return float(found[1]) if found else 0.0


@dataclass(frozen=True)
class Slide:
    """One slide. ``text``: its Markdown below the heading, without the notes. ``minutes``: 0 if it has none."""

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


def decks(course: Course, folder: Path | None = None) -> list[Deck]:
    """Return the decks that exist, in the order of the class."""
    folder = folder or course.root / "slides"
    names = [f"{name}.md" for name in timetable.decks(course)]
    return [read(folder / name) for name in names if (folder / name).is_file()]


def find_deck(text: str, names: Sequence[str]) -> str:
    """Return the deck that a user named: by its name, its file, its stage's number or its stage's short name.

    Raises:
        CourseError: There is none.
    """
    wanted = text.lower().removesuffix(".md")
    for name in names:
        if wanted in stage_names(name):
            return name
    raise CourseError(f'There is no deck "{text}". Decks: {", ".join(names) or "none yet"}.')


def build(course: Course, folder: Path) -> None:
    """Build all decks, as pages of reveal.js, into a folder that holds nothing else.

    Raises:
        CourseError: A deck is wrong, or Sphinx is not installed; the message has Sphinx's output.
    """
    source = course.root / "slides"
    if not (source / "conf.py").is_file():
        raise CourseError("This copy of the course has no slides.")
    # -E: a deck with warnings is read again, and its warnings are shown again.
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-E", "-b", "revealjs"]
    command += ["-d", str(folder / ".doctrees"), str(source), str(folder)]
    plain = {**os.environ, "PYTHONUTF8": "1", "NO_COLOR": "1"}
    done = subprocess.run(
        command, cwd=course.root, env=plain, capture_output=True, encoding="utf-8"
    )
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise CourseError("\n".join(["The slides cannot be built:", *said[:SAID]]))


def serve(folder: Path, page: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve a folder on 127.0.0.1 until Ctrl-C or SIGTERM.

    Args:
        port: The port; 0 for a free one.
        ready: Called with the page's address, once it can be requested.

    Raises:
        CourseError: The port is taken.
    """
    from twisted.internet import reactor
    from twisted.internet.error import CannotListenError
    from twisted.web.server import Site
    from twisted.web.static import File

    # Twisted's own types do not agree on these two.
    site: Any = Site(File(str(folder)))
    listening: Any
    try:
        listening = reactor.listenTCP(port, site, interface="127.0.0.1")
    except CannotListenError as error:
        raise CourseError(f"Port {port} cannot be had: {error.socketError}.") from None
    # Twisted ends on these signals only if nothing else handles them, and this tool's command line does.
    for name in ("SIGINT", "SIGTERM"):
        number = getattr(signal, name)
        signal.signal(number, signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL)
    reactor.callWhenRunning(ready, f"http://127.0.0.1:{listening.getHost().port}/{page}")
    reactor.run()
