"""A console for results. Nothing depends on colour alone, so the text reads the same piped, without colour, and aloud."""

from __future__ import annotations

import os
import re
import sys
import textwrap
from collections.abc import Callable, Iterable
from typing import Any

import rich.console
from rich.text import Text

from workshop.course import Stage
from workshop.course.plan import IN_CLASS
from workshop.course.timetable import Timetable

# Never broken, however long.
PATH = re.compile(r"(?:\w:\\|[\w.~-]*/)[\w./\\~-]*\W?")

# What ends in a dotted name, as trial's commands do, or has decisions of a hunt: a command that may be broken.
COMMAND = re.compile(r" \w+(?:\.\w+)+$| --decisions ")
WORD = re.compile(r"(?:'[^']*'|\S)+")
LABEL = re.compile(r"(?:  \w+ +)?")


def broken(line: str, width: int) -> list[str]:
    """Break a line that ends in a command, if it is wider than this, so that a shell reads it as one line.

    Words move to the next line. A word that is too long for a line is broken after a dot or a comma; its rest begins a line
    of its own, since a shell would take blanks before it for the word's end. Windows's shells know no such break.
    """
    if len(line) <= width or sys.platform == "win32" or not COMMAND.search(line):
        return [line]
    label = LABEL.match(line)[0]  # type: ignore[index]
    first, *words = WORD.findall(line[len(label) :])
    lines = [label + first]
    for n, word in enumerate(words, 1):
        last = n == len(words)
        if len(f"{lines[-1]} {word}") <= width - (0 if last else len(" \\")):
            lines[-1] += f" {word}"
        else:
            lines[-1] += " \\"
            lines.append(f"    {word}")
    return [part for one in lines for part in _parts(one, width)]


def _parts(line: str, width: int) -> list[str]:
    """Break a line of one word, if it is too wide, wherever a shell joins the parts again."""
    found = []
    while len(line) > width and "'" not in line:
        at = max(line.rfind(mark, 0, width - 1) for mark in ".,") + 1
        if at <= len("    "):
            break
        found.append(line[:at] + "\\")
        line = line[at:]
    return [*found, line]


def on_terminal() -> rich.console.Console:
    """Make a console for the terminal."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return rich.console.Console(
        highlight=False, soft_wrap=True, force_terminal=False if plain else None
    )


make_console: Callable[[], rich.console.Console] = on_terminal
"""Makes the console to write on. The browser has its own, and its own progress."""
make_progress: Callable[[rich.console.Console, str], Any] = rich.console.Console.status


class Console:
    """A console for text, wrapped to its width; commands and paths are never broken.

    It is plain, without colour or movement, if NO_COLOR is set or the output is not a terminal.
    """

    def __init__(self, console: rich.console.Console | None = None) -> None:
        self.rich = console or make_console()
        self.width = min(self.rich.width, 100)

    def line(self, text: str = "", style: str = "") -> None:
        """Write one line as it is, except for characters that would control a terminal."""
        plain = "".join(c if c.isprintable() or c == "\t" else ascii(c)[1:-1] for c in text)
        self.rich.print(Text(plain, style), soft_wrap=True)

    def paragraph(self, text: str, indent: int = 2, style: str = "") -> None:
        """Write prose wrapped to the width; lines that are already indented (code) are left alone."""
        for part in text.splitlines() or [""]:
            if part.startswith((" ", "\t")) or not part:
                self.line(" " * indent + part if part else "", style)
                continue
            for line in self._wrapped(part, indent):
                self.line(line, style)

    def advice(self, text: str) -> None:
        """Write advice that ends in a command, which gets a line of its own if it does not fit."""
        what, colon, command = text.rpartition(": ")
        if len(text) <= self.width or not colon:
            self.paragraph(text, 0)
        else:
            self.paragraph(f"{what}:", 0)
            self.line(f"  {command}")

    def heading(self, text: str) -> None:
        """Begin a part of the output: an empty line, then a paragraph that is not indented."""
        self.line()
        self.paragraph(text, 0)

    def _wrapped(self, text: str, indent: int) -> list[str]:
        """Wrap prose into lines of the width; a word wider than that is broken, but not a path."""
        blank, room = " " * indent, self.width - indent

        def broken(word: re.Match[str]) -> str:
            parts = [word[0][n : n + room] for n in range(0, len(word[0]), room)]
            return word[0] if PATH.fullmatch(word[0]) else " ".join(parts)

        return textwrap.wrap(
            re.sub(rf"\S{{{room + 1},}}", broken, text),
            self.width,
            initial_indent=blank,
            subsequent_indent=blank,
            break_long_words=False,
            break_on_hyphens=False,
        )

    def facts(self, facts: Iterable[tuple[str, str]]) -> None:
        """Write labelled facts, one a line, such as a file to edit; a fact without a label belongs to the one before."""
        facts = list(facts)
        wide = max(len(label) for label, _ in facts)
        for label, fact in facts:
            if label:
                for line in broken(f"  {label:<{wide}}  {fact}", self.width):
                    self.line(line)
            else:
                self.paragraph(fact, wide + 4)

    def row(self, head: str, text: str, style: str = "") -> None:
        """Write a line of a table with two columns; the second is wrapped."""
        first, *rest = self._wrapped(text, len(head))
        self.line(f"{head}{first.lstrip()}", style)
        for line in rest:
            self.line(line, style)

    def progress(self, text: str) -> Any:
        """Return a line that moves while something takes time; nothing if there is no terminal."""
        return make_progress(self.rich, text)

    def map(self, stages: Iterable[tuple[Stage, str, bool]]) -> None:
        """Write the stages, each with its progress in a few words, whether it is done, and what of it is for class."""
        stages = list(stages)
        name = max((len(stage.name) for stage, _, _ in stages), default=0)
        title = max((len(stage.title) for stage, _, _ in stages), default=0)
        wide = max((len(progress) for _, progress, _ in stages), default=0)
        lessons = [
            lesson and f"  {IN_CLASS}: {lesson}"
            for lesson in (s.done(IN_CLASS) for s, _, _ in stages)
        ]
        widest = max(map(len, lessons), default=0)
        narrow = self.width < name + title + wide + widest + len("      ")
        for (stage, progress, done), lesson in zip(stages, lessons, strict=True):
            text = Text(f"  {stage.name:<{name}}  ")
            text.append("" if narrow else f"{stage.title:<{title}}  ")
            text.append(f"{progress:<{wide}}" if lesson else progress, "green" if done else "")
            text.append(lesson)
            self.rich.print(text, soft_wrap=True)

    def schedule(self, table: Timetable) -> None:
        """Write the timetable, one line for each row, with what it needs."""
        known = any(row.needs.minutes for row in table.rows)
        for row in table.rows:
            need = f"{row.needs.minutes:4.1f}" if row.needs.minutes else ""
            room = f"{need:>6}  " if known else ""
            self.line(f"  {row.start}  {row.minutes:>3} min  {room}{row.what}")
        self.line(f"  {table.end}  {table.minutes} minutes in all.")
        if known:
            sums = table.needs
            self.paragraph(
                f"The third column is what is needed: words and questions {sums.talk:.0f}, reading {sums.reading:.0f}, "
                f"steps {sums.work:.0f}; breaks have {table.breaks}."
            )
