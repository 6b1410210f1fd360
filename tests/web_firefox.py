"""Drives the system's Firefox with Playwright, which otherwise downloads a Firefox of its own.

Playwright speaks WebDriver BiDi with any Firefox, but expects a newer one than the ESR: it gives up if a command is refused,
and ignores downloads without a name. So it starts this file in place of Firefox: a relay that passes every message on, and
amends these two.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserType, sync_playwright
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application
from tornado.websocket import WebSocketClientConnection, WebSocketHandler, websocket_connect

SNAP = Path("/snap/bin/firefox")
"""Ubuntu's Firefox sees no folder that a test makes, so it cannot be driven."""
FIREFOX = shutil.which("firefox-esr") or (None if SNAP.exists() else shutil.which("firefox"))
NOT_YET = {"emulation.setMediaFeaturesOverride"}
"""Commands that may be refused: nothing here depends on what they do."""
LARGEST = 1 << 28
"""Bytes of a message: Playwright injects scripts, and pictures come back."""
SETTINGS = {
    "network.proxy.type": 1,
    **{f"network.proxy.{kind}": "127.0.0.1" for kind in ("http", "ssl", "socks")},
    **{f"network.proxy.{kind}_port": 9 for kind in ("http", "ssl", "socks")},
}
"""Nothing listens at port 9, the proxy for all hosts but this machine, so the browser can reach nothing else."""

# What these prove, test_web_course.py and others prove in Chromium at each run. In CI, Firefox's absence is a failure.
pytestmark = [
    pytest.mark.skipif(not os.environ.get("CI"), reason="Firefox is driven if CI is set"),
    pytest.mark.skipif(sys.platform != "linux", reason="drives the Firefox of Linux"),
]


def how(folder: Path) -> dict[str, Any]:
    """Return what Playwright needs to launch Firefox; folder: where a small program may be written."""
    program = folder / "firefox"
    program.write_text(f'#!/bin/sh\nexec {shlex.join([sys.executable, __file__])} "$@"\n', "utf-8")
    program.chmod(0o700)
    return {
        "channel": "moz-firefox",
        "executable_path": program,
        "firefox_user_prefs": SETTINGS,
        "timeout": 60_000,
    }


@contextmanager
def firefox(folder: Path) -> Iterator[Browser]:
    """Start Firefox."""
    with sync_playwright() as playwright:
        launcher: BrowserType = playwright.firefox
        browser = launcher.launch(**how(folder))
        yield browser
        browser.close()


class Relay(WebSocketHandler):
    """Passes Playwright's commands on to Firefox, and the answers back."""

    def initialize(self, address: str) -> None:
        """Prepare for Firefox at this address."""
        self.address = address
        self.may_be_refused: set[int] = set()
        self.firefox: WebSocketClientConnection

    async def open(self, *_: str) -> None:
        """Connect to Firefox; no message comes before that."""
        self.firefox = await websocket_connect(
            self.address + self.request.path,
            on_message_callback=self.answered,
            max_message_size=LARGEST,
        )

    def on_message(self, message: str | bytes) -> None:
        """Pass a command on."""
        command = json.loads(message)
        if command["method"] in NOT_YET:
            self.may_be_refused.add(command["id"])
        self.firefox.write_message(message)

    def answered(self, message: str | bytes | None) -> None:
        """Pass an answer back; None: Firefox has closed the connection."""
        if message is None:
            self.close()
            return
        answer = json.loads(message)
        if answer.get("id") in self.may_be_refused and answer.get("error") == "unknown command":
            answer = {"type": "success", "id": answer["id"], "result": {}}
        elif answer.get("method", "").startswith("browsingContext.download"):
            answer["params"].setdefault("download", answer["params"]["url"])
        self.write_message(answer)

    def on_close(self) -> None:
        """Let Firefox know that Playwright has gone."""
        self.firefox.close()


async def relay(arguments: list[str]) -> int:
    """Run Firefox, and a relay before it."""
    assert FIREFOX
    process = await asyncio.create_subprocess_exec(FIREFOX, *arguments, stderr=subprocess.PIPE)
    assert process.stderr
    async for line in process.stderr:
        if found := re.search(r"WebDriver BiDi listening on (ws://\S+)", line.decode()):
            (socket,) = bind_sockets(0, "127.0.0.1")
            application = Application([("/session.*", Relay, {"address": found[1]})])
            HTTPServer(application, max_body_size=LARGEST).add_sockets([socket])
            application.settings["websocket_max_message_size"] = LARGEST
            line = line.replace(
                found[1].encode(), f"ws://127.0.0.1:{socket.getsockname()[1]}".encode()
            )
        sys.stderr.buffer.write(line)
        sys.stderr.flush()
    return await process.wait()


if __name__ == "__main__":
    sys.exit(asyncio.run(relay(sys.argv[1:])))
