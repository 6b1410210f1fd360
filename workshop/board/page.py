"""The page of a board, as HTML. All that pairs have sent is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from workshop.board.message import minutes
from workshop.board.rows import LONG, Row

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Who is stuck</title>
<link rel="stylesheet" href="page.css">
<noscript><meta http-equiv="refresh" content="5"></noscript>
<script src="page.js" defer></script>
</head>
<body>
<p id="late" hidden>The board no longer answers: this is old.</p>
<main>
{main}
</main>
</body>
</html>
"""
HEAD = "<tr><th>pair<th>stage<th>passes<th>at<th>here for<th>hints<th>last run<th>silent for</tr>"


def page(rows: Sequence[Row]) -> str:
    """Return the page."""
    if not rows:
        return PAGE.format(main="<h1>No pair shares yet</h1>")
    body = "\n".join(map(_row, rows))
    return PAGE.format(main=f"<h1>{_summary(rows)}</h1>\n<table>\n{HEAD}\n{body}\n</table>")


def _summary(rows: Sequence[Row]) -> str:
    """Return how many pairs there are, are stuck, and are done."""
    stuck = sum(row.stuck for row in rows)
    done = sum(row.message.status.done for row in rows)
    pairs = f"{len(rows)} pair{'s' * (len(rows) > 1)}"
    return f"{pairs}: {stuck} at one step for {LONG // 60} minutes or more, {done} done"


def _row(row: Row) -> str:
    status = row.message.status
    classes = " ".join(word for word in ("stuck", "quiet") if getattr(row, word))
    colour = "green" if status.green else "red"
    cells = [
        f"<th>{escape(row.message.name)}",
        f"<td>{escape(status.short)}",
        f'<td><progress max="{status.total}" value="{status.passed}"></progress>'
        f" {status.passed}/{status.total}",
        f"<td>{escape(status.place.removeprefix('at '))}",
        f"<td>{minutes(row.seconds)}",
        f"<td>{escape(status.shown.removeprefix('hint '))}",
        f'<td><span class="{colour}">{colour}</span>',
        f"<td>{minutes(row.silent)}",
    ]
    return f'<tr class="{classes}">{"".join(cells)}</tr>'
