"""The offline folder: made of a miniature course, and set up in it with no network.

The one package that the miniature course asks for, alpha, is a wheel made here. It brings the
packages of the environment that runs the tests into that of the folder, by a .pth file; so the real
tool can run there.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import signal
import socket
import sys
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path
from subprocess import CompletedProcess, Popen, check_output, run

import pytest
from driving import ECHO, HALF, REPOSITORY, STARTER, TESTS, WIRE, Learner, posix, until
from setup_copy import POSIX, command, python_in, quick_python

from workshop.commands.offline import LEFT_OUT
from workshop.course import load
from workshop.setup.environment import machine
from workshop.web import build

SITE = "import sysconfig; print(sysconfig.get_path('purelib'))"
REQUIREMENTS = "-e .\n\nalpha>=1,<2  # one line\nbeta>=3; python_version < '3.0'\n"
PYPROJECT = """
[build-system]
requires = ["tinybuild>=1"]
build-backend = "tinybuild"

[project]
name = "trial-by-wire"
version = "0.1"
"""
# A build backend: an editable installation is a .pth file with the course's folder.
TINYBUILD = """
import pathlib, zipfile
def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    name, info = "trial_by_wire-0.1-py3-none-any.whl", "trial_by_wire-0.1.dist-info/"
    with zipfile.ZipFile(pathlib.Path(wheel_directory, name), "w") as wheel:
        wheel.writestr("course.pth", str(pathlib.Path.cwd()))
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: trial-by-wire\\nVersion: 0.1\\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "RECORD", "")
    return name
"""


def wheel(
    folder: Path,
    name: str,
    version: str,
    tag: str = "py3-none-any",
    requires: Sequence[str] = (),
    **files: str,
) -> None:
    """Make a wheel of these files."""
    info = f"{name}-{version}.dist-info"
    metadata = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    metadata += [f"Requires-Dist: {one}" for one in requires]
    files[f"{info}/METADATA"] = "\n".join(metadata) + "\n"
    files[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n"
    record = f"{info}/RECORD,,\n"
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
        record += f"{path},sha256={digest.decode()},{len(text.encode())}\n"
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-{version}-{tag}.whl", "w") as file:
        for path, text in {**files, f"{info}/RECORD": record}.items():
            member = zipfile.ZipInfo(path)
            member.external_attr = 0o100755 << 16  # a program may be among them
            file.writestr(member, text)


@pytest.fixture
def course(mini: Learner, tmp_path: Path) -> Learner:
    """The miniature course as a checkout: with the tool, requirements, and what a copy must not have."""
    cache = shutil.ignore_patterns("__pycache__")
    shutil.copytree(REPOSITORY / "workshop", mini.root / "workshop", ignore=cache)
    mini.write(REQUIREMENTS, "requirements.txt")
    mini.write(PYPROJECT, "pyproject.toml")
    mini.write("# The course\n", "README.md")
    (mini.root / "slides").mkdir()
    mini.write('extensions = ["sphinx_revealjs"]\n', "slides/conf.py")
    mini.write("Echo\n====\n", "slides/index.rst")
    ours = "".join(f"{folder}\n" for folder in sys.path if folder.endswith("site-packages"))
    store = tmp_path / "store"
    wheel(store, "alpha", "1.5", **{"alpha.pth": ours})
    wheel(store, "tinybuild", "1.0", **{"tinybuild.py": TINYBUILD})
    wheel(store, "pip", "99.0")
    return mini


def closed_port() -> str:
    """The address of a package index that nobody serves."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}/"


def alone(**more: str) -> dict[str, str]:
    """No settings of pip's but these, and no network."""
    empty = {name: "" for name in os.environ if name.startswith("PIP_")}
    nowhere = {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": closed_port(), "PIP_RETRIES": "1"}
    return {**empty, **nowhere, **more}


def environment(place: Path) -> Path:
    """A Python that has all that this one has, and its own site-packages before that: that is returned."""
    venv.create(place, symlinks=sys.platform != "win32")
    site = Path(check_output([python_in(place), "-c", SITE], text=True).strip())
    (site / "more.pth").write_text("\n".join(one for one in sys.path if one), "utf-8")
    return site


def fake_pip(place: Path, code: str) -> str:
    """A Python with a pip that does this; its path."""
    pip = environment(place) / "pip"
    pip.mkdir()
    (pip / "__init__.py").touch()
    (pip / "__main__.py").write_text(code)
    return python_in(place)


def make(
    course: Learner, folder: Path, *words: str, python: str = sys.executable, **more: str
) -> CompletedProcess[str]:
    """Give the command, with the wheels that the course asks for in reach."""
    # Without npm, whether or not this machine has it.
    there = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(course.root.parent / "store"), "PATH": ""}
    return run(
        [python, *course.command("offline", str(folder), *words)[1:]],
        env=course.environment(alone(**{**there, **more})),
        cwd=course.temp,  # in the course's folder, Python would take the course's tool
        capture_output=True,
        text=True,
        timeout=120,
    )


def run_in(course: Learner, folder: Path, *words: str, base: str = "") -> CompletedProcess[str]:
    """Give a command in the folder, as a learner does, with no network. ``base``: a Python to make .venv with."""
    return run(
        command(*words, base=base),
        env=course.environment(alone(PYTHONPATH="")),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )


def refused(outcome: CompletedProcess[str], folder: Path, *words: str) -> None:
    """It ended with 1 and one sentence with these words, and left nothing in the folder."""
    said = " ".join(outcome.stderr.split())
    assert outcome.returncode == 1, outcome.stderr
    assert "Traceback" not in said
    assert all(word in said for word in words), said
    assert not folder.is_dir() or not any(folder.iterdir())


def test_it_sets_itself_up_without_network(course: Learner, tmp_path: Path) -> None:
    """The folder has the course and its wheels, sets itself up from these alone, and runs.

    Without npm it has no page for browsers, and the command says what is missing.
    """
    folder = tmp_path / "an offline copy"
    course.write(HALF)
    (course.root / ".venv").mkdir()
    (course.root / ".venv" / "big").write_text("x")
    (course.root / "env").mkdir()
    (course.root / "env" / "pyvenv.cfg").write_text("")
    outcome = make(course, folder)
    assert outcome.returncode == 0, outcome.stderr
    assert machine() in outcome.stdout and "MB in" in outcome.stdout
    assert "node is not installed, so the folder has no page for browsers." in outcome.stdout
    assert "workshop web" not in (folder / "OFFLINE.txt").read_text("utf-8")
    assert sorted(path.name for path in folder.iterdir()) == [
        *("OFFLINE.txt", "README.md", "decks", "exercises", "pyproject.toml", "requirements.txt"),
        *("slides", "solutions", "wheels", "workshop"),
    ]
    assert "Echo" in (folder / "decks" / "index.html").read_text("utf-8")
    assert (folder / ECHO).read_text("utf-8") == STARTER, "It has somebody's work."
    assert machine() in (folder / "OFFLINE.txt").read_text("utf-8")
    names = sorted(path.name for path in (folder / "wheels").iterdir())
    assert [name.split("-")[0] for name in names] == ["alpha", "made", "pip", "tinybuild"]

    outcome = run_in(course, folder, "run", "stage1_echo", "--json")
    assert "from the folder wheels" in outcome.stderr, outcome.stderr
    assert outcome.returncode == 1 and '"stage1_echo"' in outcome.stdout, outcome.stderr
    assert Path(python_in(folder / ".venv")).exists()


def test_the_page_goes_along(course: Learner, tmp_path: Path) -> None:
    """The page for browsers is in the folder, and the note names it."""
    made = build.kept(load(course.root))
    made.mkdir(parents=True)
    (made / "index.html").write_text("the page")
    (made.parent / build.FINGERPRINT).write_text(build.fingerprint(load(course.root)))
    outcome = make(course, tmp_path / "with")
    assert outcome.returncode == 0, outcome.stderr
    assert (tmp_path / "with" / "browser" / "index.html").read_text() == "the page"
    assert "workshop web" in (tmp_path / "with" / "OFFLINE.txt").read_text("utf-8")


def test_wheels_that_will_not_do(course: Learner, tmp_path: Path) -> None:
    """In a folder made for another Python, set-up says so before it tries the network, and after.

    If the folder has lost a wheel, set-up says what to do, and tries no network.
    """
    folder, other = tmp_path / "copy", tmp_path / "other"
    assert make(course, folder).returncode == 0
    shutil.copytree(folder, other)
    base = quick_python(tmp_path / "quick", "make_venv_with_pip") if POSIX else ""
    (other / "wheels" / "made-for.txt").write_text("Python 3.2 on amiga\n")
    outcome = run_in(course, other, base=base)
    said = " ".join(outcome.stderr.split())
    assert outcome.returncode == 1, outcome.stderr
    sentence = (
        f"The packages in the folder wheels are for Python 3.2 on amiga; this is {machine()}."
    )
    assert said.startswith(f"{sentence} So set-up needs a network."), said
    assert "cannot reach its package index" in said
    assert f"{sentence} Or delete .venv and use that Python." in said

    next((folder / "wheels").glob("alpha-*")).unlink()
    outcome = run_in(course, folder, base=base)
    assert outcome.returncode == 1, outcome.stderr
    assert "the folder wheels lacks what this machine needs" in outcome.stderr, outcome.stderr


def test_other_pythons(course: Learner, tmp_path: Path) -> None:
    """--python names the Pythons to make it for; what is no Python is refused."""
    folder = tmp_path / "copy"
    outcome = make(course, folder, "--python", sys.executable)
    assert outcome.returncode == 0, outcome.stderr
    assert (folder / "wheels" / "made-for.txt").read_text() == f"{machine()}\n"
    outcome = make(course, tmp_path / "other", "--python", "nopython")
    refused(outcome, tmp_path / "other", "nopython does not run as a Python")


@pytest.mark.parametrize("kind", ["file", "full", "inside"])
def test_a_folder_that_it_cannot_have(course: Learner, tmp_path: Path, kind: str) -> None:
    """A file, a folder with something in it, and one in the course itself are refused and left alone."""
    folder = course.root / "inside" if kind == "inside" else tmp_path / "copy"
    if kind == "file":
        folder.write_text("mine")
    if kind == "full":
        folder.mkdir()
        (folder / "mine").write_text("mine")
    outcome = make(course, folder)
    assert outcome.returncode == 1, outcome.stderr
    words = {"file": "is not a folder", "full": "is not empty", "inside": "the course's own folder"}
    assert words[kind] in " ".join(outcome.stderr.split())
    if kind == "inside":
        assert not folder.exists()
    else:
        assert (folder if kind == "file" else folder / "mine").read_text() == "mine"


def test_no_network(course: Learner, tmp_path: Path) -> None:
    """If pip cannot reach its index: the cause, the remedy, where the log is, and an empty folder."""
    folder = tmp_path / "copy"
    folder.mkdir()
    outcome = make(course, folder, PIP_NO_INDEX="", PIP_FIND_LINKS="")
    refused(outcome, folder, "pip cannot reach its package index. Connect to a network")
    assert folder.is_dir(), "A folder that was there is not its to remove."
    assert str(course.root / ".workshop" / "offline.log") in "".join(outcome.stderr.split("\n"))


def test_a_full_disk(course: Learner, tmp_path: Path) -> None:
    """If pip finds the disk full, one sentence says so, and what was begun is removed."""
    full = "print('ERROR: [Errno 28] No space left on device'); exit(1)"
    outcome = make(course, tmp_path / "copy", python=fake_pip(tmp_path / "fake", full))
    refused(outcome, tmp_path / "copy", "No offline folder: the disk is full. Free 1 GB")


@pytest.mark.parametrize(
    ("words", "said"), [((), "Run:"), (("--python", "python3"), 'install "pip>=22.3"')]
)
def test_an_old_pip(course: Learner, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    """A pip that is too old is refused with the command that renews it."""
    (environment(tmp_path / "old") / "pip-21.2.dist-info").mkdir()
    outcome = make(course, tmp_path / "copy", *words, python=python_in(tmp_path / "old"))
    refused(outcome, tmp_path / "copy", "pip 21.2 is too old", said)


@pytest.mark.parametrize("name", [TESTS, WIRE])
def test_a_changed_test_is_not_handed_out(course: Learner, tmp_path: Path, name: str) -> None:
    """A provided file that was changed would reach a whole class: refused, with the command that restores it."""
    course.write(b"# changed\n", name)
    outcome = make(course, tmp_path / "copy")
    assert max(map(len, outcome.stderr.splitlines())) <= 80, outcome.stderr
    refused(
        outcome,
        tmp_path / "copy",
        f"{name} differs from the course's own",
        "reset stage1_echo --provided",
    )


@posix
def test_ctrl_c(course: Learner, tmp_path: Path) -> None:
    """Ctrl-C ends it with 130, and nothing that was begun is left."""
    wait = f"open({str(tmp_path / 'begun')!r}, 'w').close(); import signal; signal.pause()"
    python = fake_pip(tmp_path / "fake", wait)
    command = [python, *course.command("offline", str(tmp_path / "copy"))[1:]]
    with Popen(
        command, env=course.environment(alone()), cwd=course.temp, start_new_session=True
    ) as process:
        until((tmp_path / "begun").exists, 30, "pip did not begin")
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(30) == 130
    assert not (tmp_path / "copy").exists()


def test_what_git_ignores_is_left_out() -> None:
    """Nothing that .gitignore names goes into a copy."""
    lines = (REPOSITORY / ".gitignore").read_text("utf-8").split()
    assert {re.sub(r"^/|/$", "", line) for line in lines} <= set(LEFT_OUT)
