"""The page in headless Chromium, with a stand-in for the interpreter: what it shows, keeps, exports and imports.

The test answers what the page asks of Python, so that it can say anything, or nothing.
"""

from __future__ import annotations

import functools
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import tarfile
import threading
import zipfile
from collections.abc import Iterator, Mapping
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, expect, sync_playwright
from test_http_browser import ARGUMENTS, CHROMIUM, PICTURES, pytestmark

__all__ = ["pytestmark"]

TESTS = Path(__file__).parent
BOUND = 20_000
"""Milliseconds that anything here may take before it counts as hung."""
AXE = "4.14.1"
AXE_IS = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
WIDE, NARROW = {"width": 1280, "height": 720}, {"width": 390, "height": 844}

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


class Visit:
    """A browser with storage of its own, at the page."""

    def __init__(self, browser: Browser, site: str, request: pytest.FixtureRequest) -> None:
        self.site = site
        self.browser = browser
        self.wrong: list[str] = []
        self.python = Python()
        self.contexts: list[BrowserContext] = []
        self.name = re.sub(r"\W+", "-", request.node.name)

    def context(self, **how: Any) -> BrowserContext:
        """Return a browser with empty storage."""
        context = self.browser.new_context(**{"viewport": WIDE, **how})
        context.set_default_timeout(BOUND)
        context.expose_function("answer", self.python)
        self.contexts.append(context)
        return context

    def page(
        self, where: str = "", context: BrowserContext | None = None, before: str = "", **how: Any
    ) -> Page:
        """Open the page at a place in it. before: a script that runs first."""
        page = (context or self.context(**how)).new_page()
        page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        page.on("console", lambda said: self._said(said.type, said.text))
        page.on(
            "request",
            lambda asked: (
                asked.url.startswith((self.site, "blob:", "data:"))
                or self.wrong.append(f"asked for {asked.url}")
            ),
        )
        if before:
            page.add_init_script(before)
        page.goto(f"{self.site}#{where}")
        page.wait_for_selector("body[data-ready]")
        return page

    def _said(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.wrong.append(f"console: {text}")

    def close(self) -> None:
        for n, context in enumerate(self.contexts):
            for m, page in enumerate(context.pages):
                if PICTURES:
                    page.screenshot(path=Path(PICTURES) / f"{self.name}-{n}{m}.png")
            context.close()


@pytest.fixture
def visit(browser: Browser, site: str, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """Visits to the page. By the end, none has asked another host, and no script has failed."""
    visit = Visit(browser, site, request)
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


@pytest.mark.parametrize(
    ("size", "scheme"), [(WIDE, "light"), (NARROW, "dark")], ids=["wide", "narrow"]
)
def test_every_view(visit: Visit, axe: str, size: dict[str, int], scheme: str) -> None:
    """Each view fits its window, and axe-core finds nothing wrong with it, light and dark."""
    page = visit.page(viewport=size, color_scheme=scheme, reduced_motion="reduce", bypass_csp=True)
    page.evaluate(axe)
    visit.python.answers = {
        "run": FAILS,
        "hint": {"text": "stage0_setup, step 1: a\n\nQuestion (1 of 3)\n  Which?\n", "exit": 0},
        "hunt": {"text": "History 5 fails.\n", "data": ROWS},
    }

    def looked_at(view: str) -> None:
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        wrong = [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]]
        assert wrong == [], view
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], view

    looked_at("all stages")
    assert page.locator("#map > li").count() == 11
    page.get_by_role("link", name="Make the first red test green").click()
    expect(page.locator(".step-head h2")).to_contain_text("as_line returns the bytes")
    looked_at("a step")
    if size is NARROW:
        page.get_by_role("button", name="Code").click()
        looked_at("the editor")
    page.locator("#run").click()
    expect(page.locator(".said")).to_contain_text("Step 1 fails: 2 of 3 tests.")
    looked_at("a verdict")
    page.locator("#hint").click()
    expect(page.locator("#hints pre")).to_contain_text("Question (1 of 3)")
    page.locator("#solution").click()
    looked_at("a dialog")
    page.keyboard.press("Escape")
    page.goto(f"{visit.site}#stage9_clinic/1")
    if size is NARROW:
        page.get_by_role("button", name="Code").click()
    page.locator("#hunt").click()
    expect(page.locator("svg.timeline")).to_be_visible()
    looked_at("a timeline")
    page.goto(f"{visit.site}#page/exercises/MISTAKES.md")
    expect(page.locator("#page h1")).to_be_visible()
    looked_at("another page")


def test_run(visit: Visit) -> None:
    """Ctrl-Enter saves and runs what was typed; the words are shown and heard; ticks follow, until a file changes."""
    page = visit.page(f"{STAGE}/1")
    visit.python.answers["run"] = FAILS
    write(page)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#verdict pre")).to_contain_text("A text becomes <bytes>.")
    expect(page.get_by_role("status").last).to_contain_text("Expected b'poem\\r\\n'; it returned")
    assert visit.python.asked == [("run", {"stage": STAGE})]
    assert visit.python.files[FILE] == MINE
    states = page.locator("#steps .cell[data-state]")
    assert [one.get_attribute("data-state") for one in states.all()] == ["passes", "fails", "todo"]
    page.locator("#verdict").get_by_role("button", name=f"{FILE}, line 4").click()
    assert page.evaluate("document.activeElement.className.includes('cm-content')")
    hint = {"text": "Question (1 of 3)\n", "exit": 0}
    visit.python.answers["hint"] = hint
    page.get_by_role("button", name="python3 -m workshop hint stage0_setup 1").click()
    expect(page.locator("#hints pre")).to_contain_text("Question (1 of 3)")
    assert page.get_by_role("button", name="python3 -m workshop run stage0_setup").count() == 0
    assert visit.python.asked[1:] == [("hint", {"stage": STAGE, "step": "1"})]
    second = [_step(0, "passes", "passed"), _step(1, "passes"), _step(2, "fails", "failed")]
    visit.python.answers["run"] = {**FAILS, "data": {"passed": False, "steps": second}}
    page.locator("#run").click()
    expect(page.locator(".said")).to_contain_text("Step 1 passes.")
    expect(page.locator("#verdict").get_by_role("link", name="Next: step 2")).to_be_visible()
    visit.python.answers["run"] = PASSES
    page.locator("#run").click()
    expect(page.locator(".said")).to_contain_text("Stage 0 passes, all of it.")
    page.locator("#verdict").get_by_role("link", name="Next: stage 1").click()
    expect(page.locator("#steps .cell").first).to_have_text("Stage 1")
    page.locator(".brand").click()
    expect(page.locator(f'[data-stage="{STAGE}"]')).to_have_attribute("data-passed", "true")
    page.goto(f"{visit.site}#{STAGE}/1")
    write(page, "x = 1\n")
    expect(states.nth(1)).to_have_attribute("data-state", "stale")
    # Of the others it is still known that they passed once.
    only = {"passed": True, "steps": [_step(1, "passes", "passed")]}
    visit.python.answers["run"] = {"text": "step 1 passes\n", "exit": 0, "data": only}
    page.get_by_role("button", name="Only step 1").click()
    expect(page.locator(".said")).to_contain_text("Step 1 passes.")
    shown = [one.get_attribute("data-state") for one in states.all()]
    assert shown == ["stale", "passes", "stale"]
    page.locator(".brand").click()
    expect(page.locator('[data-passed="true"]')).to_have_count(0)


def test_commands(visit: Visit) -> None:
    """Hints come one by one; the reference after asking; a reset asks first, and can be undone; Stop ends a run."""
    page = visit.page(f"{STAGE}/1")
    answers = visit.python.answers
    for n in (1, 2, 3):
        end = "That is all." if n == 3 else "More: python3 -m workshop hint"
        answers["hint"] = {"text": f"Tier ({n} of 3)\n{end}\n", "exit": 0}
        page.get_by_role("button", name="Hint" if n == 1 else "The next hint", exact=True).click()
        expect(page.locator("#hints pre")).to_have_count(n)
    expect(page.get_by_role("button", name="The next hint")).to_have_count(0)

    write(page)
    page.get_by_role("button", name="Reference").click()
    page.get_by_role("button", name="Not yet").click()
    answers["solution"] = {"text": "-mine\n+theirs\n", "exit": 0}
    page.get_by_role("button", name="Reference").click()
    page.get_by_role("button", name="Up to step 1").click()
    expect(page.locator("#difference pre")).to_contain_text("+theirs")
    assert [words for name, words in visit.python.asked if name == "solution"] == [
        {"stage": STAGE, "upto": "1"}
    ]

    saved = f".workshop/saved/2026-01-02-030405/{FILE}"
    answers["reset"] = {"text": "The starter is in place.\n", "files": {FILE: "S\n", saved: MINE}}
    for button in ("Keep my files", "Start again"):
        page.get_by_label("Menu").click()
        page.get_by_role("button", name="Start this stage again").click()
        assert code(page) == MINE
        page.get_by_role("button", name=button, exact=True).click()
    expect(notice(page)).to_contain_text("your files are saved")
    assert code(page) == "S\n"
    page.get_by_role("button", name="Bring my files back").click()
    expect(notice(page)).to_contain_text("Your files are back: lines.py.")
    assert code(page) == MINE

    answers["run"] = None
    page.locator("#run").click()
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".said")).to_contain_text("Stopped.")
    answers["run"] = FAILS
    page.locator("#run").click()
    expect(page.locator(".said")).to_contain_text("Step 1 fails")


def test_run_what_has_changed(visit: Visit) -> None:
    """One button on the first page runs each stage whose files have changed since they were run, and can be stopped."""
    page = visit.page(f"{STAGE}/1")
    visit.python.answers["run"] = PASSES
    write(page)
    page.goto(f"{visit.site}#stage2_poetry/1")
    write(page)
    page.locator(".brand").click()
    button = page.get_by_role("button", name="Run what has changed")
    button.click()
    expect(page.locator("#checked")).to_have_text("All that you have written was run.")
    expect(page.locator('[data-passed="true"]')).to_have_count(2)
    runs = [("run", {"stage": STAGE}), ("run", {"stage": "stage2_poetry"})]
    assert visit.python.asked == runs
    button.click()
    expect(page.locator("#checked")).to_have_text("All that you have written was run as it is now.")
    page.goto(f"{visit.site}#{STAGE}/1")
    write(page, "x = 1\n")
    page.locator(".brand").click()
    visit.python.answers["run"] = None
    button.click()
    page.get_by_role("button", name="Stop: stage 0 is running").click()
    expect(button).to_be_visible()
    assert len(visit.python.asked) == 3


def test_judged(visit: Visit) -> None:
    """A stage whose tests the learner writes has the verdict on them; what is caught gets a tick."""
    page = visit.page("stage5_transform/4")
    kinds = [{"number": n, "status": "fails" if n == 4 else "passes"} for n in range(1, 13)]
    data = {"passed": False, "steps": kinds}
    visit.python.answers["run"] = {"text": "Not caught yet, number 4\n", "data": data}
    page.locator("#run").click()
    expect(page.locator(".said")).to_contain_text("11 of 12 kinds of mistake are caught.")
    states = [one.get_attribute("data-state") for one in page.locator("#steps [data-state]").all()]
    assert states == ["passes"] * 3 + ["todo"] + ["passes"] * 8


def test_timeline(visit: Visit) -> None:
    """A hunt's events are drawn: a lane for each end, an arrow for all bytes, the weather; and said in words."""
    page = visit.page("stage9_clinic/1")
    visit.python.answers["hunt"] = {"text": "History 5 fails.\n", "data": ROWS}
    page.get_by_role("tab", name="test_scoreboard.py").click()
    page.get_by_role("button", name="Hunt").click()
    drawing = page.locator("svg.timeline")
    expect(drawing.locator(".name")).to_have_text(["test", "1.client", "1.server"])
    assert visit.python.asked[-1] == ("hunt", {"target": "exercises.stage9_clinic.test_scoreboard"})
    kinds = [str(one.get_attribute("class")) for one in drawing.locator(".arrow").all()]
    assert sorted(kinds) == ["arrow asks", *["arrow bytes"] * 3, "arrow end"]
    over = re.match(r"M\S+ (\d+)l", str(drawing.locator(".over").get_attribute("d")))
    end = drawing.locator(".arrow.end")
    assert over and int(over[1]) + 5 == int(str(end.get_attribute("y1")))
    expect(drawing.locator(".weather")).to_have_count(1)
    expect(drawing.locator(".later")).to_have_text(["+ 100 ms"])
    assert "1.server sends 24 bytes" in str(drawing.locator("desc").text_content())


def test_kept(visit: Visit) -> None:
    """What was typed, the place and the ticks are there after a reload, at once, and Python gets the files."""
    page = visit.page(f"{STAGE}/1")
    visit.python.answers["run"] = {**FAILS, "files": {".workshop/passed.json": "{}"}}
    write(page)
    page.locator("#run").click()
    expect(page.locator(".said")).to_be_visible()
    write(page, "typed = 'last'\n")
    page.reload()
    page.wait_for_selector("body[data-ready]")
    assert code(page) == "typed = 'last'\n"
    assert page.locator('#steps [data-state="stale"]').count() == 1
    page.locator("#run").click()
    expect(page.locator(".said")).to_be_visible()
    assert visit.python.files[FILE] == "typed = 'last'\n"
    assert visit.python.files[".workshop/passed.json"] == "{}"


def test_two_tabs(visit: Visit) -> None:
    """A second tab says that it can only read; it takes over with all that was typed, and then the first can only read."""
    context = visit.context()
    first = visit.page(f"{STAGE}/1", context)
    second = visit.page(f"{STAGE}/1", context)
    expect(notice(second)).to_contain_text("Your work is open in another tab")
    expect(notice(first)).to_have_count(0)
    starter = code(second)
    write(second, "lost\n")
    assert code(second) == starter
    first.bring_to_front()
    write(first)
    second.bring_to_front()
    second.get_by_role("button", name="Work here").click()
    expect(notice(second)).to_have_count(0)
    assert code(second) == MINE
    expect(notice(first)).to_contain_text("Your work is open in another tab")
    write(second, "second = 2\n")
    kept(second, "second = 2\n")
    first.close()
    third = visit.page(f"{STAGE}/1", context)
    expect(notice(third)).to_have_count(1)


def test_tabs_that_do_not_hear_each_other(visit: Visit) -> None:
    """A tab that slept while another took over cannot overwrite: it says so, and its changes can be exported."""
    context = visit.context()
    deaf = "delete window.BroadcastChannel"
    first = visit.page(f"{STAGE}/1", context, before=deaf)
    second = visit.page(f"{STAGE}/1", context, before=deaf)
    write(second)
    kept(second)
    first.bring_to_front()
    write(first, "late = 1\n")
    expect(notice(first)).to_contain_text("Your last changes here were not saved: export them.")
    kept(second)
    assert exported(first)[FILE] == b"late = 1\n"
    first.get_by_role("button", name="Work here").click()
    expect(notice(first)).to_have_count(0)
    assert code(first) == MINE
    first.get_by_label("Menu").click()
    first.get_by_role("button", name="Saved copies").click()
    first.get_by_role("button", name="Bring back").click()
    expect(notice(first)).to_contain_text("Your files are back: lines.py.")
    assert code(first) == "late = 1\n"


def test_out_and_in(visit: Visit) -> None:
    """An export is a zip that another browser takes in whole, and an import says what it left out and can be undone."""
    page = visit.page(f"{STAGE}/1")
    visit.python.answers["run"] = {**FAILS, "files": {".workshop/passed.json": '{"a": {}}'}}
    write(page)
    page.locator("#run").click()
    expect(page.locator(".said")).to_be_visible()
    files = exported(page)
    assert sorted(files) == [".workshop/export.json", ".workshop/passed.json", FILE]
    assert files[FILE] == MINE.encode()
    course = json.loads(page.evaluate("fetch('course.json').then(answer => answer.text())"))
    starters = course["stages"][0]["starters"]
    about = {
        "course": course["title"],
        "version": course["version"],
        "starters": {FILE: starters[FILE]},
    }
    assert json.loads(files[".workshop/export.json"]) == about
    other = visit.page(f"{STAGE}/1")
    write(other, "before = 1\n")
    steps = [{"number": n, "status": "passes" if n < 2 else "todo"} for n in range(3)]
    status = [{"name": STAGE, "passed": False, "steps": steps}]
    visit.python.answers["status"] = {"text": "", "data": status}
    extra = {"exercises/stage0_setup/test_setup.py": "x", "../../evil.py": "x", "a/": ""}
    put_in(other, zipped({**files, **extra}))
    expect(notice(other)).to_contain_text("Imported: 1 file. What was here is saved.")
    expect(notice(other)).to_contain_text("Left out")
    expect(notice(other)).to_contain_text("test_setup.py")
    assert code(other) == MINE
    kept(other)
    states = other.locator("#steps [data-state]")
    expect(states.nth(1)).to_have_attribute("data-state", "passes")
    other.get_by_role("button", name="Bring my files back").click()
    expect(notice(other)).to_contain_text("Your files are back")
    assert code(other) == "before = 1\n"
    put_in(other, zipped({f"trial-by-wire/{FILE}": "whole = 1\n"}, zipfile.ZIP_STORED))
    expect(notice(other)).to_contain_text("Imported: 1 file.")
    assert code(other) == "whole = 1\n"
    # Another version, but with the same starter of this file.
    about = {**about, "version": "9.9.9"}
    put_in(other, zipped({FILE: "same = 1\n", ".workshop/export.json": json.dumps(about)}))
    expect(notice(other)).to_contain_text("Imported: 1 file.")
    assert code(other) == "same = 1\n"


def _with(data: bytes, old: bytes, new: bytes) -> bytes:
    assert old in data
    return data.replace(old, new)


GOOD = zipped({FILE: "good = 1\n" * 50})
BAD: dict[str, tuple[bytes, str]] = {
    "text": (b"no zip", "This file is not a zip, so nothing was imported."),
    "empty": (b"", "This file is not a zip"),
    "cut short": (GOOD[:-30], "This file is not a zip"),
    "damaged": (_with(GOOD, GOOD[60:70], bytes(10)), "This zip is damaged"),
    "another byte": (
        _with(zipped({FILE: "good"}, zipfile.ZIP_STORED), b"good", b"evil"),
        "damaged",
    ),
    "another zip": (zipped({"a.txt": "a"}), "This zip has no file of the course's exercises"),
    "another course": (
        zipped({FILE: "x", ".workshop/export.json": '{"course": "Knots"}'}),
        "This zip is from another course, Knots, so nothing was imported.",
    ),
    "above": (zipped({f"../{FILE}": "x"}), "no file of the course's exercises"),
    "large": (zipped({FILE: bytes(30_000_000)}), "too large to be one of the course's"),
    "lies": (_with(GOOD, (450).to_bytes(4, "little"), bytes([9, 0, 0, 0])), "This zip is damaged"),
}


def test_bad_zips(visit: Visit) -> None:
    """A zip that is none, or harms, gets one sentence, and nothing changes."""
    page = visit.page(f"{STAGE}/1")
    write(page)
    for data, says in BAD.values():
        put_in(page, data)
        expect(notice(page)).to_contain_text(says)
        expect(notice(page)).to_contain_text("nothing was imported")
        page.get_by_label("Close", exact=True).click()
        assert code(page) == MINE
    put_in(page, zipped({FILE: "x", ".workshop/export.json": '{"version": "9.9.9"}'}))
    expect(page.locator("dialog")).to_contain_text("This zip is from version 9.9.9 of the course")
    page.keyboard.press("Escape")
    expect(notice(page)).to_contain_text("Nothing was imported.")
    assert code(page) == MINE
    kept(page)


FULL = """
    const put = IDBObjectStore.prototype.put;
    IDBObjectStore.prototype.put = function (...words) {
        if (window.full && this.name === "files") throw new DOMException("full", "QuotaExceededError");
        return put.apply(this, words);
    };
    window.full = true;
"""
PRIVATE = """
    IDBFactory.prototype.open = () => { throw new DOMException("private", "SecurityError"); };
"""


@pytest.mark.parametrize(
    ("before", "says"),
    [(FULL, "The browser's storage is full"), (PRIVATE, "This browser keeps nothing")],
    ids=["full", "private"],
)
def test_storage_that_fails(visit: Visit, before: str, says: str) -> None:
    """One sentence says that work is not kept; it is still in the page, runs, and can be exported."""
    page = visit.page(f"{STAGE}/1", before=before)
    visit.python.answers["run"] = FAILS
    write(page)
    expect(notice(page)).to_contain_text(says)
    assert exported(page)[FILE] == MINE.encode()
    page.locator("#run").click()
    expect(page.locator(".said")).to_be_visible()
    assert visit.python.files[FILE] == MINE
    if before == FULL:
        page.evaluate("window.full = false")
        write(page, "room = 1\n")
        kept(page, "room = 1\n")
        expect(notice(page)).to_have_count(0)
    else:
        asked: list[Dialog] = []
        page.on("dialog", lambda dialog: (asked.append(dialog), dialog.accept()))
        page.close(run_before_unload=True)
        page.wait_for_event("close")
        assert [dialog.type for dialog in asked] == ["beforeunload"]


NO_MODULES = """
    const Plain = Worker;
    window.Worker = function (url) { return new Plain(url); };
"""


@pytest.mark.parametrize(
    ("before", "says"),
    [
        ("delete window.WebAssembly", "This browser has no WebAssembly, so Python cannot run"),
        (NO_MODULES, "This browser has no module workers, so Python cannot run"),
        ("window.startFails = true", "Python did not start (no Python today)"),
    ],
    ids=["no WebAssembly", "no module workers", "no start"],
)
def test_python_that_cannot_run(visit: Visit, before: str, says: str) -> None:
    """One sentence says so; reading, editing and exporting work."""
    page = visit.page(f"{STAGE}/1", before=before)
    expect(notice(page)).to_contain_text(says)
    write(page)
    page.locator("#run").click()
    expect(page.locator("#verdict")).to_contain_text("Nothing was run.")
    assert exported(page)[FILE] == MINE.encode()


def test_an_old_browser(visit: Visit) -> None:
    """A browser that cannot load the editor's modules gets one sentence."""
    page = visit.page(before="HTMLScriptElement.supports = () => false")
    expect(page.locator("#notices")).to_contain_text("This browser is too old")


def test_keyboard(visit: Visit) -> None:
    """From the first page to a verdict and back without a mouse."""
    page = visit.page()
    visit.python.answers["run"] = FAILS

    def focused() -> str:
        return str(page.evaluate("document.activeElement.id || document.activeElement.className"))

    def tab_to(wanted: str, most: int = 40, key: str = "Tab") -> None:
        for _ in range(most):
            page.keyboard.press(key)
            if re.search(wanted, focused()):
                return
        pytest.fail(f"{wanted} is not reached with {key}; {focused()} is.")

    page.keyboard.press("Tab")
    assert focused() == "skip"
    tab_to("begin")
    page.keyboard.press("Enter")
    expect(page.locator(".step-head")).to_be_visible()
    tab_to("file-0")
    page.keyboard.press("ArrowRight")
    assert page.get_by_role("tab", name="test_yours.py").get_attribute("aria-selected") == "true"
    page.keyboard.press("Home")
    tab_to("cm-content")
    page.keyboard.press("Control+a")
    page.keyboard.type("if x:\n")
    page.keyboard.press("Tab")
    page.keyboard.type("y = 1")
    assert code(page) == "if x:\n        y = 1"
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert focused() == "run"
    page.keyboard.press("Enter")
    expect(page.locator(".said")).to_be_visible()
    tab_to("split-rows")
    before = page.locator("#result").bounding_box()
    page.keyboard.press("ArrowUp")
    after = page.locator("#result").bounding_box()
    assert before and after and after["height"] > before["height"]
    tab_to("verdict")
    tab_to("split-columns", key="Shift+Tab")
    page.get_by_label("Menu").focus()
    page.keyboard.press("Enter")
    tab_to("export")
    page.keyboard.press("Escape")
    expect(page.locator("#export")).to_be_hidden()


def test_links_within(visit: Visit) -> None:
    """Links of a README lead to stages, pages and files; back leads back."""
    page = visit.page("stage9_clinic")
    page.get_by_role("link", name="flaky.md").or_(
        page.locator('#read a[href*="flaky.md"]')
    ).first.click()
    expect(page.locator("#page h1")).to_be_visible()
    page.go_back()
    expect(page.locator("#read")).to_contain_text("The clinic")
    page.goto(f"{visit.site}#file/exercises/wire.py")
    assert "wire.py" in page.locator(".cm-content").get_attribute("aria-label")  # type: ignore[operator]
    page.goto(f"{visit.site}#nonesuch")
    expect(page.locator("#home")).to_be_visible()
