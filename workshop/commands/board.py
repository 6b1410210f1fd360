"""The commands for a class that wants to see who is stuck: share, for the pairs, and board, for the instructor."""

from __future__ import annotations

import os
import re
import secrets
import socket
import threading
import webbrowser
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from workshop.commands.group import Tool, cli
from workshop.course import TOOL

if TYPE_CHECKING:
    from workshop.board.server import Board


@cli.command(short_help="Share where you are with a board; --stop ends it.")
@click.argument("to", metavar="[FOLDER-or-ADDRESS]", required=False)
@click.option("--as", "name", metavar="NAME", help="The name on the board; any that you like.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--stop", is_flag=True, help="Share no more, and take your row off the board.")
@click.pass_obj
def share(tool: Tool, to: str | None, name: str | None, yes: bool, stop: bool) -> int:
    """Share where you are with the instructor's board: a folder, or the address that it prints.

    What is sent is shown first: the name, the stage, how many steps pass, the step, its hints, for how long, red or green.
    There is no code in it. It is sent again when a run, watch or hint changes it, until --stop.
    """
    from workshop.board.message import LONGEST_NAME, Message, text_of
    from workshop.board.share import PATIENT, URL, Share, fits, forget, keep, recall, remove, send
    from workshop.commands.last import current
    from workshop.report.console import Console

    console, root = Console(), tool.course.root
    before = recall(root)
    if stop:
        # First of all: whatever the board answers, nothing more is sent.
        forget(root)
        if not before:
            console.line("Nothing is shared.")
        elif why := remove(before):
            console.paragraph(
                f"Sharing has ended. The board may still show the last line: {why}.", 0
            )
        else:
            console.line("Sharing has ended, and the board has forgotten you.")
        return 0
    if to is None or name is None:
        if to is None and name is None and before:
            console.paragraph(f'Shared as "{before.name}" with {before.to}', 0)
            console.advice(f"To end it: {TOOL} share --stop")
            return 0
        raise click.UsageError(f"It needs both: {TOOL} share FOLDER-or-ADDRESS --as NAME")
    if re.match(r"[\w.-]+:\d+/", to):
        # As people copy it from a projector.
        to = f"http://{to}"
    if not URL.match(to):
        to = os.path.abspath(to)
        if not os.path.isdir(to):
            raise click.UsageError(f"There is no folder {to}")
    if not fits(to, name):
        rule = f"A name has up to {LONGEST_NAME} characters"
        rule += "." if URL.match(to) else ", all of them letters, digits, blanks or one of .-_'&+"
        raise click.UsageError(rule)
    new = Share(to, name, before.id if before else secrets.token_hex(8))
    status = current(tool)
    message = Message(new.id, new.name, status)
    console.paragraph(f"This is sent to {to}", 0)
    for line in text_of(message).splitlines():
        console.line(f"  {line}")
    console.paragraph(
        "It is sent again when a run, watch or hint changes it. Nothing else is sent: no code, and no messages of tests.",
        0,
    )
    if not yes and not click.confirm("Share it?"):
        console.line("Nothing was sent.")
        return 1
    if before and (before.to, before.name) != (new.to, new.name):
        remove(before)
    if why := send(new, message, PATIENT):
        forget(root)
        raise click.ClickException(f"Nothing is shared: {why}.")
    keep(root, replace(new, sent=status.line))
    console.line(f"Shared: {status.line}")
    console.advice(f"To end it: {TOOL} share --stop")
    return 0


@cli.command(short_help="For instructors: a page that shows who is stuck.")
@click.argument(
    "folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option("--network", is_flag=True, help="Let other machines reach it, too.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Without it, any that is free."
)
@click.option("--no-browser", is_flag=True, help="Only print the addresses.")
@click.option("--clear", is_flag=True, help="Delete what pairs have shared in FOLDER, and end.")
@click.pass_obj
def board(
    tool: Tool, folder: Path | None, network: bool, port: int, no_browser: bool, clear: bool
) -> None:
    """Show who is stuck: a row for each pair that shares, the most stuck first.

    Pairs share with the address that this prints or, with FOLDER, in that folder. Rows are kept in memory only, until
    Ctrl-C. A pair that was silent for four hours goes.
    """
    from twisted.internet.error import CannotListenError

    from workshop.board.folder import clear as clear_folder
    from workshop.board.server import serve

    if clear:
        if folder is None:
            raise click.UsageError("--clear needs the folder.")
        count = clear_folder(folder)
        click.echo(f"Deleted: {count} file{'s' * (count != 1)}.")
        return

    def ready(port: int, board: Board) -> None:
        host = own_address() if network else "127.0.0.1"
        page = f"http://{host}:{port}/{board.view}"
        place = folder or f"http://{host}:{port}/{board.post}"
        click.echo(f"The board, for you and your helpers:\n  {page}")
        click.echo(f"For pairs, each with a name of its own:\n  {TOOL} share {place} --as NAME")
        click.echo("Ctrl-C ends it, and forgets all rows.")
        if not no_browser:
            # In a thread, since a browser for the terminal only returns when it is closed.
            threading.Thread(target=webbrowser.open, args=[page], daemon=True).start()

    try:
        serve(folder, port, network, ready)
    except CannotListenError as error:
        raise click.ClickException(f"Port {port} is not available: {error.socketError}.") from None
    if folder:
        click.echo(f"\nTo delete what pairs have shared: {TOOL} board {folder} --clear")


def own_address() -> str:
    """Return the address at which other machines reach this one; its name if it has no network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # An address for documentation (RFC 5737): nothing is sent, but the system chooses where it would leave from.
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return socket.gethostname()
