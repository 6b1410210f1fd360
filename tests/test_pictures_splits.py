"""The maps of cuts and outcomes."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from itertools import combinations, pairwise

import pytest

from workshop.pictures import pairs, splits
from workshop.pictures.splits import OUTCOMES

SVG = "{http://www.w3.org/2000/svg}"
MESSAGES = [b"a \r\n", b"\xff<"]
ROW = ["error", "error", "right", "wrong", "none"]
PAIRS = {pair: "right" for pair in combinations(range(1, 6), 2)} | {(1, 2): "none", (1, 3): "error"}


def cells(svg: str) -> dict[str, int]:
    """How many cells of each outcome a picture has, by their shades; the legend has one of each."""
    return {
        outcome: len(re.findall("z", "".join(re.findall(rf'd="([^"]*)" fill="{look.shade}"', svg))))
        - 1
        for outcome, look in OUTCOMES.items()
    }


def test_words() -> None:
    """A row is reported by its name, by how often it is right, and by its outcomes, neighbours gathered."""
    picture = splits({"One": ROW, "Two": ["right"] * 5}, MESSAGES, "A title")
    assert repr(picture).splitlines() == [
        "A title",
        "One: right at 1 of 5 cuts; an exception at 1 to 2; the right answers at 3; a wrong answer at 4;"
        " an answer is missing at 5.",
        "Two: right at 5 of 5 cuts; the right answers at 1 to 5.",
    ]
    tree = ElementTree.fromstring(picture.svg)
    assert tree.findtext(f"{SVG}desc") == " ".join(repr(picture).splitlines()[1:])


def test_words_of_pairs() -> None:
    """Pairs are counted by outcome: those within each message, and the others."""
    assert repr(pairs(PAIRS, MESSAGES, "A title")).splitlines() == [
        "A title",
        "both cuts within message 1: the right answers at 1, an answer is missing at 1, an exception at 1.",
        "other pairs of cuts: the right answers at 7.",
    ]


def test_cells() -> None:
    """There is a cell for each cut, or pair of cuts, in its outcome's shade."""
    rows = {"One": ROW, "Two": ["right"] * 5}
    assert cells(splits(rows, MESSAGES, "").svg) == {
        "right": 6,
        "wrong": 1,
        "none": 1,
        "error": 2,
    }
    assert cells(pairs(PAIRS, MESSAGES, "").svg) == {
        "right": 8,
        "wrong": 0,
        "none": 1,
        "error": 1,
    }


def test_a_cut_stands_between_two_bytes() -> None:
    """A cell's middle is where one byte's cell ends and the next one's begins."""
    tree = ElementTree.fromstring(splits({"One": ["none", *ROW[1:]]}, MESSAGES, "").svg)
    first = next(
        path.get("d", "")
        for path in tree.iter(f"{SVG}path")
        if path.get("fill") == OUTCOMES["error"].shade
    )
    # The cut at 2 is the first exception; its cell begins half a cell before the gap.
    left = float(first[1:].split()[0])
    strip = [rect for rect in tree.iter(f"{SVG}rect") if rect.get("height") == "18"]
    assert left + 7.5 == float(strip[0].get("x", "0")) + 2 * 15
    assert float(strip[1].get("x", "0")) == float(strip[0].get("x", "0")) + 4 * 15


def test_looks_differ() -> None:
    """Each outcome has a sign of its own, and a shade that differs in grey as well."""

    def grey(shade: str) -> float:
        full = {"white": "#ffffff"}.get(shade, shade)
        red, green, blue = (int(full[i : i + 2], 16) for i in (1, 3, 5))
        return 0.299 * red + 0.587 * green + 0.114 * blue

    looks = OUTCOMES.values()
    assert len({tuple(look.sign) for look in looks}) == len({look.words for look in looks}) == 4
    shades = sorted(grey(look.shade) for look in looks)
    assert all(b - a > 20 for a, b in pairwise(shades)), shades


def test_bytes_are_readable() -> None:
    """Each byte is in one cell, as a letter, an escape, a sign for the space, or its number."""
    for picture in (splits({"One": ROW}, MESSAGES, "t"), pairs(PAIRS, MESSAGES, "t")):
        words = [
            element.text or "" for element in ElementTree.fromstring(picture.svg).iter(f"{SVG}text")
        ]
        for letter in ("a", "␣", r"\r", r"\n", "ff", "<", "message 1", "message 2"):
            assert letter in words


def test_same_record_same_bytes() -> None:
    """The same outcomes give the same picture, in any order; each other one another picture."""
    first = splits({"One": ROW}, MESSAGES, "t")
    assert first == splits({"One": list(ROW)}, list(MESSAGES), "t")
    others = [
        splits({"One": ROW[::-1]}, MESSAGES, "t"),
        splits({"Two": ROW}, MESSAGES, "t"),
        splits({"One": ROW}, [b"a ", b"\r\n\xff<"], "t"),
        splits({"One": ROW}, MESSAGES, "u"),
    ]
    assert len({first.svg, *(other.svg for other in others)}) == 5
    square = pairs(PAIRS, MESSAGES, "t")
    assert square.svg == pairs(dict(sorted(PAIRS.items(), reverse=True)), MESSAGES, "t").svg
    assert square.svg != pairs(PAIRS | {(4, 5): "wrong"}, MESSAGES, "t").svg


def test_bad_input() -> None:
    """A row of another length, an unknown outcome, or a cut that cannot be made, is refused by name."""
    with pytest.raises(ValueError, match="One: 4 outcomes, and 5 cuts"):
        splits({"One": ROW[:4]}, MESSAGES, "t")
    with pytest.raises(ValueError, match="no outcome: 'fine'; use right, wrong, none, error"):
        splits({"One": [*ROW[:4], "fine"]}, MESSAGES, "t")
    with pytest.raises(ValueError, match="no outcome: 'fine'"):
        pairs({(1, 2): "fine"}, MESSAGES, "t")
    for pair in ((0, 1), (2, 2), (3, 2), (1, 6)):
        with pytest.raises(ValueError, match=f"6 bytes cannot be cut at {pair[0]} and then at"):
            pairs({pair: "right"}, MESSAGES, "t")


def test_little() -> None:
    """No program, and one byte, can be drawn."""
    for picture in (
        splits({}, MESSAGES, "t"),
        splits({"One": []}, [b"x"], "t"),
        pairs({}, [], "t"),
    ):
        ElementTree.fromstring(picture.svg)
