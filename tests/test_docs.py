"""What the Markdown says is there, is there: links, headings, files, commands, targets of trial."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from workshop.commands import dev, files, run, teach
from workshop.commands.group import cli
from workshop.course import CourseError, load

ROOT = Path(__file__).resolve().parent.parent
COURSE = load(ROOT)
COMMANDS = {*cli.commands}
# Each of these modules is imported so that its commands are in the group.
assert dev and files and run and teach

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

# A command of the tool's, to its end.
SHOWN = re.compile(r"(?:python3?|py) -m workshop ((?:[^\s#|&]+ ?)*)")
STEPS = re.compile(r"\b[Ss]teps? (?:\d+(?:, | to | and | or )?)+")
TOOL_FILES: dict[str, list[Path]] = {}
for _path in [*(ROOT / "workshop").rglob("*.py"), *(ROOT / "tests" / "benchmarks").glob("*.py")]:
    TOOL_FILES.setdefault(_path.name, []).append(_path)

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, made as GitHub makes them."""
    found = set()
    for heading in re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.M):
        plain = unicodedata.normalize("NFC", heading.lower().replace("`", ""))
        found.add(re.sub(r"[^\w\- ]", "", plain).strip().replace(" ", "-"))
    return found


def problems(page: Path, text: str) -> Iterator[str]:
    """What a page's text names and is not there; a box's text is as any other."""
    text = re.sub(r"^> ?", "", text, flags=re.M)
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
                places += TOOL_FILES.get(name, []) if page.name == "CONTRIBUTING.md" else []
            if (
                "STAGE" not in name
                and "_trial_temp" not in code
                and not any(p.exists() for p in places)
            ):
                yield f"file {name}"
    for line in SHOWN.findall(fences + "\n" + "\n".join(CODE.findall(prose))):
        yield from unknown_options(line)
    yield from wrong_steps(page, prose)
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


def unknown_options(words: str) -> Iterator[str]:
    """The options of a command line that its command does not have, as click reads it."""
    command: click.Command = cli
    for word in words.split(" -- ")[0].split():
        if isinstance(command, click.Group) and word in command.commands:
            command = command.commands[word]
        elif word.startswith("-"):
            name = word.partition("=")[0]
            if name not in {"-h", "--help", *(opt for one in command.params for opt in one.opts)}:
                yield f"option {name} of {command.name}"


def wrong_steps(page: Path, prose: str) -> Iterator[str]:
    """The numbers of steps that a stage's README, or its section of the guide, names, and that the stage does not have."""
    if page == ROOT / "slides" / "README.md":
        parts = re.split(r"^### (?=stage)", prose, flags=re.M)[1:]
        texts = [(re.split(r"\W", part)[0], part.split("\n## ")[0]) for part in parts]
    else:
        texts = [(page.parent.name, prose)]
    for stage in COURSE.stages:
        known = {topic.number for topic in stage.topics}
        for text in (text for name, text in texts if name == stage.name):
            for match in STEPS.finditer(text):
                # "step 8 of stage 4" is another stage's.
                before = text[max(0, match.start() - 30) : match.start()].rpartition("\n\n")[2]
                near = before + text[match.start() : match.end() + 15]
                for number in re.findall(r"\d+", match[0]):
                    if int(number) not in known and not re.search(r"stage\W?\d", near):
                        yield f"step {number} of {stage.name}"


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
        ("> ```\n> python3 -m workshop run stage2_poetry 99\n> ```", 'no step "99"'),
        ("`python3 -m workshop run --quick`", "option --quick of run"),
        ("`python3 -m workshop --quick run`", "option --quick of cli"),
        ("`python3 -m workshop dev starters --all`", "option --all of starters"),
    ],
)
def test_what_is_missing_is_found(text: str, found: str) -> None:
    """The check above can fail: it finds each kind of reference that leads nowhere."""
    assert any(found in problem for problem in problems(ROOT / "README.md", text))


def test_wrong_step_is_found() -> None:
    """A number that its stage does not have is found, in the README and in the guide; another stage's is passed over."""
    guide = "### stage8_daemon: x\n\nDo steps 1 to 12.\n\n### stage0_setup: y\n\nStep 2.\n\n## After\n\nstep 99"
    assert list(wrong_steps(ROOT / "slides" / "README.md", guide)) == ["step 12 of stage8_daemon"]
    page = ROOT / "exercises" / "stage8_daemon" / "README.md"
    text = "As in step 25 of stage 3, and stage 3's step 24.\n\nNot in step 13."
    assert list(wrong_steps(page, text)) == ["step 13 of stage8_daemon"]


def test_readme_has_every_stage() -> None:
    """README.md lists each stage with its minutes, as course.toml has them; the stage's README has those for one alone."""
    text = (ROOT / "README.md").read_text("utf-8")
    for stage in COURSE.stages:
        minutes = f"{stage.minutes} | {stage.alone}"
        row = f"| [{stage.name}](exercises/{stage.name}/README.md) | {minutes} |"
        assert row in text, f"README.md's table of stages wants a row that begins: {row}"
        own = " ".join((stage.folder / "README.md").read_text("utf-8").split())
        for numbers in re.findall(r"\d+ to \d+", stage.alone):
            assert numbers in own, f"exercises/{stage.name}/README.md wants the minutes {numbers}"


def test_each_stage_names_its_lecture() -> None:
    """The README of a stage that has a notebook begins with the command that opens it, and its minutes."""
    said = re.compile(r"takes (\w+) minutes")
    for stage in COURSE.stages:
        path = ROOT / "notebooks" / f"{stage.name}.md"
        if not path.exists():
            continue
        found = said.search(path.read_text("utf-8"))
        assert found, f"notebooks/{path.name} does not say that it takes so many minutes"
        minutes = {"ten": "10"}.get(found[1], found[1])
        line = f"The lecture: `python3 -m workshop lab {stage.name}`, {minutes} minutes."
        third = (stage.folder / "README.md").read_text("utf-8").splitlines()[2]
        assert third == line, f"the third line of exercises/{stage.name}/README.md"


def test_nothing_is_left_to_write() -> None:
    """What `dev new` leaves open is written: the word TODO is nowhere in the course."""
    places = [ROOT / "README.md", ROOT / "slides" / "README.md"]
    for folder in ("exercises", "solutions", "notebooks"):
        places += [p for p in (ROOT / folder).rglob("*") if p.suffix in (".md", ".py", ".toml")]
    left = [
        f"{path.relative_to(ROOT).as_posix()}, line {number}"
        for path in sorted(places)
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if re.search(r"\bTODO\b|Todo\b", line)
    ]
    assert not left, "still to be written: " + "; ".join(left)


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
