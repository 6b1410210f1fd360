"""A reader looks words up in the dictionary."""

from __future__ import annotations

from typing import Any

### BEGIN SOLUTION Step 4: what a Deferred needs
### STARTER from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

### END SOLUTION
from twisted.trial.unittest import TestCase

### BEGIN SOLUTION Step 4: a server whose connections report their end
### STARTER from .dictionary import Dictionary, Reader
from .dictionary import Dictionary, Entry, Reader


class Reported(Entry):
    """A connection of the server. over: fires when it has ended."""

    def __init__(self) -> None:
        self.over: Deferred[None] = Deferred()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        super().connectionLost(reason)
        self.over.callback(None)


class Watched(Dictionary):
    """A dictionary that keeps its connections."""

    def buildProtocol(self, addr: Any) -> Reported:
        self.entry = Reported()
        self.entry.factory = self
        return self.entry


### END SOLUTION


class DictionaryTests(TestCase):
    """A dictionary of two words, and a reader that is connected to it."""

    timeout = 5

    async def setUp(self) -> None:  # type: ignore[override]
        from twisted.internet import reactor

        net: Any = reactor
        words = {b"port": [b"a harbour", b"a wine"], b"flake": [b"a small thin piece"]}
        ### BEGIN SOLUTION Step 4: use that server
        ### STARTER self.port = net.listenTCP(0, Dictionary(words), interface="127.0.0.1")
        self.dictionary = Watched(words)
        self.port = net.listenTCP(0, self.dictionary, interface="127.0.0.1")
        ### END SOLUTION
        there = TCP4ClientEndpoint(net, "127.0.0.1", self.port.getHost().port)
        self.reader = await connectProtocol(there, Reader())

    async def tearDown(self) -> None:  # type: ignore[override]
        self.reader.transport.loseConnection()
        await self.reader.over
        ### BEGIN SOLUTION Step 4: wait for the other side
        ### STARTER await self.port.stopListening()
        await self.dictionary.entry.over
        await self.port.stopListening()
        ### END SOLUTION

    async def test_meanings(self) -> None:
        """A word that is known has its meanings, in order."""
        self.assertEqual(await self.reader.look_up(b"port"), [b"a harbour", b"a wine"])
        self.assertEqual(await self.reader.look_up(b"Flake"), [b"a small thin piece"])

    async def test_unknown(self) -> None:
        """A word that is not known has none, and the next one is looked up as usual."""
        self.assertEqual(await self.reader.look_up(b"reactor"), [])
        self.assertEqual(await self.reader.look_up(b"flake"), [b"a small thin piece"])
