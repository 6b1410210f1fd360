"""Your tests of as_line. As provided, both pass and neither can fail: fix that in Step 2."""

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
