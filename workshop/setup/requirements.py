"""The packages that the requirement files list, and whether the running environment has them.

This is checked before every command, also where `packaging` is not installed yet: hence a reader of our
own. It reads the names of the folders in site-packages: importing importlib.metadata would take longer
than all of it, and would also find the trial_by_wire.egg-info that an installation leaves beside
README.md, whatever environment it was made in.
Standard library only, in syntax that Python 3.7 reads (see environment.py).
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from collections.abc import Sequence
from urllib.parse import unquote

NAME = "trial-by-wire"  # this course's name in pyproject.toml
CHECKOUT = "this checkout (-e .)"
PATHS = "trial_by_wire.pth"
"""Of a .venv that shares packages (see shared.py): a line with the checkout's path, then one for each folder of packages."""


class Requirement:
    """One line of a requirement file: a name, extras, plain bounds, a marker with one comparison."""

    LINE = re.compile(r"([\w.-]+)\s*(?:\[([\w\s,.-]+)\])?\s*([^;]*?)\s*(?:;\s*(.+))?")
    BOUND = re.compile(r"(>=|<=|==|!=|<)\s*([\d.]+)")
    MARKER = re.compile(r"(python_version|sys_platform)\s*(>=|<=|==|!=|<)\s*[\"']([^\"']+)[\"']")

    def __init__(self, line: str) -> None:
        parts = self.LINE.fullmatch(line)
        if parts is None:
            raise ValueError(f"cannot read the requirement {line!r}")
        name, extras, bounds, marker = parts.groups()
        self.text, self.name = line, canonical(name)
        self.extras = [word.strip() for word in (extras or "").split(",") if word.strip()]
        self.bounds = [
            self.match(self.BOUND, bound).groups() for bound in bounds.split(",") if bound
        ]
        self.applies = True
        if marker:
            what, operator, value = self.match(self.MARKER, marker).groups()
            if what == "python_version":
                self.applies = holds(
                    f"{sys.version_info[0]}.{sys.version_info[1]}", operator, value
                )
            else:
                self.applies = (sys.platform == value) == (operator == "==")

    def match(self, pattern: re.Pattern[str], text: str) -> re.Match[str]:
        match = pattern.fullmatch(text.strip())
        if match is None:
            # pip knows more syntax than we need: keep the files plain rather than parse all of it here.
            raise ValueError(f"cannot read {text!r} in the requirement {self.text!r}")
        return match

    def met(self, packages: dict[str, tuple[str, str]]) -> bool:
        """Return whether these packages (name: version, dist-info folder) meet it."""
        if self.name not in packages:
            return False
        version, folder = packages[self.name]
        if not all(holds(version, operator, bound) for operator, bound in self.bounds):
            return False
        return all(name in packages for extra in self.extras for name in adds(folder, extra))


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def order(version: str) -> tuple[object, ...]:
    """Return a sort key that puts a version in its place among plain releases, the only bounds we know."""
    match = re.match(
        r"(?:(\d+)!)?(\d+(?:\.\d+)*)(?:(a|b|rc)(\d+))?(?:\.post(\d+))?(?:\.dev(\d+))?", version
    )
    if match is None:
        return (-1,)
    epoch, release, phase, number, post, dev = match.groups()
    numbers = [int(part) for part in release.split(".")]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    return (
        int(epoch or 0),
        numbers,
        (phase or "release", int(number or 0)),
        int(post) if post else -1,
        int(dev) if dev else sys.maxsize,
    )


def holds(version: str, operator: str, bound: str) -> bool:
    have, want = order(version), order(bound)
    if operator == "<":
        # 28.0rc1 is not below 28: a bound below 28 excludes all of 28.
        return have < (*want[:2], ("", 0))
    return {">=": have >= want, "<=": have <= want, "==": have == want, "!=": have != want}[
        operator
    ]


def adds(folder: str, extra: str) -> list[str]:
    """Return the names of the packages that an extra adds, from a distribution's metadata."""
    line = re.compile(
        rf"Requires-Dist: *([\w.-]+)[^;]*; *extra *== *['\"]{re.escape(extra)}['\"] *"
    )
    try:
        with open(os.path.join(folder, "METADATA"), encoding="utf-8") as file:
            headers = file.read().partition("\n\n")[0].splitlines()
    except OSError:
        return []
    return [canonical(match.group(1)) for match in map(line.fullmatch, headers) if match]


def installed() -> dict[str, tuple[str, str]]:
    """Return each package that this Python can import, with its version and its dist-info folder."""
    found: dict[str, tuple[str, str]] = {}
    for folder in sys.path:
        with contextlib.suppress(OSError):
            for entry in os.listdir(folder or "."):
                if entry.endswith(".dist-info"):
                    name, _, version = entry[: -len(".dist-info")].rpartition("-")
                    found.setdefault(canonical(name), (version, os.path.join(folder, entry)))
    return found


def is_checkout(folder: str, root: str) -> bool:
    """Return whether a distribution is installed from this checkout, and in place (pip install -e)."""
    try:
        with open(os.path.join(folder, "direct_url.json"), encoding="utf-8") as file:
            origin = json.load(file)
        path = unquote(origin["url"].partition("file://")[2])
        if sys.platform == "win32":
            path = path.lstrip("/")
        return bool(origin["dir_info"]["editable"]) and os.path.samefile(path, root)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def paths(folder: str) -> list[str]:
    """Return the lines of the file PATHS in a folder; an empty list if there is none."""
    try:
        with open(os.path.join(folder, PATHS), "rb") as file:
            return [os.fsdecode(line) for line in file.read().splitlines()]
    except OSError:
        return []


def on_the_path(root: str) -> bool:
    """Return whether such a file makes this checkout importable."""
    found = [line for folder in sys.path for line in paths(folder)[:1]]
    with contextlib.suppress(OSError):
        return any(os.path.samefile(line, root) for line in found)
    return False


def missing(root: str, files: Sequence[str]) -> list[str]:
    """Return what the files list and the running environment lacks, in readable form."""
    packages = installed()
    lines = []
    for name in files:
        with open(os.path.join(root, name), encoding="utf-8") as file:
            for line in file:
                text = re.sub(r"(^|\s)#.*", "", line).strip()
                if text == "-e .":
                    text = CHECKOUT
                    met = NAME in packages and is_checkout(packages[NAME][1], root)
                    met = met or on_the_path(root)
                elif text:
                    requirement = Requirement(text)
                    met = not requirement.applies or requirement.met(packages)
                else:
                    continue
                if not met:
                    lines.append(text)
    return lines
