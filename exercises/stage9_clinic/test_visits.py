"""The page counts its visits."""

from __future__ import annotations

from twisted.web.client import Agent, HTTPConnectionPool, readBody
from twisted.web.iweb import IResponse

from .network import NetworkTestCase
from .visits import site


class VisitsTests(NetworkTestCase):
    """A site, and an agent that visits it."""

    def setUp(self) -> None:
        super().setUp()
        port = self.listen(site())._port
        self.page = b"http://127.0.0.1:%d/page" % port
        pool = HTTPConnectionPool(self.reactor)
        self.agent = Agent(self.reactor, pool=pool)
        # The last one runs first.
        self.addCleanup(self.clients_gone)
        self.addCleanup(pool.closeCachedConnections)

    async def request(self, method: bytes) -> IResponse:
        """Make a request for the page."""
        return await self.agent.request(method, self.page)

    async def visit(self) -> bytes:
        """Visit the page. Returns its text."""
        return await readBody(await self.request(b"GET"))

    async def test_count(self) -> None:
        """Each visit has a number."""
        self.assertEqual(await self.visit(), b"Visit number 1.\n")
        self.assertEqual(await self.visit(), b"Visit number 2.\n")

    async def test_again(self) -> None:
        """DELETE has the page count from the beginning again."""
        self.assertEqual(await self.visit(), b"Visit number 1.\n")
        response = await self.request(b"DELETE")
        self.assertEqual(response.code, 202)
        self.assertEqual(await self.visit(), b"Visit number 1.\n")
