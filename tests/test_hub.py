"""On a JupyterHub: addresses that the learner's browser can reach, pages behind its proxy, notebooks in its JupyterLab.

No hub is started here; tests/benchmarks/hub.py tries the course on one.
"""

from __future__ import annotations

import http.client
import json
import re
import sys
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urljoin

import pytest
from driving import SOLVED, Learner
from serving import BOUND, lay_solved, running
from test_lab import notebook

from workshop.commands import hub

PREFIX = "/user/jo/"
COPY = "notebooks/yours/stage1_echo.ipynb"


class Proxy(BaseHTTPRequestHandler):
    """A proxy that passes on what comes to /user/jo/proxy/PORT/, without that part of the path, and nothing else."""

    def do_GET(self) -> None:
        found = re.fullmatch(rf"{PREFIX}proxy/(\d+)(/.*)", self.path)
        if not found:
            self.send_error(404, "Not below the prefix")
            return
        length = int(self.headers.get("Content-Length", "0"))
        connection = http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=BOUND)
        fields = {**self.headers, "Connection": "close"}
        connection.request(self.command, found[2], self.rfile.read(length), fields)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


@pytest.fixture
def proxy() -> Iterator[str]:
    """The address of such a proxy."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def get(address: str, content: bytes | None = None) -> str:
    """The page at an address; with content, the answer to a form."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(address, content, timeout=BOUND) as answer:
        return str(answer.read().decode("utf-8"))


def one(pattern: str, page: str) -> str:
    """The part of a page that a pattern names; there is one."""
    (found,) = re.findall(pattern, page)
    return str(found)


@pytest.mark.parametrize("public", ["", "https://hub.example.org/user/jo/"])
@pytest.mark.parametrize("name", ["stage3_http", "stage3b_framing"])
def test_demo_behind_a_proxy(
    name: str, public: str, proxy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A demo takes any free port, prints the address behind the hub's proxy, and its links lead on there."""
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", PREFIX)
    monkeypatch.setenv("JUPYTERHUB_PUBLIC_URL", public)
    with running(lay_solved(tmp_path, name), "-m", f"exercises.{name}.demo") as (port, printed):
        assert port != 8080
        path = f"{PREFIX}proxy/{port}/"
        shown = f"    {urljoin(public, path)}\n"
        assert shown in printed, printed
        assert ("after the name of your hub" in printed) == (not public)
        first = f"{proxy}{path}"
        page = get(first)
        assert "<h1>What your browser asked</h1>" in page
        if name == "stage3_http":
            return
        assert f"    {urljoin(public, path)}form\n" in printed, printed
        second = urljoin(first, one('<a href="([^"]*)">Try', page))
        page = get(second)
        assert "<h1>A form</h1>" in page
        page = get(urljoin(second, one('action="([^"]*)"', page)), b"name=Zo")
        assert "<h1>What you sent</h1>" in page
        home = urljoin(second, one('<a href="([^"]*)">See', page))
        assert "<h1>What your browser asked</h1>" in get(home)


@pytest.mark.parametrize(
    ("environment", "shown"),
    [
        ({}, "http://127.0.0.1:1234/a.html"),
        (
            {"JUPYTERHUB_SERVICE_PREFIX": PREFIX},
            "/user/jo/proxy/1234/a.html, after the name of your hub",
        ),
        (
            {
                "JUPYTERHUB_SERVICE_PREFIX": PREFIX,
                "JUPYTERHUB_PUBLIC_URL": "https://h.example/user/jo/",
            },
            "https://h.example/user/jo/proxy/1234/a.html",
        ),
    ],
)
def test_address(environment: dict[str, str], shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address of what the tool serves, as the learner's browser needs it: `slides` prints this."""
    for name in ("JUPYTERHUB_SERVICE_PREFIX", "JUPYTERHUB_PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, text in environment.items():
        monkeypatch.setenv(name, text)
    assert hub.proxied("http://127.0.0.1:1234/a.html") == shown


@pytest.fixture
def on_hub(mini: Learner) -> dict[str, str]:
    """The environment of a terminal on a hub; the miniature course has a notebook."""
    (mini.root / "notebooks").mkdir()
    (mini.root / "notebooks" / "stage1_echo.ipynb").write_text(notebook(), "utf-8")
    home = mini.root.parent
    return {
        "HOME": str(home),
        "JUPYTERHUB_SERVICE_PREFIX": PREFIX,
        "JUPYTERHUB_PUBLIC_URL": "",
        "JUPYTER_SERVER_ROOT": str(home),
        "JUPYTER_DATA_DIR": str(home / "data"),
    }


def test_lab(mini: Learner, on_hub: dict[str, str]) -> None:
    """`lab` starts no second server: it makes a copy that the hub's own shows, with a kernel that finds the course."""
    outcome = mini.here("lab", "1", env=on_hub)
    assert outcome.code == 0, outcome.all
    path = f"/user/jo/lab/tree/{mini.root.name}/{COPY}"
    assert f"\n    {path}\n" in outcome.out, outcome.out
    assert "after the name of your hub" in outcome.out
    copy = json.loads(mini.path(COPY).read_text("utf-8"))
    assert copy["cells"][1]["outputs"] == []
    assert "](../../exercises/stage1_echo/README.md)" in "".join(copy["cells"][0]["source"])
    kernel = copy["metadata"]["kernelspec"]["name"]
    spec = mini.root.parent / "data" / "kernels" / kernel / "kernel.json"
    argv = json.loads(spec.read_text("utf-8"))["argv"]
    assert argv == [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    assert not mini.path(".workshop/notebooks").exists()
    assert not mini.path(".workshop/jupyter").exists()


def test_lab_keeps_a_copy(mini: Learner, on_hub: dict[str, str]) -> None:
    """What the learner did to the copy stays, until --fresh, which saves it."""
    mini.here("lab", "1", env=on_hub)
    mine = mini.path(COPY).read_text("utf-8").replace("And", "Mine")
    mini.write(mine, COPY)
    assert "--fresh" not in mini.here("lab", "1", env=on_hub).out
    assert mini.path(COPY).read_text("utf-8") == mine
    outcome = mini.here("lab", "1", "--fresh", env=on_hub)
    saved = outcome.out.partition("Your copy was saved as ")[2].partition(".\n")[0]
    assert mini.path(saved).read_text("utf-8") == mine, outcome.all
    assert "Mine" not in mini.path(COPY).read_text("utf-8")


def test_lab_out_of_reach(mini: Learner, on_hub: dict[str, str], tmp_path: Path) -> None:
    """A course outside the folder that the hub's JupyterLab shows cannot be opened there, and that is said."""
    mini.write(SOLVED)
    elsewhere = {**on_hub, "JUPYTER_SERVER_ROOT": str(mini.root / "exercises")}
    outcome = mini.here("lab", "1", env=elsewhere)
    assert outcome.code == 1 and "Move the course" in " ".join(outcome.err.split()), outcome.all
