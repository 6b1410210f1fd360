"""Prints what the page costs: to the first verdict, a step, a judged stage, over the wire, in memory.

    python tests/benchmarks/web.py [--firefox] [FOLDER]

FOLDER has the built page; without it, it is built. Each visit is one of a new Chromium, or Firefox; the last one of the
first's profile, which has the files in its cache.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, BrowserType, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from test_http_browser import ARGUMENTS, CHROMIUM  # noqa: E402
from web_engine import serving  # noqa: E402
from web_firefox import how  # noqa: E402

from workshop.course import load  # noqa: E402
from workshop.course.solutions import answer  # noqa: E402
from workshop.web import build  # noqa: E402

COURSE = load(ROOT)
TIMES = 3
VERDICT = "#words:has-text('Not written yet')"
ASK = """async ([stage, step, files]) => {
  const { Engine } = await import("./page/engine.js");
  const engine = new Engine();
  const encoder = new TextEncoder();
  await engine.start(Object.fromEntries(Object.entries(files).map(([path, text]) => [path, encoder.encode(text)])));
  const seconds = [];
  let passed;
  for (let n = 0; n < 3; n++) {
    const began = performance.now();
    const answer = await engine.ask("run", step ? { stage, step } : { stage });
    seconds.push((performance.now() - began) / 1000);
    passed = answer.exit === 0;
  }
  engine.worker.terminate();
  return [passed, seconds];
}"""


@contextmanager
def launcher(firefox: bool) -> Iterator[tuple[BrowserType, dict[str, Any]]]:
    """The browser's type, and what it takes to launch it."""
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        if firefox:
            yield playwright.firefox, how(Path(folder))
        else:
            yield playwright.chromium, {"executable_path": CHROMIUM, "args": ARGUMENTS}


def first_verdict(page: Page, address: str) -> float:
    """Open the page at a stage, press Run at once, and wait for the verdict; return the seconds."""
    began = time.monotonic()
    page.goto(f"{address}/index.html#stage2_poetry")
    page.locator("#run").click()
    page.get_by_text("Not written yet").first.wait_for(timeout=120_000)
    return time.monotonic() - began


def visits(folder: Path, firefox: bool) -> None:
    """Print the seconds from opening the page to the first verdict."""
    with serving(folder) as address, launcher(firefox) as (kind, options):

        def visit(profile: str) -> BrowserContext:
            return kind.launch_persistent_context(profile, **options)

        for _ in range(TIMES):
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
                for what in ("empty cache", "warm cache"):
                    context = visit(profile)
                    seconds = first_verdict(context.pages[0], address)
                    print(f"first verdict, {what}: {seconds:.1f} s")
                    context.pages[0].wait_for_timeout(
                        3000
                    )  # the service worker keeps the files meanwhile
                    context.close()


def runs(folder: Path, firefox: bool) -> None:
    """Print the seconds of runs in a page that is open."""
    with serving(folder) as address, launcher(firefox) as (kind, options):
        browser = kind.launch(**options)
        page = browser.new_page()
        page.goto(f"{address}/licences.txt")
        for name, step in (
            ("stage2_poetry", "3"),
            ("stage2_poetry", ""),
            ("stage3_http", ""),
            ("stage5_transform", ""),
        ):
            stage = COURSE.stage(name)
            files = {stage.path(file): text for file, text in answer(stage).items()}
            passed, seconds = page.evaluate(ASK, [name, step, files])
            times = ", ".join(f"{one:.2f}" for one in seconds)
            print(f"run {name} {step}: {'passes' if passed else 'FAILS'}, {times} s")
        browser.close()


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--firefox", action="store_true")
    parser.add_argument("folder", type=Path, nargs="?")
    asked = parser.parse_args()
    folder = asked.folder or build.up_to_date(COURSE, print)
    print(f"over the wire: {build.on_the_wire(folder) / 1e6:.2f} MB")
    visits(folder, asked.firefox)
    runs(folder, asked.firefox)


if __name__ == "__main__":
    main()
