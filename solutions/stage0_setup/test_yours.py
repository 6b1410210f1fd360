"""Your tests of as_line. Once step 1 is done both pass, and would pass with nearly any as_line: fix that in step 2."""

from twisted.trial.unittest import SynchronousTestCase

from .lines import as_line


class Yours(SynchronousTestCase):
    """as_line returns a text's bytes in UTF-8, with CR LF at the end."""

    def test_line(self) -> None:
        """A line is its text, then CR LF."""
        ### BEGIN SOLUTION Step 2: compare with bytes that you write out
        ### STARTER expected = as_line("poem")
        ### STARTER self.assertEqual(as_line("poem"), expected)
        self.assertEqual(as_line("poem"), b"poem\r\n")
        ### END SOLUTION

    def test_letters(self) -> None:
        """A letter outside ASCII is sent in UTF-8."""
        ### BEGIN SOLUTION Step 2: compare with bytes that you write out
        ### STARTER self.assertTrue(as_line("café"), b"caf\xc3\xa9\r\n")
        self.assertEqual(as_line("café"), b"caf\xc3\xa9\r\n")
        ### END SOLUTION
