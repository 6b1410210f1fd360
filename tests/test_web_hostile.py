"""Code that is hostile by accident, in a browser: one plain message within the limit, and Run works again at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from driving import ECHO, MINI, SOLVED
from test_hostile import COMMAND, cases, program
from test_http_browser import pytestmark  # noqa: F401
from web_engine import Engine, engine

from workshop.course.files import files_below

NOT_HERE = {
    "the process above killed",
    "a thread that never ends",
    "a thread of the reactor that never ends",
    "a process left behind",
    "memory without end",
}
"""Cases that need processes or threads, or that take all memory."""
UNPLACED = {"endless loop at import", "endless wait at import"}
"""Cases in which the line is not known: no test runs yet that could be asked where it is."""
SAID = {
    "a Deferred that never fires": "Deadlock: Nothing is due any more",
    "a Deferred that never fires and trial's own limit": "Deadlock: Nothing is due any more",
}
"""What the simulated reactor says at once, where a real one waits for the limit."""


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
    # A second may pass beside other tests before the code runs; who waits for the limit here uses a processor.
    limit = min(2 * case.get("limit", 10), 10)
    answer = mini_engine.ask("run", {ECHO: text}, stage="1", limit=limit)
    said = " ".join(answer["text"].split())
    cause = SAID.get(case["name"], case["cause"].replace("1 s", f"{limit:g} s"))
    assert answer["exit"] == 1 and said.count(cause) == 1, (
        f"Expected {cause!r} once in:\n{answer['text']}"
    )
    place = f"{ECHO}, line {here[0]}" if here and case["name"] not in UNPLACED else ECHO
    assert place in said, f"Expected {place!r} in:\n{answer['text']}"
    assert COMMAND.search(said), f"No command to go on with in:\n{answer['text']}"
    again = mini_engine.ask("run", {ECHO: SOLVED}, stage="1")
    assert again["exit"] == 0, again["text"]


def test_the_cases_are_there() -> None:
    """No case that is treated differently here has another name by now."""
    names = {case.values[0]["name"] for case in cases()}
    assert names >= NOT_HERE | UNPLACED | SAID.keys()


def test_a_single_operation(mini_engine: Engine) -> None:
    """What never returns to Python is ended by the page, with its worker; the next run has a new one."""
    mini_engine.page.evaluate("window.engine.silent = 3")
    text = program("in a call", "import re\nre.match('(a*)*b', 'a' * 60)")
    answer = mini_engine.ask("run", {ECHO: text}, stage="1")
    assert answer["ended"] and "a regular expression" in answer["text"], answer
    assert "Step01Echo.test_sends_back was running" in answer["text"], answer["text"]
    mini_engine.page.evaluate("window.engine.silent = 60")
    again = mini_engine.ask("run", {ECHO: SOLVED}, stage="1")
    assert again["exit"] == 0, again["text"]


def test_stop(mini_engine: Engine) -> None:
    """Stop ends what runs, at once."""
    text = program("in a call", "while True: pass")
    answer = mini_engine.page.evaluate(
        """async ([name, facts, files]) => {
          const asked = window.engine.ask(name, facts, { files: window.bytes(files),
            onProgress: words => words.includes("test_sends_back") && window.engine.stop() });
          const { text, stopped } = await asked;
          return { text, stopped };
        }""",
        ["run", {"stage": "1"}, {ECHO: text}],
    )
    assert answer["stopped"] and answer["text"].startswith("Stopped."), answer
    again = mini_engine.ask("run", {ECHO: SOLVED}, stage="1")
    assert again["exit"] == 0, again["text"]


def test_stop_before_it_runs(mini_engine: Engine) -> None:
    """Stop while a fresh interpreter is loaded ends what waits for it, and not the loading."""
    answer = mini_engine.page.evaluate(
        """async ([name, facts, files]) => {
          window.engine.ask(name, facts, { files: window.bytes(files),
            onProgress: words => words.includes("test_sends_back") && window.engine.stop() });
          while (window.engine.asking) await new Promise(resolve => setTimeout(resolve, 10));
          const asked = window.engine.ask(name, facts, { files: window.bytes(files) });
          const loads = window.engine.waiting.name;
          window.engine.stop();
          const { text, stopped } = await asked;
          return { loads, text, stopped };
        }""",
        ["run", {"stage": "1"}, {ECHO: program("in a call", "while True: pass")}],
    )
    assert answer["loads"] == "start", answer
    assert answer["stopped"] and answer["text"].startswith("Stopped. Your files"), answer
    again = mini_engine.ask("run", {ECHO: SOLVED}, stage="1")
    assert again["exit"] == 0, again["text"]
