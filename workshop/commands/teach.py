"""The commands for a class and for maintainers: schedule, lab, verify."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence

import click

from workshop.commands.group import Tool, cli
from workshop.course import TOOL, CourseError
from workshop.course.files import fingerprint, fingerprints


@cli.command()
@click.option(
    "--start", default="13:20", show_default=True, metavar="HH:MM", help="When it begins."
)
@click.option(
    "--track",
    default="core",
    show_default=True,
    metavar="NAME",
    help="core, long, day or all, as in course.toml.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
@click.pass_obj
def schedule(tool: Tool, start: str, track: str, as_json: bool) -> int:
    """Show the timetable for a class, from the minutes in course.toml.

    It adds up what each talk and exercise needs: words to read and to say, questions, demos, steps. Exit code 1 if one needs
    more than it has, a break is missing, or the whole is longer than the track in course.toml.
    """
    from workshop.course.timetable import as_data, timetable
    from workshop.report.console import Console

    try:
        table = timetable(tool.course, start, track)
    except ValueError:
        raise click.UsageError(f'"{start}" is not a time of day; write it as 13:20.') from None
    except CourseError as error:
        raise click.UsageError(str(error)) from None
    if as_json:
        click.echo(json.dumps(as_data(table)))
    else:
        Console().schedule(table)
    for fault in table.faults:
        click.echo(fault, err=True)
    return int(bool(table.faults))


@cli.command(short_help="Open JupyterLab on your stage's notebook.")
@click.argument("stage_name", metavar="[STAGE]", required=False)
@click.option("--fresh", is_flag=True, help="Begin with a new copy; the one before is saved first.")
@click.option("--no-browser", is_flag=True, help="Only print the address to open.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    metavar="PORT",
    help="The port on this machine; without it, any that is free.",
)
@click.pass_obj
def lab(tool: Tool, stage_name: str | None, fresh: bool, no_browser: bool, port: int) -> int:
    """Open JupyterLab on a stage's notebook; without STAGE, on that of the first that does not pass.

    You work on a copy in .workshop/notebooks/, which is kept for the next time; the course's own notebook does not change.
    A copy begins without outputs: they appear when you run its cells. The server is for this machine only, and
    leaves your own Jupyter's settings alone. Ctrl-C ends it.

    On a JupyterHub, the copy is in notebooks/yours/, and opens in the JupyterLab that you have there.
    """
    from workshop.commands import hub
    from workshop.commands.progress import stage_to_do
    from workshop.notebook.lab import (
        COPIES,
        KERNEL,
        YOURS,
        Lab,
        LabError,
        choose,
        is_of,
        lay,
        renew,
    )
    from workshop.report.console import Console

    folder = YOURS if hub.is_hub() else COPIES
    stage = stage_to_do(tool, Console(), tool.stage(stage_name))
    try:
        page = choose(tool.course, stage)
        if page.stem != stage.name:
            click.echo(f"{stage.name} has no notebook. The nearest is that of {page.stem}.")
        copy = f"{folder}/{page.name}"
        if fresh and (saved := renew(tool.course, page, folder)):
            kept = (saved / copy).relative_to(tool.course.root).as_posix()
            click.echo(f"Your copy was saved as {kept}.")
        lay(tool.course, folder)
        if not is_of(tool.course.root / copy, page):
            click.echo(
                "The course's notebook has changed since your copy was made. To begin again:"
            )
            click.echo(f"{TOOL} lab --fresh {page.stem}")
        if hub.is_hub():
            address, after = hub.in_lab(tool.course.root / copy)
            hub.write_kernel()
            click.echo(f"Your copy is {copy}.")
            click.echo(f"Open this in your browser{after}:\n\n    {address}\n")
            # A JupyterLab that is open already does not know it before the page is loaded again.
            click.echo(
                f'Its kernel, at the top right, must be "{KERNEL["display_name"]}". If it is'
            )
            click.echo("another, reload the page, click on the kernel's name, and choose it.")
            return 0
        with Lab(tool.course.root, page.name, not no_browser, port) as server:
            click.echo(f"JupyterLab has your copy, {copy}, at")
            click.echo(server.address)
            click.echo("Ctrl-C ends it.")
            return 1 if server.wait() else 0
    except LabError as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        click.echo("\nEnded.")
        return 0


@cli.command(
    short_help="Prove the course itself, with its test suite.",
    context_settings={"ignore_unknown_options": True},
)
@click.argument("pytest_args", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def verify(tool: Tool, pytest_args: Sequence[str]) -> int:
    """Prove the course itself: run its whole test suite, with pytest.

    It does not judge a learner's work: it works on starters made from the solutions. Arguments
    after -- go to pytest.
    """
    for name, digest in fingerprints(tool.course).items():
        path = tool.course.root / name
        if path.is_file() and fingerprint(path.read_bytes()) != digest:
            click.echo(f"{name} has been changed: the suite does not judge it.")
    # More than there are cores: many tests wait, for a limit, a browser or a server.
    cores = os.cpu_count() or 1
    workers = ["-n", str(min(3 * cores, cores + 3))]
    # nbval, which runs in separate processes, would be imported by each worker.
    command = [sys.executable, "-m", "pytest", "-p", "no:nbval", *workers, *pytest_args]
    # Many processes import the same files, and without compiled ones, each would compile them.
    environment = dict(os.environ)
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.stdout.flush()
    with subprocess.Popen(command, cwd=tool.course.root, env=environment) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            # pytest has received the same signal from the terminal, and cleans up.
            return process.wait()
