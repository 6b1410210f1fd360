"""Merge the changes of a starter into the file that a learner has made of it, or refuse.

A merge of three texts, by lines: what only one side has changed is taken from that side; what both have changed is a
conflict, unless both have made the same change. One thing is special about starters: once the learner has written a step,
the starter's line for it no longer matters, so a new number or text of that line is no conflict.
"""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

# A starter's line for a step that is not written: see solutions.py.
PLACEHOLDER = re.compile(rb'\s*(?:raise NotImplementedError\("|# )Step \d+: .*')
NUMBER = re.compile(rb"\bStep \d+(?=: )")


@dataclass(frozen=True)
class Conflict:
    """Why there is no merge: the line of the learner's file, from 1, that the new starter changes too; 0 if there is no one
    such line.
    """

    line: int


@dataclass(frozen=True)
class Hunk:
    """Lines ``start`` to ``end`` of the old text, changed to lines ``first`` to ``last`` of another.

    Attributes:
        mine: Whether the other text is the learner's.
        weak: Whether only a step's placeholder is changed.
    """

    start: int
    end: int
    first: int
    last: int
    mine: bool
    weak: bool = False

    def meets(self, start: int, end: int) -> bool:
        """Return whether it changes one of these lines. An addition also meets changes that end or begin at its place."""
        if self.start == self.end or start == end:
            return self.start <= end and start <= self.end
        return self.start < end and start < self.end


def merge(old: bytes, mine: bytes, new: bytes, name: str) -> bytes | Conflict:
    """Return the learner's file with the changes from the old starter to the new one. Its line ends are kept.

    Args:
        name: The file's name; if it ends in .py, and both files are Python, a result that is not Python is refused.
    """
    if b"\0" in old + mine + new:
        return Conflict(0)
    before, ours, theirs = _lines(old), _lines(mine), _lines(new)
    hunks = [
        *_hunks([NUMBER.sub(b"", line) for line in before], before, theirs),
        *_changes(before, ours, True),
    ]
    hunks.sort(key=lambda hunk: (hunk.start, hunk.end))
    out: list[bytes] = []
    at = 0
    while hunks:
        # The hunks that meet, directly or through others.
        group = [hunks.pop(0)]
        start, end = group[0].start, group[0].end
        while hunks and hunks[0].meets(start, end):
            group.append(hunks.pop(0))
            end = max(end, group[-1].end)
        strong = [hunk for hunk in group if not hunk.weak]
        group = strong if any(hunk.mine for hunk in strong) else group
        out += before[at:start]
        at = end
        a = _changed(before, ours, group, True, start, end)
        b = _changed(before, theirs, group, False, start, end)
        was = before[start:end]
        if a == was:
            out += b
        elif b in (was, a) or (was and b and all(map(PLACEHOLDER.fullmatch, was + b))):
            out += a
        else:
            return Conflict(next(hunk for hunk in group if hunk.mine).first + 1)
    out += before[at:]
    result = b"".join(line + b"\n" for line in out)
    if name.endswith(".py") and _is_python(mine) and _is_python(new) and not _is_python(result):
        return Conflict(0)
    return _ended_as(mine, result)


def _lines(data: bytes) -> list[bytes]:
    """Return the lines without their ends."""
    text = data.replace(b"\r\n", b"\n")
    return text.removesuffix(b"\n").split(b"\n") if text else []


def _ended_as(mine: bytes, result: bytes) -> bytes:
    """Return the result with line ends as most lines of the learner's file have them."""
    if mine and not mine.endswith(b"\n"):
        result = result.removesuffix(b"\n")
    if 2 * mine.count(b"\r\n") > mine.count(b"\n"):
        result = result.replace(b"\n", b"\r\n")
    return result


def _changes(old: Sequence[bytes], new: Sequence[bytes], mine: bool) -> list[Hunk]:
    codes = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return [Hunk(a, b, c, d, mine) for tag, a, b, c, d in codes if tag != "equal"]


def _hunks(bare: Sequence[bytes], old: Sequence[bytes], new: Sequence[bytes]) -> list[Hunk]:
    """Return the new starter's changes. New numbers of steps, and nothing else, are hunks of their own."""
    numberless = [NUMBER.sub(b"", line) for line in new]
    hunks = []
    for tag, a, b, c, d in difflib.SequenceMatcher(
        None, bare, numberless, autojunk=False
    ).get_opcodes():
        if tag != "equal":
            hunks.append(Hunk(a, b, c, d, False))
            continue
        for n in range(b - a):
            if old[a + n] != new[c + n]:
                weak = bool(PLACEHOLDER.fullmatch(old[a + n]))
                hunks.append(Hunk(a + n, a + n + 1, c + n, c + n + 1, False, weak))
    return hunks


def _changed(
    old: Sequence[bytes],
    other: Sequence[bytes],
    group: Sequence[Hunk],
    mine: bool,
    start: int,
    end: int,
) -> list[bytes]:
    """Return lines ``start`` to ``end`` of the old text with one side's hunks applied."""
    out: list[bytes] = []
    for hunk in group:
        if hunk.mine == mine:
            out += [*old[start : hunk.start], *other[hunk.first : hunk.last]]
            start = hunk.end
    return [*out, *old[start:end]]


def _is_python(data: bytes) -> bool:
    try:
        ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
