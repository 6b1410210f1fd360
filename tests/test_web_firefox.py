"""The whole page in Firefox: what depends on the browser, since Chromium has tests of everything.

Processes are the interpreter's memory copied, and end by an exception of JavaScript; both are a browser's own matter.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from web_engine import BOUND, START, Engine, serving
from web_firefox import firefox, pytestmark  # noqa: F401
from web_page import exported

from workshop.course import Stage, load
from workshop.course.solutions import answer

ROOT = Path(__file__).resolve().parent.parent
COURSE = load(ROOT)
FIRST = COURSE.stage("stage0_setup")
LINES = FIRST.path("lines.py")
CONTROLLED = """() => new Promise((resolve, reject) => {
  const container = navigator.serviceWorker;
  if (container.controller) resolve();
  container.addEventListener("controllerchange", () => resolve());
  setTimeout(reject, 30_000, new Error("no service worker answers for the page"));
})"""
FETCH = """url => fetch(url, { mode: "no-cors", signal: AbortSignal.timeout(5000) })
  .then(() => "got", () => "refused")"""
KEPT = """async () => {
  const { Machine } = await import("/page/machine.js");
  const memory = new ArrayBuffer(1 << 20);
  const module = {
    HEAP8: new Int8Array(memory), HEAPU8: new Uint8Array(memory), HEAPU32: new Uint32Array(memory),
    _emscripten_get_sbrk_ptr: () => 0,
  };
  const FS = { makedev() {}, registerDevice() {}, mkdev() {} };
  const machine = new Machine({ _module: module, FS }, () => {});
  const keep = (used, last) => {
    module.HEAPU32[0] = used;
    module.HEAPU8[used - 1] = last;
    machine.keep("image");
    return machine.images.get("image");
  };
  const [first, smaller] = [keep(1000, 1), keep(900, 2)];
  const same = first.buffer === smaller.buffer;
  const found = [smaller.length, smaller.at(-1)];
  const larger = keep(1000, 3);
  return [same, found, [larger.length, larger.at(-1)]];
}"""
PASSES = "Step  1  Line             passes"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Firefox, started once."""
    expect.set_options(timeout=BOUND)
    with firefox(tmp_path_factory.mktemp("firefox")) as started:
        yield started


@pytest.fixture(scope="module")
def tool(browser: Browser, web_folder: Path) -> Iterator[Engine]:
    """The engine with the course, without the page around it."""
    with serving(web_folder) as address:
        page = browser.new_page()
        page.set_default_timeout(BOUND)
        page.goto(f"{address}/licences.txt")
        page.evaluate(START, {})
        yield Engine(page)
        page.context.close()


def files(stage: Stage) -> dict[str, str | None]:
    """Return the reference's files, by their paths."""
    return {stage.path(name): text for name, text in answer(stage).items()}


def run(page: Page, text: str) -> None:
    """Run the stage, and wait for a verdict with this text."""
    expect(page.locator("#run")).to_be_enabled()
    page.locator("#run").click()
    expect(page.locator("#verdict")).to_contain_text(text)


def write(page: Page, old: str, new: str) -> None:
    """Type one line in place of another, key by key."""
    page.locator(".cm-line", has_text=old).click()
    page.keyboard.press("End")
    page.keyboard.press("Shift+Home")
    page.keyboard.type(new)
    expect(page.locator(".cm-content")).to_contain_text(new)


def refuses_other_hosts(page: Page) -> None:
    """Let the page ask another origin: nobody even connects to it."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        assert page.evaluate(FETCH, f"http://127.0.0.1:{other.getsockname()[1]}/") == "refused"
        other.setblocking(False)
        with pytest.raises(BlockingIOError):
            other.accept()


def test_first_visit(browser: Browser, web_folder: Path) -> None:
    """The first test becomes green; Stop ends a loop; work is exported; a reload needs no server, and keeps the work."""
    (solved,) = (
        line.strip() for line in answer(FIRST)["lines.py"].splitlines() if "encode(" in line
    )
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.set_default_timeout(BOUND)
    asked: list[str] = []
    wrong: list[str] = []
    page.context.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: said.type == "error" and wrong.append(said.text))
    with serving(web_folder) as address:
        page.goto(f"{address}/index.html#stage0_setup")
        refuses_other_hosts(page)
        run(page, "Not written yet")
        expect(page.locator("#verdict")).to_contain_text(f"{LINES}, line 9")
        write(page, "raise NotImplementedError", "while True: pass")
        page.locator("#run").click()
        expect(page.locator("#state-text")).to_contain_text("Step01Line")
        page.get_by_role("button", name="Stop").click()
        expect(page.locator("#verdict")).to_contain_text("Stopped. Step01Line.test_")
        write(page, "while True: pass", solved)
        run(page, PASSES)
        assert exported(page)[LINES].decode().count(solved) == 1
        expect(page.locator("#offline")).to_contain_text("with no network")
        page.evaluate(CONTROLLED)
    page.reload()
    expect(page.locator(".cm-content")).to_contain_text(solved)
    run(page, PASSES)
    assert asked and [url for url in asked if not url.startswith((address, "blob:", "data:"))] == []
    assert [one for one in wrong if "(connect-src)" not in one] == []
    page.context.close()


def test_an_endless_loop(tool: Engine) -> None:
    """What never ends is ended at the limit, with the line where it was; the next run passes."""
    loop = answer(FIRST, 0)["lines.py"].replace("raise NotImplementedError", "while True: pass #")
    ended = tool.ask("run", {LINES: loop}, stage="0", limit=1)
    said = " ".join(ended["text"].split())
    assert ended["exit"] == 1 and "still running after 1 s in test_empty" in said, ended["text"]
    assert f"{LINES}, line 9" in said, ended["text"]
    again = tool.ask("run", {LINES: answer(FIRST)["lines.py"]}, stage="0", step="1")
    assert again["exit"] == 0, again["text"]


def test_recursion(tool: Engine) -> None:
    """Recursion without end is an error in Python; the next run passes."""
    text = "def as_line(text):\n    return as_line(text)\n"
    failed = tool.ask("run", {LINES: text}, stage="0", step="1")
    assert "A function called itself too often" in failed["text"], failed["text"]
    again = tool.ask("run", {LINES: answer(FIRST)["lines.py"]}, stage="0", step="1")
    assert again["exit"] == 0, again["text"]


def test_judged(tool: Engine) -> None:
    """The reference's tests catch every kind of mistake: a process for each right answer and each mutant."""
    stage = COURSE.stage("stage5_transform")
    judged = tool.ask("run", files(stage), stage=stage.name)
    assert judged["exit"] == 0, judged["text"]
    assert {step["status"] for step in judged["data"]["steps"]} == {"passes"}


def test_connections(tool: Engine) -> None:
    """Stage 4 runs over the simulated network; a hunt in its gallery finds a history in which a test fails."""
    stage = COURSE.stage("stage4_disconnect")
    ran = tool.ask("run", files(stage), stage=stage.name, step="3")
    assert ran["exit"] == 0, ran["text"]
    target = f"exercises.{stage.name}.gallery.Teardown7PortAndClient"
    found = tool.ask("hunt", target=target)
    assert found["exit"] == 1
    assert "Fails when the reader of 1.client's bytes stays away for 0.1 s." in found["text"]
    assert found["data"]["rows"][-1]["what"] == "trial looks; not over: 1.server"


def test_an_image_takes_the_place_of_the_last_one(tool: Engine) -> None:
    """What is kept again goes into the same array: Firefox keeps many that nobody uses, of 50 MB each after a hunt."""
    assert tool.page.evaluate(KEPT) == [True, [900, 2], [1000, 3]]
