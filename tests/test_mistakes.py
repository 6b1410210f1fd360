"""Where each classic mistake is exposed: which of them a stage's mutants must show.

    python tests/test_mistakes.py [--write]

lists every mistake's number, with the mutants and the hints that expose it; with --write, it also puts the stages into
exercises/MISTAKES.md.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from workshop.course import load

COURSE = load(Path(__file__).resolve().parent.parent)
WANTED = {
    "stage1_trial": "W1 W2 W4 W6 W7 T10 C2 C8 P12 P13",
    "stage2_poetry": "W8 W9 W10 W11 T13 C1 C2 P1 P3 P5 P6 P7 P10 P11",
    "stage3_http": "H3 H5 H7 H8 H9 H10 H11 H13 H14 P1 P2 P3 P4 P5 P6 P8 P9 P10 P11",
    "stage3b_framing": "H1 H2 H3 H4 H5 H6 H8 H9 H10 H11 H12 H13 H15 P1 P2 P3 P5 P6 P7 P8 P9 P10",
    "stage4_disconnect": "T1 T2 T3 T4 T5 T6 T7 T8 T9 T10 T13 W8 W9 W10",
    "stage5_transform": "P1 P3 P5 P6 P7 P9 P10 P11 P14",
    "stage7_everywhere": "T6 T11 T12 C4 P5 P6 P7 W11",
    "stage8_daemon": "C1 C2 C5 C6 C7 T1 T2 T3 T5 T10 T11 T13 W6 W11 P3 P5 P7 P13",
    "stage9_clinic": "P1 P5 P15 C2 C8 C9 C10 T3 T4 T9 T14 W10",
}


@pytest.mark.parametrize("name", WANTED)
def test_mistakes_are_shown(name: str) -> None:
    """Each mistake that a stage must expose is the source of a mutant, which a provided test catches."""
    shown = {source for one in COURSE.stage(name).mutants for source in one.source.split(", ")}
    assert not set(WANTED[name].split()) - shown


# A row of the list: number, mistake, what happens or its source, stages.
ROW = re.compile(r"^\| ([WTCPH]\d+) \| (.+) \| (.+) \| ?(.*?) ?\|$", re.M)
LIST = COURSE.root / "exercises" / "MISTAKES.md"
ROWS = {match[1]: match for match in ROW.finditer(LIST.read_text("utf-8"))}
MISTAKES = list(ROWS)


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


def stages(mistake: str) -> str:
    """The last column of a mistake's row: the numbers of the stages that expose it."""
    return ", ".join(
        dict.fromkeys(re.findall(r"^stage(\d+[a-z]?)_", "\n".join(exposed(mistake)), re.M))
    )


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_is_exposed(mistake: str) -> None:
    """Each classic mistake is a mutant's source in some stage, or is named in a hint; the list says in which.

    If this fails after a change of yours to the course: python tests/test_mistakes.py --write.
    """
    assert stages(mistake)
    assert ROWS[mistake][4] == stages(mistake)


def test_the_list_is_whole() -> None:
    """The list counts each group from 1 without a gap, and has every number that a mutant or a hint cites."""
    for group in "WTCPH":
        numbers = [int(one[1:]) for one in MISTAKES if one[0] == group]
        assert numbers == list(range(1, len(numbers) + 1)), group
    cited = {one for stage in COURSE.stages for m in stage.mutants for one in m.source.split(", ")}
    for stage in COURSE.stages:
        hints = (stage.folder / "hints.md").read_text("utf-8")
        cited |= set(re.findall(r"\b([WTCPH]\d+)\b", hints))
    assert {one for one in cited if re.fullmatch(r"[WTCPH]\d+", one)} <= set(MISTAKES)


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
    """Each kind of wrong server that such tests let through is a mutant of an HTTP stage, which a provided test catches."""
    mutants = {one.name for stage in ("3", "3b") for one in COURSE.stage(stage).mutants}
    assert not set(LET_THROUGH[kind]) - mutants


if __name__ == "__main__":
    for number in MISTAKES:
        print(f"{number}: {'; '.join(exposed(number))}")
    if "--write" in sys.argv:
        text = ROW.sub(
            lambda row: f"| {row[1]} | {row[2]} | {row[3]} | {stages(row[1])} |",
            LIST.read_text("utf-8"),
        )
        LIST.write_text(text, "utf-8")
