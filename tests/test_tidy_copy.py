"""The mixin of stage4_disconnect, taken home: copied into a project that has Twisted and nothing of the course."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from workshop.course import load
from workshop.course.solutions import answer

ROOT = Path(__file__).resolve().parent.parent
TIDY = answer(load(ROOT).stage("stage4_disconnect"))["tidy.py"]
STRANGER = Path(__file__).with_name("stranger")
TESTS = STRANGER / "uses.py"
PYTHONS = (
    os.environ.get("TIDY_PYTHONS", "").split(os.pathsep) if "TIDY_PYTHONS" in os.environ else []
)
BOUND = 60
"""Seconds after which the project's trial counts as hung. It takes three."""

NAMED = r"builtins\.AssertionError: not over 0\.3 s after the test: "
ENDS_BADLY = {
    "Fails.test_fails": ("FAILURE", r"twisted\.trial\.unittest\.FailTest: on purpose"),
    "Fails.test_raises": ("ERROR", r"builtins\.LookupError: on purpose, too"),
    "Fails.test_connection_would_not_end": (
        "ERROR",
        NAMED + r"the stubborn client \(<.*StringTransport.*>\)",
    ),
    "Fails.test_port_would_not_stop": ("ERROR", NAMED + r"the stubborn port \(port\)"),
    "Fails.test_timeout_too_short": (
        "ERROR",
        NAMED.replace("3", "18") + r"the stubborn port \(port\)",
    ),
    "SetUpFails.test_never_run": ("ERROR", r"builtins\.RuntimeError: setUp stopped halfway"),
}
"""What trial must report of those tests that are to fail: how, and the last line of what it says."""


def named(text: str) -> set[str]:
    """The tests that trial finds in a file, as Class.test_name. A base class's tests are its subclasses' too."""
    found: dict[str, set[str]] = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef):
            own = {f.name for f in node.body if getattr(f, "name", "").startswith("test_")}
            bases = [found.get(base.id, set()) for base in node.bases if isinstance(base, ast.Name)]
            found[node.name] = own.union(*bases)
    return {f"{cls}.{name}" for cls, names in found.items() for name in names}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the mixin, and with tests that use it."""
    (tmp_path / "tidy.py").write_text(TIDY, "utf-8")
    shutil.copy(STRANGER / "connections.py", tmp_path)
    shutil.copy(TESTS, tmp_path / "test_it.py")
    return tmp_path


def other_python(project: Path, python: str) -> subprocess.CompletedProcess[str]:
    """Run trial there with another Python, which has Twisted with TLS installed."""
    return subprocess.run(
        [
            python,
            "-c",
            "from twisted.scripts.trial import run; run()",
            "--reporter=bwverbose",
            "test_it",
        ],
        cwd=project,
        env={**os.environ, "PYTHONUTF8": "1", "PYTHONPATH": ""},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        timeout=BOUND,
    )


def trial(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run trial there, in a Python that finds what is installed here and not the course.

    -S, since a course that is installed so that it can be edited is found by way of site-packages, not on the path.
    """
    path = [entry for entry in sys.path if entry and not Path(entry, "exercises").is_dir()]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path), "PYTHONUTF8": "1"}
    return subprocess.run(
        [sys.executable, "-S", "-m", "twisted.trial", "--reporter=bwverbose", *words],
        cwd=project,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        timeout=BOUND,
    )


def outcomes(said: str) -> dict[str, str]:
    """What trial wrote beside each test's name, such as OK; where that is more than one thing, all of it."""
    listing = re.split(r"^[=-]{79}$", said, flags=re.M)[0]
    found: dict[str, str] = {}
    name = ""
    for line in listing.splitlines():
        if match := re.fullmatch(r"test_it\.(\S+) \.\.\. \[(.+)\]", line):
            name = match[1]
            assert name not in found, said
            found[name] = match[2]
        elif line:
            found[name] += f", {line}"
    return found


def reports(said: str) -> list[tuple[str, str, str]]:
    """What trial reports at its end, for each test: its name, what became of it, and the last line of why."""
    found = []
    for part in re.split(r"^={79}\n", said.partition("\n-----")[0] + "\n", flags=re.M)[1:]:
        kind, *why = part.rstrip().splitlines()
        while (name := why.pop()).startswith("test_it."):
            found.append((name.removeprefix("test_it."), kind.strip("[]"), ""))
        last = next(line for line in [name, *reversed(why)] if line)
        found = [(name, kind, why or last) for name, kind, why in found]
    return found


def check(done: subprocess.CompletedProcess[str], expected: set[str]) -> None:
    """These tests were run; those that are to fail are reported, each once and by its own text, and nothing else is."""
    said = done.stdout
    skipped = {name for name, kind, _ in reports(said) if kind == "SKIPPED"}
    bad = {name: ENDS_BADLY[name][0] for name in expected & set(ENDS_BADLY)}
    wanted = dict.fromkeys(expected, "OK") | dict.fromkeys(skipped, "SKIPPED") | bad
    assert outcomes(said) == wanted, said
    reported = [report for report in reports(said) if report[1] != "SKIPPED"]
    assert sorted(name for name, _, _ in reported) == sorted(bad), said
    for name, kind, why in reported:
        assert bad[name].startswith(kind), said
        assert re.fullmatch(ENDS_BADLY[name][1], why), f"{name}: {why}"
    assert done.returncode == (1 if bad else 0), said
    assert f"Ran {len(expected)} tests in" in said, said
    if sys.platform == "linux":
        assert not skipped, said


def test_size() -> None:
    """It is short enough to be read before it is copied: at most 90 lines that are not blank."""
    lines = [line for line in TIDY.splitlines() if line.strip()]
    assert len(lines) <= 90, f"{len(lines)} lines"


def test_imports() -> None:
    """It imports Twisted and the standard library's typing, anywhere in it, and nothing else."""
    modules = []
    for node in ast.walk(ast.parse(TIDY)):
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules.append("." * node.level + (node.module or ""))
    others = [name for name in modules if name.partition(".")[0] not in ("twisted", "typing")]
    assert modules and not others, others


def test_docstring() -> None:
    """It says that it is one file, to copy into any project that has Twisted."""
    text = " ".join((ast.get_docstring(ast.parse(TIDY)) or "").split())
    for words in ("one file", "copy", "any project", "twisted"):
        assert words in text.lower(), f"no {words!r} in: {text}"


def test_a_stranger_s_tests(project: Path) -> None:
    """Whatever state a test leaves its connections in, trial reports what that test did itself, and nothing else."""
    tests = named(TESTS.read_text("utf-8"))
    assert set(ENDS_BADLY) < tests
    check(trial(project, "test_it"), tests)


if PYTHONS:

    @pytest.mark.parametrize("python", PYTHONS)
    def test_on_other_versions(project: Path, python: str) -> None:
        """It works so with other versions of Python and Twisted, from 3.9 and 21.7 on.

        TIDY_PYTHONS lists their executables, separated as in PATH. Each has twisted[tls], and nothing of the course.
        """
        check(other_python(project, python), named(TESTS.read_text("utf-8")))


@pytest.mark.skipif(
    sys.platform == "win32",
    reason="trial --reactor=asyncio does not run on Windows' own event loop",
)
def test_on_asyncio(project: Path) -> None:
    """It works so on the asyncio reactor as well."""
    classes = ("Alone", "TCP", "States", "Fails")
    tests = {t for t in named(TESTS.read_text("utf-8")) if t.partition(".")[0] in classes}
    check(trial(project, "--reactor=asyncio", *(f"test_it.{cls}" for cls in classes)), tests)


def test_without_the_mixin_they_fail(project: Path) -> None:
    """The project's tests can fail: with a mixin that ends nothing, trial finds something left by nearly each of them."""
    idle = "class TidyConnections:\n    def listen(self, endpoint, factory):\n        return endpoint.listen(factory)\n\n"
    idle += "    def connect(self, endpoint, factory):\n        return endpoint.connect(factory)\n"
    (project / "tidy.py").write_text(idle, "utf-8")
    tests = {t for t in named(TESTS.read_text("utf-8")) if t.startswith(("TCP.", "UNIX."))}
    found = outcomes(trial(project, "test_it.TCP", "test_it.UNIX").stdout)
    assert set(found) == tests
    clean = {name for name, what in found.items() if what == "OK"}
    stopped = {
        f"{kind}.test_port_{how}" for kind in ("TCP", "UNIX") for how in ("stopped", "stopping")
    }
    assert clean <= stopped, found
