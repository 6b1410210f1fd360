"""Make the notebooks: run notebooks/STAGE.md, and write notebooks/STAGE.ipynb with its outputs.

This also reports what is wrong with such a pair without running it: faults that nbval, which runs them again, does not see.
A cell that shows a test's failure has the tag ``red``; one that shows an exception, ``raises-exception``.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workshop.course import visible

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
LIMIT = 60
"""Seconds that one cell may take."""
MOST = 300_000
FEWEST_CELLS, MOST_CELLS = 15, 30
FIRST, LAST = "%load_ext workshop.notebook", "%nothing_left"
RED, RAISES = "red", "raises-exception"
TAGS = {RED, RAISES}


def sources(folder: Path) -> list[Path]:
    """Return the notebooks' sources."""
    return visible(folder, "*.md")


def parse(text: str) -> Any:
    """Parse a source into a notebook without outputs, whose metadata are always the same."""
    import jupytext

    notebook = jupytext.reads(text, fmt="md")
    notebook.metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for n, cell in enumerate(notebook.cells, start=1):
        tags = cell.metadata.get("tags")
        cell.metadata = {"tags": tags} if tags else {}
        cell.id = f"cell-{n}"
    return notebook


def make(source: Path) -> str:
    """Run a source in a new kernel; return the notebook, with its outputs, as text."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.from_dict(parse(source.read_text("utf-8")))
    client = NotebookClient(
        notebook,
        timeout=LIMIT,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(source.parent)}},
    )
    client.execute()
    notebook.metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if output.output_type == "error":
                # It has this machine's paths, and nothing compares it.
                output.traceback = [f"{output.ename}: {output.evalue}"]
    return str(nbformat.writes(notebook)) + "\n"


def recorders(folder: Path) -> list[Path]:
    """Return the programs that print the data for pictures of changing runs: STAGE.py, for STAGE.json."""
    return visible(folder, "*.py")


def record(folder: Path) -> dict[str, str]:
    """Record the pictures' data again; return it as text by file name."""
    texts = {}
    for program in recorders(folder):
        done = subprocess.run(
            [sys.executable, str(program)],
            cwd=folder.parent,
            env={**os.environ, "PYTHONPATH": str(folder.parent)},
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        texts[f"{program.stem}.json"] = done.stdout
    return texts


def problems(source: Path) -> Iterator[str]:
    """Yield what is wrong with a source and its notebook, each in a line. Nothing is run."""
    import nbformat

    path = source.with_suffix(".ipynb")
    if not path.is_file():
        yield "there is no notebook; make it"
        return
    text = path.read_text("utf-8")
    notebook = nbformat.from_dict(nbformat.reads(text, as_version=4))
    wanted = parse(source.read_text("utf-8"))
    if _inputs(wanted) != _inputs(notebook) or wanted.metadata != notebook.metadata:
        yield "the source and the notebook differ; make it again"
    if len(text.encode()) > MOST:
        yield f"the notebook has more than {MOST} bytes"
    if not FEWEST_CELLS <= len(notebook.cells) <= MOST_CELLS:
        yield f"{len(notebook.cells)} cells, and not {FEWEST_CELLS} to {MOST_CELLS}"
    codes = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if not codes or codes[0].source != FIRST:
        yield f"the first cell of code is not {FIRST}"
    if not codes or codes[-1].source != LAST:
        yield f"the last cell of code is not {LAST}"
    for n, cell in enumerate(codes, start=1):
        for problem in _of_cell(n, cell):
            yield f"cell {n} of code: {problem}"


def _inputs(notebook: Any) -> list[tuple[str, str, str, list[str]]]:
    return [
        (cell.id, cell.cell_type, cell.source, list(cell.metadata.get("tags", ())))
        for cell in notebook.cells
    ]


def _of_cell(n: int, cell: Any) -> Iterator[str]:
    """Yield what is wrong with the n-th code cell."""
    tags = set(cell.metadata.get("tags", ()))
    if cell.execution_count != n:
        # nbval never compares a cell that was not run; and one that was run out of turn shows what nobody else will see.
        yield f"its number is {cell.execution_count}: not run, or not in turn"
    if tags - TAGS:
        yield f"tags that are not known here: {', '.join(sorted(tags - TAGS))}"
    if re.search(r"^\s*#\s*(?:NBVAL|PYTEST_VALIDATE)_", cell.source, re.M):
        yield "a comment that stops nbval from comparing"
    if cell.source.rstrip().endswith(";"):
        yield "a semicolon at the end: nbval does not suppress the output"
    if re.search(r"^\s*!|\bos\.(?:system|popen|spawn)|\bsubprocess\b", cell.source, re.M):
        yield "starts a process, whose output nbval does not see; use %%trial"
    for wait in re.findall(r"\bawait\b(?! within\()", _top(cell.source)):
        yield f"{wait} without a bound: await within(seconds, ...)"
    raised = any(output.output_type == "error" for output in cell.outputs)
    if raised != (RAISES in tags):
        yield "raises nothing, though it is tagged" if not raised else "raises, and is not tagged"
    is_trial = cell.source.startswith("%%trial")
    printed = "".join(out.text for out in cell.outputs if out.output_type == "stream")
    if is_trial and RAISES not in tags:
        verdict = re.findall(r"^(PASSED|FAILED)", printed, re.M)[-1:]
        if verdict != (["FAILED"] if RED in tags else ["PASSED"]):
            yield f"trial's verdict is {verdict}, and its tags are {sorted(tags)}"
        if re.search(r"^(PASSED|FAILED) \(.*skips=", printed, re.M):
            yield "a test was skipped: the verdict says nothing of it"
    elif RED in tags:
        yield "tagged red, but not a %%trial cell"
    for output in cell.outputs:
        data = output.get("data", {})
        if any(kind.startswith("image/") and kind != "image/svg+xml" for kind in data):
            yield "a picture that nbval does not compare: use SVG"
        svg = "".join(data.get("image/svg+xml", ""))
        if svg and not re.search(r"<title>[^<]+</title>\s*<desc>[^<]+</desc>", svg):
            yield "a picture with no title or no description"


def _top(source: str) -> str:
    """Return the part of a cell that the kernel itself awaits: "" if trial runs it, and nothing inside functions."""
    if source.startswith("%%"):
        return ""
    return "\n".join(line for line in source.splitlines() if not line.startswith((" ", "\t")))
