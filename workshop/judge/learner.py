"""A learner's test modules and list, by their files."""

from __future__ import annotations

import re
from dataclasses import dataclass

from workshop.course import Kind, Stage

LIST = "list.md"
"""The file of a learner's own list, in stages that have one."""


@dataclass(frozen=True)
class Item:
    """A line of the learner's list, and the kinds of mistake that it is about."""

    text: str
    kinds: tuple[Kind, ...]


def own_modules(stage: Stage) -> tuple[str, ...]:
    """Return the names of the learner's test modules, as trial uses them."""
    names = sorted(path.stem for path in stage.folder.glob("test_*.py"))
    return tuple(f"{stage.target}.{name}" for name in names)


def read_list(stage: Stage) -> tuple[Item, ...] | None:
    """Read the learner's list, with an item for each line that begins as one; None if the stage has none."""
    if LIST not in stage.edit:
        return None
    text = (stage.folder / LIST).read_text("utf-8", "replace")
    lines = re.findall(r"^[ \t]*(?:[-*+]|\d+[.)])[ \t]+(\S.*)", text, re.M)

    def kinds(line: str) -> tuple[Kind, ...]:
        return tuple(k for k in stage.kinds if any(re.search(w, line, re.I) for w in k.words))

    return tuple(Item(line, kinds(line)) for line in lines)
