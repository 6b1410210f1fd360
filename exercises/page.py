"""HTML as a browser shows it: its lines, and any tags that do not match."""

import re
from html.parser import HTMLParser

# Elements without an end tag, those whose end tag is optional, and those within a line.
VOID = {"br", "hr", "img", "input", "link", "meta"}
OPTIONAL = {"dd", "dt", "li", "p", "tbody", "td", "th", "thead", "tr"}
INLINE = {"a", "b", "code", "em", "i", "kbd", "samp", "small", "span", "strong", "tt"}
# These are separated from the one before, in the same line.
CELLS = {"td", "th"}


class Shown(HTMLParser):
    """Some HTML as a browser shows it.

    lines: its lines of text, stripped; a line ends with a block or a br, and in a pre with a line feed too.
    wrong: the tags that are not closed, or not opened.
    """

    def __init__(self, page):
        super().__init__()
        self.text, self.wrong, self._open = "", [], []
        self.feed(page)
        self.close()
        self.wrong += [f"<{tag}>" for tag in self._open if tag not in OPTIONAL]
        self.lines = [line.strip() for line in self.text.split("\n")]

    def handle_starttag(self, tag, attributes):
        self._part(tag)
        self._open += [] if tag in VOID else [tag]

    def handle_endtag(self, tag):
        self._part(tag)
        if tag not in self._open:
            self.wrong.append(f"</{tag}>")
            return
        while (last := self._open.pop()) != tag:
            self.wrong += [] if last in OPTIONAL else [f"<{last}>"]

    def _part(self, tag):
        if tag in CELLS:
            self.text += "" if self.text[-1:].isspace() else " "
        elif tag not in INLINE:
            self.text += "\n"

    def handle_data(self, data):
        self.text += data if "pre" in self._open else re.sub(r"\s+", " ", data)

    def has(self, text):
        """Whether this text is shown as whole words."""
        return re.search(rf"(?<!\w){re.escape(text)}(?!\w)", self.text) is not None
