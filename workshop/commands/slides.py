"""The command for the slides: build and show them, write handouts, record what they show."""

from __future__ import annotations

import os
import threading
import webbrowser
from typing import Any

import click

from workshop.commands import hub
from workshop.commands.group import Tool, cli
from workshop.commands.serving import serve
from workshop.slides import decks, handout


@cli.command(short_help="Build the slides and show them, or write them as PDF.")
@click.argument("deck", required=False)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0 takes any free one.")
@click.option("--no-browser", is_flag=True, help="Only print the address.")
@click.option("--pdf", is_flag=True, help="Write handouts instead, two slides a page.")
@click.option("--notes", is_flag=True, help="With --pdf: the speaker's notes too.")
@click.option("--record", is_flag=True, help="For maintainers: run again what the slides show.")
@click.pass_obj
def slides(
    tool: Tool,
    deck: str | None,
    port: int,
    no_browser: bool,
    pdf: bool,
    notes: bool,
    record: bool,
) -> None:
    """Build the slides, serve them on this machine, and open them: all decks, or the one named.

    In a deck, S opens the speaker's window with notes and minutes, and ? shows the other keys.
    Ctrl-C ends it. No network is needed.
    """
    course = tool.course
    if notes and not pdf:
        raise click.UsageError("--notes goes with --pdf; in the browser, S shows them.")
    if record:
        from workshop.slides.recorded import stale

        for path, text in stale(course).items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8", newline="\n")
            click.echo(f"Written: {path.relative_to(course.root)}")
        return
    names = list(decks.decks(course))
    if deck is not None:
        names = [decks.find_deck(deck, names)]
    browser = handout.chromium() if pdf else ""
    folder = course.root / ".workshop" / "slides"
    decks.build(course, folder)
    if pdf:
        for name in names:
            file = folder.parent / "handouts" / f"{name}{'-notes' * notes}.pdf"
            handout.write(browser, folder / f"{name}.html", file, notes)
            click.echo(os.path.relpath(file))
        return

    def ready(address: str) -> None:
        click.echo(f"The slides are at {hub.proxied(address)}  (S: notes; Ctrl-C ends it)")
        if not no_browser and not hub.is_hub():
            # In a thread, since a browser for the terminal only returns when it is closed.
            threading.Thread(target=webbrowser.open, args=[address], daemon=True).start()

    from twisted.web.server import Site
    from twisted.web.static import File

    site: Any = Site(File(str(folder)))
    serve(site, port, ready, f"{names[0]}.html" if deck else "index.html")
