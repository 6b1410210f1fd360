"""The decks: their minutes and notes, that they build, and that what they show of real runs is what runs give."""

from __future__ import annotations

import re
import shutil
import time
from itertools import pairwise
from pathlib import Path

import pytest
from decks import Deck, Slide, decks, read

from workshop.course import Course, CourseError, Stage, load, timetable
from workshop.slides import recorded, thread
from workshop.slides.decks import build, find_deck, minutes
from workshop.slides.decks import decks as deck_names

ROOT = Path(__file__).resolve().parent.parent
COURSE = load(ROOT)
DECKS = decks(COURSE)
PLAN = timetable.decks(COURSE)
TITLES = {one.name: one.title for one in (*COURSE.talks, *COURSE.stages)}
FIRST_WORDS = ("Say", "Ask", "Demo", "Goes wrong", "Late")
ALL_BUILT = 15
"""Seconds that all decks may take."""

each_deck = pytest.mark.parametrize("deck", DECKS, ids=lambda deck: deck.name)


def wrong(deck: Deck, talk: int, turn: int, title: str) -> list[str]:
    """What is wrong with a deck. talk, turn: the minutes that the timetable has for its talk, and for the exercise."""
    found = [f"{one.title}: no minutes" for one in deck.slides if not one.minutes]
    found += [f"{one.title}: no notes" for one in deck.slides if not one.notes]
    for slide in deck.slides:
        if not re.match(rf"({'|'.join(FIRST_WORDS)})\b", slide.notes):
            found.append(f"{slide.title}: its notes do not begin with one of {FIRST_WORDS}")
        if slide.turn not in (None, slide.minutes):
            found.append(f"{slide.title}: its minutes are {slide.minutes:g}")
    if deck.title != title:
        found.append(f"its title is {deck.title}, and in course.toml {title}")
    if deck.talk != talk:
        found.append(f"its talk takes {deck.talk:g} minutes, and in course.toml {talk}")
    if [slide.turn for slide in deck.turns] != [turn] * bool(turn):
        found.append(f'wants one "Your turn: {turn} minutes"')
    for slide in deck.turns:
        if slide not in deck.slides[-2:]:
            found.append('"Your turn" is not at its end')
        if not re.search(r"^```\n(.*\n)*?python3 -m workshop .*(.*\n)*?```", slide.text, re.M):
            found.append('"Your turn" has no command of the course in a fence')
    return found


@each_deck
def test_minutes_and_notes(deck: Deck) -> None:
    """Every slide has minutes and notes; the talk and "Your turn" take what course.toml says."""
    assert wrong(deck, *PLAN[deck.name], TITLES[deck.name]) == []


@pytest.mark.parametrize(
    "stage", [one for one in COURSE.stages if one.slides], ids=lambda one: one.name
)
def test_which_stage_and_what_its_core_is(stage: Stage) -> None:
    """A stage's deck begins with the stage's number, and "Your turn" says what everybody should do."""
    deck = next(one for one in DECKS if one.name == stage.name)
    number = stage.number
    assert deck.slides[0].text.startswith(f"**Stage {number}.** ")
    assert re.search(r"^- Core: \w", deck.turns[0].text, re.M)


TRAINED = (
    r"chunks",
    r"disconnect|connections (that )?break",
    r"timeouts|time that no test",
    r"real networking",
    r"left ?overs|left behind",
)
"""A README's words for each difficulty."""


def lit(deck: Deck) -> set[int]:
    """The difficulties that are lit on a deck's first slide."""
    found = re.search(r"^```\{thread\} ([1-5 ]+)\n```$", deck.slides[0].text, re.M)
    return {int(number) for number in found[1].split()} if found else set()


def trained(text: str) -> set[int]:
    """The difficulties that a README says its stage trains; none if it does not say."""
    said = re.search(r"trains (.*?)\.(\s|$)", text, re.S)
    words = " ".join(said[1].split()) if said else ""
    named = {n for n, pattern in enumerate(TRAINED, 1) if re.search(pattern, words)}
    return {1, 2, 3, 4, 5} if words.startswith("all five") else named


@each_deck
def test_the_thread(deck: Deck) -> None:
    """Each deck begins with the five drawings, with those lit that the stage's README says it trains."""
    assert lit(deck)
    if deck.name in {stage.name for stage in COURSE.stages}:
        readme = (ROOT / "exercises" / deck.name / "README.md").read_text("utf-8")
        assert trained(readme) in (set(), lit(deck))


def asks_elsewhere(deck: Deck) -> list[str]:
    """The slides with code or a picture about which the speaker asks something that the slide does not show."""
    return [
        slide.title
        for slide in deck.slides
        if slide.turn is None
        and re.search(r"^```\{(source|terminal|picture)\}", slide.text, re.M)
        and re.search(r"^Ask\b", slide.notes, re.M)
        and "{container} ask" not in slide.text
        and not slide.title.endswith("?")
    ]


@each_deck
def test_questions_beside_the_code(deck: Deck) -> None:
    """Whatever the class is asked about code or a picture is on the slide that has it."""
    assert asks_elsewhere(deck) == []


def test_question_elsewhere_is_found() -> None:
    """The check above can fail."""
    asked = Slide("Three", "```{source} x.py\n```", "Ask: which?", 1)
    shown = Slide("Three", f"{asked.text}\n\n:::{{container}} ask\nWhich?\n:::", "Ask: which?", 1)
    told = Slide("Three", asked.text, "Say: the second.", 1)
    assert asks_elsewhere(Deck("a", (asked, shown, told))) == ["Three"]


def test_what_a_readme_trains_is_read() -> None:
    """The check above reads most READMEs: at least seven name difficulties."""
    readmes = [ROOT / "exercises" / deck.name / "README.md" for deck in DECKS]
    found = [trained(path.read_text("utf-8")) for path in readmes if path.exists()]
    assert sum(map(bool, found)) >= 7
    assert trained("It trains two: timeouts, and leftovers. No chunks.") == {3, 5}


def test_the_clock() -> None:
    """Each deck's clock has its minutes in the shortest track that it is in; the core's follow each other to the end."""
    places = {deck.name: thread.moment(COURSE, deck.name) for deck in DECKS}
    core = [
        place for place in places.values() if place and place.whole == COURSE.track("core").minutes
    ]
    assert core[0].begin == 0 and core[-1].end == core[-1].whole
    pauses = [after.begin - before.end for before, after in pairwise(core)]
    breaks = [one.minutes for one in COURSE.breaks if not one.tracks or "core" in one.tracks]
    assert [pause for pause in pauses if pause] == breaks
    assert all(place is not None and place.begin < place.end for place in places.values())
    assert thread.moment(COURSE, "index") is None


def test_the_clock_in_words() -> None:
    """The clock has its numbers in words, and a part of its round for what is over."""
    html = thread.clock(thread.Moment(50, 100, 200))
    assert 'aria-label="Minutes 50 to 100 of 200."' in html
    assert re.findall(r'class="(over|now)" d="M0 0L(\S+ \S+)A90 90 0 0 1 (\S+ \S+)z"', html) == [
        ("over", "0.00 -90.00", "90.00 -0.00"),
        ("now", "90.00 -0.00", "0.00 90.00"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (":::{notes} 2 minutes", ":::{notes} two minutes", "Five: no minutes"),
        (":::{notes} 2 minutes\nSay: b.\n:::", "", "Five: no notes"),
        ("Say: b.", "b.", "Five: its notes do not begin"),
        ("} 2 min", "} 2.5 min", "its talk takes 3.5 minutes, and in course.toml 3"),
        ("# Talk", "# Talks", "its title is Talks"),
        ("turn: 9 minutes", "turn: 8 minutes", "Your turn: 8 minutes: its minutes are 9"),
        ("turn: 9 minutes", "turn: 8 minutes", 'wants one "Your turn: 9 minutes"'),
        ("## Your turn: 9", "## Now: 9", 'wants one "Your turn'),
        ("python3 -m workshop run", "run", '"Your turn" has no command'),
    ],
)
def test_what_is_wrong_is_found(tmp_path: Path, old: str, new: str, found: str) -> None:
    """The check above can fail, for each of its reasons."""
    path = tmp_path / "deck.md"
    text = (
        "# Talk\n\n:::{notes} 1 minute\nAsk: a?\n:::\n\n"
        "## Five\n\n```\n# no heading\n```\n\n:::{notes} 2 minutes\nSay: b.\n:::\n\n"
        "## Your turn: 9 minutes\n\n```\npython3 -m workshop run x\n```\n\n"
        ":::{notes} 9 minutes\nSay: c.\n:::\n"
    )
    path.write_text(text, "utf-8")
    assert wrong(read(path), 3, 9, "Talk") == []
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), "utf-8")
    assert any(said.startswith(found) for said in wrong(read(path), 3, 9, "Talk"))


def test_every_deck_is_there() -> None:
    """Each talk, and each stage that has minutes for slides, has its deck; no other file looks like one."""
    files = {path.stem for path in (ROOT / "slides").glob("*.md")} - {"README", "index"}
    assert files == set(PLAN)


@pytest.mark.parametrize(
    ("text", "length"), [("2 minutes", 2), ("0.5 minutes", 0.5), ("1 minute", 1), ("2 min", 0)]
)
def test_minutes_in_words(text: str, length: float) -> None:
    """Minutes are written out, in whole or half ones."""
    assert minutes(text) == length


@pytest.mark.parametrize("text", ["stage2_poetry", "stage2", "2", "poetry", "stage2_poetry.md"])
def test_deck_by_any_name(text: str) -> None:
    """A deck is found by its name, its number, its short name or its file."""
    assert find_deck(text, [*PLAN]) == "stage2_poetry"


def test_all_build(tmp_path: Path) -> None:
    """All decks build without a warning, in 15 s, with as many slides as their files have, each with its seconds."""
    began = time.monotonic()
    build(COURSE, tmp_path)
    assert time.monotonic() - began < ALL_BUILT
    index = (tmp_path / "index.html").read_text("utf-8")
    for deck in DECKS:
        html = (tmp_path / f"{deck.name}.html").read_text("utf-8")
        timing = [int(found) for found in re.findall(r'<section data-timing="(\d+)">', html)]
        assert timing == [round(60 * slide.minutes) for slide in deck.slides]
        assert html.count('<aside class="notes">') == len(deck.slides)
        assert "### " not in html, "a solution's marker"
        assert f'href="{deck.name}.html"' in index
    assert ">Stage 2: A poetry server and client<" in index


SAID = ":::{notes} 1 minute\nSay: a.\n:::\n"
BAD = {
    "no_notes": ("## Nothing to say\n", '"Nothing to say" has 0 notes'),
    "notes_twice": (f"## Twice\n\n{SAID}\n{SAID}", '"Twice" has 2 notes'),
    "no_minutes": (
        f"## A\n\n{SAID.replace('1 minute', 'short')}",
        'notes: "short"; expected minutes',
    ),
    "empty_notes": ("## A\n\n:::{notes} 1 minute\n:::\n", "Content block expected"),
    "too_deep": (f"## A\n\n{SAID}\n### Deep\n\n{SAID}", '"Deep": a slide is "##"'),
    "no_file": (f"## A\n\n```{{source}} solutions/none.py\n```\n\n{SAID}", "none.py"),
    "no_object": (
        "## A\n\n```{source} solutions/stage0_setup/lines.py\n:pyobject: gone\n```\n\n" + SAID,
        "gone",
    ),
    "no_marker": (
        f"## A\n\n```{{terminal}} stage0_step1_red\n:start-at: gone\n```\n\n{SAID}",
        "gone",
    ),
    "empty_at_its_end": (
        f"## A\n\n```{{terminal}} stage0_step1_red\n:lines: 1,5\n```\n\n{SAID}",
        "its last line is empty",
    ),
    "no_terminal": (f"## A\n\n```{{terminal}} none\n```\n\n{SAID}", "none.txt"),
    "too_wide": (
        f"## A\n\n```{{source}} exercises/wide.py\n```\n\n{SAID}",
        "line 1 has 73 columns",
    ),
    "too_tall": (f"## A\n\n```{{source}} exercises/tall.py\n```\n\n{SAID}", "17 lines; a slide"),
    "no_mutant": (
        "## A\n\n```{source} solutions/stage0_setup/lines.py\n:pyobject: as_line\n"
        f":mutant: gone\n```\n\n{SAID}",
        "no mutant gone",
    ),
    "no_difficulty": (f"## A\n\n```{{thread}} 1 6\n```\n\n{SAID}", "expected some of 1 2 3 4 5"),
    "four_difficulties": (
        f"## A\n\n:::{{difficulties}}\n1. a\n2. b\n3. c\n4. d\n:::\n\n{SAID}",
        "expected a list of five",
    ),
    "steps": (
        "## A\n\n```{source} solutions/stage0_setup/lines.py\n:pyobject: as_line\n"
        f":no-docstrings:\n:steps: 1|2\n```\n\n{SAID}",
        "must be the whole, 1-2",
    ),
    "no_picture": (f"## A\n\n```{{picture}} none\nWords.\n```\n\n{SAID}", "none.svg"),
    "no_words": (f"## A\n\n```{{picture}} stage2_chunks\n```\n\n{SAID}", "Content block expected"),
    "no_alt": (f"## A\n\n![](pictures/stage2_chunks.svg)\n\n{SAID}", "no text for those who"),
    "no_link": (f"## A\n\n[x](nowhere.md)\n\n{SAID}", "nowhere.md"),
}


def copy(place: Path, *only: str) -> Course:
    """A copy of the course, with what slides need: all decks, or only these."""
    leave = shutil.ignore_patterns("__pycache__", "_trial_temp*", ".*")
    for name in ("exercises", "solutions", "slides"):
        shutil.copytree(ROOT / name, place / name, ignore=leave)
    course = load(place)
    for name in set(deck_names(course)) - set(only) if only else ():
        (place / "slides" / f"{name}.md").unlink()
    return course


def keep_few(root: Path) -> None:
    """Leave only stage 0's terminal outputs and stage 2's picture: enough, where everything is run again."""
    path = root / "slides" / "terminal.toml"
    tables = re.split(r"^(?=\[)", path.read_text("utf-8"), flags=re.M)
    path.write_text("".join(one for one in tables if not re.match(r"\[stage[1-9]", one)), "utf-8")
    for picture in (root / "slides" / "pictures").iterdir():
        if picture.stem != "stage2_chunks":
            picture.unlink()


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What is said of a build of all bad decks."""
    place = tmp_path_factory.mktemp("bad")
    course = copy(place / "course")
    (place / "course" / "exercises" / "wide.py").write_text("x" * 73 + "\n")
    (place / "course" / "exercises" / "tall.py").write_text("x\n" * 17)
    for name, (text, _) in BAD.items():
        path = place / "course" / "slides" / f"{name}.md"
        path.write_text(f"# {name}\n\n{SAID}\n{text}", "utf-8")
    with pytest.raises(CourseError) as caught:
        build(course, place / "built")
    return str(caught.value)


@pytest.mark.parametrize("name", BAD)
def test_what_does_not_build(said: str, name: str) -> None:
    """A deck that is wrong ends the build, with its file, and what is wrong."""
    about = [line for line in said.splitlines() if f"{name}.md" in line]
    assert any(BAD[name][1] in line for line in about), said


def test_source(tmp_path: Path) -> None:
    """Code is shown without markers and docstrings, from the left; steps are the slide's own lines."""
    course = copy(tmp_path / "course", "stage1_trial")
    deck = tmp_path / "course" / "slides" / "stage1_trial.md"
    options = ":pyobject: PoetryProtocol.connectionMade\n:no-docstrings:\n:steps: 2|1-3"
    source = f"```{{source}} solutions/stage2_poetry/server.py\n{options}\n```"
    deck.write_text(f"# A\n\n{source}\n\n{SAID}", "utf-8")
    build(course, tmp_path / "built")
    html = (tmp_path / "built" / "stage1_trial.html").read_text("utf-8")
    found = re.search(r'<code data-trim data-noescape class="python"(.*?)>(.*?)</code>', html, re.S)
    assert found is not None
    assert found[1] == ' data-line-numbers="2|1-3"'
    assert re.sub("<.*?>", "", found[2]).strip().splitlines() == [
        "def connectionMade(self) -&gt; None:",
        "    self.transport.write(self.factory.poem)",
        "    self.transport.loseConnection()",
    ]


def test_recorded() -> None:
    """Each terminal output and each picture is what a run of today gives."""
    assert recorded.stale(COURSE) == {}, "python3 -m workshop slides --record makes them again"


def test_nothing_else_is_shown() -> None:
    """Each file with a terminal's output, and each picture, has a command or a script that makes it."""
    slides = ROOT / "slides"
    made = {f"{output.name}.txt" for output in recorded.outputs(COURSE)}
    assert {path.name for path in (slides / "terminal").iterdir()} == made
    scripts = {path.stem for path in (slides / "pictures").glob("*.py")}
    assert {path.stem for path in (slides / "pictures").glob("*.svg")} == scripts


def test_stale_is_found(tmp_path: Path) -> None:
    """What differs from a run of today is found, by more than its times; what is missing, too."""
    course = copy(tmp_path)
    keep_few(tmp_path)
    red = tmp_path / "slides" / "terminal" / "stage0_step1_red.txt"
    green = tmp_path / "slides" / "terminal" / "stage0_step1_green.txt"
    picture = tmp_path / "slides" / "pictures" / "stage2_chunks.svg"
    red.write_text(re.sub(r"in [\d.]+s", "in 9.999s", red.read_text("utf-8")), "utf-8")
    assert recorded.stale(course) == {}
    red.write_text(red.read_text("utf-8").replace("FAILED", "PASSED"), "utf-8")
    picture.write_text(picture.read_text("utf-8").replace("c3", "c4"), "utf-8")
    green.unlink()
    assert set(recorded.stale(course)) == {red, green, picture}


def test_tidy() -> None:
    """What a command prints is made as wide as a slide, without this machine's paths, or frames of other code."""
    text = (
        f"{'test_a ...':<73}[FAIL]\n{'=' * 79}\n"
        '  File "/tmp/x/exercises/stage0_setup/test_setup.py", line 116, in test_text\n    check()\n'
        '  File "/usr/lib/python3/unittest/case.py", line 1, in a\n    b()\n'
        '  File "/usr/lib/python3/unittest/case.py", line 2, in b\n    raise x\n'
        f"x: {'word ' * 20}\n\n"
    )
    lines = recorded.tidy(text).splitlines()
    assert lines[:2] == [f"{'test_a ...':<66}[FAIL]", "=" * 72]
    assert lines[2] == '  File ".../stage0_setup/test_setup.py", line 116, in test_text'
    assert lines[3:5] == ["    check()", "  ..."]
    assert lines[5:] == [f"x: {'word ' * 13}word", "word word word word word word"]
