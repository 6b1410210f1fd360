"""The commands for a class and for maintainers: schedule, lab, verify."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence

import click

from workshop.commands.group import Tool, cli
from workshop.keep import fingerprint, fingerprints


@cli.command()
@click.option(
    "--start", default="13:20", show_default=True, metavar="HH:MM", help="When it begins."
)
@click.option("--track", type=click.Choice(["core", "all"]), default="core", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
@click.pass_obj
def schedule(tool: Tool, start: str, track: str, as_json: bool) -> int:
    """The timetable for a class, from the minutes in course.toml.

    Exit code 1 where it is longer than course.toml says that the session may be.
    """
    from workshop.show import Shown
    from workshop.timetable import as_data, timetable

    try:
        table = timetable(tool.course, start, track)
    except ValueError:
        raise click.UsageError(f'"{start}" is no time of day; write it as 13:20.') from None
    if as_json:
        click.echo(json.dumps(as_data(table)))
    else:
        Shown().schedule(table)
    if table.over:
        has = tool.course.session[track]
        click.echo(
            f"It runs over: {table.over} minutes more than the {has} of course.toml.", err=True
        )
    return int(bool(table.over))


@cli.command()
def lab() -> int:
    """Open Jupyter on the notebooks."""
    return _not_yet("notebooks")


def _not_yet(what: str) -> int:
    click.echo(f"There are no {what} yet: they are still being written.")
    return 1


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
            click.echo(f"{name} holds work of yours: the suite does not judge it.")
    command = [sys.executable, "-m", "pytest", "-n", str(os.cpu_count() or 1), *pytest_args]
    sys.stdout.flush()
    with subprocess.Popen(command, cwd=tool.course.root) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            # pytest has the same signal from the terminal, and its own clean-up to do.
            return process.wait()
