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
        endpoint = self.listen(Catalogue({b"Emma": 3, b"Dune": 12, b"Ulysses": 7}))
        borrower = await self.connect(endpoint, Borrower(self.reactor))
        asked = [borrower.shelf(title) for title in (b"Emma", b"Dune", b"It") * 8]
        self.assertEqual(await gatherResults(asked), [3, 12, 0] * 8)

    def test_silence(self) -> None:
        """A catalogue that does not answer has 1.5 seconds, not less and not more."""
        clock = Clock()
        borrower = Borrower(clock)
        borrower.makeConnection(StringTransport())
        asked = borrower.shelf(b"Emma")
        clock.advance(1.4)
        self.assertNoResult(asked)
        clock.advance(0.2)
        self.failureResultOf(asked, TimeoutError)
