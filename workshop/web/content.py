"""What the page shows of the course: course.json, made when the folder of static files is built.

Each README becomes HTML, one section for each heading. Links between the course's own files lead to places in the page, and
pictures are part of the HTML, so that the page asks for no other file.
"""

from __future__ import annotations

import base64
import html
import json
import posixpath
import re
from collections.abc import Iterator, Set
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from workshop.course import Course, CourseError, Kind, Stage, Step, visible
from workshop.course.files import files_below
from workshop.course.solutions import answer, place_of_step
from workshop.course.toml_fields import read
from workshop.web.doors import rewrite, without_terminal

PICTURES = {".svg": "image/svg+xml", ".png": "image/png"}
TEXTS = (".py", ".txt", ".md", ".toml")
# Read elsewhere: the README is in the page, the hints come a tier at a time.
NOT_SHOWN = ("README.md", "hints.md")
# The heading of a step's section, or of what a kind of mistake is about.
NUMBERED = re.compile(r"(?:Step|Description) (\d+)\b")
COMMAND = re.compile(r"(?:trial|twist|python3?|pip|git|[A-Z_]+=\S*|\.) ")
EXTERNAL = re.compile(r"[a-z]+:|//")
CREDITS = "credits"
"""The name of a page that no file is."""
# In a docstring's HTML: code between backquotes, or else an option, or a word with its dots, key and arguments.
NAMES = re.compile(
    r"<[^>]*>|&[#\w]+;|`+(?P<quoted>[^`<]+)`+"
    r"|(?<![\w/-])(?P<name>--\w+|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?:\[[^]<]*\])?(?:\([^()<]*\))?)(?![\w/])"
)
NAME = re.compile(r"^--|_|\w\w\.\w\w|[a-z][A-Z]|[])]$")
ELSEWHERE = Path(__file__).parent / "elsewhere.toml"


def as_data(course: Course) -> dict[str, Any]:
    """Return what course.json has.

    Raises:
        CourseError: The course's own files are wrong, or solutions/ is missing.
    """
    pages = Pages(course)
    stages = [_stage(pages, stage) for stage in course.stages]
    project = read(course.root / "pyproject.toml").get("project", {})
    credits_of(pages)
    return {
        "title": course.title,
        "version": str(project.get("version", "")),
        "source": str(project.get("urls", {}).get("Source", "")),
        "stages": stages,
        "shared": _texts(course.root, visible(course.root / "exercises", "*.py")),
        "pages": pages.rest(),
    }


def credits_of(pages: Pages) -> None:
    """Make a page of what the course's README says about its sources."""
    readme = pages.root / "README.md"
    text = readme.read_text("utf-8") if readme.is_file() else ""
    if found := re.search(r"^## Credits\n(.*?)(?=^## |\Z)", text, re.M | re.S):
        pages.add(CREDITS, f"# Credits\n{found[1]}")


def as_json(course: Course) -> bytes:
    """Return course.json; the same course has the same bytes."""
    return json.dumps(as_data(course), ensure_ascii=False, separators=(",", ":")).encode()


def _stage(pages: Pages, stage: Stage) -> dict[str, Any]:
    starters = {stage.path(name): text for name, text in answer(stage, 0).items()}
    given = [
        path
        for path in files_below(stage.folder)
        if path.suffix in TEXTS and path.name not in NOT_SHOWN
    ]
    texts = _texts(stage.root, given)
    readme = stage.path("README.md")
    page = pages.page(readme)
    return {
        "name": stage.name,
        "number": stage.number,
        "title": stage.title,
        "minutes": stage.minutes,
        "alone": stage.alone,
        "track": stage.track,
        "kind": stage.kind,
        "judged": stage.judged,
        "edit": list(starters),
        "starters": starters,
        "breaks": _breaks(stage, texts.keys() - starters.keys()),
        "given": {path: text for path, text in texts.items() if path not in starters},
        "readme": page.html,
        "steps": [_topic(stage, topic, page.anchors) for topic in stage.topics],
        "lecture": f"notebooks/{stage.name}.html" if stage.notebook.is_file() else None,
        "elsewhere": str(read(ELSEWHERE).get(stage.name, "")),
        "away": stage.name in read(ELSEWHERE)["stages"],
    }


def _breaks(stage: Stage, given: Set[str]) -> list[str]:
    """Return the given files that learners may break, to see their tests fail: those in which the judge makes mistakes."""
    files = {stage.path(mutant.file) for mutant in stage.mutants} if stage.judged else set()
    return sorted(files & given)


def _topic(stage: Stage, topic: Step | Kind, anchors: dict[int, str]) -> dict[str, Any]:
    """Return a step, or a kind of mistake. In a stage whose learners list the kinds themselves, those have no title."""
    found: dict[str, Any] = {
        "number": topic.number,
        "title": topic.title,
        "requirement": "",
        "anchor": anchors.get(topic.number, ""),
    }
    if isinstance(topic, Step):
        place = f"{stage.name}/{found['anchor']}".rstrip("/")
        text = _paragraphs(topic.text)
        found["requirement"] = re.sub(
            r"<code>README\.md</code>", f'<a href="#{place}">the README</a>', text
        )
        file, _ = place_of_step(stage, topic.number)
        found["place"] = stage.path(file) if file else ""
        test = stage.path(f"{topic.module}.py")
        text = (stage.root / test).read_text("utf-8")
        line = text[: text.index(f"class {topic.cls}(")].count("\n") + 1
        found["test"] = {
            "path": test,
            "line": line,
            "target": topic.target(stage.name),
            "given": topic.given,
        }
    elif "list.md" in stage.edit:
        found["title"] = ""
    return found


def _paragraphs(text: str) -> str:
    """Return a docstring's paragraphs as HTML."""
    whole = "".join(f"<p>{html.escape(' '.join(part.split()))}</p>" for part in text.split("\n\n"))
    return NAMES.sub(_as_code, whole) if text else ""


def _as_code(found: re.Match[str]) -> str:
    """Return what is between backquotes, or a name that cannot be a word of a sentence, as code."""
    if found["quoted"]:
        return f"<code>{found['quoted']}</code>"
    name = found["name"]
    return f"<code>{name}</code>" if name and NAME.search(name) else found[0]


def _commands(box: re.Match[str]) -> str:
    """Return a box of commands with what explains each in a part of its own, which may go below it; another box as it is."""
    lines = box[1].splitlines()
    if not all(COMMAND.match(line) for line in lines if line):
        # A single line, such as an error's, needs no columns.
        return box[0].replace("<pre>", '<pre class="commands">') if len(lines) == 1 else box[0]
    shown = (re.sub(r" {2,}(\S.*)", r'  <span class="gloss">\1</span>', line) for line in lines)
    inside = "".join(f'<span class="line">{line}\n</span>' for line in shown)
    return f'<pre class="commands"><code>{inside}</code></pre>'


def _texts(root: Path, paths: list[Path]) -> dict[str, str]:
    return {path.relative_to(root).as_posix(): path.read_text("utf-8") for path in paths}


class Page:
    """One file of Markdown as HTML.

    Attributes:
        title: Its first heading.
        html: A section for each heading of the second level, and one before them.
        anchors: The id of the section of each step.
    """

    def __init__(self, pages: Pages, path: str, text: str) -> None:
        self._pages = pages
        self._path = path
        self.title = ""
        self.anchors: dict[int, str] = {}
        self.ids: dict[str, str] = {}
        markdown = MarkdownIt("commonmark", {"html": True}).enable("table")
        tokens = markdown.parse(without_terminal(text))
        if not pages.is_away(path):
            rewrite(pages.course, tokens)
        for token in tokens:
            self._rewrite(token.children or [])
        render = markdown.renderer.render
        parts = [
            f"<section{head}>{render(part, markdown.options, {})}</section>\n"
            for head, part in self._sections(tokens)
            if part
        ]
        self.html = "".join(parts)
        self.html = re.sub("<pre><code>(.*?)</code></pre>", _commands, self.html, flags=re.S)
        # A column without a name has no header.
        self.html = self.html.replace("<th></th>", "<td></td>")
        # What scrolls can be scrolled with the keyboard.
        self.html = self.html.replace("<pre>", '<pre tabindex="0">')
        card = r'<span class="picture" role="group" aria-label="Picture" tabindex="0">\g<0></span>'
        self.html = re.sub(r"<img [^>]*>", card, self.html)
        self.html = re.sub(
            "<table>.*?</table>",
            r'<div class="table" tabindex="0">\g<0></div>',
            self.html,
            flags=re.S,
        )

    def _sections(self, tokens: list[Token]) -> Iterator[tuple[str, list[Token]]]:
        """Return the sections: their attributes, and their tokens. The file's title is left to the page."""
        head, part = ' class="top"', list[Token]()
        skip = False
        for n, token in enumerate(tokens):
            if token.type == "heading_open" and token.tag == "h1":
                self.title, skip = tokens[n + 1].content, True
            elif token.type == "heading_open" and token.tag == "h2":
                yield head, part
                head, part = self._head(tokens[n + 1].content), []
            if not skip:
                part.append(token)
            if token.type == "heading_close" and token.tag == "h1":
                skip = False
        yield head, part

    def _head(self, title: str) -> str:
        slug = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        anchor = f"readme-{slug}"
        found = NUMBERED.match(title)
        if not found:
            return f' id="{anchor}"'
        self.anchors[int(found[1])] = anchor
        return f' id="{anchor}" data-step="{found[1]}"'

    def _rewrite(self, tokens: list[Token]) -> None:
        """Make links lead to a place in the page, or out of it; put a picture's bytes in its place."""
        nowhere = False
        for token in tokens:
            if token.type == "link_open":
                target = str(token.attrs["href"])
                place = self._pages.place(self._path, target)
                nowhere = place is None
                if EXTERNAL.match(target):
                    token.attrs.update(target="_blank", rel="noopener noreferrer")
                elif place is not None:
                    token.attrs["href"] = place
                else:
                    token.tag, token.attrs = "span", {}
            elif token.type == "link_close" and nowhere:
                token.tag = "span"
            elif token.type == "image":
                path = self._pages.root / self._below(str(token.attrs["src"]))
                data = base64.b64encode(path.read_bytes()).decode()
                token.attrs["src"] = f"data:{PICTURES[path.suffix]};base64,{data}"

    def _below(self, target: str) -> str:
        return posixpath.normpath(posixpath.join(posixpath.dirname(self._path), target))


class Pages:
    """The Markdown files that the page shows: the stages' READMEs, and whatever these link to."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.root = course.root
        self._stages = {stage.path("README.md"): stage.name for stage in course.stages}
        self._pages: dict[str, Page] = {}
        self._wanted: list[str] = []

    def page(self, path: str) -> Page:
        """Return a file as a page."""
        if path not in self._pages:
            self._pages[path] = Page(self, path, (self.root / path).read_text("utf-8"))
        return self._pages[path]

    def add(self, name: str, text: str) -> None:
        """Add a page that nothing links to."""
        self._pages[name] = Page(self, name, text)
        self._wanted.append(name)

    def is_away(self, path: str) -> bool:
        """Return whether this is the README of a stage that needs a machine: its commands are for a terminal."""
        return self._stages.get(path, "") in read(ELSEWHERE)["stages"]

    def place(self, path: str, target: str) -> str | None:
        """Return where in the page a link of a file leads; None if the page does not show it.

        Raises:
            CourseError: It leads to a file that does not exist.
        """
        if EXTERNAL.match(target):
            return target
        name, _, anchor = target.partition("#")
        below = posixpath.normpath(posixpath.join(posixpath.dirname(path), name)) if name else path
        if not (self.root / below).exists():
            raise CourseError(f"{path} links to {target}, which does not exist.")
        if below in self._stages:
            return f"#{self._stages[below]}" + (f"/readme-{anchor}" if anchor else "")
        if below.endswith(".md"):
            self._wanted.append(below)
            return f"#page/{below}"
        shown = below.startswith("exercises/") and below.endswith(TEXTS)
        return f"#file/{below}" if shown else None

    def rest(self) -> dict[str, dict[str, str]]:
        """Return the pages that are linked to and are no stage's README, by path."""
        found: dict[str, dict[str, str]] = {}
        while self._wanted:
            path = self._wanted.pop()
            if path not in found:
                page = self.page(path)
                found[path] = {"title": page.title, "html": page.html}
        return dict(sorted(found.items()))
