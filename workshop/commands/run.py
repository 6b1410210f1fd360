"""The commands that run a stage's tests: status, run, watch, hint."""

from __future__ import annotations

import contextlib
import difflib
import importlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from workshop.commands.group import Tool, cli
from workshop.course import TOOL, CourseError, Kind, Stage, Step
from workshop.course.files import Refusal, inspect, remember
from workshop.judge.steps import StepResult, Verdict, by_step, targets
from workshop.runner.result import Result, TestResult
from workshop.runner.worker import Worker, imports_of

if TYPE_CHECKING:
    from workshop.judge.suite import Assessment
    from workshop.report.console import Shown


@cli.command()
@click.pass_obj
def status(tool: Tool) -> None:
    """The stages with what passes, and the first step to do."""
    from workshop.report.console import Shown

    shown = Shown()
    shown.line(tool.course.title, "bold")
    shown.line()
    seen: list[Verdict | Assessment | Refusal | Withheld] = []
    with shown.console.status("") as progress:
        for stage in tool.course.stages:
            progress.update(f"Running the tests of {stage.name}")
            seen.append(_verdict(tool, stage))
    shown.map([(v.stage, *_progress(v)) for v in seen if not isinstance(v, Refusal)])
    told = [one for one in seen if not isinstance(one, Withheld)]
    first = next((one for one in told if isinstance(one, Refusal) or not one.passed), None)
    if isinstance(first, Refusal):
        say(shown, first)
    elif first:
        shown.line()
        shown.paragraph(f"Next: read exercises/{first.stage.name}/README.md, then:", 0)
        if isinstance(first, Verdict):
            shown.verdict(first, tool.limit)
        else:
            _tell(tool, shown, first, remember=False)
    else:
        shown.line()
        left = len(seen) - len(told)
        all_ = "All stages pass." if not left else "All stages pass that can be judged here."
        shown.line(all_, "green")


@dataclass(frozen=True)
class Withheld:
    """A stage whose tests the learner writes, in a copy of the course without the programs that judge them."""

    stage: Stage


def _progress(one: Verdict | Assessment | Withheld) -> tuple[str, bool]:
    """How far a stage is, in a few words, and whether it is done."""
    if isinstance(one, Verdict):
        steps = [step for step in one.stage.steps if not step.given]
        return f"{one.done} of {len(steps)} steps pass", one.passed
    if isinstance(one, Withheld):
        return "not judged: no solutions/ here", False
    kinds = len(one.stage.kinds)
    return f"{kinds - len(one.survived)} of {kinds} kinds caught", one.passed


def _verdict(tool: Tool, stage: Stage) -> Verdict | Assessment | Refusal | Withheld:
    """What a run of the whole stage says, up to the first step that fails; or the verdict on the learner's tests."""
    try:
        inspect(tool.course, stage)
    except Refusal as refusal:
        return refusal
    if stage.judged and not stage.answers.is_dir():
        return Withheld(stage)
    if stage.judged:
        from workshop.judge.suite import assess

        return assess(stage, limit=tool.limit)
    with Worker(imports_of(stage), tool.limit) as worker:
        verdict = by_step(stage, worker.run(stage, targets(stage)))
    note(verdict)
    return verdict


def note(verdict: Verdict) -> None:
    """Remember, once it is told, which steps passed."""
    passed, failed = (
        [one.step for one in verdict.steps if one.step and one.status == status]
        for status in ("passes", "fails")
    )
    remember(verdict.stage, passed, failed)


def say(shown: Shown, refusal: Refusal) -> None:
    """Why a stage cannot be run as it stands, and the mend."""
    shown.line()
    shown.paragraph(sentence(refusal), 0)
    shown.line(refusal.mend)


def sentence(refusal: Refusal) -> str:
    """Which file cannot be used, and why."""
    return f"{refusal.file} {refusal.cause}" + "." * (not refusal.cause.endswith("?"))


def find(tool: Tool, shown: Shown, stage: Stage | None) -> Stage:
    """The stage that was asked for, or else the first that does not pass, or else the last."""
    if stage:
        return stage
    with shown.console.status("") as progress:
        for stage in tool.course.stages:
            progress.update(f"Looking for the first stage to do: {stage.name}")
            verdict = _verdict(tool, stage)
            if isinstance(verdict, Withheld):
                continue
            if isinstance(verdict, Refusal) or not verdict.passed:
                return stage
    return tool.course.stages[-1]


@cli.command(short_help="Run a stage's tests, step by step.")
@click.argument("stage_name", metavar="[STAGE]", required=False)
@click.argument("step_name", metavar="[STEP]", required=False)
@click.option("--all", "all_", is_flag=True, help="Go on after the first step that fails.")
@click.option("--reactor", metavar="NAME", help="As trial's: select, poll, epoll, asyncio.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def run(
    tool: Tool,
    stage_name: str | None,
    step_name: str | None,
    all_: bool,
    reactor: str | None,
    as_json: bool,
) -> int:
    """Run a stage's tests, step by step; without STAGE, the first that does not pass.

    Exit code 0: all pass. 1: a step fails. 2: there is no such stage, step or option.
    """
    stage = tool.stage(stage_name)
    if stage and stage.judged:
        return _judge(tool, stage, step_name, reactor, as_json)
    with contextlib.ExitStack() as stack:
        # The child starts first: it imports Twisted while this process imports what it shows with.
        worker = stack.enter_context(Worker(imports_of(stage), tool.limit)) if stage else None
        from workshop.report.console import Shown, as_data

        shown = Shown()
        if reactor:
            check_reactor(reactor)
        stage = find(tool, shown, stage)
        if stage.judged:
            return _judge(tool, stage, step_name, reactor, as_json)
        if not _can_be_run(tool, shown, stage, as_json):
            return 1
        steps = [stage.step(step_name)] if step_name else None
        worker = worker or stack.enter_context(Worker(imports_of(stage), tool.limit))
        live = None if as_json else Live(shown, stage)
        result = worker.run(
            stage,
            targets(stage, steps),
            stop=not all_,
            reactor=reactor,
            watch=live.test if live else lambda test: None,
        )
        verdict = by_step(stage, result, steps)
        if live:
            live.rest(verdict)
            shown.verdict(verdict, tool.limit)
            if verdict.passed and not steps:
                _what_next(tool, shown, stage)
        else:
            click.echo(json.dumps(as_data(verdict, tool.limit)))
        note(verdict)
    return 0 if verdict.passed else 1


def _can_be_run(tool: Tool, shown: Shown, stage: Stage, as_json: bool) -> bool:
    """Whether the stage's files can be laid out; if not, that is told."""
    try:
        inspect(tool.course, stage)
    except Refusal as refusal:
        if as_json:
            message = f"{sentence(refusal)} {refusal.mend}"
            none = {"stage": stage.name, "passed": False, "seconds": 0.0, "steps": []}
            click.echo(json.dumps({**none, "message": message}))
        else:
            say(shown, refusal)
        return False
    return True


def _judge(
    tool: Tool, stage: Stage, step_name: str | None, reactor: str | None, as_json: bool
) -> int:
    """Judge the tests that the learner wrote."""
    from workshop.judge.suite import assess
    from workshop.report.console import Shown
    from workshop.report.remembered import ask
    from workshop.report.suite_text import as_data

    if step_name:
        raise click.UsageError(f"In {stage.name} you write the tests: they are judged as a whole.")
    if reactor:
        check_reactor(reactor)
    shown = Shown()
    if not _can_be_run(tool, shown, stage, as_json):
        return 1
    if as_json:
        found = assess(stage, reactor=reactor, limit=tool.limit)
        click.echo(json.dumps(as_data(found, ask(tool.course, found), tool.limit)))
        return 0 if found.passed else 1
    shown.line(f"{stage.name}: {stage.title}", "bold")
    shown.line()
    with shown.console.status("") as progress:
        found = assess(stage, reactor=reactor, limit=tool.limit, watch=progress.update)
    _tell(tool, shown, found)
    if found.passed:
        _what_next(tool, shown, stage)
    return 0 if found.passed else 1


def _tell(tool: Tool, shown: Shown, found: Assessment, remember: bool = True) -> None:
    """Show the verdict on the learner's tests."""
    from workshop.report.remembered import ask
    from workshop.report.suite import show

    show(shown, found, ask(tool.course, found, remember), tool.limit)


def _what_next(tool: Tool, shown: Shown, stage: Stage) -> None:
    names = [one.name for one in tool.course.stages]
    for name in names[names.index(stage.name) + 1 :][:1]:
        shown.facts([("Read", f"exercises/{name}/README.md"), ("Next", f"{TOOL} run {name}")])


def check_reactor(name: str) -> None:
    """See that trial knows the reactor.

    Raises:
        click.UsageError: it does not; the message has the names that it knows.
    """
    from twisted.application.reactors import getReactorTypes

    known: dict[str, Any] = {reactor.shortName: reactor for reactor in getReactorTypes()}
    if name not in known:
        near = difflib.get_close_matches(name, known, n=2, cutoff=0.5)
        also = f" Did you mean {' or '.join(near)}?" if near else ""
        names = ", ".join(sorted(known))
        raise click.UsageError(f'There is no reactor "{name}".{also} trial knows: {names}.')
    try:
        # Importing it installs nothing yet; it shows whether this machine has what it needs.
        importlib.import_module(known[name].moduleName)
    except Exception as error:
        raise click.UsageError(f'This machine has no reactor "{name}": {error}.') from None


class Live:
    """Shows each step's line as soon as the last of its tests has ended."""

    def __init__(self, shown: Shown, stage: Stage) -> None:
        self.shown = shown
        self.stage = stage
        self.tests: list[TestResult] = []
        self.told: set[str] = set()
        shown.line(f"{stage.name}: {stage.title}", "bold")
        shown.line()

    def test(self, test: TestResult) -> None:
        """One test has ended."""
        self.tests.append(test)
        for step in by_step(self.stage, Result(tuple(self.tests), None, "", 0)).steps:
            if step.step and len(step.tests) >= len(step.step.tests):
                self._tell(step)

    def rest(self, verdict: Verdict) -> None:
        """The run is over: the steps that were not told yet."""
        for step in verdict.steps:
            self._tell(step)

    def _tell(self, step: StepResult) -> None:
        name = step.step.cls if step.step else ""
        if name not in self.told:
            self.told.add(name)
            self.shown.step(step)


@cli.command()
@click.argument("stage_name", metavar="[STAGE]", required=False)
@click.option(
    "--poll", is_flag=True, help="Look at the files, where the file system tells nothing."
)
@click.pass_obj
def watch(tool: Tool, stage_name: str | None, poll: bool) -> None:
    """Run a stage's tests again at each save. Keys: h hint, r rerun, q quit."""
    from workshop.commands.watch import watch_stage
    from workshop.report.console import Shown

    shown = Shown()
    watch_stage(tool.course, find(tool, shown, tool.stage(stage_name)), shown, tool.limit, poll)


@cli.command(short_help="A question, then a pointer, then the code's shape.")
@click.argument("stage_name", metavar="[STAGE]", required=False)
@click.argument("step_name", metavar="[STEP]", required=False)
@click.option("--all", "all_", is_flag=True, help="All three tiers at once.")
@click.pass_obj
def hint(tool: Tool, stage_name: str | None, step_name: str | None, all_: bool) -> None:
    """The next tier of a step's hint: a question, then a pointer, then the code's shape."""
    from workshop.report.console import Shown
    from workshop.report.hints import show_hint

    shown = Shown()
    stage = find(tool, shown, tool.stage(stage_name))
    step = stage.topic(step_name) if step_name else _first_to_do(tool, shown, stage)
    show_hint(tool.course, stage, step, shown, all_)


def _first_to_do(tool: Tool, shown: Shown, stage: Stage) -> Step | Kind:
    with shown.console.status("Looking for the first one to do"):
        verdict = _verdict(tool, stage)
    undone: list[Step | Kind] = []
    if isinstance(verdict, Verdict):
        steps = [s for s in verdict.steps if s.step and s.status != "passes" and not s.step.given]
        undone = [s.step for s in steps if s.step]
    elif not isinstance(verdict, (Refusal, Withheld)):
        undone = list(verdict.survived)
    topics: list[Step | Kind] = [*undone, *stage.topics[-1:]]
    if not topics:
        raise CourseError(f"There are no hints for {stage.name}.")
    return topics[0]
