"""JupyterLab on the learner's own copies of the notebooks: which one, the copies, the server and its end.

The copies are in .workshop/notebooks/, without outputs, so that a cell shows nothing before it is run, and no file that git
tracks is changed. Everything that Jupyter and IPython remember is in .workshop/jupyter/: the learner's own settings are
neither read nor changed, and two learners on one machine do not interfere.

On a JupyterHub, the learner is in a JupyterLab already, which shows no hidden folder: the copies are in notebooks/yours/,
and name a kernel of the course's own.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from workshop.course import Course, Stage, visible
from workshop.course.files import fingerprint, replace, write
from workshop.runner.process import OWN_GROUP, end_group
from workshop.setup.variables import PATH

COPIES = ".workshop/notebooks"
YOURS = "notebooks/yours"
"""The folder of the copies on a JupyterHub."""
KERNEL = {"display_name": "Trial by Wire", "language": "python", "name": "trial-by-wire"}
"""What these copies have in their metadata for the kernel."""
STATE = ".workshop/jupyter"
MARK = "trial_by_wire"
"""The key in a copy's metadata for the fingerprint of its original."""
START, STOP = 90.0, 15.0
"""Seconds that the server may take to start, and to stop."""
# JupyterLab's first settings; the learner's later changes are kept. It fetches no news, and shows a README as text to read.
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "docmanager-extension/plugin": {"defaultViewers": {"markdown": "Markdown Preview"}},
}


class LabError(Exception):
    """Why there is no JupyterLab, in a sentence or two."""


def choose(course: Course, stage: Stage) -> Path:
    """Return the stage's notebook; if it has none, the nearest one before it; if there is none, the first.

    Raises:
        LabError: The course has no notebooks.
    """
    pages = [one.notebook for one in course.stages]
    at = course.stages.index(stage)
    there = [page for page in [*reversed(pages[: at + 1]), *pages] if page.is_file()]
    if not there:
        raise LabError(f"There are no notebooks in {stage.notebook.parent}.")
    return there[0]


def copied(text: str, folder: str = COPIES) -> str:
    """Return a notebook as a learner's copy: without outputs, with links that work one folder deeper.

    Args:
        folder: The folder for it.
    """
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell.update(outputs=[], execution_count=None)
        else:
            source = cell["source"]
            lines = [source] if isinstance(source, str) else source
            cell["source"] = [re.sub(r"\]\((?=\.\./)", "](../", line) for line in lines]
    notebook["metadata"][MARK] = fingerprint(text.encode())
    if folder == YOURS:
        notebook["metadata"]["kernelspec"] = KERNEL
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def is_of(copy: Path, page: Path) -> bool:
    """Return whether a copy was made from this notebook as it is now. One that cannot be read was not."""
    try:
        mark = json.loads(copy.read_text("utf-8"))["metadata"][MARK]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return bool(mark == fingerprint(page.read_bytes()))


def lay(course: Course, folder: str = COPIES) -> None:
    """Make a copy of each notebook that has none."""
    for page in visible(course.root / "notebooks", "*.ipynb"):
        copy = course.root / folder / page.name
        if not copy.exists():
            write(copy, copied(page.read_text("utf-8"), folder).encode())


def renew(course: Course, page: Path, folder: str = COPIES) -> Path | None:
    """Make a notebook's copy again; return the folder in which the previous one was saved, or None if there was none."""
    text = copied(page.read_text("utf-8"), folder)
    return replace(course, {f"{folder}/{page.name}": text.encode()})


class Lab:
    """JupyterLab on this machine only, in a separate process, on a notebook that has been copied.

    As a context manager, it starts on entry, and ends on exit with everything that it has started.
    """

    def __init__(self, root: Path, name: str, browser: bool = True, port: int = 0) -> None:
        """Prepare a server.

        Args:
            name: The copy's name.
            browser: Whether to open it in a browser.
            port: The port; 0 for any free one.
        """
        self.root = root
        self.page = f"{COPIES}/{name}"
        self.browser = browser
        self.port = port
        self.log = root / STATE / "log"
        self._info: dict[str, Any] = {}

    @property
    def address(self) -> str:
        """The address to open in a browser. It contains a secret by which the server recognises the learner."""
        return f"{self._info['url']}lab/tree/{quote(self.page)}?token={self._info['token']}"

    def __enter__(self) -> Lab:
        """Start the server, and wait until it listens.

        Raises:
            LabError: It ended, or took too long.
        """
        self._lay_settings()
        # Not below the course's folder: not every file system can hide secrets from other users.
        self._runtime = Path(tempfile.mkdtemp(prefix="trial-by-wire-lab-"))
        # Ctrl-C is for us: we end it, without the question that it would ask.
        # The log has the address, and with it the secret.
        with open(os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as log:
            self._process = subprocess.Popen(
                self._command(),
                cwd=self.root,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **OWN_GROUP,
            )
        try:
            self._await_it()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _lay_settings(self) -> None:
        for name, settings in SETTINGS.items():
            folder = self.root / STATE / "config" / "lab" / "user-settings" / "@jupyterlab"
            path = folder / f"{name}.jupyterlab-settings"
            if not path.exists():
                write(path, json.dumps(settings).encode())

    def _command(self) -> list[str]:
        options = {
            "ServerApp.ip": "127.0.0.1",
            "ServerApp.port": self.port,
            "ServerApp.open_browser": self.browser,
            # A browser may not be allowed to read the file that would be made for it (Ubuntu's Firefox is not).
            "ServerApp.use_redirect_file": False,
            "ServerApp.root_dir": self.root,
            # Only this machine can reach it; and a container has only root.
            "ServerApp.allow_root": True,
            "ContentsManager.allow_hidden": True,
            # This would start whatever it finds to look for language servers, npm among others.
            "LanguageServerManager.autodetect": False,
            "LabApp.default_url": f"/lab/tree/{quote(self.page)}",
            "LabApp.extension_manager": "readonly",
            "LabApp.news_url": None,
        }
        words = [f"--{name}={value}" for name, value in options.items()]
        return [sys.executable, "-m", "jupyterlab", *words]

    def _environment(self) -> dict[str, str]:
        """Return the learner's own environment, with other folders for Jupyter and IPython, and a path to the course."""
        kept = {name: text for name, text in os.environ.items() if not name.startswith("JUPYTER")}
        state, tool = self.root / STATE, Path(__file__).resolve().parent.parent.parent
        path = [str(self.root), str(tool), *filter(None, [kept.get("PYTHONPATH"), kept.get(PATH)])]
        return {
            **kept,
            "PYTHONPATH": os.pathsep.join(dict.fromkeys(path)),
            "IPYTHONDIR": str(state / "ipython"),
            "JUPYTER_CONFIG_DIR": str(state / "config"),
            "JUPYTER_DATA_DIR": str(state / "data"),
            "JUPYTER_RUNTIME_DIR": str(self._runtime),
            # Otherwise each start would open everything that was open before, each notebook with a kernel.
            "JUPYTERLAB_WORKSPACES_DIR": str(self._runtime / "workspaces"),
            # The kernel named python3 is this environment's, not one that was installed elsewhere under that name.
            "JUPYTER_PREFER_ENV_PATH": "1",
        }

    def _await_it(self) -> None:
        """Wait until the server answers."""
        deadline = time.monotonic() + START
        # It writes its address before it listens there.
        while not (self._found() and self._request("GET", "/api/status") == 200):
            ended = self._process.poll() is not None
            if ended or time.monotonic() > deadline:
                what = "ended at once" if ended else f"did not start in {START:g} s"
                log = self.log.relative_to(self.root).as_posix()
                raise LabError(f"JupyterLab {what}. Its output is in {log}.")
            time.sleep(0.05)

    def _found(self) -> bool:
        """Return whether the server has written its address."""
        for path in self._runtime.glob("jpserver-*.json"):
            with contextlib.suppress(ValueError):  # half written
                self._info = json.loads(path.read_text("utf-8"))
        return bool(self._info)

    def _request(self, method: str, path: str) -> int:
        """Send the server a request; return the status of its answer, or 0 if there is none within 5 s."""
        connection = http.client.HTTPConnection("127.0.0.1", self._info["port"], timeout=5)
        try:
            headers = {"Authorization": f"token {self._info['token']}"}
            connection.request(method, path, headers=headers)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()

    def wait(self) -> int:
        """Wait until the server ends, as when the learner shuts it down in the browser; return its exit code."""
        while (code := self._process.poll()) is None:
            # On Windows, a wait without a bound would not notice Ctrl-C.
            time.sleep(0.2)
        return code

    def __exit__(self, *_: object) -> None:
        """Ask the server to end, with its kernels; kill it if it does not."""
        if self._info and self._process.poll() is None:
            # The same on every system; a signal would be a plain kill on Windows. The server may end before it has answered.
            self._request("POST", "/api/shutdown")
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP)
        if self._process.poll() is None:
            end_group(self._process)
            self._process.wait()
        shutil.rmtree(self._runtime, ignore_errors=True)
