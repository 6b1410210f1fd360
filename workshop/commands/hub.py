"""On a JupyterHub: addresses that the learner's browser can reach, and notebooks in the JupyterLab that runs there.

The browser is on another machine than the course. It reaches the learner's own Jupyter server below a path of the hub,
and other servers through the extension jupyter-server-proxy, below proxy/PORT/ of that path.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from urllib.parse import quote

from workshop.course.files import write
from workshop.notebook.lab import KERNEL, LabError

PREFIX = "JUPYTERHUB_SERVICE_PREFIX"
PUBLIC = "JUPYTERHUB_PUBLIC_URL"
"""The same with the hub's own name before it, if its configuration has that."""
AFTER = ", after the name of your hub"


def is_hub() -> bool:
    """Return whether this runs on a hub."""
    return bool(os.environ.get(PREFIX))


def below(path: str) -> tuple[str, str]:
    """Return the address of a path of the learner's server, and what has to be said about it."""
    public = os.environ.get(PUBLIC)
    return f"{public or os.environ[PREFIX]}{path}", "" if public else AFTER


def proxied(address: str) -> str:
    """Return the address of a local server as the learner's browser needs it."""
    if not is_hub():
        return address
    _, _, rest = address.partition("127.0.0.1:")
    return "".join(below(f"proxy/{rest}"))


def in_lab(copy: Path) -> tuple[str, str]:
    """Return a notebook's address in the JupyterLab of the hub, and what has to be said about it.

    Raises:
        LabError: It is outside the folder that JupyterLab shows.
    """
    # The first is what a terminal in JupyterLab has.
    names = ("JUPYTER_SERVER_ROOT", "JUPYTERHUB_ROOT_DIR", "HOME")
    shown = Path(next(filter(None, map(os.environ.get, names)), "/")).resolve()
    if not copy.resolve().is_relative_to(shown):
        raise LabError(f"Your JupyterLab shows only what is in {shown}. Move the course there.")
    return below(f"lab/tree/{quote(copy.resolve().relative_to(shown).as_posix())}")


def write_kernel() -> None:
    """Let the learner's Jupyter know of a kernel that finds the course: this Python."""
    from jupyter_core.paths import jupyter_data_dir

    spec = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": KERNEL["display_name"],
        "language": KERNEL["language"],
        "metadata": {"debugger": True},
    }
    path = Path(jupyter_data_dir(), "kernels", KERNEL["name"], "kernel.json")
    write(path, json.dumps(spec, indent=1).encode())
