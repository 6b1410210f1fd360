"""Offline folders for systems that one does not have, made of the miniature course and wheels made here.

What uv finds out is found out by uv_stub.py, which evaluates the conditions of these wheels as uv does; pip is the real one.
One test asks the real uv, if there is one.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
import zipfile
from collections.abc import Mapping
from email.parser import HeaderParser
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from driving import Learner, posix
from packaging.requirements import Requirement
from packaging.tags import Tag
from packaging.utils import canonicalize_name, parse_wheel_filename
from setup_copy import quick_python
from test_offline import alone, course, make, refused, run_in, wheel  # noqa: F401

from workshop.commands.systems import SYSTEMS
from workshop.course import load
from workshop.setup.environment import machine
from workshop.web import build

STUB = Path(__file__).with_name("uv_stub.py")
UV = shutil.which("uv")
PLATFORMS = {"windows": "win32", "macos-arm64": "darwin", "linux": "linux"}
BINARIES = {
    "windows": "win_amd64",
    "macos-arm64": "macosx_11_0_arm64",
    "linux": "manylinux_2_17_x86_64.manylinux2014_x86_64",
}
ALL = [word for name in PLATFORMS for word in ("--for", name)]


def program(folder: Path) -> str:
    """A folder with a program uv, which is the stub."""
    folder.mkdir()
    path = folder / "uv"
    path.write_text(f"#!{sys.executable}\n{STUB.read_text()}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(folder)


@pytest.fixture
def mixed(course: Learner) -> Learner:  # noqa: F811
    """The miniature course; what it asks for needs a package on each system, and a compiled one on all."""
    store = course.root.parent / "store"
    needs = [f"only_{name[:3]}; sys_platform == '{p}'" for name, p in PLATFORMS.items()]
    needs += ["backport; python_version < '3.11'", "compiled>=1"]
    wheel(store, "alpha", "1.6", requires=needs)
    wheel(store, "only_win", "1.0", "cp311-cp311-win_amd64")
    wheel(store, "only_win", "1.0", "cp312-cp312-win_amd64")
    wheel(store, "only_mac", "1.0")
    wheel(store, "only_lin", "1.0")
    wheel(store, "backport", "1.0")
    wheel(store, "compiled", "2.0", "cp37-abi3-win_arm64")
    for python in ("cp310", "cp311", "cp312"):
        for tag in BINARIES.values():
            wheel(store, "compiled", "2.0", f"{python}-{python}-{tag}")
    return course


def names(folder: Path) -> list[str]:
    """The wheels in an offline folder, with the Python and the system that they are for if they are not for all."""
    found = []
    for path in sorted((folder / "wheels").glob("*.whl")):
        name, _, python, _, system = path.stem.split("-")
        found.append(name if system == "any" else f"{name} {python} {system}")
    return found


def lacking(folder: Path, name: str, python: str) -> list[str]:
    """What wheels in a folder need on a system and the folder has not, or cannot be used there."""
    wheels = [*(folder / "wheels").glob("*.whl")]
    have = {parse_wheel_filename(path.name)[0] for path in wheels}
    conditions: Mapping[str, str] = {
        "sys_platform": PLATFORMS[name],
        "platform_system": {"win32": "Windows", "darwin": "Darwin", "linux": "Linux"}[
            PLATFORMS[name]
        ],
        "os_name": "nt" if name == "windows" else "posix",
        "python_version": python,
        "python_full_version": f"{python}.0",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "extra": "",
    }
    found = []
    for path in wheels:
        tags: frozenset[Tag] = parse_wheel_filename(path.name)[3]
        if not any(re.match(f"any|{PLATFORMS[name][:3]}|mac|many", tag.platform) for tag in tags):
            found.append(path.name)
        with zipfile.ZipFile(path) as file:
            metadata = next(one for one in file.namelist() if one.endswith("dist-info/METADATA"))
            headers = HeaderParser().parsestr(file.read(metadata).decode())
        for line in headers.get_all("Requires-Dist", []):
            need = Requirement(line)
            if need.marker is None or need.marker.evaluate(dict(conditions)):
                found += [need.name] * (canonicalize_name(need.name) not in have)
    return found


def make_with(
    learner: Learner, folder: Path, *words: str, uv: str, **more: str
) -> CompletedProcess[str]:
    """Give the command, with the programs of this folder and no others."""
    return make(learner, folder, *words, PATH=uv, **more)


def expected(name: str, python: str) -> list[str]:
    """The wheels that the miniature course needs on a system."""
    system = {"win": "only_win cp312 win_amd64"}.get(name[:3], f"only_{name[:3]}")
    compiled = f"compiled {python} {BINARIES[name]}"
    return sorted(["alpha", compiled, system, "pip", "tinybuild"])


@posix
def test_each_system_gets_what_it_needs(mixed: Learner, tmp_path: Path) -> None:
    """A folder for each system has what only that system needs, compiled for it, and nothing compiled for another.

    Each has the page for browsers too, and its note says how to serve it there.
    """
    made = build.kept(load(mixed.root))
    made.mkdir(parents=True)
    (made / "index.html").write_text("the page")
    (made.parent / build.FINGERPRINT).write_text(build.fingerprint(load(mixed.root)))
    folder = tmp_path / "stick"
    words = [*ALL, "--python", "3.12"]
    outcome = make_with(mixed, folder, *words, uv=program(tmp_path / "bin"))
    assert outcome.returncode == 0, outcome.stderr
    assert sorted(path.name for path in folder.iterdir()) == sorted(PLATFORMS)
    for name, python in zip(PLATFORMS, ("py -3.12", "python3.12", "python3.12"), strict=True):
        place = folder / name
        assert names(place) == expected(name, "cp312")
        assert lacking(place, name, "3.12") == []
        assert (place / "exercises").is_dir() and (place / "decks" / "index.html").is_file()
        kind = f"Python 3.12 on {SYSTEMS[name].machine}"
        assert (place / "wheels" / "made-for.txt").read_text() == f"{kind}\n"
        assert (place / "browser" / "index.html").read_text() == "the page"
        assert f"{python} -m workshop web\n" in (place / "OFFLINE.txt").read_text()
        assert re.search(rf"{name}: \d+ MB, for {SYSTEMS[name].words[:5]}", outcome.stdout)


@posix
def test_what_its_note_says(mixed: Learner, tmp_path: Path) -> None:
    """Each folder's note has the commands of its system: Windows has no python3, and py takes the version."""
    folder = tmp_path / "stick"
    words = [*ALL, "--python", "3.11", "--python", "python3.12"]
    assert make_with(mixed, folder, *words, uv=program(tmp_path / "bin")).returncode == 0
    windows, macos = ((folder / name / "OFFLINE.txt").read_text() for name in [*PLATFORMS][:2])
    assert "    py -3.11 -m workshop\n    py -3.12 -m workshop\n" in windows
    assert "whichever of these you have" in windows and "python3" not in windows
    assert "    python3.11 -m workshop\n    python3.12 -m workshop\n" in macos
    for note, system in ((windows, "Windows"), (macos, "macOS 13 or newer")):
        assert f"It is for {system}, " in note and "with Python 3.11 or 3.12." in note
        assert (
            "    python -m pip install --no-index --find-links wheels -r requirements.txt\n" in note
        )
        assert "decks/index.html" in note
    # Both versions' wheels are there.
    assert names(folder / "linux").count(f"compiled cp311 {BINARIES['linux']}") == 1
    assert names(folder / "linux").count(f"compiled cp312 {BINARIES['linux']}") == 1


@posix
def test_a_version_needs_its_own(mixed: Learner, tmp_path: Path) -> None:
    """A package that only an old Python needs is in a folder for that Python, which need not be installed."""
    words = ["--for", "linux", "--python", "3.10"]
    outcome = make_with(mixed, tmp_path / "stick", *words, uv=program(tmp_path / "bin"))
    assert outcome.returncode == 0, outcome.stderr
    assert "backport" in names(tmp_path / "stick" / "linux")


@posix
@pytest.mark.skipif(
    machine() not in [f"Python 3.{n} on linux-x86_64" for n in range(10, 13)],
    reason="the wheels made here are for other machines",
)
def test_it_sets_itself_up(mixed: Learner, tmp_path: Path) -> None:
    """The folder for this machine's system sets itself up without a network."""
    ours = "".join(f"{folder}\n" for folder in sys.path if folder.endswith("site-packages"))
    wheel(mixed.root.parent / "store", "only_lin", "1.1", **{"alpha.pth": ours})
    outcome = make_with(mixed, tmp_path / "stick", "--for", "linux", uv=program(tmp_path / "bin"))
    assert outcome.returncode == 0, outcome.stderr
    base = quick_python(tmp_path / "quick", "make_venv_with_pip")
    folder = tmp_path / "stick" / "linux"
    outcome = run_in(mixed, folder, "run", "stage1_echo", "--json", base=base)
    assert "from the folder wheels" in outcome.stderr, outcome.stderr
    assert '"stage1_echo"' in outcome.stdout, outcome.stderr


@posix
def test_uv_is_fetched(mixed: Learner, tmp_path: Path) -> None:
    """Without uv, pip installs it in a temporary folder, which is removed."""
    script = {"uv-1.0.data/scripts/uv": f"#!python\n{STUB.read_text()}"}
    wheel(mixed.root.parent / "store", "uv", "1.0", **script)
    (tmp_path / "empty").mkdir()
    words = ["--for", "windows", "--python", "3.12"]
    outcome = make_with(mixed, tmp_path / "stick", *words, uv=str(tmp_path / "empty"))
    assert outcome.returncode == 0, outcome.stderr
    assert "Fetching uv" in outcome.stderr
    assert names(tmp_path / "stick" / "windows") == expected("windows", "cp312")
    assert [*mixed.temp.iterdir()] == []


def test_no_uv(mixed: Learner, tmp_path: Path) -> None:
    """If uv can be had nowhere, one sentence says so and what to do, and nothing is left."""
    (tmp_path / "empty").mkdir()
    outcome = make_with(mixed, tmp_path / "stick", "--for", "linux", uv=str(tmp_path / "empty"))
    words = ("pip finds no packages", "If you have uv from elsewhere, put it on your PATH")
    refused(outcome, tmp_path / "stick", *words)


@posix
def test_what_cannot_be_had(mixed: Learner, tmp_path: Path) -> None:
    """If a package has no wheel for a system, uv's reason is in the sentence, and nothing is left."""
    next((mixed.root.parent / "store").glob("only_mac*")).unlink()
    outcome = make_with(mixed, tmp_path / "stick", *ALL, uv=program(tmp_path / "bin"))
    reason = "No solution found when resolving dependencies: Because only-mac was not found, your"
    refused(outcome, tmp_path / "stick", "No offline folder:", reason)
    assert "Ask somebody else" not in outcome.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--python", "python"), "python is not a version"),
        (("--python", "3.9"), "needs Python 3.10 or newer, not 3.9"),
    ],
)
def test_no_version(mixed: Learner, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    """With --for, --python takes versions that the course can use."""
    outcome = make(mixed, tmp_path / "stick", "--for", "windows", *words)
    refused(outcome, tmp_path / "stick", said)


@pytest.mark.skipif(UV is None, reason="uv is not installed")
def test_the_real_uv(mixed: Learner, tmp_path: Path) -> None:
    """The real uv lists the same as its stand-in, with the user's settings for pip."""
    assert UV is not None
    words = [*ALL, "--python", "3.12"]
    outcome = make_with(mixed, tmp_path / "stick", *words, uv=os.path.dirname(UV))
    assert outcome.returncode == 0, outcome.stderr
    for name in PLATFORMS:
        assert names(tmp_path / "stick" / name) == expected(name, "cp312")
