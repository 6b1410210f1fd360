"""What the page takes from npm and PyPI: downloaded once, checked against hashes, made small and quick to load.

All of it is below .workshop/web/, so that a second build needs no network:

    npm/ wheels/    as downloaded
    parts/          what pack.py makes of it
"""

from __future__ import annotations

import ast
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

HERE = Path(__file__).parent
PYTHON = "3.14"
"""Pyodide's."""
TAG = "cp314"
OLDEST_NODE = 18
LONG_AGO = (1980, 1, 1, 0, 0, 0)

Say = Callable[[str], None]


@dataclass
class Failed(Exception):
    """The folder cannot be built. ``output`` is what the program that failed has printed."""

    sentence: str
    output: str = ""


# What of the wheels no learner's code can use here, or is no code.
LEFT_OUT = (
    "*/test/*",
    "*/tests/*",
    "automat/_test/*",
    "rich/_win32_console.py",
    "rich/_windows*.py",
    # Protocols and platforms that the course has nothing to do with.
    "twisted/_threads/_win*",
    "twisted/conch/*",
    "twisted/enterprise/*",
    "twisted/internet/cfreactor.py",
    "twisted/internet/inotify.py",
    "twisted/internet/iocpreactor/*",
    "twisted/internet/win32*",
    "twisted/internet/wxreactor.py",
    "twisted/internet/gireactor.py",
    "twisted/internet/glib2reactor.py",
    "twisted/internet/gtk*",
    "twisted/mail/*",
    "twisted/names/*",
    "twisted/pair/*",
    "twisted/persisted/aot.py",
    "twisted/persisted/_tokenize.py",
    # Twisted imports every plugin that it finds.
    "twisted/plugins/cred_sshkeys.py",
    "twisted/plugins/cred_unix.py",
    *(f"twisted/plugins/twisted_{name}.py" for name in ("conch", "ftp", "inet", "mail")),
    *(f"twisted/plugins/twisted_{name}.py" for name in ("names", "runner", "words")),
    "twisted/positioning/*",
    "twisted/protocols/ftp.py",
    "twisted/protocols/sip.py",
    "twisted/runner/*",
    "twisted/words/*",
)
# What those patterns must not take: helpers that people's own tests import.
KEPT = (
    "twisted/internet/test/__init__.py",
    "twisted/internet/test/connectionmixins.py",
    "twisted/internet/test/reactormixins.py",
    "twisted/test/__init__.py",
    "twisted/test/iosim.py",
    "twisted/test/proto_helpers.py",
)


@dataclass(frozen=True)
class Packages:
    """Where downloads are, and what is made of them."""

    folder: Path

    @property
    def modules(self) -> Path:
        """npm's packages."""
        return self.folder / "npm" / "node_modules"

    @property
    def wheels(self) -> list[Path]:
        """The wheels."""
        return sorted((self.folder / "wheels").glob("*.whl"))

    @property
    def parts(self) -> Path:
        """What pack.py has made."""
        return self.folder / "parts"


def digest(*data: bytes) -> str:
    """Return a SHA-256, in hex, of several byte strings."""
    whole = hashlib.sha256()
    for one in data:
        whole.update(b"%d:" % len(one) + one)
    return whole.hexdigest()


def get(folder: Path, say: Say) -> Packages:
    """Return the packages, downloaded if these versions are not there yet.

    Raises:
        Failed: npm or pip is missing, or cannot download them.
    """
    packages = Packages(folder)
    folder.mkdir(parents=True, exist_ok=True)
    _npm(folder, say)
    wheels(folder, say)
    return packages


def _npm(folder: Path, say: Say) -> None:
    """Let npm download its packages, unless they are there."""
    names = ("package.json", "package-lock.json")
    version = digest(*((HERE / name).read_bytes() for name in names))
    node()
    if _is_done(folder / "npm", version):
        return
    npm = shutil.which("npm")
    if npm is None:
        raise Failed(_no_node("npm"))
    say("Downloading Python for the browser, and the editor, with npm.")
    shutil.rmtree(folder / "npm", ignore_errors=True)
    (folder / "npm").mkdir()
    for name in names:
        shutil.copy(HERE / name, folder / "npm" / name)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    run([*command, "--no-update-notifier"], folder / "npm", "npm cannot download its packages")
    _done(folder / "npm", version)


def node() -> str:
    """Return the path of Node.

    Raises:
        Failed: There is none, or it is too old.
    """
    path = shutil.which("node")
    if path is None:
        raise Failed(_no_node("Node.js"))
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        raise Failed(_no_node("Node.js")) from None
    found = re.match(r"v(\d+)", said.stdout)
    if not found or int(found[1]) < OLDEST_NODE:
        raise Failed(
            f"This Node.js is too old: {said.stdout.strip()}. Install {OLDEST_NODE} or newer."
        )
    return path


def _no_node(what: str) -> str:
    return (
        f"{what} is not installed; it makes the page. Install Node.js {OLDEST_NODE} or newer with npm:"
        " from nodejs.org, or on Debian and Ubuntu: sudo apt install npm"
    )


def wheels(folder: Path, say: Say) -> None:
    """Let pip download the wheels, unless they are there."""
    wanted = HERE / "requirements.txt"
    version = digest(wanted.read_bytes())
    if _is_done(folder / "wheels", version):
        return
    say("Downloading Twisted for the browser with pip.")
    shutil.rmtree(folder / "wheels", ignore_errors=True)
    command = [sys.executable, "-m", "pip", "download", "--no-input", "--progress-bar=off"]
    command += ["--disable-pip-version-check", "--no-deps", "--require-hashes"]
    command += ["--only-binary=:all:", f"--python-version={PYTHON}", "--implementation=cp"]
    # zope.interface has wheels for single platforms only; its hash says which.
    for option, values in {
        "abi": (TAG, "none"),
        "platform": ("any", "manylinux2014_x86_64"),
    }.items():
        command += [f"--{option}={value}" for value in values]
    command += ["--dest", str(folder / "wheels"), "-r", str(wanted)]
    run(command, folder, "pip cannot download the wheels")
    _done(folder / "wheels", version)


def run(command: Sequence[str], folder: Path, sentence: str) -> None:
    """Run a program to its end.

    Raises:
        Failed: It does not succeed; the exception has its output.
    """
    environment = {**os.environ, "PYTHONUTF8": "1", "NO_COLOR": "1"}
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    if done.returncode:
        raise Failed(sentence, done.stdout)


def _is_done(folder: Path, version: str) -> bool:
    try:
        return (folder / "done.txt").read_text("ascii") == version
    except (OSError, ValueError):
        return False


def _done(folder: Path, version: str) -> None:
    (folder / "done.txt").write_text(version, "ascii")


# What is packed


def zipped(files: dict[str, bytes]) -> bytes:
    """Return a zip of these files, for pack.py, not compressed; the same files make the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, data in sorted(files.items()):
            file.writestr(zipfile.ZipInfo(name, LONG_AGO), data)
    return out.getvalue()


def pack(packages: Packages, course: bytes, names: Sequence[str], say: Say) -> dict[str, Path]:
    """Return the packed files by name: Python and the packages, and the course.

    Args:
        course: A zip of the course's files.
        names: The modules that the course imports, and what it imports from them.

    Raises:
        Failed: Node fails.
    """
    parts = packages.parts
    parts.mkdir(exist_ok=True)
    stdlib = packages.modules / "pyodide" / "python_stdlib.zip"
    site = zipped(dict(_site(packages)))
    program = [(HERE / name).read_bytes() for name in ("pack.py", "pack.mjs")]
    program.append((packages.modules / "pyodide" / "package.json").read_bytes())
    # By what they are made of: an interrupted build leaves nothing that passes for finished.
    python = digest(*program, stdlib.read_bytes(), site, "\n".join(names).encode())
    results = {
        "python.pack": parts / f"python-{python[:16]}.pack",
        "course.pack": parts / f"course-{digest(*program, course)[:16]}.pack",
    }
    job: dict[str, object] = {}
    if not results["python.pack"].exists():
        (parts / "site.zip").write_bytes(site)
        job |= {"python": "parts/python.new", "names": list(names), "site": "parts/site.zip"}
        job["stdlib"] = stdlib.relative_to(packages.folder).as_posix()
    if not results["course.pack"].exists():
        (parts / "sources.zip").write_bytes(course)
        job |= {"course": "parts/course.new", "sources": "parts/sources.zip"}
    if job:
        say("Compiling and packing it, which takes up to a minute.")
        (packages.folder / "job.json").write_text(json.dumps(job), "utf-8")
        command = [node(), str(HERE / "pack.mjs"), str(packages.folder)]
        run(command, packages.folder, "Node.js cannot compile the modules")
    for path in results.values():
        kind = path.name.partition("-")[0]
        if not path.exists():
            for old in parts.glob(f"{kind}-*.pack"):
                old.unlink()
            (parts / f"{kind}.new").replace(path)
    return results


def _site(packages: Packages) -> Iterator[tuple[str, bytes]]:
    """Yield what of the wheels goes into site.zip: code, and the head of each package's metadata."""
    for wheel in packages.wheels:
        with zipfile.ZipFile(wheel) as file:
            for name in file.namelist():
                if name.endswith(".dist-info/METADATA"):
                    # Only the fields: a package's version can be asked for. The text after them is its README.
                    yield name, file.read(name).partition(b"\n\n")[0] + b"\n"
                elif name.endswith(".py") and taken(name):
                    yield name, file.read(name)


def taken(name: str) -> bool:
    """Return whether a module of a wheel goes into site.zip."""
    return name in KEPT or not any(fnmatchcase(name, pattern) for pattern in LEFT_OUT)


def imports(sources: dict[str, str]) -> list[str]:
    """Return what these sources import, absolutely: modules, and names that may be modules."""
    names = set()
    for path, text in sources.items():
        for node in _statements(ast.parse(text, path)):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    ours = ("workshop", "exercises", "solutions", "__future__")
    return sorted(name for name in names if name.split(".")[0] not in ours)


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield all statements of a syntax tree, but not their expressions, which are most of it."""
    for field in ("body", "handlers", "orelse", "finalbody", "cases"):
        below = getattr(node, field, ())
        for one in below if isinstance(below, list) else ():
            yield one
            yield from _statements(one)
