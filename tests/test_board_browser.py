"""The board's page in a real browser: headless Chromium, which can reach nothing but 127.0.0.1."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from driving import Learner, until
from playwright.sync_api import Page
from test_http_browser import browser, favicon, pytestmark  # noqa: F401
from test_share_address import Served

from workshop.board.message import LONGEST_NAME, Message, Status
from workshop.board.share import Share, send

SIZES = {"projector": (1920, 1080), "laptop": (1280, 720), "telephone": (400, 800)}
EVIL = "<script>window.ran = 1</script>"
BOUND = 10


@pytest.fixture
def board(mini: Learner) -> Iterator[Served]:
    """A board on loopback."""
    served = Served(mini)
    yield served
    if served.process.poll() is None:
        served.end()


def post(board: Served, number: int, name: str, at: int | None = 12, seconds: int = 7000) -> None:
    """A pair's message."""
    status = Status("stage3b_framing", 10, 12, at, "number", 3, 3, seconds, at is None)
    id_ = f"{number:016x}"
    assert send(Share(board.to, name, id_), Message(id_, name, status), BOUND) == ""


@pytest.fixture
def page(browser: Any, board: Served) -> Iterator[Page]:  # noqa: F811
    """The page, in the light, with a clock of the test's; nothing may go wrong on it."""
    context = browser.new_context(color_scheme="light")
    page: Page = context.new_page()
    page.set_default_timeout(BOUND * 1000)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: favicon(said) or wrong.append(said.text))
    page.clock.install()
    yield page
    context.close()
    assert [text for text in wrong if "ERR_CONNECTION_REFUSED" not in text] == []


def cells(page: Page) -> list[str]:
    """The names on the page."""
    found: list[str] = page.locator("tr:not(:first-child) th").all_inner_texts()
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_every_column_is_there(page: Page, board: Served, size: str, scheme: str) -> None:
    """With the longest texts and in both schemes, the table is as wide as the window, and large on a projector."""
    for number, name in enumerate(("W" * LONGEST_NAME, EVIL, "Ann")):
        post(board, number, name)
    wide, high = SIZES[size]
    page.set_viewport_size({"width": wide, "height": high})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(board.page)
    assert page.evaluate("document.documentElement.scrollWidth") <= wide
    assert page.evaluate("document.querySelector('table').getBoundingClientRect().right") <= wide
    large = page.evaluate("parseFloat(getComputedStyle(document.querySelector('td')).fontSize)")
    assert large >= {"projector": 38, "laptop": 25, "telephone": 11}[size]
    assert cells(page) == ["W" * LONGEST_NAME, EVIL, "Ann"]
    assert page.evaluate("window.ran") is None
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(22, 22, 22)"
    assert dark == (scheme == "dark")


def test_it_renews_itself(page: Page, board: Served) -> None:
    """What pairs post comes without a reload; if the board ends, the page says so and keeps what it had."""
    page.goto(board.page)
    assert "No pair shares yet" in page.inner_text("main")
    page.evaluate("window.kept = true")
    post(board, 1, "Ann")
    page.clock.run_for(5000)
    until(lambda: cells(page) == ["Ann"], BOUND, "the row did not come")
    assert page.is_hidden("#late")
    board.end()
    page.clock.run_for(5000)
    page.wait_for_selector("#late", state="visible")
    assert cells(page) == ["Ann"]
    assert page.evaluate("window.kept") is True


def test_without_javascript(browser: Any, board: Served) -> None:  # noqa: F811
    """Without JavaScript the page is complete, and asks the browser to load it again."""
    post(board, 1, "Ann")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(board.page)
    assert cells(page) == ["Ann"]
    assert 'http-equiv="refresh"' in page.content()
    context.close()
