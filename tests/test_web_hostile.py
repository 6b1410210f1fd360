"""Code that is hostile by accident, in a browser: one plain message within the limit, and Run works again at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from driving import ECHO, MINI, SOLVED
from test_hostile import PROGRAM, cases, program, reported
from test_http_browser import pytestmark  # noqa: F401
from web_engine import Engine, engine

from workshop.course.files import files_below

NOT_HERE = {
    "endless loop with its signals ignored",
    "endless output with its signals ignored",
    "the process above killed",
    "a thread that never ends",
    "a thread of the reactor that never ends",
    "a process left behind",
    "memory without end",
}
"""Cases that need processes, threads or signals, or that end the worker as a whole."""


@pytest.fixture(scope="module")
def mini_engine(web_folder: Path) -> Iterator[Engine]:
    """The engine with the miniature course in place of the course."""
    files = {
        path.relative_to(MINI).as_posix(): path.read_text("utf-8")
        for top in ("exercises", "solutions")
        for path in files_below(MINI / top)
    }
    with engine(web_folder, files) as made:
        yield made


@pytest.mark.parametrize("case", cases())
def test_one_plain_message(mini_engine: Engine, case: dict[str, Any]) -> None:
    """Whatever the code does, the learner reads which file and why; the next run passes."""
    if case["name"] in NOT_HERE:
        pytest.skip("a browser has none of this")
    text = program(case["where"], case["code"])
    here = [n for n, line in enumerate(text.splitlines(), 1) if line.endswith("# HERE")]
    answer = mini_engine.ask("run", {ECHO: text}, stage="1")
    print(answer["text"])
    again = mini_engine.ask("run", {ECHO: SOLVED}, stage="1")
    assert again["exit"] == 0, again["text"]
