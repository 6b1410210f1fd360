"""Inner tests for step 14: ends that are reported in other ways, and connections of another kind."""

import contextlib
import os
import signal
import socket
import sys
from unittest.mock import Mock

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import ProcessEndpoint
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import Factory, Protocol
from zope.interface import implementer

from .cases import Inner, Nowhere, unread
from .fakes import Recorder
from .lines import Client, Side


@implementer(IHalfCloseableProtocol)
class HalfOpen(Side):
    """A side that stays open when the other has closed its half. half: a Deferred that fires then."""

    def __init__(self):
        super().__init__()
        self.half = Deferred()

    def readConnectionLost(self):
        self.half.callback(None)

    def writeConnectionLost(self):
        """Our own half is closed."""

    def connectionLost(self, reason):
        self.lost = reason.value
        super().connectionLost(reason)


class Spied(Factory):
    """A factory that replaces two methods of each protocol. heard: the names of the methods, when they are called."""

    protocol = Recorder

    def __init__(self, heard):
        self.heard = heard

    def buildProtocol(self, address):
        protocol = super().buildProtocol(address)
        for name in ("makeConnection", "connectionLost"):
            self.spy(protocol, name)
        return protocol

    def spy(self, protocol, name):
        method = getattr(protocol, name)
        setattr(protocol, name, lambda *args: (self.heard.append(name), method(*args)))


def setting(what, heard, sides):
    """Return a test that sets another connectionLost after connecting. heard: its calls. sides: the server's side.

    what: "protocol", "class" or "transport's protocol".
    """

    class Plain(Protocol):
        """A protocol of a program."""

    class Other(Protocol):
        def connectionLost(self, reason):
            heard.append(reason)

    class Sets(Inner):
        async def runTest(self):
            client, server = await self.pair(Plain, Side)
            sides.append(server)
            if what == "protocol":
                client.connectionLost = heard.append
            elif what == "transport's protocol":
                client.transport.protocol = Other()
            else:
                # A cleanup undoes the patch before the mixin's end, so the client ends here.
                self.patch(Plain, "connectionLost", lambda protocol, reason: heard.append(reason))
                client.transport.loseConnection()
                await server.over
                while client.transport.connected:
                    await self.turn()

    return Sets


def running(pids):
    """Return a test that runs a process, which reads its input to the end. pids: where it adds the process's number."""

    class Runs(Inner):
        async def runTest(self):
            from twisted.internet import reactor

            words = [sys.executable, "-S", "-c", "import sys; sys.stdin.read()"]
            endpoint = ProcessEndpoint(reactor, sys.executable, words)
            side = await self.connect(endpoint, Factory.forProtocol(Protocol))
            pids.append(side.transport._process.pid)

    return Runs


def kill(pids):
    """Kill these processes, if they are there."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def watching(servers):
    """Return a test that opens a factory in another way, and a connection."""

    class Watches(Inner):
        async def runTest(self):
            from twisted.internet import reactor

            factory = self.watched(servers)
            port = reactor.listenTCP(0, factory, interface="127.0.0.1")
            self.addCleanup(port.stopListening)
            client = socket.create_connection(("127.0.0.1", port.getHost().port))
            self.addCleanup(client.close)
            await servers.first
            if factory is not servers:
                self.fail("Expected watched() to return the factory.")

    return Watches


def serving_again(ends):
    """Return a test with one protocol for two connections, one after the other. ends: why each has ended."""

    class Again(Protocol):
        def connectionMade(self):
            self.made.callback(None)

        def connectionLost(self, reason):
            ends.append(reason)
            self.over.callback(None)

    class Twice(Inner):
        async def runTest(self):
            server, factory = Again(), Factory()
            factory.buildProtocol = lambda address: server
            port = await self.listen(self.server(), factory)
            for last in (False, True):
                server.made, server.over = Deferred(), Deferred()
                client = await self.connect(
                    self.client(port.getHost().port), Factory.forProtocol(Client)
                )
                client.transport.write(b"hello")
                await server.made
                if not last:
                    client.transport.loseConnection()
                    await server.over

    return Twice


def mocking(protocol, built):
    """Return a test whose factory is a mock that builds this protocol. What it built is added to built."""

    class Builds(Inner):
        async def runTest(self):
            factory = Mock(**{"buildProtocol.return_value": protocol})
            built.append(self.watched(factory).buildProtocol(None))

    return Builds


def wrapping(sides):
    """Return a test whose server passes its transport on, wrapped, to a watched factory's protocol.

    sides: where it adds that protocol and the client's.
    """

    class Wraps(Inner):
        async def runTest(self):
            wrapped = self.watched(Factory.forProtocol(Side))

            class Passing(Protocol):
                def connectionMade(self):
                    self.inner = wrapped.buildProtocol(None)
                    sides.append(self.inner)
                    self.inner.makeConnection(Nowhere(self.transport))

                def dataReceived(self, data):
                    self.inner.dataReceived(data)

                def connectionLost(self, reason):
                    self.inner.connectionLost(reason)

            port = await self.listen(self.server(), Factory.forProtocol(Passing))
            endpoint = self.client(port.getHost().port)
            client = await self.connect(endpoint, Factory.forProtocol(Client))
            sides.append(client)
            await client.answer

    return Wraps


def raising_when_made(error, sides):
    """Return a test whose server raises this in connectionMade. The server and the client are added to sides."""

    class Raises(Side):
        def connectionMade(self):
            sides.append(self)
            self.transport.pauseProducing()
            raise error

    class Connects(Inner):
        async def runTest(self):
            port = await self.listen(self.server(), Factory.forProtocol(Raises))
            endpoint = self.client(port.getHost().port)
            client = await self.connect(endpoint, Factory.forProtocol(unread(Client)))
            while not sides:
                await self.turn()
            sides.append(client)

    return Connects
