"""A change of a starter, merged into a learner's file: right, or refused."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import pytest
from driving import STARTER

from workshop.course.merge import Conflict, merge

BASE = STARTER.encode()
RAISE = b'        raise NotImplementedError("Step 1: send the data back")\n'
CODE = b"        self.transport.write(data)\n        print(data)\n"
MINE = BASE.replace(RAISE, CODE)


def conflict(base: bytes, mine: bytes, new: bytes) -> int:
    """The line of the learner's file at which a merge is refused."""
    found = merge(base, mine, new, "echo.py")
    assert isinstance(found, Conflict), found
    return found.line


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"""An echo, in three steps."""', b'"""An echo, in some steps."""'),
        (b"import Deferred\n", b"import Deferred, succeed\n"),
        # The line just above the learner's.
        (b"        assert self.transport is not None\n", b"        assert self.transport\n"),
        (b"class Echo", b"OTHER = 1\n\n\nclass Echo"),
        (b"from twisted.internet.task import deferLater\n", b""),
    ],
    ids=["docstring", "import", "next line", "added", "removed"],
)
def test_a_change_elsewhere_is_merged(old: bytes, new: bytes) -> None:
    """What the new starter changes elsewhere is in the result, and all that the learner wrote."""
    assert old in BASE
    assert merge(BASE, MINE, BASE.replace(old, new), "echo.py") == MINE.replace(old, new)


def test_the_same_change_is_made_once() -> None:
    """If the learner has made the new starter's change already, it is not made again."""
    new = BASE.replace(b"in three steps", b"in some steps")
    assert merge(BASE, MINE.replace(b"in three steps", b"in some steps"), new, "echo.py") == (
        MINE.replace(b"in three steps", b"in some steps")
    )


def test_the_same_place_is_refused_with_its_line() -> None:
    """If both change the same lines, or add at the same place, the first such line of the learner's file is named."""
    doc = b'"""Send the data back."""'
    mine = MINE.replace(doc, b'"""Mine."""')
    line = 1 + mine.splitlines().index(b'        """Mine."""')
    assert conflict(BASE, mine, BASE.replace(doc, b'"""Theirs."""')) == line
    top = b"from twisted"
    assert conflict(BASE, b"X = 1\n" + BASE, b"Y = 1\n" + BASE) == 1
    assert conflict(BASE, BASE.replace(top, b"", 1), BASE.replace(top, b"import os\nfrom x", 1))
    # The learner has deleted what the new starter changes.
    head, _, _ = BASE.partition(b"def later")
    assert conflict(BASE, head, BASE.replace(b'"later" in the', b'"later" in a'))


@pytest.mark.parametrize(
    "new",
    [b"Step 4: send the data back", b"Step 1: send back what came", b"Step 9: anything"],
    ids=["number", "words", "both"],
)
def test_a_step_that_is_written_needs_no_placeholder(new: bytes) -> None:
    """A new number or text of a step in its place does not conflict with the code that the learner wrote there."""
    theirs = BASE.replace(b"Step 1: send the data back", new)
    assert merge(BASE, MINE, theirs, "echo.py") == MINE
    # It reaches a file in which the step is not written.
    other = BASE.replace(b'raise NotImplementedError("Step 3: fire in the next turn")', b"return 3")
    assert merge(BASE, other, theirs, "echo.py") == other.replace(
        b"Step 1: send the data back", new
    )


def test_steps_with_new_numbers_and_a_change_beside_them() -> None:
    """A new number does not widen a change next to it."""
    theirs = BASE.replace(b"Step 1:", b"Step 5:").replace(b"is not None\n", b"is not False\n")
    assert merge(BASE, MINE, theirs, "echo.py") == MINE.replace(b"is not None\n", b"is not False\n")


def test_a_step_that_is_written_with_the_line_above_it() -> None:
    """A new number does not conflict with code that has replaced more than the line with the number."""
    mine = MINE.replace(b"        assert self.transport is not None\n", b"        # Mine.\n")
    assert merge(BASE, mine, BASE.replace(b"Step 1:", b"Step 5:"), "echo.py") == mine


def test_another_step_in_the_place_of_the_learner_s_is_refused() -> None:
    """The learner's code for one step is not put into another."""
    theirs = BASE.replace(b"def dataReceived(self, data: bytes)", b"def connectionMade(self)")
    theirs = theirs.replace(b"Step 1: send the data back", b"Step 9: greet")
    theirs = theirs.replace(b"Send the data back.", b"Greet.").replace(
        b"        assert self.transport is not None\n", b""
    )
    conflict(BASE, MINE, theirs)


def test_a_result_that_is_not_python_is_refused() -> None:
    """Lines that fit together but are no longer Python are not written."""
    base = b"def f():\n    return (\n        1,\n        2,\n        3,\n    )\n"
    mine = base.replace(b"        2,\n", b"        2,\n    )\n    return (\n")
    theirs = base.replace(b"    return (\n", b"    return [\n").replace(b"    )\n", b"    ]\n")
    assert conflict(base, mine, theirs) == 0
    assert isinstance(merge(base, mine, theirs, "list.md"), bytes)


@pytest.mark.parametrize("ends", [b"\r\n", b"\n"])
def test_the_learner_s_line_ends_are_kept(ends: bytes) -> None:
    """A file with CRLF keeps it, in the lines that are merged in too; the last line may have no end."""
    mine = MINE.replace(b"\n", ends).rstrip()
    theirs = BASE.replace(b"import Deferred\n", b"import Deferred, succeed\n")
    wanted = MINE.replace(b"import Deferred\n", b"import Deferred, succeed\n")
    assert merge(BASE, mine, theirs, "echo.py") == wanted.replace(b"\n", ends).rstrip()
    assert merge(BASE.replace(b"\n", b"\r\n"), MINE, theirs, "echo.py") == wanted


def test_any_bytes() -> None:
    """A file that is no UTF-8 is merged by its lines; NUL bytes are refused."""
    mine = MINE.replace(b"An echo", b"caf\xe9\x85\x0c")
    theirs = BASE.replace(b"import Deferred\n", b"import Deferred, succeed\n")
    assert b"caf\xe9\x85\x0c" in (found := merge(BASE, mine, theirs, "echo.py"))  # type: ignore[operator]
    assert b"succeed" in found  # type: ignore[operator]
    conflict(BASE, mine + b"\0", theirs)


def edited(lines: list[bytes], dice: random.Random, who: str) -> list[bytes]:
    """The lines, with a few of them changed, added and removed."""
    found = list(lines)
    for n in range(dice.randint(0, 3)):
        at = dice.randrange(len(found) + 1)
        found[at : at + dice.randint(0, 2)] = [f"{who} {n}\n".encode()] * dice.randint(0, 2)
    return found


@pytest.mark.skipif(not shutil.which("git"), reason="needs git")
def test_as_git_merges(tmp_path: Path) -> None:
    """On random edits: what git merges cleanly comes out the same here; a side that is unchanged yields."""
    dice, clean = random.Random(7), 0
    for _ in range(40):
        lines = [b"line %d\n" % n for n in range(dice.randint(3, 12))]
        base, mine, new = (
            b"".join(one)
            for one in (lines, edited(lines, dice, "mine"), edited(lines, dice, "new"))
        )
        assert merge(base, base, new, "x") == new and merge(base, mine, base, "x") == mine
        assert merge(base, mine, mine, "x") == mine
        for name, data in (("base", base), ("mine", mine), ("new", new)):
            (tmp_path / name).write_bytes(data)
        git = subprocess.run(
            ["git", "merge-file", "-p", "mine", "base", "new"], cwd=tmp_path, capture_output=True
        )
        found = merge(base, mine, new, "x")
        if git.returncode == 0:
            clean += 1
            assert found == git.stdout
    assert clean > 10
