"""Borrowers ask where books are."""

from __future__ import annotations

from twisted.internet.defer import TimeoutError, gatherResults
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from .catalogue import Borrower, Catalogue
from .network import NetworkTestCase


class CatalogueTests(NetworkTestCase):
    """A catalogue of three books."""

    async def test_many(self) -> None:
        """A borrower may ask many questions at once."""
        endpoint = self.listen(Catalogue({b"E": 3, b"D": 8, b"U": 7}))
        borrower = await self.connect(endpoint, Borrower(self.reactor))
        asked = [borrower.shelf(mark) for mark in (b"E", b"D", b"?") * 8]
        self.assertEqual(await gatherResults(asked), [3, 8, 0] * 8)

    def test_silence(self) -> None:
        """A catalogue that does not answer has 0.8 seconds, not less and not more."""
        clock = Clock()
        borrower = Borrower(clock)
        borrower.makeConnection(StringTransport())
        asked = borrower.shelf(b"E")
        clock.advance(0.75)
        self.assertNoResult(asked)
        clock.advance(0.1)
        self.failureResultOf(asked, TimeoutError)
