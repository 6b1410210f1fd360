"""Where each classic mistake is exposed: which of them a stage's mutants must show.

    python tests/test_mistakes.py

lists every mistake's number, with the mutants and the hints that expose it.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from workshop.course import load

COURSE = load(Path(__file__).resolve().parent.parent)
WANTED = {
    "stage1_trial": "W1 W2 W4 W6 W7 T10 C2 C8 P12 P13",
    "stage2_poetry": "W8 W9 W10 W11 T13 C1 C2 P1 P3 P5 P6 P7 P10 P11",
    "stage3_http": "H1 H2 H3 H4 H5 H6 H7 H8 H9 H10 H11 H12 H13 H14 H15 "
    "P1 P2 P3 P4 P5 P6 P7 P8 P9 P10 P11",
    "stage4_disconnect": "T1 T2 T3 T4 T5 T6 T7 T8 T9 T10 T13 W8 W9 W10",
    "stage5_transform": "P1 P3 P5 P6 P7 P9 P10 P11 P14",
    "stage7_everywhere": "T6 T11 T12 C4 P5 P6 P7 W11",
    "stage8_daemon": "C1 C2 C5 C6 C7 T1 T2 T3 T5 T10 T11 T13 W6 W11 P3 P5 P7 P13",
}


@pytest.mark.parametrize("name", WANTED)
def test_mistakes_are_shown(name: str) -> None:
    """Each mistake that a stage must expose is the source of a mutant, which a provided test catches."""
    shown = {source for one in COURSE.stage(name).mutants for source in one.source.split(", ")}
    assert not set(WANTED[name].split()) - shown


# How many classic mistakes there are of each group: waiting, teardown, clocks and reactors, protocols, HTTP.
MISTAKES = [
    f"{group}{n}"
    for group, count in {"W": 12, "T": 13, "C": 8, "P": 14, "H": 15}.items()
    for n in range(1, count + 1)
]


def exposed(mistake: str) -> list[str]:
    """Where a mistake is exposed: mutants whose source it is, and stages whose hints speak of it."""
    places = []
    for stage in COURSE.stages:
        places += [
            f"{stage.name}: {one.name}"
            for one in stage.mutants
            if mistake in one.source.split(", ")
        ]
        if re.search(rf"\b{mistake}\b", (stage.folder / "hints.md").read_text("utf-8")):
            places.append(f"{stage.name}/hints.md")
    return places


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_is_exposed(mistake: str) -> None:
    """Each classic mistake is a mutant's source in some stage, or is told in a hint."""
    assert exposed(mistake)


# What the tests of an earlier workshop's HTTP lab let through, and the mutants that show the same here.
LET_THROUGH = {
    "the timer is reset by each packet": ["moved_by_each_chunk"],
    "the timer is of 1 s instead of 60": ["a_second_not_a_minute"],
    "the timer leaks": ["call_left_on_the_clock", "call_left_by_a_close"],
    "Content-Length is looked up with case": ["case_counts"],
    "the first of two lengths wins": ["first_length_wins"],
    "bytes past the content are kept": ["content_with_what_follows"],
    "a colon needs a space after it": ["space_after_the_colon_wanted"],
    "a value is cut at its second colon": ["cut_at_the_second_colon"],
    "a bare line feed ends a line": ["bare_line_feed"],
    "a second request is answered after a close": ["pipelined_after_close"],
    "only RuntimeError is caught": ["only_some_exceptions"],
    "a wrong result is not checked": ["none_passes", "text_response_unanswered"],
    "a traceback is in the content": ["traceback_to_the_client", "message_to_the_client"],
    "there is no final errback": ["no_errback"],
}


@pytest.mark.parametrize("kind", LET_THROUGH)
def test_nothing_is_let_through(kind: str) -> None:
    """Each kind of wrong server that such tests let through is a mutant of the HTTP stage, which a provided test catches."""
    mutants = {one.name for one in COURSE.stage("stage3_http").mutants}
    assert not set(LET_THROUGH[kind]) - mutants


if __name__ == "__main__":
    for number in MISTAKES:
        print(f"{number}: {'; '.join(exposed(number))}")
