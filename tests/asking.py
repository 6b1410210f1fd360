"""The solved HTTP client in a process of its own, and a server for it that is not ours, by twisted.web.

python tests/asking.py ask     in a folder where stage6_client is laid out: asks what standard input says, all at once,
                               and prints what came of it
python tests/asking.py play    there, with no network: plays the server for what standard input says, and prints the same
python tests/asking.py serve   serves on a port that it prints, until it is killed
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent

PAGE = "Grüße, 世界.\r\n\r\nA second paragraph.\n".encode()
MEBIBYTE = bytes(range(256)) * 4096


def said(place: Path, command: str, words: object, seconds: float) -> Any:
    """What this program says to these words in a folder where the stage is laid out."""
    done = subprocess.run(
        [sys.executable, __file__, command],
        cwd=place,
        input=json.dumps(words),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=seconds,
        env={
            **os.environ,
            "PYTHONUTF8": "1",
            "PYTHONPATH": os.pathsep.join([str(place), str(ROOT)]),
        },
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


async def ask(reactor: Any) -> None:
    """Ask what standard input says; print what came of it, and what was left of it."""
    from twisted.internet.defer import Deferred, DeferredList
    from twisted.internet.task import deferLater

    from exercises.stage6_client.client import Client

    one = Client()

    async def result(method: str, url: str, content: str) -> dict[str, Any]:
        try:
            got = await one.request(method, url, content=content.encode("latin-1"))
        except Exception as error:
            return {"failed": [f"{c.__module__}.{c.__qualname__}" for c in type(error).__mro__]}
        return {"status": got.status, "content": got.content.decode("latin-1")}

    asked = json.load(sys.stdin)
    results = [Deferred.fromCoroutine(result(*words)) for words in asked]
    done = await DeferredList(results, fireOnOneErrback=True, consumeErrors=True)
    for _ in range(200):
        # A connection that is asked to close does so in one of the reactor's next turns.
        selectables = {*reactor.getReaders(), *reactor.getWriters()} - reactor._internalReaders
        left = [*map(str, selectables), *map(str, reactor.getDelayedCalls())]
        if not left:
            break
        await deferLater(reactor, 0.01)
    print(json.dumps({"results": [value for _, value in done], "left": left}))


def play(case: dict[str, Any]) -> dict[str, Any]:
    """One request on a Clock: what came of it. ``connections``: for each, what comes over it, and how it ends, or None.

    It is seen that once a request is over, nothing is left of it, and that what still comes then changes nothing.
    """
    from twisted.internet.error import ConnectionDone, ConnectionLost
    from twisted.internet.task import Clock
    from twisted.python.failure import Failure

    from exercises.stage6_client.client import Client
    from exercises.wire import PENDING, Failed, FakeEndpoint, outcome

    ends = {"done": ConnectionDone, "lost": ConnectionLost}
    clock, endpoint = Clock(), FakeEndpoint()
    asked: list[tuple[str, int]] = []

    def endpoint_for(host: str, port: int) -> FakeEndpoint:
        asked.append((host, port))
        return endpoint

    client = Client(endpoint_for, clock, **case.get("settings", {}))
    fields = [(name, value) for name, value in case.get("fields", [])]
    content = case.get("content", "").encode("latin-1")
    try:
        asking = client.request(case["method"], case["url"], fields, content)
    except ValueError:
        return {"got": "ValueError", "asked": asked, "sent": []}
    sent, still = [], []
    for chunks, end in case["connections"]:
        if len(asked) == len(sent):
            break
        protocol, transport = endpoint.accept()
        sent.append(transport.value().decode("latin-1"))
        for chunk in chunks:
            protocol.dataReceived(chunk.encode("latin-1"))
        if end:
            protocol.connectionLost(Failure(ends[end]()))
        else:
            still.append((protocol, transport))
    got: Any = outcome(asking)
    if got is PENDING:
        said: Any = "pending"
        asking.cancel()
        assert type(outcome(asking).reason).__name__ == "CancelledError"
    elif isinstance(got, Failed):
        said = type(got.reason).__name__
    else:
        said = [got.status, got.reason, got.fields, got.content.decode("latin-1")]
    assert clock.getDelayedCalls() == []
    for protocol, transport in still:
        assert transport.disconnecting
        protocol.dataReceived(b"more")
        protocol.connectionLost(Failure(ConnectionLost()))
    return {"got": said, "asked": asked, "sent": sent}


def serve() -> None:
    """Serve by twisted.web, until killed."""
    from twisted.internet import reactor
    from twisted.web.resource import Resource
    from twisted.web.server import NOT_DONE_YET, Site
    from twisted.web.util import Redirect

    class Fixed(Resource):
        def __init__(self, content: bytes, status: int = 200) -> None:
            super().__init__()
            self.content, self.status = content, status

        def render_GET(self, request: Any) -> bytes:
            request.setResponseCode(self.status)
            return self.content

    class Chunked(Resource):
        def render_GET(self, request: Any) -> int:
            pieces = iter([PAGE] * 100)

            def more() -> None:
                piece = next(pieces, None)
                if piece is None:
                    request.finish()
                else:
                    request.write(piece)
                    reactor.callLater(0, more)

            more()
            return int(NOT_DONE_YET)

    class Echo(Resource):
        def render_POST(self, request: Any) -> bytes:
            content: bytes = request.content.read()
            return content

    class Moved(Redirect):
        def render(self, request: Any) -> bytes:
            super().render(request)
            return b""

    root = Resource()
    children = {
        b"page": Fixed(PAGE),
        b"large": Fixed(MEBIBYTE),
        b"empty": Fixed(b"", 204),
        b"chunked": Chunked(),
        b"echo": Echo(),
        b"moved": Moved(b"page"),
        b"loop": Moved(b"/loop"),
    }
    for name, child in children.items():
        root.putChild(name, child)
    port = reactor.listenTCP(0, Site(root), interface="127.0.0.1")
    print(f"127.0.0.1:{port.getHost().port}", flush=True)
    reactor.run()


if __name__ == "__main__":
    if sys.argv[1] == "ask":
        from twisted.internet.task import react

        react(ask)
    elif sys.argv[1] == "play":
        print(json.dumps([play(case) for case in json.load(sys.stdin)]))
    else:
        serve()
