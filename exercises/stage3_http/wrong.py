"""Right and wrong servers for the tests that you write in steps 6 and 15. README.md says what is wrong with each."""

from twisted.internet.protocol import Factory, connectionDone

from .server import HTTPFactory, HTTPProtocol


class ByTwisted(HTTPFactory):
    """Right: Twisted's own buildProtocol makes the protocol, and sets its factory."""

    protocol = HTTPProtocol

    def buildProtocol(self, addr):
        return Factory.buildProtocol(self, addr)


class OneForAll(HTTPFactory):
    only = None

    def buildProtocol(self, addr):
        if self.only is None:
            self.only = super().buildProtocol(addr)
        return self.only


class NewestFactory(HTTPFactory):
    class Protocol(HTTPProtocol):
        """Its factory is set on the class."""

    def __init__(self, *settings, **more):
        super().__init__(*settings, **more)
        self.Protocol.factory = self

    def buildProtocol(self, addr):
        return self.Protocol()


class OneParser(HTTPFactory):
    def buildProtocol(self, addr):
        factory, protocol = self, super().buildProtocol(addr)
        made = protocol.connectionMade

        def connection_made():
            made()
            protocol._parser = vars(factory).setdefault("parser", protocol._parser)

        protocol.connectionMade = connection_made
        return protocol


class RefusesAll(HTTPFactory):
    def buildProtocol(self, addr):
        return None


class Through:
    """What a protocol has in place of its transport. change: called with the transport and what is written."""

    def __init__(self, transport, change):
        self._transport, self._change = transport, change

    def write(self, data):
        self._change(self._transport, data)

    def __getattr__(self, name):
        return getattr(self._transport, name)


class InPieces(HTTPProtocol):
    """Right: it writes each answer in three pieces."""

    def makeConnection(self, transport):
        super().makeConnection(Through(transport, self.change))

    @staticmethod
    def change(transport, data):
        for part in (data[:9], data[9:20], data[20:]):
            transport.write(part)


class Late(HTTPProtocol):
    """Right: it reads ten bytes at a time, and rests before each read, as if its network were slow."""

    def makeConnection(self, transport):
        super().makeConnection(transport)
        transport.bufferSize = 10
        self._rest()

    def dataReceived(self, data):
        super().dataReceived(data)
        self._rest()

    def _rest(self):
        from twisted.internet import reactor

        self.transport.pauseProducing()
        self._reading = reactor.callLater(0.05, self.transport.resumeProducing)

    def connectionLost(self, reason=connectionDone):
        if self._reading.active():
            self._reading.cancel()
        super().connectionLost(reason)


class SaysNothing(InPieces):
    @staticmethod
    def change(transport, data):
        transport.write(b"" if b" 408 " in data else data)


class Aborts(InPieces):
    @staticmethod
    def change(transport, data):
        transport.write(data)
        if b" 408 " in data:
            transport.abortConnection()
