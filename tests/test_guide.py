"""The instructor's guide speaks of every stage, with the minutes that the timetable has."""

from __future__ import annotations

import re
from pathlib import Path

from workshop.course import load

ROOT = Path(__file__).resolve().parent.parent


def test_every_stage_is_in_the_guide() -> None:
    """slides/README.md has a section for each stage in course.toml, in its order, with the minutes of its two parts."""
    text = (ROOT / "slides" / "README.md").read_text("utf-8")
    wanted = []
    for stage in load(ROOT).stages:
        parts = f"{stage.slides} minutes of talk, {stage.minutes - stage.slides} of exercise"
        # What follows says with what it goes, as "along with the opening".
        alone = f"{stage.minutes} minutes"
        wanted.append(f"### {stage.name}: {parts if stage.slides else alone}")
    heads = [line for line in text.splitlines() if line.startswith("### stage")]
    said = [head if " talk, " in head else head.partition(",")[0] for head in heads]
    assert said == wanted, "slides/README.md wants these headings, in this order"


def test_every_stage_says_what_is_for_class() -> None:
    """Each section of a stage has the line that its README has: what is done in class, for the quick, and at home."""
    text = (ROOT / "slides" / "README.md").read_text("utf-8")
    parts = {
        part.partition(":")[0]: part for part in re.split(r"^### (?=stage)", text, flags=re.M)[1:]
    }
    for stage in load(ROOT).stages:
        assert f"\n{stage.places}" in parts[stage.name], (
            f"{stage.name} wants the line {stage.places}"
        )


def test_every_track_is_in_the_guide() -> None:
    """The guide names each track, with its minutes."""
    text = " ".join((ROOT / "slides" / "README.md").read_text("utf-8").split())
    for track in load(ROOT).tracks:
        assert f"| `{track.name}` | {track.minutes} |" in text
