"""The last result as a line: kept after each run, and sent to a board if the learner wants that."""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace

import click

from workshop.board import share
from workshop.board.message import Message, Status
from workshop.commands.group import Tool
from workshop.course import TOOL, Stage
from workshop.judge import last
from workshop.judge.verdict import Judged
from workshop.report.hints import shown


def noted(tool: Tool, stage: Stage, verdict: Judged) -> None:
    """Keep the result of a run, and send it if it is shared."""
    now = time.time()
    last.keep(tool.course, last.after(last.recall(tool.course), stage, verdict, now))
    pass_on(tool)


def known(tool: Tool) -> Status | None:
    """Return where the learner is, without running anything; None before the first run."""
    found = last.recall(tool.course)
    return _status(tool, found) if found else None


def current(tool: Tool) -> Status:
    """Return the same; before the first run, the beginning of the first stage."""
    first = tool.course.stages[0]
    at = next((one.number for one in first.topics), None)
    return known(tool) or _status(tool, last.Last(first.name, (), (), at, time.time(), False))


def _status(tool: Tool, found: last.Last) -> Status:
    stage = tool.course.stage(found.stage)
    passed, total = last.count(found, stage)
    topic = next((one for one in stage.topics if one.number == found.at), None)
    hint, hints = shown(tool.course, stage, topic) if topic else (0, 0)
    return Status(
        stage.name,
        passed,
        total,
        found.at if topic else None,
        "number" if stage.judged else "step",
        hint,
        hints,
        int(max(0, time.time() - found.since)),
        found.green,
    )


def pass_on(tool: Tool) -> None:
    """Send the line if it is shared and has changed. If the board does not answer, say so in a line, and go on."""
    sharing = share.recall(tool.course.root)
    if not sharing:
        return
    status = current(tool)
    if status.line == sharing.sent:
        return
    if why := share.send(sharing, Message(sharing.id, sharing.name, status)):
        click.echo(f"Not shared: {why}. To share no more: {TOOL} share --stop", err=True)
        return
    # `share --stop` may have ended it meanwhile, in another terminal.
    if share.recall(tool.course.root):
        with contextlib.suppress(OSError):
            share.keep(tool.course.root, replace(sharing, sent=status.line))
