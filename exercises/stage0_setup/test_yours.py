"""Your tests of as_line. Once step 1 is done both pass, and would pass with nearly any as_line: fix that in step 2."""

from twisted.trial.unittest import SynchronousTestCase

from .lines import as_line


class Yours(SynchronousTestCase):
    """as_line returns a text's bytes in UTF-8, with CR LF at the end."""

    def test_line(self) -> None:
        """A line is its text, then CR LF."""
        expected = as_line("poem")
        self.assertEqual(as_line("poem"), expected)

    def test_letters(self) -> None:
        """A letter outside ASCII is sent in UTF-8."""
        self.assertTrue(as_line("café"), b"caf\xc3\xa9\r\n")
