"""The decks' settings for Sphinx, with each Markdown file in this folder as one deck of reveal.js.

By hand: sphinx-build -W -b revealjs slides FOLDER. README.md here says how a deck is written.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))  # for directives.py

from workshop.course import load  # noqa: E402

project = load(HERE.parent).title
language = "en"
extensions = ["myst_parser", "sphinx_revealjs", "directives"]
# macOS lays a ._x beside each x on a foreign file system.
exclude_patterns = ["README.md", ".*", "**/.*"]
myst_enable_extensions = ["colon_fence"]
smartquotes = False
highlight_language = "text"  # else the browser guesses

revealjs_html_theme = "revealjs-simple"
revealjs_style_theme = "deck.css"
revealjs_static_path = ["theme"]
revealjs_script_plugins = [
    {"src": "revealjs/plugin/notes/notes.js", "name": "RevealNotes"},
    {"src": "speaker.js", "name": "SpeakerNotesFirst"},
    {"src": "revealjs/plugin/highlight/highlight.js", "name": "RevealHighlight"},
]
revealjs_script_conf = {
    "width": 1280,
    "height": 720,
    "margin": 0,
    "center": False,
    "hash": True,
    "slideNumber": "c/t",
    "controlsBackArrows": "visible",
    "transition": "none",
    "pdfSeparateFragments": False,
    # Never used, since every slide has its own; but without it, the speaker sees no pace.
    "defaultTiming": 60,
}
