"""The transformation service as one coroutine for each connection, in the order of the work.

It checks a length at its colon, or after more bytes than a length may have digits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from twisted.internet.defer import (
    CancelledError,
    Deferred,
    TimeoutError,
    ensureDeferred,
    maybeDeferred,
)
from twisted.internet.interfaces import IProtocol, IReactorTime
from twisted.internet.protocol import Factory
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

log = Logger()
T = TypeVar("T")
Transform = Callable[[str], Any]


class Refused(Exception):
    """The client did not send a request that can be answered."""


@implementer(IProtocol)
class Conversation:
    """One connection. It has no base class: a transport calls only the methods of IProtocol."""

    factory: Any

    def makeConnection(self, transport: Any) -> None:
        """Begin to serve."""
        self.client = transport
        self.come = bytearray()
        self.more: Deferred[None] | None = None
        self.awaited: Deferred[None] | None = None
        self.over = False
        serving = ensureDeferred(self.serve())
        serving.addErrback(lambda reason: log.failure("Serving failed.", reason))

    def dataReceived(self, data: bytes) -> None:
        """Wake the coroutine if it waits for bytes; if not, drop them."""
        if self.more is not None:
            self.come += data
            more, self.more = self.more, None
            more.callback(None)

    def connectionMade(self) -> None:
        """Part of IProtocol; no transport calls it."""

    def connectionLost(self, reason: Failure) -> None:
        """Cancel whatever the coroutine waits for."""
        self.over = True
        if self.awaited is not None:
            self.awaited.cancel()

    async def serve(self) -> None:
        """Read a request, answer it, close."""
        reading = ensureDeferred(self.request())
        reading.addTimeout(self.factory.patience, self.factory.clock)
        try:
            transform, poem = await self.until_over(reading)
        except Refused as why:
            log.info("Refused: {why}.", why=why)
            self.client.loseConnection()
            return
        except TimeoutError:
            self.client.abortConnection()
            return
        except CancelledError:
            return
        try:
            text = await self.until_over(maybeDeferred(transform, poem))
            content = text.encode("utf-8")
        except Exception:
            if not self.over:
                log.failure("{transform} failed.", transform=transform)
                self.client.abortConnection()
            return
        if not self.over:
            self.client.write(b"%d:" % len(content))
            self.client.write(content + b",")
            self.client.loseConnection()

    async def until_over(self, waiting: Deferred[T]) -> T:
        """Return the Deferred's result; if the connection ends first, the Deferred is cancelled."""
        self.awaited = waiting  # type: ignore[assignment]
        try:
            return await waiting
        finally:
            self.awaited = None

    async def request(self) -> tuple[Transform, str]:
        """Read a netstring. Returns the transform that it names, and the poem."""
        digits = b""
        while (byte := await self.take(1)) != b":":
            digits += byte
            if len(digits) > len(str(self.factory.longest)):
                raise Refused("no length, or too long")
        if not digits.isdigit() or b"%d" % int(digits) != digits:
            raise Refused("no length")
        if int(digits) > self.factory.longest:
            raise Refused("too long")
        content = await self.take(int(digits))
        if await self.take(1) != b",":
            raise Refused("no comma")
        try:
            name, poem = content.decode("utf-8").split(".", 1)
            return self.factory.transforms[name], poem
        except (ValueError, KeyError) as error:
            raise Refused("no such transform") from error

    async def take(self, count: int) -> bytes:
        """Wait for this many bytes, and return them."""
        while len(self.come) < count:
            self.more = Deferred()
            await self.more
        taken = bytes(self.come[:count])
        del self.come[:count]
        return taken


class TransformFactory(Factory):
    """Makes a Conversation for each connection; it has the same arguments as the reference's."""

    protocol = Conversation

    def __init__(
        self,
        transforms: Mapping[str, Transform],
        clock: IReactorTime,
        longest: int = 10_000,
        patience: float = 30.0,
    ) -> None:
        self.transforms = transforms
        self.clock = clock
        self.longest = longest
        self.patience = patience
