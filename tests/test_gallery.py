"""The gallery of teardowns: what fails on which line and reactor, its measurement, and the picture of two runs.

What must fail, and what must not, is in ALWAYS and NEVER. On the quiet line, six wrong teardowns pass when they are
lucky: of them nothing is asserted there.
"""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
STAGE = ROOT / "exercises" / "stage4_disconnect"
PACKAGE = "exercises.stage4_disconnect"
BOUND = 60
"""Seconds that anything here may take before it counts as hung."""

REACTORS = ["select", *(name for name in ("poll", "epoll") if hasattr(select, name)), "asyncio"]
NAMES = [
    "Teardown1Nothing",
    "Teardown2PortOnly",
    "Teardown3Unwaited",
    "Teardown4Port",
    "Teardown5Client",
    "Teardown6Server",
    "Teardown7PortAndClient",
    "Teardown8PortAndServer",
    "Teardown9AllThree",
]
NEVER = {
    "quiet": ["Teardown9AllThree"],
    "late-server": [name for name in NAMES if re.search("Server|AllThree", name)],
    "late-client": [name for name in NAMES if re.search("Client|AllThree", name)],
}
ALWAYS = {
    line: NAMES[:2] if line == "quiet" else [name for name in NAMES if name not in never]
    for line, never in NEVER.items()
}
RECORD = """
import json, sys
from exercises.stage4_disconnect import gallery, measure, picture
measure.measure_here(sys.argv[1], [], 1)
from twisted.internet import reactor
assert reactor.__module__ == f"twisted.internet.{sys.argv[1]}reactor", reactor
turns, seen, iterate, note = [], [], reactor.iterate, picture.Run.note
reactor.iterate = lambda delay: turns.append(delay) or iterate(delay)
picture.Run.note = lambda self, line, name: (
    seen.append(len(turns)) if name == picture.LOOK else None, note(self, line, name)
)
for line in measure.LINES:
    for teardown in gallery.TEARDOWNS:
        turns.clear()
        run, found = picture.record(teardown, line)
        assert seen.pop() == 2, "The recorded look is not trial's, which is after two turns."
        said = [type(problem).__name__ for problem in found]
        print(json.dumps([line, teardown.__name__, run.still_open(), said]))
"""
each_reactor = pytest.mark.parametrize("reactor", REACTORS)


def python(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run Python with these words, as a process of its own."""
    return subprocess.run(
        [sys.executable, *words],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=BOUND,
    )


def module(name: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run measure or picture."""
    return python("-m", f"{PACKAGE}.{name}", *words)


def tables(text: str) -> dict[str, dict[str, list[str]]]:
    """What measure printed: the cells by line, then by teardown; its head has the empty name."""
    found = {}
    for part in text.rstrip("\n").split("\n\n"):
        about, *rows = part.split("\n")
        cells = {row[:22].rstrip(): re.split(r" {2,}", row[22:].strip()) for row in rows}
        found[about.split(":")[0]] = cells
    return found


@each_reactor
def test_measured(reactor: str) -> None:
    """On a slow line each wrong teardown that it shows fails each time; the right one never fails, on any line."""
    done = module("measure", "--times", "2", "--reactors", reactor)
    assert done.returncode == 0, done.stderr
    found = tables(done.stdout)
    assert list(found) == list(NEVER)
    for line, cells in found.items():
        assert list(cells) == ["", *NAMES]
        assert cells[""] == [reactor]
        for name in NAMES:
            lowest = 2 if name in ALWAYS[line] else 0
            highest = 0 if name in NEVER[line] else 2
            failed, times = cells[name][0].split(" of ")
            assert times == "2"
            assert lowest <= int(failed) <= highest, f"{reactor}, {line}, {name}:\n{done.stdout}"


@each_reactor
def test_trial_fails_what_is_still_open(reactor: str) -> None:
    """If trial complains, the late side was really open when it looked; where it must not, nothing was."""
    done = python("-c", RECORD, reactor)
    assert done.returncode == 0, done.stderr
    found = {(x, name): rest for x, name, *rest in map(json.loads, done.stdout.splitlines())}
    late = {
        "quiet": ["port", "client", "server"],
        "late-server": ["server"],
        "late-client": ["client"],
    }
    for line in NEVER:
        for name in ALWAYS[line]:
            still_open, said = found[line, name]
            assert set(said) == {"DirtyReactorAggregateError"}, (line, name)
            assert set(still_open) & set(late[line]), (line, name, still_open)
        for name in NEVER[line]:
            still_open, said = found[line, name]
            assert said == [], (line, name)
            # On a slow line, who waits for the last event needs not wait for the others to be right.
            assert not set(still_open) & set(late[line]), (line, name, still_open)
        assert found[line, "Teardown9AllThree"] == [[], []], line


def test_measure_prints_one_table_a_line() -> None:
    """Reactors across and lines down are those asked for, once each, in that order; no row is over 80 columns."""
    reactors = ["asyncio", "select"]
    words = ["--reactors", "asyncio,select,asyncio", "--lines", "quiet", "--times", "1"]
    done = module("measure", *words)
    assert done.returncode == 0, done.stderr
    found = tables(done.stdout)
    assert list(found) == ["quiet"] and found["quiet"][""] == reactors
    assert done.stderr.splitlines() == [f"measured: {reactor}, quiet" for reactor in reactors]
    help_text = module("measure", "--help")
    assert help_text.returncode == 0
    assert ",".join(REACTORS) in help_text.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_widest_table() -> None:
    """With every reactor and the most runs, a table still fits 80 columns; what was not measured is a question mark."""
    script = f"""if True:
        from {PACKAGE} import measure
        found = {{("quiet", case.__name__): "1000 of 1000" for case in measure.TEARDOWNS}}
        results = dict.fromkeys(["select", "poll", "epoll", "asyncio"], found)
        print(measure.table("quiet", results))
        print(measure.table("quiet", {{"select": {{}}}}))
        """
    done = python("-c", script)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[2].split() == ["Teardown1Nothing", *["1000", "of", "1000"] * 4]
    assert lines[-1].split() == ["Teardown9AllThree", "?"]


def test_measuring_that_breaks_off() -> None:
    """A problem that is none of the teardown's is reported in one line and not counted; the table then fails."""
    script = f"""if True:
        import sys
        from {PACKAGE} import gallery, measure
        def refused(self):
            raise OSError("no loopback here")
        gallery.Hello.setUp = refused
        {{}}
        """
    done = python("-c", script.format('measure.measure_here("select", ["quiet"], 1)'))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Teardown1Nothing, quiet: OSError: no loopback here\n"
    whole = script.format(
        "measure.measure = lambda *options: {}; sys.argv[1:] = []; sys.exit(measure.main())"
    )
    done = python("-c", whole)
    assert done.returncode == 1, done.stderr
    assert re.search(r"Teardown1Nothing( +\?)+\n", done.stdout)


@pytest.mark.parametrize(
    ("name", "words", "reported"),
    [
        ("measure", "--times 0", "'0' is not a number from 1 to 1000"),
        ("measure", "--times 1001", "'1001'"),
        ("measure", "--times -1", "--times"),
        ("measure", "--times many", "'many' is not a number"),
        ("measure", "--times ²", "is not a number"),
        ("measure", "--reactors kqueue9", f"'kqueue9' is not here, but {', '.join(REACTORS)}"),
        ("measure", "--reactors select,", "'' is not here, but select"),
        ("measure", "--lines quiet,loud", "'loud' is not here, but quiet, late-server"),
        ("measure", "--only nonesuch", "nonesuch"),
        ("measure", "more", "more"),
        ("picture", "--line loud", "'loud'"),
        ("picture", "more", "more"),
    ],
)
def test_bad_options(name: str, words: str, reported: str) -> None:
    """A bad option is reported in one line, with exit code 2, before anything is run."""
    done = module(name, *words.split())
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert done.stderr.count("\n") == 1 and reported in done.stderr, done.stderr


@pytest.mark.parametrize("name", ["measure", "picture"])
def test_outside_of_the_environment(name: str) -> None:
    """With a Python that has no Twisted, both say in one line what to run instead, with exit code 1."""
    # Without site, Python finds no installed packages.
    done = python("-S", "-E", "-m", f"{PACKAGE}.{name}")
    assert (done.returncode, done.stdout) == (1, "")
    reported = rf"This Python has no Twisted\. Run: \.venv.*python -m {PACKAGE}\.{name}\n"
    assert re.fullmatch(reported, done.stderr), done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to one process")
def test_ctrl_c() -> None:
    """Ctrl-C ends the measuring, in the middle of it, with no traceback."""
    command = [sys.executable, "-m", f"{PACKAGE}.measure", "--reactors", "select"]
    with subprocess.Popen(
        [*command, "--lines", "quiet,late-server", "--times", "30"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert process.stderr is not None
            assert process.stderr.readline() == "measured: select, quiet\n"
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does
            printed = process.communicate(timeout=BOUND)
        finally:
            process.kill()
    assert (process.returncode, *printed) == (130, "", "")


def test_gallery_by_trial(tmp_path: Path) -> None:
    """trial runs nine tests, no more; the first two fail, and the right one passes."""
    words = ["-m", "twisted.trial", "--reporter", "verbose", f"{PACKAGE}.gallery"]
    done = python(*words, cwd=tmp_path)
    assert "Ran 9 tests" in done.stdout, done.stdout
    failed = re.findall(rf"^{PACKAGE}\.gallery\.(\w+)\.test_hello$", done.stdout, re.MULTILINE)
    assert failed[:2] == NAMES[:2], done.stdout
    assert NAMES[-1] not in failed


def test_picture() -> None:
    """In the naive run the server is still open when trial looks, in the right run nothing is."""
    done = module("picture")
    assert done.returncode == 0, done.stderr
    naive, right = done.stdout.split("Teardown9AllThree")
    assert naive.startswith("Teardown4Port, late-server: ends everything, waits for the port\n")
    for run in (naive, right):
        rows = re.findall(r"^ +(\d+\.\d\d) ms  (.+)$", run, re.MULTILINE)
        assert [float(ms) for ms, _ in rows] == sorted(float(ms) for ms, _ in rows), run
        reported = [what for _, what in rows]
        look = next(n for n, what in enumerate(reported) if what.startswith("trial looks; "))
        assert reported[0] == "teardown begins" and "port: over" in reported[:look], run
        for name in ("client: over", "server: over"):
            assert (name in reported[:look]) == (run is right or "client" in name), run
    assert re.search(r"not over: (.*, )?server\ntrial: DirtyReactorAggregateError\.\n", naive)
    assert "trial looks; all was over\ntrial: nothing is left.\n" in right


def test_drawn(tmp_path: Path) -> None:
    """The README's pictures are those that tests/benchmarks/endings.py draws of the same two runs."""
    done = python("tests/benchmarks/endings.py", str(tmp_path))
    assert done.returncode == 0, done.stderr
    for name in ("naive", "right"):
        drawn, given = (
            ElementTree.parse(folder / f"{name}.svg").getroot() for folder in (tmp_path, STAGE)
        )
        assert drawn[0].text == given[0].text
        assert drawn[1].text is not None and given[1].text is not None
        left = {"naive": "server", "right": "nothing"}[name]
        assert drawn[1].text.endswith(f"trial looks. Still open: {left}.")
        assert given[1].text.endswith(f"trial looks. Still open: {left}.")


def test_readme() -> None:
    """The README's table says what is asserted here."""
    text = (STAGE / "README.md").read_text("utf-8")
    found = re.search(r"^\| failures out of (\d+) \|.*\n(?:\|.*\n)+", text, re.MULTILINE)
    assert found and "the same on the select, poll, epoll and asyncio reactors" in text
    head, _, *rows = (
        [cell.strip() for cell in row.split("|")[1:-1]] for row in found[0].splitlines()
    )
    assert [line.replace(" ", "-") for line in head[1:]] == list(NEVER)
    assert [row[0] for row in rows] == NAMES
    for name, *cells in rows:
        for line, cell in zip(NEVER, cells, strict=True):
            if name in ALWAYS[line]:
                assert cell == found[1], (line, name)
            if name in NEVER[line]:
                assert cell == "0", (line, name)
