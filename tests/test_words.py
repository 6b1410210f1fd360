"""What the tool says, and how: usage errors, width, colour, encodings. No command may ever print a traceback."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable

import pytest
from driving import ECHO, SOLVED, Learner, Outcome, Terminal, posix

ESCAPE = "\x1b"
# Every command, in a state where it has much to say.
COMMANDS: list[tuple[str, ...]] = [
    (),
    ("run",),
    ("run", "1", "--all"),
    ("hint",),
    ("hint", "1", "3", "--all"),
    ("solution", "1"),
    ("solution", "1", "--apply"),
    ("reset", "1"),
    ("reset", "1", "--provided"),
    ("schedule", "--track", "all"),
    ("lab",),
    ("slides",),
    ("starters",),
    ("update",),
    ("update", "--help"),
    ("status", "--line"),
    ("share",),
    ("share", "--stop"),
    ("share", "--help"),
    ("share", ".", "--as", "Ann and Bo", "--yes"),
    ("board", "--help"),
    ("board", "--clear"),
    ("export", "work.zip"),
    ("import", "none.zip"),
    ("web", "--help"),
    ("--help",),
    ("run", "--help"),
    ("run", "nonesuch"),
    ("run", "1", "nonesuch"),
    ("run", "1", "--reactor", "nonesuch"),
    ("nonesuch",),
]
# A line that cannot be broken: it ends in a command, or in a path with its line number, or is one word.
WHOLE = re.compile(
    r" *(.{0,24}: |[A-Z][a-z]+ +|)((\S*trial|python3? -m workshop|git) .*|\S*[/\\]\S*(, line \d+)?)"
)


def readable(text: str, width: int) -> None:
    """See that no line is too long that could be broken, and that none is a traceback's."""
    assert "Traceback" not in text, text
    for line in text.splitlines():
        if len(line) > width:
            assert WHOLE.fullmatch(line), f"{len(line)} columns, of {width}: {line!r}"


@pytest.mark.parametrize(
    "words", COMMANDS, ids=lambda words: "-".join(words).replace("--", "") or "status"
)
def test_each_command_piped(mini: Learner, words: tuple[str, ...]) -> None:
    """Piped: lines of 80 columns and no escape sequence; in 40 columns, in ASCII and with TERM=dumb it says the same."""
    outcome = mini.here(*words)
    readable(outcome.all, 80)
    assert ESCAPE not in outcome.all, outcome.all
    assert outcome.code in (0, 1, 2)


@pytest.mark.parametrize(
    "words", [(), ("run", "1"), ("hint", "1", "1"), ("run", "nonesuch")], ids=str
)
def test_a_narrow_terminal(mini: Learner, words: tuple[str, ...]) -> None:
    """In 40 columns, prose is wrapped there, and commands stay whole."""
    readable(mini.here(*words, env={"COLUMNS": "40"}).all, 40)


FRENCH = SOLVED.replace("Send the data back", "Caf\xe9, \u4f60").replace(
    "self.transport.write(data)", 'raise ValueError("caf\xe9, \u4f60, \\x1b[31mred, \\udcff")'
)


@pytest.mark.parametrize(
    "env",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "cp1252"},
        {"TERM": "dumb"},
        {"LANG": "C.UTF-8"},
    ],
    ids=lambda env: next(iter(env.items())),
)
def test_any_encoding(mini: Learner, env: dict[str, str]) -> None:
    """What a learner's code says is shown as well as the encoding allows, and can command no terminal."""
    mini.write(FRENCH)
    for words, code in ((("run", "1"), 1), (("solution", "1"), 0)):
        outcome = mini.tool(*words, env=env)
        readable(outcome.all, 80)
        assert ESCAPE not in outcome.all, outcome.all
        assert outcome.code == code, outcome.all
        assert re.search(r"[Cc]af(\xe9|\\xe9|\ufffd)", outcome.out), outcome.out


def test_a_learner_s_print_of_any_character(mini: Learner) -> None:
    """A print works in the tests though the terminal's encoding has not the character."""
    mini.write(SOLVED.replace("assert self", 'print("caf\xe9, \u4f60")\n        assert self'))
    outcome = mini.tool("run", "1", env={"PYTHONIOENCODING": "ascii"})
    assert outcome.code == 0, outcome.all


@posix
@pytest.mark.parametrize(
    ("words", "env", "plain"),
    [
        ((), {}, False),
        ((), {"NO_COLOR": "1"}, True),
        ((), {"TERM": "dumb"}, True),
        (("run", "1"), {}, False),
        (("run", "1"), {"NO_COLOR": "1"}, True),
        (("run",), {"NO_COLOR": "1"}, True),
    ],
    ids=str,
)
def test_colour_on_a_terminal(
    mini: Learner, words: tuple[str, ...], env: dict[str, str], plain: bool
) -> None:
    """A terminal gets colour; with NO_COLOR, or a dumb one, no escape sequence at all. The words are the same."""
    with Terminal(mini, *words, env=env) as terminal:
        assert terminal.end() == (0 if not words else 1), terminal.text
        terminal.sane()
        assert (ESCAPE not in terminal.text) == plain, terminal.text
    assert "Not written yet. Step 1: send the data back" in terminal.text
    lasting = (line.rpartition("\x1b[2K")[2] for line in terminal.text.splitlines())
    readable(re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", "\n".join(lasting)), 80)


@posix
def test_progress_on_a_terminal(mini: Learner) -> None:
    """While the stages are run, a terminal shows which one."""
    with Terminal(mini) as terminal:
        terminal.expect("Running the tests of stage1_echo")
        assert terminal.end() == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("rum",), r'no command "rum"\. Did you mean run\?'),
        (("solutoin", "1"), r"Did you mean solution\b"),
        (("run", "stage1_ecko"), r"Did you mean stage1_echo\b"),
        (("hint", "counts"), r"Did you mean .*stage2_count\?"),
        (("solution", "9"), r'no stage "9"\. .*Stages: stage1_echo, stage2_count'),
        (("run", "1", "Klose"), r"Did you mean Close\?"),
        (("hint", "1", "7"), r'no step "7"\. .*1 to 3'),
        (("solution", "1", "--upto", "9"), r'no step "9"'),
        (("run", "1", "--al"), r"--all"),
        (("schedule", "--start", "25:00"), r'"25:00" is not a time of day; write it as 13:20'),
        (("schedule", "--track", "most"), "core.*all"),
        (("--limit", "none", "run"), "none"),
        (("reset",), "STAGE"),
        (("slides", "1"), r'no deck "1"'),
        (("slides", "--notes"), "--notes goes with --pdf"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_bad_usage(mini: Learner, words: tuple[str, ...], says: str) -> None:
    """What the tool does not have is answered with the nearest names, exit code 2, and nothing on standard output."""
    before = mini.files()
    outcome = mini.here(*words)
    assert outcome.code == 2, outcome.all
    assert outcome.out == "", outcome.out
    assert re.search(says, " ".join(outcome.err.split())), outcome.err
    readable(outcome.err, 80)
    assert mini.files() == before


def _table(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    return lambda data: data.replace(old, new)


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (_table(b"[[stage]]", b"[[stage]"), r"course\.toml.*line 3"),
        (_table(b"minutes = 5", b"minuets = 5"), r"course\.toml, stage 1.*minuets"),
        (_table(b"track", b"\xe9 = 1\ntrack"), r"course\.toml.*UTF-8"),
        (_table(b"minutes = 5", b'minutes = "5"'), r"course\.toml, stage 1.*minutes"),
        (lambda data: b"title = 'Empty'", r"course\.toml.*stage"),
    ],
    ids=["no TOML", "misspelt", "not UTF-8", "wrong type", "no stages"],
)
def test_a_broken_table_of_contents(
    mini: Learner, harm: Callable[[bytes], bytes], says: str
) -> None:
    """A course.toml that is broken gets one line, which names it, and what is wrong."""
    path = mini.path("exercises/course.toml")
    path.write_bytes(harm(path.read_bytes()))
    outcome = mini.here("schedule")
    readable(outcome.all, 80)
    assert outcome.code in (1, 2), outcome.all
    assert re.search(says, " ".join(outcome.all.split())), outcome.all


def test_the_course_is_not_there(mini: Learner) -> None:
    """Without course.toml: its path, and what it is for."""
    mini.path("exercises/course.toml").unlink()
    outcome = mini.here("run", "1")
    assert outcome.code == 2 and "course.toml is missing" in " ".join(outcome.err.split()), (
        outcome.all
    )


@pytest.mark.parametrize(
    "words", [("hint", "1", "1"), ("schedule", "--json"), ("--help",)], ids=str
)
def test_a_reader_that_has_enough(mini: Learner, words: tuple[str, ...]) -> None:
    """Output into `head` that closes early is no error that anyone is shown."""
    ours, theirs = os.pipe()
    process = mini.start(*words, stdout=theirs, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    os.close(theirs)
    os.close(ours)
    _, err = process.communicate(timeout=30)
    assert err == b"", err.decode()


def test_a_broken_file_of_tests_in_any_command(mini: Learner) -> None:
    """A provided file that is broken is reported, whichever command meets it."""
    mini.write(b"class (:\n", "exercises/stage1_echo/test_echo.py")
    for words in (
        (),
        ("run", "1", "2"),
        ("hint", "1", "1"),
        ("hint",),
        ("solution", "1", "--upto", "1"),
    ):
        outcome: Outcome = mini.here(*words)
        assert "Traceback" not in outcome.all, outcome.all
        assert "test_echo.py" in outcome.all, f"{words}:\n{outcome.all}"
    assert mini.path(ECHO).exists()
