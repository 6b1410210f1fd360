"""course.json, which the page in a browser shows: stages and steps, starters but no solutions, links that lead somewhere."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from workshop.course import CourseError, load
from workshop.course.solutions import answer
from workshop.web.content import ELSEWHERE, as_data, as_json
from workshop.web.doors import without_terminal

ROOT = Path(__file__).resolve().parent.parent
COURSE = load(ROOT)
DATA = as_data(COURSE)
STAGES: list[dict[str, Any]] = DATA["stages"]

each_stage = pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage["name"])


class Read(HTMLParser):
    """What is in some HTML: its ids, its links, what it would load, and whether each element is closed."""

    VOID = ("br", "hr", "img")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[dict[str, str | None]] = []
        self.sources: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag not in self.VOID:
            self.open.append(tag)
        if "id" in found:
            self.ids.append(str(found["id"]))
        if tag == "a":
            self.links.append(found)
        self.sources += [str(found[name]) for name in ("src", "srcset", "data") if name in found]
        assert tag not in ("script", "style", "link", "iframe"), tag
        assert not [name for name in found if name.startswith("on")], found

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


READ = {stage["name"]: Read(stage["readme"]) for stage in STAGES}


def test_the_same_each_time() -> None:
    """course.json is JSON, small enough to load, and has the same bytes each time."""
    data = as_json(COURSE)
    assert json.loads(data) == DATA
    assert data == as_json(load(ROOT))
    assert len(data) < 1_500_000
    assert DATA["title"] == COURSE.title
    assert re.fullmatch(r"\d+\.\d+\.\d+", DATA["version"])


def test_every_stage_and_step() -> None:
    """The stages and what a learner works on in each, in the course's order."""
    shown = [(stage["name"], [step["number"] for step in stage["steps"]]) for stage in STAGES]
    assert shown == [
        (stage.name, [topic.number for topic in stage.topics]) for stage in COURSE.stages
    ]


@each_stage
def test_starters_and_no_solution(stage: dict[str, Any]) -> None:
    """The files to edit are the starters, whatever is in exercises/; the given files have none of them."""
    course = COURSE.stage(stage["name"])
    starters = {course.path(name): text for name, text in answer(course, 0).items()}
    assert stage["starters"] == starters
    assert stage["edit"] == list(starters)
    assert not set(stage["given"]) & set(starters)
    for path, text in {**stage["given"], **stage["starters"]}.items():
        assert "### BEGIN SOLUTION" not in text, path
        assert not path.endswith("hints.md")
    for path, text in stage["given"].items():
        assert text == (ROOT / path).read_text("utf-8")


def test_what_may_be_broken() -> None:
    """The cache of stage 1 may be broken, as its README asks, and no file that is only there to read."""
    breaks = {stage["name"]: stage["breaks"] for stage in STAGES if stage["breaks"]}
    assert breaks == {
        "stage1_trial": ["exercises/stage1_trial/cache.py"],
        "stage7_everywhere": ["exercises/stage7_everywhere/wrapped.py"],
    }


def test_a_learner_s_work_is_not_shown(tmp_path: Path) -> None:
    """A page that is built in a folder in which somebody works has the starters all the same."""
    for name in ("exercises", "solutions", "notebooks", "workshop", "txtidy"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "CONTRIBUTING.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "exercises/stage0_setup/lines.py").write_text("MINE = 1\n")
    assert b"MINE" not in as_json(load(tmp_path))


@each_stage
def test_sections(stage: dict[str, Any]) -> None:
    """The README is whole, in sections; each step's anchor is the id of one, and ids are unique."""
    read = READ[stage["name"]]
    assert read.open == []
    assert len(read.ids) == len(set(read.ids))
    readme = (ROOT / "exercises" / stage["name"] / "README.md").read_text("utf-8")
    for line in without_terminal(readme).splitlines():
        if line.startswith("## ") and "`" not in line:
            assert line[3:] in read.text
    for step in stage["steps"]:
        heading = re.search(rf"^## (?:Step|Description) {step['number']}\b", readme, re.M)
        assert bool(step["anchor"]) == bool(heading)
        if step["anchor"]:
            assert step["anchor"] in read.ids
            assert (
                f'<section id="{step["anchor"]}" data-step="{step["number"]}">' in stage["readme"]
            )


@each_stage
def test_steps_have_their_tests(stage: dict[str, Any]) -> None:
    """Each step of a stage with provided tests names the class of its tests, and the line where that begins."""
    for step in stage["steps"]:
        if stage["judged"]:
            assert "test" not in step
            continue
        assert step["title"]
        assert Read(step["requirement"]).open == []
        test = step["test"]
        line = stage["given"][test["path"]].splitlines()[test["line"] - 1]
        assert line.startswith(f"class {test['target'].rpartition('.')[2]}(")
        assert step["place"] in ("", *stage["edit"])


def test_names_in_requirements() -> None:
    """What a step asks for has names of code in the look of code, all of them; ordinary words are no names."""
    steps = {
        (s["name"], step["number"]): step["requirement"] for s in STAGES for step in s["steps"]
    }
    line, port = steps["stage0_setup", 1], steps["stage4_disconnect", 1]
    for name in ("as_line", "lines.py"):
        assert f"<code>{name}</code>" in line
    for name in ("stopped()", "teardown.py", "port.stopListening()"):
        assert f"<code>{name}</code>" in port
    assert "<code>Write" not in line and "<code><code>" not in "".join(steps.values())
    names = set(re.findall("<code>(.*?)</code>", "".join(steps.values())))
    assert not names & {"HTTP/1.1", "e.g.", "i.e.", "UTF-8", "Deferred"}


def test_kinds_that_learners_list_have_no_titles() -> None:
    """Where learners list for themselves what may go wrong, the page does not; elsewhere it does."""
    for stage in STAGES:
        listed = any(path.endswith("list.md") for path in stage["edit"])
        for step in stage["steps"]:
            assert bool(step["title"]) == (not listed)
    assert [stage["name"] for stage in STAGES if not stage["steps"][0]["title"]]


def test_links_lead_somewhere() -> None:
    """A link is to a stage, to a section of it, to a page that course.json has, to a given file, or out of the page."""
    names = {stage["name"] for stage in STAGES}
    pages = {path: Read(page["html"]) for path, page in DATA["pages"].items()}
    assert pages
    assert all(page["title"] for page in DATA["pages"].values())
    for path, read in {**READ, **pages}.items():
        assert read.open == []
        for link in read.links:
            target = str(link["href"])
            if target.startswith("https://"):
                assert link["target"] == "_blank" and "noopener" in str(link["rel"])
                continue
            if target.startswith("notebooks/"):
                assert target in [stage["lecture"] for stage in STAGES]
                continue
            first, _, rest = target.removeprefix("#").partition("/")
            if first == "page":
                assert rest in DATA["pages"], f"{path}: {target}"
            elif first == "file":
                given = {*DATA["shared"], *(name for s in STAGES for name in s["given"])}
                assert rest in given, f"{path}: {target}"
            else:
                assert first in names, f"{path}: {target}"
                assert not rest or rest in READ[first].ids, f"{path}: {target}"


def test_no_terminal_is_needed() -> None:
    """What speaks of a terminal is left out, and each of the tool's commands is a button; a box has all of its lines."""
    for stage in STAGES:
        read = READ[stage["name"]]
        if stage["away"]:
            continue
        assert not re.search(r"course's\s+environment|\.venv", read.text), stage["name"]
        plain = re.sub(r"<(button|a) .*?</\1>", "", stage["readme"], flags=re.S)
        left = re.findall(r"python3 -m workshop \w+ \w+[^<]*", plain)
        assert all("--" in command for command in left), left
        assert stage["readme"].count('class="commands"') >= 1
        lecture = next(link for link in read.links if str(link["href"]).startswith("notebooks/"))
        assert lecture["href"] == stage["lecture"]
    assert "Set up" not in READ["stage0_setup"].text
    assert "number 0, the machine" in READ["stage0_setup"].text
    asked = "".join(step["requirement"] for s in STAGES for step in s["steps"])
    assert "README.md" not in asked and "<code><a" not in asked


def test_buttons_have_what_they_press() -> None:
    """A button names a stage and, if it needs them, a step or tests that exist."""
    buttons = 0
    for stage in STAGES:
        for button in re.findall(r"<\w+ [^>]*data-press[^>]*>", stage["readme"]):
            facts = dict(re.findall(r'data-(\w+)="([^"]*)"', button))
            pressed = COURSE.stage(facts["stage"])
            assert facts["press"] in ("run", "hint", "solution", "hunt", "trial")
            numbers = {str(topic.number) for topic in pressed.topics}
            assert set(facts.get("step", "1").split("-")) <= numbers, button
            module = facts.get("target", "").split(".")[2:3]
            assert all((pressed.folder / f"{name}.py").is_file() for name in module), button
            buttons += 1
    assert buttons > 30


def test_credits() -> None:
    """The course's sources are a page, to which the first page links."""
    assert "Jonathan Lange" in DATA["pages"]["credits"]["html"]
    index = (ROOT / "workshop/web/page/index.html").read_text("utf-8")
    assert 'href="#page/credits"' in index and 'href="LICENSE.txt"' in index


def test_pictures_are_in_the_html() -> None:
    """Nothing that a README shows is asked of any server."""
    sources = [source for read in READ.values() for source in read.sources]
    assert sources
    assert all(source.startswith("data:image/") for source in sources)


def test_what_a_browser_cannot_run() -> None:
    """The sentences about that are of stages that exist, and each names a command."""
    for name in re.findall(r"^(\w+) =", ELSEWHERE.read_text("utf-8"), re.M):
        stage = next(stage for stage in STAGES if stage["name"] == name)
        assert "`" not in stage["elsewhere"]
        assert "python3 -m " in stage["elsewhere"]


def test_link_to_nowhere(tmp_path: Path) -> None:
    """A link to a file that does not exist is an error, which names both."""
    for name in ("exercises", "solutions", "workshop"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    readme = tmp_path / "exercises/stage0_setup/README.md"
    readme.write_text(readme.read_text("utf-8") + "\n[a](gone.md)\n", "utf-8")
    with pytest.raises(CourseError, match=r"stage0_setup/README\.md links to gone\.md"):
        as_data(load(tmp_path))
