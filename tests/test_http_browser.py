"""The demos of the two HTTP stages in a real browser: headless Chromium, which can reach nothing but 127.0.0.1."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright
from serving import BOUND, lay_solved, running

# The shell is the same engine without a desktop's windows, tabs and menus, in half the time.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
ARGUMENTS = [
    *("--no-sandbox", "--headless", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
EVIL = "<script>window.ran = true</script><img src=x onerror='window.ran = true'>"
SIZES = {"wide": (1280, 720), "narrow": (400, 720)}
PICTURES = os.environ.get("TRIAL_BY_WIRE_PICTURES")
"""A folder for pictures of the pages, for whoever wants to look at them."""

# In CI its absence is a failure, not a skip.
pytestmark = [
    pytest.mark.skipif(
        not CHROMIUM and not os.environ.get("CI"), reason="Chromium is not installed"
    ),
    pytest.mark.skipif(sys.platform != "linux", reason="drives the Chromium of Linux"),
]


@pytest.fixture(scope="module", params=["stage3_http", "stage3b_framing"])
def url(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[str]:
    """A demo, started as the README says: the address that it prints."""
    name = request.param
    place = lay_solved(tmp_path_factory.mktemp("solved"), name)
    with running(place, "-m", f"exercises.{name}.demo", "--port", "0") as (port, printed):
        assert f"http://127.0.0.1:{port}/\n" in printed
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """The system's Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=ARGUMENTS, timeout=BOUND * 1000
        )
        yield browser
        browser.close()


def favicon(message: Any) -> bool:
    """Whether a message in the console is only about the icon that a browser asks for by itself: it is a 404 here."""
    return str(message.location["url"]).endswith("/favicon.ico")


@pytest.fixture(scope="module")
def window(browser: Any) -> Page:
    """A page for all tests: for each new one, Chromium would start another process."""
    page: Page = browser.new_page()
    page.set_default_timeout(BOUND * 1000)
    return page


@pytest.fixture(params=SIZES)
def page(window: Page, url: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of a window, wide or narrow. By the end, it has asked nobody else and had no error, and it fits."""
    width, height = SIZES[request.param]
    window.set_viewport_size({"width": width, "height": height})
    wrong: list[str] = []
    watched = {
        "pageerror": lambda error: wrong.append(f"error: {error}"),
        "console": lambda said: favicon(said) or wrong.append(f"console: {said.text}"),
        "dialog": lambda dialog: (wrong.append("a dialog"), dialog.dismiss()),
        "request": lambda asked: (
            asked.url.startswith(url) or wrong.append(f"asked for {asked.url}")
        ),
    }
    on: Any = window.on
    for event, heard in watched.items():
        on(event, heard)
    try:
        yield window
        if PICTURES:
            window.screenshot(path=Path(PICTURES) / f"{request.node.name}.png")
        assert wrong == []
        assert window.evaluate("window.ran") is None, "what was sent ran as a script"
        assert window.evaluate("document.documentElement.scrollWidth") <= width, "it does not fit"
        assert window.locator("html").get_attribute("lang") == "en"
        assert window.title()
    finally:
        for event, heard in watched.items():
            window.remove_listener(event, heard)
        window.set_extra_http_headers({})
        window.goto("about:blank")


def test_shows_what_was_asked(page: Page, url: str) -> None:
    """The first page shows the request line and the fields that the browser sent, as text."""
    page.goto(f"{url}/?a=b&c=é")
    shown = page.locator("pre").inner_text()
    agent = page.evaluate("navigator.userAgent")
    lines = shown.splitlines()
    assert lines[0] == "GET /?a=b&c=%C3%A9 HTTP/1.1"
    assert f"Host: {url.removeprefix('http://')}" in lines
    assert f"User-Agent: {agent}" in lines


def test_escapes_what_was_asked(page: Page, url: str) -> None:
    """The first page shows markup in a field, and in a target, as the text that it is; no script of it runs."""
    page.set_extra_http_headers({"X-Evil": EVIL})
    page.goto(f"{url}/")
    assert f"X-Evil: {EVIL}" in page.locator("pre").inner_text()
    assert page.locator("script, img").count() == 0
    # A browser escapes a target by itself. So another client asks, and the browser shows what that one got.
    target = "/?" + EVIL.replace(" ", "/")
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), BOUND) as client:
        client.sendall(f"GET {target} HTTP/1.0\r\n\r\n".encode())
        html = client.makefile("rb").read().partition(b"\r\n\r\n")[2].decode()
    page.set_content(html)
    assert target in page.locator("pre").inner_text()
    assert page.locator("script, img").count() == 0


@pytest.mark.parametrize("url", ["stage3b_framing"], indirect=True)
def test_form(page: Page, url: str) -> None:
    """The second page shows what was filled in, whatever it is: letters outside ASCII, markup, several lines."""
    page.goto(f"{url}/")
    page.get_by_role("link", name="Try the form").click()
    for name, words in (
        ("Zoë 世界 🙂", "one\ntwo  & three"),
        (EVIL, f"</pre>{EVIL}"),
        ("", "+ %41"),
    ):
        page.get_by_label("Your name").fill(name)
        page.get_by_label("Your words").fill(words)
        with page.expect_navigation():
            page.get_by_role("button", name="Send").click()
        assert page.locator("dt").all_inner_texts() == ["name", "words"]
        assert [text.rstrip("\n") for text in page.locator("dd").all_inner_texts()] == [name, words]
        assert page.locator("script, img").count() == 0
    # The picture, if one is taken, is of a plain case.
    page.get_by_label("Your name").fill("Zoë")
    page.get_by_label("Your words").fill("Grüße aus 東京\n" + "a long line " * 10)
    with page.expect_navigation():
        page.get_by_role("button", name="Send").click()
    assert "東京" in page.locator("dl").inner_text()


def test_no_such_page(window: Page, url: str) -> None:
    """A page that is not there is a 404, which the browser shows; the favicon that it asks for on its own is one."""
    response = window.goto(f"{url}/nowhere")
    assert response and response.status == 404
    assert "no such page" in window.inner_text("body")
    assert window.request.get(f"{url}/favicon.ico").status == 404
    window.goto("about:blank")
