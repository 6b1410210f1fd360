"""The notebooks as pages to read: with the outputs that they have stored, in one theme, asking for no other file."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable
from importlib import import_module
from typing import Any

from workshop.course import Course, Stage

# Everything is in the page itself, and nothing else may be asked for.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #55606e; --paper: #fff; --shade: #f4f6f8; --line: #dde3e9;
  --blue: #1a5a96; --red: #a61b1b; --green: #1a6b2e; --yellow: #7a5200; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9ef; --soft: #a4afbc; --paper: #12161b; --shade: #1b2129;
  --line: #303945; --blue: #8ec1f2; --red: #ff9d9d; --green: #8fdba1; --yellow: #f0c674; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1.05rem/1.6 system-ui, sans-serif; }
main, nav { max-width: 54rem; margin: 0 auto; padding: 0 1.25rem; }
nav { padding-top: 1.25rem; color: var(--soft); font-size: .95rem; }
main { padding-bottom: 4rem; }
h1, h2, h3 { line-height: 1.25; margin: 2.2rem 0 .8rem; }
h1 { margin-top: 1.2rem; }
a { color: var(--blue); }
pre, code { font: .9rem/1.5 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
p code, li code, td code { background: var(--shade); padding: .1em .3em; border-radius: 3px; }
pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.code { margin: 1.2rem 0; border: 1px solid var(--line); border-radius: 8px; overflow: hidden; }
.code > * { padding: .7rem 1rem; }
.source { background: var(--shade); }
summary { cursor: pointer; color: var(--blue); }
.code > .outputs { padding: 0; border-top: 1px solid var(--line); }
.outputs > * { padding: .5rem 1rem; }
.output { border-top: 1px solid var(--line); overflow-x: auto; }
img { max-width: 100%; height: auto; background: #fff; border-radius: 4px; }
.error { color: var(--red); }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { border: 1px solid var(--line); padding: .3rem .6rem; text-align: left; }
blockquote { margin: 1rem 0; padding-left: 1rem; border-left: 3px solid var(--line); color: var(--soft); }
.k, .kn, .kc, .ow { color: var(--blue); font-weight: 600; }
.s, .s1, .s2, .sa, .sb, .sd, .sx, .si, .se { color: var(--green); }
.c1, .c, .cm { color: var(--soft); font-style: italic; }
.mi, .mf, .nd { color: var(--yellow); }
.nf, .nc { font-weight: 600; }
.ansi-red-fg, .ansi-red-intense-fg { color: var(--red); }
.ansi-green-fg, .ansi-green-intense-fg { color: var(--green); }
.ansi-yellow-fg, .ansi-yellow-intense-fg { color: var(--yellow); }
.ansi-blue-fg, .ansi-blue-intense-fg, .ansi-cyan-fg, .ansi-cyan-intense-fg { color: var(--blue); }
.ansi-bold { font-weight: 700; }
"""
# A link to a file of a stage leads to the stage in the page; there is nothing else to lead to.
STAGE_LINK = re.compile(r"(?:\.\./)?(?:exercises|notebooks)/(stage\w+)/?(?:[\w./-]*)")
CODE = re.compile(r"\x1b\[([\d;]*[@-~])")
COLOURS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
# What a notebook says about its cells, and what is said of them here.
RUN = re.compile(
    r"Run each cell with Shift\+Enter; before you do, predict what it will print\.".replace(
        " ", r"\s+"
    )
)
PREDICT = "The output of each cell is folded: predict it before you open it."
READ = "To read only. To run and change the cells, on a machine that has the course:"


def lectures(course: Course) -> dict[str, str]:
    """Return a page for each stage that has a notebook, by the stage's name."""
    found = [stage for stage in course.stages if stage.notebook.is_file()]
    if not found:
        return {}
    show = _Show()
    return {stage.name: _page(stage, show) for stage in found}


def _page(stage: Stage, show: _Show) -> str:
    """Return one notebook as a page."""
    # Not nbformat: it checks what is known to be right, and takes two seconds to import.
    notebook = json.loads(stage.notebook.read_text("utf-8"))
    cells = "\n".join(_cell(cell, show) for cell in notebook["cells"])
    title = html.escape(stage.title)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        f"<title>{title}: the lecture</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f'<nav aria-label="The course"><a href="../index.html#{stage.name}">Stage {stage.number}: {title}</a>\n'
        f"<p>{READ} <code>python3 -m workshop lab {stage.name}</code></p></nav>\n"
        f"<main>\n{cells}\n</main>\n</body>\n</html>\n"
    )


def _cell(cell: dict[str, Any], show: _Show) -> str:
    source = "".join(cell["source"])
    if cell["cell_type"] != "code":
        return show.prose(RUN.sub(PREDICT, source))
    outputs = "".join(f'\n<div class="output">{_output(one)}</div>' for one in cell["outputs"])
    if outputs:
        outputs = f'\n<details class="outputs">\n<summary>Output</summary>{outputs}\n</details>'
    return f'<div class="code">\n<div class="source">{show.code(source)}</div>{outputs}\n</div>'


def _output(output: dict[str, Any]) -> str:
    """Return one output of a cell: a picture if it has one, else its text."""
    if output["output_type"] == "stream":
        kind = ' class="error"' if output["name"] == "stderr" else ""
        return f"<pre{kind}>{as_html(''.join(output['text']))}</pre>"
    if output["output_type"] == "error":
        return f'<pre class="error">{as_html(chr(10).join(output["traceback"]))}</pre>'
    svg = "".join(output["data"].get("image/svg+xml", ()))
    if not svg:
        return f"<pre>{as_html(''.join(output['data']['text/plain']))}</pre>"
    # As an image, its ids cannot clash with those of another picture.
    data = base64.b64encode(svg.encode()).decode()
    return f'<img alt="{html.escape(_described(svg))}" src="data:image/svg+xml;base64,{data}">'


def as_html(text: str) -> str:
    """Return a terminal's text as HTML, with the classes of STYLE for its colours and for bold."""
    found, classes = [], ""
    for n, part in enumerate(CODE.split(text)):
        if n % 2:
            numbers = (
                [int(number or 0) for number in part[:-1].split(";")] if part[-1] == "m" else []
            )
            colours = [f"ansi-{COLOURS[k - 30]}-fg" for k in numbers if 30 <= k < 38]
            colours += [f"ansi-{COLOURS[k - 90]}-intense-fg" for k in numbers if 90 <= k < 98]
            if numbers:
                classes = " ".join(colours + ["ansi-bold"] * (1 in numbers))
        elif part:
            escaped = html.escape(part)
            found.append(f'<span class="{classes}">{escaped}</span>' if classes else escaped)
    return "".join(found)


def _described(svg: str) -> str:
    """Return a picture's title and description."""
    parts = (re.search(rf"<{tag}\b[^>]*>(.*?)</{tag}>", svg, re.S) for tag in ("title", "desc"))
    return " ".join(html.unescape(" ".join(found[1].split())) for found in parts if found)


class _Show:
    """Turns the source of cells into HTML. Importing what does it takes a while, so only a build does."""

    def __init__(self) -> None:
        from markdown_it import MarkdownIt
        from pygments import highlight
        from pygments.formatters import HtmlFormatter

        lexer, formatter = _lexer(), HtmlFormatter(cssclass="highlight")
        self._highlight: Callable[[str], str] = lambda source: highlight(
            source or " ", lexer, formatter
        )
        self._markdown = MarkdownIt("commonmark").enable("table")

    def prose(self, source: str) -> str:
        """Return Markdown as HTML, with links to files of a stage leading to the stage."""
        tokens = self._markdown.parse(source)
        for token in (one for block in tokens for one in block.children or ()):
            found = STAGE_LINK.fullmatch(str(token.attrs.get("href", "")))
            if found:
                token.attrs["href"] = f"../index.html#{found[1]}"
        return str(self._markdown.renderer.render(tokens, self._markdown.options, {}))

    def code(self, source: str) -> str:
        """Return code as HTML, with its parts in the classes of Pygments."""
        magic, _, rest = source.partition("\n")
        if not magic.startswith("%%"):
            return self._highlight(source)
        # The lexer does not know what kind of text follows a magic of ours.
        return self._highlight(rest).replace(
            "<pre>", f'<pre><span class="k">{html.escape(magic)}</span>\n', 1
        )


def _lexer() -> Any:
    """Return what knows the parts of a cell's code."""
    try:
        module: Any = import_module("ipython_pygments_lexers")
    except ImportError:
        # Older versions of IPython have it in themselves.
        module = import_module("IPython.lib.lexers")
    return module.IPython3Lexer()
