"""Set-up, driven as a user drives it: `python -m workshop` on a copy of the checkout.

No network; see setup_copy.py. That set-up works with a real index is proved by whoever runs `verify`
in a fresh checkout.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from setup_copy import (
    OURS,
    POSIX,
    ROOT,
    Copy,
    appears,
    assert_ran,
    assert_stopped,
    python_in,
    without_progress,
)

posix_only = pytest.mark.skipif(not POSIX, reason="needs POSIX signals, scripts or terminals")


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path / "a checkout")


# Where set-up goes.


def test_an_environment_that_has_it_all_is_used_and_nothing_is_written(copy: Copy) -> None:
    active = copy.folder.parent / "active"
    site = copy.make_venv(active)
    (site / "alpha-1.5.post1.dist-info").mkdir()
    assert_ran(copy.run("run", "--all", python=python_in(active)), active, "run", "--all")
    assert not copy.venv.exists() and not (copy.folder / ".workshop").exists()
    assert copy.pip_calls() == []


@pytest.mark.parametrize("version", [None, "1.4.9", "2.0"])
def test_an_active_environment_that_lacks_something_is_left_alone(
    copy: Copy, version: str | None
) -> None:
    active = copy.folder.parent / "active"
    site = copy.make_venv(active)
    if version:
        (site / f"alpha-{version}.dist-info").mkdir()
    before = sorted(site.rglob("*"))
    copy.make_venv()
    assert_ran(copy.run(python=python_in(active)), copy.venv)
    assert sorted(site.rglob("*")) == before
    assert len(copy.pip_calls()) == 1


def test_set_up_is_done_once_and_verify_asks_for_more(copy: Copy) -> None:
    site = copy.make_venv()
    (site / "alpha-1.6.dist-info").mkdir()
    assert_ran(copy.run("run", "verify"), copy.venv, "run", "verify")
    assert copy.pip_calls() == []
    (site / "alpha-1.6.dist-info").rmdir()
    assert_ran(copy.run("verify"), copy.venv, "verify")
    assert_ran(copy.run("verify"), copy.venv, "verify")
    assert [call.count("-r ") for call in copy.pip_calls()] == [2]
    assert "tests/requirements.txt" in copy.pip_calls()[0]


def test_it_works_from_another_folder(copy: Copy, tmp_path: Path) -> None:
    active = copy.folder.parent / "active"
    (copy.make_venv(active) / "checkout.pth").write_text(str(copy.folder))
    copy.make_venv()
    run = copy.run("--help", cwd=str(tmp_path), python=python_in(active))
    assert_ran(run, copy.venv, "--help")


def test_with_no_network_it_makes_venv_and_says_what_is_wrong(copy: Copy) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = f"http://127.0.0.1:{server.getsockname()[1]}/"
    copy.environment.update(PIP_INDEX_URL=closed, PIP_RETRIES="1")
    run = copy.run()
    assert_stopped(run, "cannot reach", "network", "setup.log", lines=3)
    assert "alpha" in (copy.folder / ".workshop" / "setup.log").read_text()
    # pip changed nothing, so the next run goes on with the same .venv.
    assert_stopped(copy.run(), "cannot reach", lines=2)


def test_a_venv_whose_python_does_not_run_is_made_again(copy: Copy) -> None:
    copy.make_venv()
    python = Path(python_in(copy.venv))
    python.unlink()
    python.write_text("not a program")
    copy.make_quickly()
    run = copy.run()
    assert "Making .venv" in run.stderr
    assert_stopped(run, "pip finds no packages at all. Check the network", lines=3)


# The folder is moved or copied after set-up.


def program(copy: Copy, name: str, shell: bool) -> None:
    """A program in .venv, as pip writes it there; with a shell, as where the path has a space or is long."""
    python = python_in(copy.venv)
    begins = f"#!{python}\n"
    if shell:
        begins = "#!/bin/sh\n'''exec' \"" + python + '" "$0" "$@"\n\' \'\'\'\n'
    Path(python).with_name(name).write_text(f"{begins}# -*- coding: utf-8 -*-\nimport sys\n")


@posix_only
@pytest.mark.parametrize(
    ("how", "name", "shell"),
    [
        ("moved", "trial", True),
        ("copied", "pip", False),
        ("copied, by its own Python", "trial", False),
    ],
)
def test_a_venv_of_another_place_is_made_again(
    copy: Copy, how: str, name: str, shell: bool
) -> None:
    """Else the copy's trial would say PASSED for the code of the folder that it was copied from."""
    (copy.make_venv() / "alpha-1.6.dist-info").mkdir()
    program(copy, name, shell)
    assert_ran(copy.run(), copy.venv)
    other = copy.folder.with_name("another")
    if how == "moved":
        copy.folder.rename(other)
    else:
        shutil.copytree(copy.folder, other, symlinks=True)
    copy.folder, copy.venv = other, other / ".venv"
    python = python_in(copy.venv) if "own" in how else sys.executable
    copy.make_quickly()
    run = copy.run(python=python)
    assert_stopped(run, "pip finds no packages at all", lines=4)
    assert without_progress(run.stderr)[:2] == [
        "This folder was moved or copied, and .venv belongs to its old place.",
        f"Making .venv, an environment for the course, with Python {sys.version_info[0]}."
        f"{sys.version_info[1]}.",
    ]
    assert not Path(python_in(copy.venv)).with_name("trial").exists()


@posix_only
def test_a_venv_that_was_not_moved_is_kept(copy: Copy) -> None:
    """Also where the folder is reached by another name; and where nothing says where .venv was made."""
    (copy.make_venv() / "alpha-1.6.dist-info").mkdir()
    assert_ran(copy.run(), copy.venv)
    program(copy, "trial", shell=True)
    link = copy.folder.with_name("a link")
    link.symlink_to(copy.folder)
    assert_ran(copy.run(cwd=str(link)), copy.venv)
    assert copy.pip_calls() == []


# What the user asks of Python.


@pytest.mark.parametrize("setting", ["warnings", "safe path", "path", "a module in the folder"])
def test_no_setting_of_the_users_matters(copy: Copy, tmp_path: Path, setting: str) -> None:
    """Nor does a queue.py in the course's folder, or on PYTHONPATH. See also what the stub of pip asserts."""
    copy.make_venv()
    evil = copy.folder if "folder" in setting else tmp_path
    evil.joinpath("queue.py").write_text("1 / 0\n")
    more = {
        "warnings": {"PYTHONWARNINGS": "error"},
        "safe path": {"PYTHONSAFEPATH": "1"},
        "path": {"PYTHONPATH": str(evil)},
    }.get(setting, {})
    command = copy.command("run")
    if setting == "safe path":
        # With that, python -m does not even find this; by its own path it is found.
        command = [sys.executable, str(copy.folder / "workshop" / "__main__.py"), "run"]
    for _ in range(2):
        run = subprocess.run(
            command,
            cwd=copy.folder,
            env={**copy.environment, **more},
            capture_output=True,
            text=True,
        )
        assert_ran(run, copy.venv, "run")
    assert len(copy.pip_calls()) == 1


@posix_only
def test_letters_outside_ascii_in_the_path(tmp_path: Path) -> None:
    """Whatever the locale is, .venv is made there, and used."""
    copy = Copy(tmp_path / "Übung é 世界")
    for locale in ("C", "en_US.ISO-8859-1"):
        run = copy.run(LC_ALL=locale, PIP_NO_INDEX="1", PYTHONWARNINGS="error")
        assert "pip finds no packages at all" in run.stderr, run.stderr
        assert "Traceback" not in run.stderr, run.stderr
    site = next(copy.venv.glob("lib/python*/site-packages"))
    (site / "alpha-1.6.dist-info").mkdir()
    assert_ran(copy.run(LC_ALL="C"), copy.venv)


# Where it cannot.


@pytest.mark.parametrize("path", [None, ""])
def test_a_python_that_is_too_old_gets_a_sentence(copy: Copy, path: str | None) -> None:
    code = "import runpy, sys; sys.version_info = (3, 8, 10, 'final', 0)\n"
    code += "runpy.run_module('workshop', run_name='__main__')"
    environment = copy.environment if path is None else {**copy.environment, "PATH": path}
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=copy.folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert_stopped(run, "This is Python 3.8; the course needs 3.10 or newer.")
    if path == "":
        assert "python.org" in run.stderr


@pytest.mark.parametrize("name", OURS)
def test_python_3_7_can_read_it(name: str) -> None:
    ast.parse((ROOT / "workshop" / name).read_text(encoding="utf-8"), feature_version=(3, 7))


def test_a_python_without_venv_names_the_package(copy: Copy, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.modules['ensurepip'] = None")
    run = copy.run(PYTHONPATH=str(tmp_path))
    assert_stopped(run, "apt install python3.", "-venv")


def test_something_else_called_venv_is_not_touched(copy: Copy) -> None:
    copy.venv.write_text("mine")
    assert_stopped(copy.run(), ".venv is not a virtual environment. Move it")
    assert copy.venv.read_text() == "mine"
    copy.venv.unlink()
    copy.venv.mkdir()
    (copy.venv / "work.txt").write_text("mine")
    assert_stopped(copy.run(), ".venv is not a virtual environment. Move it")
    assert (copy.venv / "work.txt").read_text() == "mine"


@pytest.mark.skipif(not POSIX or os.geteuid() == 0, reason="root may write to any folder")
def test_a_read_only_folder(copy: Copy) -> None:
    copy.folder.chmod(0o555)
    assert_stopped(copy.run(), "cannot be written to", "folder of your own")


def test_a_state_folder_that_cannot_be_made(copy: Copy) -> None:
    (copy.folder / ".workshop").write_text("a file")
    assert_stopped(copy.run(), "File exists" if POSIX else ".workshop", "same command")


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        ("ERROR: [Errno 28] No space left on device", "the disk is full. Free 1 GB"),
        ("ERROR: [Errno 30] Read-only file system: '/x'", "cannot be written to"),
        ("ERROR: getaddrinfo failed", "cannot reach its package index"),
        (
            "ERROR: SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate"
            " verify failed: self-signed certificate in certificate chain'))",
            "is not trusted: something on the way, such as a proxy or a virus scanner, has put its own in"
            " its place. Ask for the file with its certificate, and set PIP_CERT",
        ),
        ("ERROR: all is lost.", "ERROR: all is lost. Fix this"),
    ],
)
def test_pip_fails(copy: Copy, said: str, cause: str) -> None:
    copy.make_venv()
    assert_stopped(copy.run(STUB_PIP=said), cause, "same command again", lines=2)
    assert said in (copy.folder / ".workshop" / "setup.log").read_text()
    assert_ran(copy.run(), copy.venv)


def test_a_requirement_that_it_cannot_read(copy: Copy) -> None:
    (copy.folder / "requirements.txt").write_text("alpha~=1.5\n")
    assert_stopped(copy.run(), "cannot read '~=1.5' in the requirement 'alpha~=1.5'")


def test_a_pip_that_installs_nothing_is_not_asked_again(copy: Copy) -> None:
    copy.make_venv()
    assert_stopped(copy.run(STUB_PIP="nothing"), "did not install alpha>=1.5,<2", lines=2)
    assert len(copy.pip_calls()) == 1


@posix_only
def test_a_venv_that_is_not_one_does_not_go_round_for_ever(copy: Copy) -> None:
    copy.make_venv()
    python = Path(python_in(copy.venv))
    python.unlink()
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    assert_stopped(copy.run(), "keeps starting itself", "Delete the folder .venv")


# Progress, interruption, two at the same time.


def test_progress_is_a_few_lines_when_piped(copy: Copy) -> None:
    copy.make_venv()
    began = time.monotonic()
    stderr = copy.run().stderr
    assert len(stderr.splitlines()) <= 2 + (time.monotonic() - began) // 10
    said = without_progress(stderr)
    assert said[0] == "Installing alpha>=1.5,<2."
    assert re.fullmatch(r"Installed in \d+ s\.", said[1])
    assert len(said) == 2


@posix_only
def test_progress_is_redrawn_on_a_terminal(copy: Copy) -> None:
    import pty

    copy.make_venv()
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        copy.command(), cwd=copy.folder, env=copy.environment, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        said = b"".join(read_all(ours)).decode()
    assert process.returncode == 0, said
    assert "collecting packages: 100 so far" in said
    stays = [line.split("\r")[-1] for line in said.split("\r\n")]
    assert stays[0] == "Installing alpha>=1.5,<2."
    assert re.fullmatch(r"Installed in \d+ s\.", stays[1])


def read_all(number: int) -> Iterator[bytes]:
    """What a terminal was sent, until the last process that has it open ends."""
    try:
        while data := os.read(number, 4096):
            yield data
    except OSError:  # Linux's word for the end
        pass
    finally:
        os.close(number)


@posix_only
@pytest.mark.parametrize("kill", [os.kill, os.killpg] if POSIX else [])
def test_ctrl_c_ends_all(copy: Copy, kill: Callable[[int, int], None]) -> None:
    # To one process as an editor sends it, to the group as a terminal does.
    copy.make_venv()
    with copy.start(STUB_PIP="wait") as process:
        pip = int(appears(copy.folder / "pip.pid").read_text())
        kill(process.pid, signal.SIGINT)
        said = process.communicate(timeout=30)[1]
    assert process.returncode == 130
    assert said.splitlines()[-1].startswith("Set-up was interrupted."), said
    assert "Traceback" not in said
    with pytest.raises(ProcessLookupError):
        os.kill(pip, 0)
    (copy.folder / "pip.go").touch()
    assert_ran(copy.run(python=python_in(copy.venv)), copy.venv)


def test_a_venv_that_was_cut_short_is_made_again(copy: Copy) -> None:
    copy.make_venv()
    (copy.folder / ".workshop").mkdir()
    (copy.folder / ".workshop" / "setup.unfinished").touch()
    old = copy.venv / "old"
    old.touch()
    copy.make_quickly()
    run = copy.run()
    assert not old.exists()
    assert "Making .venv" in run.stderr
    assert_stopped(run, "pip finds no packages at all", lines=3)


@posix_only
def test_a_package_that_was_half_installed_is_installed_again(copy: Copy) -> None:
    copy.make_venv()
    assert copy.run(STUB_PIP="killed").returncode == -signal.SIGKILL
    run = copy.run(python=python_in(copy.venv))
    assert_ran(run, copy.venv)
    assert ["--ignore-installed" in call for call in copy.pip_calls()] == [False, True]
    assert_ran(copy.run(), copy.venv)
    assert len(copy.pip_calls()) == 2


def test_two_at_the_same_time_take_turns(copy: Copy) -> None:
    copy.make_venv()
    with copy.start(STUB_PIP="wait") as first:
        appears(copy.folder / "pip.pid")
        with copy.start() as second:
            assert second.stderr is not None
            assert "waiting for it" in second.stderr.readline()
            (copy.folder / "pip.go").touch()
            first.communicate(timeout=30)
            second.communicate(timeout=30)
    assert (first.returncode, second.returncode) == (0, 0)
    assert len(copy.pip_calls()) == 1
