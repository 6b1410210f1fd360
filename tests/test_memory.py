"""What the tool remembers of verdicts: nothing is run twice for nothing, and no change is hidden."""

from __future__ import annotations

import os
import pickle
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from driving import ECHO, SOLVED, Learner

from workshop.course import Course, load
from workshop.judge import memory
from workshop.judge.memory import fingerprint, keep, recall
from workshop.judge.verdict import judge

LIMIT = 10.0
COUNT = "exercises/stage2_count/count.py"


@pytest.fixture
def course(mini: Learner) -> Course:
    """The miniature course, with the verdict on its second stage remembered."""
    course = load(mini.root)
    stage = course.stage("2")
    key = fingerprint(course, stage, LIMIT)
    keep(course, judge(stage, limit=LIMIT), key, LIMIT)
    assert recall(course, stage, LIMIT)
    return course


def known(course: Course, limit: float = LIMIT) -> bool:
    """Whether the verdict on the second stage is still remembered by somebody who reads the course now."""
    again = load(course.root)
    return recall(again, again.stage("2"), limit) is not None


def counting(mini: Learner) -> Callable[[], int]:
    """Let the second stage's code note each time that it is imported; gives how often that was."""
    notes = mini.temp.parent / "notes"
    mini.write(
        f"with open({str(notes)!r}, 'a') as notes:\n    notes.write('.')\n"
        + mini.path(COUNT).read_text(),
        COUNT,
    )
    return lambda: len(notes.read_text()) if notes.exists() else 0


def test_what_is_found_is_what_is_remembered(course: Course) -> None:
    """A verdict comes back as it was, to its last field."""
    stage = course.stage("2")
    found = judge(stage, limit=LIMIT)
    key = fingerprint(course, stage, LIMIT)
    keep(course, found, key, LIMIT)
    assert recall(course, stage, LIMIT) == found


def test_nothing_runs_twice(mini: Learner) -> None:
    """The second map, by another process, runs no test, and says the same as the first; --fresh runs them."""
    runs = counting(mini)
    first = mini.tool()
    once = runs()
    assert once > 0
    assert mini.tool().out == first.out
    assert runs() == once
    assert mini.tool("--fresh").out == first.out
    assert runs() == 2 * once


@pytest.mark.parametrize("words", [("run",), ("hint",)], ids=" ".join)
def test_without_a_stage(mini: Learner, words: tuple[str, ...]) -> None:
    """Commands that look for the stage to do ask what is remembered, and remember what they find."""
    mini.write(SOLVED)
    runs = counting(mini)
    mini.here(*words)
    before = runs()
    mini.here("hint")
    assert runs() == before
    mini.here("--fresh", "hint")
    assert runs() > before


def test_run_of_a_stage_always_runs(mini: Learner) -> None:
    """A stage that is named is run, whatever is remembered."""
    runs = counting(mini)
    mini.here("run", "2")
    once = runs()
    mini.here("run", "2")
    assert runs() == 2 * once


def test_run_of_one_step_is_not_the_stage(mini: Learner) -> None:
    """One step that passes is not remembered for the whole stage."""
    mini.write(SOLVED.replace('lambda: "later"', 'lambda: "sooner"'))
    assert mini.here("run", "1", "1").code == 0
    assert "2 of 3 steps pass" in mini.here().out


CHANGES: dict[str, Callable[[Path], object]] = {
    "edit": lambda root: (root / COUNT).write_text("def count(data): return len(data)\n"),
    "one byte": lambda root: (root / COUNT).write_text((root / COUNT).read_text() + "\n"),
    "delete": lambda root: (root / "exercises/stage2_count/hints.md").unlink(),
    "rename": lambda root: (root / COUNT).rename(root / "exercises/stage2_count/counted.py"),
    "new file": lambda root: (root / "exercises/stage2_count/test_mine.py").write_text(""),
    "what is shared": lambda root: (root / "exercises/wire.py").write_text("X = 1\n"),
    "solution": lambda root: (root / "solutions/stage2_count/count.py").write_text("# else\n"),
    "list of mistakes": lambda root: (root / "solutions/stage2_count/mutants.toml").write_text(""),
    "contents": lambda root: (root / "exercises/course.toml").write_text(
        (root / "exercises/course.toml").read_text() + "# more\n"
    ),
    "swap": lambda root: (root / COUNT).write_text((root / ECHO).read_text()),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_no_change_is_hidden(course: Course, change: Callable[[Path], object]) -> None:
    """One byte of difference in anything that a verdict depends on, and it is not remembered."""
    change(course.root)
    assert not known(course)


def test_undone_change(course: Course) -> None:
    """What is as it was is remembered: the bytes count, not the times."""
    path = course.root / COUNT
    text = path.read_bytes()
    path.write_text("")
    assert not known(course)
    path.write_bytes(text)
    os.utime(path, (0, 0))
    assert known(course)


def test_another_stage_does_not_matter(course: Course) -> None:
    """A change in one stage forgets nothing of another."""
    (course.root / ECHO).write_text("")
    assert known(course)


def test_what_is_imported_of_another_stage(course: Course) -> None:
    """A stage that imports from another depends on it."""
    path = course.root / COUNT
    path.write_text("from ..stage1_echo import echo\n" + path.read_text())
    stage = load(course.root).stage("2")
    before = fingerprint(course, stage, LIMIT)
    (course.root / ECHO).write_text("# else\n")
    assert fingerprint(course, stage, LIMIT) != before


@pytest.mark.parametrize(
    ("where", "name", "value"),
    [
        (sys, "version", "3.99.0"),
        (sys, "executable", "/usr/bin/other"),
        (memory, "version", lambda package: "99.0"),
        (memory.platform, "platform", lambda: "Other"),
    ],
    ids=["Python", "environment", "Twisted", "machine"],
)
def test_another_system(
    course: Course, monkeypatch: pytest.MonkeyPatch, where: object, name: str, value: object
) -> None:
    """Another Python, another Twisted, another machine: run again."""
    monkeypatch.setattr(where, name, value)
    assert not known(course)


def test_another_limit(course: Course) -> None:
    """What passes within ten seconds may not within five."""
    assert not known(course, 5.0)


def test_another_tool(course: Course, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A change in the tool itself: run again."""
    copy = tmp_path / "workshop"
    shutil.copytree(memory.TOOL, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(memory, "TOOL", copy)
    assert known(course)
    (copy / "judge" / "runs.py").write_text("# else\n")
    memory._tool.cache_clear()  # as in another process
    assert not known(course)


def kept(course: Course) -> Path:
    """The file that the verdict is in."""
    return course.root / ".workshop" / "verdicts" / "stage2_count"


def test_damaged(course: Course) -> None:
    """Any one byte changed, the end missing, nothing, a folder: as if there were none."""
    whole = kept(course).read_bytes()
    for n in range(0, len(whole), 7):
        kept(course).write_bytes(whole[:n] + bytes([whole[n] ^ 1]) + whole[n + 1 :])
        assert not known(course), n
        kept(course).write_bytes(whole[:n])
        assert not known(course), n
    kept(course).unlink()
    kept(course).mkdir()
    assert not known(course)


def test_foreign(course: Course, tmp_path: Path) -> None:
    """A pickle that would run something is not run, though its digest is right."""

    class Evil:
        def __reduce__(self) -> tuple[object, ...]:
            return os.mkdir, (str(tmp_path / "was run"),)

    data = pickle.dumps(Evil())
    key = fingerprint(course, course.stage("2"), LIMIT)
    kept(course).write_bytes(key + memory.hashlib.sha256(data).digest() + data)
    assert not known(course)
    assert not (tmp_path / "was run").exists()


def test_of_another_stage(course: Course) -> None:
    """One stage's verdict under another's name is none."""
    stage = course.stage("1")
    verdict = judge(stage, limit=LIMIT)
    keep(course, verdict, fingerprint(course, stage, LIMIT), LIMIT)
    other = kept(course).with_name("stage1_echo").read_bytes()
    key = fingerprint(course, course.stage("2"), LIMIT)
    kept(course).write_bytes(key + other[memory.SIZE :])
    assert not known(course)


def test_changed_while_it_ran(course: Course) -> None:
    """What was saved while the tests ran is not taken for what they ran on."""
    stage = course.stage("2")
    key = fingerprint(course, stage, LIMIT)
    verdict = judge(stage, limit=LIMIT)
    kept(course).unlink()
    (course.root / COUNT).write_text("# else\n")
    keep(course, verdict, key, LIMIT)
    assert not kept(course).exists()


def test_read_only_folder(course: Course) -> None:
    """What cannot be kept is not kept, and nothing fails."""
    shutil.rmtree(course.root / ".workshop")
    (course.root / ".workshop").write_text("in the way")
    stage = course.stage("2")
    keep(course, judge(stage, limit=LIMIT), fingerprint(course, stage, LIMIT), LIMIT)
    assert not known(course)


def test_two_at_once(mini: Learner) -> None:
    """Two maps at once say the same, and leave a memory that can be read."""
    both = [mini.start(stdout=-1, stderr=-1) for _ in range(2)]
    outs = [one.communicate(timeout=30)[0] for one in both]
    assert [one.returncode for one in both] == [0, 0]
    assert outs[0] == outs[1]
    course = load(mini.root)
    assert all(recall(course, stage, LIMIT) for stage in course.stages)
