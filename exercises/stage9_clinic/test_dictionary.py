"""A reader looks words up in the dictionary."""

from __future__ import annotations

from typing import Any

from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.trial.unittest import TestCase

from .dictionary import Dictionary, Reader


class DictionaryTests(TestCase):
    """A dictionary of two words, and a reader that is connected to it."""

    timeout = 5

    async def setUp(self) -> None:  # type: ignore[override]
        from twisted.internet import reactor

        net: Any = reactor
        words = {b"port": [b"a harbour", b"a wine"], b"flake": [b"a small thin piece"]}
        self.port = net.listenTCP(0, Dictionary(words), interface="127.0.0.1")
        there = TCP4ClientEndpoint(net, "127.0.0.1", self.port.getHost().port)
        self.reader = await connectProtocol(there, Reader())

    async def tearDown(self) -> None:  # type: ignore[override]
        self.reader.transport.loseConnection()
        await self.reader.over
        await self.port.stopListening()

    async def test_meanings(self) -> None:
        """A word that is known has its meanings, in order."""
        self.assertEqual(await self.reader.look_up(b"port"), [b"a harbour", b"a wine"])
        self.assertEqual(await self.reader.look_up(b"Flake"), [b"a small thin piece"])

    async def test_unknown(self) -> None:
        """A word that is not known has none, and the next one is looked up as usual."""
        self.assertEqual(await self.reader.look_up(b"reactor"), [])
        self.assertEqual(await self.reader.look_up(b"flake"), [b"a small thin piece"])
