"""The service worker in headless Chromium: after the first visit no network is needed, and versions never mix."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from driving import until
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from test_http_browser import ARGUMENTS, CHROMIUM, pytestmark  # noqa: F401

from workshop.web.build import PAGE, sealed

BOUND = 20_000
"""Milliseconds that anything in the browser may take."""
INDEX = """<!doctype html><title>page</title><p id="shown"></p><p id="state"></p>
<script type="module">
import { keepOffline } from "./page/offline.js";
import { word } from "./page/word.js";
document.querySelector("#shown").textContent = `${document.title} ${word}`;
const state = document.querySelector("#state");
const why = await keepOffline({
  onKept: () => { state.textContent ||= "kept"; },
  onNewer: (take) => { state.textContent = "newer"; window.take = take; },
  beforeReload: async () => localStorage.setItem("saved", "yes"),
});
if (why) state.textContent = why;
</script>"""


def version(word: str, **more: bytes) -> dict[str, bytes]:
    """The files of a small page that shows its version twice: from two files."""
    files = {
        "index.html": INDEX.replace("<title>page", f"<title>{word}").encode(),
        "page/word.js": f"export const word = '{word}';".encode(),
        "page/offline.js": (PAGE / "offline.js").read_bytes(),
        "large.bin": b"x" * 100_000,
        "sw.js": (PAGE / "sw.js").read_bytes(),
        **more,
    }
    return sealed(files)


class Server:
    """A server of static files that can be changed, and what it was asked for; below /course/, as on a shared host."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = self.path.partition("?")[0].removeprefix("/course/") or "index.html"
                server.asked.append(name)
                data = server.files.get(name)
                self.send_response(200 if data is not None else 404)
                kind = {"html": "text/html", "js": "text/javascript", "json": "application/json"}
                self.send_header("Content-Type", kind.get(name.rpartition(".")[2], "text/plain"))
                # As on GitHub Pages: a browser may use what it has for ten minutes, without asking.
                self.send_header(
                    "Cache-Control", "no-store" if name == "large.bin" else "max-age=600"
                )
                self.send_header("Content-Length", str(len(data or b"")))
                self.end_headers()
                self.wfile.write(data or b"")

            def log_message(self, *words: Any) -> None:
                """Say nothing."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.http.server_address[1]}/course/"
        self.thread = threading.Thread(target=self.http.serve_forever, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        """Serve nothing any more."""
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    """A server with the first version."""
    server = Server()
    server.files = version("one")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=ARGUMENTS, timeout=BOUND
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def context(browser: Browser) -> BrowserContext:
    """The storage that the tests share: each has a server of its own, so an origin."""
    context = browser.new_context()
    context.set_default_timeout(BOUND)
    return context


@pytest.fixture
def page(context: BrowserContext, server: Server) -> Iterator[Page]:
    """A tab that has the first version, and has kept it; the same tab for all tests, which is much quicker."""
    page = context.pages[0] if context.pages else context.new_page()
    visit(page, server, "one one", "kept")
    yield page
    # One is left, at no server's page.
    last, *more = context.pages
    for other in more:
        other.close()
    last.goto("about:blank")


def visit(page: Page, server: Server, shown: str, state: str) -> None:
    """Open the page, and wait until it shows this."""
    page.goto(server.address)
    shows(page, shown, state)


def shows(page: Page, shown: str, state: str) -> None:
    """Wait until the page shows this."""
    expect(page.locator("#shown")).to_have_text(shown, timeout=BOUND)
    expect(page.locator("#state")).to_have_text(state, timeout=BOUND)


def update(page: Page) -> None:
    """Let the browser look for a newer service worker, as it does from time to time."""
    page.evaluate(
        "navigator.serviceWorker.getRegistration().then(found => found.update()).catch(() => {})"
    )


def caches(page: Page) -> list[str]:
    """The names of all caches of this host."""
    names: list[str] = page.evaluate("caches.keys()")
    return names


def test_without_network(page: Page, server: Server) -> None:
    """After the first visit, the page works though the server is gone, each file of it; what is not there is a 404."""
    server.stop()
    page.reload()
    shows(page, "one one", "kept")
    page.goto(server.address + "?from=home#stage")
    shows(page, "one one", "kept")
    fetched = "name => fetch(name).then(async found => [found.status, (await found.text()).length])"
    assert page.evaluate(fetched, "large.bin") == [200, 100_000]
    assert page.evaluate(fetched, "none.html")[0] == 404


def test_nothing_is_downloaded_twice(page: Page, server: Server) -> None:
    """The service worker takes what the browser has fetched for the page; later visits ask for nothing but it."""
    # The page itself has two addresses, with its name and without.
    counted = [name for name in server.asked if name not in ("index.html", "sw.js")]
    assert sorted(set(counted)) == sorted(counted), counted
    server.asked.clear()
    page.reload()
    shows(page, "one one", "kept")
    assert set(server.asked) <= {"sw.js"}


def test_the_first_tab_is_looked_after_too(page: Page, server: Server) -> None:
    """A tab that was loaded from the network needs none any more, once the page is kept."""
    page.wait_for_function("navigator.serviceWorker.controller")
    server.stop()
    assert page.evaluate("fetch('large.bin').then(found => found.status)") == 200


def test_a_newer_version_as_a_whole(page: Page, server: Server) -> None:
    """A newer version is downloaded beside the older one, only what changed, and waits until the tab asks for it."""
    server.files = version("two", new=b"new")
    server.asked.clear()
    update(page)
    shows(page, "one one", "newer")
    assert "large.bin" not in server.asked
    assert page.evaluate("fetch('page/word.js').then(found => found.text())").count("one")
    page.evaluate("take()")
    shows(page, "two two", "kept")
    assert page.evaluate("localStorage.getItem('saved')") == "yes"
    assert len(caches(page)) == 1
    server.stop()
    page.reload()
    shows(page, "two two", "kept")
    assert page.evaluate("fetch('new').then(found => found.text())") == "new"


def test_all_tabs_change_together(page: Page, server: Server) -> None:
    """If one tab asks for the newer version, the others are loaded again too: no tab mixes two."""
    other = page.context.new_page()
    visit(other, server, "one one", "kept")
    server.files = version("two")
    update(page)
    shows(page, "one one", "newer")
    shows(other, "one one", "newer")
    page.evaluate("take()")
    shows(page, "two two", "kept")
    shows(other, "two two", "kept")


def test_a_newer_version_once_all_tabs_are_closed(page: Page, server: Server) -> None:
    """If nobody asks for the newer version, the next visit shows it."""
    server.files = version("two")
    update(page)
    shows(page, "one one", "newer")
    page.reload()
    shows(page, "one one", "newer")
    context = page.context
    page.close()
    later = context.new_page()
    later.goto("about:blank")
    for _ in range(20):
        later.goto(server.address)
        if "two" in later.title():
            break
        later.goto("about:blank")
    shows(later, "two two", "kept")


def test_half_a_version_is_none(page: Page, server: Server) -> None:
    """If the files of a version do not fit together, as while a host is being changed, the older version stays."""
    whole = version("two")
    server.files = {**whole, "page/word.js": b"export const word = 'three';"}
    server.asked.clear()
    update(page)
    until(lambda: "page/word.js" in server.asked, BOUND / 1000, "word.js is not asked for")
    page.wait_for_function(
        "navigator.serviceWorker.getRegistration().then(r => !r.installing && !r.waiting)"
    )
    page.reload()
    shows(page, "one one", "kept")
    server.files = whole
    update(page)
    shows(page, "one one", "newer")
    page.evaluate("take()")
    shows(page, "two two", "kept")


def test_caches_of_other_pages(page: Page, server: Server) -> None:
    """Another page of the same host keeps its caches."""
    page.evaluate("caches.open(new URL('/other/', location.href).href + ' 1')")
    server.files = version("two")
    update(page)
    shows(page, "one one", "newer")
    page.evaluate("take()")
    shows(page, "two two", "kept")
    assert len(caches(page)) == 2


def test_a_cache_that_is_gone(page: Page, server: Server) -> None:
    """If the browser has thrown the cache away, the page comes from the network."""
    page.evaluate(
        "caches.keys().then(names => Promise.all(names.map(name => caches.delete(name))))"
    )
    page.reload()
    shows(page, "one one", "kept")


def test_no_other_host(page: Page) -> None:
    """What the page would ask of another host is refused before it leaves the browser."""
    failed = "fetch('http://127.0.0.2:9/x').then(() => 'got', () => 'refused')"
    page.reload()
    shows(page, "one one", "kept")
    assert page.evaluate(failed) == "refused"


def test_a_browser_that_keeps_nothing(browser: Any, server: Server) -> None:
    """Without service workers, or if they may not be used, the page works, and is given a sentence."""
    context = browser.new_context(service_workers="block")
    page = context.new_page()
    page.goto(server.address)
    expect(page.locator("#shown")).to_have_text("one one", timeout=BOUND)
    context.close()
    context = browser.new_context()
    page = context.new_page()
    server.files["sw.js"] = b"throw new Error('no')"
    page.goto(server.address)
    expect(page.locator("#state")).to_contain_text("cannot be kept", timeout=BOUND)
    context.close()
