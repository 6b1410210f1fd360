"""A project's tests with the fixture, as plain functions. Two must fail, in their teardown alone."""

from twisted.internet import reactor
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP4ServerEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import StringTransport


class Stubborn(StringTransport):
    def abortConnection(self):
        pass


async def both(tidy):
    endpoint = TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")
    port = await tidy.listen(endpoint, Factory.forProtocol(Protocol))
    number = port.getHost().port
    client = TCP4ClientEndpoint(reactor, "127.0.0.1", number)
    await tidy.connect(client, Factory.forProtocol(Protocol))
    return "connected"


def test_tidy(tidy):
    assert tidy.run(both(tidy)) == "connected"


def test_leaks(tidy):
    tidy.limit = 0.3
    factory = tidy.watched(Factory.forProtocol(Protocol))
    factory.buildProtocol(None).makeConnection(Stubborn())


def test_past_the_fixture(tidy):
    reactor.listenTCP(0, Factory.forProtocol(Protocol), interface="127.0.0.1")


def test_z_innocent(tidy):
    assert tidy.run(both(tidy)) == "connected"
