"""A project's tests with the mixin. test_leaks must fail, and by its own name alone."""

from twisted.internet import reactor
from twisted.internet.defer import ensureDeferred, inlineCallbacks
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP4ServerEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import TestCase

from txtidy import Tidy


class Stubborn(StringTransport):
    def abortConnection(self):
        pass


class Tests(Tidy, TestCase):
    grace = 0.1
    limit = 0.3

    async def both(self):
        endpoint = TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")
        port = await self.listen(endpoint, Factory.forProtocol(Protocol))
        number = port.getHost().port
        client = TCP4ClientEndpoint(reactor, "127.0.0.1", number)
        await self.connect(client, Factory.forProtocol(Protocol))

    def test_deferred(self):
        return ensureDeferred(self.both())

    @inlineCallbacks
    def test_inline_callbacks(self):
        yield ensureDeferred(self.both())

    async def test_coroutine(self):  # before Twisted 24.7, trial does not run it
        await self.both()

    def test_leaks(self):
        factory = self.watched(Factory.forProtocol(Protocol))
        factory.buildProtocol(None).makeConnection(Stubborn())

    def test_z_innocent(self):
        pass
