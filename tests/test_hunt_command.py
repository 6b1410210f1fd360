"""The command that hunts: in another project's folder, on its tests; what it says, its exit codes, and Ctrl-C."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from driving import Learner, Outcome, Terminal, posix, until

from workshop.hunt import search

pytestmark = posix
HUNTED = Path(__file__).with_name("hunted.py")
CALM = r"even with no delays, so fix (it|these) first"


@pytest.fixture
def project(mini: Learner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Learner:
    """A user of the tool in the folder of another project."""
    folder = tmp_path / "project"
    (folder / "theirs").mkdir(parents=True)
    (folder / "theirs/__init__.py").touch()
    shutil.copy(HUNTED, folder / "theirs" / "test_all.py")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("TMPDIR", str(mini.temp))
    # A second process only costs its imports here.
    monkeypatch.setattr(search, "CORES", 1)
    return mini


def hunt(project: Learner, *words: str, limit: float = 10) -> Outcome:
    """Hunt, in this process; its children are processes as ever."""
    outcome = project.here("hunt", *words, limit=limit, env={"TMPDIR": str(project.temp)})
    assert "Traceback" not in outcome.all, outcome.all
    return outcome


def plain(outcome: Outcome) -> str:
    """What it prints, without its line breaks."""
    return " ".join(outcome.joined.split())


def test_a_failure_that_is_found(project: Learner) -> None:
    """What is printed: why, the failure, what happened, and two commands that repeat it, of which the second is ours."""
    outcome = hunt(project, "theirs.test_all.Splits")
    assert outcome.code == 1, outcome.all
    said = plain(outcome)
    for words in (
        r"History \d+ of 10000 fails: windy, seed \d+\. Of \d+ decisions .*, 1 is needed\.",
        r"theirs\.test_all\.Splits\.test_it Fails when a read returns only \d+ of 1\.server's bytes\.",
        r"False is not true test_all\.py, line \d+",
        r"0\.00 ms setUp begins",
        r"ms ~ a read returns only \d+ of 1\.server's bytes",
        r"Test SIMULATED_SEED=\d+ SIMULATED_WEATHER=windy .*trial --reactor=simulated theirs",
    ):
        assert re.search(words, said), (words, outcome.out)
    again = re.search(r"Again +python3? -m workshop hunt (.*)\n", outcome.joined)
    assert again
    repeated = hunt(project, *again[1].split())
    assert repeated.code == 1 and "False is not true" in repeated.out
    assert repeated.out.partition("  Again")[0] in outcome.out


@pytest.mark.parametrize(
    ("name", "code", "says"),
    [
        (
            "Passes",
            0,
            r"Passes in 30 histories of windy weather\. Next: --weather storm, .*--from 31",
        ),
        (
            "Hangs",
            1,
            r"still ran after 0\.5 s .*test_all\.py, line \d+, in test_it\. .*ms ~ a read",
        ),
        ("Dies", 1, r"It ended its process, with exit code 3\. .* ms 1\.client reads"),
        (
            "Closes",
            1,
            r"Fails when a read returns only \d+ of 1\.server's bytes.* It ended its process, killed by signal 9",
        ),
        ("Stops", 1, r"The reactor was stopped during the test"),
        (
            "Lasts",
            1,
            r"Lasts\.test_it failed with seed \d+, and passed when it was run alone.*lasts",
        ),
        ("Fails", 1, rf"This test fails {CALM}: theirs\.test_all\.Fails\.test_it It never passes"),
        ("Idle", 0, r"uses no network, or names calm weather: each history is the same"),
    ],
)
def test_each_kind_of_test(project: Learner, name: str, code: int, says: str) -> None:
    """However a test behaves, it is said in a few words, within bounded time."""
    outcome = hunt(project, f"theirs.test_all.{name}", "--seeds", "30", limit=1.5)
    assert re.search(says, plain(outcome)), outcome.all
    assert outcome.code == code, outcome.all


def test_a_file_counted(project: Learner) -> None:
    """A file is a target. --count goes on after failures, and after histories that end their process."""
    words = ["--seeds", "20", "--rows", "cut,slow"]
    # What hangs takes its time limit each time.
    path = Path("theirs/test_all.py")
    path.write_text(path.read_text().replace("threading.Event().wait()", "os._exit(1)"))
    outcome = hunt(project, "theirs/test_all.py", "--count", *words)
    assert outcome.code == 1, outcome.all
    said = plain(outcome)
    counted = re.findall(r"(\d+) of 20 failed, first with seed (\d+): \S+\.(\w+)\.test_it", said)
    assert {name for _, _, name in counted} >= {"Splits", "Hangs", "Closes", "Dies", "Stops"}, (
        outcome.out
    )
    # They fail in the same histories, whatever it is that they do then.
    assert len({(many, seed) for many, seed, _ in counted}) == 1, counted
    assert re.search(f"1 of 11 tests fails {CALM}", said)
    assert "1 of 11 tests fails since the simulated network lacks what it needs" in said
    assert "no reactor.spawnProcess. Run this test on a real reactor" in said
    assert "test_all.Skips.test_it is skipped: not today" in said
    assert re.search(r"Fails when a read returns only \d+ of 1\.server's bytes", said)


def test_all_histories(project: Learner) -> None:
    """--all says how many there are, or the shortest that fails; exit code 3 if there are more than it may try."""
    rows = ["--rows", "end,order,accept,cut"]
    outcome = hunt(project, "theirs.test_all.Passes", "--all", *rows)
    assert outcome.code == 0, outcome.all
    assert re.search(r"Passes\.test_it: passes in all \d+ histories\.", plain(outcome)), outcome.out
    outcome = hunt(project, "theirs.test_all.Passes", "--all", "--most", "5")
    assert outcome.code == 3, outcome.all
    assert "passes in 5 histories; there are more. Next: --most 50" in plain(outcome)
    outcome = hunt(project, "theirs.test_all.Splits", "--all")
    assert outcome.code == 1, outcome.all
    assert "fails when a read returns only 1 of 1.server's bytes. That is history" in plain(outcome)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("theirs.test_all.Split",), r"no test .*Did you mean theirs\.test_all\.Splits"),
        (("theirs.test_all.Splits.test_i",), r"Did you mean theirs\.test_all\.Splits\.test_it\?"),
        (("stage1_ecko",), r"no test .*Did you mean stage1_echo\b"),
        (("theirs/nothing.py",), r"There is no file theirs/nothing\.py"),
        (("theirs.empty",), r"theirs\.empty has no tests"),
        (
            ("theirs.broken",),
            r"theirs\.broken cannot be imported: NameError: .*\(broken\.py, line 2\)",
        ),
        (("theirs.wrong",), r"theirs\.wrong cannot be imported: SyntaxError: .*wrong\.py, line 1"),
        (("theirs.ends",), r"theirs\.ends ends the process that imports it"),
        (("theirs.loops",), r"theirs\.loops was not imported after 1.5 s"),
        (("x", "--weather", "rain"), r"'rain' is not one of 'windy', 'storm'"),
        (("x", "--seeds", "0"), r"--seeds"),
        (("x", "--from", "-1"), r"--from"),
        (("x", "--rows", "ends"), r'no row "ends".*Did you mean end\?'),
        (
            ("x", "--decisions", "end/1=1"),
            r'"end/1=1" is not a decision, such as end/1\.server/1=0\.1',
        ),
        (("theirs.test_all", "--decisions", "end/1.server/1=0.1"), r"name one of them"),
        (("x", "--all", "--seeds", "3"), r"--all tries every history"),
        ((), r"TARGET"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_bad_usage(project: Learner, words: tuple[str, ...], says: str) -> None:
    """Each gets one message, exit code 2, and nothing on standard output."""
    for name, text in {
        "empty": "",
        "broken": "\nnonesuch",
        "wrong": "x = (",
        "ends": "import os; os._exit(0)",
        "loops": "while True: pass",
    }.items():
        Path(f"theirs/{name}.py").write_text(text)
    outcome = hunt(project, *words, limit=1.5)
    assert outcome.code == 2 and outcome.out == "", outcome.all
    assert re.search(says, " ".join(outcome.err.split())), outcome.err


def test_a_stage(project: Learner) -> None:
    """A stage's name is a target, with the learner's files, from any folder."""
    outcome = hunt(project, "1", "--seeds", "3")
    assert outcome.code == 1 and re.search(f"tests fail {CALM}", plain(outcome)), outcome.all
    assert "Not written yet" in outcome.out or "NotImplementedError: Step 1" in outcome.out


@pytest.mark.parametrize(
    ("words", "shown", "says"),
    [
        (
            ("hunted.Passes", "--seeds", "100000000"),
            r"windy: \d+ of 10{8} hist",
            r"Nothing failed in \d+ histories",
        ),
        (
            ("hunted.Splits", "--count", "--seeds", "100000000"),
            r", \d+ failed",
            r"\d+ of \d+ failed, first with seed \d+",
        ),
        (
            ("hunted.Hangs",),
            r"shrinking, \d+ histories",
            r"fails with windy, seed \d+ \(not shrunk\)",
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_ctrl_c(mini: Learner, words: tuple[str, ...], shown: str, says: str) -> None:
    """Progress is shown. Ctrl-C ends it at once with what was found, exit code 130, and leaves nothing behind."""
    shutil.copy(HUNTED, mini.root)
    with Terminal(mini, "hunt", *words, limit=1.5) as terminal:
        terminal.expect(shown)
        terminal.press("\x03")
        assert terminal.end(5) == 130, terminal.text
        terminal.sane()
    assert re.search(says, " ".join(terminal.text.split())), terminal.text
    assert "Traceback" not in terminal.text and "Stopped." in terminal.text
    mini.nothing_left()


def test_the_tool_killed(mini: Learner, tmp_path: Path) -> None:
    """If the tool itself is killed while a test hangs, what it started ends soon, long before its time limit."""
    hangs = tmp_path / "hangs"
    text = HUNTED.read_text().replace(
        "threading.Event().wait()", f"open({str(hangs)!r}, 'w').close(), threading.Event().wait()"
    )
    (mini.root / "hunted.py").write_text(text)
    with Terminal(mini, "hunt", "hunted.Hangs", limit=60) as terminal:
        until(hangs.exists, 20, "the test never hung")
        terminal.process.kill()
        terminal.process.wait()
    until(lambda: not mini.processes(), 6, "a process was left behind")
    for folder in mini.temp.iterdir():
        shutil.rmtree(folder)
