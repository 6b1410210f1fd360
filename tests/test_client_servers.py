"""The solved HTTP client, and every other right answer, against servers: the course's own, and three that are not."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import asking
import pytest
from asking import MEBIBYTE, PAGE
from serving import BOUND, LARGE, ROOT, lay_solved, running, server

from workshop.course import load
from workshop.course.solutions import answer
from workshop.judge.programs import right_answers
from workshop.runner.layout import lay

STAGE = load(ROOT).stage("stage6_client")
# Debian has it where only root looks.
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


@dataclass
class Server:
    """A server of ours to ask: where it is, and the Response to be had for each request.

    ``pages``: what to ask for (method, path, content), and the status and content that it gives.
    """

    port: int
    pages: dict[tuple[str, str, bytes], tuple[int, bytes]]


@pytest.fixture(scope="module", params=right_answers(STAGE))
def client(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the stage and a right answer in it."""
    place = tmp_path_factory.mktemp("client")
    lay(STAGE, place, {**answer(STAGE), **right_answers(STAGE)[request.param]})
    return place


def ask(place: Path, *asked: tuple[str, str, bytes]) -> list[dict[str, Any]]:
    """What the client in that folder gets for each (method, URL, content). It has left nothing open."""
    words = [(method, url, content.decode("latin-1")) for method, url, content in asked]
    said = asking.said(place, "ask", words, 3 * BOUND)
    assert said["left"] == []
    results: list[dict[str, Any]] = said["results"]
    return results


def check(place: Path, server: Server) -> None:
    """Ask for every page of a server, all at once, twice."""
    asked = [*server.pages] * 2
    url = f"http://127.0.0.1:{server.port}"
    results = ask(place, *[(method, url + path, content) for method, path, content in asked])
    for request, got in zip(asked, results, strict=True):
        assert "failed" not in got, (request, got)
        status, content = server.pages[request]
        assert got["status"] == status, (request, got)
        # Compared first: the difference between two long texts takes minutes to find.
        same = got["content"].encode("latin-1") == content
        assert same, (request, got["content"][:1000])


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server of stage3b_framing, as it is solved."""
    with server(lay_solved(tmp_path_factory.mktemp("solved"))) as port:
        pages = {
            ("GET", "/a?b=c", b""): (200, b"GET /a?b=c HTTP/1.1\n"),
            ("GET", "/large", b""): (200, LARGE),
            ("HEAD", "/large", b""): (200, b""),
            ("GET", "/nowhere", b""): (404, b"There is no such page.\n"),
            ("POST", "/b", MEBIBYTE): (200, b"POST /b HTTP/1.1\n" + MEBIBYTE),
            ("DELETE", "/c", b""): (200, b"DELETE /c HTTP/1.1\n"),
        }
        yield Server(port, pages)


def test_ours(client: Path, ours: Server) -> None:
    """The client of stage 6 and the server of stage 3b understand each other."""
    check(client, ours)


def test_by_name(client: Path, ours: Server) -> None:
    """A host may be a name, which is looked up."""
    (got,) = ask(client, ("GET", f"http://localhost:{ours.port}/a", b""))
    assert got.get("content") == "GET /a HTTP/1.1\n", got


def test_by_ipv6_address(client: Path) -> None:
    """So may an IPv6 address, where the machine has IPv6."""
    with socket.socket(socket.AF_INET6) as listening:
        try:
            listening.bind(("::1", 0))
        except OSError:
            pytest.skip("This machine has no IPv6.")
        listening.listen()

        def serve() -> None:
            one, _ = listening.accept()
            with one:
                one.recv(1000)
                one.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc")

        threading.Thread(target=serve, daemon=True).start()
        (got,) = ask(client, ("GET", f"http://[::1]:{listening.getsockname()[1]}/", b""))
    assert got.get("content") == "abc", got


def test_refused(client: Path) -> None:
    """A port that is taken by a socket which does not listen refuses: a ConnectError."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        (got,) = ask(client, ("GET", f"http://127.0.0.1:{taken.getsockname()[1]}/", b""))
    assert "twisted.internet.error.ConnectError" in got["failed"]


def files(place: Path) -> dict[tuple[str, str, bytes], tuple[int, bytes]]:
    """Write files for a server to serve; the pages that they make."""
    (place / "folder").mkdir()
    for name, content in (("page", PAGE), ("large", MEBIBYTE), ("empty", b"")):
        (place / f"{name}.txt").write_bytes(content)
    (place / "folder" / "index.html").write_bytes(PAGE)
    return {
        ("GET", "/page.txt", b""): (200, PAGE),
        ("GET", "/large.txt", b""): (200, MEBIBYTE),
        ("HEAD", "/large.txt", b""): (200, b""),
        ("GET", "/empty.txt", b""): (200, b""),
        # A redirect, to the same with a slash.
        ("GET", "/folder", b""): (200, PAGE),
    }


class Handler(SimpleHTTPRequestHandler):
    """Python's own server of files, and a few paths at which it frames its answers otherwise."""

    def do_GET(self) -> None:
        parts = {
            "/keeps": [("Content-Length", str(len(PAGE)))],
            "/chunked": [("Transfer-Encoding", "chunked")],
            "/closes": [],
        }
        if self.path not in parts:
            return super().do_GET()
        self.send_response(200)
        for field in parts[self.path]:
            self.send_header(*field)
        self.end_headers()
        if self.path == "/chunked":
            for n in range(0, len(PAGE), 7):
                self.wfile.write(b"%x;n=%d\r\n%s\r\n" % (len(PAGE[n : n + 7]), n, PAGE[n : n + 7]))
            self.wfile.write(b"0\r\nTrailer: t\r\n\r\n")
        else:
            self.wfile.write(PAGE)
        # A server that does not do as it is asked: only the client's close ends this connection.
        self.close_connection = self.path == "/closes"

    def log_message(self, *words: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module", params=["HTTP/1.0", "HTTP/1.1"])
def python(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Python's http.server. Its end waits for each of its connections."""
    place = tmp_path_factory.mktemp("python")
    pages = {**files(place), **{("GET", f"/{p}", b""): (200, PAGE) for p in ("keeps", "closes")}}
    if request.param == "HTTP/1.1":
        pages["GET", "/chunked", b""] = (200, PAGE)

    class Here(Handler):
        protocol_version = request.param
        timeout = BOUND

        def __init__(self, *words: Any) -> None:
            super().__init__(*words, directory=str(place))

    with ThreadingHTTPServer(("127.0.0.1", 0), Here) as httpd:
        httpd.daemon_threads = False
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield Server(httpd.server_address[1], pages)
        httpd.shutdown()
        thread.join()


def test_python(client: Path, python: Server) -> None:
    """http.server: lengths, chunks, content until the end, a connection kept open, a redirect."""
    check(client, python)


@pytest.fixture(scope="module")
def twisted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """twisted.web, with a resource for each way in which an answer ends."""
    with running(tmp_path_factory.mktemp("twisted"), asking.__file__, "serve") as (port, _):
        pages = {
            ("GET", "/page", b""): (200, PAGE),
            ("HEAD", "/page", b""): (200, b""),
            ("GET", "/large", b""): (200, MEBIBYTE),
            ("GET", "/chunked", b""): (200, PAGE * 100),
            ("GET", "/empty", b""): (204, b""),
            ("POST", "/echo", MEBIBYTE): (200, MEBIBYTE),
            ("GET", "/moved", b""): (200, PAGE),
            ("HEAD", "/moved", b""): (200, b""),
            ("POST", "/moved", b"x"): (302, b""),
        }
        yield Server(port, pages)


def test_twisted(client: Path, twisted: Server) -> None:
    """twisted.web: lengths, chunks, no content, redirects."""
    check(client, twisted)
    (got,) = ask(client, ("GET", f"http://127.0.0.1:{twisted.port}/loop", b""))
    assert got["failed"][0].endswith(".messages.TooManyRedirects"), got


CONFIGURATION = """
daemon off;
worker_processes 1;
pid {place}/pid;
error_log {place}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log off;
    default_type text/plain;
    client_body_temp_path {place}/body;
    proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi;
    uwsgi_temp_path {place}/uwsgi;
    scgi_temp_path {place}/scgi;
    server {{
        listen 127.0.0.1:{port};
        root {place}/pages;
        # What passes through this filter has a length that is not known before.
        location /chunked/ {{ alias {place}/pages/; ssi on; ssi_types text/plain; }}
        location /nothing {{ return 204; }}
        location /moved {{ return 301 page.txt; }}
    }}
}}
"""


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """nginx, on a socket that it is handed, as when one nginx takes over from another: so no port is ever guessed."""
    assert NGINX, "nginx is not installed"
    place = tmp_path_factory.mktemp("nginx")
    (place / "pages").mkdir()
    pages = files(place / "pages")
    pages["GET", "/chunked/page.txt", b""] = (200, PAGE)
    pages["GET", "/chunked/large.txt", b""] = (200, MEBIBYTE)
    pages["HEAD", "/chunked/page.txt", b""] = (200, b"")
    pages["GET", "/nothing", b""] = (204, b"")
    pages["GET", "/moved", b""] = (200, PAGE)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        # Else root's workers would be nobody's, who may not read these files.
        user = "user root;" if os.getuid() == 0 else ""
        (place / "nginx.conf").write_text(user + CONFIGURATION.format(place=place, port=port))
        process = subprocess.Popen(
            [NGINX, "-p", str(place), "-c", str(place / "nginx.conf")],
            env={**os.environ, "NGINX": f"{listening.fileno()};"},
            pass_fds=[listening.fileno()],
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            yield Server(port, pages)
        finally:
            # It ends its worker first.
            process.terminate()
            try:
                process.wait(BOUND)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


# In CI its absence is a failure, not a skip.
@pytest.mark.skipif(not NGINX and not os.environ.get("CI"), reason="nginx is not installed")
@pytest.mark.skipif(sys.platform != "linux", reason="drives the nginx of Linux")
def test_nginx(client: Path, nginx: Server) -> None:
    """nginx: lengths, chunks, no content, redirects, and a page that it writes for a 404."""
    check(client, nginx)
    (got,) = ask(client, ("GET", f"http://127.0.0.1:{nginx.port}/nowhere", b""))
    assert got["status"] == 404 and "nginx" in got["content"], got
