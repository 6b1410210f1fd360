"""Serves poem.txt with your server.py, to nc or to anything else that speaks TCP.

    python3 -m exercises.stage2_poetry.demo [--slow] [--port N]

It needs steps 1 and 2; with --slow, step 9. There is nothing to write here.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

if not __package__:
    python = "python" if os.name == "nt" else "python3"
    sys.exit(
        "Started by its path, it cannot find your code. "
        f"In the course's folder, run: {python} -m exercises.stage2_poetry.demo"
    )

try:
    from twisted.internet.error import CannotListenError
    from twisted.internet.protocol import Factory, Protocol
    from twisted.internet.task import Clock
    from twisted.internet.testing import StringTransport
except ModuleNotFoundError:
    python = r".venv\Scripts\python" if os.name == "nt" else ".venv/bin/python"
    sys.exit(f"This Python has no Twisted. Run: {python} -m exercises.stage2_poetry.demo")

from .server import PoetryFactory, PoetryProtocol, SlowPoetryFactory, SlowPoetryProtocol

POEM = Path(__file__).with_name("poem.txt").read_bytes()
# Reads line by line, so that the slow poem is seen as it comes.
READER = (
    "import socket; [print(line, end='', flush=True) for line in "
    "socket.create_connection(('127.0.0.1', {port})).makefile(encoding='utf-8')]"
)


def port_number(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return number


def unwritten(protocol: Protocol, factory: Factory) -> str | None:
    """The first step that the server still needs, if any, found by serving once with no network."""
    protocol.factory = factory
    try:
        protocol.makeConnection(StringTransport())
        factory.buildProtocol(None)
    except NotImplementedError as error:
        return str(error)
    return None


def main() -> int:
    """Serve until Ctrl-C. Returns the process's exit code."""
    parser = argparse.ArgumentParser(
        prog="python3 -m exercises.stage2_poetry.demo", description="Serves poem.txt over TCP."
    )
    parser.add_argument("--slow", action="store_true", help="a line a second (needs step 9)")
    parser.add_argument(
        "--port",
        type=port_number,
        # All learners on a hub may share one machine.
        default=0 if os.environ.get("JUPYTERHUB_SERVICE_PREFIX") else 8007,
        help="the port, 8007 if not given (on a JupyterHub, 0); 0: any free one",
    )
    options = parser.parse_args()

    if options.slow:
        step = unwritten(SlowPoetryProtocol(), SlowPoetryFactory(POEM, Clock()))
    else:
        step = unwritten(PoetryProtocol(), PoetryFactory(POEM))
    if step is not None:
        print(f"First write, in exercises/stage2_poetry/server.py: {step}.")
        return 1

    from twisted.internet import reactor

    factory = SlowPoetryFactory(POEM, reactor) if options.slow else PoetryFactory(POEM)
    factory.noisy = False
    try:
        port = reactor.listenTCP(options.port, factory, interface="127.0.0.1")
    except CannotListenError:
        print(
            f"Port {options.port} is in use. Stop the program that listens there, or add: --port 0"
        )
        return 1

    number = port.getHost().port
    python = "python" if os.name == "nt" else "python3"

    def invite() -> None:
        print(f"Serving a poem on 127.0.0.1 port {number}. In another terminal:\n")
        print(f"    nc 127.0.0.1 {number}\n\nor, without nc:\n")
        print(f'    {python} -c "{READER.format(port=number)}"\n')
        print("Ctrl-C ends the server.", flush=True)

    # Until the reactor runs, it does not handle Ctrl-C.
    reactor.callLater(0, invite)
    reactor.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
