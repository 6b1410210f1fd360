"""Drives the page in headless Chromium, with a stand-in for the interpreter.

The test answers what the page asks of Python, so that it can say anything, or nothing.
"""

from __future__ import annotations

import functools
import hashlib
import io
import os
import re
import shutil
import subprocess
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    CDPSession,
    Page,
    ViewportSize,
    expect,
    sync_playwright,
)
from test_http_browser import ARGUMENTS, CHROMIUM, PICTURES

TESTS = Path(__file__).parent
BOUND = 20_000
"""Milliseconds that anything here may take before it counts as hung."""
AXE = "4.14.1"
AXE_IS = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
WIDE: ViewportSize = {"width": 1280, "height": 720}
NARROW: ViewportSize = {"width": 390, "height": 844}

STAGE, FILE = "stage0_setup", "exercises/stage0_setup/lines.py"
MINE = "MINE = 'caf\u00e9'\n"
RED = f"""\
stage0_setup, step 1: as_line returns the bytes of one line.

  test_text: A text becomes <bytes>.
    Expected b'poem\\r\\n'; it returned b'poem'.

  Edit   {FILE}, line 4
  Hint   python3 -m workshop hint stage0_setup 1
  On a machine  python3 -m workshop run stage0_setup
"""


def _step(number: int, status: str, *tests: str) -> dict[str, Any]:
    names = [
        {"name": f"a.b.C.test_{n}", "status": test, "seconds": 0, "message": ""}
        for n, test in enumerate(tests)
    ]
    return {"number": number, "name": "x", "status": status, "message": "", "tests": names}


FAILS = {
    "text": RED,
    "data": {
        "passed": False,
        "steps": [
            _step(0, "passes", "passed"),
            _step(1, "fails", "passed", "failed", "error"),
            _step(2, "not run"),
        ],
    },
}
PASSES = {
    "text": "stage0_setup: all of it passes.\n",
    "exit": 0,
    "data": {"passed": True, "steps": [_step(n, "passes", "passed") for n in range(3)]},
}
ROWS = [
    ("", "test_score begins", 0),
    ("1.client", "asks to connect", 0.00001),
    ("1.server", "is accepted", 0.00002),
    ("1.server", "sends 24 bytes", 0.00003),
    ("~", "a read returns only 1 of 1.server's bytes", 0.00003),
    ("1.client", "reads 1 byte", 0.00004),
    ("1.client", "reads 23 bytes", 0.1),
    ("1.client", "sends 3 bytes", 0.1),
    ("1.server", "reads 3 bytes", 0.1),
    ("1.client", "over", 0.1),
    ("1.server", "reads the end", 0.10001),
]


class Python:
    """What the page asks, and what it is answered."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.files: dict[str, str | None] = {}
        self.answers: dict[str, Any] = {}

    def __call__(self, name: str, words: dict[str, Any], files: dict[str, str | None]) -> Any:
        self.asked.append((name, words))
        self.files = files
        return self.answers[name]


@pytest.fixture(scope="module")
def site(web_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page's files, with the stand-in for the interpreter, served on this machine: the address."""
    folder = tmp_path_factory.mktemp("site")
    large = shutil.ignore_patterns("pyodide", "*.zip", "notebooks", "sw.js")
    shutil.copytree(web_folder, folder, ignore=large, dirs_exist_ok=True)
    shutil.copy(TESTS / "web_page_engine.js", folder / "page" / "engine.js")
    # The service worker has tests of its own.
    offline = "export const keepOffline = async () => {};\n"
    (folder / "page" / "offline.js").write_text(offline, "utf-8")

    class Quiet(SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        extensions_map: ClassVar = {
            ".js": "text/javascript",
            ".html": "text/html",
            ".css": "text/css",
        }

        def log_message(self, *_: object) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def axe(web_folder: Path) -> str:
    """axe-core, from npm; it is kept beside the page's own packages."""
    file = web_folder.parent / f"axe-core-{AXE}.tgz"
    if not file.exists():
        npm = shutil.which("npm")
        assert npm
        got = subprocess.run(
            [npm, "pack", "--silent", f"axe-core@{AXE}"], cwd=file.parent, capture_output=True
        )
        if got.returncode and not os.environ.get("CI"):
            pytest.skip("npm cannot download axe-core")
    with tarfile.open(file) as packed:
        script = packed.extractfile("package/axe.min.js")
        assert script
        data = script.read()
    assert hashlib.sha256(data).hexdigest() == AXE_IS
    return data.decode()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    expect.set_options(timeout=BOUND)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=ARGUMENTS, timeout=BOUND
        )
        yield browser
        browser.close()


class Tab:
    """A tab that serves visit after visit: a tab of its own takes a browser longer than all else that a test does."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._page: Page | None = None
        self._python = Python()
        self._session: CDPSession | None = None

    def open(self, python: Python, before: str) -> Page:
        """Return the tab, empty. python: answers its page; before: a script that runs first."""
        self._python = python
        if self._page is None:
            context = new_context(self._browser, lambda *words: self._python(*words))
            self._page = context.new_page()
        if before:
            self._session = self._page.context.new_cdp_session(self._page)
            self._session.send("Page.enable")
            self._session.send("Page.addScriptToEvaluateOnNewDocument", {"source": before})
        return self._page

    def leave(self, site: str) -> None:
        """Leave the page, and forget what it has stored; what else was asked for is over with its session."""
        assert self._page
        if self._session:
            self._session.detach()
            self._session = None
        self._page.emulate_media(color_scheme="null", reduced_motion="null")
        self._page.once("dialog", lambda dialog: dialog.accept())
        self._page.goto("about:blank")
        session = self._page.context.new_cdp_session(self._page)
        every = {"origin": site.rstrip("/"), "storageTypes": "all"}
        session.send("Storage.clearDataForOrigin", every)
        session.detach()


def new_context(browser: Browser, answer: Callable[..., Any]) -> BrowserContext:
    """Return a browser with empty storage."""
    context = browser.new_context()
    context.set_default_timeout(BOUND)
    context.expose_function("answer", answer)
    return context


class Visit:
    """A browser with storage of its own, at the page."""

    def __init__(self, browser: Browser, tab: Tab, site: str, name: str) -> None:
        self.site = site
        self.browser = browser
        self.tab = tab
        self.at_tab: Page | None = None
        self.wrong: list[str] = []
        self.python = Python()
        self.contexts: list[BrowserContext] = []
        self.name = re.sub(r"\W+", "-", name)

    def context(self) -> BrowserContext:
        """Return a browser with empty storage."""
        context = new_context(self.browser, self.python)
        self.contexts.append(context)
        return context

    def page(
        self,
        where: str = "",
        context: BrowserContext | None = None,
        before: str = "",
        size: ViewportSize = WIDE,
        **media: Any,
    ) -> Page:
        """Open the page at a place in it. before: a script that runs first; media: what the browser's user prefers."""
        if context or self.at_tab:
            page = (context or self.context()).new_page()
            if before:
                page.add_init_script(before)
        else:
            page = self.at_tab = self.tab.open(self.python, before)
        page.set_viewport_size(size)
        page.emulate_media(**media)
        for event, heard in self.listeners.items():
            page.on(event, heard)  # type: ignore[call-overload]
        page.goto(f"{self.site}#{where}")
        page.wait_for_selector("body[data-ready]")
        return page

    @functools.cached_property
    def listeners(self) -> dict[str, Callable[[Any], None]]:
        """What notes whatever goes wrong."""
        return {
            "pageerror": lambda error: self.wrong.append(f"error: {error}"),
            "console": lambda said: self._said(said.type, said.text),
            "request": lambda asked: self._asked(asked.url),
        }

    def _asked(self, url: str) -> None:
        if not url.startswith((self.site, "blob:", "data:")):
            self.wrong.append(f"asked for {url}")

    def _said(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.wrong.append(f"console: {text}")

    def close(self) -> None:
        tabs = [[self.at_tab]] if self.at_tab else []
        for n, pages in enumerate([*tabs, *(context.pages for context in self.contexts)]):
            for m, page in enumerate(pages):
                if PICTURES:
                    page.screenshot(path=Path(PICTURES) / f"{self.name}-{n}{m}.png")
        for context in self.contexts:
            context.close()
        if self.at_tab:
            for event, heard in self.listeners.items():
                self.at_tab.remove_listener(event, heard)
            self.tab.leave(self.site)


@pytest.fixture(scope="module")
def tab(browser: Browser) -> Tab:
    """The tab that serves a module's visits."""
    return Tab(browser)


@pytest.fixture
def visit(browser: Browser, tab: Tab, site: str, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """Visits to the page. By the end, none has asked another host, and no script has failed."""
    visit = Visit(browser, tab, site, request.node.name)
    yield visit
    visit.close()
    assert visit.wrong == []


def code(page: Page) -> str:
    """Return the text that the editor shows."""
    lines = "[...document.querySelectorAll('.cm-line')].map(line => line.textContent).join('\\n')"
    return str(page.evaluate(lines))


def write(page: Page, text: str = MINE) -> None:
    """Type a text in place of the file that is open."""
    page.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def kept(page: Page, text: str = MINE) -> None:
    """Wait until the file in IndexedDB has this text."""
    page.wait_for_function(
        """([path, text]) => new Promise(resolve => {
            const name = `trial-by-wire ${new URL("./", location.href).pathname}`;
            indexedDB.open(name).onsuccess = ({target: {result: database}}) => {
                database.transaction("files").objectStore("files").get(path).onsuccess = event => {
                    database.close();
                    resolve(new TextDecoder().decode(event.target.result) === text);
                };
            };
        })""",
        arg=[FILE, text],
        polling=50,
    )


def notice(page: Page) -> Any:
    """Return the notices at the top of the page."""
    return page.locator(".notice p")


def exported(page: Page) -> dict[str, bytes]:
    """Press Export, and return the files of the zip, which Python reads."""
    page.get_by_label("Menu").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export your work").click()
    with zipfile.ZipFile(download.value.path()) as zipped:
        assert zipped.testzip() is None
        return {name: zipped.read(name) for name in zipped.namelist()}


def zipped(files: Mapping[str, bytes | str], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip of these files, made by Python."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", how) as target:
        for name, content in files.items():
            target.writestr(name, content)
    return data.getvalue()


def put_in(page: Page, data: bytes) -> None:
    """Give a zip to Import."""
    page.locator("#file").set_input_files({"name": "a.zip", "mimeType": "", "buffer": data})
