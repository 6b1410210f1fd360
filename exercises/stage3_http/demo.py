"""Serves a page to a browser, with your own server: it shows the browser's request.

    python3 -m exercises.stage3_http.demo [--port N]

It needs steps 1 to 7. There is nothing to write here.
"""

from __future__ import annotations

import argparse
import os
import re
import sys

if not __package__:
    python = "python" if os.name == "nt" else "python3"
    sys.exit(
        "Started by its path, it cannot find your code. "
        f"In the course's folder, run: {python} -m exercises.stage3_http.demo"
    )

try:
    from twisted.internet.error import CannotListenError
    from twisted.internet.task import Clock
    from twisted.internet.testing import StringTransport
except ModuleNotFoundError:
    python = r".venv\Scripts\python" if os.name == "nt" else ".venv/bin/python"
    sys.exit(f"This Python has no Twisted. Run: {python} -m exercises.stage3_http.demo")

from .messages import Response, parse_fields, parse_request_line, response_bytes
from .pages import handle
from .server import HTTPFactory

ASK = b"GET / HTTP/1.1\r\nHost: demo\r\n\r\n"


# The path of a learner's own server on a JupyterHub, whose proxy passes on what comes to "proxy/PORT/" below it.
HUB = os.environ.get("JUPYTERHUB_PUBLIC_URL") or os.environ.get("JUPYTERHUB_SERVICE_PREFIX")


def port_number(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return number


def get_once() -> None:
    """Ask for the page byte by byte, without a network."""
    transport = StringTransport()
    protocol = HTTPFactory(handle, Clock()).buildProtocol(None)
    protocol.makeConnection(transport)
    for i in range(len(ASK)):
        protocol.dataReceived(ASK[i : i + 1])
    if not re.match(rb"HTTP/1\.1 200 [^\r]*\r\n", transport.value()):
        raise NotImplementedError("Step 5: a request that comes byte by byte is not answered yet")


def unwritten() -> str | None:
    """The step that the page still needs, found by trying it; None if there is none."""
    try:
        response_bytes(Response(200))
        parse_request_line(b"GET / HTTP/1.1")
        parse_fields([b"Host: demo"]).get(b"Host")
        get_once()
    except NotImplementedError as error:
        return str(error)
    except Exception as error:
        return f"a GET makes it raise {type(error).__name__}: {error}"
    return None


def main() -> int:
    """Serve until Ctrl-C. Returns the process's exit code."""
    parser = argparse.ArgumentParser(
        prog="python3 -m exercises.stage3_http.demo", description="Serves a page to a browser."
    )
    parser.add_argument(
        "--port",
        type=port_number,
        default=0 if HUB else 8080,
        help="the port, 8080 by default (on a JupyterHub, 0); 0: any free one",
    )
    options = parser.parse_args()

    step = unwritten()
    if step is not None:
        print(f"The server is not written yet. In exercises/stage3_http: {step}.")
        return 1

    from twisted.internet import reactor

    factory = HTTPFactory(handle, reactor)
    factory.noisy = False
    try:
        port = reactor.listenTCP(options.port, factory, interface="127.0.0.1")
    except CannotListenError:
        print(
            f"Port {options.port} is in use. Stop the program that listens there, or add: --port 0"
        )
        return 1

    number = port.getHost().port
    here = f"http://127.0.0.1:{number}/"
    address = f"{HUB}proxy/{number}/" if HUB else here
    after = "" if address.startswith("http") else ", after the name of your hub"
    also = f"In a terminal of the hub, it is {here}\n\n" if HUB else ""

    def invite() -> None:
        print(f"Open this in a browser{after}:\n\n    {address}\n")
        print(f"{also}Ctrl-C ends the server.", flush=True)

    # Until the reactor runs, it does not handle Ctrl-C.
    reactor.callLater(0, invite)
    reactor.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
