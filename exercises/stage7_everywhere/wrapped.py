"""A reactor, its factories, protocols and transports, each in a thin wrapper that passes everything on.

Your tests run on it. It keeps every promise that the real reactor keeps. The reactors with a known mistake, by which your
tests are judged, are this file with one edit each. Do not edit it.
"""

from typing import Any

from zope.interface import directlyProvides, providedBy


class Wrapper:
    """Has the attributes of the wrapped object, and provides the same interfaces.

    where: the names of the reactor and of the kind of connection, such as ("epoll", "TCP6").
    """

    def __init__(self, inner: Any, where: tuple[str, str]) -> None:
        self.inner, self.where = inner, where
        directlyProvides(self, providedBy(inner))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


class Reactor(Wrapper):
    """Wraps each factory before it passes it to the real reactor."""

    def listenTCP(self, port: int, factory: Any, *rest: Any, **options: Any) -> Any:
        return self.inner.listenTCP(port, ServerFactory(factory, self.where), *rest, **options)

    def listenUNIX(self, address: str, factory: Any, *rest: Any, **options: Any) -> Any:
        return self.inner.listenUNIX(address, ServerFactory(factory, self.where), *rest, **options)

    def listenSSL(self, port: int, factory: Any, context: Any, *rest: Any, **options: Any) -> Any:
        factory = ServerFactory(factory, self.where)
        return self.inner.listenSSL(port, factory, context, *rest, **options)

    def connectTCP(self, host: str, port: int, factory: Any, *rest: Any, **options: Any) -> Any:
        factory = ClientFactory(factory, self.where)
        return self.inner.connectTCP(host, port, factory, *rest, **options)

    def connectUNIX(self, address: str, factory: Any, *rest: Any, **options: Any) -> Any:
        factory = ClientFactory(factory, self.where)
        return self.inner.connectUNIX(address, factory, *rest, **options)

    def connectSSL(
        self, host: str, port: int, factory: Any, context: Any, *rest: Any, **options: Any
    ) -> Any:
        factory = ClientFactory(factory, self.where)
        return self.inner.connectSSL(host, port, factory, context, *rest, **options)

    def callWhenRunning(self, call: Any, *rest: Any, **named: Any) -> Any:
        return self.inner.callWhenRunning(call, *rest, **named)

    def callInThread(self, call: Any, *rest: Any, **named: Any) -> None:
        self.inner.callInThread(call, *rest, **named)

    def callFromThread(self, call: Any, *rest: Any, **named: Any) -> None:
        self.inner.callFromThread(call, *rest, **named)


class ServerFactory(Wrapper):
    """Wraps each protocol."""

    def buildProtocol(self, address: Any) -> Any:
        protocol = self.inner.buildProtocol(address)
        return None if protocol is None else Protocol(protocol, self.where)


class ClientFactory(ServerFactory):
    """A factory that the reactor also calls for failed attempts and lost connections."""

    def clientConnectionFailed(self, connector: Any, reason: Any) -> None:
        self.inner.clientConnectionFailed(connector, reason)

    def clientConnectionLost(self, connector: Any, reason: Any) -> None:
        self.inner.clientConnectionLost(connector, reason)


class Protocol(Wrapper):
    """Called by the real transport; passes a wrapped transport to the protocol inside."""

    def makeConnection(self, transport: Any) -> None:
        self.inner.makeConnection(Transport(transport, self.where))

    def dataReceived(self, data: bytes) -> None:
        self.inner.dataReceived(data)

    def connectionLost(self, reason: Any) -> None:
        self.inner.connectionLost(reason)

    def logPrefix(self) -> str:
        return str(self.inner.logPrefix())


class Transport(Wrapper):
    """Called by the protocol. Equal to the object that the reactor watches, so that ``in reactor.getWriters()`` works."""

    def watched(self) -> Any:
        """The object that the reactor watches: over TLS, the TCP transport below."""
        return getattr(self.inner, "transport", self.inner)

    def __eq__(self, other: object) -> bool:
        return self.watched() is (other.watched() if isinstance(other, Transport) else other)

    def __hash__(self) -> int:
        return hash(self.watched())

    def write(self, data: bytes) -> None:
        self.inner.write(data)

    def writeSequence(self, data: Any) -> None:
        self.inner.writeSequence(data)

    def loseConnection(self) -> None:
        self.inner.loseConnection()

    def getHost(self) -> Any:
        return self.inner.getHost()

    def getPeer(self) -> Any:
        return self.inner.getPeer()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        self.inner.registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        self.inner.unregisterProducer()

    def startTLS(self, context: Any, *rest: Any) -> Any:
        return self.inner.startTLS(context, *rest)
