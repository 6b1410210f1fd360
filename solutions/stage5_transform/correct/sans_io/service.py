"""The transformation service, with a parser that does not use Twisted."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IReactorTime, ITCPTransport
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python import log
from twisted.python.failure import Failure

Transform = Callable[[str], "str | Deferred[str]"]


class Malformed(Exception):
    """The bytes are not a netstring, or it is too long."""


class Netstring:
    """The first netstring of a stream of bytes.

    content: its content; None until it is complete.
    """

    def __init__(self, longest: int) -> None:
        self.longest = longest
        self.content: bytes | None = None
        self._digits = bytearray()
        self._body = bytearray()
        self._wanted: int | None = None

    def feed(self, data: bytes) -> None:
        """Parse the next bytes. Anything after the netstring is dropped.

        Raises:
            Malformed: No further bytes can make this a netstring.
        """
        at = 0
        while self._wanted is None and at < len(data):
            self._take_digit(data[at : at + 1])
            at += 1
        if self._wanted is None or self.content is not None:
            return
        self._body += data[at : at + self._wanted + 1 - len(self._body)]
        if len(self._body) > self._wanted:
            if self._body[-1:] != b",":
                raise Malformed("no comma after the content")
            self.content = bytes(self._body[:-1])

    def _take_digit(self, byte: bytes) -> None:
        if byte == b":" and self._digits:
            self._wanted = int(self._digits)
            if self._wanted > self.longest:
                raise Malformed("more than the longest")
        elif byte not in (b"0", b"1", b"2", b"3", b"4", b"5", b"6", b"7", b"8", b"9"):
            raise Malformed("not a digit")
        elif self._digits == b"0":
            raise Malformed("a zero before the length")
        else:
            self._digits += byte
            if len(self._digits) > len(str(self.longest)):
                raise Malformed("more digits than the longest has")


class Connection(Protocol):
    """One connection: from bytes to the parser, and from the transform to bytes."""

    transport: ITCPTransport

    def __init__(self, factory: TransformFactory) -> None:
        self.parser: Netstring | None = Netstring(factory.longest)
        self.transforms = factory.transforms
        self.clock = factory.clock
        self.patience = factory.patience
        self.pending: Deferred[str] | None = None
        self.connected_now = False

    def connectionMade(self) -> None:
        """Set the deadline."""
        self.connected_now = True
        self.calls = [
            self.clock.callLater(self.patience / 2, self._slow),
            self.clock.callLater(self.patience, self._too_late),
        ]

    def dataReceived(self, data: bytes) -> None:
        """Feed the parser until it has the request."""
        if self.parser is None:
            return
        try:
            self.parser.feed(data)
            if self.parser.content is None:
                return
            request = str(self.parser.content, "utf-8")
        except (Malformed, UnicodeDecodeError):
            self._refuse()
            return
        self.parser = None
        name, poem = request.split(".", 1) if "." in request else (None, "")
        if name not in self.transforms or name is None:
            self._refuse()
        else:
            self._call(self.transforms[name], poem)

    def _call(self, transform: Transform, poem: str) -> None:
        try:
            given = transform(poem)
            if not isinstance(given, Deferred):
                self._answer(given)
                return
        except Exception:
            self._fail(Failure())
            return
        self.pending = given
        given.addCallback(self._answer).addErrback(self._fail)

    def _answer(self, text: str) -> None:
        content = text.encode("utf-8")
        if self.connected_now:
            self.transport.write(str(len(content)).encode("ascii"))
            self.transport.writeSequence([b":", content, b","])
            self.transport.loseConnection()

    def _fail(self, reason: Failure) -> None:
        if self.connected_now:
            self.transport.loseConnection()
            log.err(reason, "transform")

    def _refuse(self) -> None:
        self.parser = None
        self.transport.abortConnection()

    def _slow(self) -> None:
        if self.parser is not None:
            log.msg("half of a client's time is over")

    def _too_late(self) -> None:
        if self.parser is not None:
            self.parser = None
            self.transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Cancel everything that is under way."""
        self.connected_now = False
        self.parser = None
        for call in self.calls:
            if call.active():
                call.cancel()
        if self.pending is not None:
            self.pending.cancel()


class TransformFactory(Factory):
    """Makes a Connection for each connection; it has the same arguments as the reference's."""

    def __init__(
        self,
        transforms: Mapping[str, Transform],
        clock: IReactorTime,
        longest: int = 10_000,
        patience: float = 30.0,
    ) -> None:
        self.transforms = dict(transforms)
        self.clock = clock
        self.longest = longest
        self.patience = patience

    def buildProtocol(self, addr: IAddress | None) -> Connection:
        """Make the protocol for a new connection."""
        return Connection(self)
