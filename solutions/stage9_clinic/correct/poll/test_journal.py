"""The journal keeps what it is sent."""

from __future__ import annotations

from twisted.internet.task import deferLater

from .journal import Journal, send
from .network import NetworkTestCase


class JournalTests(NetworkTestCase):
    """A journal, and senders."""

    def setUp(self) -> None:
        super().setUp()
        self.records: list[str] = []
        self.endpoint = self.listen(Journal(self.records.append))

    async def written(self, count: int) -> list[str]:
        """The records, once there are so many."""
        while len(self.records) < count:
            await deferLater(self.reactor, 0.001)
        return self.records

    async def test_order(self) -> None:
        """Records are kept in the order in which they were sent."""
        await send(self.endpoint, ["pump on", "valve open", "pump off"])
        self.assertEqual(await self.written(3), ["pump on", "valve open", "pump off"])

    async def test_text(self) -> None:
        """A record may be any text, spaces at its ends included."""
        await send(self.endpoint, [" 21 °C "])
        self.assertEqual(await self.written(1), [" 21 °C "])
