"""Commands that the course shows run on Windows, or the same page says what to type there.

Windows has no python3 and no nc. Its shells know no `NAME=value command`, no backslash at a line's end and no `.` or
`source`; the Command Prompt knows no single quotes.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from test_docs import PAGES, ROOT

from workshop.simulated.trial import again

FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```", re.M | re.S)
INLINE = re.compile(r"`([^`\n]+)`")
PROGRAMS = r"(?:python3?|py|pip|trial|twist|twistd|nc|curl|uv)\b"
COMMAND = re.compile(rf"(?:[A-Z_]+=\S+ +)*{PROGRAMS} |\. \S*activate|source ")
SETTING = re.compile(r"[A-Z_]+=\S+ ")

# What a command begins with or has in it, and what the page has if it has that.
NEEDS = {
    r"\. \S*activate|source ": r"Windows: +`?\S*\.venv\\Scripts\\activate|\.venv\\Scripts\\activate`",
    r"nc \d": r"[Ww]ithout (?:`nc`|nc)",
    r"curl ": r"curl\.exe",
}
# The pages that come first for a learner, an instructor and a class: these say what python3 is on Windows.
FIRST = ("README.md", "exercises/stage0_setup/README.md", "slides/README.md", "slides/opening.md")


def commands(text: str) -> Iterator[str]:
    """The commands in a page: lines of fences without a language, and code within a sentence."""
    text = re.sub(r"^> ?", "", text, flags=re.M)
    for language, code in FENCE.findall(text):
        if language in ("", "sh", "console", "bash"):
            yield from filter(COMMAND.match, code.splitlines())
    yield from filter(COMMAND.match, INLINE.findall(FENCE.sub("", text)))


def unfit(text: str) -> Iterator[str]:
    """The commands in a page that do not run on Windows, and that the page leaves there without a word."""
    for command in commands(text):
        for pattern, needed in NEEDS.items():
            if re.match(pattern, command) and not re.search(needed, text):
                yield command
        if SETTING.match(command) and "$env:" not in text:
            yield command
        if "'" in re.sub(r'"[^"]*"', "", command.partition("  ")[0]) or command.endswith("\\"):
            yield command


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_page(page: Path) -> None:
    """What does not run on Windows has what to type there in its place."""
    assert [*unfit(page.read_text("utf-8"))] == []


@pytest.mark.parametrize(
    "text",
    [
        "```\n. .venv/bin/activate\n```\n",
        "> ```\n> SEED=7 trial --reactor=simulated x\n> ```\n",
        "Run `SEED=7 WEATHER=calm python -m twisted.trial x`.",
        "```\ntrial x \\\n    y\n```\n",
        "```\npython3 -c 'print(1)'\n```\n",
        "Then `nc 127.0.0.1 8007`.",
        'And `curl "http://127.0.0.1/"`.',
    ],
)
def test_it_would_be_seen(text: str) -> None:
    """A command that Windows cannot run, and no word of that."""
    assert [*unfit(text)]


@pytest.mark.parametrize("page", FIRST)
def test_python3(page: str) -> None:
    """The first page with commands says what python3 is on Windows."""
    text = " ".join((ROOT / page).read_text("utf-8").split())
    assert re.search(
        r"Windows(?:[^.`]|`[^`]*`)* `python`(?: or `py`)? for `python3`|# Windows: python -m", text
    )


def test_a_history_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command that repeats a history is one for both of Windows's shells there, and else one for a POSIX shell."""
    history = SimpleNamespace(
        seed=7, weather="windy", put_back={"end/1.server/1", "cut/1.client/2"}
    )
    test = SimpleNamespace(id=lambda: "mine.Test.test_it")
    run = "trial --reactor=simulated mine.Test.test_it"
    back = "SIMULATED_PUT_BACK=cut/1.client/2,end/1.server/1"
    monkeypatch.setattr(sys, "platform", "linux")
    assert again(test, history) == f"SIMULATED_SEED=7 SIMULATED_WEATHER=windy {back} {run}"  # type: ignore[arg-type]
    monkeypatch.setattr(sys, "platform", "win32")
    settings = f"set SIMULATED_SEED=7&& set SIMULATED_WEATHER=windy&& set {back}&& "
    assert again(test, history) == f'cmd /c "{settings}{run}"'  # type: ignore[arg-type]
    history.weather = "calm"
    assert again(test, history) == run  # type: ignore[arg-type]
