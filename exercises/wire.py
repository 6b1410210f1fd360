"""What several stages' tests share: bytes in any chunks, an endpoint with no network, and the state of a Deferred."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectingCancelledError, ConnectionRefusedError
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from zope.interface import implementer

ADDRESS = IPv4Address("TCP", "127.0.0.1", 8007)


def every_chunking(data: bytes) -> Iterator[list[bytes]]:
    """The ways to cut ``data`` that find mistakes: whole, in two at every offset, byte by byte.

    No chunk is empty, since no transport ever delivers an empty one.
    """
    yield [data] if data else []
    for cut in range(1, len(data)):
        yield [data[:cut], data[cut:]]
    yield [data[i : i + 1] for i in range(len(data))]


class _Pending:
    def __repr__(self) -> str:
        return "(no result yet)"


PENDING = _Pending()
"""What ``outcome`` returns for a Deferred that has not fired."""


@dataclass(frozen=True)
class Failed:
    """What ``outcome`` returns for a Deferred that failed; ``reason`` is the exception in its Failure."""

    reason: BaseException

    def __repr__(self) -> str:
        kind = type(self.reason)
        return f"a failure, {kind.__module__}.{kind.__qualname__}({str(self.reason)!r})"


def outcome(deferred: Deferred[Any]) -> Any:
    """What a Deferred holds at this moment: its result, Failed(the exception that it failed with), or PENDING.

    It is trial's successResultOf, failureResultOf and assertNoResult in one, so that a test can compare first and say
    for which input. As with those, a result stays on the Deferred, and a failure is taken off it: it has been seen.
    """
    seen: list[Any] = [PENDING]

    def look(result: object) -> object:
        seen.append(result)
        return result

    deferred.addBoth(look)
    if isinstance(seen[-1], Failure):
        deferred.addErrback(lambda failure: None)
        reason: Any = seen[-1].value
        return Failed(reason)
    return seen[-1]


def failed_with(got: object, kind: type[BaseException]) -> bool:
    """Whether what ``outcome`` returned is a failure of this kind."""
    return isinstance(got, Failed) and isinstance(got.reason, kind)


@implementer(IStreamClientEndpoint)
class FakeEndpoint:
    """A client endpoint whose attempts to connect end when the test says so, first come, first served.

    transport: what makes the transport of each connection.
    cancelled: how many attempts were given up by cancelling their Deferred. As with Twisted's own TCP endpoints, such a
    Deferred fails with ConnectingCancelledError.
    """

    def __init__(self, transport: Callable[[], Any] = StringTransport) -> None:
        self.transport = transport
        self.cancelled = 0
        self._attempts: list[tuple[IProtocolFactory, Deferred[IProtocol]]] = []

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """Begin an attempt. The Deferred waits for accept(), refuse() or its own cancel()."""

        def give_up(deferred: Deferred[IProtocol]) -> None:
            self.cancelled += 1
            self._attempts.remove((protocolFactory, deferred))
            deferred.errback(ConnectingCancelledError(ADDRESS))

        deferred: Deferred[IProtocol] = Deferred(give_up)
        self._attempts.append((protocolFactory, deferred))
        return deferred

    def accept(self) -> tuple[Any, Any]:
        """Let the oldest attempt succeed. Return the client's protocol and its transport."""
        factory, deferred = self._next()
        protocol: Any = factory.buildProtocol(ADDRESS)
        transport = self.transport()
        transport.protocol = protocol  # for one that reports its own end
        protocol.makeConnection(transport)
        deferred.callback(protocol)
        return protocol, transport

    def refuse(self) -> ConnectionRefusedError:
        """Let the oldest attempt fail. Return the exception it fails with."""
        _, deferred = self._next()
        error = ConnectionRefusedError(string="nothing listens there")
        deferred.errback(error)
        return error

    def _next(self) -> tuple[IProtocolFactory, Deferred[IProtocol]]:
        if not self._attempts:
            raise AssertionError(
                "Expected an attempt to connect to be waiting; none was begun, or it was given up."
            )
        return self._attempts.pop(0)
