"""The recorder of timelines: what it knows of the events, and the drawing, as text and as a picture."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence

import pytest

from workshop.pictures.timeline import COLUMNS, GOOD, LATE, LOOK, OPEN, OVER, Timeline

SVG = "{http://www.w3.org/2000/svg}"
Noted = tuple[float, str | None, str]


def recorded(
    events: Sequence[Noted], lines: Sequence[str] = (), title: str = "A title", **how: str
) -> Timeline:
    """A timeline of events: each its seconds, its line (None: all of them), its name."""
    now = [100.0]
    timeline = Timeline(title, lines, clock=lambda: now[0], **how)
    for seconds, line, name in events:
        now[0] = 100.0 + seconds
        if line is not None:
            timeline.note(line, name)
        elif name == LOOK:
            timeline.look()
        else:
            timeline.mark(name)
    return timeline


LINES = ["port", "client", "server"]
NAIVE = [
    (0.001, None, "teardown begins"),
    (0.010, "port", OVER),
    (0.020, "client", OVER),
    (0.040, None, LOOK),
]
RIGHT = [*NAIVE[:3], (0.030, "server", OVER), NAIVE[3]]
HARD = {
    "no events": recorded([]),
    "no events, lines": recorded([], LINES),
    "none over": recorded([(0.01, None, LOOK)], LINES),
    "all at once": recorded([(0.0, x, OVER) for x in LINES] + [(0.0, None, LOOK)], LINES),
    "many events": recorded([(i / 1000, "client", f"{i} bytes") for i in range(200)], LINES),
    "many marks": recorded([(i / 1000, None, f"mark {i}") for i in range(50)], LINES),
    "many lines": recorded([(i / 1000, f"line {i}", OVER) for i in range(40)]),
    "looks twice": recorded([*NAIVE, (0.05, None, LOOK)], LINES),
    "long names": recorded(
        [(0.01, "client" * 20, "over " * 50), (0.02, None, "a mark " * 30), (0.02, None, LOOK)],
        ["p" * 300],
        title="no blank" * 60,
        since="the beginning " * 20,
    ),
    "markup": recorded(
        [(0.01, '<a b="c">&', "</svg>"), (0.02, None, "]]>&amp;'"), (0.02, None, LOOK)],
        title="<&>",
    ),
    "controls": recorded([(0.01, "a\nb\x00", "\x1b[1m\ud800\t")], title="a\x07", since="\r\n"),
    "hours": recorded([(7200, "client", OVER), (90000, None, LOOK)], LINES),
    "nanoseconds": recorded([(1e-9, "client", OVER)], LINES),
    "a clock that goes wild": recorded([(1e30, "client", OVER)], LINES),
}
each_hard_case = pytest.mark.parametrize("timeline", HARD.values(), ids=HARD)


def row(timeline: Timeline, begin: str) -> str:
    """The only row of the text that begins so."""
    found = [line for line in timeline.text().splitlines() if line.startswith(begin)]
    assert len(found) == 1, timeline.text()
    return found[0]


def column(timeline: Timeline, text: str) -> int:
    """The column where the only such text of the drawing begins."""
    found = [line.index(text) for line in timeline.text().splitlines() if text in line]
    assert len(found) == 1, timeline.text()
    return found[0]


def tags(timeline: Timeline, tag: str) -> list[ElementTree.Element]:
    """The elements of the picture with this tag."""
    return list(ElementTree.fromstring(timeline.svg()).iter(SVG + tag))


def test_events_have_their_seconds() -> None:
    """An event's seconds count from the timeline's beginning; a line that is noted first is added below the others."""
    timeline = recorded([(0.5, "new", "said hello"), (2.0, "new", OVER), (3.0, "new", OVER)], LINES)
    assert timeline.lines == [*LINES, "new"]
    assert timeline.when("new", "said hello") == 0.5
    assert timeline.when("new", OVER) == 2.0, "The first of them counts."
    assert timeline.when("new", OPEN) is None
    assert timeline.when(None, LOOK) is None


@pytest.mark.parametrize(
    ("events", "still_open"),
    [
        (RIGHT, []),
        (NAIVE, ["server"]),
        ([*NAIVE, (0.05, "server", OVER)], ["server"]),
        ([*NAIVE, (0.05, "server", OVER), (0.06, None, LOOK)], ["server"]),
        ([*NAIVE, (0.040, "server", OVER)], ["server"]),
        ([*NAIVE[:3], (0.040, "server", OVER), NAIVE[3]], []),
        ([*NAIVE, (0.05, "late", OPEN)], ["server"]),
        (NAIVE[3:], LINES),
        (NAIVE[:3], []),
        ([], []),
    ],
    ids=[
        "all over",
        "one open",
        "over after the look",
        "looks again",
        "over in the look's moment, after it",
        "over in the look's moment, before it",
        "opened after the look",
        "none over",
        "no look",
        "no events",
    ],
)
def test_still_open(events: list[Noted], still_open: list[str]) -> None:
    """A line is still open if it was not over before trial looked first; if it has not looked, none is."""
    assert recorded(events, LINES).still_open() == still_open


def test_summary() -> None:
    """What trial saw is a sentence; without a look there is none."""
    assert recorded(RIGHT, LINES).summary() == "When trial looked, at 40.0 ms, all was over."
    assert recorded(NAIVE, LINES).summary() == "When trial looked, at 40.0 ms, not over: server."
    none = recorded(NAIVE[3:], LINES).summary()
    assert none == "When trial looked, at 40.0 ms, not over: port, client, server."
    assert recorded(NAIVE[:3], LINES).summary() == ""


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.00012, "0.12 ms"), (0.1012, "101.2 ms"), (9.5, "9500.0 ms"), (60, "60.0 s")],
)
def test_units(seconds: float, words: str) -> None:
    """Times are written as exactly as they can be seen, in ms, or in s where they are long."""
    timeline = recorded([(seconds, "client", OVER)])
    assert f"over at {words}" in timeline.text()
    assert f"{words.split()[1]} since the beginning" in timeline.text()


def test_bars() -> None:
    """A bar ends where its line is over, or goes on; events in time are drawn from left to right."""
    timeline = recorded(NAIVE, LINES)
    port, client, server = (row(timeline, line) for line in LINES)
    begins, looks = port.index("|"), server.rindex("|")
    ends = [line.index("o", 8) for line in (port, client)]
    assert re.fullmatch(r"port    =\|=+o +\|", port)
    assert re.fullmatch(r"client  =\|=+o +\|", client)
    assert re.fullmatch(r"server  =\|=+\|=+>", server)
    assert begins < ends[0] < ends[1] < looks == port.rindex("|")
    assert len(server) == COLUMNS, "What goes on goes on to the edge."
    # 10, 20 and 40 ms on one scale.
    assert [round((x - 8) / (looks - 8) * 40) for x in ends] == [10, 20]


def test_bar_of_a_line_that_opens() -> None:
    """A line that was opened later has no bar before that."""
    timeline = recorded([(0.02, "client", OPEN), (0.04, "client", OVER)])
    assert re.fullmatch(r"client   {20,}o=+o", row(timeline, "client"))


def test_looks() -> None:
    """trial's look is one upright through all lines, with its name; below what was open then, that is said."""
    timeline = recorded(NAIVE, LINES)
    looks = row(timeline, "server").rindex("|")
    assert column(timeline, LOOK) + len(LOOK) == looks
    assert column(timeline, "still open") == looks + 2
    crossed = [text[looks] for text in timeline.text().splitlines() if len(text) > looks]
    assert crossed.count("|") >= 10
    assert "still open" not in recorded(RIGHT, LINES).text()


def test_labels_stay_before_the_look() -> None:
    """What was over before trial's look is written before it, however near it was."""
    timeline = recorded([*RIGHT[:3], (0.0399, "server", OVER), RIGHT[4]], LINES)
    assert column(timeline, "over at 39.9 ms") + 15 <= row(timeline, "server").rindex("|")


def test_axis() -> None:
    """Below the axis are round numbers, each at its place, and what they are."""
    timeline = recorded(NAIVE, LINES, since="the test's end")
    lines = timeline.text().splitlines()
    axis = next(i for i, line in enumerate(lines) if "-+-" in line)
    assert lines[axis + 1].split() == ["0", "10", "20", "30", "40", "50"]
    assert lines[axis + 2].strip() == "ms since the test's end"
    places = [match.start() for match in re.finditer(r"\+", lines[axis])]
    assert places == [match.start() for match in re.finditer(r"\d+", lines[axis + 1])]
    twenty = row(timeline, "client").index("o", 8)
    assert places[2] == twenty


@each_hard_case
def test_text_fits(timeline: Timeline) -> None:
    """The text fits 80 columns, has no trailing blanks and nothing that a terminal obeys, and ends in one newline."""
    text = timeline.text()
    for line in text.split("\n"):
        assert len(line) <= COLUMNS, line
        assert line == line.rstrip()
        assert line.isprintable(), repr(line)
    assert text.endswith("\n") and not text.endswith("\n\n")


def test_all_that_happened_is_told() -> None:
    """However many events there are, each is written, whole, in the text and in the picture."""
    timeline = HARD["many events"]
    for i in range(0, 200, 7):
        assert f"{i} bytes at {i}.0 ms" in timeline.text()
        assert f">{i} bytes at {i}.0 ms</text>" in timeline.svg()


def test_long_labels_are_whole() -> None:
    """What is too long to end at its event or to begin there is written all the same, if it fits the drawing."""
    name = "".join(f"{i:<5}" for i in range(10)) + "the end"
    timeline = recorded([(0.005, None, name), (0.01, "client", OVER)], LINES)
    assert name in timeline.text()


def test_numbers_of_the_axis_are_whole() -> None:
    """A number that would be cut at the drawing's edge is left out."""
    numbers = [line for line in HARD["hours"].text().splitlines() if line.strip().startswith("0 ")]
    assert numbers[0].split() == ["0", "20000", "40000", "60000", "80000", "100000"]


def test_long_names_are_cut() -> None:
    """A name that is too long is cut, and ends in three dots."""
    assert row(HARD["long names"], "p" * 17 + "...  =")
    assert row(HARD["long names"], "clientclientclien...  =")


@each_hard_case
def test_svg_is_well_formed(timeline: Timeline) -> None:
    """The picture is well-formed XML, whatever the names are, and nothing is drawn outside of it."""
    picture = ElementTree.fromstring(timeline.svg())
    width, height = float(picture.get("width", "")), float(picture.get("height", ""))
    assert picture.get("viewBox") == f"0 0 {width:g} {height:g}"
    for element in picture.iter():
        for name, edge in (("x", width), ("cx", width), ("y", height), ("cy", height)):
            assert 0 <= float(element.get(name, "0")) <= edge, element.attrib
    for text in tags(timeline, "text"):
        assert float(text.get("x", "")) + 8.5 * len(text.text or "") < width, text.text
    for path in tags(timeline, "path"):
        x, y = map(float, re.match(r"M([\d.]+)[, ]([\d.]+)", path.get("d", "")).groups())
        assert 0 <= x <= width and 0 <= y <= height, path.attrib


@each_hard_case
def test_same_bytes(timeline: Timeline) -> None:
    """The same events give the same bytes, and a notebook shows the same picture."""
    again = Timeline(timeline.title, timeline.lines, since=timeline.since)
    again.events = list(timeline.events)
    assert again.svg().encode() == timeline.svg().encode() == timeline._repr_svg_().encode()
    assert again.text() == timeline.text()


def test_svg_escapes() -> None:
    """Names with XML's own letters are shown as they are; control characters are not."""
    texts = [element.text for element in tags(HARD["markup"], "text")]
    assert '<a b="c">&' in texts
    assert "</svg> at 10.0 ms" in texts
    assert "]]>&amp;'" in texts
    assert [element.text for element in tags(HARD["markup"], "title")] == ["<&>"]
    assert "<a b=" in str(tags(HARD["markup"], "desc")[0].text)
    assert "a?b?" in [element.text for element in tags(HARD["controls"], "text")]


def test_svg_tells_the_same() -> None:
    """The picture has the text's words; a line that was open when trial looked has another colour."""
    timeline = recorded(NAIVE, LINES)
    words = [element.text for element in tags(timeline, "text")]
    for word in (*LINES, LOOK, "over at 10.0 ms", "still open", timeline.summary(), "A title"):
        assert words.count(word) == 1, words
    assert [element.text for element in tags(timeline, "desc")] == [timeline.summary()]
    bars = [path.get("fill") for path in tags(timeline, "path") if path.get("fill")]
    assert bars == [GOOD, GOOD, LATE]
    right = recorded(RIGHT, LINES)
    assert [path.get("fill") for path in tags(right, "path") if path.get("fill")] == [GOOD] * 3


def test_svg_ground_is_its_own() -> None:
    """The picture paints its own ground first, so that it can be read on a dark page too."""
    ground = list(ElementTree.fromstring(HARD["no events"].svg()))[2]
    assert ground.tag == f"{SVG}rect" and ground.get("fill") == "white"
