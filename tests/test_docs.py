"""What the Markdown says is there, is there: links, headings, files, commands, targets of trial."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from workshop.commands import files, run, teach
from workshop.commands.group import cli
from workshop.course import CourseError, load

ROOT = Path(__file__).resolve().parent.parent
COURSE = load(ROOT)
COMMANDS = {*cli.commands}
# Each of these modules is imported so that its commands are in the group.
assert files and run and teach

SKIPPED = {
    ".venv",
    ".workshop",
    ".git",
    "node_modules",
    "mini",
    "_trial_temp",
    ".ipynb_checkpoints",
}
PAGES = sorted(
    path
    for path in ROOT.rglob("*.md")
    if not SKIPPED & set(path.relative_to(ROOT).parts) and "pytest_cache" not in str(path)
)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
FILE = re.compile(r"[\w./-]+\.(?:py|md|toml|txt|sha256|yml|ipynb)")
TRIAL = re.compile(r"\btrial (?:-\S+(?:[= ]\S+)? )*(exercises[\w.]*)")
TOOL = re.compile(r"(?:python3?|py) -m workshop(?: +([a-z]\w*))?(?: +(stage\d\w*))?(?: +(\d+))?")

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, made as GitHub makes them."""
    found = set()
    for heading in re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.M):
        plain = unicodedata.normalize("NFC", heading.lower().replace("`", ""))
        found.add(re.sub(r"[^\w\- ]", "", plain).strip().replace(" ", "-"))
    return found


def problems(page: Path, text: str) -> Iterator[str]:
    """What a page's text names and is not there."""
    fences = "\n".join(re.findall(r"^```.*?\n(.*?)^```", text, re.M | re.S))
    prose = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    for target in LINK.findall(prose):
        if re.match(r"https?:|mailto:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists():
            yield f"link to {target}"
        elif anchor and anchor not in anchors(file):
            yield f"anchor {target}"
    for code in CODE.findall(prose):
        for name in FILE.findall(code):
            places = [page.parent / name, ROOT / name, ROOT / "tests" / name]
            if "/" not in name:
                places += [stage.folder / name for stage in COURSE.stages]
                places += [stage.answers / name for stage in COURSE.stages]
            if (
                "STAGE" not in name
                and "_trial_temp" not in code
                and not any(p.exists() for p in places)
            ):
                yield f"file {name}"
    for target in TRIAL.findall(text):
        if not runnable(target.rstrip(".")):
            yield f"target of trial {target}"
    for command, stage, step in TOOL.findall(fences + "\n" + "\n".join(CODE.findall(prose))):
        try:
            if command and command not in COMMANDS:
                yield f"command {command}"
            if stage and step:
                COURSE.stage(stage).topic(step)
            elif stage:
                COURSE.stage(stage)
        except CourseError as error:
            yield str(error)


def runnable(target: str) -> bool:
    """Whether trial could find a package, module, class or test of this name."""
    parts = target.split(".")
    for n in range(len(parts), 0, -1):
        path = ROOT.joinpath(*parts[:n])
        if path.is_dir():
            return n == len(parts)
        if path.with_suffix(".py").is_file():
            source = path.with_suffix(".py").read_text("utf-8")
            return all(re.search(rf"(?:class|def) {name}\b", source) for name in parts[n:])
    return False


@each_page
def test_what_is_named_exists(page: Path) -> None:
    """Each link, heading, file, command, stage, step and target that a page names is there."""
    assert list(problems(page, page.read_text("utf-8"))) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[x](nowhere.md)", "link to nowhere.md"),
        ("[x](README.md#no-such-heading)", "anchor README.md#no-such-heading"),
        ("see `exercises/nothing.py`", "file exercises/nothing.py"),
        (
            "`trial exercises.stage2_poetry.test_9_none`",
            "target of trial exercises.stage2_poetry.test_9_none",
        ),
        ("`trial exercises.stage2_poetry.test_1_server.Step99No`", "target of trial"),
        ("`python3 -m workshop dance`", "command dance"),
        ("```\npython3 -m workshop run stage2_poetry 99\n```", 'no step "99"'),
    ],
)
def test_what_is_missing_is_found(text: str, found: str) -> None:
    """The check above can fail: it finds each kind of reference that leads nowhere."""
    assert any(found in problem for problem in problems(ROOT / "README.md", text))


def test_readme_has_every_stage() -> None:
    """README.md lists each stage with its minutes, as course.toml has them."""
    text = (ROOT / "README.md").read_text("utf-8")
    for stage in COURSE.stages:
        assert f"| [{stage.name}](exercises/{stage.name}/README.md) | {stage.minutes} |" in text


def test_each_stage_names_its_lecture() -> None:
    """A stage's README begins with the command that opens its notebook, and the minutes that the notebook says."""
    said = re.compile(r"takes (\w+) minutes")
    for stage in COURSE.stages:
        lecture = (ROOT / "notebooks" / f"{stage.name}.md").read_text("utf-8")
        found = said.search(lecture)
        assert found, stage.name
        minutes = {"ten": "10"}.get(found[1], found[1])
        line = f"The lecture: `python3 -m workshop lab {stage.name}`, {minutes} minutes."
        assert (stage.folder / "README.md").read_text("utf-8").splitlines()[2] == line


def test_readme_credits() -> None:
    """README.md names the four sources."""
    text = (ROOT / "README.md").read_text("utf-8")
    for source in (
        "Jonathan Lange",
        "Dave Peticolas",
        "Itamar\nTurner-Trauring",
        "TCPClientTestsBase",
    ):
        assert re.search(source.replace("\n", r"\s"), text), source
