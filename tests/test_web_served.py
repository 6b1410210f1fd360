"""The command `web`: the page on 127.0.0.1, as a browser gets it."""

from __future__ import annotations

import gzip
import http.client
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from driving import TOOL, Learner, assert_loopback_only, posix

from workshop.web.serve import PORT, TYPES

ROOT = Path(__file__).resolve().parent.parent
BOUND = 60
"""Seconds that anything here may take."""

SERVE = """
import sys
from pathlib import Path
from workshop.commands.serving import serve
from workshop.web.serve import site
serve(site(Path(sys.argv[1])), 0, lambda address: print(address, flush=True))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of static files."""
    folder = tmp_path_factory.mktemp("static")
    (folder / "page").mkdir()
    for name in ("index.html", "page/a.js", "page/a.mjs", "a.css", "a.json", "a.wasm", "a.txt"):
        (folder / name).write_bytes(name.encode() * 1000)
    (folder / "a.pack").write_bytes(b"x" * 1000)
    (folder.parent / "secret.txt").write_text("secret")
    return folder


@pytest.fixture(scope="module")
def port(folder: Path) -> Iterator[int]:
    """The port where that folder is served."""
    command = [sys.executable, "-c", SERVE, str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline().strip().rstrip("/").rpartition(":")[2])
        finally:
            process.kill()


def ask(
    port: int, path: str, method: str = "GET", **fields: str
) -> tuple[int, dict[str, str], bytes]:
    """The status, fields and content of a response."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=BOUND)
    try:
        connection.request(
            method, path, headers={name.replace("_", "-"): text for name, text in fields.items()}
        )
        response = connection.getresponse()
        return (
            response.status,
            {n.lower(): text for n, text in response.getheaders()},
            response.read(),
        )
    finally:
        connection.close()


@pytest.mark.parametrize("name", ["index.html", "page/a.js", "a.css", "a.json", "a.wasm", "a.txt"])
def test_compressed(port: int, folder: Path, name: str) -> None:
    """A browser that takes gzip gets less, of the right type; another gets the file as it is."""
    data = (folder / name).read_bytes()
    for _ in range(2):
        status, fields, content = ask(port, f"/{name}", Accept_Encoding="br, gzip;q=0.8")
        assert (status, fields["content-encoding"]) == (200, "gzip")
        assert gzip.decompress(content) == data
        assert len(content) == int(fields["content-length"]) < len(data)
        assert fields["content-type"] == TYPES[Path(name).suffix]
        assert fields["x-content-type-options"] == "nosniff"
    for accepted in ("identity", "gzip;q=0"):
        status, fields, content = ask(port, f"/{name}", Accept_Encoding=accepted)
        assert "content-encoding" not in fields
        assert (content, fields["vary"]) == (data, "Accept-Encoding")


def test_types() -> None:
    """A browser runs a module, and compiles WebAssembly while it arrives, only with these types."""
    assert TYPES[".mjs"].startswith("text/javascript")
    assert TYPES[".wasm"] == "application/wasm"


def test_packed_already(port: int) -> None:
    """What cannot get smaller is not compressed again."""
    _, fields, content = ask(port, "/a.pack", Accept_Encoding="gzip")
    assert "content-encoding" not in fields and content == b"x" * 1000


def test_asked_again(port: int) -> None:
    """A browser asks each time whether a file is the same, and does not get it twice."""
    for accepted in ("gzip", "identity"):
        _, fields, _ = ask(port, "/a.wasm", Accept_Encoding=accepted)
        assert fields["cache-control"] == "no-cache"
        again = ask(port, "/a.wasm", Accept_Encoding=accepted, If_None_Match=fields["etag"])
        assert (again[0], again[2]) == (304, b"")


def test_the_index(port: int, folder: Path) -> None:
    """The address alone shows index.html; HEAD has the same fields, and no content."""
    index = (folder / "index.html").read_bytes()
    assert ask(port, "/")[2] == ask(port, "/?x=1")[2] == index
    status, fields, content = ask(port, "/", "HEAD")
    assert (status, fields["content-length"], content) == (200, str(len(index)), b"")


@pytest.mark.parametrize(
    "path",
    [
        "/none",
        "/page",
        "/page/",
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/page/../../secret.txt",
        "/%ff",
    ],
)
def test_not_there(port: int, path: str) -> None:
    """Nothing but the folder's own files is served."""
    status, _, content = ask(port, path)
    assert status == 404 and b"secret" not in content.replace(path.encode(), b"")


def test_other_methods(port: int) -> None:
    """Nothing can be sent to it."""
    for method in ("POST", "PUT", "DELETE"):
        assert ask(port, "/", method)[0] in (405, 501)


def test_a_later_build_does_not_mix(folder: Path) -> None:
    """What a running server serves is of one version, though the files have changed meanwhile."""
    command = [sys.executable, "-c", SERVE, str(folder)]
    before = (folder / "a.txt").read_bytes()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline().strip().rstrip("/").rpartition(":")[2])
            (folder / "a.txt").write_bytes(b"newer")
            assert ask(port, "/a.txt")[2] == before
        finally:
            process.kill()
            (folder / "a.txt").write_bytes(before)


@posix
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_the_command(web_folder: Path, stop: signal.Signals) -> None:
    """It prints the address on 127.0.0.1, serves the page until it is stopped, and ends well."""
    command = [*TOOL, "web", "--port", "0", "--no-browser"]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline().decode()
        assert line.startswith("The course is at http://127.0.0.1:"), line
        port = int(line.split()[4].rstrip("/").rpartition(":")[2])
        assert_loopback_only(port)
        assert ask(port, "/")[2] == (web_folder / "index.html").read_bytes()
        process.send_signal(stop)
        _, err = process.communicate(timeout=BOUND)
        assert b"Traceback" not in err, err
    finally:
        process.kill()
        process.communicate()
    assert process.returncode in (0, -stop, 130)


def test_a_port_that_is_taken(web_folder: Path) -> None:
    """It names the port; the default is always the same, since a browser keeps work by the address."""
    assert PORT
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        done = subprocess.run(
            [*TOOL, "web", "--port", str(taken), "--no-browser"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=BOUND,
        )
    assert done.returncode == 2
    assert done.stderr.startswith(f"Port {taken} is not available"), done.stderr


def test_an_offline_folder_needs_no_npm(mini: Learner) -> None:
    """In a folder that `offline` has made with the page in it, that page is served, and nothing is built."""
    (mini.root / "browser").mkdir()
    (mini.root / "browser" / "index.html").write_text("ready made")
    process = mini.start(
        *("web", "--port", "0", "--no-browser"),
        env={"PATH": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline().decode()
        port = int(line.split()[4].rstrip("/").rpartition(":")[2])
        assert ask(port, "/")[2] == b"ready made"
    finally:
        process.kill()
        process.communicate()
