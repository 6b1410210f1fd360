"""What a hunt has found, in words."""

from __future__ import annotations

from collections.abc import Iterable

from workshop.hunt.found import Found, Walked
from workshop.hunt.search import Hunt
from workshop.report.console import Console

LONGEST = 8
"""Lines of a failure that are shown."""
FEW = 5
"""Tests of one kind that are named."""
NAMES = "1.client is the client's end of the first connection; ~ marks what the weather did:"


def show_calm(console: Console, running: Hunt) -> None:
    """Say which tests need no weather to fail, or are skipped."""
    lacks = {test: text for test, (kind, text) in running.calm.items() if kind == "NotSimulated"}
    fail = {test: text for test, (_, text) in running.calm.items() if test not in lacks}
    which = "This test" if len(running.tests) == 1 else "{} of {} tests"
    for failing, said in (
        (fail, "even with no delays, so fix {2} first"),
        (lacks, "since the simulated network lacks what {} need{}"),
    ):
        if not failing:
            continue
        many, all_ = len(failing), len(running.tests)
        it, s, these = ("it", "s", "it") if many == 1 else ("they", "", "these")
        head = which.format(many, all_)
        console.paragraph(f"{head} fail{'s' * (many == 1)} {said.format(it, s, these)}:", 0)
        for test, text in list(failing.items())[:FEW]:
            console.paragraph(test)
            show_failure(console, text)
        if many > FEW:
            console.paragraph(f"and {many - FEW} more")
        console.line()
    for test, reason in list(running.skipped.items())[:FEW]:
        console.paragraph(f"{test} is skipped: {reason}", 0)
    if len(running.skipped) > FEW:
        console.paragraph(f"{len(running.skipped) - FEW} more are skipped.", 0)


def show_failure(console: Console, text: str) -> None:
    """Show the first lines of a failure."""
    lines = text.splitlines()
    for line in lines[:LONGEST]:
        console.paragraph(line, 4)
    if len(lines) > LONGEST:
        console.paragraph("...", 4)


def show_found(console: Console, found: Found) -> None:
    """Show a failure: why, what failed, what happened, and how to see it again."""
    console.paragraph(found.test, 0, "bold")
    console.paragraph(found.said)
    console.line()
    show_failure(console, found.failure)
    if found.timeline:
        console.line()
        console.paragraph(NAMES)
        for line in found.timeline:
            console.line(line)
    console.line()
    facts = [("Test", found.command)] * bool(found.command) + [("Again", found.again)]
    console.facts(facts)


def show_history(console: Console, found: Found, running: Hunt) -> None:
    """Say which history it was, and how many of its decisions are needed."""
    needed = len(found.decisions)
    said = f"History {running.ran} of {running.total} fails: {found.weather}, seed {found.seed}."
    if needed:
        is_are = "is" if needed == 1 else "are"
        said += (
            f" Of {found.before} decisions that differ from calm weather, {needed} {is_are} needed."
        )
    console.paragraph(said, 0)
    console.line()


def show_replay(console: Console, found: Found | None) -> None:
    """Show how one history ended."""
    if found:
        show_found(console, found)
    else:
        console.line("Passes in this history.", "green")


def show_nothing(console: Console, running: Hunt, last: int) -> None:
    """Say that no history failed, and what to do next."""
    if len(running.idle) == len(running.tests) - len(running.calm) - len(running.skipped):
        if running.idle:
            said = "The test uses no network, or names calm weather"
            if len(running.idle) > 1:
                said = "The tests use no network, or name calm weather"
            console.paragraph(f"{said}: each history is the same.", 0)
        return
    if running.idle:
        console.paragraph(
            f"{len(running.idle)} of {len(running.tests)} tests use no network: they ran once.", 0
        )
    console.line(f"Passes in {running.ran} histories of {running.weather} weather.", "green")
    storm = "--weather storm, or " if running.weather == "windy" else ""
    console.paragraph(f"Next: {storm}more seeds: --from {last + 1}", 0)


def show_unsteady(console: Console, unsteady: Iterable[tuple[str, str]]) -> None:
    """Name histories that failed only once."""
    unsteady = list(unsteady)
    for test, which in unsteady[:FEW]:
        console.paragraph(f"{test} failed with {which}, and passed when it was run alone.", 0)
    if unsteady:
        console.paragraph(
            "Something lasts from one run to the next (a global, a cache, a file), or the simulation does not "
            "decide it (time.time(), random, a thread).",
            0,
        )


def show_stopped(console: Console, running: Hunt) -> None:
    """Say what was found before somebody stopped the hunt."""
    console.line()
    if running.now:
        test, seed, text = running.now
        console.paragraph(f"{test} fails with {running.weather}, seed {seed} (not shrunk):", 0)
        show_failure(console, text)
        return
    show_counts(console, running)
    if not running.failures:
        console.paragraph(f"Nothing failed in {running.ran} histories.", 0)


def show_counts(console: Console, running: Hunt) -> None:
    """Show how many histories of each test failed."""
    active = len(running.tests) - len(running.calm) - len(running.skipped) - len(running.idle)
    each = running.ran // max(1, active)
    for test, seeds in running.failures.items():
        console.paragraph(f"{len(seeds)} of {each} failed, first with seed {min(seeds)}: {test}", 0)
    if running.failures:
        console.line()


def show_walked(console: Console, walked: Walked, most: int) -> None:
    """Show in a line or two what a walk through a test's histories has found."""
    many = f"{walked.histories} histor{'y' if walked.histories == 1 else 'ies'}"
    if walked.found:
        said = walked.found.said
        text = f"{said[0].lower()}{said[1:]} That is history {walked.histories}."
    elif walked.complete:
        text = f"passes in all {many}."
    else:
        text = f"passes in {many}; there are more. Next: --most {10 * most}, or only some --rows."
    console.paragraph(f"{walked.test}: {text}", 0)
