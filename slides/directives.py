"""The directives of a deck: notes, source, terminal, picture, decks. README.md shows how they are written.

A warning from here ends the build, which the tool runs with -W.
"""

from __future__ import annotations

import ast
import re
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


class Included(RevealjsLiteralInclude):
    """The base of the next two: a file's text, which must fit on a slide."""

    def shown(self, node: nodes.Element, text: str) -> list[nodes.Node]:
        """Return the node with this text; warn if it does not fit."""
        text = text.strip("\n")
        lines = text.splitlines()
        for n, line in enumerate(lines, 1):
            if len(line) > COLUMNS:
                self.warn(f"line {n} has {len(line)} columns; a slide holds {COLUMNS}")
        if len(lines) > LINES:
            self.warn(f"{len(lines)} lines; a slide holds {LINES}")
        node.children = []
        node += nodes.Text(text)
        return [node]

    def warn(self, text: str) -> None:
        logger.warning(f"{self.name} {self.arguments[0]}: {text}", location=self.get_location())


class Source(Included):
    """`{source} solutions/stage2_poetry/server.py`: code, from a file of the course.

    Takes literalinclude's options; `no-docstrings` leaves those out, and `steps: 1-2|5|1-6` lifts these lines out one
    after another.
    """

    option_spec: ClassVar = {
        **RevealjsLiteralInclude.option_spec,
        "no-docstrings": directives.flag,
        "steps": directives.unchanged_required,
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
        if "no-docstrings" in self.options:
            text = without_docstrings(text)
        if steps := self.options.get("steps"):
            whole = f"1-{len(text.splitlines())}"
            if steps.rpartition("|")[2] != whole:
                self.warn(f"the last of the steps {steps} must be the whole, {whole}")
            node["data-line-numbers"] = steps
        return self.shown(node, text)


class Terminal(Included):
    """`{terminal} stage0_red`: what terminal.toml's command of that name printed, in terminal/."""

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        self.arguments[0] = f"/terminal/{name}.txt"
        self.options.setdefault("language", "console")
        (node,) = super().run()
        self.arguments[0] = name
        if not isinstance(node, nodes.literal_block):
            return [node]
        return self.shown(node, node.astext())


class Picture(SphinxDirective):
    """`{picture} stage2_chunks`: pictures/stage2_chunks.svg, or with slashes a path of the course.

    The content says what it shows, for those who do not see it.
    """

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        uri = f"/../{name}" if "/" in name else f"/pictures/{name}.svg"
        self.assert_has_content()
        return [nodes.image(uri=uri, alt=" ".join(" ".join(self.content).split()))]


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
    app.add_directive("source", Source)
    app.add_directive("terminal", Terminal)
    app.add_directive("picture", Picture)
    app.add_directive("decks", Decks)
    app.connect("doctree-read", look)
