"""The commands that run a stage's tests: status, run, watch, hint."""

from __future__ import annotations

import contextlib
import importlib
import json
from typing import TYPE_CHECKING, Any

import click

from workshop.commands.group import Tool, cli
from workshop.course import TOOL, Stage, nearest
from workshop.course.files import begun
from workshop.runner.worker import Worker, imports_of

if TYPE_CHECKING:
    from workshop.commands.progress import Seen
    from workshop.report.console import Console


@cli.command()
@click.option("--line", "as_line", is_flag=True, help="Only the last run's result, in one line.")
@click.pass_obj
def status(tool: Tool, as_line: bool) -> None:
    """Show the stages with what passes, and the first step to do.

    --line runs nothing. The minutes are those since a step last passed for the first time.
    """
    if as_line:
        from workshop.commands.last import known

        last = known(tool)
        click.echo(last.line if last else "no run yet")
        return
    from workshop.commands.progress import all_stages
    from workshop.judge.verdict import Unjudged
    from workshop.report.console import Console
    from workshop.report.verdict import progress, show_refusal, show_verdict

    console = Console()
    console.line(tool.course.title, "bold")
    console.line()
    with console.progress("") as line:
        seen = all_stages(tool, line.update)
    console.map([(one.stage, progress(one), one.passed) for one in seen])
    judged = [one for one in seen if not isinstance(one, Unjudged) or one.refusal]
    first = next((one for one in judged if not one.passed), None)
    if first is None:
        everything = (
            "All stages pass" if judged == seen else "All stages pass that can be judged here"
        )
        console.line()
        console.line(f"{everything}.", "green")
    elif not isinstance(first, Unjudged):
        readme = f"exercises/{first.stage.name}/README.md"
        if lecture := _lecture(first.stage):
            console.line()
            console.facts([*lecture, ("Then", f"read {readme}, and:")])
        else:
            console.heading(f"Next: read {readme}, then:")
        show_verdict(console, tool.course, first, tool.limit, asked_for=False)
    elif first.refusal:
        show_refusal(console, first.refusal)


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
    """Run a stage's tests, step by step; without STAGE, those of the first that does not pass.

    If you write the stage's tests, STEP names the kinds of mistake to judge them by: 3, or 1-5.

    Exit code 0: all pass. 1: a step fails. 2: there is no such stage, step or option.
    """
    asked = tool.stage(stage_name)
    with contextlib.ExitStack() as stack:
        worker = None
        if asked and not asked.judged:
            # The child starts first: it imports Twisted while this process imports what it needs for output.
            worker = stack.enter_context(Worker(imports_of(asked), tool.limit))
        from workshop.commands.progress import stage_to_do
        from workshop.judge.verdict import Unjudged
        from workshop.report.console import Console
        from workshop.report.verdict import as_data, refusal_as_data

        console = Console()
        if reactor:
            check_reactor(reactor)
        stage = stage_to_do(tool, console, asked)
        seen = run_stage(tool, console, stage, step_name, all_, reactor, worker, quiet=as_json)
        if as_json and isinstance(seen, Unjudged):
            assert seen.refusal
            click.echo(json.dumps(refusal_as_data(stage, seen.refusal)))
        elif as_json and not isinstance(seen, Unjudged):
            click.echo(json.dumps(as_data(tool.course, seen, tool.limit)))
        if reactor is None and not isinstance(seen, Unjudged):
            from workshop.commands.last import noted

            noted(tool, stage, seen)
    return 0 if seen.passed else 1


def run_stage(
    tool: Tool,
    console: Console,
    stage: Stage,
    step_name: str | None = None,
    all_: bool = False,
    reactor: str | None = None,
    worker: Worker | None = None,
    quiet: bool = False,
) -> Seen:
    """Run a stage's tests, remember what passed, and show the verdict unless ``quiet``.

    Args:
        step_name: A step, or kinds of mistake, as a user names them; None for all.
        all_: Go on after the first step that fails.
        reactor: A reactor's name, as trial's --reactor; None for the platform's own.
        worker: In a stage of steps, a child that is ready.

    Raises:
        CourseError: There is no such step or kind.
    """
    from workshop.commands.progress import fingerprints, remembered
    from workshop.judge.verdict import judge, refused
    from workshop.report.steps import LiveSteps
    from workshop.report.verdict import show_refusal, show_verdict

    unjudged = refused(tool.course, stage)
    if unjudged and unjudged.refusal:
        if not quiet:
            show_refusal(console, unjudged.refusal)
        return unjudged
    kinds = stage.kinds_named(step_name) if step_name and stage.judged else ()
    steps = [stage.step(step_name)] if step_name and not stage.judged else None
    keys = fingerprints(tool, [stage])
    live = None if quiet else LiveSteps(console, stage)
    with console.progress("") if live and stage.judged else contextlib.nullcontext() as line:
        verdict = judge(
            stage,
            limit=tool.limit,
            reactor=reactor,
            worker=worker,
            steps=steps,
            kinds=kinds,
            stop=not all_,
            test_ended=live.test if live else lambda test: None,
            part_began=line.update if line else lambda what: None,
        )
    if live:
        live.rest(verdict)
        words = [str(step.number) for step in steps or ()]
        words += ["--all"] * all_ + [f"--reactor {reactor}"] * bool(reactor)
        show_verdict(console, tool.course, verdict, tool.limit, words=" ".join(words))
        if verdict.passed and not step_name:
            _show_next(tool, console, stage)
    whole = step_name is None and reactor is None
    return remembered(tool, verdict, keys if whole else {})


def _show_next(tool: Tool, console: Console, stage: Stage) -> None:
    names = [one.name for one in tool.course.stages]
    for name in names[names.index(stage.name) + 1 :][:1]:
        lecture = _lecture(tool.course.stage(name))
        run = ("Then" if lecture else "Next", f"{TOOL} run {name}")
        console.facts([*lecture, ("Read", f"exercises/{name}/README.md"), run])


def _lecture(stage: Stage) -> list[tuple[str, str]]:
    """Return the command for the stage's lecture as what to do next; nothing if it has none, or the stage is begun."""
    if begun(stage) or not stage.notebook.is_file():
        return []
    return [("Next", f"{TOOL} lab {stage.number}"), ("", "(the lecture, in your browser)")]


def check_reactor(name: str) -> None:
    """Check that trial knows the reactor.

    Raises:
        click.UsageError: It does not; the message has the names that it knows.
    """
    from twisted.application.reactors import getReactorTypes

    known: dict[str, Any] = {reactor.shortName: reactor for reactor in getReactorTypes()}
    if name not in known:
        names = ", ".join(sorted(known))
        also = nearest(name, known)
        raise click.UsageError(f'There is no reactor "{name}". {also}trial knows: {names}.')
    try:
        # The import installs nothing yet; it shows whether this machine has what the reactor needs.
        importlib.import_module(known[name].moduleName)
    except Exception as error:
        raise click.UsageError(f'This machine has no reactor "{name}": {error}.') from None


@cli.command()
@click.argument("stage_name", metavar="[STAGE]", required=False)
@click.option(
    "--poll", is_flag=True, help="Poll the files, for file systems that report no changes."
)
@click.pass_obj
def watch(tool: Tool, stage_name: str | None, poll: bool) -> None:
    """Run a stage's tests again at each save. Keys: h hint, r rerun, q quit."""
    from workshop.commands.progress import stage_to_do
    from workshop.commands.watch import watch_stage
    from workshop.report.console import Console

    console = Console()
    watch_stage(tool, stage_to_do(tool, console, tool.stage(stage_name)), console, poll)


@cli.command(short_help="A question, then a pointer, then the code's shape.")
@click.argument("stage_name", metavar="[STAGE]", required=False)
@click.argument("step_name", metavar="[STEP]", required=False)
@click.option("--all", "all_", is_flag=True, help="All three tiers at once.")
@click.pass_obj
def hint(tool: Tool, stage_name: str | None, step_name: str | None, all_: bool) -> None:
    """Show the next tier of a step's hint: a question, then a pointer, then the code's shape."""
    from workshop.commands.last import pass_on
    from workshop.commands.progress import stage_to_do, topic_to_do
    from workshop.report.console import Console
    from workshop.report.hints import show_hint

    console = Console()
    stage = stage_to_do(tool, console, tool.stage(stage_name))
    topic = stage.topic(step_name) if step_name else topic_to_do(tool, console, stage)
    show_hint(tool.course, stage, topic, console, all_)
    pass_on(tool)
