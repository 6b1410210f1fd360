"""Packages for a system that one does not have: uv lists them, and pip downloads them.

pip downloads for another system, but evaluates the conditions in packages' requirements for its own: on Linux it would
leave out what only Windows needs, such as pywinpty and colorama, without a word. uv evaluates them for the system named.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from click import ClickException

from workshop.setup.environment import OLDEST, explain
from workshop.setup.progress import Screen, Watched


class System(NamedTuple):
    """A system that packages can be fetched for."""

    target: str
    """uv's name for it."""
    tags: Sequence[str]
    """What the names of its wheels may end in, for pip."""
    machine: str
    """What set-up calls it there, after "Python 3.12 on"."""
    words: str
    python: str
    """The command for a Python of a version there."""


def _linux(processor: str, words: str) -> System:
    tags = [f"manylinux_2_{minor}_{processor}" for minor in range(28, 4, -1)]
    tags += [f"manylinux{old}_{processor}" for old in ("2014", "2010", "1")]
    words = f"Linux, {words} (glibc 2.28 or newer, as in Debian 10, Ubuntu 20.04 and RHEL 8)"
    target = f"{processor}-manylinux_2_28"
    return System(target, [*tags, f"linux_{processor}"], f"linux-{processor}", words, "python{}")


def _macos(processor: str, uv: str, words: str) -> System:
    words = f"macOS 13 or newer, {words}"
    # pip adds the older versions itself. MACOS is the oldest for uv.
    tags = [f"macosx_13_0_{processor}"]
    return System(f"{uv}-apple-darwin", tags, f"macosx-{processor}", words, "python{}")


def _windows(processor: str, uv: str, words: str) -> System:
    words = f"Windows, {words}"
    return System(
        f"{uv}-pc-windows-msvc", [f"win_{processor}"], f"win-{processor}", words, "py -{}"
    )


SYSTEMS = {
    "windows": _windows("amd64", "x86_64", "Intel or AMD, 64 bits"),
    "windows-arm64": _windows("arm64", "aarch64", "ARM"),
    "macos-arm64": _macos("arm64", "aarch64", "Apple processor"),
    "macos-x86_64": _macos("x86_64", "x86_64", "Intel processor"),
    "linux": _linux("x86_64", "Intel or AMD, 64 bits"),
    "linux-arm64": _linux("aarch64", "ARM, 64 bits"),
}
MACOS = {"MACOSX_DEPLOYMENT_TARGET": "13.0"}

# pip's settings, and uv's options for the same.
SETTINGS = {
    "index-url": "--default-index",
    "extra-index-url": "--index",
    "find-links": "--find-links",
    "constraint": "--constraints",
    "trusted-host": "--allow-insecure-host",
}


def versions(pythons: Sequence[str]) -> list[str]:
    """Return the versions of Python named, as 3.12 or python3.12; the running one's if none is."""
    found = []
    for python in pythons or ["{}.{}".format(*sys.version_info)]:
        match = re.fullmatch(r"(?:python)?(3\.(\d+))", python)
        if match is None:
            raise ClickException(
                f"{python} is not a version. With --for, name one such as --python 3.12."
            )
        if (3, int(match[2])) < OLDEST:
            needed = ".".join(map(str, OLDEST))
            raise ClickException(f"The course needs Python {needed} or newer, not {match[1]}.")
        found.append(match[1])
    return found


def run(
    command: Sequence[str],
    doing: str,
    log: Path,
    cwd: Path,
    screen: Screen,
    more: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Run pip or uv with progress, or raise an error with the cause of its failure.

    Args:
        more: Environment variables.
    """
    log.parent.mkdir(exist_ok=True)
    watched = Watched(screen, str(log), doing)
    if watched.run([*command], str(cwd), more):
        why = explain(watched.output, _last(watched.output))
        why = why.replace("Set-up stopped", "No offline folder", 1)
        raise ClickException(f"{why} The output is in {log}.")


def _last(output: str) -> str:
    """Return the line of pip's output that says what is wrong, or uv's lines."""
    if found := re.search(r"^error: (.*?)(?=^\s*hint:|\Z)", output, re.M | re.S):
        return re.sub(r"\s*\n\s*(cause: )?", ": ", found[1].strip())[:300]
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR:")]
    return (errors or lines or ["pip failed"])[-1][:200]


@contextmanager
def uv(log: Path, screen: Screen) -> Iterator[str]:
    """Yield the path of uv: the user's or, if there is none, one that pip installs in a temporary folder."""
    found = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if found:
        yield found
        return
    with tempfile.TemporaryDirectory() as folder:
        screen.say("Fetching uv, which finds out what each system needs; it is removed afterwards.")
        pip = [sys.executable, "-m", "pip", "install", "--no-input", "--progress-bar=off"]
        try:
            run(
                [*pip, "--no-deps", "--target", folder, "uv"],
                "fetching uv",
                log,
                log.parent,
                screen,
            )
        except ClickException as error:
            raise ClickException(
                f"{error.message} If you have uv from elsewhere, put it on your PATH."
            ) from None
        program = shutil.which("uv", path=str(Path(folder, "bin")))
        if program is None:
            raise ClickException(
                f"pip's uv has no program. Run: {sys.executable} -m pip install uv"
            )
        yield program


def settings() -> tuple[list[str], dict[str, str]]:
    """Return uv's options and environment variables for what the user has set for pip."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    )
    found: dict[str, dict[str, str]] = {}
    for line in done.stdout.splitlines():
        match = re.fullmatch(r"(\S+?)\.([\w-]+)=(['\"].+['\"])", line)
        if match and (value := ast.literal_eval(match[3])):
            found.setdefault(match[1], {})[match[2]] = value
    # Each of these overrides the ones before it.
    pip = {
        name: value
        for at in ("global", "download", ":env:")
        for name, value in found.get(at, {}).items()
    }
    options = [
        word
        for name, option in SETTINGS.items()
        for value in pip.get(name, "").split()
        if not _is_gone(value)
        for word in (option, value)
    ]
    if pip.get("no-index", "0").lower() in ("1", "y", "yes", "t", "true", "on"):
        options.append("--no-index")
    # As pip does: the newest of all indexes.
    options += ["--index-strategy", "unsafe-best-match"]
    return options, {"SSL_CERT_FILE": pip["cert"]} if "cert" in pip else {}


def _is_gone(value: str) -> bool:
    """Return whether this names a place on this machine that does not exist, which pip only warns of."""
    path = value[7:] if value.startswith("file://") else value
    return path.startswith("/") and not Path(path).exists()


def fetch(
    program: str,
    system: System,
    version: str,
    required: Sequence[str],
    wheels: Path,
    log: Path,
    screen: Screen,
) -> None:
    """Download the wheels that the system needs for these requirements, with this version of Python.

    Args:
        program: uv's path.
    """
    options, variables = settings()
    with tempfile.TemporaryDirectory() as folder:
        asked, listed = Path(folder, "asked.txt"), Path(folder, "listed.txt")
        asked.write_text("".join(f"{line}\n" for line in required), "utf-8")
        command = [program, "pip", "compile", "--quiet", "--python-platform", system.target]
        # uv evaluates conditions for the version; the Python that it runs does not matter.
        command += ["--python-version", version, "--python", sys.executable]
        command += ["--only-binary", ":all:", "--no-header", "--no-annotate", *options]
        command += ["--output-file", str(listed), str(asked)]
        more = {"UV_PYTHON_DOWNLOADS": "never", **MACOS, **variables}
        run(command, "listing packages", log, Path(folder), screen, more)

        command = [sys.executable, "-m", "pip", "download", "--no-input", "--progress-bar=off"]
        command += ["--no-deps", "--only-binary=:all:", "--implementation=cp"]
        command += [f"--python-version={version}", f"--abi=cp{version.replace('.', '')}"]
        command += [f"--platform={tag}" for tag in system.tags]
        command += ["--dest", str(wheels), "-r", str(listed)]
        run(command, "asking for packages", log, Path(folder), screen)
