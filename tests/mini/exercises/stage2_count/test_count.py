"""Provided tests of the miniature counter."""

from twisted.trial.unittest import SynchronousTestCase

from .count import count


class Step01Count(SynchronousTestCase):
    """Bytes are counted."""

    def test_counts(self) -> None:
        """The number of bytes is given."""
        self.assertEqual(count(b"abc"), 3, "count(b'abc'): expected 3.")
