"""What is checked before a folder is made that a whole class will get."""

from __future__ import annotations

import sys
from pathlib import Path

from click import ClickException

from workshop.course import TOOL, Course
from workshop.course.files import fingerprint, fingerprints
from workshop.setup.requirements import holds, installed


def check_folder(course: Course, folder: Path) -> None:
    if folder.resolve().is_relative_to(course.root):
        raise ClickException(f"{folder} is in the course's own folder. Name one outside it.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        what = "is not empty" if folder.is_dir() else "is not a folder"
        raise ClickException(f"{folder} {what}. Name a new or an empty folder.")


def check_pip(others: bool) -> None:
    """Check that pip exists and is new enough: --python, for other Pythons, came with 22.3."""
    version, needed = installed().get("pip", ("", ""))[0], "22.3" if others else "21.3"
    if not version:
        raise ClickException(f"This environment has no pip. Run: {sys.executable} -m ensurepip")
    if not holds(version, ">=", needed):
        command = f'{sys.executable} -m pip install "pip>={needed}"'
        raise ClickException(f"This environment's pip {version} is too old. Run: {command}")


def check_provided(course: Course) -> None:
    """Check that the files that learners do not write are unchanged: a whole class would get them."""
    mine = {stage.path(name) for stage in course.stages for name in stage.edit}
    for name, digest in fingerprints(course).items():
        path = course.root / name
        if name in mine or (path.is_file() and fingerprint(path.read_bytes()) == digest):
            continue
        inside = name.split("/")[1]
        stage = inside if any(inside == s.name for s in course.stages) else course.stages[0].name
        raise ClickException(
            f"{name} differs from the course's own.\nTo restore it: {TOOL} reset {stage} --provided"
        )
