"""The solved HTTP server in a process of its own, for clients that are not ours; and its modules, for tests in this one.

As a program, in a folder where the stage is laid out, it serves an answer that clients and benchmarks ask for:

    python tests/serving.py echo      says what was asked; the limit on content is 4 MiB
    python tests/serving.py narrow    the same, with the limits as they are if nobody says otherwise
    python tests/serving.py plain     a constant answer
    python tests/serving.py twisted   the same constant answer, by twisted.web.server.Site, which keeps no log

It prints the port that it took and its process's number, and serves until it is killed.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workshop.course import load
from workshop.course.solutions import answer
from workshop.runner.layout import lay

ROOT = Path(__file__).resolve().parent.parent
BOUND = 20
"""Seconds that anything here may take before it counts as hung."""
LARGE = bytes(range(256)) * 20_000
"""What /large answers: 5 MB, more than any buffer on the way holds."""
HELLO = b"Hello, wire.\n"
SERVER = b"wire"


def lay_solved(place: Path, name: str = "stage3b_framing") -> Path:
    """Put the course with that HTTP stage solved below ``place``; give the folder to run it in."""
    stage = load(ROOT).stage(name)
    lay(stage, place, answer(stage))
    return place


@contextlib.contextmanager
def running(place: Path, *command: str) -> Iterator[tuple[int, str]]:
    """A Python program in that folder, once it has said on which port it serves: that port, and what it printed."""
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=place,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={
            **os.environ,
            "PYTHONUTF8": "1",
            "PYTHONPATH": os.pathsep.join([str(place), str(ROOT)]),
        },
    )
    late = threading.Timer(BOUND, process.kill)
    late.start()
    try:
        assert process.stdout is not None
        printed = ""
        for line in process.stdout:
            printed += line
            found = re.search(r"127\.0\.0\.1:(\d+)", line)
            if found:
                late.cancel()
                yield int(found[1]), printed
                return
        raise AssertionError(f"{command} ended without a port, after: {printed!r}")
    finally:
        late.cancel()
        process.kill()
        process.communicate()


@contextlib.contextmanager
def server(place: Path, kind: str = "echo") -> Iterator[int]:
    """One of the servers below, in a process of its own: its port."""
    with running(place, __file__, kind) as (port, _):
        yield port


@functools.cache
def module(name: str, stage: str = "stage3b_framing") -> Any:
    """A module of a solved HTTP stage, imported under another package's name than the learner's own.

    The copy is laid out once a process. Its relative imports find their way wherever it is.
    """
    if stage not in _LAID:
        _LAID[stage] = tempfile.TemporaryDirectory(prefix="solved-")
        place = Path(_LAID[stage].name)
        lay_solved(place, stage)
        (place / "exercises").rename(place / f"solved_{stage}")
        sys.path.insert(0, str(place))
    return importlib.import_module(f"solved_{stage}.{stage}.{name}")


_LAID: dict[str, tempfile.TemporaryDirectory[str]] = {}


def echo(request: Any) -> Any:
    """A handler: a line that says what was asked, then the content."""
    from exercises.stage3b_framing.messages import Fields, Response

    text = Fields([(b"Content-Type", b"text/plain; charset=utf-8")])
    if request.target == b"/large":
        return Response(200, LARGE)
    if request.target == b"/nowhere":
        return Response(404, b"There is no such page.\n", text)
    line = b"%s %s %s\n" % (request.method, request.target, request.version)
    return Response(200, line + request.content, text)


def plain() -> Any:
    """Makes a handler: the same few bytes for everybody. Its fields are made once, as the demo's are."""
    from exercises.stage3b_framing.messages import Fields, Response

    fields = Fields([(b"Server", SERVER), (b"Content-Type", b"text/plain")])
    return lambda request: Response(200, HELLO, fields)


def factory(kind: str) -> Any:
    """What listens, by its name in the list above."""
    from twisted.internet import reactor

    if kind == "twisted":
        from twisted.web.resource import Resource
        from twisted.web.server import Site

        class Hello(Resource):
            isLeaf = True

            def render_GET(self, request: Any) -> bytes:
                request.setHeader(b"Server", SERVER)
                request.setHeader(b"Content-Type", b"text/plain")
                return HELLO

        class Quiet(Site):
            def log(self, request: Any) -> None:
                """Without a logPath, Site would still format a line for each request, and send it to Twisted's log."""

        return Quiet(Hello())

    from exercises.stage3b_framing.messages import Limits
    from exercises.stage3b_framing.server import HTTPFactory

    if kind == "echo":
        return HTTPFactory(echo, reactor, limits=Limits(content=4 * 1024 * 1024))
    return HTTPFactory(plain() if kind == "plain" else echo, reactor)


def main() -> None:
    """Serve until killed."""
    from twisted.internet import reactor

    port = reactor.listenTCP(0, factory(sys.argv[1]), interface="127.0.0.1")
    print(f"127.0.0.1:{port.getHost().port} {os.getpid()}", flush=True)
    reactor.run()


if __name__ == "__main__":
    main()
