"""Drives the page's engine in headless Chromium: the worker, Python and the tool, without the page around them."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

from playwright.sync_api import Page, sync_playwright
from test_http_browser import ARGUMENTS, CHROMIUM

BOUND = 240_000
"""Milliseconds that anything here may take, beside other tests."""
START = """async files => {
  const { Engine } = await import("/page/engine.js");
  const encoder = new TextEncoder();
  window.bytes = files => Object.fromEntries(
    Object.entries(files).map(([path, text]) => [path, text === null ? null : encoder.encode(text)]));
  window.states = [];
  window.engine = new Engine({ base: "/", onState: (...state) => window.states.push(state) });
  await window.engine.start(window.bytes(files));
}"""
ASK = """async ([name, facts, files]) => {
  const answer = await window.engine.ask(name, facts, { files: window.bytes(files) });
  const decoder = new TextDecoder();
  const texts = Object.entries(answer.files).map(([path, data]) => [path, data && decoder.decode(data)]);
  return { ...answer, files: Object.fromEntries(texts) };
}"""


class _Handler(SimpleHTTPRequestHandler):
    extensions_map: ClassVar = {
        ".js": "text/javascript",
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
        "": "text/plain",
    }

    def log_message(self, *words: Any) -> None:
        """Say nothing."""


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a folder on loopback; yields the address."""
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(_Handler, directory=str(folder))
    )
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Engine:
    """The engine of a page; ``asked``: the addresses that it has asked for."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def ask(
        self, name: str, files: Mapping[str, str | None] | None = None, **facts: Any
    ) -> dict[str, Any]:
        """Ask the tool for something, after these files have changed; returns the answer, with its files as texts."""
        answer: dict[str, Any] = self.page.evaluate(ASK, [name, facts, dict(files or {})])
        return answer


@contextmanager
def engine(folder: Path, files: Mapping[str, str | None] | None = None) -> Iterator[Engine]:
    """Start the engine of a built folder, with these files over the course's."""
    with serving(folder) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page()
        page.set_default_timeout(BOUND)
        # Any page of that server: the document itself is not used.
        page.goto(f"{address}/licences.txt")
        page.evaluate(START, dict(files or {}))
        yield Engine(page)
        browser.close()
