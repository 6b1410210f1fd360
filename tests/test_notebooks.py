"""The notebooks: nbval runs them again and compares; and nothing keeps it from comparing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from validating import nbval

from workshop import pictures
from workshop.course import load
from workshop.notebook import make as notebooks

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "notebooks"
SOURCES = notebooks.sources(FOLDER)

each_notebook = pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)


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
    assert names == expected | {
        f"{path.stem}{end}" for path in notebooks.recorders(FOLDER) for end in (".py", ".json")
    }
    assert stems <= {stage.name for stage in load(ROOT).stages}


def test_pictures_are_true() -> None:
    """What the pictures are drawn from is what a run on this machine gives, but for the order of what ended early."""
    made = {Path(name).stem: json.loads(text) for name, text in notebooks.record(FOLDER).items()}
    assert set(made) == {"stage4_disconnect", "stage7_everywhere"}

    def facts(runs: Any) -> Any:
        return {
            line: [(run["name"], run["does"], set(run["over"]), run["open"]) for run in rows]
            for line, rows in runs.items()
        }

    endings = made["stage4_disconnect"]
    assert facts(endings) == facts(pictures.recorded("stage4_disconnect"))
    caught = made["stage7_everywhere"]
    assert caught == pictures.recorded("stage7_everywhere")
    # The lecture's numbers.
    stage = load(ROOT).stage("stage7_everywhere")
    assert set().union(*caught.values()) == set(range(1, len(stage.mutants) + 1))
    assert max(map(len, caught.values())) == 10
    epoll = set().union(*(found for place, found in caught.items() if place.startswith("epoll ")))
    assert len(stage.mutants) - len(epoll) == 18


def test_picture() -> None:
    """A picture of the same runs has the same bytes, and its words are in it and beside it."""
    runs = pictures.recorded("stage4_disconnect")["quiet"]
    one, two = pictures.endings(runs, "A <title>"), pictures.endings(runs, "A <title>")
    assert one.svg == two.svg and "A &lt;title&gt;" in one.svg
    assert (
        "Teardown2PortOnly: over, in this order: port. trial looks. Still open: client, server."
        in one.text
    )
