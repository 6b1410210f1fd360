"""Set-up with an environment that has everything but the course itself, as a JupyterHub's has.

Driven as in test_environment.py: no network, and a stub for pip, which must not be needed.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from setup_copy import POSIX, Copy, assert_ran, assert_stopped, python_in, without_progress

pytestmark = pytest.mark.skipif(not POSIX, reason="a program of Windows is made by pip only")

TRIAL = "import os, sys\ndef run():\n    print(sys.prefix, os.path.basename(sys.argv[0]), *sys.argv[1:])\n"
MADE = "Making .venv for the course's own code. Its packages are those of "


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """A checkout that asks for itself and for alpha; its path has a space and a letter outside ASCII."""
    copy = Copy(tmp_path / "a chéckout")
    (copy.folder / "requirements.txt").write_text("-e .\nalpha>=1.5,<2\n")
    return copy


@pytest.fixture
def shared(copy: Copy, tmp_path: Path) -> Path:
    """An environment with alpha, Twisted's trial and the stub for pip."""
    site = copy.make_venv(tmp_path / "shared")
    (site / "alpha-1.6.dist-info").mkdir()
    (site / "alpha.py").touch()
    (site / "twisted" / "scripts").mkdir(parents=True)
    (site / "twisted" / "scripts" / "trial.py").write_text(TRIAL)
    return tmp_path / "shared"


def files(folder: Path) -> set[Path]:
    """The files of a folder, without those that Python compiles."""
    return {path for path in folder.rglob("*") if "__pycache__" not in path.parts}


def output(*command: str | Path, cwd: Path) -> str:
    """What a command prints."""
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True).stdout


def test_only_the_course_is_added(copy: Copy, shared: Path, tmp_path: Path) -> None:
    """.venv is a few kilobytes, finds the course and the other's packages from any folder, and changes nothing there."""
    before = files(shared)
    run = copy.run("run", python=python_in(shared))
    assert_ran(run, copy.venv, "run")
    assert without_progress(run.stderr) == [MADE + f"{shared}."]
    assert copy.pip_calls() == [] and files(shared) == before
    sizes = [path.lstat().st_size for path in copy.venv.rglob("*")]
    assert sum(sizes) < 100_000
    code = "import alpha, workshop; print(workshop.__path__[0], alpha.__file__, sep='\\n')"
    found = output(python_in(copy.venv), "-I", "-c", code, cwd=tmp_path).splitlines()
    assert found[0] == str(copy.folder / "workshop")
    assert Path(found[1]).is_relative_to(shared)
    said = output(copy.venv / "bin" / "trial", "exercises.x", cwd=tmp_path)
    assert said == f"{copy.venv} trial exercises.x\n"
    # And it is used, whichever Python the next command begins with.
    for python in (python_in(shared), python_in(copy.venv), sys.executable):
        run = copy.run(python=python)
        assert_ran(run, copy.venv)
        assert run.stderr == ""


def test_another_s_course_is_not_taken_for_this_one(copy: Copy, shared: Path) -> None:
    """The shared environment may have been made in a checkout of its own; the learner's is another."""
    theirs = copy.folder.with_name("theirs")
    (theirs / "workshop").mkdir(parents=True)
    (site,) = shared.glob("lib/python*/site-packages")
    (site / "trial_by_wire-0.1.0.dist-info").mkdir()
    origin = {"url": theirs.as_uri(), "dir_info": {"editable": True}}
    (site / "trial_by_wire-0.1.0.dist-info" / "direct_url.json").write_text(json.dumps(origin))
    (site / "__editable__.pth").write_text(f"{theirs}\n")
    run = copy.run(python=python_in(shared))
    assert_ran(run, copy.venv)
    assert str(theirs) not in json.loads(run.stdout)[-1]


def test_no_pip_is_needed(copy: Copy, shared: Path, tmp_path: Path) -> None:
    """Debian's own Python has no ensurepip; it can make this .venv."""
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.modules['ensurepip'] = None")
    run = copy.run(python=python_in(shared), PYTHONPATH=str(tmp_path))
    assert_ran(run, copy.venv)


def test_a_command_that_needs_more_adds_it_to_venv(copy: Copy, shared: Path) -> None:
    """`verify` needs a newer alpha, and so does a newer course: pip puts it into .venv."""
    before = files(shared)
    run = copy.run("verify", python=python_in(shared))
    assert_ran(run, copy.venv, "verify")
    assert without_progress(run.stderr)[1] == "Installing alpha>=1.7."
    assert len(copy.pip_calls()) == 1 and files(shared) == before


def test_an_environment_that_lacks_a_package_is_no_base(copy: Copy, shared: Path) -> None:
    """Then .venv gets all packages, as ever."""
    shutil.rmtree(next(shared.rglob("alpha-1.6.dist-info")))
    copy.make_quickly()
    run = copy.run(python=python_in(shared))
    assert_stopped(run, "pip finds no packages at all", lines=3)
    assert "an environment for the course" in run.stderr and MADE not in run.stderr


def test_without_its_base_it_is_made_again(copy: Copy, shared: Path) -> None:
    """The shared environment was replaced by one in another place, or removed."""
    assert_ran(copy.run(python=python_in(shared)), copy.venv)
    newer = shared.with_name("newer")
    site = copy.make_venv(newer)
    (site / "alpha-1.7.dist-info").mkdir()
    shutil.rmtree(shared)
    run = copy.run(python=python_in(newer))
    assert_ran(run, copy.venv)
    assert without_progress(run.stderr) == [
        "The environment whose packages .venv used is gone.",
        MADE + f"{newer}.",
    ]


@pytest.mark.parametrize("own", [False, True])
def test_a_copy_of_the_folder_has_a_venv_of_its_own(copy: Copy, shared: Path, own: bool) -> None:
    """A learner who copies the course's folder does not run the code of the first one in the second."""
    assert_ran(copy.run(python=python_in(shared)), copy.venv)
    first, other = copy.folder, copy.folder.with_name("another")
    shutil.copytree(copy.folder, other, symlinks=True)
    copy.folder, copy.venv = other, other / ".venv"
    run = copy.run(python=python_in(copy.venv if own else shared))
    assert_ran(run, copy.venv)
    assert "This folder was moved or copied" in run.stderr
    assert output(copy.venv / "bin" / "trial", cwd=other) == f"{copy.venv} trial\n"
    path = json.loads(run.stdout)[-1]
    assert str(other) in path and str(first) not in path
