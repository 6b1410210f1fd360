"""The solved HTTP server, asked by clients that are not ours: Python's http.client, and curl."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from serving import BOUND, LARGE, lay_solved, server

pytestmark = pytest.mark.filterwarnings("error")

# In CI its absence is a failure, not a skip.
needs_curl = pytest.mark.skipif(
    not shutil.which("curl") and not os.environ.get("CI"), reason="curl is not installed"
)
WORDS = "Grüße, 世界.\n".encode()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The course with the stage solved."""
    return lay_solved(tmp_path_factory.mktemp("solved"))


@pytest.fixture(scope="module")
def port(place: Path) -> Iterator[int]:
    """A server that says what it was asked."""
    with server(place) as port:
        yield port


@contextlib.contextmanager
def connection(port: int) -> Iterator[http.client.HTTPConnection]:
    """A connection of http.client, which keeps it open from one request to the next."""
    one = http.client.HTTPConnection("127.0.0.1", port, timeout=BOUND)
    with contextlib.closing(one):
        one.connect()
        yield one


def ask(one: http.client.HTTPConnection, *words: object, **more: object) -> tuple[int, bytes]:
    """Ask; give the status and the content. The connection must be the one that was opened."""
    socket = one.sock
    one.request(*words, **more)  # type: ignore[arg-type]
    response = one.getresponse()
    content = response.read()
    assert one.sock is socket, f"{words}: the connection was closed, or made anew"
    return response.status, content


def test_keep_alive(port: int) -> None:
    """http.client: many requests of all kinds go over one connection, a 404 among them."""
    with connection(port) as one:
        for n in range(5):
            line = f"GET /a?n={n} HTTP/1.1\n".encode()
            assert ask(one, "GET", f"/a?n={n}") == (200, line)
        assert ask(one, "GET", "/nowhere") == (404, b"There is no such page.\n")
        assert ask(one, "POST", "/b", b"x" * 1000) == (200, b"POST /b HTTP/1.1\n" + b"x" * 1000)
        assert ask(one, "DELETE", "/c") == (200, b"DELETE /c HTTP/1.1\n")


def test_head(port: int) -> None:
    """http.client: HEAD has the length that GET would have, and no content, and the next answer is not mistaken for it."""
    with connection(port) as one:
        one.request("HEAD", "/large")
        response = one.getresponse()
        assert response.getheader("Content-Length") == str(len(LARGE))
        assert response.read() == b""
        assert ask(one, "GET", "/a") == (200, b"GET /a HTTP/1.1\n")


def test_post(port: int) -> None:
    """http.client: content with a Content-Length comes as it was sent, and so does none at all."""
    with connection(port) as one:
        for content in (WORDS, b"", bytes(range(256)) * 1000, b"\r\n\r\nGET / HTTP/1.1\r\n\r\n"):
            assert ask(one, "POST", "/b", content) == (200, b"POST /b HTTP/1.1\n" + content)


def test_post_chunked(port: int) -> None:
    """http.client: content in chunks of any size comes as it was sent."""
    pieces = [b"a", b"bc" * 5000, b"0\r\n\r\n", WORDS]
    with connection(port) as one:
        for _ in range(3):
            status, content = ask(one, "POST", "/b", iter(pieces), encode_chunked=True)
            assert (status, content) == (200, b"POST /b HTTP/1.1\n" + b"".join(pieces))


def test_large_answer(port: int) -> None:
    """http.client: an answer of 5 MB comes whole, twice over one connection."""
    with connection(port) as one:
        for _ in range(2):
            status, content = ask(one, "GET", "/large")
            assert status == 200
            assert content == LARGE


def test_http_1_0(port: int) -> None:
    """http.client as a client of HTTP/1.0 gets its answer, and the end of the connection."""

    class Old(http.client.HTTPConnection):
        _http_vsn, _http_vsn_str = 10, "HTTP/1.0"

    with contextlib.closing(Old("127.0.0.1", port, timeout=BOUND)) as one:
        one.request("GET", "/a")
        response = one.getresponse()
        assert (response.read(), response.getheader("Connection")) == (
            b"GET /a HTTP/1.0\n",
            "close",
        )


def curl(*words: str, send: bytes = b"") -> tuple[bytes, str]:
    """curl with these words: what it gives, and what it prints with --verbose."""
    done = subprocess.run(
        ["curl", "--silent", "--show-error", "--verbose", "--noproxy", "*", *words],
        input=send,
        capture_output=True,
        timeout=BOUND,
    )
    reported = done.stderr.decode("utf-8", "replace")
    assert done.returncode == 0, reported
    return done.stdout, reported


def lines(reported: str, mark: str) -> list[str]:
    """The lines that curl sent (>) or got (<)."""
    return [line[2:].strip() for line in reported.splitlines() if line.startswith(mark + " ")]


@needs_curl
def test_curl_get(port: int) -> None:
    """curl: GET, with the fields that a response must have; the connection is left open."""
    content, reported = curl(f"http://127.0.0.1:{port}/a?b=c")
    assert content == b"GET /a?b=c HTTP/1.1\n"
    got = lines(reported, "<")
    assert got[0] == "HTTP/1.1 200 OK"
    assert "Content-Type: text/plain; charset=utf-8" in got
    assert f"Content-Length: {len(content)}" in got
    assert any(line.startswith("Date: ") for line in got)
    assert "left intact" in reported


@needs_curl
def test_curl_head(port: int) -> None:
    """curl: HEAD, and a GET after it on the same connection."""
    url = f"http://127.0.0.1:{port}"
    content, reported = curl("--head", f"{url}/large")
    assert b"Content-Length: %d\r\n" % len(LARGE) in content
    assert content.endswith(b"\r\n\r\n")
    assert "left intact" in reported


@needs_curl
def test_curl_form(port: int) -> None:
    """curl: a form is posted."""
    words = ("--data-urlencode", "name=Grüße & <b>", "--data-urlencode", "x=")
    content, reported = curl(*words, f"http://127.0.0.1:{port}/form")
    line, _, form = content.decode("ascii").partition("\n")
    assert line == "POST /form HTTP/1.1"
    # Some versions of curl send a space as +, others as %20.
    pairs = parse_qsl(form, keep_blank_values=True)
    assert pairs == [("name", "Grüße & <b>"), ("x", "")]
    assert "Content-Type: application/x-www-form-urlencoded" in lines(reported, ">")


@needs_curl
def test_curl_chunked(port: int) -> None:
    """curl: an upload whose length it does not know comes in chunks."""
    sent = WORDS * 50_000
    content, reported = curl("--upload-file", "-", f"http://127.0.0.1:{port}/up", send=sent)
    assert "Transfer-Encoding: chunked" in lines(reported, ">")
    assert content == b"PUT /up HTTP/1.1\n" + sent


@needs_curl
def test_curl_expect(port: int) -> None:
    """curl: before it sends much, it asks for leave, and gets it at once: one 100, then the answer."""
    sent = bytes(range(256)) * 8192
    content, reported = curl("--data-binary", "@-", f"http://127.0.0.1:{port}/up", send=sent)
    assert "Expect: 100-continue" in lines(reported, ">")
    statuses = [line for line in lines(reported, "<") if line.startswith("HTTP/")]
    assert statuses == ["HTTP/1.1 100 Continue", "HTTP/1.1 200 OK"]
    assert content == b"POST /up HTTP/1.1\n" + sent


@needs_curl
def test_curl_too_much(place: Path) -> None:
    """curl: where the content is more than the limit, it gets a 413 instead of leave, and sends nothing."""
    with server(place, "narrow") as narrow:
        words = ("--data-binary", "@-", "--write-out", "%{size_upload}")
        url = f"http://127.0.0.1:{narrow}/up"
        content, reported = curl(*words, url, send=b"x" * 2_000_000)
    statuses = [line for line in lines(reported, "<") if line.startswith("HTTP/")]
    # Its phrase is another one in later versions of Python.
    assert [status[:12] for status in statuses] == ["HTTP/1.1 413"]
    assert content == b"0"


@needs_curl
def test_curl_one_connection(port: int) -> None:
    """curl: two URLs are asked for over one connection."""
    url = f"http://127.0.0.1:{port}"
    content, _ = curl("--write-out", "%{num_connects}\n", f"{url}/a", f"{url}/b")
    assert content == b"GET /a HTTP/1.1\n1\nGET /b HTTP/1.1\n0\n"


@needs_curl
def test_curl_1_0(port: int) -> None:
    """curl: HTTP/1.0, with and without a Host, gets its answer and a close."""
    for words in ([], ["--header", "Host:"]):
        content, reported = curl("--http1.0", *words, f"http://127.0.0.1:{port}/a")
        assert content == b"GET /a HTTP/1.0\n"
        assert "Closing connection" in reported
        assert "Connection: close" in lines(reported, "<")
