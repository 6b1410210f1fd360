"""How the page looks and is reached: at each size, light and dark, by keyboard alone, and with nothing cut off."""

# ruff: noqa: F811 (fixtures are imported)
from __future__ import annotations

import itertools
import re

import pytest
from playwright.sync_api import ViewportSize, expect
from test_http_browser import pytestmark  # noqa: F401
from web_page import (  # noqa: F401
    FAILS,
    NARROW,
    ROWS,
    STAGE,
    WIDE,
    Visit,
    axe,
    browser,
    code,
    site,
    tab,
    visit,
    write,
)


@pytest.mark.parametrize(
    ("size", "scheme"), [(WIDE, "light"), (NARROW, "dark")], ids=["wide", "narrow"]
)
def test_every_view(visit: Visit, axe: str, size: ViewportSize, scheme: str) -> None:
    """Each view fits its window, and axe-core finds nothing wrong with it, light and dark."""
    page = visit.page(size=size, color_scheme=scheme, reduced_motion="reduce")
    page.evaluate(axe)
    visit.python.answers = {
        "run": FAILS,
        "hint": {"text": "stage0_setup, step 1: a\n\nQuestion (1 of 3)\n  Which?\n", "exit": 0},
        "trial": {"text": "FAILED\n", "data": {"log": "--> a test <--\n"}},
        "hunt": {"text": "History 5 fails.\n", "data": ROWS},
    }

    def looked_at(view: str) -> None:
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        wrong = [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]]
        assert wrong == [], view
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], view

    looked_at("all stages")
    page.goto(f"{visit.site}#stage1_trial/6")
    looked_at("a number")
    page.locator(".brand").click()
    assert page.locator("#map > li").count() == 11
    page.get_by_role("link", name="Make the first red test green").click()
    expect(page.locator(".step-head h2")).to_contain_text("as_line returns the bytes")
    # Who begins here has not seen the page about the stage.
    expect(page.locator("#read").get_by_role("link", name="The lecture")).to_be_visible()
    expect(page.locator("#read .how")).to_contain_text("the button of its name")
    looked_at("a step")
    if size is NARROW:
        page.get_by_role("button", name="Code").click()
        looked_at("the editor")
    page.locator("#run").click()
    expect(page.locator(".said")).to_contain_text("Step 1 fails: 2 of 3 tests.")
    looked_at("a verdict")
    page.locator("#run-trial").click()
    expect(page.locator("#trial pre").first).to_contain_text("FAILED")
    looked_at("plain trial")
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


def test_rows_of_commands(visit: Visit) -> None:
    """The commands of a box are one below the other, with no empty line between."""
    page = visit.page("stage1_trial")
    rows = [
        row.bounding_box() for row in page.locator("#read ul.commands").first.locator("li").all()
    ]
    gaps = [b["y"] - a["y"] - a["height"] for a, b in itertools.pairwise(rows) if a and b]
    assert gaps and max(gaps) < 10, gaps


def test_the_text_fits(visit: Visit) -> None:
    """At 1280 pixels no table and no box of commands is cut off; what explains a command may go below it."""
    page = visit.page()
    for stage in ("stage0_setup", "stage1_trial", "stage4_disconnect", "stage5_transform"):
        page.goto(f"{visit.site}#{stage}")
        expect(page.locator("#read .commands").first).to_be_visible()
        cut = page.evaluate(
            "[...document.querySelectorAll('#read .commands, #read .table')]"
            ".filter(one => one.scrollWidth > one.clientWidth).map(one => one.innerText)"
        )
        assert cut == [], stage


@pytest.mark.parametrize("width", [1280, 900, 390])
def test_all_buttons_in_view(visit: Visit, width: int) -> None:
    """No button below the editor is cut off, and the tab of the open file is in view."""
    page = visit.page("stage4_disconnect/18", size={"width": width, "height": 844})
    if width < 800:
        page.get_by_role("button", name="Code").click()
    for button in (
        *page.locator(".tools button").all(),
        page.locator("#files [aria-selected='true']"),
    ):
        if button.is_visible():
            expect(button).to_be_in_viewport(ratio=0.99)


def test_read_only(visit: Visit) -> None:
    """A given file is called read only beside the tabs, where the words cover none of its lines."""
    page = visit.page("stage4_disconnect/1")
    only = page.get_by_text("read only", exact=True)
    expect(only).to_be_hidden()
    page.locator("#others").select_option("exercises/stage4_disconnect/gallery.py")
    expect(only).to_be_visible()
    words, code = only.bounding_box(), page.locator("#editor").bounding_box()
    assert words and code and words["y"] + words["height"] <= code["y"]


def test_the_title_comes_to_rest(visit: Visit) -> None:
    """What moves on the first page has ended after five seconds."""
    context = visit.context()
    page = context.new_page()
    page.clock.install()
    page.goto(visit.site)
    page.wait_for_selector("body[data-ready]")
    cuts = (
        "[...document.querySelectorAll('#title .byte')].map(one => one.classList.contains('cut'))"
    )
    first = page.evaluate(cuts)
    page.clock.run_for(4000)
    last = page.evaluate(cuts)
    assert first != last
    for _ in range(12):
        page.clock.run_for(1000)
        assert page.evaluate(cuts) == last


def test_code_is_not_left_aside(visit: Visit) -> None:
    """Once the caret is in a short line, the code begins at the left again."""
    page = visit.page(f"{STAGE}/1")
    write(page, "x" * 300)
    scrolled = "document.querySelector('.cm-scroller').scrollLeft"
    page.wait_for_function(f"() => {scrolled} > 0")
    page.keyboard.press("Enter")
    page.wait_for_function(f"() => {scrolled} === 0")


def test_minutes(visit: Visit) -> None:
    """The first page has all the minutes of a stage, whose README may divide them."""
    page = visit.page()
    for name, minutes in (("stage3_http", "160 to 210"), ("stage2_poetry", "75 to 100")):
        about = page.locator(f'[data-stage="{name}"] .about p')
        expect(about).to_have_text(re.compile(f"^{minutes} minutes"))


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
