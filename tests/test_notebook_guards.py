"""What nbval does not see in a notebook is found by checks of our own; each of them can fail, and so can nbval."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from validating import nbval

from workshop.notebook import make as notebooks

# A notebook with one of everything that can go wrong; with prose, since fifteen cells are asked for.
SMALL = """# Small

```python
%load_ext workshop.notebook
```

Words.


More words.

```python
from workshop.pictures import endings

endings([{"name": "x", "does": "does", "over": ["port"], "open": ["client"]}], "A picture")
```

Words.


More words.

```python
print("six")
```

Words.


More words.

```python tags=["raises-exception"]
int("six")
```

Words.


More words.

```python tags=["red"]
%%trial
from twisted.trial.unittest import TestCase


class Six(TestCase):
    def test_six(self):
        self.assertEqual(6, 7)
```

Words.


More words.

```python
%nothing_left
```
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """The small notebook's source and its notebook, made once."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "small.md").write_text(SMALL, "utf-8")
    return SMALL, notebooks.make(folder / "small.md")


def lay(folder: Path, made: tuple[str, str]) -> Path:
    """Put the small notebook into a folder. Returns its source's path."""
    for name, text in zip(("small.md", "small.ipynb"), made, strict=True):
        (folder / name).write_text(text, "utf-8")
    return folder / "small.md"


def test_small_is_right(made: tuple[str, str], tmp_path: Path) -> None:
    """The small notebook passes as it is made, and is made with the same bytes again."""
    source = lay(tmp_path, made)
    assert list(notebooks.problems(source)) == []
    assert notebooks.make(source) == made[1]
    code, said = nbval(tmp_path)
    assert code == 0, said


def test_colour_in_html(made: tuple[str, str]) -> None:
    """nbconvert's page shows trial's verdict in red, in the same words, and no code of a terminal."""
    from nbconvert import HTMLExporter

    page, _ = HTMLExporter().from_notebook_node(nbformat.reads(made[1], as_version=4))  # type: ignore[no-untyped-call]
    assert page.count('<span class="ansi-red-intense-fg ansi-bold">[FAIL]</span>') == 2
    assert "\x1b" not in page and "[1;31m" not in page


def cell(notebook: Any, beginning: str) -> Any:
    """The cell that begins so."""
    return next(one for one in notebook.cells if one.source.startswith(beginning))


def never_run(notebook: Any) -> None:
    one = cell(notebook, "print")
    one.outputs, one.execution_count = [], None


def out_of_turn(notebook: Any) -> None:
    cell(notebook, "print").execution_count = 9


def other_source(notebook: Any) -> None:
    cell(notebook, "print").source = "print('seven')"


def raises_nothing(notebook: Any) -> None:
    cell(notebook, "int").outputs = []


def not_tagged(notebook: Any) -> None:
    cell(notebook, "int").metadata = {}


def green(notebook: Any) -> None:
    one = cell(notebook, "%%trial")
    one.outputs[0].text = one.outputs[0].text.replace("FAILED", "PASSED")


def skipped(notebook: Any) -> None:
    one = cell(notebook, "%%trial")
    one.outputs[0].text = one.outputs[0].text.replace("FAILED (", "FAILED (skips=1, ")


def unknown_tag(notebook: Any) -> None:
    cell(notebook, "print").metadata = {"tags": ["nbval-ignore-output"]}


def ignored(notebook: Any) -> None:
    cell(notebook, "print").source += "\n# NBVAL_IGNORE_OUTPUT"


def semicolon(notebook: Any) -> None:
    cell(notebook, "print").source += ";"


def unbounded(notebook: Any) -> None:
    cell(notebook, "print").source += "\nx = await asyncio.sleep(1)"


def process(notebook: Any) -> None:
    cell(notebook, "print").source += "\nimport subprocess"


def no_last_check(notebook: Any) -> None:
    notebook.cells.pop()


def no_reactor(notebook: Any) -> None:
    cell(notebook, "%load_ext").source = "1"


def png(notebook: Any) -> None:
    cell(notebook, "from workshop").outputs[0].data = {"image/png": "AAAA"}


def no_words(notebook: Any) -> None:
    data = cell(notebook, "from workshop").outputs[0].data
    data["image/svg+xml"] = "<svg><title></title><desc></desc></svg>"


def too_large(notebook: Any) -> None:
    cell(notebook, "print").outputs[0].text = "x" * notebooks.MOST


def too_many(notebook: Any) -> None:
    words = [nbformat.v4.new_markdown_cell("x", id=f"x{n}") for n in range(30)]
    notebook.cells[1:1] = words


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (never_run, "its number is None"),
        (out_of_turn, "its number is 9"),
        (other_source, "the source and the notebook differ"),
        (raises_nothing, "raises nothing, though it is tagged"),
        (not_tagged, "raises, and is not tagged"),
        (green, "trial's verdict is ['PASSED']"),
        (skipped, "a test was skipped"),
        (unknown_tag, "tags that are not known here"),
        (ignored, "a comment that stops nbval from comparing"),
        (semicolon, "a semicolon"),
        (unbounded, "await without a bound"),
        (process, "starts a process"),
        (no_last_check, "the last cell of code is not %nothing_left"),
        (no_reactor, "the first cell of code is not %load_ext"),
        (png, "a picture that nbval does not compare"),
        (no_words, "a picture with no title"),
        (too_large, "more than 300000 bytes"),
        (too_many, "cells, and not 15 to 30"),
    ],
)
def test_problem_is_found(
    spoil: Callable[[Any], None], found: str, made: tuple[str, str], tmp_path: Path
) -> None:
    """Each check of our own can fail."""
    notebook = nbformat.from_dict(nbformat.reads(made[1], as_version=4))
    spoil(notebook)
    source = lay(tmp_path, (made[0], nbformat.writes(notebook)))
    assert any(found in problem for problem in notebooks.problems(source))


def test_nbval_finds(made: tuple[str, str], tmp_path: Path) -> None:
    """nbval, as it is run here, sees another text, picture, verdict or exception, none, and what a notebook leaves."""
    changes = {
        "text": ('"six\\n"', '"seven\\n"'),
        "picture": ('stroke-width=\\"3\\"', 'stroke-width=\\"4\\"'),
        "verdict": ('self.assertEqual(6, 7)\\n"', 'self.assertEqual(7, 7)\\n"'),
        "colour": ("\\u001b[1;31m[FAIL]\\u001b[0m", "[FAIL]"),
        "raises": ('int(\\"six\\")', 'int(\\"6\\")'),
        "other": ('int(\\"six\\")', '{}[\\"six\\"]'),
        "printed": (
            'print(\\"six\\")',
            'print(\\"six\\"); c = reactor.callLater(0, print, \\"x\\")',
        ),
        "left": ('print(\\"six\\")', 'print(\\"six\\"); c = reactor.callLater(9, print)'),
        "callback": (
            'print(\\"six\\")',
            'print(\\"six\\"); c = reactor.callLater(0, int, \\"x\\")',
        ),
    }
    for name, (old, new) in changes.items():
        assert old in made[1], name
        (tmp_path / f"{name}.ipynb").write_text(made[1].replace(old, new), "utf-8")
    code, said = nbval(tmp_path)
    assert code == 1
    for name in changes:
        assert f"FAILED {name}.ipynb" in said, f"{name}: {said}"


def test_nbval_is_bounded(tmp_path: Path) -> None:
    """A notebook that hangs does not hold the suite."""
    (tmp_path / "small.md").write_text("```python\n1\n```\n", "utf-8")
    hang = notebooks.make(tmp_path / "small.md").replace('"1"', '"import time; time.sleep(600)"')
    (tmp_path / "small.ipynb").write_text(hang, "utf-8")
    began = time.monotonic()
    with pytest.raises(subprocess.TimeoutExpired):
        nbval(tmp_path, limit=8)
    assert time.monotonic() - began < 20
