"""A hunt, as Python code calls it: what it finds, what it drops, all histories, and that it is the same each time."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from driving import posix
from test_gallery import ALWAYS, NAMES, NEVER

from workshop.course import load
from workshop.hunt.crew import Target, Unusable, target
from workshop.hunt.found import Found
from workshop.hunt.histories import Choice, option
from workshop.hunt.search import ROWS, Hunt, hunt
from workshop.hunt.shrink import shrink
from workshop.hunt.timeline import MOST, Event, drawn
from workshop.notebook import cell
from workshop.simulated.weather import TABLE

pytestmark = posix
ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests"
PATHS = (str(TESTS), str(ROOT))
ALL_OF_THEM = 9600
"""Histories of the right teardown on the quiet line, with one cut of each direction."""
ORDERS = 384
"""The same without cuts: its orders of events."""


@pytest.fixture(scope="module")
def races() -> Iterator[Hunt]:
    """The planted races, imported once."""
    with Hunt(Target("simulated_races.Races", PATHS), cores=1) as running:
        yield running


CAUSES = {
    "one_piece": r"a read returns only \d+ of 1\.server's bytes",
    "two_pieces": r"a read returns only \d+ of 1\.client's bytes|.*1\.client's bytes .*0\.1 s",
    "soon": r"(.*, and when )?(.* 1\.(client|server)'s bytes (take|stays away for) 0\.1 s|.*stays away for 0\.1 s)",
    "accepted": r"1\.server is accepted 0\.1? ?s? ?.*late",
    "in_order": r"the attempt of [12]\.client takes [\d.]+ s|.*(accepted|handled first|bytes).*",
    "both_over": r"1\.client's end comes 0\.1 s late|the reader of 1\.client's bytes stays away for 0\.1 s"
    r"|1\.server is accepted 0\.1 s late|1\.client's bytes take 0\.1 s",
    "jobs": r"a thread's job takes [\d.]+ s",
}
"""Why each race is lost, as the sentence says it. What is not in it is not needed."""


@pytest.mark.parametrize("name", CAUSES)
def test_a_race_is_explained(races: Hunt, name: str) -> None:
    """The shrunk decisions are those that matter: each is needed, and they are enough without the seed."""
    number = races.tests.index(f"simulated_races.Races.test_{name}")
    found = races.find([number], 200)
    assert found and found.seed and found.weather == "windy"
    assert re.fullmatch(rf"Fails when ({CAUSES[name]})\.", found.said), found.said
    assert len(found.decisions) <= 2, found.said
    options = {one.key: one.option for one in found.decisions}
    again = races.replay(options, number)
    assert again and again.sentences == found.sentences and again.kind == found.kind
    for key in options:
        less = {other: value for other, value in options.items() if other != key}
        assert races.replay(less, number) is None, f"{key} is not needed: {found.said}"


def test_the_command_repeats_it(races: Hunt) -> None:
    """Plain trial fails with the command that is printed, with no other decision than the shrunk ones."""
    found = races.find([races.tests.index("simulated_races.Races.test_jobs")], 200)
    assert found
    done = subprocess.run(
        ["sh", "-c", found.command.replace("trial ", f"{sys.executable} -m twisted.trial ", 1)],
        cwd=races.crew.folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(PATHS)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 1 and "FAILED (failures=1)" in said, said
    assert "Simulated network, windy" in said and ": 1 of " in said, said
    assert found.sentences[0] in said


def test_what_was_logged_is_shown_first(tmp_path: Path) -> None:
    """If a test waits in vain since something raised, the failure has both, and first what raised."""
    (tmp_path / "waits.py").write_text(
        """
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase
class Waits(TestCase):
    def test_it(self):
        from twisted.internet import reactor
        reactor.callLater(0, int, "three")
        return Deferred()
"""
    )
    with Hunt(Target("waits", (str(tmp_path),))) as running:
        found = running.replay({}, 0)
    assert found and found.kind == "Deadlock"
    logged, *rest = found.failure.splitlines()
    assert logged.startswith("Logged: ValueError: invalid literal for int()"), found.failure
    assert rest[0].startswith("Deadlock: Nothing is due any more")


@pytest.mark.parametrize(
    ("sentences", "said"),
    [
        (("a is late",), "Fails when a is late."),
        (("a is late", "b is cut", "a is late"), "Fails when a is late, and when b is cut."),
        (
            ("a is late",) * 5,
            "Fails when 5 decisions of the weather come together, such as: a is late. The timeline",
        ),
    ],
)
def test_the_sentence(sentences: tuple[str, ...], said: str) -> None:
    """It lists a few decisions, each once, and counts many."""
    some = tuple(Choice(f"end/{n}.client/1", 3, 0.1, text) for n, text in enumerate(sentences))
    assert Found("t", 1, "windy", some, "", "").said.startswith(said)


def test_a_test_that_replaces_what_is_recorded(tmp_path: Path) -> None:
    """The timeline of a test that replaces the same methods for itself, and undoes that, is made."""
    (tmp_path / "theirs.py").write_text(
        """
from twisted.trial.unittest import TestCase
class Looks(TestCase):
    def test_it(self):
        from twisted.internet import reactor
        reactor.removeAll = list
        del reactor.removeAll
        self.fail("found")
"""
    )
    with Hunt(Target("theirs", (str(tmp_path),))) as running:
        found = running.replay({}, 0)
    assert found and found.failure.startswith("found") and found.timeline


def test_the_timeline(races: Hunt) -> None:
    """It has what the sockets did, what the weather decided, and trial's look; in virtual time."""
    number = races.tests.index("simulated_races.Races.test_both_over")
    found = races.replay({"end/1.client/1": 3}, number)
    assert found and found.sentences == ("1.client's end comes 0.1 s late",)
    rows = [re.sub(r" +", " ", line).strip() for line in found.timeline]
    assert [row.split(" ms ")[1] for row in rows] == [
        "setUp begins",
        "port 32768 listens",
        "test_both_over begins",
        "1.client asks to connect",
        "1.server is accepted",
        "1.client sends 5 bytes",
        "1.client ends its half",
        "~ 1.client's end comes 0.1 s late",
        "1.client over",
        "1.server reads 5 bytes",
        "tearDown begins",
        "port 32768 over",
        "1.server reads the end",
        "1.server ends its half",
        "1.server over",
        "trial looks; nothing is left",
    ]
    times = [float(row.split(" ms ")[0]) for row in rows]
    assert times == sorted(times) and 100 < times[-1] < 101


def test_a_long_timeline_is_cut() -> None:
    """The beginning, the end and what the weather did are shown, and how many rows are not."""
    events = [Event("1.client", f"event {n}", n / 1000) for n in range(500)]
    events[200] = Event("~", "the weather", 0.2)
    lines = drawn(events)
    assert len(lines) <= MOST + 2
    assert "event 0" in lines[0] and "event 499" in lines[-1]
    assert any("the weather" in line for line in lines)
    [said] = [line for line in lines if "not shown" in line]
    assert f"{500 - len(lines) + 1} more" in said


def test_the_same_each_time() -> None:
    """Again, and with other numbers of processes: the same first failure, shrunk to the same, with the same words."""
    found = [
        hunt("simulated_races", "windy", 50, paths=[TESTS], first=first, cores=cores)
        for first, cores in ((1, 1), (1, 2))
    ]
    assert found[0] and found[0] == found[1]
    later = hunt("simulated_races", "windy", 50, paths=[TESTS], first=3, cores=1)
    assert later and later.seed == 3


def test_what_python_code_gets() -> None:
    """A failure in calm weather comes first, without decisions; None, if nothing fails; an error, if nothing runs."""
    found = hunt("hunted.Fails", paths=[TESTS], cores=1)
    assert found and (found.weather, found.decisions, found.seed) == ("calm", (), None)
    assert "It never passes." in found.failure and "even with no delays" in found.said
    assert hunt("hunted.Passes", "windy", 3, paths=[TESTS], cores=1, first=2) is None
    with pytest.raises(Unusable, match=r"hunted\.Skips is skipped: not today"):
        hunt("hunted.Skips", paths=[TESTS], cores=1)


@pytest.mark.parametrize("text", ["theirs/poetry", "stage1_trial", "exercises/stage1_trial/"])
def test_a_folder_is_no_stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Another project's folder may have a name that is also a stage's; the stage's own folder is the stage."""
    (tmp_path / "theirs/poetry").mkdir(parents=True)
    for name in ("theirs", "theirs/poetry"):
        (tmp_path / name / "__init__.py").touch()
    monkeypatch.chdir(ROOT if text.startswith("exercises") else tmp_path)
    course = load(ROOT)
    theirs = text.startswith("theirs")
    assert target(text, course).name == ("theirs.poetry" if theirs else "exercises.stage1_trial")
    # A name as trial takes it is looked for here first, as trial does.
    assert target("exercises.stage1_trial", course).paths[0] == str(Path.cwd())


@pytest.fixture(scope="module")
def gallery() -> Iterator[Hunt]:
    """The gallery on all of its lines."""
    rows = [row for row in ROWS if row != "cut"]
    with Hunt(Target("hunt_gallery", PATHS), rows=rows) as running:
        yield running


@pytest.mark.parametrize("line", NEVER)
def test_every_order_of_the_gallery(gallery: Hunt, line: str) -> None:
    """The right teardown passes in all; a wrong one fails with one decision at most, or cannot fail on this line."""
    numbers = {}
    # What cannot fail on a slow line takes as long as what is right, and proves nothing new.
    names = NAMES if line == "quiet" else [*ALWAYS[line], NAMES[-1]]
    for name in names:
        test = f"hunt_gallery.{name}_{line.replace('-', '_')}.test_hello"
        walked = gallery.walk(gallery.tests.index(test))
        numbers[name] = walked.histories
        if name in ALWAYS[line]:
            assert walked.histories == 1 and walked.found and not walked.found.decisions
        elif walked.found:
            assert name not in NEVER[line] and len(walked.found.decisions) == 1
            assert walked.found.kind == "DirtyReactorAggregateError"
        else:
            assert walked.complete and walked.histories == ORDERS, walked
            assert re.search(
                "AllThree|Server" if line != "late-client" else "AllThree|Client", name
            )
    print(line, numbers)
    assert numbers["Teardown9AllThree"] == ORDERS


def test_every_history_of_the_right_teardown(gallery: Hunt) -> None:
    """With each cut of the first read of each direction, too."""
    gallery.rows = None
    number = gallery.tests.index("hunt_gallery.Teardown9AllThree_quiet.test_hello")
    walked = gallery.walk(number)
    print(walked)
    assert (walked.complete, walked.histories, walked.found) == (True, ALL_OF_THEM, None)
    readme = (ROOT / "exercises/stage4_disconnect/README.md").read_text("utf-8")
    assert f"The ninth passes in all {ALL_OF_THEM} histories." in readme


def test_a_walk_that_is_too_long(gallery: Hunt) -> None:
    """It ends at the bound, and is not complete."""
    number = gallery.tests.index("hunt_gallery.Teardown9AllThree_quiet.test_hello")
    for most in (1, 2, 100):
        walked = gallery.walk(number, most)
        assert (walked.complete, walked.histories, walked.found) == (False, most, None)


def test_shrinking() -> None:
    """What is left fails, and nothing of it can be left out; one that is enough alone is taken."""
    assert shrink([1, 2, 3], lambda some: True) == []
    assert shrink([1, 2, 3], lambda some: 2 in some) == [2]
    many = list(range(100))
    for needed in ({3, 50}, {0, 1, 2}, {99}, {7, 8, 41, 77}):
        tried: list[int] = []

        def fails(some: list[int], needed: set[int] = needed, tried: list[int] = tried) -> bool:
            tried.append(len(some))
            assert some == sorted(some)
            return needed <= set(some)

        assert shrink(many, fails) == sorted(needed)
        assert len(tried) < 120


@pytest.mark.parametrize("name", TABLE)
def test_a_decision_s_value_is_an_option(name: str) -> None:
    """Each value of the table can be written in a command; nothing else can."""
    row = TABLE[name]
    for n, value in enumerate((0, *row.storm)):
        assert option(f"{name}/1.client/1", value) == n
    assert option(f"{name}/port '/a/b'/12", 0) == 0
    for key, value in ((name, 0), (f"{name}/x", 0), (f"{name}/x/y", 0), (f"{name}/x/1", 0.5)):
        assert option(key, value) is None


def test_a_cell_on_the_simulated_network() -> None:
    """%%trial --reactor=simulated: a wait costs nothing; settings come first, as in a shell."""
    source = """
from twisted.internet import task
from twisted.trial.unittest import TestCase
class Waits(TestCase):
    async def test_it(self):
        from twisted.internet import reactor
        await task.deferLater(reactor, 100)
        print(reactor.network.history.seed, reactor.network.history.weather)
"""
    assert "PASSED (successes=1)" in cell.run(source, ["--reactor=simulated"], 15)
    words = ["SIMULATED_SEED=7", "SIMULATED_WEATHER=windy", "--reactor=simulated"]
    for warm in (cell.WARM, None):
        assert "7 windy" in cell.run(source, words, 15, warm)
