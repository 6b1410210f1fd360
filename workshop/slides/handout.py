"""Handouts: a built deck as a PDF, two slides a page, written by Chromium.

reveal.js can lay out pages, but only after a page is loaded, and a browser that prints from the command line
does not wait for that: under load it wrote one empty page. So the slides are put into a plain page here.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from workshop.course import CourseError
from workshop.runner.layout import temporary_folder

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "{ProgramFiles}/Google/Chrome/Application/chrome.exe",
    "{ProgramFiles(x86)}/Microsoft/Edge/Application/msedge.exe",
)
BOUND = 60
"""Seconds that one PDF may take."""
MOST = 500
"""How many characters of the browser's output are shown."""

SLIDE = re.compile(r'<section data-timing="(\d+)">\n(.*?)(<aside class="notes">.*?</aside>)', re.S)
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<link rel="stylesheet" href="_static/deck.css">
<link rel="stylesheet" href="_static/handout.css">
<style>@page {{ size: {size}; margin: 0 }}</style>
</head>
<body class="{kind}">
<div class="reveal"><div class="slides">
{slides}</div></div>
<script src="_static/revealjs/plugin/highlight/highlight.js"></script>
<script>
for (const block of document.querySelectorAll("pre code")) RevealHighlight().hljs.highlightElement(block);
</script>
</body>
</html>
"""


def chromium() -> str:
    """Return the path of a browser of the Chromium family.

    Raises:
        CourseError: There is none.
    """
    for name in NAMES:
        if path := shutil.which(name):
            return path
    for place in PLACES:
        path = re.sub(r"\{(.+)\}", lambda found: os.environ.get(found[1], ""), place)
        if os.path.isfile(path):
            return path
    raise CourseError("PDFs are written by Chromium or Chrome, and neither is installed here.")


def plain(html: str, notes: bool) -> str:
    """Make a plain page for printing from a built deck: two slides on a page of A4, with their notes or without."""
    found = SLIDE.findall(html)
    slides = []
    for n, (seconds, content, aside) in enumerate(found, 1):
        number = f'<div class="slide-number">{n} / {len(found)}</div>'
        said = f'<div class="said"><p>{int(seconds) / 60:g} min</p>\n{aside}\n</div>\n'
        slide = f"<section>\n{content}{number}\n</section>\n{said if notes else ''}"
        slides.append(f'<div class="half">\n{slide}</div>\n')
    pages = ("".join(slides[n : n + 2]) for n in range(0, len(slides), 2))
    title = re.search(r"<title>(.*?)</title>", html, re.S)
    return PAGE.format(
        title=title[1] if title else "",
        size="297mm 210mm" if notes else "210mm 297mm",
        kind="with-notes" if notes else "",
        slides="".join(f"<article>\n{page}</article>\n" for page in pages),
    )


def write(browser: str, page: Path, file: Path, notes: bool) -> None:
    """Write a built deck as a PDF.

    Raises:
        CourseError: The browser fails, or takes too long.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    source = page.with_name(f"handout-{file.stem}.html")
    source.write_text(plain(page.read_text("utf-8"), notes), "utf-8")
    with temporary_folder() as profile:
        command = [browser, "--headless", "--disable-gpu", "--no-first-run", "--disable-sync"]
        command += ["--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND"]
        if getattr(os, "geteuid", lambda: 1)() == 0:
            command.append("--no-sandbox")  # otherwise Chromium does not start for root
        command += [f"--user-data-dir={profile}", "--no-pdf-header-footer"]
        command += [f"--print-to-pdf={file}", source.as_uri()]
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, timeout=BOUND
            )
        except subprocess.TimeoutExpired:
            raise CourseError(f"{browser} has not written {file} in {BOUND} s.") from None
        finally:
            source.unlink()
    if done.returncode or not file.is_file():
        output = " ".join(done.stderr.decode("utf-8", "replace").split())[-MOST:]
        raise CourseError(f"{browser} did not write {file}. Its output: {output or 'none'}")
