"""The notebooks: nbval runs them again and compares; and what nbval does not see is checked by checks of our own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from workshop import notebooks, pictures
from workshop.course import load
from workshop.pictures.record import RECORDED

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "notebooks"
SOURCES = notebooks.sources(FOLDER)
LIMIT = 120

each_notebook = pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)

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


def nbval(folder: Path, limit: float = LIMIT) -> tuple[int, str]:
    """Run nbval over a folder's notebooks, in a process with a bound. Gives its exit code, and what it said."""
    command = [sys.executable, "-m", "pytest", "-q", "--color=no", "-p", "no:cacheprovider"]
    command += ["--nbval", "--nbval-current-env", "--nbval-cell-timeout=60", "-c", os.devnull]
    environment = {name: text for name, text in os.environ.items() if "PYTEST" not in name}
    done = subprocess.run(
        [*command, "--rootdir", str(folder), str(folder)],
        cwd=folder,
        env={**environment, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=limit,
    )
    return done.returncode, done.stdout + done.stderr


@each_notebook
def test_nbval(source: Path, tmp_path: Path) -> None:
    """A notebook gives the outputs that are stored in it, all of them, when it is run again."""
    # Beside the notebook lies nothing that it needs: it may be copied anywhere.
    shutil.copy(source.with_suffix(".ipynb"), tmp_path)
    code, said = nbval(tmp_path)
    assert code == 0, said
    codes = source.read_text("utf-8").count("\n```python")
    assert f"{codes} passed" in said


@each_notebook
def test_no_problem(source: Path) -> None:
    """A notebook is what its source says, each cell was run, in turn, and nothing keeps nbval from comparing."""
    assert list(notebooks.problems(source)) == []


def test_each_has_a_source_and_a_stage() -> None:
    """Nothing else lies in notebooks/; each notebook is named as its stage."""
    names = {path.name for path in FOLDER.iterdir() if not path.name.startswith(".")}
    stems = {path.stem for path in SOURCES}
    expected = {f"{stem}{end}" for stem in stems for end in (".md", ".ipynb")}
    assert names == expected | {f"{stage}.json" for stage in RECORDED}
    assert stems <= {stage.name for stage in load(ROOT).stages}


def test_pictures_are_true() -> None:
    """What the pictures are drawn from is what a run on this machine gives, but for the order of what ended early."""
    ((name, text),) = notebooks.record(FOLDER).items()
    now, then = json.loads(text), pictures.recorded(Path(name).stem)

    def facts(runs: Any) -> Any:
        return {
            line: [(run["name"], run["does"], set(run["over"]), run["open"]) for run in rows]
            for line, rows in runs.items()
        }

    assert facts(now) == facts(then)


def test_picture() -> None:
    """A picture of the same runs has the same bytes, and its words stand in it and beside it."""
    runs = pictures.recorded("stage4_disconnect")["quiet"]
    one, two = pictures.endings(runs, "A <title>"), pictures.endings(runs, "A <title>")
    assert one.svg == two.svg and "A &lt;title&gt;" in one.svg
    assert (
        "Teardown2PortOnly: over, in this order: port. trial looks. Still open: client, server."
        in one.text
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """The small notebook's source and its notebook, made once."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "small.md").write_text(SMALL, "utf-8")
    return SMALL, notebooks.make(folder / "small.md")


def lay(folder: Path, made: tuple[str, str]) -> Path:
    """Put the small notebook into a folder. Gives its source's path."""
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
        (unknown_tag, "tags that are not known here"),
        (ignored, "a comment that keeps nbval from comparing"),
        (semicolon, "a semicolon"),
        (unbounded, "await without a bound"),
        (process, "a process of its own"),
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
    hang = notebooks.make(tmp_path / "small.md").replace('"1"', '"while True: pass"')
    (tmp_path / "small.ipynb").write_text(hang, "utf-8")
    began = time.monotonic()
    with pytest.raises(subprocess.TimeoutExpired):
        nbval(tmp_path, limit=8)
    assert time.monotonic() - began < 20
