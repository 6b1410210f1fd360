"""The journal keeps what it is sent."""

from __future__ import annotations

### BEGIN SOLUTION Step 2: what the test waits for
### STARTER from twisted.internet.task import deferLater
### STARTER
from twisted.internet.defer import DeferredQueue

### END SOLUTION
from .journal import Journal, send
from .network import NetworkTestCase


class JournalTests(NetworkTestCase):
    """A journal, and senders."""

    def setUp(self) -> None:
        super().setUp()
        ### BEGIN SOLUTION Step 2: an event for each record
        ### STARTER self.records: list[str] = []
        ### STARTER self.endpoint = self.listen(Journal(self.records.append))
        self.records: DeferredQueue[str] = DeferredQueue()
        self.endpoint = self.listen(Journal(self.records.put))
        ### END SOLUTION

    ### BEGIN SOLUTION Step 2: wait for the event, not for a time
    ### STARTER async def written(self) -> list[str]:
    ### STARTER     """The records. The server needs a moment until it has them."""
    ### STARTER     await deferLater(self.reactor, 0.05)
    ### STARTER     return self.records
    async def written(self, count: int) -> list[str]:
        """The next records."""
        return [await self.records.get() for _ in range(count)]

    ### END SOLUTION

    async def test_order(self) -> None:
        """Records are kept in the order in which they were sent."""
        await send(self.endpoint, ["pump on", "valve open", "pump off"])
        ### BEGIN SOLUTION Step 2: three records
        ### STARTER self.assertEqual(await self.written(), ["pump on", "valve open", "pump off"])
        self.assertEqual(await self.written(3), ["pump on", "valve open", "pump off"])
        ### END SOLUTION

    async def test_text(self) -> None:
        """A record may be any text, spaces at its ends included."""
        await send(self.endpoint, [" 21 °C "])
        ### BEGIN SOLUTION Step 2: one record
        ### STARTER self.assertEqual(await self.written(), [" 21 °C "])
        self.assertEqual(await self.written(1), [" 21 °C "])
        ### END SOLUTION
