"""The group of commands, and the object that each of them receives."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from workshop.course import Course, Stage, load, nearest
from workshop.runner.worker import LIMIT


class Commands(click.Group):
    """A group that suggests the nearest commands for a name that it does not have."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Resolve the command as click does, but with another message."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError:
            also = nearest(args[0], self.list_commands(ctx))
            raise click.UsageError(
                f'There is no command "{args[0]}". {also}'.strip(), ctx
            ) from None


@dataclass
class Tool:
    """The object for every command. ``limit``: seconds that one test may take; ``fresh``: ignore remembered verdicts."""

    course: Course
    limit: float
    fresh: bool = False

    def stage(self, name: str | None) -> Stage | None:
        """Return the stage of that name; None if no name is given."""
        return None if name is None else self.course.stage(name)


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(__file__).resolve().parent.parent.parent,
    show_default=False,
    help="The course's folder, if not the one that holds this tool.",
)
@click.option(
    "--limit",
    type=click.FloatRange(0.1, 600),
    default=LIMIT,
    show_default=True,
    help="Seconds that one test may take.",
)
@click.option("--fresh", is_flag=True, help="Run all tests again, whatever is remembered.")
@click.pass_context
def cli(ctx: click.Context, root: Path, limit: float, fresh: bool) -> None:
    """Trial by Wire: a test-first workshop for networking code in Twisted.

    Without a command: show the stages with what passes, then the first step that does not, and
    what to do about it.
    """
    ctx.obj = Tool(load(root.resolve()), limit, fresh)
    if ctx.invoked_subcommand is None:
        ctx.invoke(cli.commands["status"])
