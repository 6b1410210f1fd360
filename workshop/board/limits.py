"""A site of twisted.web with limits: whoever connects can be slow, send too much, or come too often.

A connection is for one request. Sender and reader have ten seconds for all of it, and a request is at most a few kilobytes.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.protocol import connectionDone
from twisted.web.http import HTTPChannel
from twisted.web.resource import Resource
from twisted.web.server import Request, Site

from workshop.board.message import MOST_BYTES

LIMIT = 10.0
"""Seconds that a connection may take."""
MOST_OPEN = 200
"""Connections at once: some systems let a process have only 256 files open."""


class Channel(HTTPChannel):
    """One connection, for one request."""

    transport: Any

    def connectionMade(self) -> None:
        """Twisted's own timeout starts again with each byte, so a slow sender would never meet it."""
        super().connectionMade()
        self._limit = self.callLater(LIMIT, self.transport.abortConnection)

    def checkPersistence(self, request: Any, version: bytes) -> bool:
        """Close after the response."""
        request.responseHeaders.setRawHeaders(b"Connection", [b"close"])
        return False

    def connectionLost(self, reason: Any = connectionDone) -> None:
        """A connection that is over has no limit left to wait for."""
        if self._limit.active():
            self._limit.cancel()
        self.factory.open -= 1
        super().connectionLost(reason)


class Short(Request):
    """A request whose content is short, or is not read."""

    _came = 0

    @property
    def _transport(self) -> Any:
        return self.channel.transport

    def gotLength(self, length: int | None) -> None:
        """Before its content has come, refuse one that says that it is too long."""
        super().gotLength(length)
        if length is not None and length > MOST_BYTES:
            self._transport.write(b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\n\r\n")
            self.channel.loseConnection()

    def handleContentChunk(self, data: bytes) -> None:
        """One that does not say it, in chunks, may not be longer either."""
        self._came += len(data)
        if self._came > MOST_BYTES:
            self._transport.abortConnection()
        else:
            super().handleContentChunk(data)


class Server(Site):
    """Serves resources within these limits, and keeps no log."""

    protocol: Any = Channel
    requestFactory = Short

    def __init__(self, root: Resource, reactor: Any) -> None:
        # Channel has a limit of its own.
        super().__init__(root, timeout=None, reactor=reactor, parsePOSTFormSubmission=False)
        self.open = 0

    def buildProtocol(self, addr: Any) -> Any:
        """Close a connection at once if there are too many."""
        if self.open >= MOST_OPEN:
            return None
        self.open += 1
        return super().buildProtocol(addr)

    def log(self, request: Any) -> None:
        """Keep no line about a request."""
