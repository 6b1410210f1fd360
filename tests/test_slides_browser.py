"""The decks in a real browser of 1280 by 720, which can reach nothing but this machine: headless Chromium.

Every slide, and every step of it: all is in its place, large enough, with enough contrast; no network is asked.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from decks import Deck, decks
from playwright.sync_api import Page, sync_playwright
from test_http_browser import ARGUMENTS, CHROMIUM, pytestmark  # noqa: F401

from workshop.course import load
from workshop.slides import handout
from workshop.slides.decks import build

ROOT = Path(__file__).resolve().parent.parent
COURSE = load(ROOT)
DECKS = decks(COURSE)
BOUND = 20_000
"""Milliseconds that anything in the browser may take."""

each_deck = pytest.mark.parametrize("deck", DECKS, ids=lambda deck: deck.name)

LOOK = (Path(__file__).parent / "slide_looks.js").read_text("utf-8")
"""JavaScript: walk() goes through a deck, and gives what is wrong with it; pages() looks at a handout."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All decks, built."""
    folder = tmp_path_factory.mktemp("built")
    build(COURSE, folder)
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """The system's Chromium, which may ask the file system, and nobody else."""
    with sync_playwright() as playwright:
        arguments = [*ARGUMENTS, "--allow-file-access-from-files"]
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=arguments, timeout=BOUND
        )
        yield browser
        browser.close()


class Window:
    """A page, and what went wrong on it: errors, and what it asked of others than the file system."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.wrong: list[str] = []
        page.set_default_timeout(BOUND)
        self.watch(page)

    def watch(self, page: Page) -> None:
        """Note what goes wrong on this page too."""
        page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        page.on("console", lambda said: self.console(said.type, said.text))
        page.on("request", lambda asked: self.asked(asked.url))

    def console(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.wrong.append(f"console: {text}")

    def asked(self, url: str) -> None:
        if not url.startswith(("file:", "about:", "data:", "blob:")):
            self.wrong.append(f"asked for {url}")

    def open(self, path: Path, query: str = "") -> None:
        """Open a deck, and wait until reveal.js has laid it out."""
        self.page.goto(path.as_uri() + query)
        self.page.wait_for_function("window.Reveal && Reveal.isReady()")

    def walk(self, path: Path) -> list[str]:
        """All that is wrong with a deck."""
        self.open(path)
        said: list[str] = self.page.evaluate(f"{LOOK}\nwiden();\nwalk()")
        return [*self.wrong, *said]

    def pdf(self) -> int:
        """How many pages the page makes as a PDF."""
        data = self.page.pdf(prefer_css_page_size=True, print_background=True)
        return len(re.findall(rb"/Type\s*/Page\b", data))


@pytest.fixture(scope="module")
def shared(browser: Any) -> Window:
    """A page of 1280 by 720, for all tests: for each new one, Chromium would start another process."""
    return Window(browser.new_page(viewport={"width": 1280, "height": 720}))


@pytest.fixture
def window(shared: Window) -> Iterator[Window]:
    """That page, empty, of which nothing is wrong."""
    shared.wrong.clear()
    yield shared
    shared.page.goto("about:blank")


MEASURED = """
(() => {
    const probe = document.createElement("span"), text = "An open port, a connection or a delayed call is an error";
    probe.textContent = text;
    probe.style.cssText = "position: absolute; white-space: pre; font-size: 100px";
    document.querySelector(".slides section section").append(probe);
    return probe.getBoundingClientRect().width / text.length;
})()
"""
"""JavaScript: the mean width of a letter of 100 pixels."""


@each_deck
def test_every_slide(window: Window, built: Path, deck: Deck) -> None:
    """Nothing is wrong with any slide, at any of its steps."""
    assert window.walk(built / f"{deck.name}.html") == []
    assert window.page.evaluate("Reveal.getTotalSlides()") == len(deck.slides)
    assert window.page.title() == deck.title


@pytest.mark.parametrize("font", ["DejaVu Sans", "DejaVu Sans Condensed", "Liberation Sans"])
def test_whatever_the_font(window: Window, built: Path, font: str) -> None:
    """The checks above use letters at least as wide as those of DejaVu Sans, whichever font this machine has."""
    window.open(built / "opening.html")
    window.page.add_style_tag(content=f":root {{ --text: '{font}', 'DejaVu Sans' !important }}")
    window.page.evaluate(f"{LOOK}\nwiden()")
    assert window.page.evaluate(MEASURED) >= 0.98 * 49.3


def test_index(window: Window, built: Path) -> None:
    """The list of decks fits on its slide, and each link leads to a deck."""
    found = window.walk(built / "index.html")
    assert [said for said in found if not said.endswith((": no notes", ": no minutes"))] == []
    links = window.page.locator("section a")
    assert links.count() == len(DECKS)
    links.last.click()
    window.page.wait_for_function("window.Reveal && Reveal.isReady()")
    assert window.page.title() == DECKS[-1].title


BELOW = "</h2>"
HARM: dict[str, tuple[str | re.Pattern[str], str, str]] = {
    "an over-long line": (BELOW, f"{BELOW}<pre><code>{'x' * 76}</code></pre>", "sticks out"),
    "a long word": (BELOW, f"{BELOW}<p>{'x' * 120}</p>", "sticks out"),
    "a tall slide": (BELOW, f"{BELOW}{'<p>line</p>' * 12}", "sticks out"),
    "a wide table": (BELOW, f"{BELOW}<table><tr>{'<td>wide</td>' * 30}</tr></table>", "sticks out"),
    "a web font": (
        BELOW,
        f'{BELOW}<link rel="stylesheet" href="https://fonts.invalid/a.css">',
        "asked for https://fonts.invalid",
    ),
    "a box that sticks out": (
        BELOW,
        f'{BELOW}<div class="ask" style="height: 560px"></div>',
        "a box sticks out",
    ),
    "a script that raises": (BELOW, f"{BELOW}<script>nothing()</script>", "error: nothing"),
    "no notes": (re.compile(r'<aside class="notes">.*?</aside>', re.S), "", "no notes"),
    "no minutes": (re.compile(r'<section data-timing="\d+">'), "<section>", "no minutes"),
    "small letters": (BELOW, f'{BELOW}<p style="font-size: 26px">a</p>', "26px letters"),
    "grey letters": (BELOW, f'{BELOW}<p style="color: #777">a</p>', "contrast 4.4"),
    "faint letters": (BELOW, f'{BELOW}<p style="opacity: 0.5">a</p>', "opacity 0.5"),
    "a picture without words": (re.compile('aria-label="[^"]*"'), 'aria-label=""', "no words"),
    "a file that is not there": (BELOW, f'{BELOW}<img src="gone.png" alt="a">', "is not there"),
    "a small picture": ("<svg xml", '<svg style="width: 600px" xml', "13.5px letters"),
    "a text wider than its picture": (
        ">1.25 s<",
        f">{'1.25 s' * 30}<",
        "sticks out of its picture",
    ),
    "a text wider than its box": (">c3<", ">c3c3<", '"c3c3" sticks out of its box'),
    "a text into a box": (">server writes<", ">the server writes it<", "sticks out over a box"),
    "a text over another": (">0.00 s<", ">0.00 seconds<", "is over"),
    "grey letters in a picture": (
        'font-size="27" fill="#1f2328"',
        'font-size="27" fill="#999"',
        "contrast 2.",
    ),
    "middling letters": (BELOW, f'{BELOW}<p style="font-size: 36px">a</p>', "not marked as small"),
    "small without need": (
        BELOW,
        f'{BELOW}<div class="small"></div>',
        "would fit in large letters",
    ),
    "a step that sticks out": (
        BELOW,
        f'{BELOW}<p class="fragment" style="margin-left: 1300px">a</p>',
        "sticks out",
    ),
    "a step with small letters": (
        BELOW,
        f'{BELOW}<p class="fragment" style="font-size: 20px">a</p>',
        "20px letters",
    ),
    "no harm": (BELOW, BELOW, ""),
}


@pytest.fixture(scope="module")
def harmed(shared: Window, built: Path) -> list[str]:
    """What is said of a deck that has one slide again and again, each time with another harm, which is its title."""
    html = (built / "stage2_poetry.html").read_text("utf-8")
    slides = re.findall(
        r'<section >\n<section data-timing="\d+">.*?</section>\n</section>', html, re.S
    )
    one = next(slide for slide in slides if 'data-name="stage2_chunks.svg"' in slide)
    copies = ""
    for harm, (old, new, found) in HARM.items():
        again = old.sub(new, one) if isinstance(old, re.Pattern) else one.replace(old, new)
        assert (again == one) == (not found)
        copies += re.sub("<h2>.*?</h2>", f"<h2>{harm}</h2>", again)
    path = built / "harmed.html"
    path.write_text(html.replace(one, copies), "utf-8")
    shared.wrong.clear()
    said = shared.walk(path)
    shared.page.goto("about:blank")
    return said


@pytest.mark.parametrize("harm", HARM)
def test_harm_is_found(harmed: list[str], harm: str) -> None:
    """The check above can fail, for each of its reasons; and it fails for no other slide."""
    found = HARM[harm][2]
    about = [one for one in harmed if one.startswith(f"{harm}: ") or one.startswith(found or "-")]
    assert any(found in one for one in about) == bool(found), harmed


@each_deck
@pytest.mark.parametrize("notes", [False, True], ids=["slides", "notes"])
def test_handout(window: Window, built: Path, deck: Deck, notes: bool) -> None:
    """A handout has a page for two slides, on which all of each slide is, and of its notes."""
    html = (built / f"{deck.name}.html").read_text("utf-8")
    path = built / f"handout-{deck.name}{notes}.html"
    path.write_text(handout.plain(html, notes), "utf-8")
    window.page.goto(path.as_uri())
    assert window.page.evaluate(f"{LOOK}\npages()") == []
    shown = window.page.locator("aside").count()
    assert shown == (len(deck.slides) if notes else 0)
    assert window.pdf() == (len(deck.slides) + 1) // 2
    assert window.wrong == []


def test_notes_too_long_for_a_page_are_found(window: Window, built: Path) -> None:
    """The check of handouts can fail."""
    html = (built / "opening.html").read_text("utf-8")
    long = html.replace("</aside>", f"{'<p>More.</p>' * 60}</aside>", 1)
    path = built / "handout-long.html"
    path.write_text(handout.plain(long, notes=True), "utf-8")
    window.page.goto(path.as_uri())
    assert window.page.evaluate(f"{LOOK}\npages()") == ["page 1: sticks out"]


def test_print_from_the_browser(window: Window, built: Path) -> None:
    """reveal.js's own way to print, ?print-pdf, gives a page a slide as well."""
    window.page.goto((built / "opening.html").as_uri() + "?print-pdf")
    window.page.wait_for_selector(".pdf-page")
    assert window.pdf() == len(next(deck for deck in DECKS if deck.name == "opening").slides)


def test_written_by_the_command(built: Path, tmp_path: Path) -> None:
    """The PDF that the command writes has a page for two slides, and leaves no other file."""
    before = sorted(path.name for path in built.iterdir())
    file = tmp_path / "handouts" / "opening.pdf"
    handout.write(handout.chromium(), built / "opening.html", file, notes=True)
    pages = re.findall(rb"/Type\s*/Page\b", file.read_bytes())
    slides = len(next(deck for deck in DECKS if deck.name == "opening").slides)
    assert len(pages) == (slides + 1) // 2
    assert sorted(path.name for path in built.iterdir()) == before


@pytest.mark.skipif(sys.platform == "win32", reason="a stub that is a shell script")
@pytest.mark.parametrize("does", ["exit 3", "true"])
def test_browser_that_fails(built: Path, tmp_path: Path, does: str) -> None:
    """A browser that fails, or writes nothing, is reported."""
    stub = tmp_path / "browser"
    stub.write_text(f"#!/bin/sh\n{does}\n")
    stub.chmod(0o755)
    with pytest.raises(Exception, match="did not write"):
        handout.write(str(stub), built / "opening.html", tmp_path / "a.pdf", notes=False)


NOTES_AND_SLIDE = ("#speaker-controls", "#current-slide")
SIZE = "(element) => parseFloat(getComputedStyle(element).fontSize)"


def test_by_keyboard(window: Window, built: Path) -> None:
    """The arrows go through a deck; S opens the speaker's window, with notes, and the time that is left."""
    window.open(built / "opening.html")
    page, deck = window.page, next(deck for deck in DECKS if deck.name == "opening")
    with page.expect_popup() as opened:
        page.keyboard.press("s")
    speaker = opened.value
    window.watch(speaker)
    first = deck.slides[0].notes.split("\n")[0]
    speaker.locator(".speaker-controls-notes .value", has_text=first[:40]).wait_for()
    assert speaker.locator(".pacing").is_visible()
    # The notes are first, and have most of the room.
    notes, slide = (speaker.locator(one).bounding_box() for one in NOTES_AND_SLIDE)
    assert (
        notes["x"] == 0
        and notes["width"] > 1.5 * slide["width"]
        and slide["x"] > notes["width"] - 1
    )
    assert speaker.locator(".speaker-controls-notes .value").evaluate(SIZE) >= 24
    page.keyboard.press("ArrowRight")
    second = deck.slides[1].notes.split("\n")[0]
    speaker.locator(".speaker-controls-notes .value", has_text=second[:40]).wait_for()
    assert page.evaluate("Reveal.getIndices().h") == 1
    assert window.wrong == []
    speaker.close()


@pytest.mark.parametrize("stage", ["stage3_http", "stage3b_framing"])
def test_demo_for_the_last_row(window: Window, stage: str) -> None:
    """The letters of a demo's page are as large as those of a slide."""
    text = (ROOT / "exercises" / stage / "pages.py").read_text("utf-8")
    style = re.search(r"<style>.*?</style>", text, re.S)
    assert style is not None
    parts = "<p>a</p><pre>a</pre><label>a</label><input><textarea></textarea><button>a</button>"
    window.page.set_content(style[0].replace("{{", "{").replace("}}", "}") + parts)
    shown = parts if stage == "stage3b_framing" else "<p><pre>"
    for name in set(re.findall(r"<(\w+)", shown)):
        size = window.page.locator(name).evaluate(SIZE)
        assert size >= 26.66, f"{name}: {size}"
