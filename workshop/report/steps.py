"""A run of a stage's steps, shown live and as data."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from workshop.course import TOOL, Stage, Step
from workshop.judge.findings import Assessment
from workshop.judge.steps import StepResult, Verdict, by_step
from workshop.report.console import Console
from workshop.report.explain import cause, failure_text, main_problem, trial, trouble
from workshop.report.where import blame_later_steps, edit
from workshop.runner.result import Result, TestResult

# How much of a line that the learner's code printed is shown.
LONGEST_LINE = 200
WIDTH = len("12 of 12 tests fail")
STYLES = {"passes": "green", "fails": "bold red", "not run": "dim", "passed": "green"}


def show_step(console: Console, step: StepResult, place: str) -> None:
    """Show one step's result in a line, and where it is done: "in class", for example."""
    failed = len(step.failed)
    name = f"Step {step.step.number:>2}  {step.step.name}" if step.step else "Your own tests"
    if step.step and step.step.given:
        name = f"Check    {step.step.name}"
    count = f"{step.count} test{'s' * (step.count != 1)}"
    if skipped := sum(test.status == "skipped" for test in step.tests):
        count += f", {skipped} skipped"
    if step.status == "fails":
        broken = f"broken off in test {len(step.tests) + 1} of {step.count}"
        count = f"{failed} of {step.count} tests fail" if failed else broken
    if step.unloaded:
        count = "its tests cannot be loaded"
    if step.status == "not run":
        count = ""
    text = Text(f"  {name:<26}")
    text.append(f"{step.status:<9}", STYLES[step.status])
    if console.width >= 60:
        # A longer one would push the place out of its column.
        text.append(f"{count:<{WIDTH}}  {place}" if len(count) <= WIDTH else count)
    text.rstrip()
    console.rich.print(text, soft_wrap=True)


def show_verdict(console: Console, verdict: Verdict, limit: float, words: str) -> None:
    """Show what to do next in this stage: for its trouble, for its first failing step, or nothing.

    Args:
        limit: Seconds that one test may take.
        words: The step and the options with which `run` repeats this verdict, if any.
    """
    stage = verdict.stage
    if verdict.result.trouble:
        cause, _, command = trouble(stage, verdict.result.trouble, limit).partition("\n")
        console.heading(cause)
        if verdict.broken_off:
            console.line()
            console.facts(_commands(stage, *verdict.broken_off, words))
        else:
            console.line(f"{command} {words}".rstrip())
        show_printed(console, verdict)
    elif verdict.first_failure:
        console.line()
        show_failure(console, stage, verdict.first_failure, words)
        show_printed(console, verdict)
    elif verdict.passed:
        console.line()
        steps = [step.step for step in verdict.steps if step.step]
        if len(steps) == len(stage.steps):
            console.line(f"{stage.name}: all of it passes.", "green")
        else:
            numbers = ", ".join(f"step {step.number} passes" for step in steps)
            console.line(f"{stage.name}: {numbers}.", "green")
            last = steps[-1].number
            place = stage.place(last)
            if place and (rest := stage.done(place, last)):
                console.line(f"{place.capitalize()}, these follow: {rest}.")


def show_printed(console: Console, verdict: Verdict) -> None:
    """Show the end of what the learner's code printed, if anything."""
    text = "".join(c for c in verdict.result.output if c.isprintable() or c in "\n\t")
    lines = text.strip().splitlines()[-8:]
    if lines:
        console.line()
        console.line("Your code printed, at the end:")
        for line in lines:
            cut = f"{line[:LONGEST_LINE]} ..." if len(line) > LONGEST_LINE else line
            rows = Text(cut).wrap(console.rich, console.width - 4, tab_size=8)
            for n, row in enumerate(rows):
                console.line(f"{'    ' if n else '  '}{row.plain.rstrip()}")


def show_failure(console: Console, stage: Stage, failure: StepResult, words: str) -> None:
    """Show the first failing test of a step: what it requires, what went wrong, where to edit, what to run."""
    test = failure.failed[0]
    # If its tests cannot be loaded, the failure is not about what the step requires.
    step = None if failure.unloaded else failure.step
    problem = main_problem(test.problems)
    if failure.unloaded:
        head = f"{stage.name}: the tests cannot be loaded."
    elif step:
        head = f"{stage.name}, step {step.number}: {step.title}"
    else:
        head = f"{stage.name}: {test.target}"
    console.paragraph(head, 0, "bold")
    console.line()
    requirement = _requirement(failure, test)
    if requirement:
        console.paragraph(f"{test.target.rpartition('.')[2]}: {requirement}")
    console.paragraph(failure_text(test), 4)
    more = len(failure.failed) - 1
    if more:
        console.paragraph(
            f"{more} more of this step's tests fail." if more > 1 else "One more fails."
        )
    if broken := blame_later_steps(stage, step, problem):
        console.line()
        console.paragraph(broken)
    console.line()
    where, also = edit(stage, step, cause(stage, test))
    places = [("Edit", where), ("", also)] if also else [("Edit", where)]
    console.facts([*places, *_commands(stage, step, test.target, words)])


def _commands(stage: Stage, step: Step | None, test: str, words: str) -> list[tuple[str, str]]:
    """Return how to run the test alone, how to repeat the run, and how to get a hint, if there is one."""
    again = f"{TOOL} run {stage.name} {words}".rstrip()
    facts = [("Test", f"{trial()} {test}"), ("Again", again)]
    if step and step.number in stage.hints:
        facts.append(("Hint", f"{TOOL} hint {stage.name} {step.number}"))
    return facts


def _requirement(failure: StepResult, test: TestResult) -> str:
    tests = failure.step.tests if failure.step else ()
    name = test.target.rpartition(".")[2]
    return next((known.requirement for known in tests if known.name == name), "")


def as_data(verdict: Verdict, limit: float) -> dict[str, Any]:
    """Return a verdict as the object that --json prints."""
    result = verdict.result
    first = verdict.first_failure
    message = ""
    if result.trouble:
        message = trouble(verdict.stage, result.trouble, limit)
    elif first:
        message = failure_text(first.failed[0])
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
                "message": failure_text(step.failed[0])
                if step.failed
                else message * (step.status == "fails"),
                "seconds": round(step.seconds, 3),
                "tests": [
                    {
                        "name": test.target,
                        "status": test.status,
                        "seconds": test.seconds,
                        "message": failure_text(test) if test.problems else "",
                    }
                    for test in step.tests
                ],
            }
            for step in verdict.steps
        ],
    }


class LiveSteps:
    """A display of each step's line as soon as the last of its tests has ended."""

    def __init__(self, console: Console, stage: Stage) -> None:
        self.console = console
        self.stage = stage
        self.tests: list[TestResult] = []
        self.shown: set[str] = set()
        console.line(f"{stage.name}: {stage.title}", "bold")
        console.line()

    def test(self, test: TestResult) -> None:
        """Note that one test has ended."""
        self.tests.append(test)
        for step in by_step(self.stage, Result(tuple(self.tests), None, "", 0)).steps:
            if step.step and len(step.tests) >= len(step.step.tests):
                self._show_once(step)

    def rest(self, verdict: Verdict | Assessment) -> None:
        """Show the remaining steps, once the run is over."""
        for step in verdict.steps if isinstance(verdict, Verdict) else ():
            self._show_once(step)

    def _show_once(self, step: StepResult) -> None:
        name = step.step.cls if step.step else ""
        if name not in self.shown:
            self.shown.add(name)
            show_step(self.console, step, self.stage.place(step.step.number) if step.step else "")
