"""The command that makes the notebooks."""

from __future__ import annotations

from pathlib import Path

import click

from workshop.commands.group import Tool, cli
from workshop.course.files import write


@cli.command(short_help="For maintainers: make the notebooks anew.")
@click.option("--write", "write_", is_flag=True, help="Write them; without it, only compare.")
@click.option("--record", "record_", is_flag=True, help="Record anew what pictures are drawn from.")
@click.argument("stage_name", metavar="[STAGE]", required=False)
@click.pass_obj
def notebooks(tool: Tool, write_: bool, record_: bool, stage_name: str | None) -> int:
    """For maintainers: each notebooks/STAGE.ipynb, made from its STAGE.md by running it."""
    try:
        from nbclient.exceptions import CellExecutionError

        from workshop.notebook.make import make, problems, record, sources
    except ModuleNotFoundError as error:
        raise click.ClickException(f"{error}. Needed: tests/requirements.txt.") from None
    folder = tool.course.root / "notebooks"
    chosen = tool.stage(stage_name)
    pages = [path for path in sources(folder) if chosen is None or path.stem == chosen.name]
    if not pages:
        raise click.ClickException("There is no such notebook.")
    bad = False
    wanted = {folder / name: text for name, text in record(folder).items()} if record_ else {}
    for path, text in wanted.items():
        bad |= _settle(path, text, write_)
    for page in pages:
        try:
            bad |= _settle(page.with_suffix(".ipynb"), make(page), write_)
        except CellExecutionError as error:
            click.echo(f"cannot be run: notebooks/{page.name}\n{error}")
            bad = True
            continue
        for problem in problems(page):
            click.echo(f"notebooks/{page.name}: {problem}")
            bad = True
    return int(bad)


def _settle(path: Path, text: str, write_: bool) -> bool:
    """Write a file that differs, or say that it does. Gives whether one is left that differs."""
    name = f"notebooks/{path.name}"
    if path.is_file() and path.read_text("utf-8") == text:
        click.echo(f"as it should be: {name}")
        return False
    if write_:
        write(path, text.encode())
    click.echo(f"{'written' if write_ else 'differs'}: {name}")
    return not write_
