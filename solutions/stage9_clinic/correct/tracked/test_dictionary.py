"""A reader looks words up in the dictionary."""

from __future__ import annotations

from .dictionary import Dictionary, Reader
from .network import NetworkTestCase


class DictionaryTests(NetworkTestCase):
    """A dictionary of two words, and a reader that is connected to it."""

    async def setUp(self) -> None:  # type: ignore[override]
        super().setUp()
        words = {b"port": [b"a harbour", b"a wine"], b"flake": [b"a small thin piece"]}
        self.reader = await self.connect(self.listen(Dictionary(words)), Reader())

    async def test_meanings(self) -> None:
        """A word that is known has its meanings, in order."""
        self.assertEqual(await self.reader.look_up(b"port"), [b"a harbour", b"a wine"])
        self.assertEqual(await self.reader.look_up(b"Flake"), [b"a small thin piece"])

    async def test_unknown(self) -> None:
        """A word that is not known has none, and the next one is looked up as usual."""
        self.assertEqual(await self.reader.look_up(b"reactor"), [])
        self.assertEqual(await self.reader.look_up(b"flake"), [b"a small thin piece"])
