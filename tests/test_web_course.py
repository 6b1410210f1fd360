"""The whole page with the whole engine: a first test made green, no server any more, no other host."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright
from test_http_browser import ARGUMENTS, CHROMIUM, pytestmark  # noqa: F401
from web_engine import BOUND, serving

from workshop.course import load
from workshop.course.solutions import answer

ROOT = Path(__file__).resolve().parent.parent
STAGE = load(ROOT).stage("stage0_setup")


def verdict(page: Page, text: str) -> None:
    """Run the stage, and wait for a verdict with this text."""
    expect(page.locator("#run")).to_be_enabled()
    page.locator("#run").click()
    expect(page.locator("#verdict")).to_contain_text(text)


def put(page: Page, text: str) -> None:
    """Replace what the editor has, as a user does."""
    page.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def test_first_visit(web_folder: Path) -> None:
    """The first red test becomes green; then the page needs no server, and has kept the work; it asks no other host."""
    asked: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.set_default_timeout(BOUND)
        expect.set_options(timeout=BOUND)
        page.context.on("request", lambda request: asked.append(request.url))
        with serving(web_folder) as address:
            page.goto(f"{address}/index.html#stage0_setup")
            verdict(page, "Not written yet")
            expect(page.locator("#verdict")).to_contain_text(
                "exercises/stage0_setup/lines.py, line"
            )
            put(page, answer(STAGE, 1)["lines.py"])
            verdict(page, "Step  1  Line             passes")
            page.wait_for_function("navigator.serviceWorker.controller !== null")
            page.locator(".brand").click()
            expect(page.locator("#offline")).to_contain_text("with no network")
        page.goto("about:blank")
        page.goto(f"{address}/index.html#stage0_setup")
        expect(page.locator(".cm-content")).to_contain_text("def as_line")
        verdict(page, "Step  1  Line             passes")
        browser.close()
    assert {url for url in asked if not url.startswith((address, "blob:", "data:"))} == set()
