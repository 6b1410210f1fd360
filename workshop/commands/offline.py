"""The command for instructors whose room has no network: offline."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from workshop.commands.group import Tool, cli
from workshop.course import TOOL


@cli.command(short_help="Make a folder with all of the course, for rooms without network.")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--python",
    "pythons",
    multiple=True,
    metavar="PYTHON",
    help="A Python to make it for, in place of the one that runs this; can be given several times.",
)
@click.pass_obj
def offline(tool: Tool, folder: Path, pythons: Sequence[str]) -> None:
    """Make a folder with the course, its packages and the slides, which needs no network.

    It works on this system, and with the Pythons that it is made with.
    """
    from workshop.commands.offline_folder import NOTE, Refused, make

    try:
        made = make(tool.course, folder, pythons)
    except Refused as refused:
        raise click.ClickException(str(refused)) from None
    click.echo(f"{folder}: {made.size / 1e6:.0f} MB in {made.seconds:.0f} s.")
    click.echo(f"It is for {', '.join(made.kinds)}, and for no other.")
    click.echo(f"Hand it on as it is; in it, {TOOL} needs no network. {NOTE} says so too.")
