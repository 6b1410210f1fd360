"""The daemon's stage as a reader of its README uses it: twist run in the stage's own folder; and what it leaves there."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from workshop.course import Course, Stage, load
from workshop.keep import made_fingerprints
from workshop.layout import lay
from workshop.markers import answer
from workshop.watch import looked_for

ROOT = Path(__file__).resolve().parent.parent
COURSE = load(ROOT)
STAGE = COURSE.stage("stage8_daemon")
PLUGINS = "twisted/plugins"
BOUND = 30
"""Seconds that anything here may take before it counts as hung."""

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to handle")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The stage's own folder, solved, in a copy of the course."""
    lay(STAGE, tmp_path / "course", answer(STAGE))
    return tmp_path / "course" / "exercises" / STAGE.name


def environment(**more: str) -> dict[str, str]:
    """The variables of a user who has set none that Python looks at, but for these."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}
    return {**kept, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1", **more}


def ran(*command: str | Path, cwd: Path, **more: str) -> str:
    """What a command prints that ends well."""
    done = subprocess.run(
        command, cwd=cwd, env=environment(**more), capture_output=True, text=True, timeout=BOUND
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def listed(text: str) -> bool:
    """Whether the help of twist lists the command."""
    return re.search(r"^ +poetry +Sends a poem", text, re.M) is not None


def test_module_finds_the_plugin(folder: Path) -> None:
    """In the stage's folder, python -m twisted --help lists poetry, and the real Twisted is what runs."""
    assert listed(ran(sys.executable, "-m", "twisted", "--help", cwd=folder))
    where = ran(sys.executable, "-c", "import twisted; print(twisted.__file__)", cwd=folder)
    assert folder not in Path(where.strip()).resolve().parents


def test_script_finds_the_plugin_on_the_path(folder: Path) -> None:
    """As the README says: the script twist finds it with the folder on Python's path, and not without."""
    script = shutil.which("twist", path=str(Path(sys.executable).parent))
    if script is None:
        pytest.skip("Twisted's scripts are not beside this Python")
    assert listed(ran(script, "--help", cwd=folder, PYTHONPATH="."))
    assert not listed(ran(script, "--help", cwd=folder))


def test_not_found_with_an_init(folder: Path) -> None:
    """As the README says: with an __init__.py, the folder hides the real package."""
    (folder / "twisted" / "__init__.py").touch()
    done = subprocess.run(
        [sys.executable, "-m", "twisted", "--help"],
        cwd=folder,
        env=environment(),
        capture_output=True,
        timeout=BOUND,
    )
    assert done.returncode != 0


def test_trial_from_the_checkout(folder: Path) -> None:
    """python -m twisted.trial, in the course's folder, finds the stage, though the course is not installed."""
    said = ran(
        *(sys.executable, "-m", "twisted.trial", "exercises.stage8_daemon.test_1_options"),
        cwd=folder.parent.parent,
    )
    assert "PASSED" in said


@posix
@pytest.mark.parametrize("reactor", ["default", "select", "poll", "asyncio"])
def test_process(folder: Path, reactor: str) -> None:
    """Started in the stage's folder: a poem is fetched; after SIGTERM, exit code 0, and the port is free."""
    command = [sys.executable, "-m", "twisted", "--log-format=text", f"--reactor={reactor}"]
    options = ["poetry", "--port", "tcp:0:interface=127.0.0.1", "--poem", "poem.txt"]
    with subprocess.Popen(
        [*command, *options],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    ) as process:
        late = threading.Timer(BOUND, process.kill)
        late.start()
        try:
            assert process.stdout is not None
            log = ""
            for line in process.stdout:
                log += line
                if found := re.search(r"Listening on .*'127\.0\.0\.1', port=(\d+)", line):
                    break
            assert found, log
            address = "127.0.0.1", int(found[1])
            with socket.create_connection(address, timeout=BOUND) as client:
                poem = client.makefile("rb").read()
            process.send_signal(signal.SIGTERM)
            log += process.stdout.read()
        finally:
            process.kill()
            late.cancel()
            late.join()
    assert poem == (STAGE.folder / "poem.txt").read_bytes()
    assert process.returncode == 0, log
    assert "Traceback" not in log
    assert log.rindex("Stopped.") > log.index("Sending the poem")
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(address)


def test_nothing_is_left_for_git(folder: Path) -> None:
    """Of what twist leaves in the stage's folder, git sees nothing, no fingerprint is taken, and no copy is made."""
    before = {path.relative_to(folder) for path in folder.rglob("*")}
    ran(sys.executable, "-m", "twisted", "--help", cwd=folder)
    left = {path.relative_to(folder) for path in folder.rglob("*")} - before
    assert left == {Path(PLUGINS, "dropin.cache")}, "the README tells of this file alone"
    assert "dropin.cache" in (ROOT / ".gitignore").read_text("utf-8").splitlines()

    root = folder.parent.parent
    shutil.copytree(STAGE.answers, root / "solutions" / STAGE.name)
    facts = {name: getattr(STAGE, name) for name in ("title", "minutes", "track", "kind", "edit")}
    stage = Stage(root=root, name=STAGE.name, **facts)
    assert "dropin.cache" not in made_fingerprints(Course(root, "", (stage,), ()))
    lay(stage, root.parent / "copy")
    assert list((root.parent / "copy").rglob("dropin.cache")) == []


def test_watch_sees_the_plugin(folder: Path) -> None:
    """watch --poll hears of a save in a folder within the stage's."""
    plugin = folder / PLUGINS / "poetry_plugin.py"
    over, seen = threading.Event(), threading.Event()

    def save() -> None:
        # Again and again, as the first save may come before the first look.
        for n in range(BOUND * 10):
            if seen.wait(0.1):
                return
            plugin.write_text(f"# saved {n}\n")
        over.set()

    saving = threading.Thread(target=save)
    saving.start()
    try:
        assert next(looked_for(folder, over), None) == {plugin.name}
    finally:
        seen.set()
        saving.join()
