"""A reactor that keeps every promise of the contract, and differs from Twisted's own wherever no promise applies.

Bytes arrive one at a time. A connector has another class. An attempt fails with another kind of ConnectError. A context is
asked at once, without a warning. The system in the log contains more than the prefix, and only for dataReceived.
getWriters() always has another object. Work is done in a new thread. callWhenRunning returns no id.
"""

from threading import Thread
from typing import Any

from twisted.internet.error import NoRouteError
from twisted.python import log
from twisted.python.context import get
from twisted.python.failure import Failure
from twisted.python.log import ILogContext
from zope.interface import directlyProvides, providedBy

NOBODY = {"system": "-"}


class Wrapper:
    """Has the attributes of the wrapped object, and provides the same interfaces."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        directlyProvides(self, providedBy(inner))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def asked(context: Any) -> Any:
    """Return the context; it raises here if its key is bad."""
    if hasattr(context, "getContext"):
        context.getContext()
    return context


class Reactor(Wrapper):
    """A reactor that differs wherever the contract allows it."""

    def __init__(self, inner: Any, where: tuple[str, str]) -> None:
        super().__init__(inner)
        self.where, self.busy = where, object()

    def __getattr__(self, name: str) -> Any:
        found = super().__getattr__(name)
        return (lambda: [*found(), self.busy]) if name == "getWriters" else found

    def listenTCP(self, port: int, factory: Any, *rest: Any, **options: Any) -> Any:
        return self.inner.listenTCP(port, ServerFactory(factory), *rest, **options)

    def listenUNIX(self, address: str, factory: Any, *rest: Any, **options: Any) -> Any:
        return self.inner.listenUNIX(address, ServerFactory(factory), *rest, **options)

    def listenSSL(self, port: int, factory: Any, context: Any, *rest: Any, **options: Any) -> Any:
        factory = ServerFactory(factory)
        return self.inner.listenSSL(port, factory, asked(context), *rest, **options)

    def connectTCP(self, host: str, port: int, factory: Any, *rest: Any, **options: Any) -> Any:
        factory = ClientFactory(factory)
        return factory.known(self.inner.connectTCP(host, port, factory, *rest, **options))

    def connectUNIX(self, address: str, factory: Any, *rest: Any, **options: Any) -> Any:
        factory = ClientFactory(factory)
        return factory.known(self.inner.connectUNIX(address, factory, *rest, **options))

    def connectSSL(
        self, host: str, port: int, factory: Any, context: Any, *rest: Any, **options: Any
    ) -> Any:
        factory, context = ClientFactory(factory), asked(context)
        return factory.known(self.inner.connectSSL(host, port, factory, context, *rest, **options))

    def callWhenRunning(self, call: Any, *rest: Any, **named: Any) -> None:
        self.inner.callWhenRunning(call, *rest, **named)

    def callInThread(self, call: Any, *rest: Any, **named: Any) -> None:
        def work() -> None:
            try:
                call(*rest, **named)
            except Exception:
                log.err(None, "in a thread")

        def start() -> None:
            thread = Thread(target=work)
            thread.start()
            self.inner.addSystemEventTrigger("during", "shutdown", thread.join)

        if self.where[0] == "simulated":
            # It has a new thread for each call anyway, and waits for no other thread.
            return self.inner.callInThread(call, *rest, **named)
        self.inner.callWhenRunning(start)


class ServerFactory(Wrapper):
    """Wraps each protocol."""

    def buildProtocol(self, address: Any) -> Any:
        protocol = self.inner.buildProtocol(address)
        return None if protocol is None else Protocol(protocol)


class ClientFactory(ServerFactory):
    """Wraps each connector too, always in the same wrapper."""

    def __init__(self, inner: Any) -> None:
        super().__init__(inner)
        self.connectors: dict[Any, Wrapper] = {}

    def known(self, connector: Any) -> Wrapper:
        """Return the connector's wrapper."""
        return self.connectors.setdefault(connector, Wrapper(connector))

    def startedConnecting(self, connector: Any) -> None:
        self.inner.startedConnecting(self.known(connector))

    def clientConnectionFailed(self, connector: Any, reason: Any) -> None:
        other = Failure(NoRouteError(string=str(reason.value)))
        self.inner.clientConnectionFailed(self.known(connector), other)

    def clientConnectionLost(self, connector: Any, reason: Any) -> None:
        self.inner.clientConnectionLost(self.known(connector), reason)


class Protocol(Wrapper):
    """Called by the real transport."""

    over = False

    def makeConnection(self, transport: Any) -> None:
        log.callWithContext(NOBODY, self.inner.makeConnection, Transport(transport))

    def dataReceived(self, data: bytes) -> None:
        system = f"<{get(ILogContext)['system']}>"
        for byte in data:
            if not self.over:
                log.callWithContext({"system": system}, self.inner.dataReceived, bytes([byte]))

    def connectionLost(self, reason: Any) -> None:
        self.over = True
        log.callWithContext(NOBODY, self.inner.connectionLost, reason)


class Transport(Wrapper):
    """Called by the protocol. Equal to the object that the reactor watches."""

    def watched(self) -> Any:
        """The object that the reactor watches: over TLS, the TCP transport below."""
        return getattr(self.inner, "transport", self.inner)

    def __eq__(self, other: object) -> bool:
        return self.watched() is (other.watched() if isinstance(other, Transport) else other)

    def __hash__(self) -> int:
        return hash(self.watched())

    def startTLS(self, context: Any, *rest: Any) -> Any:
        return self.inner.startTLS(asked(context), *rest)
