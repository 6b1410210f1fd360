"""The command line: each command looks something up, then shows it."""

from __future__ import annotations

import io
import shutil
import signal
import sys
import textwrap
from typing import NoReturn

import click

from workshop.commands import (
    board,
    dev,
    files,
    hunt,
    offline,
    run,
    slides,
    teach,
    transfer,
    update,
    web,
)
from workshop.commands.group import cli
from workshop.course import TOOL, CourseError

__all__ = [
    "board",
    "dev",
    "files",
    "hunt",
    "invoke",
    "main",
    "offline",
    "run",
    "slides",
    "teach",
    "transfer",
    "update",
    "web",
]


def main() -> NoReturn:
    """Run the command line. Ctrl-C and SIGTERM end it and every process that it started.

    Exit codes: 0 done, and what was requested passes; 1 it does not; 2 bad usage; 130 stopped.
    """

    stops = [signal.SIGINT, signal.SIGTERM]
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        # If it is ignored already, nohup wants it so.
        stops.append(signal.SIGHUP)

    def end(number: int, frame: object) -> NoReturn:
        for stop in stops:
            # A second Ctrl-C must not interrupt the clean-up after the first.
            signal.signal(stop, signal.SIG_IGN)
        raise KeyboardInterrupt

    for stop in stops:
        signal.signal(stop, end)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A learner's code may print characters that the terminal cannot show.
            stream.reconfigure(errors="backslashreplace")
    sys.exit(invoke())


def invoke(words: list[str] | None = None) -> int:
    """Carry out a command, and say why it cannot be carried out. Return the exit code.

    Args:
        words: The command's words; None for those with which the program was started.
    """
    try:
        code = cli.main(words, prog_name=TOOL, standalone_mode=False)
    except (KeyboardInterrupt, click.Abort):
        click.echo("\nStopped.", err=True)
        code = 130
    except click.ClickException as error:
        _say(error.format_message())
        if isinstance(error, click.UsageError) and error.ctx:
            _say(f"Help: {error.ctx.command_path} --help")
        code = error.exit_code
    except CourseError as error:
        _say(str(error))
        code = 2
    except OSError as error:
        _say(f"{error.filename or 'The system'}: {error.strerror or error}.")
        code = 1
    return code if isinstance(code, int) else 0


def _say(text: str) -> None:
    """Say why a command cannot be carried out, wrapped to the terminal."""
    width = min(shutil.get_terminal_size().columns, 100)
    for line in text.splitlines():
        wrapped = textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False)
        click.echo(line if TOOL in line else wrapped, err=True)
