"""Where each classic mistake is exposed: which of them a stage's mutants must show."""

from __future__ import annotations

from pathlib import Path

import pytest

from workshop.course import load

COURSE = load(Path(__file__).resolve().parent.parent)
WANTED = {
    "stage2_poetry": "W8 W9 W10 W11 T13 C1 C2 P1 P3 P5 P6 P7 P10 P11",
    "stage3_http": "H1 H2 H3 H4 H5 H6 H7 H8 H9 H10 H11 H12 H13 H14 H15 "
    "P1 P2 P3 P4 P5 P6 P7 P8 P9 P10 P11",
}


@pytest.mark.parametrize("name", WANTED)
def test_mistakes_are_shown(name: str) -> None:
    """Each mistake that a stage must expose is the source of a mutant, which a provided test catches."""
    shown = {source for one in COURSE.stage(name).mutants for source in one.source.split(", ")}
    assert not set(WANTED[name].split()) - shown
