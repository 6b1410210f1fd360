"""The dev container, Binder and JupyterHub: what their files name is there. None is started here.

That takes Docker, a network or another server. tests/benchmarks/hub.py tries the hub's.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from workshop.setup.environment import OLDEST

ROOT = Path(__file__).resolve().parent.parent
DEV, BINDER, HUB = ROOT / ".devcontainer", ROOT / ".binder", ROOT / ".jupyterhub"


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


def configured(name: str) -> Any:
    """What a file of configuration sets, run as its program runs it."""
    from traitlets.config import Config

    config = Config()
    code = compile((HUB / name).read_text("utf-8"), name, "exec")
    exec(code, {"get_config": lambda: config})
    return config


def test_hub_s_servers() -> None:
    """Each option for the learners' servers and kernels is one that the program has, and its value one that it takes."""
    from IPython.core.shellapp import InteractiveShellApp
    from jupyter_lsp import LanguageServerManager
    from jupyter_server.serverapp import ServerApp
    from jupyter_server.services.kernels.kernelmanager import MappingKernelManager
    from jupyterlab.labapp import LabApp
    from traitlets import HasTraits

    classes = (ServerApp, LabApp, LanguageServerManager, MappingKernelManager, InteractiveShellApp)
    for name in ("jupyter_server_config.py", "ipython_config.py"):
        for section, options in configured(name).items():
            (one,) = [kind for kind in classes if kind.__name__ == section]
            for option, value in options.items():
                assert option in one.class_traits(config=True), f"{section}.{option}"
                one.class_traits()[option].validate(HasTraits(), value)


def test_hub_itself() -> None:
    """The hub listens on this machine only; python3 in a learner's terminal is the one with the packages."""
    config = configured("jupyterhub_config.py")
    assert config.JupyterHub.bind_url.startswith("http://127.0.0.1:")
    programs = Path(sys.executable).parent
    assert config.Spawner.cmd == [str(programs / "jupyterhub-singleuser")]
    assert config.Spawner.environment["PATH"].split(os.pathsep)[0] == str(programs)


@pytest.mark.parametrize("folder", ["notebooks", "notebooks/yours"])
def test_hub_s_kernels(folder: str, tmp_path: Path) -> None:
    """A notebook that is opened from the list of files finds the course that it is in; last, and only if it is in one."""
    place = tmp_path / "course" / folder
    place.mkdir(parents=True)
    (tmp_path / "course" / "workshop" / "notebook").mkdir(parents=True)
    (line,) = configured("ipython_config.py").InteractiveShellApp.exec_lines
    command = [sys.executable, "-I", "-c", f"{line}\nimport sys; print(sys.path[-1])"]
    for cwd in (place, tmp_path):
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True)
        found = done.stdout.strip() == str(tmp_path / "course")
        assert found == (cwd == place), done.stdout


def test_hub_s_image() -> None:
    """It has a Python that CI tests, copies files that there are, and lays them where their programs look."""
    text = (HUB / "Dockerfile").read_text("utf-8")
    image = re.search(r"^FROM python:(\d\.\d+)$", text, re.M)
    assert image and image[1] in versions_in_ci()
    copied = re.findall(r"^COPY (\S+) (\S+)$", text, re.M)
    assert len(copied) == 4 and all((ROOT / name).is_file() for name, _ in copied)
    places = dict(copied)
    assert places[".jupyterhub/jupyter_server_config.py"] == "/usr/local/etc/jupyter/"
    # IPython looks in sys.prefix, which is /usr/local in that image.
    assert places[".jupyterhub/ipython_config.py"] == "/usr/local/etc/ipython/"


def test_hub_s_chart() -> None:
    """The values name the image that the Dockerfile says how to build, and its server."""
    import yaml

    values = yaml.safe_load((HUB / "values.yaml").read_text("utf-8"))
    single = values["singleuser"]
    text = (HUB / "Dockerfile").read_text("utf-8")
    assert f"-t {single['image']['name']}:{single['image']['tag']} ." in text
    assert f'CMD ["{single["cmd"]}"]' in text
