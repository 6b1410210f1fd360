"""JupyterLab on the learner's own copies of the notebooks: which one, the copies, the server and its end.

The copies lie in .workshop/notebooks/, without outputs, so that a cell shows nothing before it is run, and nothing that git
knows is changed. All that Jupyter and IPython remember lies in .workshop/jupyter/: no setting of the learner's is read or
changed, and two learners on one machine do not meet.
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
STATE = ".workshop/jupyter"
MARK = "trial_by_wire"
"""What a copy's metadata have the fingerprint of its original under."""
START, STOP = 90.0, 15.0
"""Seconds that the server may take to begin, and to end."""
# How JupyterLab begins; what the learner changes there is kept. It asks nobody for news, and shows a README as text to read.
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "docmanager-extension/plugin": {"defaultViewers": {"markdown": "Markdown Preview"}},
}


class LabError(Exception):
    """Why there is no JupyterLab, in a sentence or two."""


def choose(course: Course, stage: Stage) -> Path:
    """The stage's notebook; where it has none, the nearest one before; where there is none before, the first.

    Raises:
        LabError: the course has no notebooks.
    """
    folder = course.root / "notebooks"
    pages = [folder / f"{one.name}.ipynb" for one in course.stages]
    at = course.stages.index(stage)
    there = [page for page in [*reversed(pages[: at + 1]), *pages] if page.is_file()]
    if not there:
        raise LabError(f"There are no notebooks in {folder}.")
    return there[0]


def copied(text: str) -> str:
    """A notebook as a learner's copy: without outputs, with links that hold one folder deeper."""
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell.update(outputs=[], execution_count=None)
        else:
            source = cell["source"]
            lines = [source] if isinstance(source, str) else source
            cell["source"] = [re.sub(r"\]\((?=\.\./)", "](../", line) for line in lines]
    notebook["metadata"][MARK] = fingerprint(text.encode())
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def is_of(copy: Path, page: Path) -> bool:
    """Whether a copy was made of this notebook as it stands. One that cannot be read was not."""
    try:
        mark = json.loads(copy.read_text("utf-8"))["metadata"][MARK]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return bool(mark == fingerprint(page.read_bytes()))


def lay(course: Course) -> None:
    """Make a copy of each notebook that has none."""
    for page in visible(course.root / "notebooks", "*.ipynb"):
        copy = course.root / COPIES / page.name
        if not copy.exists():
            write(copy, copied(page.read_text("utf-8")).encode())


def renew(course: Course, page: Path) -> Path | None:
    """Make a notebook's copy anew. Gives the folder in which the one before was saved; None where there was none."""
    return replace(course, {f"{COPIES}/{page.name}": copied(page.read_text("utf-8")).encode()})


class Lab:
    """JupyterLab on this machine only, in a process of its own, on a notebook whose copy has been laid.

    As a context manager: it is there on entering, and over on leaving, with all that it has started.
    """

    def __init__(self, root: Path, name: str, browser: bool = True, port: int = 0) -> None:
        """name: the copy's. browser: whether to open it in one. port: 0 takes any that is free."""
        self.root = root
        self.page = f"{COPIES}/{name}"
        self.browser = browser
        self.port = port
        self.log = root / STATE / "log"
        self._info: dict[str, Any] = {}

    @property
    def address(self) -> str:
        """What to open in a browser. It has a secret in it, by which the server knows the learner."""
        return f"{self._info['url']}lab/tree/{quote(self.page)}?token={self._info['token']}"

    def __enter__(self) -> Lab:
        """Start the server, and wait until it listens.

        Raises:
            LabError: it ended, or took too long.
        """
        self._lay_settings()
        # Not below the course's folder: secrets that nobody else can read are not to be had on every file system.
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
            # Only this machine can reach it; and in a container, root is all there is.
            "ServerApp.allow_root": True,
            "ContentsManager.allow_hidden": True,
            # It would start what it finds to ask for language servers, npm among others.
            "LanguageServerManager.autodetect": False,
            "LabApp.default_url": f"/lab/tree/{quote(self.page)}",
            "LabApp.extension_manager": "readonly",
            "LabApp.news_url": None,
        }
        words = [f"--{name}={value}" for name, value in options.items()]
        return [sys.executable, "-m", "jupyterlab", *words]

    def _environment(self) -> dict[str, str]:
        """The learner's own, but for where Jupyter and IPython look, and where Python finds the course."""
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
            # Else each start would open all that was open before, each notebook with a kernel.
            "JUPYTERLAB_WORKSPACES_DIR": str(self._runtime / "workspaces"),
            # The kernel named python3 is this environment's, not one that was installed elsewhere under that name.
            "JUPYTER_PREFER_ENV_PATH": "1",
        }

    def _await_it(self) -> None:
        """Wait until the server answers."""
        deadline = time.monotonic() + START
        # It writes where it is to be found before it listens there.
        while not (self._found() and self._request("GET", "/api/status") == 200):
            if self._process.poll() is not None:
                raise LabError(f"JupyterLab ended at once. What it said is in {self._log_name}.")
            if time.monotonic() > deadline:
                raise LabError(
                    f"JupyterLab did not start in {START:g} s. What it said is in {self._log_name}."
                )
            time.sleep(0.05)

    def _found(self) -> bool:
        """Whether the server has written where it is to be found."""
        for path in self._runtime.glob("jpserver-*.json"):
            with contextlib.suppress(ValueError):  # half written
                self._info = json.loads(path.read_text("utf-8"))
        return bool(self._info)

    def _request(self, method: str, path: str) -> int:
        """Ask the server for something. Gives the answer's status; 0 where there is no answer in 5 s."""
        connection = http.client.HTTPConnection("127.0.0.1", self._info["port"], timeout=5)
        try:
            headers = {"Authorization": f"token {self._info['token']}"}
            connection.request(method, path, headers=headers)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()

    @property
    def _log_name(self) -> str:
        return self.log.relative_to(self.root).as_posix()

    def wait(self) -> int:
        """Wait until the server ends by itself, as it does when the learner shuts it down in the browser: its exit code."""
        while (code := self._process.poll()) is None:
            # On Windows, a wait without a bound would not notice Ctrl-C.
            time.sleep(0.2)
        return code

    def __exit__(self, *_: object) -> None:
        """Ask the server to end, with its kernels; make it, where it does not."""
        if self._info and self._process.poll() is None:
            # The same on every system; a signal would be a plain kill on Windows. It may end before it has answered.
            self._request("POST", "/api/shutdown")
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP)
        if self._process.poll() is None:
            end_group(self._process)
            self._process.wait()
        shutil.rmtree(self._runtime, ignore_errors=True)
