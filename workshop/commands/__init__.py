"""The command line: each command asks, then shows."""

from __future__ import annotations

import os
import signal
import sys
from typing import NoReturn

import click

from workshop.commands import files, run, teach
from workshop.commands.group import cli
from workshop.course import CourseError
from workshop.explain import TOOL

__all__ = ["files", "main", "run", "teach"]


def main() -> NoReturn:
    """Run the command line. Ctrl-C and SIGTERM end it, and every process that it started.

    Exit codes: 0 done, and what was asked for passes; 1 it does not; 2 bad usage; 130 stopped.
    """

    def end(number: int, frame: object) -> NoReturn:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)
    try:
        code = cli(prog_name=TOOL, standalone_mode=False)
    except (KeyboardInterrupt, click.Abort):
        click.echo("\nStopped.", err=True)
        code = 130
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except CourseError as error:
        click.echo(str(error), err=True)
        code = 2
    except BrokenPipeError:
        # Whoever read our output has enough; Python would complain at its own exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    sys.exit(code if isinstance(code, int) else 0)
