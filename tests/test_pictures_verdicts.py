"""The pictures of verdicts: of tests on programs, of answers that end early, of tests in several places."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import pytest
from test_notebook import HEAD, Execute, client, error, execute  # noqa: F401

from workshop.pictures import breaks, caught, places, verdicts
from workshop.pictures.base import FAILS, PALE_PASSES
from workshop.pictures.breaks import SIGNS
from workshop.pictures.places import ran

SVG = "{http://www.w3.org/2000/svg}"
GROUPS = {"right": ["One"], "wrong": ["Two", "Three"]}
ROWS = {
    "test_a": {"One": True, "Two": False, "Three": True},
    "test_b": {"One": True, "Two": True, "Three": True},
}
ANSWERS = [
    ("A length", b"a \n", {"clean": "!!f=", "broken": "ffff"}),
    ("Nothing", b"", {"clean": "E"}),
]
PRINTED = """cell
  Contract_asyncio_TCP4
    test_one ...                                                           [OK]
    test_two ...                                                         [FAIL]
  Contract_asyncio_TLS
    test_one ...                                                        [ERROR]
                                                       [OK]
    test_two ... a word
a word
                                                       [OK]
  Other
    test_three ...                                                       [FAIL]
  Contract_select_TCP4
    test_one ...                                                      [SKIPPED]

===============================================================================
[FAIL]
Traceback (most recent call last):
  Contract_poll_TCP4
    test_one ...                                                           [OK]
"""
FOUND = {
    ("asyncio", "TCP4"): {"test_one": "OK", "test_two": "FAIL"},
    ("asyncio", "TLS"): {"test_one": "ERROR", "test_two": "OK"},
    ("select", "TCP4"): {"test_one": "SKIPPED"},
}


CAUGHT = {"select A": [1, 4], "select B": [1], "poll A": [1, 2], "poll B": []}


def words(svg: str) -> list[str]:
    """The texts of a drawing."""
    return [one.text or "" for one in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def boxes(svg: str, fill: str) -> int:
    """How many boxes of a drawing have this background."""
    return sum(one.get("fill") == fill for one in ElementTree.fromstring(svg).iter(f"{SVG}rect"))


def test_verdicts() -> None:
    """Each test's row has a verdict on each program, in its colour, with its word, and in the text."""
    picture = verdicts(ROWS, GROUPS, "A title")
    assert repr(picture).splitlines() == [
        "A title",
        "test_a: green on One, Three; red on Two.",
        "test_b: green on One, Two, Three; red on none.",
    ]
    shown = words(picture.svg)
    for word in ("right", "wrong", "One", "Two", "Three", "test_a", "test_b"):
        assert shown.count(word) == 1
    assert (shown.count("green"), shown.count("RED")) == (5, 1)
    assert (boxes(picture.svg, PALE_PASSES), boxes(picture.svg, FAILS)) == (5, 1)
    # The cross is there for those who see no colour.
    assert picture.svg.count('stroke="white"') == 1


def test_no_verdict() -> None:
    """A test without a verdict on one of the programs is refused by name."""
    with pytest.raises(ValueError, match="test_c has no verdict on Two, Three"):
        verdicts({"test_c": {"One": True}}, GROUPS, "t")


def test_breaks() -> None:
    """Each number of bytes has a sign in each row; the words say which, and the legend has the signs that occur."""
    picture = breaks(ANSWERS, "A title")
    assert repr(picture).splitlines() == [
        "A title",
        "A length, clean: after 0 to 1 bytes, something else, reported as the text; after 2 bytes, a failure;"
        " after 3 bytes, the text.",
        "A length, broken: after 0 to 3 bytes, a failure.",
        "Nothing, clean: after 0 bytes, an exception.",
    ]
    shown = words(picture.svg)
    for sign, count in {"=": 2, "!": 3, "f": 6, "E": 2}.items():
        assert shown.count(sign) == count
    for word in ("a", "␣", r"\n", *(look.words for look in SIGNS.values())):
        assert shown.count(word) == 1
    assert "an exception" not in words(breaks(ANSWERS[:1], "t").svg)


def test_a_sign_is_below_its_last_byte() -> None:
    """The sign for n bytes is below the n-th; the sign for none is before the first."""
    svg = breaks([("x", b"abc", {"end": "fff="})], "t").svg
    at = {
        one.text: float(one.get("x", "0"))
        for one in ElementTree.fromstring(svg).iter(f"{SVG}text")
        if one.get("text-anchor")
    }
    first = min(
        float(one.get("x", "0"))
        for one in ElementTree.fromstring(svg).iter(f"{SVG}text")
        if one.text == "f"
    )
    # Boxes of signs are two pixels narrower than those of bytes. The legend's box is further left.
    signs = re.findall(r'<text x="([\d.]+)" [^>]*>([f=])<', svg)[:4]
    assert [sign for _, sign in signs] == ["f", "f", "f", "="]
    places_ = [float(x) for x, _ in signs]
    assert [x + 1 for x in places_[1:]] == [at["a"], at["b"], at["c"]]
    assert first <= places_[0] < at["a"]


@pytest.mark.parametrize("signs", ["ff", "fffff", "fffx"])
def test_bad_signs(signs: str) -> None:
    """A row with too few or too many signs, or an unknown one, is refused by name."""
    with pytest.raises(ValueError, match="A length, clean: 4 signs of = ! f E are needed, and not"):
        breaks([("A length", b"a \n", {"clean": signs})], "t")


def test_ran() -> None:
    """Verdicts are read from trial's output: by place; a failure outweighs an OK; other cases and the reasons are left."""
    assert ran(PRINTED) == FOUND
    assert ran("cell\n  Greets\n    test_one ...      [OK]\n") == {}


def test_places() -> None:
    """Each place has its tests with their verdicts; where one caught something, the place looks different."""
    picture = places(FOUND, "A title")
    assert repr(picture).splitlines() == [
        "A title",
        "asyncio, TCP4: test_one OK, test_two FAIL.",
        "asyncio, TLS: test_one ERROR, test_two OK.",
        "select, TCP4: test_one SKIPPED.",
        "select, TLS: no test.",
        "5 tests ran, and 2 caught something.",
    ]
    shown = words(picture.svg)
    counts = {"[OK]": 2, "[FAIL]": 1, "[ERROR]": 1, "[SKIPPED]": 1, "test_one": 3, "test_two": 2}
    for word, count in (counts | {"asyncio": 1, "select": 1, "TCP4": 1, "TLS": 1}).items():
        assert shown.count(word) == count, word
    assert boxes(picture.svg, FAILS) == picture.svg.count("stroke-dasharray") == 2
    with pytest.raises(ValueError, match="no test ran in a place"):
        places({}, "t")


def test_caught() -> None:
    """Each place has its number and a stroke for each that it caught; sums count what several places catch only once."""
    picture = caught(CAUGHT, "A title")
    assert repr(picture).splitlines() == [
        "A title",
        *["select, A: 2.", "select, B: 1.", "select, any connection: 2."],
        *["poll, A: 2.", "poll, B: 0.", "poll, any connection: 2."],
        *["A, any reactor: 3.", "B, any reactor: 1.", "All places together: 3."],
    ]
    shown = words(picture.svg)
    assert [shown.count(number) for number in "0123"] == [1, 2, 4, 1]
    assert "in all: 3" in shown
    strokes = re.findall(r'd="((?:M[\d.]+ \d+v12)*)" stroke="#', picture.svg)
    assert [line.count("M") for line in strokes] == [2, 1, 2, 0]
    first = [line.split()[0] for line in strokes[:3]]
    # The first, which three places catch, is at the same spot in each of them.
    assert first[0] == first[2] != first[1]


def test_same_record_same_bytes() -> None:
    """The same facts make the same bytes, well-formed; each change makes other bytes, and other words."""
    one = [
        verdicts(ROWS, GROUPS, "<t>"),
        breaks(ANSWERS, "<t>"),
        places(FOUND, "<t>"),
        caught(CAUGHT, "<t>"),
    ]
    again = [verdicts(ROWS, GROUPS, "<t>"), breaks(ANSWERS, "<t>"), places(FOUND, "<t>")]
    assert one == [*again, caught(CAUGHT, "<t>")]
    others = [
        verdicts(ROWS | {"test_b": ROWS["test_a"]}, GROUPS, "<t>"),
        breaks(ANSWERS[:1], "<t>"),
        places(FOUND | {("select", "TCP4"): {"test_one": "OK"}}, "<t>"),
        caught(CAUGHT | {"poll B": [2]}, "<t>"),
    ]
    assert len({picture.svg for picture in (*one, *others)}) == 8
    assert len({picture.text for picture in (*one, *others)}) == 8
    for picture in one:
        tree = ElementTree.fromstring(picture.svg)
        assert tree.findtext(f"{SVG}title") == "<t>"
        assert tree.findtext(f"{SVG}desc") == " ".join(repr(picture).splitlines()[1:])


def test_everything_is_inside() -> None:
    """No box reaches out of its picture, and no text: a letter is 7.8 pixels wide, or less."""
    drawn = verdicts(ROWS, GROUPS, "t"), breaks(ANSWERS, "t"), places(FOUND, "t")
    for picture in (*drawn, caught(CAUGHT, "t")):
        tree = ElementTree.fromstring(picture.svg)
        width, height = float(tree.get("width", 0)), float(tree.get("height", 0))
        for one in tree.iter(f"{SVG}rect"):
            assert float(one.get("x", 0)) + float(one.get("width", 0)) <= width
            assert float(one.get("y", 0)) + float(one.get("height", 0)) <= height
        for one in tree.iter(f"{SVG}text"):
            x, long = float(one.get("x", 0)), 7.8 * len(one.text or "")
            shift = {"middle": long / 2, "end": long}.get(one.get("text-anchor", ""), 0)
            assert x - shift >= 0 and x - shift + long <= width, one.text
            assert float(one.get("y", 0)) < height


def test_places_magic(execute: Execute) -> None:  # noqa: F811
    """%places draws the last %%trial's tests; without such tests it says what it needs, and the notebook goes on."""
    body = "    def test_one(self):\n        pass\n"
    placed = HEAD.format("").replace("Greets", "Contract_select_TCP4") + body
    none, _, drawn, broken, after, _, _, other = execute(
        "%places",
        placed,
        "%places A title",
        "%%trial\n1",
        "%places A title",
        placed,
        HEAD.format("") + body,
        "%places A title",
    )
    data = drawn.outputs[0].data
    assert data["image/svg+xml"].startswith("<svg")
    assert data["text/plain"].startswith("A title\nselect, TCP4: test_one OK.\n")
    assert error(broken).startswith("NoVerdict")
    for one in (none, after, other):
        assert error(one).startswith("Unusable: %places: no test ran in a place")
