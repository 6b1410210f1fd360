"""Results as words. Nothing is said by colour alone, so that it reads the same piped, without colour, and aloud."""

from __future__ import annotations

import os
import re
import textwrap
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.text import Text

from workshop.course import TOOL, Stage, Step
from workshop.course.timetable import Timetable
from workshop.judge.steps import StepResult, Verdict
from workshop.report.explain import cause, main_problem, told, trial, trouble
from workshop.report.where import edit, newer
from workshop.runner.result import TestResult

# The most of a line that the learner's code printed.
LONGEST_LINE = 200
# Never broken, however long.
PATH = re.compile(r"(?:\w:\\|[\w.~-]*/)[\w./\\~-]*\W?")
STYLES = {"passes": "green", "fails": "bold red", "not run": "dim", "passed": "green"}


def make_console(stderr: bool = False) -> Console:
    """A console that is plain, without colour or movement, where NO_COLOR is set, or where it is no terminal."""
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    return Console(
        stderr=stderr, highlight=False, soft_wrap=True, force_terminal=False if plain else None
    )


class Shown:
    """Says things on a console, wrapped to its width; commands and paths are never broken."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or make_console()
        self.width = min(self.console.width, 100)

    def line(self, text: str = "", style: str = "") -> None:
        """One line as it is, but for what would command a terminal."""
        plain = "".join(c if c.isprintable() or c == "\t" else ascii(c)[1:-1] for c in text)
        self.console.print(Text(plain, style), soft_wrap=True)

    def paragraph(self, text: str, indent: int = 2, style: str = "") -> None:
        """Prose wrapped to the width; lines that are indented already (code) are left alone."""
        for part in text.splitlines() or [""]:
            if part.startswith((" ", "\t")) or not part:
                self.line(" " * indent + part if part else "", style)
                continue
            for line in self._wrapped(part, indent):
                self.line(line, style)

    def _wrapped(self, text: str, indent: int) -> list[str]:
        """Prose as lines of the width; a word that is wider than that is broken, but not a path."""
        blank, room = " " * indent, self.width - indent

        def broken(word: re.Match[str]) -> str:
            parts = [word[0][n : n + room] for n in range(0, len(word[0]), room)]
            return word[0] if PATH.fullmatch(word[0]) else " ".join(parts)

        return textwrap.wrap(
            re.sub(rf"\S{{{room + 1},}}", broken, text),
            self.width,
            initial_indent=blank,
            subsequent_indent=blank,
            break_long_words=False,
            break_on_hyphens=False,
        )

    def facts(self, facts: Iterable[tuple[str, str]]) -> None:
        """Labelled facts, one a line: a file to edit, a command to run. One without a label belongs to the one before."""
        facts = list(facts)
        wide = max(len(label) for label, _ in facts)
        for label, fact in facts:
            if label:
                self.line(f"  {label:<{wide}}  {fact}")
            else:
                self.paragraph(fact, wide + 4)

    def step(self, step: StepResult) -> None:
        """How one step went, in a line."""
        failed = len(step.failed)
        name = f"Step {step.step.number:>2}  {step.step.name}" if step.step else "Your own tests"
        if step.step and step.step.given:
            name = f"Check    {step.step.name}"
        count = f"{step.count} test{'s' * (step.count != 1)}"
        if step.status == "fails":
            broken = f"broken off in test {len(step.tests) + 1} of {step.count}"
            count = f"{failed} of {step.count} tests fail" if failed else broken
        if step.status == "not run" or self.width < 60:
            count = ""
        text = Text(f"  {name:<26}")
        text.append(f"{step.status:<9}", STYLES[step.status])
        text.append(count)
        text.rstrip()
        self.console.print(text, soft_wrap=True)

    def map(self, stages: Iterable[tuple[Stage, str, bool]]) -> None:
        """The stages, with how far each is in a few words, and whether it is done."""
        stages = list(stages)
        name = max((len(stage.name) for stage, _, _ in stages), default=0)
        title = max((len(stage.title) for stage, _, _ in stages), default=0)
        narrow = self.width < name + title + len("    00 of 00 kinds caught  ")
        for stage, progress, done in stages:
            text = Text(f"  {stage.name:<{name}}  ")
            text.append("" if narrow else f"{stage.title:<{title}}  ")
            text.append(progress, "green" if done else "")
            self.console.print(text, soft_wrap=True)

    def verdict(self, verdict: Verdict, limit: float) -> None:
        """What is to be done next in this stage: its trouble, its first failing step, or nothing."""
        stage = verdict.stage
        if verdict.result.trouble:
            self.line()
            cause, _, mend = trouble(stage, verdict.result.trouble, limit).partition("\n")
            self.paragraph(cause, 0)
            if verdict.broken_off:
                self.line()
                self.facts(_commands(stage, *verdict.broken_off))
            else:
                self.line(mend)
            self.printed(verdict)
        elif verdict.first_failure:
            self.line()
            self.failure(stage, verdict.first_failure)
            self.printed(verdict)
        elif verdict.passed:
            self.line()
            steps = [step.step for step in verdict.steps if step.step]
            if len(steps) == len(stage.steps):
                self.line(f"{stage.name}: all of it passes.", "green")
            else:
                numbers = ", ".join(f"step {step.number} passes" for step in steps)
                self.line(f"{stage.name}: {numbers}.", "green")

    def printed(self, verdict: Verdict) -> None:
        """The end of what the learner's code printed, if it did."""
        text = "".join(c for c in verdict.result.output if c.isprintable() or c in "\n\t")
        lines = text.strip().splitlines()[-8:]
        if lines:
            self.line()
            self.line("Your code printed, at the end:")
            for line in lines:
                cut = f"{line[:LONGEST_LINE]} ..." if len(line) > LONGEST_LINE else line
                rows = Text(cut).wrap(self.console, self.width - 4, tab_size=8)
                for n, row in enumerate(rows):
                    self.line(f"{'    ' if n else '  '}{row.plain.rstrip()}")

    def failure(self, stage: Stage, failure: StepResult) -> None:
        """The first failing test of a step: what it requires, what went wrong, where to edit, what to run."""
        test, step = failure.failed[0], failure.step
        problem = main_problem(test.problems)
        head = (
            f"{stage.name}, step {step.number}: {step.title}"
            if step
            else f"{stage.name}: {test.target}"
        )
        self.paragraph(head, 0, "bold")
        self.line()
        requirement = _requirement(failure, test)
        if requirement:
            self.paragraph(f"{test.target.rpartition('.')[2]}: {requirement}")
        self.paragraph(told(test), 4)
        more = len(failure.failed) - 1
        if more:
            self.paragraph(
                f"{more} more of this step's tests fail." if more > 1 else "One more fails."
            )
        if broken := newer(stage, step, problem):
            self.line()
            self.paragraph(broken)
        self.line()
        where, also = edit(stage, step, cause(stage, test))
        places = [("Edit", where), ("", also)] if also else [("Edit", where)]
        self.facts([*places, *_commands(stage, step, test.target)])

    def schedule(self, table: Timetable) -> None:
        """The timetable, a line each."""
        for row in table.rows:
            self.line(f"  {row.start}  {row.minutes:>3} min  {row.what}")
        self.line(f"  {table.end}  {table.minutes} minutes in all.")


def _commands(stage: Stage, step: Step | None, test: str) -> list[tuple[str, str]]:
    """How to run the test alone, and the stage again; and how to get a hint, if there is one."""
    facts = [("Test", f"{trial()} {test}"), ("Again", f"{TOOL} run {stage.name}")]
    if step and step.number in stage.hints:
        facts.append(("Hint", f"{TOOL} hint {stage.name} {step.number}"))
    return facts


def _requirement(failure: StepResult, test: TestResult) -> str:
    tests = failure.step.tests if failure.step else ()
    name = test.target.rpartition(".")[2]
    return next((known.requirement for known in tests if known.name == name), "")


def as_data(verdict: Verdict, limit: float) -> dict[str, Any]:
    """A verdict as the object that --json prints."""
    result = verdict.result
    first = verdict.first_failure
    message = ""
    if result.trouble:
        message = trouble(verdict.stage, result.trouble, limit)
    elif first:
        message = told(first.failed[0])
    return {
        "stage": verdict.stage.name,
        "passed": verdict.passed,
        "message": message,
        "seconds": round(result.seconds, 3),
        "steps": [
            {
                "number": step.step.number if step.step else None,
                "name": step.step.name if step.step else "own",
                "status": step.status,
                "message": told(step.failed[0])
                if step.failed
                else message * (step.status == "fails"),
                "seconds": round(step.seconds, 3),
                "tests": [
                    {
                        "name": test.target,
                        "status": test.status,
                        "seconds": test.seconds,
                        "message": told(test) if test.problems else "",
                    }
                    for test in step.tests
                ],
            }
            for step in verdict.steps
        ],
    }
