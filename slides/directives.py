"""The directives of a deck: notes, thread, source, terminal, picture, decks. README.md shows how they are written.

A warning from here ends the build, which the tool runs with -W.
"""

from __future__ import annotations

import ast
import re
from html import escape
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx_revealjs._ext.highlightings import RevealjsLiteralInclude
from sphinx_revealjs.nodes import revealjs_section

from workshop.course import load
from workshop.slides import thread
from workshop.slides.decks import COLUMNS, LINES, decks, minutes

ROOT = Path(__file__).resolve().parent.parent
logger = logging.getLogger(__name__)
MARKER = re.compile(r" *### (BEGIN SOLUTION|END SOLUTION|STARTER)")


class notes(nodes.General, nodes.Element):
    """A slide's notes, for the speaker."""


class Notes(SphinxDirective):
    """`:::{notes} 2 minutes`: what to say, and how long the slide takes. Every slide has just one."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self) -> list[nodes.Node]:
        length = minutes(self.arguments[0])
        if not length:
            raise self.error(f'notes: "{self.arguments[0]}"; expected minutes, such as 2 minutes.')
        self.assert_has_content()
        section, said = revealjs_section(), notes()
        section["data-timing"] = str(round(60 * length))
        said += self.parse_content_to_nodes()
        return [section, said]


class Thread(SphinxDirective):
    """`{thread} 1 2 4`: the five difficulties with these lit, and on a stage's deck the clock of the session."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        numbers = self.arguments[0].split()
        if not set(numbers) <= set("12345"):
            raise self.error(f'thread: "{self.arguments[0]}"; expected some of 1 2 3 4 5.')
        html = thread.strip({int(number) for number in numbers})
        if place := thread.moment(load(ROOT), self.env.docname):
            html = thread.clock(place) + html
        return [nodes.raw("", html, format="html")]


class Difficulties(SphinxDirective):
    """`{difficulties}`: a list of five lines, each beside the drawing of its difficulty."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        (found,) = self.parse_content_to_nodes()
        if not isinstance(found, nodes.Sequential) or len(found.children) != len(thread.DRAWINGS):
            raise self.error("difficulties: expected a list of five.")
        found["classes"].append("difficulties")
        for number, item in enumerate(found.children, 1):
            item.insert(0, nodes.raw("", thread.drawing(number, width=104), format="html"))
        return [found]


class Day(SphinxDirective):
    """`{day}`: the stages of a session and its breaks, as a bar."""

    def run(self) -> list[nodes.Node]:
        return [nodes.raw("", thread.day(load(ROOT)), format="html")]


class Included(RevealjsLiteralInclude):
    """The base of the next two: a file's text, which must fit on a slide."""

    def fitting(self, text: str) -> list[str]:
        """Return the lines of this text; warn if they do not fit."""
        lines = text.strip("\n").splitlines()
        for n, line in enumerate(lines, 1):
            if len(line) > COLUMNS:
                self.warn(f"line {n} has {len(line)} columns; a slide holds {COLUMNS}")
        if len(lines) > LINES:
            self.warn(f"{len(lines)} lines; a slide holds {LINES}")
        return lines

    def warn(self, text: str) -> None:
        logger.warning(f"{self.name} {self.arguments[0]}: {text}", location=self.get_location())


def size_of(lines: list[str]) -> int:
    """Return the size of letters, in pixels, in which these lines of code fit on a slide, with room for text."""
    columns = max(map(len, lines), default=1)
    return next(
        size
        for size in (36, 32, 29, 27)
        if size == 27 or (0.61 * size * columns <= 1160 and 1.25 * size * len(lines) <= 340)
    )


class Source(Included):
    """`{source} solutions/stage2_poetry/server.py`: code, from a file of the course.

    Takes literalinclude's options; `no-docstrings` leaves those out, `steps: 1-2|5|1-6` lifts these lines out one
    after another, and `mutant: no_ending` makes the edit of that mutant of the stage.
    """

    option_spec: ClassVar = {
        **RevealjsLiteralInclude.option_spec,
        "no-docstrings": directives.flag,
        "steps": directives.unchanged_required,
        "mutant": directives.unchanged_required,
    }

    def run(self) -> list[nodes.Node]:
        path = self.arguments[0]
        self.options.setdefault("dedent", None)
        self.options.setdefault("language", "python" if path.endswith(".py") else "text")
        self.arguments[0] = f"/../{path}"
        (node,) = super().run()
        self.arguments[0] = path
        if not isinstance(node, nodes.literal_block):
            return [node]
        text = "".join(
            line for line in node.astext().splitlines(keepends=True) if not MARKER.match(line)
        )
        if name := self.options.get("mutant"):
            stage = load(ROOT).stage(Path(path).parent.name)
            for mutant in stage.mutants:
                if mutant.name == name and text.count(mutant.find) == 1:
                    text = text.replace(mutant.find, mutant.replace)
                    break
            else:
                self.warn(f"no mutant {name} of what is shown")
        if "no-docstrings" in self.options:
            text = without_docstrings(text)
        if steps := self.options.get("steps"):
            whole = f"1-{len(text.splitlines())}"
            if steps.rpartition("|")[2] != whole:
                self.warn(f"the last of the steps {steps} must be the whole, {whole}")
            node["data-line-numbers"] = steps
        lines = self.fitting(text)
        node.children = [nodes.Text("\n".join(lines))]
        return [nodes.container("", node, classes=[f"letters-{size_of(lines)}"])]


class Terminal(Included):
    """`{terminal} stage0_red`: what terminal.toml's command of that name printed, in terminal/."""

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        self.arguments[0] = f"/terminal/{name}.txt"
        (node,) = super().run()
        self.arguments[0] = name
        if not isinstance(node, nodes.literal_block):
            return [node]
        if node.astext().endswith("\n\n"):
            # A wrong number, which would leave the verdict out, is mostly that of an empty line.
            self.warn("its last line is empty")
        lines = self.fitting(node.astext())
        # The highlighter knows no verdicts, so the text is coloured here.
        html = VERDICT.sub(coloured, escape("\n".join(lines), quote=False))
        # In a timeline, what the weather did.
        html = re.sub(
            r"^ +[\d.]+ ms +~ .*$", r'<span class="prompt">\g<0></span>', html, flags=re.M
        )
        html = re.sub(r"^\$ (.*)$", r'<span class="prompt">$</span> <b>\1</b>', html, flags=re.M)
        html = f'<pre><code data-noescape class="nohighlight console">{html}</code></pre>'
        return [nodes.raw("", f'<div class="letters-{size_of(lines)}">{html}</div>', format="html")]


VERDICT = re.compile(r"\[(OK|FAIL|ERROR)\]|^(PASSED|FAILED|  Fails when)\b.*$", re.M)


def coloured(found: re.Match[str]) -> str:
    """Return a verdict of trial's, or of a hunt, in green or red."""
    look = "good" if "OK" in found[0] or "PASSED" in found[0] else "bad"
    return f'<span class="{look}">{found[0]}</span>'


class Picture(SphinxDirective):
    """`{picture} stage2_chunks`: pictures/stage2_chunks.svg, or with slashes a path of the course.

    It becomes a part of the page, so that its parts of class "fragment" can be shown one after another. The content says
    what it shows, for those who do not see it.
    """

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        path = ROOT / name if "/" in name else ROOT / "slides" / "pictures" / f"{name}.svg"
        self.assert_has_content()
        if not path.is_file():
            raise self.error(f"picture: there is no {path.name}.")
        self.env.note_dependency(str(path))
        said = escape(" ".join(" ".join(self.content).split()))
        # Their own title would pop up under the mouse.
        svg = re.sub(r"<title>.*?</title>\n?", "", path.read_text("utf-8"), flags=re.S)
        svg = svg.replace(' role="img"', ' aria-hidden="true"', 1)
        html = f'<figure class="picture" role="img" data-name="{path.name}" aria-label="{said}">\n{svg}</figure>'
        return [nodes.raw("", html, format="html")]


class Decks(SphinxDirective):
    """`{decks}`: links to all decks, in the order of the class, with the numbers of their stages."""

    def run(self) -> list[nodes.Node]:
        found = nodes.bullet_list()
        for name, title in decks(load(ROOT)).items():
            stage = re.match(r"stage(\d+[a-z]?)_", name)
            text = f"Stage {stage[1]}: {title}" if stage else title
            link = nodes.reference("", text, refuri=f"{name}.html")
            found += nodes.list_item("", nodes.paragraph("", "", link))
        return [found]


def without_docstrings(text: str) -> str:
    """Return Python code without its docstrings."""
    lines = text.splitlines(keepends=True)
    gone: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            first = node.body[0]
            if ast.get_docstring(node) is not None and len(node.body) > 1:
                # And the empty line after it.
                end = first.end_lineno or first.lineno
                gone.update(range(first.lineno, end + 1 + (not lines[end].strip())))
    return "".join(line for n, line in enumerate(lines, 1) if n not in gone)


def look(app: Sphinx, doctree: nodes.document) -> None:
    """Warn of a slide without notes, a heading too deep, a picture without a text for those who do not see it."""
    name = app.env.docname
    # No deck is in a table of contents.
    app.env.metadata[name]["orphan"] = "yes"
    for section in doctree.findall(nodes.section):
        title = section.next_node(nodes.title)
        count = sum(isinstance(child, notes) for child in section.children)
        if count != 1 and name != "index":
            logger.warning(f'"{title.astext()}" has {count} notes; expected 1', location=section)
        if isinstance(section.parent, nodes.section) and section.parent.parent is not doctree:
            logger.warning(f'"{title.astext()}": a slide is "##"', location=section)
    for block in list(doctree.findall(nodes.literal_block)):
        if not isinstance(block.parent, nodes.container):
            around = nodes.container(
                "", classes=[f"letters-{size_of(block.astext().splitlines())}"]
            )
            block.replace_self(around)
            around += block
    for image in doctree.findall(nodes.image):
        if not image.get("alt", "").strip():
            logger.warning(
                f"{image['uri']} has no text for those who do not see it", location=image
            )


def visit_notes(translator, node) -> None:
    translator.body.append('<aside class="notes">\n')


def depart_notes(translator, node) -> None:
    translator.body.append("</aside>\n")


def setup(app: Sphinx) -> None:
    app.add_node(notes, revealjs=(visit_notes, depart_notes))
    app.add_directive("notes", Notes)
    app.add_directive("thread", Thread)
    app.add_directive("difficulties", Difficulties)
    app.add_directive("day", Day)
    app.add_directive("source", Source)
    app.add_directive("terminal", Terminal)
    app.add_directive("picture", Picture)
    app.add_directive("decks", Decks)
    app.connect("doctree-read", look)
