"""A copy of the checkout for the tests of set-up, and the commands that a user gives in it.

No network: the copy asks for one package, alpha. Where pip would be needed, its .venv holds a stub
of pip, as STUB_PIP says.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import venv
from importlib.metadata import distribution
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SETUP = ROOT / "workshop" / "setup"
OURS = ["__init__.py", "__main__.py", *(f"setup/{path.name}" for path in SETUP.glob("*.py"))]
POSIX = sys.platform != "win32"

COMMANDS = """
import json, os, queue, sys
def main():
    turns, package = os.environ.get("WORKSHOP_SETUP_TURNS"), sys.modules["__main__"].__package__
    print(json.dumps([sys.prefix, sys.argv[1:], turns, package, sys.path]))
"""

STUB_PIP = """
import os, pathlib, queue, signal, sys, sysconfig, time
assert sys.flags.isolated
assert not {"PYTHONWARNINGS", "PYTHONPATH", "PYTHONSAFEPATH"} & set(os.environ)
site, root = pathlib.Path(sysconfig.get_path("purelib")), pathlib.Path.cwd()
mode = os.environ["STUB_PIP"]
with open(root / "pip.calls", "a") as calls:
    calls.write(" ".join(sys.argv[1:]) + chr(10))
for number in range(100):
    print("Collecting package", number, flush=True)
if mode == "wait":
    (root / "pip.pid.new").write_text(str(os.getpid()))
    (root / "pip.pid.new").rename(root / "pip.pid")
    while not (root / "pip.go").exists():
        time.sleep(0.01)
if mode.startswith("ERROR"):
    sys.exit(print(mode) or 1)
print("Installing collected packages: alpha", flush=True)
if mode == "killed":
    (site / "alpha-1.7.dist-info").mkdir()
    os.kill(os.getppid(), signal.SIGKILL)
if mode != "nothing":
    (site / "alpha-1.7.dist-info").mkdir(exist_ok=True)
"""


def make_venv(folder: Path) -> Path:
    """Make a virtual environment, with the stub for a pip, in place of any that is there; its site-packages."""
    venv.create(folder, symlinks=POSIX, clear=True)
    site = next(folder.glob("lib/python*/site-packages" if POSIX else "Lib/site-packages"))
    (site / "pip").mkdir()
    (site / "pip" / "__init__.py").touch()
    (site / "pip" / "__main__.py").write_text(STUB_PIP)
    (site / "pip-26.0.dist-info").mkdir()
    return site


def make_venv_with_pip(folder: Path) -> None:
    """Make a virtual environment with the pip of this one, which need not be installed again."""
    venv.create(folder, symlinks=True, clear=True)
    site = next(folder.glob("lib/python*/site-packages"))
    theirs = Path(str(distribution("pip").locate_file("")))
    for path in (theirs / "pip", *theirs.glob("pip-*.dist-info")):
        (site / path.name).symlink_to(path)


def quick_python(path: Path, make: str) -> str:
    """Make a Python that only makes environments, by this function of this module; its path."""
    here = str(Path(__file__).parent)
    path.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {here!r})\n"
        f"from pathlib import Path\nfrom setup_copy import {make}\n"
        "assert sys.argv[1:-1] == ['-I', '-X', 'utf8', '-m', 'venv', '--clear'], sys.argv\n"
        f"{make}(Path(sys.argv[-1]))\n"
    )
    path.chmod(0o755)
    return str(path)


def command(*argv: str, python: str = sys.executable, base: str = "") -> list[str]:
    """The tool's command line. ``base``: a Python to make .venv with, in place of the real one."""
    if not base:
        return [python, "-m", "workshop", *argv]
    code = f"import runpy, sys; sys._base_executable = {base!r}; "
    code += "runpy.run_module('workshop', run_name='__main__')"
    return [python, "-c", code, *argv]


class Copy:
    """A copy of the checkout that asks for alpha, and the commands a user gives in it."""

    base = ""
    """A Python to make .venv with, in place of the real one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.venv = folder / ".venv"
        (folder / "tests").mkdir(parents=True)
        (folder / "workshop" / "setup").mkdir(parents=True)
        for name in OURS:
            shutil.copy(ROOT / "workshop" / name, folder / "workshop" / name)
        (folder / "workshop" / "commands.py").write_text(COMMANDS)
        (folder / "requirements.txt").write_text("# What it needs.\nalpha>=1.5,<2\n")
        (folder / "tests" / "requirements.txt").write_text("alpha>=1.7\n")
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PIP_", "PYTHON", "WORKSHOP_", "VIRTUAL_ENV"))
        }
        self.environment.update(PIP_CONFIG_FILE=os.devnull, PIP_RETRIES="0", STUB_PIP="installs")

    def make_venv(self, folder: Path | None = None) -> Path:
        """A virtual environment with the stub for a pip; its site-packages."""
        return make_venv(folder or self.venv)

    def command(self, *argv: str, python: str = sys.executable) -> list[str]:
        return command(*argv, python=python, base=self.base)

    def make_quickly(self) -> None:
        """Let set-up make .venv with the stub for a pip: by a Python that does no more than that.

        A real pip takes seconds to install, and more to fail.
        """
        if not POSIX:
            self.environment["PIP_NO_INDEX"] = "1"
            return
        self.base = quick_python(self.folder.with_name("quick"), "make_venv")
        self.environment["STUB_PIP"] = "ERROR: (from versions: none)"

    def run(self, *argv: str, **more: str) -> subprocess.CompletedProcess[str]:
        python = more.pop("python", sys.executable)
        cwd = more.pop("cwd", str(self.folder))
        command = self.command(*argv, python=python)
        environment = {**self.environment, **more}
        return subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120
        )

    def start(self, **more: str) -> subprocess.Popen[str]:
        """A run in the background, in a process group of its own, as a terminal gives it."""
        return subprocess.Popen(
            self.command("status"),
            cwd=self.folder,
            env={**self.environment, **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def pip_calls(self) -> list[str]:
        calls = self.folder / "pip.calls"
        return calls.read_text().splitlines() if calls.exists() else []


def python_in(environment: Path) -> str:
    return str(environment / ("bin/python" if POSIX else "Scripts/python.exe"))


def appears(path: Path) -> Path:
    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not appear in 30 s"
        time.sleep(0.01)
    return path


def without_progress(said: str) -> list[str]:
    """The lines that do not depend on how fast this machine is."""
    return [line for line in said.splitlines() if not line.startswith("  ")]


def assert_stopped(run: subprocess.CompletedProcess[str], *words: str, lines: int = 1) -> None:
    """It ended with 1, nothing on stdout, so many lines on stderr, the last one with the words."""
    said = without_progress(run.stderr)
    assert (run.returncode, run.stdout) == (1, ""), run.stderr
    assert len(said) == lines, run.stderr
    assert all(word in said[-1] for word in words), said[-1]


def assert_ran(run: subprocess.CompletedProcess[str], prefix: Path, *argv: str) -> None:
    assert run.returncode == 0, run.stderr
    used, got, turns, package, path = json.loads(run.stdout)
    assert os.path.samefile(used, prefix)
    assert got == list(argv)
    assert turns is None, "what the command starts must count for itself"
    assert package == "workshop", "click's usage line would say __main__.py"
    # Our modules have common names: run, show, watch.
    assert not [folder for folder in path if folder.endswith(os.sep + "workshop")]
