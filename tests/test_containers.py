"""The dev container and Binder: what their files name is there. Neither is started: that takes Docker and a network."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from workshop.setup.environment import OLDEST

ROOT = Path(__file__).resolve().parent.parent
DEV, BINDER = ROOT / ".devcontainer", ROOT / ".binder"


def versions_in_ci() -> set[str]:
    """The versions of Python that CI runs the suite on."""
    line = re.search(
        r"python: (\[.*\])", (ROOT / ".github/workflows/verify.yml").read_text("utf-8")
    )
    assert line
    return set(json.loads(line[1]))


@pytest.fixture
def container() -> Any:
    """The dev container, as it is described."""
    return json.loads((DEV / "devcontainer.json").read_text("utf-8"))


def test_dev_container_s_image(container: Any) -> None:
    """Its Dockerfile is there, has a Python that CI tests, and makes the user that it runs as."""
    text = (DEV / container["build"]["dockerfile"]).read_text("utf-8")
    image = re.search(r"^FROM python:(\d\.\d+)$", text, re.M)
    assert image and image[1] in versions_in_ci()
    assert re.search(rf"^RUN useradd .*--create-home .*\b{container['remoteUser']}$", text, re.M)


def test_dev_container_sets_itself_up(container: Any) -> None:
    """What it runs first is the course's own command, and VS Code learns of the interpreter that this makes."""
    assert shlex.split(container["postCreateCommand"]) == ["python3", "-m", "workshop"]
    assert importlib.util.find_spec("workshop.__main__")
    settings = container["customizations"]["vscode"]["settings"]
    prefix, _, path = settings["python.defaultInterpreterPath"].partition("/")
    assert prefix == "${containerWorkspaceFolder}"
    # As environment.python_of has it where this is no Windows.
    assert path == "/".join((".venv", "bin", "python"))


def test_dev_container_s_extensions(container: Any) -> None:
    """VS Code gets what runs Python and notebooks, named as publisher.name."""
    extensions = container["customizations"]["vscode"]["extensions"]
    assert {"ms-python.python", "ms-toolsai.jupyter"} <= set(extensions)
    assert all(re.fullmatch(r"[\w-]+\.[\w-]+", name) for name in extensions)


def test_binder() -> None:
    """It installs the learner's requirements, the checkout in place among them, on a Python that CI tests."""
    lines = (BINDER / "requirements.txt").read_text("utf-8").splitlines()
    (asked,) = [line.split() for line in lines if line and not line.startswith("#")]
    assert asked[0] == "-r"
    # pip looks for it from the file that names it, and for "." from where it was started: at the top.
    path = Path(os.path.normpath(BINDER / asked[1]))
    assert path == ROOT / "requirements.txt"
    wanted = path.read_text("utf-8").splitlines()
    assert "-e ." in wanted
    assert any(line.startswith("jupyter>") for line in wanted)
    version = (BINDER / "runtime.txt").read_text("utf-8").strip().removeprefix("python-")
    assert version in versions_in_ci()
    assert tuple(map(int, version.split("."))) >= OLDEST
