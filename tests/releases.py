"""Versions of a made-up course, for the tests of `update`: the miniature course, with what a newer one changes."""

from __future__ import annotations

import os
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from driving import MINI, Learner

from workshop.course import load
from workshop.course.files import made_fingerprints
from workshop.course.solutions import answer

ECHO = "exercises/stage1_echo/echo.py"
COUNT = "exercises/stage2_count/count.py"
TABLE = "exercises/course.toml"
SOLVED = "solutions/stage1_echo/echo.py"
PROJECT = '[project]\nname = "made-up"\nversion = "%s"\nrequires-python = ">=3.10"\n'
LOG = "# Changelog\n\n## %s\n\n- The first entry,\n  on two lines. And more.\n"

Texts = Mapping[str, "str | Callable[[str], str] | None"]
"""By a file's name, its new text, None if it is to be removed, or what makes the new text of the old."""


def release(folder: Path, version: str = "1.0", files: Texts | None = None) -> Path:
    """Make a version of the course in a new folder: the miniature course with these changes, and its starters."""
    shutil.copytree(MINI, folder, ignore=shutil.ignore_patterns(".workshop", "__pycache__"))
    base = {
        "pyproject.toml": PROJECT % version,
        "CHANGELOG.md": LOG % version,
        "requirements.txt": "",
        "README.md": "Read me.\n",
        "workshop/__init__.py": '"""The tool."""\n',
        "workshop/__main__.py": f"VERSION = {version!r}\n",
        "workshop/old.py": "OLD = 1\n",
        "notebooks/stage1_echo.ipynb": '{"cells": []}\n',
    }
    for name, text in [*base.items(), *(files or {}).items()]:
        path = folder / name
        if callable(text):
            before = path.read_text("utf-8")
            text = text(before)
            assert text != before, f"{name} is not changed"
        if text is None:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    course = load(folder)
    for stage in course.stages:
        for name, text in answer(stage, 0).items():
            (stage.folder / name).write_text(text, "utf-8")
    (folder / "solutions/provided.sha256").write_text(made_fingerprints(course))
    return folder


def swap(old: str, new: str) -> Callable[[str], str]:
    """What replaces a text by another."""
    return lambda text: text.replace(old, new)


# A newer version in which most things change. The starter of echo.py has another docstring and another import.
NEWER: Texts = {
    SOLVED: lambda text: text.replace(
        "An echo, in three steps.", "An echo, in a few steps."
    ).replace("import Deferred\n", "import Deferred, succeed\n"),
    "exercises/stage1_echo/test_echo.py": lambda text: text + "\n# newer\n",
    "exercises/wire.py": lambda text: text + "\n# newer\n",
    "README.md": "Read me again.\n",
    "CHANGELOG.md": LOG % "2.0" + "- A new entry.\n",
    "workshop/old.py": None,
    "workshop/new.py": "NEW = 1\n",
    "notebooks/stage1_echo.ipynb": '{"cells": [1]}\n',
}


def zipped(
    folder: Path, top: str = "made-up-main/", links: Mapping[str, str] | None = None
) -> Path:
    """Make a zip of a folder, with a folder at its top, as GitHub makes it; its path."""
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as file:
        for one in sorted(folder.rglob("*")):
            if one.is_file():
                file.write(one, top + one.relative_to(folder).as_posix())
        for name, target in (links or {}).items():
            entry = zipfile.ZipInfo(top + name)
            entry.external_attr = 0o120777 << 16
            file.writestr(entry, target)
    return path


def git(folder: Path, *words: str) -> str:
    """Give a git command, as somebody who has a name; its output."""
    who = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@b", "GIT_CONFIG_GLOBAL": os.devnull}
    who |= {"GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@b", "GIT_CONFIG_NOSYSTEM": "1"}
    command = ["git", "-c", "init.defaultBranch=main", *words]
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **who}, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{words}: {done.stderr}"
    return done.stdout


def commit(folder: Path, message: str = "x") -> str:
    """Commit all that is in a folder; the commit."""
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", message)
    return git(folder, "rev-parse", "HEAD").strip()


def publish(folder: Path, newer: Path) -> str:
    """Commit a version into a repository, in place of what it has; the commit."""
    for path in folder.iterdir():
        if path.name != ".git":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(newer, folder, dirs_exist_ok=True)
    return commit(folder)


def saved(learner: Learner) -> dict[str, bytes]:
    """What is saved in .workshop/saved, by the names that the files had."""
    folder = learner.root / ".workshop" / "saved"
    found: dict[str, bytes] = {}
    for path in sorted(folder.glob("*/**/*")):
        if path.is_file():
            found["/".join(path.relative_to(folder).parts[1:])] = path.read_bytes()
    return found


def refused(learner: Learner, source: Path | str | None, code: int, *says: str) -> None:
    """The command changes nothing, and says why in a sentence or two."""
    before = learner.files()
    outcome = learner.here("update", *([str(source)] if source else []))
    assert outcome.code == code, outcome.all
    said = " ".join(outcome.err.split())
    assert all(text in said for text in says), said
    assert outcome.out == "" and "Traceback" not in said and len(said) < 400
    assert learner.files() == before
    left = {path.name for path in learner.path(".workshop").iterdir()}
    assert left <= {"update.lock", "saved"} and not saved(learner), left
