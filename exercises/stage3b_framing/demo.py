"""Serves two pages to a browser, with your own server: / shows the browser's request, /form posts a form.

    python3 -m exercises.stage3b_framing.demo [--port N]

The first page works from the beginning, the form needs steps 1 and 11. There is nothing to write here.
"""

from __future__ import annotations

import argparse
import os
import sys

if not __package__:
    python = "python" if os.name == "nt" else "python3"
    sys.exit(
        "Started by its path, it cannot find your code. "
        f"In the course's folder, run: {python} -m exercises.stage3b_framing.demo"
    )

try:
    from twisted.internet.error import CannotListenError
    from twisted.internet.task import Clock
    from twisted.internet.testing import StringTransport
except ModuleNotFoundError:
    python = r".venv\Scripts\python" if os.name == "nt" else ".venv/bin/python"
    sys.exit(f"This Python has no Twisted. Run: {python} -m exercises.stage3b_framing.demo")

from .messages import Request, Response
from .pages import handle, posted
from .server import HTTPFactory

POST = b"POST /form HTTP/1.1\r\nHost: demo\r\nContent-Length: 5\r\n\r\nname="


# The path of a learner's own server on a JupyterHub, whose proxy passes on what comes to "proxy/PORT/" below it.
HUB = os.environ.get("JUPYTERHUB_PUBLIC_URL") or os.environ.get("JUPYTERHUB_SERVICE_PREFIX")


def port_number(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return number


def requests_of(data: bytes) -> list[Request]:
    """The requests that the server's handler gets from these bytes, without a network."""
    requests: list[Request] = []

    def handler(request: Request) -> Response:
        requests.append(request)
        return Response(200)

    protocol = HTTPFactory(handler, Clock()).buildProtocol(None)
    protocol.makeConnection(StringTransport())
    protocol.dataReceived(data)
    return requests


def unwritten() -> str | None:
    """The step that the form still needs, found by trying it; None if there is none."""
    try:
        if [request.content for request in requests_of(POST)] != [b"name="]:
            return "Step 1: the content of a request is not read yet"
        posted(b"name=")
    except NotImplementedError as error:
        return str(error)
    except Exception as error:
        return f"a POST makes it raise {type(error).__name__}: {error}"
    return None


def main() -> int:
    """Serve until Ctrl-C. Returns the process's exit code."""
    parser = argparse.ArgumentParser(
        prog="python3 -m exercises.stage3b_framing.demo",
        description="Serves two pages to a browser.",
    )
    parser.add_argument(
        "--port",
        type=port_number,
        default=0 if HUB else 8080,
        help="the port, 8080 by default (on a JupyterHub, 0); 0: any free one",
    )
    options = parser.parse_args()

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
        step = unwritten()
        form = (
            f"and\n\n    {address}form" if step is None else f"The form is not written yet: {step}."
        )
        print(f"Open this in a browser{after}:\n\n    {address}\n\n{form}\n")
        print(f"{also}Ctrl-C ends the server.", flush=True)

    # Until the reactor runs, it does not handle Ctrl-C.
    reactor.callLater(0, invite)
    reactor.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
