"""The tool in a browser: it carries out what the page asks for with the commands' own code, and answers with their words.

The page's side is web/page/worker.js. An ask has a name and facts; the answer is JSON: ``exit`` (the command's exit code),
``html`` and ``text`` (what the command printed), ``data``, ``changed`` and ``removed`` (paths of the learner's files and of
the tool's memory of them, below the course).
"""

from __future__ import annotations

import contextlib
import functools
import html
import io
import json
import os
import re
import stat
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import rich.console

from workshop.browser.child import InterpreterChild
from workshop.browser.hunt import InterpreterCrew
from workshop.browser.machine import BASE, run_process
from workshop.browser.machine import ask as ask_machine
from workshop.browser.process import ELSEWHERE, LOGS
from workshop.commands import invoke
from workshop.commands.group import Tool
from workshop.commands.progress import Seen, known
from workshop.commands.run import run_stage
from workshop.course import Course, CourseError, Stage, load
from workshop.course.files import passed_now
from workshop.course.toml_fields import read
from workshop.hunt import search
from workshop.hunt.found import Found
from workshop.judge.steps import Verdict
from workshop.judge.verdict import Unjudged
from workshop.report import console
from workshop.report import hunt as hunt_words
from workshop.report.verdict import as_data, progress, refusal_as_data
from workshop.runner import worker
from workshop.runner.result import MOST_OUTPUT
from workshop.runner.worker import GRACE, LIMIT, WHOLE_JOB

ROOT = Path(__file__).resolve().parent.parent.parent
MEMORY = ".workshop"
MADE_AGAIN = (".workshop/provided/",)
"""Files that the page need not keep."""
CODES = re.compile(r"\x1b\[([\d;]*)m")
ROW = re.compile(r"^ *(\d+\.\d+) ms(?:  (\S+(?: \S+)*))?  +(\S.*?) *$", re.M)
"""A row of a hunt's timeline: milliseconds, who, what."""
ADVICE = re.compile(r"^Next: (?:--weather|more).*?--from\s+\d+\n", re.M | re.S)
"""What a hunt that finds nothing advises: options, which the page does not have."""
SEEDS = 200
"""Histories of each test. Python is slower here than on a machine."""
MOST_SHOWN = 60_000
"""Characters of what plain trial prints that are shown."""
CLASSES = {1: "bold", 2: "dim", 31: "red", 32: "green", 33: "yellow", 36: "cyan"}


def prepare() -> None:
    """Put the browser's child, console and progress in place of the system's."""
    worker.start_child = InterpreterChild
    search.make_crew = InterpreterCrew
    console.make_progress = _Progress


class _Progress:
    """A line that the page shows while something takes time."""

    def __init__(self, on: object, text: str) -> None:
        self.update(text)

    def update(self, text: str) -> None:
        """Say something else."""
        ask_machine("tell", fact={"progress": text})

    def stop(self) -> None:
        """Do nothing: words are not written over it."""

    def start(self) -> None:
        """Do nothing."""

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        """The answer ends it."""


@functools.cache
def _course() -> Course:
    """Return the course. A page changes none of the files that it is read from."""
    return load(ROOT)


def answer(name: str, text: str) -> str:
    """Carry out an ask.

    Args:
        text: Its facts, in JSON; ``columns`` is the width for words (80 if it is not given), ``limit`` the seconds that one
            test may take (10).
    """
    facts = json.loads(text)
    columns = int(facts.pop("columns", 80))
    course = _course()
    tool = Tool(course, float(facts.pop("limit", LIMIT)))
    before = _files(course)
    words = io.StringIO()
    console.make_console = lambda: rich.console.Console(
        file=words,
        highlight=False,
        soft_wrap=True,
        force_terminal=True,
        width=columns,
        color_system="standard",
        force_interactive=False,
        legacy_windows=False,
    )
    code, data = 2, None
    with contextlib.redirect_stdout(words), contextlib.redirect_stderr(words):
        try:
            code, data = ASKS[name](tool, **facts)
        except CourseError as error:
            print(error)
    after = _files(course)
    printed = ADVICE.sub("", words.getvalue())
    return json.dumps(
        {
            "exit": code,
            "html": as_html(printed),
            "text": CODES.sub("", printed),
            "data": data,
            "changed": [path for path, seen in after.items() if before.get(path) != seen],
            "removed": [path for path in before if path not in after],
        }
    )


def _files(course: Course) -> dict[str, tuple[int, int]]:
    """Return what the page keeps, each with its time and size."""
    names = [stage.path(name) for stage in course.stages for name in stage.edit]
    for folder, _, files in os.walk(ROOT / MEMORY):
        names += [os.path.join(folder, file)[len(str(ROOT)) + 1 :] for file in files]
    found = {}
    for name in names:
        with contextlib.suppress(OSError):
            seen = os.stat(ROOT / name)
            if stat.S_ISREG(seen.st_mode) and not name.startswith(MADE_AGAIN):
                found[name] = seen.st_mtime_ns, seen.st_size
    return found


def as_html(printed: str) -> str:
    """Return a terminal's text as HTML: spans with the classes bold, dim, red, green, yellow and cyan."""
    found, classes = [], ""
    for n, part in enumerate(CODES.split(printed)):
        if n % 2:
            numbers = [int(number or 0) for number in part.split(";")]
            classes = " ".join(CLASSES[number] for number in numbers if number in CLASSES)
        elif part:
            escaped = html.escape(part)
            found.append(f'<span class="{classes}">{escaped}</span>' if classes else escaped)
    return "".join(found)


def _run(
    tool: Tool, stage: str, step: str | None = None, all: bool = False
) -> tuple[int, dict[str, Any]]:
    """Run a stage's tests.

    ``data`` is what `run --json` prints, or for a judged stage the kinds. It has ``away`` if nothing of the stage runs here,
    and ``refused``, a file, if it cannot be run with that. In a stage of steps, ``unloaded`` says whether the tests of the
    step that fails cannot be loaded, and ``broken_off`` whether the run did not come to its end.
    """
    one = tool.course.stage(stage)
    to = console.Console()
    if why := read(ELSEWHERE)["stages"].get(one.name):
        to.paragraph(f"Nothing was run: this stage needs a machine. {why}", 0)
        to.line()
        to.facts([("On a machine", f"python3 -m workshop run {one.name}")])
        to.paragraph(
            "Your files go there with Export, in the page's menu, and python3 -m workshop import FILE."
        )
        return 1, {"stage": one.name, "passed": False, "away": True, "steps": []}
    seen = run_stage(tool, to, one, step, all)
    if isinstance(seen, Unjudged):
        if seen.refusal is None:
            return 1, {}
        return 1, {**refusal_as_data(one, seen.refusal), "refused": seen.refusal.file}
    if isinstance(seen, Verdict):
        _show_left_out(to, one, seen)
        first = seen.first_failure
        return int(not seen.passed), {
            **as_data(tool.course, seen, tool.limit),
            "unloaded": bool(first and first.unloaded),
            "broken_off": seen.result.trouble is not None,
        }
    return int(not seen.passed), {
        "stage": one.name,
        "passed": seen.passed,
        # Of some kinds alone: nothing is known about the others.
        "steps": _topics(seen.stage, seen),
    }


def _show_left_out(to: console.Console, stage: Stage, seen: Verdict) -> None:
    """Say which tests of this run need a machine."""
    tests = read(ELSEWHERE)["tests"]
    ran = [test.target for step in seen.steps for test in step.tests]
    left = [target for target in ran if target in tests]
    if left:
        names = ", ".join(target.rpartition(".")[2] for target in left)
        to.line()
        to.paragraph(f"Not run, since a browser lacks what they need: {names}.")
        to.facts([("On a machine", f"python3 -m workshop run {stage.name}")])


def _command(*words: str) -> Callable[..., tuple[int, None]]:
    """Return what carries out a command of the tool, with the ask's facts as its arguments and options."""

    def carry_out(
        tool: Tool, stage: str, step: str | None = None, **options: Any
    ) -> tuple[int, None]:
        more = [stage, *([step] if step else [])]
        for name, value in options.items():
            more += [f"--{name}"] if value is True else [f"--{name}", str(value)] if value else []
        return invoke([*words, *more]), None

    return carry_out


def _hunt(tool: Tool, target: str, seeds: int = SEEDS) -> tuple[int, dict[str, Any]]:
    """Hunt for a history in which a test fails. ``data`` has the test's name ("" if none fails), and the rows of the
    history's timeline: who, what, seconds."""
    found: list[str] = []
    words: Any = hunt_words
    show = words.show_found

    def note(console: console.Console, one: Found) -> None:
        # A long name is broken where it is printed.
        found.append(one.test)
        show(console, one)

    words.show_found = note
    try:
        code = invoke(["hunt", target, "--seeds", str(seeds)])
    finally:
        words.show_found = show
    printed = CODES.sub("", cast(io.StringIO, sys.stdout).getvalue())
    rows = [
        {"who": row[2] or "", "what": row[3], "seconds": float(row[1]) / 1000}
        for row in ROW.finditer(printed)
    ]
    return code, {"test": "".join(found), "rows": rows}


def _trial(tool: Tool, target: str, options: Sequence[str] = ()) -> tuple[int, dict[str, str]]:
    """Run plain trial on what a dotted name names, and print what it prints. ``data`` has the end of its log."""
    words = [*options, target]
    facts = json.dumps({"words": words, "folder": str(ROOT), "limit": tool.limit})
    code = f"from workshop.browser.process import trial; trial({facts!r})"
    bounds = {"limit": WHOLE_JOB, "most": MOST_OUTPUT, "grace": GRACE}
    found = run_process(code, image=BASE, whole=True, **bounds)
    printed = found["whole"][0]
    if len(printed) > MOST_SHOWN:
        half = MOST_SHOWN // 2
        printed = f"{printed[:half]}\n...\n{printed[-half:]}"
    print(printed, end="" if printed.endswith("\n") else "\n")
    sent = [json.loads(line) for line in found["events"]]
    status, killed = found["status"], found["killed"]
    if killed == "output":
        print("\nMore than 1 MiB was printed, so trial was ended. A print in a loop?")
    elif killed == "time":
        test = ".".join(sent[-1]["test"].split(".")[-2:]) if sent else f"The import of {target}"
        print(f"\n{test} did not end within {tool.limit:g} s, so trial was ended.")
    elif killed:
        print(f"\ntrial was ended: {killed}.")
    elif not any("ended" in one for one in sent):
        print(f"\ntrial's process ended with exit code {status}.")
    log = LOGS / "test.log"
    logged = log.read_text("utf-8", "replace")[-MOST_SHOWN:] if log.exists() else ""
    return int(status != 0), {"log": logged}


def _status(tool: Tool) -> tuple[int, list[dict[str, Any]]]:
    """Return what is known about each stage; nothing is run."""
    return 0, [_known(tool, stage) for stage in tool.course.stages]


def _known(tool: Tool, stage: Stage) -> dict[str, Any]:
    seen = known(tool, stage)
    judged = None if seen is None or isinstance(seen, Unjudged) else seen
    return {
        "name": stage.name,
        "title": stage.title,
        "progress": progress(seen) if seen else "",
        "passed": bool(judged and judged.passed),
        "steps": _topics(stage, seen),
    }


def _topics(stage: Stage, seen: Seen | None) -> list[dict[str, Any]]:
    """Return the steps of a stage, or its kinds of mistake, with what is known of each: passes, fails or todo."""
    found = dict.fromkeys((topic.number for topic in stage.topics), "todo")
    if isinstance(seen, Verdict):
        found |= {
            one.step.number: "fails" for one in seen.steps if one.step and one.status == "fails"
        }
    if not stage.judged:
        found |= {step.number: "passes" for step in stage.steps if passed_now(stage, step)}
    elif seen is not None and not isinstance(seen, (Unjudged, Verdict)) and seen.own:
        left = {kind.number for kind in seen.survived}
        found = {number: "fails" if number in left else "passes" for number in found}
    return [
        {"number": topic.number, "title": topic.title, "status": found[topic.number]}
        for topic in stage.topics
    ]


ASKS: dict[str, Callable[..., tuple[int, Any]]] = {
    "run": _run,
    "hint": _command("hint"),
    "reset": _command("reset"),
    "solution": _command("solution"),
    "hunt": _hunt,
    "trial": _trial,
    "status": _status,
}
"""What the page may ask for."""
