"""Stage 9's cases: each is found, any right repair passes, and a wrong one is refused."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from workshop.course import load
from workshop.course.solutions import answer
from workshop.judge.steps import by_step, targets
from workshop.runner.layout import lay
from workshop.runner.pool import Pool
from workshop.runner.worker import Case

ROOT = Path(__file__).resolve().parent.parent
STAGE = load(ROOT).stage("stage9_clinic")
CASES = [step.name.lower() for step in STAGE.steps]
REPAIRS = sorted((STAGE.answers / "correct").glob("*/*.py"))


def case_of(file: str) -> str:
    """The case that a file belongs to."""
    return file.removesuffix(".py").removeprefix("test_")


def changed(name: str, *edits: tuple[str, str], of: int = 10_000) -> dict[str, str]:
    """The answer up to a step, with edits of one file."""
    files = answer(STAGE, of)
    for old, new in edits:
        assert files[name].count(old) == 1, old
        files[name] = files[name].replace(old, new)
    return files


REFUSED: dict[str, tuple[str, dict[str, str], str]] = {
    "no cause": (
        "journal",
        {"causes.py": answer(STAGE, 1)["causes.py"]},
        "does not name the cause",
    ),
    "an unknown cause": (
        "journal",
        changed("causes.py", ('"sleep"', '"weather"')),
        "is not in the list in README",
    ),
    "a wrong cause": (
        "journal",
        changed("causes.py", ('"sleep"', '"accept"')),
        'The cause of journal is not "accept"',
    ),
    "no repair": (
        "room",
        {"test_room.py": answer(STAGE, 2)["test_room.py"]},
        r"RoomTests\.test_announcement fails in windy weather, seed \d+ .*hunt exercises",
    ),
    "no tests": ("room", {"test_room.py": ""}, r"test_room\.py has no test that runs"),
    "an emptied test": (
        "room",
        changed("test_room.py", ('self.assertEqual(await ann.lines.get(), b"psst: yes")', "pass")),
        "What it does: Guests hear what they say themselves",
    ),
    "a skipped test": (
        "room",
        changed(
            "test_room.py",
            ("    async def test_whisper", "    skip = 1\n\n    async def test_whisper"),
        ),
        "is skipped, or marked as an expected failure: it must run",
    ),
    "a test that ends its process": (
        "room",
        changed(
            "test_room.py",
            ("        ann.sendLine", "        __import__('os')._exit(3)\n        ann.sendLine"),
        ),
        "ended their process",
    ),
    "not Python": ("room", {"test_room.py": "def f(:\n"}, "cannot be run: SyntaxError"),
    "another promise": (
        "catalogue",
        {
            **changed("catalogue.py", ("LIMIT = 0.8", "LIMIT = 5")),
            **{
                "test_catalogue.py": changed(
                    "test_catalogue.py",
                    ("advance(0.75)", "advance(4.9)"),
                    ("advance(0.1)", "advance(0.2)"),
                )["test_catalogue.py"]
            },
        },
        "fails with another right program",
    ),
    "a sleep that outlasts the weather": (
        "dictionary",
        changed(
            "test_dictionary.py",
            (
                "        await self.dictionary.entry.over\n",
                "        from twisted.internet import reactor, task\n"
                "        await task.deferLater(reactor, 0.3)\n",
            ),
        ),
        r"takes 0\.30 s although nothing is late",
    ),
    "a test that avoids the mistake": (
        "catalogue",
        changed(
            "test_catalogue.py",
            ("asked = [borrower.shelf(", "asked = [await borrower.shelf("),
            ("await gatherResults(asked)", "asked"),
            of=9,
        ),
        r"catalogue\.py breaks a promise: Questions are passed on",
    ),
    "stations asked in turn": (
        "survey",
        changed(
            "survey.py",
            ("return list(await gatherResults(asked))", "return [await one for one in asked]"),
            ("asked = [Deferred.fromCoroutine(read(", "asked = [(read("),
        ),
        r"survey\.py breaks a promise: All stations are asked at once",
    ),
    "a buffer that waits for ever": (
        "scoreboard",
        {
            "scoreboard.py": answer(STAGE, 0)["scoreboard.py"].replace(
                "        self.show(json.loads(data))\n",
                "        self.data = getattr(self, 'data', b'') + data\n"
                "        try:\n"
                "            score = json.loads(self.data)\n"
                "        except ValueError:\n"
                "            return\n"
                "        self.data = b''\n"
                "        self.show(score)\n",
            )
        },
        r"scoreboard\.py breaks a promise: A board shows each score",
    ),
    "announcements for those who come later": (
        "room",
        {
            "test_room.py": answer(STAGE, 0)["test_room.py"],
            **changed(
                "room.py",
                (
                    'self.say(b"welcome to " + self.factory.name)\n',
                    'self.say(b"welcome to " + self.factory.name)\n'
                    "        for text in getattr(self.factory, 'said', []):\n"
                    "            self.say(text)\n",
                ),
                (
                    "        for seat in self.seats:\n            seat.say(text)\n",
                    "        self.said = [text]\n"
                    "        for seat in self.seats:\n            seat.say(text)\n",
                ),
                of=2,
            ),
        },
        r"room\.py breaks a promise: Those who come later",
    ),
    "an answer without a text": (
        "visits",
        {
            "test_visits.py": answer(STAGE, 0)["test_visits.py"],
            **changed(
                "visits.py", ('return b"The next visit is number 1.\\n"', 'return b""'), of=8
            ),
        },
        r"visits\.py breaks a promise: The answer to DELETE",
    ),
    "a check that is dropped": (
        "visits",
        changed(
            "test_visits.py",
            ("        self.addCleanup(self.clients_gone)\n", ""),
            ("        await readBody(response)\n", ""),
        ),
        r"it leaves these open: \d\.client",
    ),
}


TESTS = [
    (case, f"test_{case}.py", test)
    for case in CASES
    for test in re.findall(r"def (test_\w+)\(", answer(STAGE)[f"test_{case}.py"])
]


@functools.lru_cache
def verdicts() -> dict[str, str]:
    """By name: the messages of the step that a repair is about; "" if it passes."""
    asked = {
        f"{path.parent.name}/{path.name}": (
            case_of(path.name),
            alone(case_of(path.name), {path.name: path.read_text("utf-8"), **partner(path)}),
        )
        for path in REPAIRS
    }
    asked |= {
        f"{case} without {test}": (case, changed(file, (f"def {test}(", f"def no_{test}(")))
        for case, file, test in TESTS
    }
    asked |= {f"unrepaired {case}": (case, alone(case, answer(STAGE, 0))) for case in CASES}
    asked |= {
        name: (case, {**answer(STAGE), **files}) for name, (case, files, _) in REFUSED.items()
    }
    steps = {name: STAGE.steps[CASES.index(case)] for name, (case, _) in asked.items()}
    cases = [
        Case(name, files, tuple(targets(STAGE, [steps[name]])), stop=False)
        for name, (_, files) in asked.items()
    ]
    found = {}
    with Pool(STAGE) as pool:
        for case, result in pool.run(cases):
            [step] = [one for one in by_step(STAGE, result, [steps[case.name]]).steps if one.step]
            found[case.name] = "\n".join(
                problem.message for test in step.failed for problem in test.problems
            )
            assert step.status in ("passes", "fails")
    return found


def alone(case: str, files: dict[str, str]) -> dict[str, str]:
    """These files of a pair, with its cause named, and nothing of another pair: its files cannot be imported.

    So no step depends on another pair, and a pair that passes need not run again because another changes.
    """
    [cause] = re.findall(rf'^    "{case}": .*,$', answer(STAGE)["causes.py"], re.M)
    return {
        **dict.fromkeys(STAGE.edit, "raise ImportError('another pair')\n"),
        **{name: files[name] for name in (f"{case}.py", f"test_{case}.py")},
        "causes.py": f"CAUSES = {{\n{cause}\n}}\n",
    }


def partner(path: Path) -> dict[str, str]:
    """The other file of the pair, as a learner gets it."""
    case = case_of(path.name)
    other = f"{case}.py" if path.name.startswith("test_") else f"test_{case}.py"
    return {other: answer(STAGE, 0)[other]}


@pytest.mark.parametrize("case", CASES)
def test_each_case_is_found(case: str) -> None:
    """With its cause named and nothing repaired, a pair passes on a quiet network, and fails in windy weather."""
    said = verdicts()[f"unrepaired {case}"]
    assert re.search(r"^\w+\.test_\w+ fails in windy weather, seed \d+ of 100", said, re.M), said


@pytest.mark.parametrize("path", REPAIRS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_other_right_repairs_pass(path: Path) -> None:
    """There are several right repairs of a pair; each changes one file only."""
    assert verdicts()[f"{path.parent.name}/{path.name}"] == ""


@pytest.mark.parametrize(("case", "file", "test"), TESTS, ids=lambda value: value)
def test_no_test_can_be_left_out(case: str, file: str, test: str) -> None:
    """Without any one of its tests, a pair lets a wrong program through."""
    said = verdicts()[f"{case} without {test}"]
    assert f"The tests of {case} pass with a wrong program" in " ".join(said.split()), said


@pytest.mark.parametrize("name", REFUSED)
def test_wrong_repairs_are_refused(name: str) -> None:
    """What does not repair a pair is refused, and the message says why."""
    said = " ".join(verdicts()[name].split())
    assert re.search(REFUSED[name][2], said), said


@pytest.mark.parametrize("name", REFUSED)
def test_no_message_has_the_answer(name: str) -> None:
    """No message names the right cause."""
    right = dict(re.findall(r'"([\w-]+)": "([\w-]+)"', answer(STAGE)["causes.py"]))[
        REFUSED[name][0]
    ]
    assert f'"{right}"' not in verdicts()[name]


def test_every_case_has_a_cause_from_the_list() -> None:
    """README.md has every name that the tests know, and no other."""
    readme = (STAGE.folder / "README.md").read_text("utf-8")
    listed = set(re.findall(r"^\| `([\w-]+)` \|", readme, re.M))
    code = (STAGE.folder / "pair.py").read_text("utf-8")
    known = re.search(r"NAMES = \{(.*?)\}", code, re.S)
    assert known and set(re.findall(r'"([\w-]+)"', known[1])) == listed
    right = re.findall(r'"[\w-]+": "([\w-]+)"', answer(STAGE)["causes.py"])
    assert len(set(right)) == len(CASES) and set(right) < listed


def test_without_fork(tmp_path: Path) -> None:
    """If a process cannot fork, a new one makes the same report."""
    lay(STAGE, tmp_path, answer(STAGE))
    code = "from exercises.stage9_clinic import histories as h; print(h._started('room').strip() == h._forked('room'))"
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60)
    assert done.stdout == "True\n", done.stdout + done.stderr


RACE = """
from twisted.internet import reactor
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.protocol import Factory, Protocol
from twisted.trial.unittest import TestCase


class QueueTests(TestCase):
    async def test_server_knows_the_client(self):
        self.assertEqual(type(reactor).__module__, "mailer.simulated.reactor")
        factory = Factory()
        made = []
        factory.buildProtocol = lambda address: made.append(Protocol()) or made[-1]
        port = reactor.listenTCP(0, factory, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        there = TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port)
        client = await connectProtocol(there, Protocol())
        self.addCleanup(client.transport.abortConnection)
        self.assertEqual(len(made), 1)
        made[0].transport.abortConnection()
"""


def test_the_page_to_take_home(tmp_path: Path) -> None:
    """In a project that has nothing of this course, the page's steps lead from a test to a seed, and back to the failure."""
    page = (STAGE.folder / "flaky.md").read_text("utf-8")
    package = tmp_path / "mailer"
    shutil.copytree(ROOT / "workshop" / "simulated", package / "simulated")
    (package / "__init__.py").touch()
    (package / "test_queue.py").write_text(RACE)
    plugins = tmp_path / "twisted" / "plugins"
    plugins.mkdir(parents=True)
    [plugin] = re.findall(r"```python\n(.*?)```", page, re.S)
    (plugins / "simulated_reactor.py").write_text(plugin)
    [command] = re.findall(r"^SIMULATED_WEATHER.*$", page, re.M)

    def run(line: str) -> str:
        words = line.split()
        env = {**os.environ, "PYTHONPATH": "", **dict(re.findall(r"(\w+)=(\S+)", line))}
        # Here the course is installed, and has a reactor of the same name; the first one on the path counts.
        names = [sys.executable, "-m", "twisted.trial", "--reactor=simulated"]
        rest = [word for word in words if word.startswith(("--until", "mailer."))]
        done = subprocess.run(
            [*names, *rest], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60
        )
        return done.stdout

    found = run(command)
    assert "FailTest: 0 != 1" in found, found
    [again] = re.findall(r"^  (SIMULATED_SEED=.*)$", found, re.M)
    assert "test_server_knows_the_client" in again
    assert "FailTest: 0 != 1" in run(again)
