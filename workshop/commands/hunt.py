"""The command that hunts for a history in which a test fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from workshop.commands.group import Tool, cli

if TYPE_CHECKING:
    from rich.status import Status

    from workshop.hunt.search import Hunt
    from workshop.report.console import Console

TOO_LARGE = 3
"""The exit code of a walk that has not come to the end."""


@cli.command(short_help="Find the weather in which a test fails, and why.")
@click.argument("target", metavar="TARGET")
@click.option(
    "--weather", type=click.Choice(["windy", "storm"]), default="windy", show_default=True
)
@click.option(
    "--seeds",
    type=click.IntRange(1, 10**9),
    metavar="N",
    help="Histories of each test; if not given, 10000 in all, and 100 or more of each: about 10 s for small tests.",
)
@click.option(
    "--from",
    "first",
    type=click.IntRange(0, 10**18),
    default=1,
    metavar="SEED",
    help="The first seed; if not given, 1.",
)
@click.option("--count", "count_", is_flag=True, help="Go on after a failure, and count them.")
@click.option("--all", "all_", is_flag=True, help="Every history of a small test, not seeds.")
@click.option(
    "--most",
    type=click.IntRange(1, 10**9),
    default=50_000,
    show_default=True,
    metavar="N",
    help="With --all: the most histories of a test.",
)
@click.option(
    "--cuts",
    type=click.IntRange(0, 40),
    default=1,
    show_default=True,
    metavar="N",
    help="With --all: the reads and sends of each direction that are cut, slow or late.",
)
@click.option("--rows", metavar="ROWS", help="Only these rows of the weather: end,order.")
@click.option("--decisions", metavar="KEYS", help="One history: end/1.server/1=0.1, and no others.")
@click.pass_obj
def hunt(
    tool: Tool,
    target: str,
    weather: str,
    seeds: int | None,
    first: int,
    count_: bool,
    all_: bool,
    most: int,
    cuts: int,
    rows: str | None,
    decisions: str | None,
) -> int:
    """Run tests on the simulated network through one history after another, until one fails; then drop every decision of
    the weather that the failure does not need.

    TARGET is a stage, a file, or the name of a module, a class or a test, as trial takes it; it is looked for in the folder
    in which you are.

    With --all, every order of events and every cut is tried instead of seeds, histories with fewer decisions first. An
    attempt, an accept, an end and a job come at once or 0.1 s late. So do the first bytes of each direction, and its first
    reader; the first read returns all, half, one byte or all but one. Buffers are as large as in calm weather.

    Exit code 0: no history fails. 1: one does. 2: there is no such test or option. 3: there are more histories than --most.
    """
    from workshop.hunt import search
    from workshop.hunt.crew import Unusable
    from workshop.hunt.crew import target as find_target
    from workshop.report.console import Console
    from workshop.report.hunt import show_stopped

    if all_ and (seeds or first != 1):
        raise click.UsageError("--all tries every history: it takes neither --seeds nor --from.")
    chosen, options = _rows(rows), _decisions(decisions)
    console = Console()
    try:
        found = find_target(target, tool.course)
        known = search.names(tool.course)
        running = search.Hunt(found, weather, chosen, tool.limit, search.CORES, known)
        with console.progress("") as line:
            shown = Shown(console, running, line)
            with running:
                try:
                    if options is not None:
                        return _replay(shown, options)
                    if all_:
                        return _walk(shown, most, cuts, count_)
                    return _hunt(shown, seeds, first, count_)
                except KeyboardInterrupt:
                    line.stop()
                    show_stopped(console, running)
                    raise
    except Unusable as problem:
        raise click.UsageError(str(problem)) from None


def _rows(text: str | None) -> list[str] | None:
    """The rows that a user named.

    Raises:
        click.UsageError: There is no such row.
    """
    from workshop.course import nearest
    from workshop.hunt.search import ROWS

    if text is None:
        return None
    rows = text.split(",")
    for row in rows:
        if row not in ROWS:
            raise click.UsageError(
                f'There is no row "{row}" in the weather. {nearest(row, ROWS)}Rows: {", ".join(ROWS)}.'
            )
    return rows


def _decisions(text: str | None) -> dict[str, int] | None:
    """The decisions that a user listed, as options by their keys.

    Raises:
        click.UsageError: One of them is not a decision.
    """
    from workshop.hunt.histories import option

    if text is None:
        return None
    options = {}
    for one in text.split(","):
        key, _, value = one.rpartition("=")
        try:
            found = option(key, float(value))
        except (ValueError, OverflowError):
            found = None
        if found is None:
            raise click.UsageError(f'"{one}" is not a decision, such as end/1.server/1=0.1.')
        options[key] = found
    return options


class Shown:
    """A hunt, its line of progress, and the words about it, which are written while that line is away."""

    def __init__(self, console: Console, running: Hunt, line: Status) -> None:
        self.running = running
        self._console = console
        self._line = line
        running.progress = line.update

    def say(self, write: Callable[..., None], *words: Any) -> None:
        """Write something."""
        self._line.stop()
        write(self._console, *words)
        self._line.start()


def _hunt(shown: Shown, seeds: int | None, first: int, count: bool) -> int:
    """Hunt through seeds; return the exit code."""
    from workshop.report import hunt as words

    running = shown.running
    active = running.calm_first()
    shown.say(words.show_calm, running)
    if count:
        failures = running.count(active, seeds, first)
        shown.say(words.show_counts, running)
        for test in list(failures)[:1]:
            if found := running.explain(running.tests.index(test), failures[test][0]):
                shown.say(words.show_found, found)
            else:
                running.unsteady.append((test, f"seed {failures[test][0]}"))
    elif found := running.find(active, seeds, first):
        shown.say(words.show_history, found, running)
        shown.say(words.show_found, found)
        running.failures[found.test] = [found.seed or 0]
    shown.say(words.show_unsteady, running.unsteady)
    failed = bool(running.failures or running.unsteady)
    if active and not failed:
        tests = max(1, len(active) - len(running.idle))
        shown.say(words.show_nothing, running, first + running.total // tests - 1)
    return int(failed or bool(running.calm) or not active)


def _walk(shown: Shown, most: int, cuts: int, count: bool) -> int:
    """Walk through all histories; return the exit code."""
    from workshop.report import hunt as words

    running = shown.running
    active = running.calm_first()
    shown.say(words.show_calm, running)
    failed, whole = bool(running.calm) or not active, True
    for number in active:
        walked = running.walk(number, most, cuts)
        shown.say(words.show_walked, walked, most)
        if walked.found:
            failed = True
            if not count:
                shown.say(words.show_found, walked.found)
                break
        elif not walked.complete:
            whole = False
    shown.say(words.show_unsteady, running.unsteady)
    if failed or running.unsteady:
        return 1
    return 0 if whole else TOO_LARGE


def _replay(shown: Shown, options: dict[str, int]) -> int:
    """Run one history of one test; return the exit code."""
    from workshop.report import hunt as words

    many = len(shown.running.tests)
    if many > 1:
        raise click.UsageError(
            f"--decisions are of one test, and these are {many}: name one of them."
        )
    found = shown.running.replay(options)
    shown.say(words.show_replay, found)
    return int(bool(found))
