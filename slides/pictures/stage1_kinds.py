"""The same test as a TestCase and as a SynchronousTestCase: what trial does around each, from two runs."""

from opening_trial import ROW, chain, told

from workshop.notebook.around_steps import record
from workshop.pictures.base import BOLD, CODE, slide, word

TEST = """
from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.trial.unittest import {kind}


class Eventually({kind}):
    def test_later(self):
        return deferLater(reactor, 0.01, lambda: 3).addCallback(self.assertEqual, 5)
"""
HEAD, WIDE, GAP = 50, 580, 40

parts, most = [], 0
for n, kind in enumerate(("TestCase", "SynchronousTestCase")):
    x = n * (WIDE + GAP)
    rows = [row for row in told(record(TEST.format(kind=kind))) if "ports" not in row[1]]
    most = max(most, len(rows))
    parts.append(word(x, 32, kind, f"{CODE} {BOLD}"))
    parts.append(f'<g transform="translate(0 {HEAD})">')
    parts += [*chain(rows, x, WIDE), "</g>"]
print(slide(HEAD + ROW * most, "Two kinds of test case", parts), end="")
