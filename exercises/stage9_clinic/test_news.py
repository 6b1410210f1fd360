"""Readers get the news."""

from __future__ import annotations

from .network import NetworkTestCase
from .news import Agency, Client


class NewsTests(NetworkTestCase):
    """An agency, a writer and two readers."""

    async def setUp(self) -> None:  # type: ignore[override]
        super().setUp()
        endpoint = self.listen(Agency())
        self.writer, self.ann, self.bob = [await self.connect(endpoint, Client()) for _ in range(3)]

    async def test_published(self) -> None:
        """What is published reaches each reader."""
        for reader in (self.ann, self.bob):
            await reader.send(b"subscribe")
        await self.writer.send(b"publish rain at noon")
        for reader in (self.ann, self.bob):
            self.assertEqual(await reader.next_news(), b"rain at noon")

    async def test_only_later(self) -> None:
        """A reader gets only what is published after it has subscribed."""
        await self.writer.send(b"publish old")
        await self.ann.send(b"subscribe")
        news = self.ann.next_news()
        await self.writer.send(b"publish new")
        self.assertEqual(await news, b"new")
