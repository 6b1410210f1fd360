"""The command for the course in a browser: build the folder of static files, and serve it or leave it to a web server."""

from __future__ import annotations

import re
import shutil
import threading
import webbrowser
from pathlib import Path

import click
from click import ClickException

from workshop.commands import serving
from workshop.commands.checks import check_folder, check_pip, check_provided
from workshop.commands.group import Tool, cli
from workshop.course import Course
from workshop.setup.environment import explain
from workshop.setup.progress import Screen
from workshop.web import build, serve
from workshop.web.packages import Failed

LOG = Path(".workshop", "web.log")
# What npm says without a network.
UNREACHED = r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH"
CONNECT = "Connect to a network (behind a proxy, set HTTPS_PROXY), then run the same command again."


@cli.command(short_help="The course in a browser, with nothing to install there.")
@click.option(
    "--build",
    "folder",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Write the page's files into this folder, for any web server, and serve nothing.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=serve.PORT,
    show_default=True,
    help="The browser keeps your work by the address, so keep to one port. 0 takes any free one.",
)
@click.option("--no-browser", is_flag=True, help="Only print the address.")
@click.pass_obj
def web(tool: Tool, folder: Path | None, port: int, no_browser: bool) -> None:
    """Serve the course as a page, in which Python and Twisted run, on this machine.

    The page has all of the course that needs no sockets or processes, keeps your work in the browser, and works without a
    network once it has been opened. Building it, once, needs npm and a network. Ctrl-C ends it.
    """
    if folder is not None:
        if not (folder / "files.json").is_file():
            # Else it is an earlier build, which this one replaces.
            check_folder(tool.course, folder.absolute())
        make(tool.course, folder.absolute())
        wire = build.on_the_wire(folder) / 1e6
        click.echo(f"{folder}: a browser downloads {wire:.1f} MB of it, once.")
        click.echo("Any web server can serve it, as it is, under any path.")
        return
    ready_made = tool.course.root / build.OFFLINE
    place = ready_made if (ready_made / "index.html").is_file() else make(tool.course)

    def ready(address: str) -> None:
        click.echo(f"The course is at {address}  (Ctrl-C ends it)")
        if not no_browser:
            # In a thread, since a browser for the terminal only returns when it is closed.
            threading.Thread(target=webbrowser.open, args=[address], daemon=True).start()

    serving.serve(serve.site(place), port, ready)


def missing_programs() -> str:
    """Return the name of a program that a build needs and that is not installed; "" if all are."""
    return next((name for name in ("node", "npm") if shutil.which(name) is None), "")


def is_ready(course: Course) -> bool:
    """Return whether the page is built already, of the course as it is."""
    return build.is_up_to_date(course)


def make(course: Course, folder: Path | None = None) -> Path:
    """Build the page: into a folder or, if none is given, for this copy of the course, if anything has changed.

    Raises:
        ClickException: npm, Node or pip is missing or fails.
    """
    screen = Screen()
    check_provided(course)
    check_pip(others=False)
    try:
        if folder is None:
            return build.up_to_date(course, screen.say)
        build.build(course, folder, screen.say)
        return folder
    except Failed as error:
        if not error.output:
            raise ClickException(error.sentence) from None
        log = course.root / LOG
        log.parent.mkdir(exist_ok=True)
        log.write_text(error.output, "utf-8")
        if re.search(UNREACHED, error.output):
            where = f"npm cannot reach its registry. {CONNECT}"
            raise ClickException(
                f"No page: {where} The full output is in {LOG.as_posix()}."
            ) from None
        lines = [line.strip() for line in error.output.splitlines() if line.strip()]
        errors = [line for line in lines if "ERR" in line.upper()]
        last = f"{error.sentence}: {(errors or lines or ['no reason given'])[-1][:200]}"
        why = explain(error.output, last).replace("Set-up stopped", "No page", 1)
        raise ClickException(f"{why} The full output is in {LOG.as_posix()}.") from None
