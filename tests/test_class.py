"""What is done in class: the box of each README, the steps it names, and the minutes that they need."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from decks import decks
from driving import SOLVED, Learner

from workshop.course import Stage, load
from workshop.course.deck import Slide
from workshop.course.needs import anchor, box, of_all, of_slide, reading, sections, words
from workshop.course.plan import IN_CLASS, PLACES, QUICK, numbers, written
from workshop.course.solutions import ALL_STEPS, BEGIN, render
from workshop.judge.steps import by_step, targets
from workshop.judge.suite import assess
from workshop.runner.pool import Pool
from workshop.runner.worker import Case

ROOT = Path(__file__).resolve().parent.parent
COURSE = load(ROOT)
LONGEST = 300
"""Words of a box."""

each_stage = pytest.mark.parametrize("stage", COURSE.stages, ids=lambda stage: stage.name)


def wrong_box(readme: str, places: str) -> list[str]:
    """What is wrong with a README's box, which says that these steps are done where."""
    lines = [line for line in readme.splitlines()[1:] if line]
    found = []
    if lines[0].startswith("The lecture: "):
        lines = lines[1:]
    if not lines[0].startswith(">"):
        found.append("something comes before the box")
    text = box(readme)
    if text.splitlines()[:1] != [places]:
        found.append(f"its first line must be: {places}")
    if words(text) > LONGEST:
        found.append(f"it has {words(text)} words")
    named = set(re.findall(r"\]\(#([\w-]+)\)", text))
    found += [f"no section is {name}" for name in sorted(named - {*sections(readme)})]
    return found


@each_stage
def test_the_box(stage: Stage) -> None:
    """Each README begins with a box of at most 300 words, which says what is done where; its links lead somewhere."""
    assert wrong_box((stage.folder / "README.md").read_text("utf-8"), stage.places) == []


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("> **S", "Hello.\n\n> **S", "something comes before the box"),
        ("1-2", "1-3", "its first line must be: **Steps in class: 1-2.**"),
        ("Read", "word " * 295, "it has 303 words"),
        ("#what", "#who", "no section is who"),
    ],
)
def test_a_wrong_box(old: str, new: str, found: str) -> None:
    """The check above can fail, for each of its reasons."""
    text = (
        "# A\n\nThe lecture: `x`, 9 minutes.\n\n> **Steps in class: 1-2.**\n>\n> Read [this](#what), and go on.\n\n"
        "B.\n\n## What\n\nC.\n"
    )
    assert wrong_box(text, "**Steps in class: 1-2.**") == []
    assert wrong_box(text.replace(old, new), "**Steps in class: 1-2.**") == [found]


@each_stage
def test_every_step_has_its_place(stage: Stage) -> None:
    """Each step, or kind of mistake, is done in one place, and something is done in class."""
    named = [number for part in stage.part for number in part.numbers]
    assert sorted(named) == [topic.number for topic in stage.topics]
    assert stage.done(IN_CLASS)


@each_stage
def test_the_parts_are_what_was_measured(stage: Stage) -> None:
    """All parts and all reading come to the upper half of the minutes measured alone: those of a middling learner."""
    ranges = [
        (int(a), int(b))
        for a, b in re.findall(r"(\d+) to (\d+)(?!,)", stage.alone.replace("steps 1 to", ""))
    ]
    if not ranges:
        pytest.skip("nobody has measured it yet")
    low, high = sum(a for a, _ in ranges), sum(b for _, b in ranges)
    minutes = of_all(stage).minutes
    assert (low + high) / 2 - 0.5 <= minutes <= high * 1.02, (
        f"{minutes:.1f} minutes; measured: {stage.alone}"
    )


def test_the_decks_say_the_same() -> None:
    """ "Your turn" of each deck of a stage names the steps for class, and those for the quick if it names any."""
    for deck in decks(COURSE):
        stage = next((one for one in COURSE.stages if one.name == deck.name), None)
        if not stage:
            continue
        line = re.search(r"^- Core: (.*)", deck.turns[0].text, re.M)
        assert line, deck.name
        core, _, quick = line[1].partition("For the quick:")
        for text, place in ((core, IN_CLASS), (quick.partition(". ")[0], QUICK)):
            said = set(numbers(re.sub(r"(\d+) to (\d+)", r"\1-\2", re.sub(r"demo \d", "", text))))
            parts = [part for part in stage.part if part.place == place]
            assert not text or said == {n for part in parts for n in part.numbers}, (
                deck.name,
                place,
            )


def test_numbers_of_steps() -> None:
    """Ranges and single numbers, as course.toml and the map write them."""
    assert numbers("1-3, 5, 12") == (1, 2, 3, 5, 12)
    assert written((1, 2, 3, 5, 12)) == "1-3, 5, 12"
    assert written(()) == "" and numbers("") == ()


def test_words() -> None:
    """Words are what has a letter or a digit: no mark of Markdown is one."""
    assert words("> - **Read** the `box`, | 2 | times |\n|---|---|\n") == 5


def test_a_box_and_sections() -> None:
    """The first quotation is the box; a section ends at the next heading of its level."""
    text = "# A\n\n> one\n>\n> two\n\nthree\n\n> four\n\n## Step 2: `x`\n\nfive\n\n### Six\n\n## Seven\n\n8\n"
    assert box(text) == "one\n\ntwo\n"
    assert box("# A\n\nnothing\n") == ""
    assert {name: words(part) for name, part in sections(text).items()} == {
        "step-2-x": 2,
        "seven": 1,
    }
    assert anchor("How to *read* `trial`?") == "how-to-read-trial"


@pytest.mark.parametrize(
    ("notes", "minutes"),
    [
        ("Say: " + "word " * 129, 1 + 0.75),
        ("Say: " + "word " * 129 + "\n\nAsk: " + "word " * 12, 1.1 + 0.75 + 1 / 3),
        ("Demo: word word", 0.75 + 0.75),
        ("Goes wrong: word word\n\nLate: word", 0.75),
    ],
)
def test_what_a_slide_needs(notes: str, minutes: float) -> None:
    """Words at 130 a minute, and a stated time for each question, demo, picture and piece of code."""
    slide = Slide("A", "```{picture} x\n```\n\n```{source} y\n```", notes, 2)
    assert of_slide(slide).minutes == pytest.approx(minutes)


def test_what_your_turn_needs() -> None:
    """Of the exercise's slide, what is said counts; the questions are asked while people work."""
    slide = Slide("Your turn: 5 minutes", "```{picture} x\n```", "Ask: " + "word " * 129, 5)
    assert of_slide(slide).minutes == pytest.approx(1)


# Words to read: of the box 20, of the section that it names 10, of step 1 10, of step 2 100.
README = (
    "# A\n\n> " + "word " * 19 + "[box](#what-is-new)\n\n" + "alone " * 1000 + "\n\n"
    "## What is new\n\n" + "word " * 10 + "\n\n## Not named\n\n" + "word " * 1000 + "\n\n"
    "## Step 1: one\n\n" + "word " * 10 + "\n\n## Step 2\n\n" + "word " * 100 + "\n"
)
PLAN = """minutes = 5
longer = 2
part = [
    { place = "in class", minutes = 3, steps = "1" },
    { place = "in class", minutes = 1, what = "a demo" },
    { place = "for the quick", minutes = 2, steps = "2" },
    { place = "at home", minutes = 9, steps = "3" },
]
"""
TRACK = """
[[track]]
name = "core"
minutes = 11

[[talk]]
name = "hello"
title = "Hello"
minutes = 2
place = "first"
"""
DECK = "# Hello\n\n:::{notes} 2 minutes\nSay: " + "word " * 129 + "\n:::\n"


@pytest.fixture
def planned(mini: Learner) -> Learner:
    """The miniature course with a plan: a talk that needs a minute of its 2, and an exercise that needs about 4.5 of 5."""
    text = mini.path("exercises/course.toml").read_text("utf-8")
    mini.write(text.replace("minutes = 5\n", PLAN, 1) + TRACK, "exercises/course.toml")
    mini.write(README, "exercises/stage1_echo/README.md")
    mini.path("slides").mkdir(exist_ok=True)
    mini.write(DECK, "slides/hello.md")
    return mini


def test_reading(planned: Learner) -> None:
    """What is read is the box, what it links to, and the sections and docstrings of the steps, and nothing else."""
    stage = load(planned.root).stage("1")
    asked = [f"{s.title} {s.text} " + " ".join(t.requirement for t in s.tests) for s in stage.steps]
    step = [words(text) for text in asked]
    assert reading(stage, [IN_CLASS]) == pytest.approx((20 + 10 + 10 + step[0]) / 200)
    assert reading(stage, [IN_CLASS, QUICK]) == pytest.approx(
        (20 + 10 + 110 + step[0] + step[1]) / 200
    )


def test_a_plan_that_holds(planned: Learner) -> None:
    """The timetable has what each row needs, and their sums."""
    outcome = planned.here("schedule", "--start", "10:00")
    assert (outcome.code, outcome.err) == (0, "")
    assert re.search(r"10:00 +2 min +1\.0  Hello\n", outcome.out)
    assert re.search(r"10:02 +5 min +4\.\d  stage1_echo: An echo \(1, a demo\)\n", outcome.out)
    assert "words and questions 1, reading" in outcome.out
    rows = json.loads(planned.here("schedule", "--json").out)
    assert rows[0]["needs"] == 1.0


@pytest.mark.parametrize(
    ("path", "old", "new", "says"),
    [
        (
            "slides/hello.md",
            "Say: ",
            "Say: " + "word " * 150,
            "Hello: it has 2 minutes and needs 2.2 (words 2.2).",
        ),
        (
            "exercises/stage1_echo/README.md",
            "> ",
            "> " + "word " * 200,
            "it has 5 minutes and needs 5.",
        ),
        (
            "exercises/course.toml",
            "minutes = 3, steps",
            "minutes = 5, steps",
            "it has 5 minutes and needs 6.",
        ),
        (
            "exercises/course.toml",
            "minutes = 11",
            "minutes = 6",
            "It runs over: 1 minutes more than the 6",
        ),
        (
            "exercises/course.toml",
            "minutes = 5\n",
            "minutes = 89\n",
            "more than 90 minutes without a break",
        ),
        (
            "exercises/course.toml",
            "minutes = 5\n",
            "minutes = 361\n",
            "It takes 363 minutes and has no meal",
        ),
    ],
    ids=["talk", "reading", "steps", "over", "stretch", "meal"],
)
def test_a_plan_that_is_too_tight(
    planned: Learner, path: str, old: str, new: str, says: str
) -> None:
    """Too few minutes for a talk or an exercise, no break or meal, a track that is too long: exit code 1, and why."""
    text = planned.path(path).read_text("utf-8")
    assert old in text
    planned.write(text.replace(old, new, 1), path)
    outcome = planned.here("schedule")
    assert outcome.code == 1
    assert says in outcome.err


def test_the_map_and_run_say_where(planned: Learner) -> None:
    """The map names what is done in class; each step's line in a run says where it is done."""
    assert re.search(r"stage1_echo .*0 of 3 steps pass +in class: 1, a demo\n", planned.here().out)
    out = planned.here("run", "1").out
    found = re.findall(r"^  Step +\d+ .*  (in class|for the quick|at home)$", out, re.M)
    assert found == [*PLACES]


def test_a_step_that_passes_names_what_follows() -> None:
    """What is done in the same place after a step: in class, steps are skipped, and there are demos."""
    stage = COURSE.stage("stage2_poetry")
    assert stage.done(IN_CLASS) == "1-2, the demo, 3, 5"
    assert stage.done(IN_CLASS, 2) == "the demo, 3, 5"
    assert stage.done(IN_CLASS, 3) == "5"
    assert stage.done(IN_CLASS, 5) == ""
    assert stage.done(IN_CLASS, 4) == stage.done(IN_CLASS)


def test_run_says_what_follows(planned: Learner) -> None:
    """A run of one step that passes says what else is done in class; the last one says nothing more."""
    planned.write(SOLVED)
    assert "In class, these follow: a demo.\n" in planned.here("run", "1", "1").out
    assert "follow" not in planned.here("run", "1", "3").out


def test_without_a_plan_nothing_is_said(mini: Learner) -> None:
    """A stage whose steps have no place has no such words."""
    assert "in class" not in mini.here().out + mini.here("run", "1").out


def only(text: str, steps: set[int]) -> str:
    """A solved file's text with these steps solved, and no others."""
    late = BEGIN.sub(
        lambda mark: (
            mark[0]
            if int(mark[2]) in steps
            else f"{text[mark.start() : mark.start(2)]}{ALL_STEPS + 1}{text[mark.end(2) : mark.end()]}"
        ),
        text,
    )
    return render(late, ALL_STEPS)


@pytest.mark.parametrize(
    "stage", [one for one in COURSE.stages if not one.judged], ids=lambda stage: stage.name
)
def test_a_class_can_do_its_steps(stage: Stage) -> None:
    """A step for class comes after the others for class; or the box has the command that gives those before it, or the one
    that runs it alone, and then it passes without them.
    """
    text = box((stage.folder / "README.md").read_text("utf-8"))
    done: set[int] = {0}
    for number in (n for part in stage.part if part.place == IN_CLASS for n in part.numbers):
        if {*range(number)} <= done or f"{stage.name} --upto {number - 1} --apply" in text:
            done |= {*range(number + 1)}
            continue
        assert re.search(rf"run {stage.name} {number}\b", text), (
            f"how does a class begin step {number}?"
        )
        done.add(number)
        files = {file: only((stage.answers / file).read_text("utf-8"), done) for file in stage.edit}
        step = stage.step(str(number))
        case = Case("class", files, tuple(targets(stage, [step])), stop=False)
        with Pool(stage) as pool:
            ((_, result),) = pool.run([case])
        assert by_step(stage, result, [step]).passed


@pytest.mark.parametrize("name", ["stage1_trial", "stage5_transform"])
def test_a_class_gets_a_verdict(name: str, tmp_path: Path) -> None:
    """The tests for class alone, written or repaired, satisfy the judge of their numbers: no other test is in the way."""
    for folder in ("exercises", "solutions"):
        shutil.copytree(
            ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__")
        )
    stage = load(tmp_path).stage(name)
    done = [number for part in stage.part if part.place == IN_CLASS for number in part.numbers]
    for file in stage.edit:
        text = only((stage.answers / file).read_text("utf-8"), {*done})
        (stage.folder / file).write_text(text, "utf-8")
    assert assess(stage, kinds=done).passed
