"""The notebooks in JupyterLab, and in the classic interface, in headless Chromium, which can reach nothing but 127.0.0.1.

`python3 -m workshop lab` is started on a copy of the course. Each notebook is opened there as a learner does it, all its
cells are run from the menu, it is saved from the menu, and what was saved is compared with the notebook of the course.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from driving import REPOSITORY, Learner, until
from playwright.sync_api import Page, expect, sync_playwright
from test_http_browser import ARGUMENTS, CHROMIUM, pytestmark

from workshop.notebook.lab import COPIES, copied
from workshop.notebook.make import RAISES

__all__ = ["pytestmark"]

LIVE, SMALL, WRONG = "stage4_disconnect", "stage0_setup", "wrong"
# So high that all of a notebook is in view: JupyterLab draws only the cells that are.
WIDTH, HEIGHT = 1300, 16_000
BOUND = 60_000
"""Milliseconds that anything here may take before it counts as hung."""
ERROR = '[data-mime-type="application/vnd.jupyter.stderr"]'
"""What an exception is shown as, and what is written to stderr."""
PICTURES = os.environ.get("TRIAL_BY_WIRE_PICTURES")
"""A folder for pictures of the pages, for whoever wants to look at them."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """The command, on a copy of the course with one notebook more, which is wrong: the copy, and the server's address."""
    place = tmp_path_factory.mktemp("lab")
    root, temp, home = place / "course", place / "temp", place / "home"
    temp.mkdir()
    home.mkdir()
    for name in ("exercises", "solutions", "notebooks"):
        shutil.copytree(REPOSITORY / name, root / name, ignore=shutil.ignore_patterns(".*"))
    copies = root / COPIES
    copies.mkdir(parents=True)
    text = (root / "notebooks" / f"{SMALL}.ipynb").read_text("utf-8")
    wrong = nbformat.from_dict(nbformat.reads(copied(text), as_version=4))
    next(cell for cell in wrong.cells if cell.source.startswith("from")).source = "1 / 0"
    nbformat.write(wrong, copies / f"{WRONG}.ipynb")
    learner = Learner(root, temp)
    with learner.start(
        *("lab", LIVE, "--no-browser"), env={"HOME": str(home)}, stdout=subprocess.PIPE
    ) as process:
        try:
            assert process.stdout is not None
            lines = (line.decode() for line in process.stdout)
            yield root, next(line.strip() for line in lines if line.startswith("http://"))
        finally:
            process.send_signal(signal.SIGINT)
            code = process.wait(30)
    assert code == 0
    learner.nothing_left()
    assert list(home.iterdir()) == []


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """The system's Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=ARGUMENTS, timeout=BOUND
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Any, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page that knows no secret. By the end, it has asked nobody but the server, and no script of JupyterLab's failed."""
    context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT})
    page: Page = context.new_page()
    page.set_default_timeout(BOUND)
    wrong: list[str] = []
    here = ("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")
    page.on("request", lambda asked: asked.url.startswith(here) or wrong.append(asked.url))
    # The classic interface's own scripts fail on a notebook's page, whatever it is; it does not harm them.
    page.on("pageerror", lambda error: "/lab" in page.url and wrong.append(f"error: {error}"))
    yield page
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{request.node.name}.png")
    context.close()
    assert wrong == [], "\n".join(wrong)


def run_all(page: Page, path: Path, count: int) -> None:
    """Run all cells of the notebook that is open, from the menu, once its kernel is ready; save it after that many."""
    expect(page.locator(".jp-NotebookPanel:visible .jp-Cell").first).to_be_visible(timeout=BOUND)
    # What is run before the browser has its connection to the kernel is lost.
    until(lambda: connected(page, path.name), BOUND / 1000, "no kernel")
    ready = page.locator(".jp-NotebookPanel:visible .jp-Notebook-ExecutionIndicator")
    expect(ready).to_have_attribute("data-status", "idle", timeout=BOUND)
    choose(page, "Run", "Run All Cells")
    prompts = page.locator(".jp-NotebookPanel:visible .jp-CodeCell .jp-InputArea-prompt")
    # Not "no cell has a star": when one raises, even as it is to, those after it lose theirs before they run.
    expect(prompts.get_by_text(f"[{count}]:", exact=True)).to_have_count(1, timeout=BOUND)
    choose(page, "File", re.compile("Save Notebook( Ctrl|$)"))
    until(lambda: was_run(path, count), BOUND / 1000, "not saved")


def connected(page: Page, name: str) -> bool:
    """Whether a browser is connected to the kernel of the notebook of that name, which waits for work."""
    sessions = page.request.get(re.sub("(?<=[0-9])/.*", "/api/sessions", page.url)).json()
    kernels = [one["kernel"] for one in sessions if one["path"].endswith(f"/{name}")]
    return any(one["connections"] and one["execution_state"] == "idle" for one in kernels)


def choose(page: Page, menu: str, entry: str | re.Pattern[str]) -> None:
    """Choose an entry of a menu."""
    page.get_by_role("menuitem", name=menu, exact=True).click()
    page.get_by_role("menuitem", name=entry, exact=isinstance(entry, str)).click()


def codes(path: Path) -> list[Any]:
    """A notebook's cells of code."""
    notebook = nbformat.from_dict(nbformat.reads(path.read_text("utf-8"), as_version=4))
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def numbers(path: Path) -> list[int | None]:
    """Which was run as the how-manieth."""
    return [cell.execution_count for cell in codes(path)]


def was_run(path: Path, count: int) -> bool:
    """Whether a notebook's file is whole, and that many of its cells were run."""
    try:
        return numbers(path)[count - 1] == count
    except (ValueError, nbformat.reader.NotJSONError):
        return False  # half written


def shown(cell: Any) -> list[Any]:
    """A cell's outputs, in a form that can be compared: as one text for each stream, and an exception without its trace."""
    found: list[Any] = []
    for output in cell.outputs:
        if output.output_type == "stream":
            if found and found[-1][0] == output.name:
                found[-1] = (output.name, found[-1][1] + output.text)
            else:
                found.append((output.name, output.text))
        elif output.output_type == "error":
            found.append(("error", output.ename, output.evalue))
        else:
            found.append((output.output_type, dict(output.data)))
    return found


def check(page: Page, root: Path, stage: str, path: Path) -> None:
    """See that each cell was run, in turn; that only those raised which are to; and that all outputs are the stored ones."""
    there, stored = codes(path), codes(root / "notebooks" / f"{stage}.ipynb")
    assert numbers(path) == list(range(1, len(stored) + 1)), "a cell was not run, or not in turn"
    raised = [any(one[0] == "error" for one in shown(cell)) for cell in there]
    assert raised == [RAISES in cell.metadata.get("tags", ()) for cell in stored]
    assert [shown(cell) for cell in there] == [shown(cell) for cell in stored]
    # And what the browser shows of it.
    panel = page.locator(".jp-NotebookPanel:visible")
    expect(panel.locator(".jp-CodeCell").last).to_contain_text("Nothing is left")
    assert panel.locator(ERROR).count() == raised.count(True)
    drawn = panel.locator(".jp-RenderedSVG img").evaluate_all("all => all.map(x => x.naturalWidth)")
    assert len(drawn) == sum(
        one[0] in ("display_data", "execute_result") and "image/svg+xml" in one[1]
        for cell in stored
        for one in shown(cell)
    )
    assert all(width > 100 for width in drawn)


def test_lab(page: Page, served: tuple[Path, str]) -> None:
    """JupyterLab opens on the notebook that was asked for; run there, it gives what the course has stored. Links lead on."""
    root, address = served
    assert f"/lab/tree/{COPIES}/{LIVE}.ipynb?token=" in address
    page.goto(address)
    copy = root / COPIES / f"{LIVE}.ipynb"
    assert numbers(copy) == [None] * len(codes(copy))
    run_all(page, copy, len(codes(copy)))
    check(page, root, LIVE, copy)
    page.get_by_role("link", name="the stage's README").click()
    expect(page.locator(".jp-MarkdownViewer h1")).to_contain_text(LIVE)


def test_a_cell_that_raises_is_found(page: Page, served: tuple[Path, str]) -> None:
    """The check above fails on a notebook of which a cell raises: the cells after it are not run."""
    root, address = served
    copy = root / COPIES / f"{WRONG}.ipynb"
    page.goto(address.replace(LIVE, WRONG))
    panel = page.locator(".jp-NotebookPanel:visible")
    run_all(page, copy, next(i for i, cell in enumerate(codes(copy), 1) if cell.source == "1 / 0"))
    expect(panel.locator(ERROR)).to_have_count(1)
    with pytest.raises(AssertionError, match="a cell was not run"):
        check(page, root, SMALL, copy)


def test_classic(page: Page, served: tuple[Path, str]) -> None:
    """The classic interface lists the course's files; a notebook that is opened there gives what the course has stored."""
    pytest.importorskip("notebook")
    root, address = served
    base, _, token = re.split("lab/tree/|[?]", address)
    page.goto(f"{base}tree?{token}")
    expect(page.get_by_text("exercises", exact=True)).to_be_visible()
    page.goto(f"{base}notebooks/{COPIES}/{SMALL}.ipynb")
    copy = root / COPIES / f"{SMALL}.ipynb"
    run_all(page, copy, len(codes(copy)))
    check(page, root, SMALL, copy)
